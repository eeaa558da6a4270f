"""Checked endpoints and path segments, and the endpoint of a region."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

from .errors import ConfigurationError

_OTC, _HUAWEI = "otc.t-systems.com", "myhuaweicloud"
_REGIONS_OF_HUAWEI = """
cn-north-1 cn-north-2 cn-north-4 cn-north-9 cn-north-11 cn-north-12 cn-east-3 cn-east-4 cn-south-1 cn-southwest-2
cn-southwest-3 ap-southeast-2 ap-southeast-3 ap-southeast-4 af-north-1 af-south-1 la-north-2 la-south-2 me-east-1
sa-brazil-1 tr-west-1
"""
# Huawei Cloud: the regions of ModelArts in its SDK for Python, 3.1.219, read on 2026-11-29. The European one is not in
# it: its domain is that of other services there (DataArts Studio, page of 2025-11-17).
# Open Telekom Cloud: "Regions and Endpoints" of its documentation on GitHub, read on 2026-11-29; ModelArts is listed
# for eu-de only. The Swiss cloud (eu-ch2) is not in it, and has a domain of its own.
_DOMAINS = dict.fromkeys(_REGIONS_OF_HUAWEI.split(), f"{_HUAWEI}.com")
_DOMAINS |= {"ap-southeast-1": f"{_HUAWEI}.cn", "eu-west-101": f"{_HUAWEI}.eu", "eu-de": _OTC, "eu-nl": _OTC}
"""Domains of the known regions. For any other one, no host is made up: a token would go to whoever has it."""
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PLAIN_URL = re.compile(
    rf"(?P<scheme>(?i:https?))://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*/?)"
)
_IP = re.compile(r"[0-9a-f:]*:[0-9a-f:.]*|[0-9]+(\.[0-9]+){3}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LAST_PORT, _LONGEST_HOST = 65_535, 253
_IAM_HOST = re.compile(rf"iam(\.(?P<region>{_REGION.pattern}))?\.(?P<domain>{re.escape(_OTC)}|{_HUAWEI}\.(com|cn|eu))")
_VARIABLE = re.compile("[A-Za-z0-9_-]{1,40}")


class Address(NamedTuple):
    """The parts of a plain URL. Any other URL has none, so that no two libraries can read it differently."""

    scheme: str
    host: str
    """In lower case; an IPv6 address without its brackets."""
    port: int | None
    path: str
    """Empty, or without a slash at its end."""

    @classmethod
    def of(cls, url: object) -> Address | None:
        """Return the parts, ``None`` for anything but ``scheme://host[:port][/path]`` in plain characters."""
        found = _PLAIN_URL.fullmatch(url) if isinstance(url, str) and url.isascii() else None
        if found is None or {".", ".."} & {*found["path"].split("/")}:
            return None
        host, port = found["host"].lower(), int(found["port"]) if found["port"] else None
        if not (_is_host(host) and (port is None or 0 < port <= _LAST_PORT)):
            return None
        return cls(found["scheme"].lower(), host.strip("[]"), port, found["path"].rstrip("/"))

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine itself."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if self.port is None else f':{self.port}'}{self.path}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_endpoint(endpoint: object) -> str:
    """Return an endpoint without a slash at its end, or raise.

    Raises
    ------
    ConfigurationError
        For anything but a plain URL of a server, with a password, or that would send secrets in the clear.
    """
    address = checked_address("endpoint", endpoint, "https://modelarts.eu-de.otc.t-systems.com")
    if "v2" in address.path.split("/"):
        raise ConfigurationError(f"The endpoint must end before /v2, which is added to it, not be {address}")
    return str(address)


