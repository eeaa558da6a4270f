"""The magics ``%export_monitor`` and ``%export_history`` of IPython."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any, TypeVar

import traitlets
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..api.errors import ConfigurationError
from ..api.text import printable
from .base import WatchWidget
from .history import ExportHistory
from .monitor import ExportMonitor

_WidgetT = TypeVar("_WidgetT", bound=WatchWidget[Any])

_dataset = argument("dataset", metavar="DATASET", help="ID of the dataset; $name and {expression} are expanded")
_task = argument("task", metavar="TASK", help="ID of the export task")
_interval = argument("--interval", type=float, metavar="S", help="seconds between two requests")
_client = argument("--client", metavar="NAME", help="variable that holds a ModelArtsClient; default: from_env()")


@magics_class
class ExportMagics(Magics):
    """The magics that ``%load_ext modelarts_widgets`` registers."""

    @magic_arguments()
    @_dataset
    @_task
    @_interval
    @_client
    @line_magic
    def export_monitor(self, line: str) -> ExportMonitor:
        """Return a live card of one export, which the cell shows: an `ExportMonitor`.

        ::

            %export_monitor $dataset_id $task_id
            monitor = %export_monitor $dataset_id $task_id --interval 5 --client client
        """
        options = parse_argstring(self.export_monitor, line)
        return self._made(ExportMonitor, options, options.dataset, options.task)

    @magic_arguments()
    @_dataset
    @_interval
    @_client
    @line_magic
    def export_history(self, line: str) -> ExportHistory:
        """Return a live table of all exports of a dataset, which the cell shows: an `ExportHistory`.

        ::

            %export_history $dataset_id
            history = %export_history $dataset_id --client client
        """
        options = parse_argstring(self.export_history, line)
        return self._made(ExportHistory, options, options.dataset)

    def _made(self, kind: Callable[..., _WidgetT], options: Namespace, *ids: str) -> _WidgetT:
        """Return a widget; errors in the arguments become a `UsageError`, which IPython shows as one line."""
        given = {} if options.interval is None else {"interval": options.interval}
        try:
            return kind(*map(_expanded, ids), client=self._client(options.client), **given)
        except (ConfigurationError, TypeError, ValueError, traitlets.TraitError) as error:
            raise UsageError(printable(str(error))) from None

    def _client(self, name: str | None) -> Any:  # noqa: ANN401 - a variable of any type
        if name is None:
            return None
        client = self.shell.user_ns.get(name) if self.shell else None
        if client is None:
            raise UsageError(f"--client is the name of a variable, and there is no client in {name!r}")
        return client


def _expanded(identifier: str) -> str:
    if identifier.startswith(("$", "{")):  # IPython leaves it as it is
        raise UsageError(f"{identifier} cannot be expanded: there is no such variable")
    is_quoted = len(identifier) > 1 and identifier[0] == identifier[-1] and identifier[0] in "'\""
    return identifier[1:-1] if is_quoted else identifier
