"""Cards of every state, for what draws them; and strict reading of what is drawn."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import html5lib

from modelarts_widgets import AuthenticationError, ExportTask, NotFoundError, ServiceError
from modelarts_widgets.polling.speed import Speed
from modelarts_widgets.rendering import LIVE, Card, Table, bar_html, facts_html, head_html, tree_html
from modelarts_widgets.rendering.tree import task_tree

from . import DATA, EXAMPLE

CONDITIONS = [
    {"hard": "1", "label_list": {"op": "OR", "labels": [{"name": "cat"}, {"name": "dog"}]}, "sample_time": "month"},
    {"sample_name": ".png"},
]
LISTED = json.loads((DATA / "list_succeeded.json").read_text())["export_tasks"]
REQUESTED = {"export_type": 3, "export_params": {"sample_state": "", "export_dest": "DIR"}}
IN = "/test-obs/classify/input/"
NEW = {
    "sample_state": "",
    "export_dest": "NEW_DATASET",
    "export_new_dataset_name": "dataset-export-test",
    "export_new_dataset_work_path": "/test-obs/classify/output/",
}
COUNTS = {"progress": 42.0, "finished_sample_count": 8_400, "total_sample_count": 20_000}
ENDED = {"status": "SUCCESSED", "progress": 100.0, "finished_sample_count": 20, "total_sample_count": 20}


def card(*, phase: str = "polling", **changes: Any) -> Card:  # noqa: ANN401 - any JSON
    """Return a card of the documented example with changes."""
    return Card("TZMuy7OKbClkGCAc3gb", ExportTask.from_json(EXAMPLE | changes), phase)


CARDS = {
    "waiting": Card("TZMuy7OKbClkGCAc3gb", phase="polling"),
    "example": card(),
    "running": card(**COUNTS, export_params=EXAMPLE["export_params"] | {"search_conditions": CONDITIONS})._replace(
        speed=Speed(0.006, 96.7), dataset_id="pFNTcKfq7sjnWBLyMe1"
    ),
    "succeeded": card(phase="done", **ENDED),
    "failed": card(phase="done", status="FAILED", error_code="ModelArts.4401", error_msg="The bucket is full."),
    "retrying": card(**COUNTS)._replace(
        phase="retrying", error=ServiceError(status_code=503), failures=2, max_failures=10, delay=8.0
    ),
    "refused": card(phase="needs-auth", **COUNTS)._replace(
        error=AuthenticationError(error_msg="expired", status_code=401)
    ),
    "listed-new-dataset": Card("rF9NNoB56k5rtYKg2Y7", ExportTask.from_json(LISTED[0])),
    "listed-directory": Card("TZMuy7OKbClkGCAc3gb", ExportTask.from_json(LISTED[1])),
    "created": Card("rF9NNoB56k5rtYKg2Y7", ExportTask.from_json({"task_id": "rF9NNoB56k5rtYKg2Y7"})),
    "requested-directory": Card("", ExportTask.from_json(REQUESTED | {"path": "/test-obs/daoChu/"})),
    "requested-new-dataset": Card("", ExportTask.from_json(REQUESTED | {"export_params": NEW, "path": IN})),
    "older-revision": card(export_params=EXAMPLE["export_params"] | {"clear_difficult": False}),
    "everything": Card(
        "everything", ExportTask.from_json(json.loads((DATA / "everything.json").read_text())), "polling"
    ),
    "left": card(phase="stopped", **COUNTS)._replace(note="last seen RUNNING 42.0 % at some time; go on with …"),
    "paused": card(phase="paused", **COUNTS)._replace(dataset_id="pFNTcKfq7sjnWBLyMe1"),
    "stopped": card(phase="stopped", **COUNTS)._replace(answered_at=datetime(2020, 11, 23, 4, tzinfo=timezone.utc)),
    "closed": Card("TZMuy7OKbClkGCAc3gb", phase="stopped"),
    "lost": Card("no-such-task", phase="stopped", error=NotFoundError(error_code="ModelArts.4359", status_code=400)),
}


def strict(markup: str) -> Any:  # noqa: ANN401 - html5lib has no types
    """Parse HTML, and raise for whatever is not well formed."""
    return html5lib.HTMLParser(strict=True).parseFragment(markup)


def live_html(drawn: Card) -> str:
    """Draw all parts of the live card."""
    rows = task_tree(drawn.task) if drawn.task else ()
    return "".join(part(drawn, LIVE) for part in (head_html, bar_html, facts_html)) + tree_html(rows, LIVE)


TABLE = Table(
    Card("d", phase="polling"), (), (ExportTask.from_json(LISTED[0]),) * 11, 0, Card(LISTED[0]["task_id"])
)._replace(tasks=(ExportTask.from_json(LISTED[0]),) * 12)
