"""Checked endpoints and path segments, and the endpoint of a region."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

from .errors import ConfigurationError

_OTC = "otc.t-systems.com"
_HUAWEI = "myhuaweicloud.com"
_DOMAINS = {"eu-de": _OTC, "eu-nl": _OTC, "eu-west-101": "myhuaweicloud.eu", "ap-southeast-1": "myhuaweicloud.cn"}
"""Regions whose hosts are not below `_HUAWEI`."""
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
_IAM_HOST = re.compile(rf"iam(?:-pub)?\.(?P<region>{_REGION.pattern})\.(?P<domain>{_DOMAIN.pattern})")


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


def endpoint_of_region(region: str, domain: str | None = None) -> str:
    """Return the endpoint of a region, by the naming scheme of the clouds.

    Parameters
    ----------
    region : str
        Such as ``eu-de`` or ``cn-north-4``.
    domain : str, optional
        Such as ``myhuaweicloud.com``. Default: that of the region.

    Raises
    ------
    ConfigurationError
        For an invalid name of a region or a domain.
    """
    if not _REGION.fullmatch(region):
        raise ConfigurationError("The region must be a name such as eu-de or cn-north-4")
    domain = domain or _DOMAINS.get(region, _HUAWEI)
    if not _DOMAIN.fullmatch(domain):
        raise ConfigurationError("The domain of the cloud must be a name such as myhuaweicloud.com")
    return f"https://modelarts.{region}.{domain}"


def endpoint_beside(auth_url: str, region: str | None = None) -> str | None:
    """Return the endpoint in the cloud of an identity service, ``None`` where its address names no region.

    The clouds name their hosts ``SERVICE.REGION.DOMAIN``.

    Parameters
    ----------
    auth_url : str
        Such as ``https://iam.eu-de.otc.t-systems.com/v3``.
    region : str, optional
        Default: the one of the identity service.

    Raises
    ------
    ConfigurationError
        For an invalid name of a region.
    """
    address = Address.of(auth_url)
    found = _IAM_HOST.fullmatch(address.host) if address else None
    return endpoint_of_region(region or found["region"], found["domain"]) if found else None


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
