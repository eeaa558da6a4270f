"""What the tests of watches are given: watches that are closed after the test, and both kinds of engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.engines import Driver, LoopDriver, ThreadDriver

from modelarts_widgets import Watch, watch_export, watch_exports
from modelarts_widgets.polling import engine as engines
from modelarts_widgets.polling.engine import LoopEngine
from modelarts_widgets.polling.threads import ThreadEngine


@pytest.fixture(params=["threads", "loop"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Put an engine of each kind in place, and return what lets it work."""
    running: Driver = ThreadDriver(ThreadEngine()) if request.param == "threads" else LoopDriver(LoopEngine())
    monkeypatch.setattr(engines, "ENGINE", running.engine)
    yield running
    running.close()


@pytest.fixture
def follow() -> Iterator[Callable[..., Watch[Any]]]:
    """Return a function that makes a watch of an export, or of all exports where no task is named."""
    made: list[Watch[Any]] = []

    def one(client: Any, task_id: str | None = "t", interval: float = 0.1) -> Watch[Any]:  # noqa: ANN401
        if task_id is None:
            made.append(watch_exports("d", client=client, interval=interval))
        else:
            made.append(watch_export("d", task_id, client=client, interval=interval))
        return made[-1]

    yield one
    for watch in made:
        watch.close()
