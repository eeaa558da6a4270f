"""Checked endpoints and path segments, and the endpoint of a region."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from .errors import ConfigurationError

_OTC = "otc.t-systems.com"
_HUAWEI = "myhuaweicloud.com"
_DOMAINS = {"eu-de": _OTC, "eu-nl": _OTC, "eu-west-101": "myhuaweicloud.eu", "ap-southeast-1": "myhuaweicloud.cn"}
"""Regions whose hosts are not below `_HUAWEI`."""
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_IAM_HOST = re.compile(rf"iam(?:-pub)?\.(?P<region>{_REGION.pattern})\.(?P<domain>{_DOMAIN.pattern})")


def checked_endpoint(endpoint: object) -> str:
    """Return an endpoint without a slash at its end, or raise.

    Raises
    ------
    ConfigurationError
        For what is no URL of a server, holds a password, or would send secrets in the clear.
    """
    url = endpoint if isinstance(endpoint, str) and endpoint.isprintable() and " " not in endpoint else ""
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError("The endpoint must be a URL such as https://modelarts.eu-de.otc.t-systems.com")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("The endpoint must not hold a user name or password: pass auth=… instead")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigurationError(f"The endpoint must start with https://, or anyone on the way reads the token: {url}")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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
    found = _IAM_HOST.fullmatch(_hostname(auth_url))
    return endpoint_of_region(region or found["region"], found["domain"]) if found else None


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def checked_identifier(name: str, value: str) -> str:
    """Return an identifier that can stand as one part of a URL's path, or raise.

    Raises
    ------
    TypeError
        For anything but a string.
    ValueError
        For an empty one, for ``.`` and ``..``, which would lead to another path, and for lone surrogates.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value.strip() or value in {".", ".."} or _SURROGATE.search(value):
        raise ValueError(f"{name} must not be {value!r}")
    return value
