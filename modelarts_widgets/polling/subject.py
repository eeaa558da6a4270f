"""`Subject`: what is watched, and what asks for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ..api.errors import ModelArtsError
from ..api.models import ExportTask
from .forecast import Forecast
from .state import State, Tasks

ResultT_co = TypeVar("ResultT_co", covariant=True)


class StatusClient(Protocol):
    """What a stand-in for `ModelArtsClient` needs: the one of these methods that is used.

    It is called in a polling thread. An answer of another type, and an error that is no `ModelArtsError`, end the
    watch: whoever waits gets them raised.

    Examples
    --------
    >>> from modelarts_widgets import ExportTask, watch_export
    >>> class Ended:
    ...     def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
    ...         return ExportTask.from_json({"task_id": task_id, "status": "SUCCESSED"})
    >>> watch_export("dataset", "task", client=Ended()).wait(timeout=60)
    <ExportTask task SUCCESSED>
    """

    def get_export_task(self, dataset_id: str, task_id: str) -> ExportTask:
        """Return the state of one export task, or raise a `ModelArtsError`. May block."""

    def list_export_tasks(self, dataset_id: str) -> Iterable[ExportTask]:
        """Return all export tasks of a dataset, or raise a `ModelArtsError`. May block."""


@dataclass(frozen=True, eq=False)
class Subject(Generic[ResultT_co]):
    """What is watched."""

    path: tuple[str, ...]
    """What is asked of the client."""
    title: str
    """The same in words."""
    client: StatusClient
    owns_client: bool
    """Whether the client is closed with the watch."""
    fetch: Callable[[], Tasks]
    """Ask once. Blocks for the request."""
    result: Callable[[Tasks], ResultT_co]
    """Return an answer as those who wait and the callbacks get it."""
    is_endless: bool = False
    """Whether more can come after everything has ended."""
    earlier: Callable[[], Tasks] | None = None
    """Ask for exports of the same dataset, for a forecast; ``None`` where none is wanted. Blocks for the request."""

    @property
    def key(self) -> Hashable:
        """What tells it from others: watches of one key share a poll. Credentials are part of it."""
        return getattr(self.client, "_identity", self.client), *self.path

    def forgive(self) -> None:
        """Forget a refusal, so that the credentials are tried again."""
        if self._standing is not None:
            self._standing.forgive()

    def when_accepted(self, act: Callable[[], None]) -> None:
        """Do something once, when credentials that have been refused are accepted after all."""
        if self._standing is not None:
            self._standing.on_accepted(act)

    def forecast(self, state: State) -> Forecast | None:
        """Return the forecast in a state, where one is wanted: another watch may have asked for it."""
        return None if self.earlier is None else state.forecast

    def outcome(self, state: State) -> ResultT_co:
        """Return what a wait that is over has brought, or raise why it has brought nothing."""
        if state.tasks is not None and (state.phase == "done" or (state.is_active and state.is_done)):
            return self.result(state.tasks)
        if state.ended_by is not None:
            raise state.ended_by.with_traceback(None)  # or each waiting would make it longer
        raise ModelArtsError(f"Polling is {state.phase}: call resume() to go on")

    @property
    def _standing(self) -> Any:  # noqa: ANN401 - a stand-in has none
        return getattr(self.client, "_standing", None)
