"""`Watch`: one handle on an export, or on all exports of a dataset: phase, answers, errors, and three ways to wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

from ..api.auth import AuthBase
from ..api.models import ExportTask
from . import scheduler
from .callbacks import Callbacks
from .limits import checked_interval, checked_timeout
from .membership import Membership
from .speed import Speed
from .state import Phase, State, changing
from .stats import Stats, Tally
from .subject import Subject
from .waits import Waits

ResultT = TypeVar("ResultT")
PATIENCE = 1.0
"""Seconds that a wait which is over grants to callbacks that are still running."""

ALL: WeakSet[Watch[Any]] = WeakSet()
"""Every watch of this process that is not closed."""


class Watch(Generic[ResultT]):
    """A handle on an export, or on all exports of a dataset, that needs no notebook.

    `watch_export` and `watch_exports` make one; an `ExportMonitor` or an `ExportHistory` shows one. Polling
    starts with `start` or when somebody waits, in a daemon thread; on the event loop where no thread can be started,
    as in a browser. Watches of the same subject with the same credentials share it. All methods may be called from
    any thread.

    Callbacks are called in order, one at a time for each watch, with the newest state, usually in a polling thread.
    No lock is held meanwhile: they may use this and every other watch. One that takes long delays those after it.

    Examples
    --------
    With ``export`` and ``client`` as in the example of `watch_export`:

    >>> ended, watch = [], watch_export(export.dataset_id, export.task_id, client=client)
    >>> watch.on_done(ended.append)
    >>> watch.wait(timeout=60) == ended[0], watch.done(), watch.phase
    (True, True, 'done')
    """

    _reporter: ClassVar[Callable[[Watch[Any], bool | None], AbstractContextManager[Callable[[], None]]]] = staticmethod(
        lambda _, __: nullcontext(lambda: None)
    )
    # Set by the package to what shows progress on a terminal, so that this room imports nothing of rendering.

    def __init__(self, subject: Subject[ResultT], interval: float) -> None:
        self._subject = subject
        self._interval = checked_interval("interval", interval)
        self._unattended: float | None = None
        self._callbacks = Callbacks(subject, lambda: self.state)
        self._membership = Membership(self, self._callbacks.changed)
        self._tally = Tally()
        self._waits = Waits(self._membership, self._callbacks, is_endless=subject.is_endless)
        with changing():
            ALL.add(self)

    # What is known.

    @property
    def state(self) -> State:
        """All that is known at this moment, as one immutable object."""
        return self._membership.state

    @property
    def phase(self) -> Phase:
        """What the polling does: idle, polling, retrying, paused, needs-auth, done or stopped."""
        return self.state.phase

    @property
    def answer(self) -> ResultT | None:
        """The last good answer; ``None`` before the first."""
        tasks = self.state.tasks
        return None if tasks is None else self._subject.result(tasks)

    @property
    def error(self) -> Exception | None:
        """What went wrong since the last good answer."""
        return self.state.error

    @property
    def stats(self) -> Stats:
        """What watching has cost so far."""
        with changing():
            return self._tally.stats(self.state.delay, scheduler.SCHEDULER.threads)

    def _speed(self, task_id: str | None) -> Speed | None:
        """Return how fast an export moves; ``None`` while too little is known."""
        estimator = self.state.speeds.get(task_id)
        return None if estimator is None else estimator.speed(scheduler.SCHEDULER.clock())

    def done(self) -> bool:
        """Return whether all that is watched had ended by the last good answer. Does not block."""
        return self.state.is_done

    # Phases.

    def start(self) -> None:
        """Start to poll. Does not block; does nothing where polling has begun already, whatever became of it."""
        with changing():
            self._waits.are_alone = False
            self._membership.start()

    def pause(self) -> None:
        """Stop polling for now; the export itself goes on. Does not block; cancels what is under way."""
        with changing():
            if self.state.is_active:
                self._membership.leave("paused")

    def resume(self, auth: AuthBase | None = None) -> None:
        """Go on after a pause, refused credentials or a stop, unless the watch is closed. Does not block.

        Parameters
        ----------
        auth : requests.auth.AuthBase, optional
            New credentials, for all watches of this client; those that have been waiting for some go
            on, too. Default: those it has, which are tried again even if they have been refused.

        Raises
        ------
        ConfigurationError
            For credentials that are no auth object.
        """
        if auth is not None:
            self._subject.client.auth = auth  # type: ignore[attr-defined] # a stand-in may have any attribute
        with changing():
            if auth is not None:
                self._subject.forgive()
                for watch in [watch for watch in ALL if watch._subject.client is self._subject.client]:
                    watch._rejoin()
            if not self._membership.is_closed and not self.state.is_active and self.phase != "done":
                self._subject.forgive()
                self._waits.are_alone = False
                self._membership.join()

    def refresh(self) -> None:
        """Ask at once instead of after the interval. Does not block; does nothing unless polling goes on."""
        with changing():
            self._membership.expedite()

    def stop(self) -> None:
        """End the polling until `resume`; the export itself goes on. Does not block; cancels what is under way."""
        with changing():
            if self.phase not in {"done", "stopped"}:
                self._membership.leave("stopped")

    def close(self) -> None:
        """End the polling for good. What is known stays readable. Does not block."""
        self.stop()
        with changing():
            is_first, self._membership.is_closed = not self._membership.is_closed, True
            ALL.discard(self)
        if is_first and self._subject.owns_client:
            self._subject.client.close()  # type: ignore[attr-defined] # one of ours

    def _rejoin(self) -> None:
        """Go on with credentials that have changed, where polling goes on or waits for some."""
        with changing():
            if self.state.is_active or self.phase == "needs-auth":
                self._membership.join()

    def set_interval(self, interval: float, unattended: float | None = None) -> None:
        """Set the seconds between two requests while answers bring something new, 0.1 to 86,400; see `watch_export`.

        `unattended` holds while nobody waits, where it is longer. Raises `TypeError` or `ValueError` for what is no
        such number. Does not block.
        """
        interval = checked_interval("interval", interval)
        with changing():
            self._interval, self._unattended = interval, unattended
            self._membership.adjust()

    @property
    def _pace(self) -> float:
        """Seconds between two requests that are soon enough at present."""
        return (
            self._interval if self._waits.count or self._unattended is None else max(self._interval, self._unattended)
        )

    def _look(self) -> None:
        """Ask at once, unless a request is under way or the service has asked for a delay: somebody looks."""
        with changing():
            if self.phase == "polling" and not self._membership.is_asking:
                self._membership.expedite()

    def _yield(self) -> None:
        """Stop polling, to start again when it is wanted: another watch of the same subject has taken over."""
        with changing():
            if self.state.is_active:
                self._membership.leave("idle")

    def _on_step(self, error: Exception | None, *, is_new: bool) -> None:
        """Take note of the outcome of a request; called by the poller, under the shared lock."""
        self._tally.count(error, is_new=is_new, goes_on=self.state.is_active)
        self._callbacks.changed()

    # Waiting.

    def wait(self, timeout: float | None = None, *, progress: bool | None = None) -> ResultT:
        """Block until all that is watched has ended. Interrupting ends the waiting only, never the export.

        For all exports of a dataset, it is an answer newer than this call that counts. Callbacks have been
        called by then, unless one of them takes longer than a second. Polling that was started by waiting alone
        ends with it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.
        progress : bool, optional
            Whether to show what is going on, as a line on standard error that is redrawn in place at most once a
            second; where that is no terminal, as a line for each change. Default: only on a terminal.

        Returns
        -------
        ExportTask or list of ExportTask
            FAILED ones too: `ExportTask.raise_for_status` raises for those.

        Raises
        ------
        TimeoutError
            When it has not ended in time; its cause is what went wrong since the last good answer, if anything.
        ModelArtsError
            When polling is paused or has ended before: `error`, where that is the reason.
        TypeError, ValueError
            For a timeout that is no number of seconds.
        RuntimeError
            When a callback of this watch calls it: the ones after it could never be called. Where no thread can be
            started, as in a browser, if something is left to wait for: use `wait_async` there.
        """
        with type(self)._reporter(self, progress) as report:
            return self._wait(timeout, report)

    def _wait(self, timeout: float | None, report: Callable[[], None]) -> ResultT:
        """Wait like `wait`; `report` is called in this thread whenever something may have changed."""
        limit = self._limit(timeout)
        with self._waits.one(blocks=True) as is_over:

            def is_over_now() -> bool:
                report()
                return is_over()

            if not self._callbacks.waiters.wait(is_over_now, limit):
                raise self._too_late(limit) from self.error
            self._callbacks.let_tell(PATIENCE)
            return self._subject.outcome(self.state)

    async def wait_async(self, timeout: float | None = None) -> ResultT:
        """Return and raise what `wait` does without blocking the event loop: buttons go on working, other tasks run."""
        limit, waiters = self._limit(timeout), self._callbacks.waiters
        with self._waits.one() as is_over:
            if not await waiters.wait_async(is_over, limit):
                raise self._too_late(limit) from self.error
            await waiters.wait_async(self._callbacks.is_up_to_date, PATIENCE)
            return self._subject.outcome(self.state)

    def on_update(self, fn: Callable[[ResultT], object], *, remove: bool = False) -> None:
        """Register a function to be called with each answer that brings something new; see `on_done`."""
        self._callbacks.register("update", fn, remove=remove)

    def on_done(self, fn: Callable[[ExportTask], object], *, remove: bool = False) -> None:
        """Register (or remove) a function of an `ExportTask` to be called once with each export that ends.

        For a single export that has ended already, that is at once. Of all exports of a dataset, those that had
        ended at the first answer do not count. What the function raises is logged and disturbs nobody. Do not
        print in it: a thread's output lands in any cell. Raises `TypeError` for what cannot be called.
        """
        self._callbacks.register("done", fn, remove=remove)

    def subscribe(self, listener: Callable[[State], object]) -> None:
        """Register what shows this watch: it is called with the state after each change, before the callbacks."""
        self._callbacks.listen(listener)

    def _limit(self, timeout: float | None) -> float | None:
        if self._callbacks.are_called_here():
            raise RuntimeError("wait() was called by an observer, in the thread that it would wait for")
        return checked_timeout(timeout)

    def _too_late(self, limit: float | None) -> TimeoutError:
        return TimeoutError(f"{self._subject.title} has not ended within {limit:g} s")

    def _forget_parent(self) -> None:
        """Leave the poll to the parent process; another one may begin here."""
        phase: Phase = "idle" if self.state.is_active else self.phase
        self._membership.forget(phase)
        self._waits.count = 0
        self._callbacks.forget()

    def __repr__(self) -> str:
        return f"<Watch {self._subject.title}: {self.phase}>"
