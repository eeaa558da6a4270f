"""`OpenStackAuth`: tokens obtained by openstacksdk, from ``clouds.yaml`` and the ``OS_*`` variables."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

import requests

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ModelArtsError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    without_request,
)
from .base import Credentials
from .headers import checked_secret

SERVICE = "modelarts"
"""Type of the service, as in ``modelarts_endpoint_override`` of a ``clouds.yaml``."""
_KINDS: dict[int, type[ModelArtsError]] = {401: AuthenticationError, 403: PermissionDeniedError, 429: ThrottledError}

_REGIONS: deque[Any] = deque(maxlen=64)
"""The latest configurations in use; each keeps its session, and that its token."""
_LOCK = threading.Lock()


class CloudSettings(NamedTuple):
    """What a cloud's configuration says, without secrets; ``None`` for what is not set."""

    region: str | None = None
    project_id: str | None = None
    auth_url: str | None = None
    endpoint: str | None = None


class OpenStackAuth(Credentials):
    """A token of the cloud's identity service, obtained and renewed by openstacksdk.

    Requires the extra ``openstack``, which is imported at the first use only.

    Parameters
    ----------
    cloud : str, optional
        Name of an entry in ``clouds.yaml``. Default: the one that ``OS_CLOUD`` names, else the ``OS_*``
        variables, else the only entry.

    Raises
    ------
    ConfigurationError
        When openstacksdk is not installed.
    """

    def __init__(self, cloud: str | None = None) -> None:
        if find_spec("openstack") is None:
            raise ConfigurationError('OpenStackAuth needs openstacksdk: pip install "modelarts-widgets[openstack]"')
        self.cloud = cloud
        self._region: Any = None

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Set the header ``X-Auth-Token``; called by `requests`. Blocks for a login where a token is needed.

        Raises
        ------
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service returns no token.
        ConfigurationError
            When the configuration is incomplete.
        """
        with _translated():
            headers = self._connected().get_auth_headers() or {}
        r.headers["X-Auth-Token"] = checked_secret("token", headers.get("X-Auth-Token"))
        return r

    def refresh(self) -> bool:
        """Discard the token, so that the next request obtains another. Does not block."""
        with _translated():
            return bool(self._connected().invalidate())

    def get_project_id(self) -> str:
        """Return the project that the credentials are for. Blocks for a login where a token is needed.

        Raises
        ------
        ConfigurationError
            When they are for none, or the configuration is incomplete.
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service returns no token.
        """
        with _translated():
            project_id = self._connected().get_project_id()
        if not project_id:
            raise ConfigurationError("These credentials have no project: set project_name or project_id")
        return str(project_id)

    def settings(self) -> CloudSettings:
        """Return what the configuration says apart from secrets. Reads local files; sends no request.

        Raises
        ------
        ConfigurationError
            When there is no such cloud, or its entry is not usable.
        """
        with _translated():
            region = self._configured()
            auth = region.config.get("auth") or {}
            values = (region.region_name, auth.get("project_id"), auth.get("auth_url"), region.get_endpoint(SERVICE))
        return CloudSettings(*(str(value) if value else None for value in values))

    def _configured(self) -> Any:  # noqa: ANN401 - a CloudRegion
        from openstack.config import OpenStackConfig  # noqa: PLC0415 - an optional extra

        with _LOCK:
            if self._region is None:
                self._region = _shared(OpenStackConfig().get_one(cloud=self.cloud))
            return self._region

    def _connected(self) -> Any:  # noqa: ANN401 - a Session of keystoneauth1
        region = self._configured()
        with _LOCK:
            return region.get_session()  # the same one each time

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, OpenStackAuth) or (type(self), self.cloud) != (type(other), other.cloud):
            return False
        try:
            return bool(self._configured() == other._configured())
        except Exception:  # noqa: BLE001 - its errors are of several families; what is not usable equals nothing
            return False

    def __hash__(self) -> int:
        return hash((OpenStackAuth, self.cloud))

    def __repr__(self) -> str:
        return "OpenStackAuth()" if self.cloud is None else f"OpenStackAuth({self.cloud!r})"


def _shared(region: Any) -> Any:  # noqa: ANN401 - a CloudRegion
    """Return the known configuration that equals this one, so that equal credentials log in once."""
    known = next((known for known in _REGIONS if known == region), None)
    if known is None:
        _REGIONS.append(region)
    return known or region


@contextmanager
def _translated() -> Iterator[None]:
    """Translate what openstacksdk raises into our errors; the originals hold requests with passwords."""
    try:
        yield
    except ModelArtsError:
        raise
    except Exception as error:  # noqa: BLE001 - its errors are of several families
        ours, cause = _meant(error), without_request(error)
    else:
        return
    raise ours from cause


def _meant(error: Exception) -> ModelArtsError:
    from keystoneauth1 import exceptions  # noqa: PLC0415 - an optional extra

    words = str(getattr(error, "message", None) or error)
    if isinstance(error, exceptions.HttpError):
        kind = _KINDS.get(error.http_status, ServiceError)
        request_id = getattr(error, "request_id", None)
        what = "The identity service returned no token"
        return kind(what, status_code=error.http_status, error_msg=words, request_id=request_id)
    if isinstance(error, exceptions.ConnectionError):
        return ConnectionFailedError("There is no connection to the identity service")
    return ConfigurationError(f"The OpenStack configuration cannot be used: {words}")
