"""Times in UTC, or in the time zone of the machine where somebody wants that."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support import EXAMPLE, Script
from support.outputs import Outputs

from modelarts_widgets import ExportHistory, ExportMonitor, ExportTask
from modelarts_widgets.rendering.summary import select

ENDED = EXAMPLE | {"status": "SUCCESSED", "progress": 100.0}  # created at 03:50:24 UTC
needs_zones = pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its time zone")


@pytest.fixture
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine be in a time zone that is five and a half hours ahead."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "IST-5:30")
        time.tzset()
        yield
    time.tzset()


@needs_zones
@pytest.mark.usefixtures("in_kolkata")
def test_a_card_shows_utc_until_somebody_wants_local_time() -> None:
    monitor = ExportMonitor("d", "t", client=Script(ENDED))
    monitor.wait(60)
    assert "started 2020-11-23 03:50:24 UTC" in monitor.to_text()
    monitor.local_time = True
    for form in (monitor.to_text(), monitor.to_html()):
        assert "started 2020-11-23 09:20:24 +0530" in form
        assert "UTC" not in form
    monitor.close()


@needs_zones
@pytest.mark.usefixtures("in_kolkata")
def test_a_table_shows_and_finds_local_time() -> None:
    history = ExportHistory("d", client=Script(ENDED), local_time=True)
    history.wait(60)
    for form in (history.to_text(), history.to_html()):
        assert "Created (local)" in form
        assert "2020-11-23 09:20" in form
    task = ExportTask.from_json(ENDED)
    assert select([task], query="09:20", is_local=True)
    assert not select([task], query="09:20")
    history.close()


@needs_zones
@pytest.mark.usefixtures("in_kolkata")
def test_what_is_shown_already_changes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = Outputs(monkeypatch)
    monitor = ExportMonitor("d", "t", client=Script(ENDED))
    monitor.wait(60)
    monitor._ipython_display_()
    monitor.local_time = True
    assert "09:20:24 +0530" in outputs.texts[-1]
    monitor.close()
