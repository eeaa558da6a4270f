from __future__ import annotations

import pytest

from modelarts_widgets import (
    AuthenticationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from modelarts_widgets.polling.backoff import (
    MAX_DELAY,
    MAX_FAILURES,
    MAX_NOT_FOUND,
    MAX_QUIET_DELAY,
    Decision,
    after_answer,
    after_error,
)

TRANSIENT = [
    ConnectionFailedError(),
    MalformedResponseError(),
    ThrottledError(status_code=429),
    ServiceError(status_code=408),
    ServiceError(status_code=500),
    ServiceError(status_code=503),
]


@pytest.mark.parametrize(
    ("quiet", "delay"), [(0.0, 2.0), (19.0, 2.0), (100.0, 10.0), (299.0, 29.9), (1e9, MAX_QUIET_DELAY)]
)
def test_the_delay_after_an_answer_grows_to_a_tenth_of_the_silence(quiet: float, delay: float) -> None:
    assert after_answer(is_final=False, interval=2.0, quiet=quiet) == ("polling", pytest.approx(delay), 0)


def test_an_interval_longer_than_the_quiet_delay_holds() -> None:
    assert after_answer(is_final=False, interval=600.0, quiet=1e9).delay == 600.0


def test_a_final_answer_ends_the_polling() -> None:
    assert after_answer(is_final=True, interval=2.0, quiet=0.0) == Decision("done", None)


@pytest.mark.parametrize("error", TRANSIENT, ids=str)
def test_a_passing_fault_is_waited_out(error: ModelArtsError) -> None:
    assert after_error(error, failures=1, interval=2.0) == Decision("retrying", 2.0, MAX_FAILURES)


def test_delays_double_up_to_a_cap_and_then_polling_pauses() -> None:
    decisions = [after_error(ConnectionFailedError(), failures=n, interval=2.0) for n in range(1, MAX_FAILURES + 1)]
    assert [decision.delay for decision in decisions] == [2.0, 4.0, 8.0, 16.0, 32.0, *[MAX_DELAY] * 4, None]
    assert [decision.phase for decision in decisions] == ["retrying"] * (MAX_FAILURES - 1) + ["paused"]


@pytest.mark.parametrize(("asked", "delay"), [(30.0, 30.0), (0.5, 2.0), (None, 2.0), (600.0, 600.0)])
def test_the_delay_that_the_service_asks_for_is_kept(asked: float | None, delay: float) -> None:
    assert after_error(ThrottledError(retry_after=asked), failures=1, interval=2.0).delay == delay


@pytest.mark.parametrize("error", [AuthenticationError(), PermissionDeniedError()], ids=repr)
def test_refused_credentials_are_not_tried_again(error: ModelArtsError) -> None:
    assert after_error(error, failures=1, interval=2.0) == Decision("needs-auth", None)


def test_what_is_not_found_is_believed_the_third_time() -> None:
    unknown = NotFoundError(status_code=400)
    decisions = [after_error(unknown, failures=n, interval=2.0) for n in (1, 2, 3)]
    assert decisions == [("retrying", 2.0, MAX_NOT_FOUND), ("retrying", 4.0, MAX_NOT_FOUND), ("stopped", None, 3)]


@pytest.mark.parametrize(
    "error", [NotFoundError(), ServiceError(status_code=400), ModelArtsError(), ZeroDivisionError()], ids=repr
)
def test_a_lasting_fault_ends_the_polling(error: Exception) -> None:
    assert after_error(error, failures=1, interval=2.0) == Decision("stopped", None)
