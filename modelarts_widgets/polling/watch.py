"""`Watch`: one handle on an export, or on all exports of a dataset: phase, answers, errors, and three ways to wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakValueDictionary

from ..api.auth import AuthBase
from ..api.models import ExportTask
from . import engine
from .backoff import checked_interval, checked_timeout
from .callbacks import LoopWaiter, ThreadWaiter
from .speed import Speed
from .state import Phase, State, Stats, Subject
from .subscriber import OPEN, Subscriber

ResultT = TypeVar("ResultT")
PATIENCE = 1.0
"""Seconds that a wait which is over leaves to callbacks that are still running."""

ALL: WeakValueDictionary[int, Watch[Any]] = WeakValueDictionary()
"""Every watch of this process, by its ID."""


class Watch(Generic[ResultT]):
    """A handle on an export, or on all exports of a dataset, that needs no notebook.

    `watch_export` and `watch_exports` make one; an `ExportMonitor` or an `ExportHistory` shows one. Polling
    starts with `start` or `wait`, in daemon threads; on the event loop where no thread can be started, as in a browser.
    Watches of the same subject with the same credentials share it. All methods may be called from any thread, from
    callbacks, signal handlers and destructors.

    Callbacks are called in order, one at a time for each watch, with the newest state, in a polling thread. No lock is
    held meanwhile: they may use this and every other watch. One that takes long delays those after it.

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
    # Set by the package to a function that shows progress on a terminal: this room imports nothing of rendering.

    def __init__(self, subject: Subject[ResultT], interval: float) -> None:
        self._subject = subject
        self._subscriber = Subscriber(subject, checked_interval("interval", interval))
        self._callbacks = self._subscriber.callbacks
        ALL[id(self)] = self

    # Known facts. Each is read from an immutable object, in any thread.

    @property
    def state(self) -> State:
        """All that is known at this moment, as one immutable object."""
        return self._subscriber.state

    @property
    def phase(self) -> Phase:
        """Whether and how polling goes on: idle, polling, retrying, paused, needs-auth, done or stopped."""
        return self.state.phase

    @property
    def answer(self) -> ResultT | None:
        """The last good answer; ``None`` before the first."""
        tasks = self.state.tasks
        return None if tasks is None else self._subject.result(tasks)

    @property
    def error(self) -> Exception | None:
        """The error of the last request; ``None`` after a good answer."""
        return self.state.error

    @property
    def stats(self) -> Stats:
        """Polls, errors and threads so far."""
        stats = self._subscriber.stats
        return stats._replace(errors={**stats.errors}, interval=self.state.delay, threads=engine.ENGINE.threads)

    def _speed(self, task_id: str | None) -> Speed | None:
        """Return how fast an export moves; ``None`` while too little is known."""
        estimator = self.state.speeds.get(task_id)
        return None if estimator is None else estimator.speed(engine.ENGINE.clock())

    def done(self) -> bool:
        """Return whether the export, or every export of the dataset, had ended by the last good answer."""
        return self.state.is_done

    # Phases. Each method is one act of the engine.

    def start(self) -> None:
        """Start to poll. Does not block; does nothing if polling has started before, whatever became of it."""
        key = self._subject.key
        engine.ENGINE.do(lambda: self._subscriber.start(key))

    def pause(self) -> None:
        """Stop polling for now; the export itself goes on. Does not block; cancels the request under way."""
        engine.ENGINE.do(lambda: self._subscriber.leave("paused"))

    def resume(self, auth: AuthBase | None = None) -> None:
        """Go on after a pause, refused credentials or a stop, unless the watch is closed. Does not block.

        Parameters
        ----------
        auth : requests.auth.AuthBase, optional
            New credentials, for all watches of this client; those that wait for credentials go on, too.
            Default: those it has, which are tried again even if they have been refused.

        Raises
        ------
        ConfigurationError
            For credentials that are no auth object.
        """
        client = self._subject.client
        if auth is not None:
            client.auth = auth  # type: ignore[attr-defined] # a stand-in may have any attribute
            self._subject.forgive()
            watches = [watch for known in ALL.valuerefs() if (watch := known()) is not None]
            for watch in watches:
                if watch._subject.client is client:
                    engine.ENGINE.do(partial(watch._subscriber.rejoin, watch._subject.key))
        elif not (self.state.is_active or self._subscriber.is_closed):
            self._subject.forgive()
        key = self._subject.key
        engine.ENGINE.do(lambda: self._subscriber.resume(key))

    def refresh(self) -> None:
        """Ask at once instead of after the interval, at most once a second. Does not block.

        Does nothing unless polling goes on.
        """
        engine.ENGINE.do(self._subscriber.refresh)

    def stop(self) -> None:
        """End the polling until `resume`; the export itself goes on. Does not block; cancels the request under way."""
        engine.ENGINE.do(lambda: self._subscriber.leave("stopped", OPEN))

    def close(self) -> None:
        """End the polling for good. The last state stays readable. Does not block."""
        if engine.ENGINE.do(self._subscriber.close) and self._subject.owns_client:
            self._subject.client.close()  # type: ignore[attr-defined] # one of ours

    def set_interval(self, interval: float, unattended: float | None = None) -> None:
        """Set the seconds between two requests while answers bring something new, 0.1 to 86,400; see `watch_export`.

        `unattended` holds while no caller waits, if it is longer. Raises `TypeError` or `ValueError` for anything but
        such a number. Does not block.
        """
        self._subscriber.intervals = checked_interval("interval", interval), unattended
        if self._subscriber.poll is not None:
            engine.ENGINE.do(self._subscriber.adjust)

    # Waiting.

    def wait(self, timeout: float | None = None, *, progress: bool | None = None) -> ResultT:
        """Block until the export, or every export of the dataset, has ended. Ctrl-C ends the waiting, not the export.

        For all exports of a dataset, an answer newer than this call is needed. Callbacks have been called by then,
        unless one of them takes longer than a second. Polling that was started by waiting alone ends with it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most. Default: as long as it takes.
        progress : bool, optional
            Whether to show the progress, as a line on standard error that is redrawn in place at most once a
            second; if that is no terminal, as a line at each change of status and at most one each 30 s otherwise.
            Default: only on a terminal.

        Returns
        -------
        ExportTask or list of ExportTask
            FAILED ones too: `ExportTask.raise_for_status` raises for those.

        Raises
        ------
        TimeoutError
            When it has not ended in time; its cause is the error of the last request, if it failed.
        ModelArtsError
            When polling is paused or has ended before: `error`, if that is the reason.
        TypeError, ValueError
            For a timeout that is no number of seconds.
        RuntimeError
            When a callback of this watch calls it: the ones after it could never be called. Where no thread can be
            started, as in a browser, if polling must go on: use `wait_async` there.
        KeyboardInterrupt
            When the user interrupts it, which is no accident: its traceback ends here, and does not say at which line
            the waiting, the drawing or the polling was.
        """
        try:
            with type(self)._reporter(self, progress) as report:
                return self._wait(timeout, report)
        except KeyboardInterrupt as interrupt:
            raise interrupt.with_traceback(None) from None

    def _wait(self, timeout: float | None, report: Callable[[], None]) -> ResultT:
        """Wait like `wait`; `report` is called in this thread whenever something may have changed."""
        limit = self._limit(timeout)
        if engine.ENGINE.needs_loop and (self.state.is_active or self.phase == "idle"):
            raise RuntimeError(
                "Without threads, as here, wait() would block the polling it waits for: use await wait_async()"
            )
        waiter, key = ThreadWaiter(), self._subject.key
        needed = engine.ENGINE.do(lambda: self._subscriber.begin_wait(waiter, key))
        try:
            if not waiter.until(lambda: self._is_over(needed, report), limit):
                raise self._too_late(limit) from self.error
            waiter.until(self._callbacks.are_up_to_date, PATIENCE)
            return self._subject.outcome(self.state)
        finally:
            engine.ENGINE.do(lambda: self._subscriber.dismiss(waiter))

    async def wait_async(self, timeout: float | None = None) -> ResultT:
        """Return and raise as `wait` does, without blocking the event loop: buttons go on working, other tasks run."""
        limit, waiter, key = self._limit(timeout), LoopWaiter(), self._subject.key
        needed = engine.ENGINE.do(lambda: self._subscriber.begin_wait(waiter, key))
        try:
            engine.ENGINE.wake()  # polling may have begun before there was a loop
            if not await waiter.until(lambda: self._is_over(needed), limit):
                raise self._too_late(limit) from self.error
            await waiter.until(self._callbacks.are_up_to_date, PATIENCE)
            return self._subject.outcome(self.state)
        finally:
            engine.ENGINE.do(lambda: self._subscriber.dismiss(waiter))

    def on_update(self, fn: Callable[[ResultT], object], *, remove: bool = False) -> None:
        """Register a function to be called with each answer that brings something new; see `on_done`."""
        self._register("update", fn, remove=remove)

    def on_done(self, fn: Callable[[ExportTask], object], *, remove: bool = False) -> None:
        """Register (or remove) a function of an `ExportTask` to be called once with each export that ends.

        For a single export that has ended already, that is at once. Of all exports of a dataset, those that had
        ended at the first answer do not count. An exception is logged and ends nothing. Do not print in it: a
        thread's output lands in any cell. Raises `TypeError` for an object that cannot be called.
        """
        self._register("done", fn, remove=remove)

    def subscribe(self, listener: Callable[[State], object]) -> None:
        """Register a listener that shows this watch: it gets the state after each change, before the callbacks."""
        self._callbacks.listen(listener)

    def _register(self, kind: str, fn: Callable[[Any], object], *, remove: bool) -> None:
        if not callable(fn):
            raise TypeError(f"A callback must be a function, not {type(fn).__name__}")
        engine.ENGINE.do(lambda: self._callbacks.register(kind, fn, remove=remove))

    def _is_over(self, needed: int, report: Callable[[], None] = lambda: None) -> bool:
        """Return whether a wait is over: polling has ended, or all exports have, by a request of that number or later.

        `report` is called first, in this thread, since something may have changed.
        """
        report()
        state = self.state
        return not state.is_active or (state.is_done and state.serial >= needed)

    def _limit(self, timeout: float | None) -> float | None:
        if self._callbacks.are_called_here():
            raise RuntimeError("wait() was called by an observer, in the thread that it would wait for")
        return checked_timeout(timeout)

    def _too_late(self, limit: float | None) -> TimeoutError:
        return TimeoutError(f"{self._subject.title} has not ended within {limit:g} s")

    # For widgets.

    @property
    def _is_awaited(self) -> bool:
        """Whether a caller waits."""
        return self._subscriber.is_awaited

    def _look(self) -> None:
        """Ask at once for a new view, unless a request is under way or the service has asked for a delay."""
        engine.ENGINE.do(lambda: self._subscriber.refresh(politely=True))

    def _yield(self) -> None:
        """Stop polling until it is wanted again: another watch of the same subject has taken over."""
        engine.ENGINE.do(lambda: self._subscriber.leave("idle"))

    def __repr__(self) -> str:
        return f"<Watch {self._subject.title}: {self.phase}>"
