"""Watch a ModelArts dataset export from a Jupyter notebook, or without one.

`ExportMonitor` is the card of one export, `ExportHistory` the table of all exports of a dataset. `watch_export` and
`watch_exports` do the same without a widget. `modelarts_widgets.simulator` has the service for your own machine.
"""

from __future__ import annotations

from importlib.metadata import version

from . import terminal
from .api.auth import AkSkAuth, OpenStackAuth, TokenAuth
from .api.client import ModelArtsClient
from .api.errors import (
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
from .api.models import (
    ExportParams,
    ExportTask,
    SearchCondition,
    SearchLabel,
    SearchLabels,
    SearchProp,
)
from .polling.exports import watch_export, watch_exports
from .polling.watch import Watch
from .rendering import task_bundle
from .widgets.history import ExportHistory
from .widgets.magics import load_ipython_extension
from .widgets.monitor import ExportMonitor

ExportTask._renderer = staticmethod(task_bundle)
Watch._reporter = staticmethod(terminal.progress)
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
    "Watch",
    "__version__",
    "load_ipython_extension",
    "watch_export",
    "watch_exports",
]