def checked_address(name: str, url: object, example: str) -> Address:
    """Return the parts of a URL to which secrets may be sent, or raise.

    Raises
    ------
    ConfigurationError
        For anything but a plain URL of a server, with a password, or that would send secrets in the clear.
    """
    address = Address.of(url)
    if address is None and isinstance(url, str) and "@" in url:
        raise ConfigurationError(f"The {name} must not hold a user name or password: pass auth=… instead")
    if address is None:
        raise ConfigurationError(f"The {name} must be a URL such as {example}, without anything after its path")
    if address.scheme == "http" and not address.is_loopback:
        raise ConfigurationError(f"The {name} must start with https://, or secrets are sent in the clear: {address}")
    return address


def _is_host(host: str) -> bool:
    """Return whether a host is an IP address in its usual form, or a name that cannot be taken for one."""
    if _IP.fullmatch(host.strip("[]")) or host.startswith("["):
        try:
            return ip_address(host.strip("[]")).version == (6 if host.startswith("[") else 4)
        except ValueError:
            return False
    return len(host) <= _LONGEST_HOST and not _NUMBER.fullmatch(host.rpartition(".")[2])


def endpoint_of_region(region: str | None, auth_url: str | None = None, domain: str | None = None) -> str | None:
    """Return the endpoint of a region, by the naming scheme of the clouds; ``None`` if there is no region.

    Parameters
    ----------
    region : str, optional
        Such as ``eu-de`` or ``cn-north-4``. Default: the one in the address of the identity service.
    auth_url : str, optional
        Where the credentials are from, such as ``https://iam.eu-de.otc.t-systems.com/v3``.
    domain : str, optional
        Such as ``myhuaweicloud.com``. Default: that of the region, if it is known.

    Raises
    ------
    ConfigurationError
        For an invalid name. Without a domain, also for a region that is not known, and for credentials that are
        not known to be from the cloud of the region.
    """
    address = Address.of(auth_url)
    issuer = _IAM_HOST.fullmatch(address.host) if address else None
    region = region or (issuer["region"] if issuer else None)
    if region is None:
        return None
    known = _DOMAINS.get(region)
    if domain is None and known is None:
        raise ConfigurationError(f"The endpoint of this region is not known, and none is guessed: {_advice(region)}")
    if domain is None and auth_url and (issuer is None or (issuer["domain"] == _OTC) != (known == _OTC)):
        raise ConfigurationError(f"The credentials (auth_url) may be of another cloud than {region}: {_advice(region)}")
    domain = domain or known or ""
    if not (_REGION.fullmatch(region) and _DOMAIN.fullmatch(domain)):
        raise ConfigurationError("The region must be a name such as eu-de, and its domain one such as t-systems.com")
    return f"https://modelarts.{region}.{domain}"


def variable_of_endpoint(region: str) -> str:
    """Return the name of the variable in which Huawei Cloud's SDK, too, looks for the endpoint of a region."""
    return f"HUAWEICLOUD_SDK_REGION_MODELARTS_{region.replace('-', '_').upper()}"


def _advice(region: str) -> str:
    variable = f", or set {variable_of_endpoint(region)}=https://…" if _VARIABLE.fullmatch(region) else ""
    return f'give endpoint="https://…"{variable}'


def checked_identifier(name: str, value: str) -> str:
    """Return an identifier that can stand as one part of a URL's path, or raise.

    Raises
    ------
    TypeError
        For anything but a string.
    ValueError
        For an empty one, for ``.`` and ``..``, which would lead to another path, and for white space and
        characters that cannot be seen, which pasted IDs often carry.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value or value in {".", ".."}:
        raise ValueError(f"{name} must not be {value!r}")
    if not value.isprintable() or " " in value:  # of white space, only that counts as printable
        raise ValueError(f"{name} must not be {value!r}: it contains white space, or characters that cannot be seen")
    return value


def usable_project_id(value: object) -> str:
    """Return a project ID that comes from credentials or the environment, or raise an error that does not show it.

    Raises
    ------
    ConfigurationError
        For an ID that can be no part of a path.
    """
    with suppress(TypeError, ValueError):
        return checked_identifier("project_id", value)  # type: ignore[arg-type] # it is checked
    raise ConfigurationError("The project ID of the credentials or the environment is not usable as a part of a URL")
