"""What one widget costs does not depend on how many there are: work is counted here, and not time."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support import EXAMPLE, Script, until

from modelarts_widgets import ExportMonitor
from modelarts_widgets.polling.state import Subject
from modelarts_widgets.widgets import family

RUNNING = EXAMPLE | {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
MANY = 50


@pytest.fixture
def monitors() -> Iterator[list[ExportMonitor]]:
    """Return monitors of as many exports, which poll."""
    client = Script(RUNNING)
    made = [ExportMonitor("d", f"t{number}", client=client, interval=600.0) for number in range(MANY)]
    for monitor in made:
        monitor.start()
    until(lambda: all(monitor.stats.polls for monitor in made))
    yield made
    for monitor in made:
        monitor.close()


def test_a_view_that_comes_asks_only_those_of_its_export(
    monitors: list[ExportMonitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    key = Subject.key.fget

    def counted(subject: Subject[Any]) -> Any:  # noqa: ANN401 - whatever the key is
        asked[subject.title] += 1
        return key(subject)

    again = ExportMonitor("d", "t0", client=monitors[0].watch._subject.client)
    monkeypatch.setattr(Subject, "key", property(counted))
    monitors[0].set_state({"_view_count": 1})
    again.set_state({"_view_count": 1})
    monkeypatch.undo()
    again.close()
    assert set(asked) == {"Export t0"}


def test_a_family_goes_with_the_last_of_its_widgets() -> None:
    made = [ExportMonitor("family", "t", client=Script(RUNNING)) for _ in range(2)]
    (path,) = {monitor.watch._subject.path for monitor in made}
    assert len(family.members(family._FAMILIES[path])) == len(made)
    made.pop().close()
    until(lambda: gc.collect() >= 0 and len(family.members(family._FAMILIES[path])) == len(made))
    made.pop().close()
    until(lambda: gc.collect() >= 0 and path not in family._FAMILIES)


def test_nothing_is_rendered_for_outputs_that_are_not_there(
    monitors: list[ExportMonitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []
    monkeypatch.setattr(ExportMonitor, "_render", lambda self, _="": rendered.append(self.task_id) or {})
    for monitor in monitors:
        monitor.close()
    assert not rendered
    monkeypatch.undo()
    assert all("stopped" in monitor.to_text() for monitor in monitors)
