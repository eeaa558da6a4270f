"""`Waits`: those who wait for one watch: it asks at full speed for them, and ends what was started for them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import scheduler
from .callbacks import Callbacks
from .membership import Membership
from .state import changing


class Waits:
    """Counts those who wait for a watch.

    Parameters
    ----------
    membership : Membership
        What starts and ends for them.
    callbacks : Callbacks
        Who else wants to know.
    is_endless : bool
        Whether an answer must be newer than the wait to end it.
    """

    def __init__(self, membership: Membership, callbacks: Callbacks, *, is_endless: bool) -> None:
        self.count = 0
        self.are_alone = False
        """Whether polling was started for them, and for nobody else since."""
        self._membership = membership
        self._callbacks = callbacks
        self._is_endless = is_endless

    @contextmanager
    def one(self, *, blocks: bool = False) -> Iterator[Callable[[], bool]]:
        """Yield what returns whether the wait is over: polling has ended, or all is done by a fresh answer.

        Raises
        ------
        RuntimeError
            For a wait that blocks the event loop on which the answer would come.
        """
        membership = self._membership
        if blocks and scheduler.SCHEDULER.needs_loop and not self._is_settled:
            raise RuntimeError(
                "Without threads, as here, wait() would block the polling it waits for: use await wait_async()"
            )
        with changing():
            self.count += 1
            self.are_alone = self.are_alone or membership.state.phase == "idle"
            membership.start()
            membership.adjust()
            needed = membership.begun + 1 if self._is_endless else 0  # one that is under way may be older
            if needed:
                membership.expedite()
        try:
            scheduler.SCHEDULER.wake()  # polling may have begun before there was a loop
            yield lambda: self._is_over(needed)
        finally:
            with changing():
                self.count -= 1
                is_unwanted = self.are_alone and not (self.count or self._callbacks.are_wanted)
                if is_unwanted and membership.state.is_active:
                    membership.leave("idle")
                membership.adjust()

    @property
    def _is_settled(self) -> bool:
        """Whether nothing comes any more that a wait would wait for."""
        state = self._membership.state
        return not state.is_active and state.phase != "idle"

    def _is_over(self, needed: int) -> bool:
        state = self._membership.state
        return not state.is_active or (state.is_done and state.serial >= needed)
