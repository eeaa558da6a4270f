"""Time that passes only when a test steps: polls run here, one after the other, on the simulator's clock."""

from __future__ import annotations

import math

import pytest

from modelarts_widgets.polling.engine import Act, Job, LoopEngine, Timer
from modelarts_widgets.simulator import Clock


class VirtualEngine(LoopEngine):
    """Stands in for the engine of the process: the one without threads, pumped by `step` instead of a loop."""

    needs_loop = False

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(clock)
        self.delays: list[float] = []
        """The delays that followed answers and errors."""
        self._takes_answer = False
        self._virtual = clock
        monkeypatch.setattr("modelarts_widgets.polling.engine.ENGINE", self)
        monkeypatch.setattr("modelarts_widgets.polling.poll.JITTER", 0.0)

    def wake(self) -> None:
        """Go on by `step` and `run` alone."""

    def at(self, delay: float, act: Act) -> Timer:
        """Run an act after a delay."""
        if self._takes_answer:
            self.delays.append(delay)
        return super().at(delay, act)

    def _work(self, job: Job) -> None:
        if not job.calls_out:
            take = job.then

            def then(result: object) -> None:
                self._takes_answer = True
                take(result)
                self._takes_answer = False

            job = job._replace(then=then)
        super()._work(job)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return not self._jobs and self._fire(0) == math.inf

    def step(self) -> None:
        """Wait until the next timer is due, and run it and the request that it sends."""
        assert not self.is_over, "nothing is left to do"
        if not self._jobs:
            self._virtual.advance(max(0.0, self._fire(0) - self.clock()))
        self.turn()

    def run(self, steps: int = 10_000) -> None:
        """Run until nothing is left to do."""
        for _ in range(steps):
            if self.is_over:
                return
            self.step()
        pytest.fail("the polling does not end")
