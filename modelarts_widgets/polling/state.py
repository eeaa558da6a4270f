"""`Subject`: an export, or all exports of a dataset; `State`: the facts known of it; `Stats`: the costs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from ..api.errors import ModelArtsError
from ..api.models import ExportTask
from .forecast import Forecast
from .speed import SpeedEstimator

ResultT_co = TypeVar("ResultT_co", covariant=True)
Phase = Literal["idle", "polling", "retrying", "paused", "needs-auth", "done", "stopped"]
"""``paused``: for now, by us or the user; ``needs-auth``: credentials refused; ``stopped``: polling cannot succeed."""

Tasks = tuple[ExportTask, ...]
"""An answer: one export is a tuple of one."""


@dataclass(frozen=True)
class State:
    """All that is known at a moment. Replaced whole, never changed, so that any thread may read it."""

    phase: Phase = "idle"
    """Whether and how polling goes on."""
    tasks: Tasks | None = None
    """The last good answer; the same object as before if it was equal. ``None`` before the first."""
    serial: int = 0
    """Number of the request that brought it, from 1."""
    answered_at: datetime | None = None
    """When it came, in UTC."""
    error: Exception | None = None
    """The error of the last request; ``None`` after a good answer."""
    ended_by: Exception | None = None
    """The error for which polling paused or ended; ``None`` if the user or the last answer ended it."""
    failures: int = 0
    """Failed requests in a row."""
    max_failures: int = 0
    """Failed requests in a row after which polling ends, for the last error."""
    delay: float | None = None
    """Seconds until the next request, before jitter; ``None`` if there is none."""
    speeds: Mapping[str | None, SpeedEstimator] = field(default_factory=dict, repr=False)
    """The speed of each running export, by task ID."""
    forecast: Forecast | None = None
    """How long earlier exports took, if a single one does not report its progress."""

    @property
    def is_active(self) -> bool:
        """Whether requests go on without a call of the user's."""
        return self.phase in {"polling", "retrying"}

    @property
    def is_done(self) -> bool:
        """Whether every export of the last good answer has ended."""
        return self.tasks is not None and all(task.is_done for task in self.tasks)


class StatusClient(Protocol):
    """The methods that an object in place of a `ModelArtsClient` needs: one for an export, the other for a dataset.

    They are called in a polling thread. A result of another type, and an error that is no `ModelArtsError`, end the
    watch: `Watch.wait` raises them.

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
    """An export, or all exports of a dataset, and the way to ask for them."""

    path: tuple[str, ...]
    """Kind and IDs."""
    title: str
    """The same in words."""
    client: StatusClient
    owns_client: bool
    """Whether the client is closed with the watch."""
    fetch: Callable[[], Tasks]
    """Ask once. Blocks for the request."""
    result: Callable[[Tasks], ResultT_co]
    """Return an answer in the form that callbacks and `Watch.wait` pass on."""
    is_endless: bool = False
    """Whether more can come after everything has ended."""
    earlier: Callable[[], Tasks] | None = None
    """Ask for exports of the same dataset, for a forecast; ``None`` if none is wanted. Blocks for the request."""

    @property
    def key(self) -> Hashable:
        """Equal for watches that share a poll. Credentials are part of it."""
        return getattr(self.client, "_identity", self.client), *self.path

    def forgive(self) -> None:
        """Forget a refusal, so that the credentials are tried again."""
        if self._standing is not None:
            self._standing.forgive()

    def when_accepted(self, act: Callable[[], None]) -> None:
        """Call `act` once, when credentials that have been refused are accepted after all."""
        if self._standing is not None:
            self._standing.on_accepted(act)

    def forecast(self, state: State) -> Forecast | None:
        """Return the forecast in a state, if one is wanted: another watch may have asked for it."""
        return None if self.earlier is None else state.forecast

    def outcome(self, state: State) -> ResultT_co:
        """Return the result of a wait that is over, or raise the reason why there is none."""
        if state.tasks is not None and (state.phase == "done" or (state.is_active and state.is_done)):
            return self.result(state.tasks)
        if state.ended_by is not None:
            raise state.ended_by.with_traceback(None)  # or each waiting would make it longer
        raise ModelArtsError(f"Polling is {state.phase}: call resume() to go on")

    @property
    def _standing(self) -> Any:  # noqa: ANN401 - a stand-in has none
        return getattr(self.client, "_standing", None)


class Stats(NamedTuple):
    """The cost of watching so far."""

    polls: int = 0
    """Answers and errors that came."""
    changes: int = 0
    """Answers that differed from the one before."""
    messages: int = 0
    """Messages to the front end, apart from those that open and close models; 0 without a widget."""
    errors: Mapping[str, int] = {}
    """Errors by kind."""
    retries: int = 0
    """Errors after which polling went on."""
    interval: float | None = None
    """Seconds between the last request and the next, before jitter; ``None`` if there is no next."""
    threads: int = 0
    """Polling threads, for all watches of this process together."""
