"""`Card`: the data of one export's card, and the sentences on it, which the text and HTML forms share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ..api.errors import ModelArtsError
from ..api.models import ExportTask
from ..api.text import printable
from ..polling.forecast import Forecast
from ..polling.speed import Speed
from ..polling.state import State
from .humanize import about, at_least, duration, percentage, plural, quantity, rate, shortened, span, timestamp

_SYMBOLS = {"INIT": "○", "RUNNING": "●", "SUCCESSED": "✓", "FAILED": "✗"}
_BADGES = {"retrying": "retrying", "paused": "paused", "needs-auth": "needs credentials", "stopped": "stopped"}
MAX_PROBLEM = 1_000
"""Longest error message, and longest advice below it, in characters."""
_LONG = 60
"""Seconds before the card shows how long an export has been running."""
_LAYOUTS = {1: "tree structure", 2: "tile structure"}


class Card(NamedTuple):
    """The data of a card: the last response, the state of polling and the estimates."""

    task_id: str
    """ID of the export task, or of the dataset if the card is the head of a table."""
    task: ExportTask | None = None
    """The export task from the last successful response."""
    phase: str = "idle"
    """Phase of polling: idle, polling, retrying, paused, needs-auth, done or stopped."""
    speed: Speed | None = None
    """Estimated speed of the export, or ``None`` if there is no estimate."""
    forecast: Forecast | None = None
    """Durations of earlier exports of the same kind, or ``None`` if there are too few."""
    error: BaseException | None = None
    """The exception since the last successful response; ``None`` if there is none."""
    failures: int = 0
    """Consecutive failed requests."""
    max_failures: int = 0
    """Consecutive failed requests after which polling pauses."""
    delay: float | None = None
    """Seconds until the next request, or ``None`` if none is scheduled."""
    answered_at: datetime | None = None
    """Time of the last successful response, in UTC."""
    note: str = ""
    """Advice to the reader; empty for the advice that belongs to the phase."""
    widget: str = "monitor"
    """Variable name in suggested calls: ``monitor``, ``history`` or ``watch``."""
    dataset_id: str = ""
    """ID of the dataset; empty if unknown."""
    is_local: bool = False
    """Whether times are shown in the time zone of this machine instead of UTC."""

    @classmethod
    def of(cls, state: State, task_id: str, **facts: Any) -> Card:  # noqa: ANN401 - fields of any type
        """Return a card from a polling state; `facts` are its other fields, such as ``task``, or override the state."""
        return cls(
            task_id,
            phase=state.phase,
            error=state.error,
            failures=state.failures,
            max_failures=state.max_failures,
            delay=state.delay,
            answered_at=state.answered_at if state.error else None,
        )._replace(**facts)

    @property
    def share(self) -> float | None:
        """Percent done, 0 to 100, or ``None`` if the service reports no progress."""
        fraction = self.task.fraction if self.task else None
        return None if fraction is None else 100 * fraction

    @property
    def is_waiting(self) -> bool:
        """Whether the export is running with unknown progress, which an indeterminate bar shows."""
        is_done = self.task is not None and self.task.is_done
        return self.share is None and not is_done and self.phase in {"idle", "polling", "retrying"}

    @property
    def severity(self) -> str:
        """Colour of the card: ok, bad, warn, busy, or quiet if a user has paused or stopped polling."""
        if self.task is not None and self.task.is_done:
            return "ok" if self.task.succeeded else "bad"
        if self.error is None:
            return "quiet" if self.phase in {"paused", "stopped"} else "busy"
        return "bad" if self.phase == "stopped" else "warn"

    @property
    def change_key(self) -> tuple[object, ...]:
        """Key that stays equal while only the progress changes, so that such redraws can be throttled."""
        return self.phase, self.task is None, self.task and self.task.status, self.error is None, self.is_local

    @property
    def badge(self) -> str:
        """Phase of polling in a word or two; empty while idle, polling or done."""
        return _BADGES.get(self.phase, "")

    def status(self) -> str:
        """Return the service's status word with a symbol, followed by the `badge`."""
        if self.task is None:
            symbol = "!" if self.error else "○"
            waiting = "no answer seen" if self.note else "waiting for the first answer"
            return f"{symbol} {self.badge or waiting}"
        return " · ".join(filter(None, [status_word(self.task), self.badge]))

    def last_seen(self) -> str:
        """Return the last status and progress with their time, for a card that will not be updated again."""
        if self.task is None or self.answered_at is None:
            return "no answer came"
        seen = " ".join(filter(None, [self.task.status or "no status given", self.percent()]))
        return f"last seen {shortened(seen, 60)} at {timestamp(self.answered_at, is_local=self.is_local)}"

    def percent(self) -> str:
        """Return the progress as text; empty if unknown."""
        return percentage(self.task.fraction if self.task else None)

    def counts(self) -> str:
        """Return the sample counts, the speed and the time left."""
        task = self.task
        if task is None:
            return ""
        parts = [_samples(task)]
        if self.speed is not None and self.phase == "polling":  # otherwise the time left would not count down
            parts += _speed_parts(self.speed, task.sample_counts[1])
        if self.phase in {"polling", "retrying"} and not task.is_done:
            parts += [time_taken(task)]
        if self.forecast is not None and self.phase == "polling" and not (self.share or task.is_done):
            parts += [_earlier(self.forecast)]
        return " · ".join(filter(None, parts))

    def route(self) -> tuple[tuple[str, str], ...]:
        """Return the dataset and the destination, if known, with their prepositions. Not shortened, not escaped."""
        places = ("from dataset", self.dataset_id), ("to", self.task.obs_uri if self.task else None)
        return tuple((word, place) for word, place in places if place)

    def times(self) -> tuple[str, str, str]:
        """Return the directory structure, the start time and the duration, each empty if unknown."""
        task = self.task
        if task is None:
            return "", "", ""
        started = f"started {timestamp(created, is_local=self.is_local)}" if (created := task.created_at) else ""
        return _LAYOUTS.get(task.export_format or 0, ""), started, time_taken(task) if task.is_done else ""

    def problem(self) -> str:
        """Return the error message, of polling or else of the export; empty if there is none."""
        if self.error is not None:
            is_ours = isinstance(self.error, ModelArtsError)
            return shortened(str(self.error) if is_ours else f"{type(self.error).__name__}: {self.error}", MAX_PROBLEM)
        if self.task is None or not self.task.failed:
            return ""
        words = printable(self.task.error_msg or "The service gives no reason")
        return shortened(f"{words} ({self.task.error_code})" if self.task.error_code else words, MAX_PROBLEM)

    def next_step(self, *, is_live: bool = False) -> str:
        """Return the `note`, or when the next attempt is due, or how to resume; empty while polling succeeds.

        Parameters
        ----------
        is_live : bool, default False
            Whether the reader can press buttons.
        """
        if self.note:
            return shortened(self.note, MAX_PROBLEM)
        when = self.answered_at  # why not its age? It would need a redraw every second
        since = f"last answer at {timestamp(when, is_local=self.is_local)}" if when else ""
        if self.phase == "retrying" and self.delay is not None:
            attempt = f"attempt {self.failures} of {self.max_failures} failed, next in {duration(self.delay)}"
            return " · ".join(filter(None, [attempt, since]))
        is_running = self.task is not None and not self.task.is_done
        return {
            "needs-auth": f"polling is paused: call {self.widget}.resume(auth=…) with new credentials",
            "paused": f"polling is paused: {'press Resume' if is_live else f'call {self.widget}.resume()'}",
            "stopped": since if is_running and self.error is None else "",
        }.get(self.phase, "")


