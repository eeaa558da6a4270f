"""`Callbacks`: who is told what comes of a watch: in order, one at a time, without any lock, with the newest state."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..api.models import ExportTask
from . import scheduler
from .state import State, Tasks, changing, guarded, is_behind, put_off
from .subject import Subject
from .waiters import Waiters

Callback = Callable[[Any], object]
_MOMENT = 0.1
"""Seconds that a call which changes something grants to those who are told."""


class Callbacks:
    """The listeners and callbacks of one watch.

    A thread that has news while another one tells leaves them to that one, so that nobody is called twice at the
    same time, and no caller waits for somebody else's code.

    Parameters
    ----------
    subject : Subject
        What is watched.
    read : callable
        Returns the newest state.
    """

    def __init__(self, subject: Subject[Any], read: Callable[[], State]) -> None:
        self.waiters = Waiters()
        """Those who wait for the state, or for all to be told."""
        self._subject = subject
        self._read = read
        self._listeners: list[Callback] = []
        self._functions: dict[str, list[Callback]] = {"update": [], "done": []}
        self._late: list[Callback] = []
        """Those that were registered when the end had been told already."""
        self._told: Tasks | None = None
        self._is_first_look = True
        self._ended: set[str | None] = set()
        """Exports whose end is no news."""
        self._lock = threading.RLock()
        """Held for the moment in which a thread takes its turn to tell, or lets it go."""
        self._version = self._delivered = 0
        self._teller: int | None = None
        """The thread that tells at present."""
        self._bringer: int | None = None
        """The thread that has brought the latest news."""

    @property
    def are_wanted(self) -> bool:
        """Whether somebody has registered a function."""
        return any(self._functions.values())

    def are_called_here(self) -> bool:
        """Whether this thread is calling them, further up."""
        return self._teller == threading.get_ident()

    def is_up_to_date(self) -> bool:
        """Return whether all have been told of everything so far."""
        return self._delivered >= self._version

    def listen(self, listener: Callable[[State], object]) -> None:
        """Register one who is told each state, before the others."""
        with changing():
            self._listeners.append(listener)

    def register(self, kind: str, fn: Callback, *, remove: bool) -> None:
        """Register or remove a function for ``update`` or ``done``.

        Raises
        ------
        TypeError
            For what cannot be called.
        ValueError
            For one to be removed that is not there.
        """
        if not callable(fn):
            raise TypeError(f"A callback must be a function, not {type(fn).__name__}")
        with changing():
            functions = self._functions[kind]
            if remove:
                functions.remove(fn)
            elif fn not in functions:
                functions.append(fn)
                if kind == "done" and self._ended and not self._subject.is_endless:
                    self._late.append(fn)
                    self.changed()

    def changed(self) -> None:
        """Deliver the newest state to everybody as soon as the shared lock is free."""
        self._version += 1
        self._bringer = threading.get_ident()
        put_off(self.step)

    def let_tell(self, seconds: float = _MOMENT) -> None:
        """Wait a moment until all have been told, so that what shows the watch is up to date when a call returns.

        Without threads, this one tells, and all that it may have been told has been when it comes here.
        """
        is_busy = self.are_called_here() or is_behind()  # in the __del__ of garbage, the lock may be held
        if not (is_busy or scheduler.SCHEDULER.needs_loop):
            self.waiters.wait(self.is_up_to_date, seconds)

    def forget(self) -> None:
        """Forget who was telling: that thread has stayed in the parent of this process."""
        self._lock, self.waiters = threading.RLock(), Waiters()
        self._teller, self._delivered = None, self._version

    def step(self) -> None:
        """Deliver what is new to everybody, unless another thread does.

        A thread that came with other news leaves those of a poll to the threads that poll: it may run an event loop.
        """
        self.waiters.wake()
        if self.are_called_here():
            return
        try:
            while self._is_to_tell():
                with changing():
                    version, state, is_own = self._version, self._read(), self._bringer == threading.get_ident()
                if not (is_own or scheduler.SCHEDULER.is_stepping()):
                    self._teller = None
                    scheduler.SCHEDULER.schedule(self)
                    return
                with scheduler.SCHEDULER.lent():
                    self._tell(state)
                self._delivered = version
                self.waiters.wake()
        finally:
            if self.are_called_here():
                self._teller = None

    def _is_to_tell(self) -> bool:
        """Take the turn if there is news and nobody else has it; let it go if there is none."""
        me = threading.get_ident()
        with self._lock:
            if self._teller in {None, me}:
                self._teller = None if self.is_up_to_date() else me
            return self._teller == me

    def _tell(self, state: State) -> None:
        self._call(self._listeners, state)
        if state.tasks is None or (state.tasks is self._told and not self._late):
            return
        if state.tasks is not self._told:
            self._told = state.tasks
            self._call(self._functions["update"], self._subject.result(state.tasks))
        ended = self._newly_ended(state.tasks)  # without the lock: there may be thousands
        with changing():
            self._ended.update(task.task_id for task in ended)
            functions, late, self._late = list(self._functions["done"]), self._late, []
        for task in ended:
            self._call(functions, task)
        for task in state.tasks if late else ():
            self._call(late, task)

    def _newly_ended(self, tasks: Tasks) -> list[ExportTask]:
        ended = [task for task in tasks if task.is_done]
        if self._is_first_look and self._subject.is_endless:
            self._ended = {task.task_id for task in ended}
        self._is_first_look = False
        return [task for task in ended if task.task_id not in self._ended]

    def _call(self, functions: Sequence[Callback], value: object) -> None:
        for fn in list(functions):
            guarded(self._subject.title, fn, value)
