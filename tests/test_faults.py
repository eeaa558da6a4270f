"""Everything that can go wrong on the way, alone and in long random sequences: the right end is always reached."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import until
from virtual import VirtualScheduler

from modelarts_widgets import ExportMonitor, ExportTask, ModelArtsClient, NotFoundError, TokenAuth
from modelarts_widgets.polling import MAX_FAILURES, SCHEDULER
from modelarts_widgets.simulator import FAULTS, Clock, SimulatedExport, Simulator

RENEWED = {"expired", "revoked"}
ASK_THE_USER = {"forbidden", "refused"}
FINAL = {"redirected", "bad request", "not published"}
PASSING = {
    *("closed", "reset", "stalled", "silent", "throttled", "throttled for seconds", "throttled until"),
    *("too many dataset requests", "timed out", "internal", "bad gateway", "unavailable", "unavailable for seconds"),
    *("gateway timed out", "identity down", "not found", "web page", "web page from a gateway", "empty"),
    *("empty error", "cut", "oversized", "array", "null", "text", "number", "no text"),
}
TOLERATED = {
    *("drip", "wrong types", "all null", "no fields", "unknown status", "no status", "backwards", "absurd numbers"),
    *("done too early", "code without failure", "hostile"),
}


def test_every_fault_of_the_simulator_is_tried() -> None:
    assert set(FAULTS) == RENEWED | ASK_THE_USER | FINAL | PASSING | TOLERATED
    assert len(FAULTS) >= 30


def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no fault 'bad luck'"):
        Simulator().inject("bad luck")


class Watched:
    """A monitor of a long export, and what its callbacks heard."""

    def __init__(self, simulator: Simulator, patience: float = 1.0, **options: Any) -> None:  # noqa: ANN401 - of add_export
        self.export: SimulatedExport = simulator.add_export(seconds=7_200.0, gradual=False, **options)
        auth = TokenAuth(simulator.issue_token)
        self.client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, timeout=(5.0, patience))
        self.monitor = ExportMonitor(self.export.dataset_id, self.export.task_id, client=self.client, interval=0.1)
        self.updates: list[ExportTask] = []
        self.ends: list[ExportTask] = []
        self.errors: list[str] = []
        self.monitor.on_update(self.updates.append)
        self.monitor.on_done(self.ends.append)
        self.monitor.observe(lambda change: self.errors.append(type(change["new"]).__name__), "error")

    def assert_ended_well(self) -> None:
        """Check the state, that the end was told once, and that the card shows it."""
        assert (self.monitor.phase, self.monitor.status, self.monitor.progress) == ("done", "SUCCESSED", 100.0)
        assert self.monitor.error is None
        assert self.ends == [self.monitor.task] == self.updates[-1:]
        assert "✓ SUCCESSED" in self.monitor.to_text()

    def close(self) -> None:
        """Free everything."""
        self.monitor.close()
        self.client.close()


@pytest.fixture
def watched(simulator: Simulator) -> Iterator[Watched]:
    pair = Watched(simulator)
    yield pair
    pair.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_survived(simulator: Simulator, clock: Clock, watched: Watched, fault: str) -> None:
    monitor = watched.monitor
    monitor.start()
    until(lambda: monitor.status == "INIT")
    simulator.inject(fault)
    polls = monitor.stats.polls
    until(lambda: monitor.stats.polls > polls and not simulator._faults)
    if fault in ASK_THE_USER | FINAL:
        until(lambda: SCHEDULER.threads == 0)
        assert monitor.phase == ("needs-auth" if fault in ASK_THE_USER else "stopped")
        monitor.resume()
    elif fault in PASSING:
        until(lambda: monitor.error is None)
    clock.advance(7_200.0)
    assert monitor.wait(20.0).succeeded
    watched.assert_ended_well()
    kinds = [name for name in watched.errors if name != "NoneType"]
    assert bool(kinds) == (fault not in RENEWED | TOLERATED)
    stats = monitor.stats
    assert sum(stats.errors.values()) == len(kinds)
    assert stats.polls == simulator.requests - (fault in RENEWED), "nothing was asked that nobody heard of"


@pytest.mark.parametrize("seed", range(20))
def test_fifty_faults_in_a_row_are_survived(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    faults = chance.choices([*sorted(FAULTS), ""], k=50)
    scheduler, watched = VirtualScheduler(clock, monkeypatch), Watched(simulator, patience=0.1)
    monitor = watched.monitor
    simulator.inject(*faults)
    monitor.start()
    scheduler.run()
    resumed = 0
    while monitor.phase != "done":
        assert monitor.phase in {"needs-auth", "stopped", "paused"}
        assert monitor.to_text()
        monitor.resume()
        resumed += 1
        scheduler.run()
    watched.assert_ended_well()
    final = sum(fault in ASK_THE_USER | FINAL | {"not found"} for fault in faults)
    assert resumed <= final + 50 // MAX_FAILURES
    assert max(scheduler.delays) <= 66.0
    watched.close()


@pytest.mark.parametrize("seed", range(5))
def test_passing_faults_need_nobody(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    faults = [fault for _ in range(17) for fault in (*chance.choices(sorted(PASSING - {"not found"}), k=2), "drip")]
    scheduler, watched = VirtualScheduler(clock, monkeypatch), Watched(simulator)
    simulator.inject(*faults)
    watched.monitor.start()
    scheduler.run()
    watched.assert_ended_well()
    assert watched.monitor.stats.retries == 34
    watched.close()


def test_a_service_that_is_away_for_long_pauses_the_polling_and_says_so(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, watched = VirtualScheduler(clock, monkeypatch), Watched(simulator)
    watched.monitor.start()
    scheduler.step()
    simulator.stop()
    scheduler.run()
    assert watched.monitor.phase == "paused"
    assert "call monitor.resume()" in watched.monitor.to_text()
    assert "○ INIT" in watched.monitor.to_text(), "over the last good state"
    simulator.start()
    watched.monitor.resume()
    scheduler.run()
    watched.assert_ended_well()
    watched.close()


def test_a_service_that_restarts_on_its_port_is_found_again(
    simulator: Simulator, clock: Clock, watched: Watched
) -> None:
    watched.monitor.start()
    until(lambda: watched.monitor.status == "INIT")
    for _ in range(3):
        simulator.stop()
        until(lambda: watched.monitor.error)
        simulator.start()
        until(lambda: watched.monitor.error is None)
    clock.advance(7_200.0)
    assert watched.monitor.wait(20.0).succeeded
    watched.assert_ended_well()


def test_a_task_that_disappears_is_believed_the_third_time(simulator: Simulator, watched: Watched) -> None:
    watched.monitor.start()
    until(lambda: watched.monitor.status == "INIT")
    simulator.inject(*["not found"] * 3)
    with pytest.raises(NotFoundError):
        watched.monitor.wait(20.0)
    assert watched.monitor.phase == "stopped"
    assert watched.monitor.stats.errors == {"NotFoundError": 3}
    assert "○ INIT" in watched.monitor.to_text()


def test_a_failed_export_survives_faults_too(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, watched = VirtualScheduler(clock, monkeypatch), Watched(simulator, outcome="FAILED")
    simulator.inject("cut", "internal", "wrong types", "closed")
    watched.monitor.start()
    scheduler.run()
    assert (watched.monitor.phase, watched.monitor.status) == ("done", "FAILED")
    assert len(watched.ends) == 1
    watched.close()


def test_the_wait_that_throttling_asks_for_is_kept(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, watched = VirtualScheduler(clock, monkeypatch), Watched(simulator)
    simulator.inject("throttled for seconds", "unavailable for seconds", "throttled")
    watched.monitor.start()
    for _ in range(3):
        scheduler.step()
    for delay, least in zip(scheduler.delays, (1.0, 1.0, 0.4), strict=True):
        assert least <= delay <= 1.1 * least
    watched.close()
