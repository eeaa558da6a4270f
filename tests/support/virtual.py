"""Time that passes only when somebody waits: polls run here, one after the other, on the simulator's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modelarts_widgets.polling.agenda import Job
from modelarts_widgets.simulator import Clock


class VirtualScheduler:
    """Stands in for the scheduler of the process."""

    threads = 0
    needs_loop = False

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.delays: list[float] = []
        """What the steps asked for."""
        self._due: dict[Job, float] = {}
        self._stepping: Job | None = None
        monkeypatch.setattr("modelarts_widgets.polling.scheduler.SCHEDULER", self)
        monkeypatch.setattr("modelarts_widgets.polling.poller.JITTER", 0.0)

    def schedule(self, job: Job, delay: float = 0.0) -> None:
        """Run a job's next step after a delay."""
        self._due[job] = self.clock() + delay
        if job is self._stepping:
            self.delays.append(delay)

    def hasten(self, job: Job, delay: float) -> None:
        """Run it sooner, if it is due later than that."""
        if job in self._due:
            self._due[job] = min(self._due[job], self.clock() + delay)

    def cancel(self, job: Job) -> None:
        """Forget a job."""
        self._due.pop(job, None)

    @staticmethod
    def is_stepping() -> bool:
        """Return whether steps run here: everything does."""
        return True

    def wake(self) -> None:
        """Go on by `step` and `run` alone."""

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Count nothing."""
        before, self._stepping = self._stepping, None
        yield
        self._stepping = before

    def step(self) -> None:
        """Wait for the next job that is due, and run it."""
        job = min(self._due, key=self._due.__getitem__)
        self.clock.advance(max(0.0, self._due.pop(job) - self.clock()))
        self._stepping = job
        job.step()
        self._stepping = None

    def run(self, steps: int = 10_000) -> None:
        """Run until nothing is left to do."""
        for _ in range(steps):
            if not self._due:
                return
            self.step()
        pytest.fail("the polling does not end")
