"""Endpoint, project and credentials from the environment variables and files that users already have.

Credentials are taken from the first of these sources that has any; no request is sent:

1. ``HUAWEICLOUD_SDK_AK`` and ``HUAWEICLOUD_SDK_SK`` (``HUAWEICLOUD_SDK_SECURITY_TOKEN``), of Huawei Cloud's SDK
2. ``HW_ACCESS_KEY`` and ``HW_SECRET_KEY`` (``HW_SECURITY_TOKEN``), else ``HW_AUTH_TOKEN``, of Terraform
3. ``OS_CLOUD``, which names an entry of ``clouds.yaml``
4. ``OS_TOKEN``, else ``OS_AUTH_TOKEN``
5. ``OS_AUTH_URL``, ``OS_USERNAME`` and ``OS_PASSWORD``, where the extra ``openstack`` is installed
6. ``OS_ACCESS_KEY`` and ``OS_SECRET_KEY`` (``OS_SECURITY_TOKEN``)
7. the file ``~/.huaweicloud/credentials``, or the one that ``HUAWEICLOUD_SDK_CREDENTIALS_FILE`` names
8. the only entry of ``clouds.yaml``

Where only those of 3, 5 or 8 are there, and the extra ``openstack`` is not, the error says how to install it.

Half of a pair is an error rather than skipped, or other credentials than the intended ones might be used.
Credentials of one family are never sent to an address that an earlier family names: a token for one cloud must
not reach another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from requests.auth import AuthBase

from .auth import AkSkAuth, CloudSettings, OpenStackAuth, TokenAuth
from .auth.openstack import Certificates
from .errors import ConfigurationError
from .urls import checked_endpoint, endpoint_of_region, usable_project_id, variable_of_endpoint

Environment = Mapping[str, str]

_CREDENTIALS_FILE = "~/.huaweicloud/credentials"
_CLOUDS_FILES = ("./clouds.yaml", "./clouds.yml", "~/.config/openstack/clouds.yaml", "/etc/openstack/clouds.yaml")
_PASSWORD = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD")
_LOOKED_FOR = (
    "HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK; HW_ACCESS_KEY and HW_SECRET_KEY; HW_AUTH_TOKEN; OS_CLOUD; OS_TOKEN; "
    "OS_AUTH_TOKEN; OS_AUTH_URL, OS_USERNAME and OS_PASSWORD; OS_ACCESS_KEY and OS_SECRET_KEY; "
    f"{_CREDENTIALS_FILE}; clouds.yaml"
)


class _Family(NamedTuple):
    """Variables that belong together; those that one family lacks are taken from the families after it."""

    projects: tuple[str, ...]
    regions: tuple[str, ...]
    auth_urls: tuple[str, ...]
    domains: tuple[str, ...] = ()


_OPENSTACK = _Family(("OS_PROJECT_ID", "OS_TENANT_ID"), ("OS_REGION_NAME",), ("OS_AUTH_URL",))
_TERRAFORM = _Family(
    ("HW_PROJECT_ID", *_OPENSTACK.projects),
    ("HW_REGION_NAME", *_OPENSTACK.regions),
    ("HW_AUTH_URL", *_OPENSTACK.auth_urls),
    ("HW_CLOUD",),
)
_CLOUD = _Family((), (), ())  # openstacksdk has read its settings
_SDK = _TERRAFORM._replace(projects=("HUAWEICLOUD_SDK_PROJECT_ID", *_TERRAFORM.projects))


class _Credentials(NamedTuple):
    """Credentials, where they come from, and the settings that came with them."""

    origin: str
    auth: AuthBase
    family: _Family
    settings: CloudSettings = CloudSettings()


class Connection(NamedTuple):
    """Arguments of a client."""

    endpoint: str
    project_id: str | None
    """``None`` where the credentials know theirs."""
    auth: AuthBase
    certificates: Certificates


def find_connection(
    environ: Environment, *, region: str | None = None, endpoint: str | None = None, project_id: str | None = None
) -> Connection:
    """Return endpoint, project and credentials. Reads files; sends no request.

    Parameters
    ----------
    environ : mapping of str to str
        The variables; an empty one counts as none.
    region, endpoint, project_id : str, optional
        Take precedence over everything that is found.

    Raises
    ------
    ConfigurationError
        For a missing or unusable setting. The message lists which were found and which were not, without values.
    """
    environ = {name: value for name, value in environ.items() if value.strip()}
    found = next(_credentials(environ), None)
    family = found.family if found else _SDK
    settings = found.settings if found else CloudSettings()
    project = project_id or settings.project_id or _first(environ, family.projects)
    project = usable_project_id(project) if project else None
    url = endpoint or _endpoint(environ, family, settings, region)
    knows_project = found is not None and hasattr(found.auth, "get_project_id")
    if found is None or url is None or not (project or knows_project):
        raise ConfigurationError(_report(found, family, has_project=bool(project), has_endpoint=url is not None))
    auth = found.auth.of_project(project) if isinstance(found.auth, AkSkAuth) and project else found.auth
    return Connection(checked_endpoint(url), project, auth, _certificates(environ, found))


def _credentials(environ: Environment) -> Iterator[_Credentials]:
    yield from _key(environ, "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN", _SDK)
    yield from _key(environ, "HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN", _TERRAFORM)
    yield from _token(environ, "HW_AUTH_TOKEN", _TERRAFORM)
    if "OS_CLOUD" in environ:
        yield _cloud("OS_CLOUD", environ["OS_CLOUD"])
    yield from _token(environ, "OS_TOKEN", _OPENSTACK)
    yield from _token(environ, "OS_AUTH_TOKEN", _OPENSTACK)
    has_names = all(name in environ for name in _PASSWORD)
    if has_names and find_spec("openstack"):  # or there may be others, that need no extra
        yield _cloud(" and ".join(_PASSWORD))
    yield from _key(environ, "OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN", _OPENSTACK)
    yield from _file(environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE", _CREDENTIALS_FILE))
    if has_names or any(map(_is_there, (environ.get("OS_CLIENT_CONFIG_FILE", ""), *_CLOUDS_FILES))):  # else says why
        yield _cloud("clouds.yaml")


def _key(environ: Environment, access: str, secret: str, token: str, family: _Family) -> Iterator[_Credentials]:
    given = [name for name in (access, secret) if name in environ]
    if len(given) == 1:
        (missing,) = {access, secret} - set(given)
        raise ConfigurationError(f"{given[0]} is set, but {missing} is not: they belong together")
    if given:
        auth = AkSkAuth(environ[access], environ[secret], security_token=environ.get(token))
        yield _Credentials(f"{access} and {secret}", auth, family)


def _token(environ: Environment, name: str, family: _Family) -> Iterator[_Credentials]:
    if name in environ:
        yield _Credentials(name, TokenAuth(environ[name]), family)


def _cloud(origin: str, name: str | None = None) -> _Credentials:
    auth = OpenStackAuth(name)
    return _Credentials(origin, auth, _CLOUD, auth.settings())


def _file(name: str) -> Iterator[_Credentials]:
    if not _is_there(name):
        return
    import configparser  # noqa: PLC0415 - few have such a file

    parser = configparser.RawConfigParser()  # a secret key may hold the % of interpolation
    try:
        parser.read_string(Path(name).expanduser().read_text(encoding="utf-8-sig"))
        section = {key: value.strip() for key, value in parser.items("basic")} if parser.has_section("basic") else {}
    except (OSError, UnicodeError, configparser.Error):
        # Why not chain it? The parser's message quotes the line that it cannot read, which may hold the secret.
        raise ConfigurationError(f"The file {name} cannot be read as an INI file") from None
    if not (section.get("ak") and section.get("sk")):
        raise ConfigurationError(f"The file {name} lacks ak or sk in its section [basic]")
    auth = AkSkAuth(section["ak"], section["sk"], security_token=section.get("security_token") or None)
    yield _Credentials(name, auth, _SDK, CloudSettings(project_id=section.get("project_id") or None))


def _endpoint(environ: Environment, family: _Family, settings: CloudSettings, region: str | None) -> str | None:
    if region is None and settings.endpoint:
        return settings.endpoint
    region = region or settings.region or _first(environ, family.regions)
    own = environ.get(variable_of_endpoint(region or ""))
    if own:
        return own.partition(",")[0].strip()
    if settings.interface and "public" not in settings.interface:  # the address of another one is in no table
        raise ConfigurationError(
            "The endpoint of this interface is not known: give endpoint=…, or set modelarts_endpoint_override"
        )
    auth_url = settings.auth_url or _first(environ, family.auth_urls)
    return endpoint_of_region(region, auth_url, _first(environ, family.domains))


def _certificates(environ: Environment, found: _Credentials) -> Certificates:
    """Return those of openstacksdk's configuration, or what the same variables say beside a token or key for it."""
    if isinstance(found.auth, OpenStackAuth):
        return found.auth.certificates()
    if found.family is not _OPENSTACK:
        return Certificates()
    if environ.get("OS_INSECURE", "").lower() in {"true", "yes", "1"}:
        raise ConfigurationError("Certificates are always verified: unset OS_INSECURE, and set OS_CACERT if needed")
    verify, cert, key = (os.path.expanduser(environ.get(name, "")) for name in ("OS_CACERT", "OS_CERT", "OS_KEY"))  # noqa: PTH111 - Path raises without a home
    return Certificates(verify or None, (cert, key) if cert and key else cert or None)


def _first(environ: Environment, names: tuple[str, ...]) -> str | None:
    return next((environ[name].strip() for name in names if name in environ), None)


def _is_there(name: str) -> bool:
    return bool(name) and os.path.isfile(os.path.expanduser(name))  # noqa: PTH111, PTH113 - Path raises without a home


def _report(found: _Credentials | None, family: _Family, *, has_project: bool, has_endpoint: bool) -> str:
    origin = f"found in {found.origin}" if found else f"not found; looked for {_LOOKED_FOR}"
    project = "found" if has_project else _advice("project_id=…", family.projects)
    endpoint = "found" if has_endpoint else _advice("endpoint=… or region=…", family.regions + family.auth_urls)
    lines = [f"- credentials: {origin}", f"- project ID: {project}", f"- endpoint: {endpoint}"]
    return "\n".join(["The connection to ModelArts is not fully configured:", *lines])


def _advice(arguments: str, names: tuple[str, ...]) -> str:
    return f"not found; give {arguments}{', or set one of ' if names else ''}{', '.join(names)}"
