"""`OpenStackAuth`: tokens obtained by openstacksdk, from ``clouds.yaml`` and the ``OS_*`` variables."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import requests
import requests.adapters
from urllib3.util import parse_url

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    raise_bare,
    without_request,
)
from ..failures import proxy_fault
from ..urls import checked_address, is_loopback
from .base import Credentials
from .clouds import check_files
from .headers import checked_secret, hide, redact

ResultT = TypeVar("ResultT")

NEEDS_EXTRA = (
    'User names and clouds.yaml need pip install "modelarts-widgets[openstack]"; while it is not published, '
    'pip install -e ".[openstack]" in a checkout'
)
SERVICE = "modelarts"
"""Type of the service, as in ``modelarts_endpoint_override`` of a ``clouds.yaml``."""
_KINDS: dict[int, type[ModelArtsError]] = {401: AuthenticationError, 403: PermissionDeniedError, 429: ThrottledError}

_REGIONS: deque[Any] = deque(maxlen=64)
"""The latest configurations in use; each keeps its session, and that its token."""
_LOCK = threading.RLock()
_TIMEOUT = 35.0
"""Seconds, where the configuration has no ``api_timeout``."""
_UNKNOWN_OPTION = re.compile("unexpected keyword argument ('[A-Za-z_]+')")
_OFF = {"false", "no", "off", "0", "none", ""}
_UNVERIFIED = "Certificates are always verified: take away verify or insecure, and name your authority's file in cacert"
_IS_SECRET = re.compile("pass|secret|token")


class CloudSettings(NamedTuple):
    """Settings of a cloud without its secrets; ``None`` for those that are not set."""

    region: str | None = None
    project_id: str | None = None
    auth_url: str | None = None
    endpoint: str | None = None
    interface: str | None = None


class Certificates(NamedTuple):
    """Files of certificates, as `requests` takes them."""

    verify: bool | str | None = None
    """Of the authorities to trust; ``True`` and ``None`` for the usual ones."""
    cert: str | tuple[str, str] | None = None
    """Of the client itself, if it must show one, or of that and its key."""


class OpenStackAuth(Credentials):
    """A token of the cloud's identity service, obtained and renewed by openstacksdk.

    Requires the extra ``openstack``, which is imported at the first use only. The ``cacert``, ``cert`` and ``key`` of
    the configuration hold for the login and for the client's requests, unless the client was given a session.
    ``verify: false`` and ``insecure: true`` are refused: whoever is between could read password and token, just as
    over plain ``http``, and ``cacert`` does for an authority of your own without that.

    Parameters
    ----------
    cloud : str, optional
        Name of an entry in ``clouds.yaml``. Default: the one that ``OS_CLOUD`` names, else the ``OS_*``
        variables, else the only entry.

    Raises
    ------
    ConfigurationError
        When openstacksdk is not installed.

    Examples
    --------
    >>> OpenStackAuth("my-cloud")  # reads nothing yet
    OpenStackAuth('my-cloud')
    """

    def __init__(self, cloud: str | None = None) -> None:
        if find_spec("openstack") is None:
            raise ConfigurationError(NEEDS_EXTRA)
        self.cloud = cloud
        self._region: Any = None
        self._process = 0

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header ``X-Auth-Token``; called by `requests`. Blocks for a login where a token is needed.

        Raises
        ------
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service returns no token.
        ConfigurationError
            When the configuration is incomplete.
        """
        token = self._logged_in(lambda session: hide((session.get_auth_headers() or {}).get("X-Auth-Token")))
        r.headers["X-Auth-Token"] = checked_secret("token", token)
        return r

    def refresh(self) -> bool:
        """Discard the token, so that the next request obtains another. Does not block."""
        return self._logged_in(lambda session: bool(session.invalidate()))

    def get_project_id(self) -> str:
        """Return the project that the credentials are for. Blocks for a login where a token is needed.

        Raises
        ------
        ConfigurationError
            When they are for none, or the configuration is incomplete.
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service returns no token.
        """
        project_id = self._logged_in(lambda session: session.get_project_id())
        if not project_id:
            raise ConfigurationError("These credentials have no project: set project_name or project_id")
        return str(project_id)

    def settings(self) -> CloudSettings:
        """Return the settings of the cloud without its secrets. Reads local files; sends no request.

        Raises
        ------
        ConfigurationError
            When there is no such cloud, or its entry is not usable.
        """
        region = _translated(self._configured, _configuration_error)
        auth = {name: (region.config.get("auth") or {}).get(name) for name in ("project_id", "auth_url")}
        own = region.get_endpoint(SERVICE), region.get_interface(SERVICE)
        values = region.get_region_name(SERVICE), auth["project_id"], auth["auth_url"], *own
        return CloudSettings(*(str(value) if value else None for value in values))

    def certificates(self) -> Certificates:
        """Return the files of certificates for login and requests. Reads local files; sends no request.

        Raises
        ------
        ConfigurationError
            When there is no such cloud, or its entry is not usable.
        """
        verify, cert = _translated(self._configured, _configuration_error).get_requests_verify_args()
        return Certificates(None if verify is True else verify, cert)

    def _configured(self) -> Any:  # noqa: ANN401 - a CloudRegion
        from openstack.config import OpenStackConfig  # noqa: PLC0415 - an optional extra

        with _LOCK:
            if self._region is None or self._process != os.getpid():
                check_files()
                self._region = _shared(_checked(OpenStackConfig().get_one(cloud=self.cloud)))
                self._process = os.getpid()
            return self._region

    def _logged_in(self, ask: Callable[[Any], ResultT]) -> ResultT:
        region = _translated(self._configured, _configuration_error)
        return _translated(lambda: ask(_session(region)), partial(_login_error, region))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, OpenStackAuth) or (type(self), self.cloud) != (type(other), other.cloud):
            return False
        try:
            return bool(self._configured() == other._configured())
        except Exception:  # noqa: BLE001 - its errors are of several families; unusable settings equal none
            return False

    def __hash__(self) -> int:
        return hash((OpenStackAuth, self.cloud))

    def __repr__(self) -> str:
        return "OpenStackAuth()" if self.cloud is None else f"OpenStackAuth({self.cloud!r})"


