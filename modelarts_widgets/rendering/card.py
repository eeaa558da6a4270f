"""What a card says, line by line, before it is text or HTML."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..api.errors import ModelArtsError
from ..api.models import ExportTask
from ..polling.speed import Pace
from .humanize import about, at_least, duration, moment, plural, printable, quantity, rate, shortened
from .labels import meaning

_SYMBOLS = {"INIT": "○", "RUNNING": "●", "SUCCESSED": "✓", "FAILED": "✗"}
_BADGES = {"retrying": "retrying", "paused": "paused", "needs-auth": "needs credentials", "stopped": "stopped"}
_MAX_TOTAL = 10**18
_LONG = 60
"""Seconds from which on it is worth saying how long an export has been running."""
_LAYOUTS = {1: "tree layout", 2: "flat layout"}


class Card(NamedTuple):
    """Everything that is known when a card is drawn."""

    task_id: str
    task: ExportTask | None = None
    """The last good answer."""
    phase: str = "idle"
    """Of the polling: idle, polling, retrying, paused, needs-auth, done or stopped."""
    pace: Pace | None = None
    error: BaseException | None = None
    """What went wrong since the last good answer."""
    failures: int = 0
    """Failed requests in a row."""
    max_failures: int = 0
    """Failed requests in a row after which polling pauses."""
    delay: float | None = None
    """Seconds until the next request, where there is one."""
    answered_at: datetime | None = None
    """When the last good answer came, in UTC."""
    note: str = ""
    """What else is to be said about the state of the card."""
    widget: str = "monitor"
    """What the example of a call goes by."""

    @property
    def share(self) -> float | None:
        """Percent done, 0 to 100, or ``None`` where the service gives none."""
        fraction = self.task.fraction if self.task else None
        return None if fraction is None else 100 * fraction

    @property
    def is_waiting(self) -> bool:
        """Whether work goes on whose share is unknown: the bar moves without a value."""
        is_done = self.task is not None and self.task.is_done
        return self.share is None and not is_done and self.phase in {"idle", "polling", "retrying"}

    @property
    def kind(self) -> str:
        """The mood of the card, for its colour: ok, bad, warn or busy."""
        if self.task is not None and self.task.is_done:
            return "ok" if self.task.succeeded else "bad"
        if self.error is None:
            return "busy"
        return "bad" if self.phase == "stopped" else "warn"

    @property
    def mood(self) -> tuple[object, ...]:
        """What makes a change of the card more than a tick of its bar."""
        return self.phase, self.task is None, self.task and self.task.status, self.kind

    @property
    def badge(self) -> str:
        """Our own phase in a word; empty where polling simply goes on."""
        return _BADGES.get(self.phase, "")

    def status(self) -> str:
        """Say the service's status word with a symbol; our own phase where polling does not simply go on."""
        if self.task is None:
            return f"! {self.badge}" if self.badge else "○ waiting for the first answer"
        return " · ".join(filter(None, [status_word(self.task), self.badge]))

    def status_meaning(self) -> str:
        """Say the status in words; empty for a word that is not documented."""
        return meaning("ExportTask", "status", self.task.status) if self.task else ""

    def last_seen(self) -> str:
        """Say what was known at last, for a card that will not change any more."""
        if self.task is None or self.answered_at is None:
            return "no answer came"
        seen = " ".join(filter(None, [self.task.status or "no status given", self.percent()]))
        return f"last seen {shortened(seen, 60)} at {moment(self.answered_at)}"

    def percent(self) -> str:
        """Write the share, or nothing where it is unknown."""
        return "" if self.share is None else f"{self.share:.1f} %"

    def counts(self) -> str:
        """Say how many samples, how fast and for how much longer."""
        if self.task is None:
            return ""
        parts = [_samples(self.task)]
        if self.pace is not None and self.phase == "polling":  # else the time left would stand still
            parts += _speed(self.pace, self.task.total_sample_count)
        parts += [_running(self.task)] if self.phase in {"polling", "retrying"} else []
        return " · ".join(filter(None, parts))

    def destination(self) -> str:
        """Say where the export goes, as an OBS address."""
        return shortened(self.task.obs_uri or "") if self.task else ""

    def times(self) -> str:
        """Say how the export is laid out, when it started and how long it took."""
        if self.task is None:
            return ""
        parts = [_LAYOUTS.get(self.task.export_format or 0, "")]
        parts += [f"started {moment(self.task.created_at)}"] if self.task.created_at else []
        parts += [_elapsed(self.task)] if self.task.is_done else []
        return " · ".join(filter(None, parts))

    def problem(self) -> str:
        """Say what went wrong, in the export or in asking about it; empty when nothing did."""
        if self.error is not None:
            is_ours = isinstance(self.error, ModelArtsError)
            return shortened(str(self.error) if is_ours else f"{type(self.error).__name__}: {self.error}", 1_000)
        if self.task is None or not self.task.failed:
            return ""
        words = printable(self.task.error_msg or "The service gives no reason")
        return shortened(f"{words} ({self.task.error_code})" if self.task.error_code else words, 1_000)

    def next_step(self) -> str:
        """Say what happens next; empty when polling simply goes on."""
        if self.note:
            return shortened(self.note, 1_000)
        if self.phase == "retrying" and self.delay is not None:
            # The age of the answer would tick; its time does not.
            since = f" · last answer at {moment(self.answered_at)}" if self.answered_at else ""
            return f"retrying in {duration(self.delay)}, {self.failures} of {self.max_failures}{since}"
        return {
            "needs-auth": f"polling is paused, call {self.widget}.resume(auth=…)",
            "paused": f"polling is paused, call {self.widget}.resume()",
            "stopped": "polling has ended",
        }.get(self.phase, "")


def status_word(task: ExportTask) -> str:
    """Write the service's status word with its symbol."""
    status = task.status or "no status given"
    return f"{_SYMBOLS.get(status, '◇')} {shortened(status, 40)}"


def _samples(task: ExportTask) -> str:
    finished, total = task.finished_sample_count, task.total_sample_count
    if finished is not None and total is not None:
        return f"{quantity(finished)} of {plural(total, 'sample')}"
    if total is not None:
        return plural(total, "sample")
    if finished is not None:
        return f"{plural(finished, 'sample')} so far"
    return "" if task.is_done or task.fraction is not None else "the service reports no progress yet"


def _speed(pace: Pace, total: int | None) -> list[str]:
    if pace.stalled_for is not None:
        return [f"no progress for {at_least(pace.stalled_for)}"]
    speed = [rate(pace.share_per_second * min(total, _MAX_TOTAL))] if total else []
    return [*speed, f"{about(pace.seconds_left)} left"]


def _running(task: ExportTask) -> str:
    """Say how long it has been going on by the service's own clock, so that no other clock can make it negative."""
    if task.is_done or task.created_at is None or task.updated_at is None:
        return ""
    seconds = (task.updated_at - task.created_at).total_seconds()
    return f"running for {at_least(seconds)}" if seconds >= _LONG else ""


def _elapsed(task: ExportTask) -> str:
    if task.created_at is None or task.updated_at is None or task.updated_at < task.created_at:
        return ""
    return f"took {duration((task.updated_at - task.created_at).total_seconds())}"