def status_word(task: ExportTask) -> str:
    """Return the service's status word with its symbol."""
    status = task.status or "no status given"
    return f"{_SYMBOLS.get(status, '◇')} {shortened(status, 40)}"


def _samples(task: ExportTask) -> str:
    finished, total = task.sample_counts
    if finished is not None and total is not None:
        return f"{quantity(finished)} of {plural(total, 'sample')}"
    if total is not None:
        return plural(total, "sample")
    if finished is not None:
        return f"{plural(finished, 'sample')} so far"
    return "" if task.is_done or task.fraction is not None else "the service reports no progress yet"


def _speed_parts(speed: Speed, total: int | None) -> list[str]:
    if speed.stalled_for is not None:
        return [f"no progress for {at_least(speed.stalled_for)}"]
    samples = [rate(speed.share_per_second * total)] if total else []
    return [*samples, f"{about(speed.seconds_left)} left"]


def _earlier(forecast: Forecast) -> str:
    """Return the durations of earlier exports. Why not a time left? They are too few to predict this one."""
    sizes = forecast.sizes and f", of {quantity(forecast.sizes[0])} to {plural(forecast.sizes[1], 'sample')},"
    took = span(forecast.shortest, forecast.longest)
    return f"the last {forecast.exports} exports of this kind{sizes or ''} took {took}"


def time_taken(task: ExportTask) -> str:
    """Return the duration of an export, so far or final; empty if short so far, or unknown."""
    created, updated = task.created_at, task.updated_at
    if created is None or updated is None:
        return ""
    seconds = (updated - created).total_seconds()  # why not until now? The clocks of service and reader may differ
    if task.is_done:
        return f"took {duration(seconds)}" if seconds >= 0 else ""
    return f"running for {at_least(seconds)}" if seconds >= _LONG else ""


def beside_note(state: State, now: datetime) -> str:
    """Return the note of a static form saved beside a live widget; empty unless idle or polling.

    Why a time and not "running"? A notebook that is opened later shows the static form, never updated.
    """
    if state.phase not in {"idle", "polling"}:
        return ""
    seen = f"as of {timestamp(state.answered_at)}" if state.answered_at else f"followed since {timestamp(now)}"
    return f"{seen}; live where widgets work: trust this notebook, or show it again"