def _begin() -> None:
    """Begin anew in a forked child: the parent's connections are not to be shared, nor its locks to be waited for."""
    global _LOCK  # noqa: PLW0603 - a thread of the parent may hold it
    _LOCK = threading.RLock()
    _REGIONS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)


def _shared(region: Any) -> Any:  # noqa: ANN401 - a CloudRegion
    """Return the known configuration that equals this one, so that equal credentials log in once."""
    known = next((known for known in _REGIONS if known == region), None)
    if known is None:
        _REGIONS.append(region)
    return known or region


def _checked(region: Any) -> Any:  # noqa: ANN401 - a CloudRegion
    auth_url = (region.config.get("auth") or {}).get("auth_url")
    if auth_url:
        checked_address("auth_url", auth_url, "https://iam.eu-de.otc.t-systems.com/v3")
    if region.config.get("insecure") or str(region.config.get("verify", True)).lower() in _OFF:
        raise ConfigurationError(_UNVERIFIED)
    return region


def _session(region: Any) -> Any:  # noqa: ANN401 - a CloudRegion, a Session of keystoneauth1
    with _LOCK:
        session = region.get_session()  # the same one each time
        if not isinstance(session.adapters["http://"], _OnlyLoopback):
            session.mount("http://", _OnlyLoopback())
            session.redirect = False  # or the password is sent to any address that a response points to
            session.timeout = session.timeout or _TIMEOUT
        return session


class _OnlyLoopback(requests.adapters.HTTPAdapter):
    """Sends nothing in the clear, whatever address an identity service gives for itself, and not through a proxy."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401
        if not is_loopback(parse_url(request.url or "").host or ""):
            raise ConfigurationError("The identity service points to an address where the password is not encrypted")
        return super().send(request, *args, **{**options, "proxies": None})


def _translated(ask: Callable[[], ResultT], meaning: Callable[[Exception], ModelArtsError]) -> ResultT:
    """Call openstacksdk; translate its errors into those of this package, without frames, which hold passwords."""
    try:
        return ask()
    except ModelArtsError as error:
        raise_bare(error)
    except Exception as error:  # noqa: BLE001 - its errors are of several families
        translated = meaning(error)
        translated.__cause__ = without_request(error, message=False)
        raise_bare(translated)


def _configuration_error(error: Exception) -> ModelArtsError:
    """Translate an error in the configuration. Only messages that name options, not values, are repeated."""
    from keystoneauth1.exceptions import AuthPluginException  # noqa: PLC0415 - an optional extra
    from openstack.exceptions import ConfigException  # noqa: PLC0415 - likewise

    option = _UNKNOWN_OPTION.search(str(error)) if isinstance(error, TypeError) else None
    words = f"unknown option {option[1]}" if option else type(error).__name__
    if isinstance(error, (AuthPluginException, ConfigException)):
        words = str(getattr(error, "message", None) or error)
    return ConfigurationError(f"The OpenStack configuration cannot be used: {words}")


def _login_error(region: Any, error: Exception) -> ModelArtsError:  # noqa: ANN401 - a CloudRegion
    from keystoneauth1 import exceptions  # noqa: PLC0415 - an optional extra

    if isinstance(error, exceptions.HttpError):
        kind = _KINDS.get(error.http_status, ServiceError)
        secrets = [str(value) for name, value in region.config["auth"].items() if value and _IS_SECRET.search(name)]
        words, request_id = (text and redact(str(text), secrets) for text in (error.message, error.request_id))
        message = "The identity service returned no token"
        return kind(message, status_code=error.http_status, error_msg=words, request_id=request_id)
    if isinstance(error, exceptions.SSLError):
        return ConnectionFailedError("The certificate of the identity service was not accepted")
    if isinstance(error, exceptions.ConnectionError):
        fault = proxy_fault(getattr(error, "original", None))
        return fault or ConnectionFailedError("There is no connection to the identity service")
    if isinstance(error, exceptions.AuthPluginException):
        return _configuration_error(error)
    if type(error) is OSError:  # of requests
        return ConfigurationError("The OpenStack configuration cannot be used: its cacert, cert or key cannot be read")
    return MalformedResponseError("The answer of the identity service is not valid: check auth_url")
