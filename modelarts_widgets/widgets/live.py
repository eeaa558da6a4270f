"""`Live`: what makes a widget follow something that is polled. Knows phases and views; draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from datetime import datetime, timezone
from typing import Any
from weakref import WeakSet

import traitlets

from ..api.client import ModelArtsClient
from ..polling import LOCK, SCHEDULER, Feed, Follower, Phase, follow, log_exceptions
from ..polling.stats import Stats
from .display import at_the_end
from .viewed import Viewed

ALL: WeakSet[Live] = WeakSet()
"""Every widget that follows something."""


class Live(Viewed):
    """Gives a widget `start`, `pause`, `resume`, `refresh` and `stop`, and keeps count of what comes.

    A child says what is asked for (`_fetch`, `_pulse`), shows it (`_show`), and frees its models (`_release`).
    """

    phase = traitlets.Unicode("idle", read_only=True)
    error = traitlets.Instance(Exception, allow_none=True, read_only=True)
    _is_closed = True  # until `_begin_life`

    def _begin_life(self, client: ModelArtsClient | None, *names: str) -> None:
        """Set up what following needs; before the first trait changes. The names say what is asked of the client."""
        self._begin_waiting()
        self._owns_client = client is None
        self.client = ModelArtsClient.from_env() if client is None else client
        self._key: Hashable = (self.client.endpoint, self.client.project_id, *names)
        self._feed: Feed[Any] | None = None
        self._follower: Follower[Any] = Follower(self._ask, self._hear, self._hear_error, self.interval)
        self._own_phase: Phase = "idle"
        self._was_seen = self._is_closed = self._insists = self._is_frozen = False
        self._answer = None
        self._answered_at: datetime | None = None
        self._error: Exception | None = None
        self._polls = self._changes = self._retries = self._edition = 0
        self._errors: Counter[str] = Counter()
        with LOCK:
            ALL.add(self)

    def _begin_to_look(self) -> None:
        """Begin to react to views and settings, and show what there is; at the end of a constructor."""
        self._view_count = 0  # from now on, the front end counts its views
        self.observe(self._apply_interval, ["interval", "heartbeat"])
        self.observe(self._follow_views, "_view_count")
        with LOCK:
            self._show(None)

    def _end_life(self) -> bool:
        """Follow no more, for good; say whether that was still to be done."""
        if self._is_closed:
            return False
        self.stop()
        self._is_closed = True
        if self._owns_client:
            self.client.close()
        return True

    # What a child provides.

    def _fetch(self) -> Any:  # noqa: ANN401 - the child knows
        """Ask once. Blocks for the request."""
        raise NotImplementedError

    def _pulse(self, answer: Any) -> object:  # noqa: ANN401 - the child knows
        raise NotImplementedError

    def _show(self, answer: Any) -> None:  # noqa: ANN401 - the child knows
        raise NotImplementedError

    def _keep(self) -> None:
        """Bring what is saved with the notebook up to date."""
        raise NotImplementedError

    def _say_goodbye(self) -> None:
        """Leave something readable; the process ends."""
        raise NotImplementedError

    @property
    def messages(self) -> int:
        """Messages to the front end so far."""
        raise NotImplementedError

    @property
    def _family(self) -> list[Viewed]:
        return [live for live in ALL if live._key == self._key]

    # Phases.

    def start(self) -> None:
        """Begin to poll. Does not block; does nothing where polling has begun already, whatever became of it."""
        with LOCK:
            if self._phase == "idle" and not self._is_closed:
                self._join()

    def pause(self) -> None:
        """Stop asking for now; the export itself goes on. Does not block."""
        with LOCK:
            if self._is_active:
                self._leave("paused")

    def resume(self, auth: Any = None) -> None:  # noqa: ANN401 - any auth object that requests takes
        """Go on after a pause, refused credentials or a stop, unless the card is closed. Does not block.

        Parameters
        ----------
        auth : requests.auth.AuthBase, optional
            New credentials, for all monitors of this client; those that have been waiting for some go
            on, too. Default: those it has.

        Raises
        ------
        ConfigurationError
            For credentials that are no auth object.
        """
        with LOCK:
            if auth is not None:
                self.client.auth = auth
            is_needed = auth is not None or not self._is_active
            if is_needed and self._phase != "done" and not self._is_closed:
                self._insists = auth is None  # whoever resumes knows that the credentials were refused
                self._join()
            if auth is not None:
                self._wake_others()

    def _wake_others(self) -> None:
        for other in [live for live in ALL if live is not self and live.client is self.client]:
            if other.phase == "needs-auth" and not other._is_closed:
                other._join()

    def refresh(self) -> None:
        """Ask at once instead of after the interval. Does not block; does nothing unless polling goes on."""
        with LOCK:
            if self._feed is not None and self._is_active:
                SCHEDULER.schedule(self._feed.poll)

    def stop(self) -> None:
        """End the polling until `resume`; the export itself goes on. Does not block; an answer under way is dropped."""
        with LOCK:
            if self._phase != "done":
                self._leave("stopped")

    def _toggle(self) -> None:
        """Pause or go on, at the click of one button."""
        if self._phase == "paused":
            self.resume()
        else:
            self.pause()

    @property
    def stats(self) -> Stats:
        """What following has cost so far."""
        with LOCK:
            delay = self._feed.poll.delay if self._feed else None
            errors = dict(self._errors)
            return Stats(self._polls, self._changes, self.messages, errors, self._retries, delay, SCHEDULER.threads)

    @property
    def _phase(self) -> Phase:
        return self._feed.poll.phase if self._feed else self._own_phase

    @property
    def _is_active(self) -> bool:
        return self._feed is not None and self._feed.poll.is_active

    @property
    def _is_heard_here(self) -> bool:
        return self._feed is not None and self._feed.poll.is_stepping_here

    @property
    def _reason(self) -> Exception | None:
        return self._feed.poll.ended_by if self._feed else None

    def _join(self) -> None:
        if self._feed is not None and not self._feed.poll.is_active:
            self._feed.leave(self._follower)
        self._follower.interval = self._wanted()
        self._feed = follow(self._key, self._follower, self._pulse)
        self._error = None
        if self._feed.latest is not None:
            self._answer = self._feed.latest
        self._keep()
        self._show(self._answer)

    def _leave(self, phase: Phase) -> None:
        self._own_phase = phase
        if self._feed is not None:
            feed, self._feed = self._feed, None
            feed.leave(self._follower)
        self._show(self._answer)
        self._keep()
        self._settle()

    # What comes.

    def _ask(self) -> Any:  # noqa: ANN401 - the child knows
        insists, self._insists = self._insists, False
        refusal = self.client.last_auth_error
        if refusal is not None and not insists:
            # Another widget has learned it already; one refusal each, and the access key would be locked.
            raise refusal.with_traceback(None)
        return self._fetch()

    def _hear(self, answer: Any) -> None:  # noqa: ANN401 - the child knows
        is_new = not _is_same(answer, self._answer)
        self._answered_at = datetime.now(timezone.utc)
        self._polls += 1
        self._changes += is_new
        self._answer, self._error = answer if is_new else self._answer, None
        self._show(self._answer)
        self._keep()
        self._settle()
        if is_new:
            self._call("update", self._told(answer))
        if answer.is_done:
            self._call("done", answer)

    def _hear_error(self, error: Exception) -> None:
        self._polls += 1
        self._errors[type(error).__name__] += 1
        self._retries += self._is_active
        self._error = error
        self._show(self._answer)
        self._keep()
        self._settle()

    def _publish(self, values: Mapping[str, object]) -> None:
        """Set traits, each on its own: an observer of one that raises does not hide the others."""
        self._edition = edition = self._edition + 1
        for name, value in values.items():
            if self._edition != edition:
                return  # an observer has paused, resumed or stopped: newer values are set already
            if value is not getattr(self, name):  # which spares traitlets most of its work
                with log_exceptions():
                    self.set_trait(name, value)


def _is_same(answer: Any, before: Any) -> bool:  # noqa: ANN401 - the child knows
    try:
        return bool(answer == before)
    except RecursionError:  # JSON can be deeper than Python compares
        return False


def _end() -> None:
    for live in list(ALL):
        with log_exceptions():
            live._say_goodbye()


at_the_end(_end)
