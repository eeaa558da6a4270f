"""`OpenStackAuth`: tokens by way of openstacksdk, from ``clouds.yaml`` and the ``OS_*`` variables."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

import requests
from requests.auth import AuthBase

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ModelArtsError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
    bare,
)
from .headers import checked_secret

SERVICE = "modelarts"
"""Type of the service, as in ``modelarts_endpoint_override`` of a ``clouds.yaml``."""
_KINDS: dict[int, type[ModelArtsError]] = {401: AuthenticationError, 403: PermissionDeniedError, 429: ThrottledError}


class CloudSettings(NamedTuple):
    """What a cloud's configuration says, secrets left out; ``None`` for what it does not say."""

    region: str | None = None
    project_id: str | None = None
    auth_url: str | None = None
    endpoint: str | None = None


class OpenStackAuth(AuthBase):
    """A token of the cloud's identity service, got and renewed by openstacksdk.

    Needs the extra ``openstack``, which is imported at the first use only.

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
        self._lock = threading.Lock()
        self._region: Any = None
        self._session: Any = None

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put a token on a request; called by `requests`. Blocks for a request of its own when it needs one.

        Raises
        ------
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service gives none.
        ConfigurationError
            When the configuration is not enough to ask for one.
        """
        with _translated():
            headers = self._connected().get_auth_headers() or {}
        r.headers["X-Auth-Token"] = checked_secret("token", headers.get("X-Auth-Token"))
        return r

    def refresh(self) -> bool:
        """Forget the token, so that the next request gets another. Does not block."""
        with _translated():
            return bool(self._connected().invalidate())

    def get_project_id(self) -> str:
        """Ask the identity service for the project that the credentials are for. Blocks.

        Raises
        ------
        ConfigurationError
            When they are for none, or the configuration is not enough.
        AuthenticationError, ConnectionFailedError, ServiceError
            When the identity service gives no token.
        """
        with _translated():
            project_id = self._connected().get_project_id()
        if not project_id:
            raise ConfigurationError("These credentials are for no project: name one, as project_name or project_id")
        return str(project_id)

    def settings(self) -> CloudSettings:
        """Read what the configuration says beside secrets. Reads local files; asks nobody.

        Raises
        ------
        ConfigurationError
            When there is no such cloud, or its entry cannot be used.
        """
        with _translated():
            region = self._configured()
            auth = region.config.get("auth") or {}
            values = (region.region_name, auth.get("project_id"), auth.get("auth_url"), region.get_endpoint(SERVICE))
        return CloudSettings(*(str(value) if value else None for value in values))

    def _configured(self) -> Any:  # noqa: ANN401 - a CloudRegion
        from openstack.config import OpenStackConfig  # noqa: PLC0415 - an optional extra

        with self._lock:
            if self._region is None:
                self._region = OpenStackConfig().get_one(cloud=self.cloud)
            return self._region

    def _connected(self) -> Any:  # noqa: ANN401 - a Session of keystoneauth1
        region = self._configured()
        with self._lock:
            if self._session is None:
                self._session = region.get_session()
            return self._session

    def __repr__(self) -> str:
        return "OpenStackAuth()" if self.cloud is None else f"OpenStackAuth({self.cloud!r})"


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what openstacksdk raises into our errors; the originals hold requests with passwords."""
    try:
        yield
    except ModelArtsError:
        raise
    except Exception as error:  # noqa: BLE001 - its errors are of several families
        ours, cause = _meant(error), bare(error)
    else:
        return
    raise ours from cause


def _meant(error: Exception) -> ModelArtsError:
    from keystoneauth1 import exceptions  # noqa: PLC0415 - an optional extra

    words = str(getattr(error, "message", None) or error)
    if isinstance(error, exceptions.HttpError):
        kind = _KINDS.get(error.http_status, ServiceError)
        request_id = getattr(error, "request_id", None)
        what = "The identity service gave no token"
        return kind(what, status_code=error.http_status, error_msg=words, request_id=request_id)
    if isinstance(error, exceptions.ConnectionError):
        return ConnectionFailedError("There is no connection to the identity service")
    return ConfigurationError(f"The OpenStack configuration cannot be used: {words}")
