"""Time that passes only when somebody waits: polls run here, one after the other, on the simulator's clock."""

from __future__ import annotations

import pytest

from modelarts_widgets.polling.scheduler import Step
from modelarts_widgets.simulator import Clock


class VirtualScheduler:
    """Stands in for the scheduler of the process."""

    threads = 0

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.delays: list[float] = []
        """What the steps asked for."""
        self._due: dict[Step, float] = {}
        for module in ("widgets.live", "widgets.viewed", "polling.feed"):
            monkeypatch.setattr(f"modelarts_widgets.{module}.SCHEDULER", self)

    def schedule(self, poll: Step, delay: float = 0.0) -> None:
        """Run a poll's next step after a delay."""
        self._due[poll] = self.clock() + delay

    def hasten(self, poll: Step, delay: float) -> None:
        """Run it sooner, if it is due later than that."""
        if poll in self._due:
            self._due[poll] = min(self._due[poll], self.clock() + delay)

    def cancel(self, poll: Step) -> None:
        """Forget a poll."""
        self._due.pop(poll, None)

    def step(self) -> None:
        """Wait for the next poll that is due, and run it."""
        poll = min(self._due, key=self._due.__getitem__)
        self.clock.advance(max(0.0, self._due.pop(poll) - self.clock()))
        delay = poll.step()
        if delay is not None:
            self.delays.append(delay)
            self._due.setdefault(poll, self.clock() + delay)

    def run(self, steps: int = 10_000) -> None:
        """Run until nothing is left to do."""
        for _ in range(steps):
            if not self._due:
                return
            self.step()
        pytest.fail("the polling does not end")
