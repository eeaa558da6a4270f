"""Everything that can go wrong on the way, alone and in long random sequences: the right end is always reached."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from support import until
from support.virtual import VirtualEngine

from modelarts_widgets import ExportHistory, ExportMonitor, ExportTask, ModelArtsClient, TokenAuth
from modelarts_widgets.polling.backoff import MAX_FAILURES
from modelarts_widgets.polling.engine import ENGINE
from modelarts_widgets.simulator import FAULTS, Clock, SimulatedExport, Simulator

RENEWED = {"expired", "revoked"}
ASK_THE_USER = {"forbidden", "refused"}
LASTING = {"redirected", "bad request", "not published", "not found"}
"""What ends the polling sooner than others before the first good answer."""
PASSING = {
    *("reset", "stalled", "silent", "throttled", "throttled for seconds", "throttled until"),
    *("too many dataset requests", "timed out", "internal", "bad gateway", "unavailable", "unavailable for seconds"),
    *LASTING,
    *("gateway timed out", "identity down", "web page", "web page from a gateway", "empty"),
    *("empty error", "cut", "oversized", "array", "null", "text", "number", "no text"),
}
TOLERATED = {
    *("drip", "wrong types", "all null", "no fields", "unknown status", "no status", "backwards", "absurd numbers"),
    *("done too early", "code without failure", "hostile"),
}
UNSEEN = {"closed"}
"""What a request on a connection that was kept is asked again for, on a fresh one."""
NO_LIST = {"no fields"}
"""What passes for an export of which nothing is known, but not for a list of exports."""


def test_every_fault_of_the_simulator_is_tried() -> None:
    assert set(FAULTS) == RENEWED | ASK_THE_USER | PASSING | TOLERATED | UNSEEN
    assert len(FAULTS) >= 30


def test_a_fault_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no fault 'bad luck'"):
        Simulator().inject("bad luck")


class Watched:
    """A widget that follows a long export, alone or in a list, and what its callbacks heard."""

    def __init__(self, simulator: Simulator, kind: str, patience: float = 1.0, **options: Any) -> None:  # noqa: ANN401 - of add_export
        self.export: SimulatedExport = simulator.add_export(seconds=7_200.0, gradual=False, **options)
        auth = TokenAuth(simulator.issue_token)
        self.client = ModelArtsClient(simulator.endpoint, simulator.project_id, auth=auth, timeout=(5.0, patience))
        self.widget: Any
        if kind == "history":
            self.widget = ExportHistory(self.export.dataset_id, client=self.client, interval=0.1)
        else:
            ids = self.export.dataset_id, self.export.task_id
            options = {"interval": 0.1, "forecast": False}  # or the list would get one of the faults
            self.widget = ExportMonitor(*ids, client=self.client, **options)
        self.updates: list[Any] = []
        self.ends: list[ExportTask] = []
        self.widget.on_update(self.updates.append)
        self.widget.on_done(self.ends.append)

    @property
    def task(self) -> ExportTask | None:
        """What is known of the export."""
        known: ExportTask | None
        known = next(iter(self.widget.tasks), None) if hasattr(self.widget, "tasks") else self.widget.task
        return known

    @property
    def status(self) -> str | None:
        """The status word of the export."""
        return self.task.status if self.task else None

    def run(self, virtual: VirtualEngine) -> None:
        """Run until the export has ended, or polling has."""
        self.widget.start()
        while self.widget.phase in {"polling", "retrying"} and not self.widget.done():
            virtual.step()

    def assert_ended_well(self) -> None:
        """Check the state, that the end was told once, and that the widget shows it."""
        assert self.task is not None
        assert (self.status, self.task.progress) == ("SUCCESSED", 100.0)
        assert self.widget.phase in {"done", "polling"}
        assert self.widget.error is None
        assert self.ends == [self.task]
        assert self.updates[-1] in (self.task, [self.task])
        assert "✓ SUCCESSED" in self.widget.to_text()

    def close(self) -> None:
        """Free everything."""
        self.widget.close()
        self.client.close()


@pytest.fixture(params=["monitor", "history"])
def kind(request: pytest.FixtureRequest) -> str:
    """Tell which widget a test is about; all are about both."""
    name: str = request.param
    return name


@pytest.fixture
def watched(simulator: Simulator, kind: str) -> Iterator[Watched]:
    pair = Watched(simulator, kind)
    yield pair
    pair.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_survived(simulator: Simulator, clock: Clock, watched: Watched, kind: str, fault: str) -> None:
    widget = watched.widget
    widget.start()
    until(lambda: watched.status == "INIT")
    simulator.inject(fault)
    polls = widget.stats.polls
    until(lambda: widget.stats.polls > polls and not simulator._faults)
    if fault in ASK_THE_USER:
        until(lambda: ENGINE.threads == 0)
        assert widget.phase == "needs-auth"
        widget.resume()
    elif fault in PASSING:
        until(lambda: widget.error is None)
    clock.advance(7_200.0)
    assert widget.wait(20.0)
    watched.assert_ended_well()
    widget.pause()
    until(lambda: ENGINE.threads == 0)
    tolerated = TOLERATED - NO_LIST if kind == "history" else TOLERATED
    stats = widget.stats
    assert bool(stats.errors) == (fault not in RENEWED | UNSEEN | tolerated)
    unheard = simulator.requests - (fault in RENEWED | UNSEEN) - stats.polls
    assert unheard in {0, int(kind == "history")}, "but for the one that the pause has cut off"


@pytest.mark.parametrize("seed", range(20))
def test_fifty_faults_in_a_row_are_survived(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str, seed: int
) -> None:
    chance = random.Random(seed)
    faults = chance.choices([*sorted(FAULTS), ""], k=50)
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind, patience=0.1)
    widget = watched.widget
    simulator.inject(*faults)
    watched.run(virtual)
    resumed = 0
    while not widget.done():
        assert widget.phase in {"needs-auth", "stopped", "paused"}
        assert widget.to_text()
        widget.resume()
        resumed += 1
        watched.run(virtual)
    watched.assert_ended_well()
    final = sum(fault in ASK_THE_USER | LASTING for fault in faults)
    assert resumed <= final + 50 // MAX_FAILURES
    assert max(virtual.delays) <= 66.0
    watched.close()


@pytest.mark.parametrize("seed", range(5))
def test_passing_faults_need_nobody(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str, seed: int
) -> None:
    chance = random.Random(seed)
    faults = [fault for _ in range(17) for fault in (*chance.choices(sorted(PASSING - LASTING), k=2), "drip")]
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind)
    simulator.inject(*faults)
    watched.run(virtual)
    watched.assert_ended_well()
    assert watched.widget.stats.retries == 34
    watched.close()


def test_a_service_that_is_away_for_long_pauses_the_polling_and_says_so(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind)
    watched.widget.start()
    virtual.step()
    simulator.stop()
    watched.run(virtual)
    assert watched.widget.phase == "paused"
    assert f"call {kind}.resume()" in watched.widget.to_text()
    assert "○ INIT" in watched.widget.to_text(), "over the last good state"
    simulator.start()
    watched.widget.resume()
    watched.run(virtual)
    watched.assert_ended_well()
    watched.close()


def test_a_service_that_restarts_on_its_port_is_found_again(
    simulator: Simulator, clock: Clock, watched: Watched
) -> None:
    watched.widget.start()
    until(lambda: watched.status == "INIT")
    for _ in range(3):
        simulator.stop()
        until(lambda: watched.widget.error)
        simulator.start()
        until(lambda: watched.widget.error is None)
    clock.advance(7_200.0)
    assert watched.widget.wait(20.0)
    watched.assert_ended_well()


@pytest.mark.parametrize("fault", sorted(LASTING))
def test_what_is_odd_after_a_good_answer_is_believed_the_tenth_time(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str
) -> None:
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind)
    watched.widget.start()
    virtual.step()
    assert watched.status == "INIT"
    simulator.inject(*[fault] * MAX_FAILURES)
    for failed in range(1, MAX_FAILURES):
        virtual.step()
        assert watched.widget.phase == "retrying"
        assert f"attempt {failed} of {MAX_FAILURES} failed" in watched.widget.to_text()
    virtual.step()
    assert watched.widget.phase == "stopped"
    assert sum(watched.widget.stats.errors.values()) == MAX_FAILURES
    assert "○ INIT" in watched.widget.to_text()
    watched.close()


@pytest.mark.parametrize(("fault", "attempts"), [*zip(sorted(LASTING), (1, 3, 3, 1), strict=True)])
def test_what_is_odd_from_the_first_is_believed_sooner(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str, attempts: int
) -> None:
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind)
    simulator.inject(*[fault] * attempts)
    watched.run(virtual)
    assert watched.widget.phase == "stopped"
    assert sum(watched.widget.stats.errors.values()) == attempts == simulator.requests
    assert fault != "redirected" or "The endpoint is wrong" in watched.widget.to_text()
    watched.close()


def test_a_failed_export_survives_faults_too(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind, outcome="FAILED")
    simulator.inject("cut", "internal", "wrong types", "closed")
    watched.run(virtual)
    assert watched.status == "FAILED"
    assert len(watched.ends) == 1
    watched.close()


def test_the_wait_that_throttling_asks_for_is_kept(
    simulator: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    virtual, watched = VirtualEngine(clock, monkeypatch), Watched(simulator, kind)
    simulator.inject("throttled for seconds", "unavailable for seconds", "throttled")
    watched.widget.start()
    for _ in range(3):
        virtual.step()
    for delay, least in zip(virtual.delays, (1.0, 1.0, 0.4), strict=True):
        assert least <= delay <= 1.1 * least
    watched.close()
