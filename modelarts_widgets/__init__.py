"""Watch a ModelArts dataset export from a Jupyter notebook."""

from __future__ import annotations

from importlib.metadata import version

from .auth import AkSkAuth, OpenStackAuth, TokenAuth
from .client import ModelArtsClient
from .errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    ExportFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from .history import ExportHistory
from .models import ExportParams, ExportTask, SearchCondition, SearchLabel, SearchLabels, SearchProp
from .monitor import ExportMonitor

__version__ = version("modelarts-widgets")

__all__ = [
    "AkSkAuth",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailedError",
    "ExportFailedError",
    "ExportHistory",
    "ExportMonitor",
    "ExportParams",
    "ExportTask",
    "MalformedResponseError",
    "ModelArtsClient",
    "ModelArtsError",
    "NotFoundError",
    "OpenStackAuth",
    "PermissionDeniedError",
    "SearchCondition",
    "SearchLabel",
    "SearchLabels",
    "SearchProp",
    "ServiceError",
    "ThrottledError",
    "TokenAuth",
    "__version__",
]
