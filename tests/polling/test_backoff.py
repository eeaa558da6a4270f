"""Every row of the table in the docstring, and the rules that it follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from modelarts_widgets import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    ModelArtsClient,
    ModelArtsError,
    PermissionDeniedError,
    ThrottledError,
)
from modelarts_widgets.api.responses import decode
from modelarts_widgets.polling import backoff
from modelarts_widgets.polling.backoff import (
    MAX_DELAY,
    MAX_FAILURES,
    MAX_QUIET_DELAY,
    Decision,
    after_answer,
    after_error,
)

PAGE = b"<!DOCTYPE html><title>Sign in</title>"


def answered(status: int, body: object = None) -> Exception:
    """Return the error that a response stands for."""
    with pytest.raises(ModelArtsError) as caught:
        decode(status, {}, body if isinstance(body, bytes) else json.dumps(body or {}).encode())
    return caught.value


def outcome(status: int, content: bytes) -> ModelArtsError | None:
    try:
        decode(status, {}, content)
    except ModelArtsError as error:
        return error
    return None


def coded(status: int, code: str) -> Exception:
    return answered(status, {"error_code": code, "error_msg": "told"})


def another_export() -> Exception:
    client: Any = ModelArtsClient("https://service.example.com", "p")
    client._get = lambda _: {"task_id": "another", "status": "SUCCESSED"}
    with pytest.raises(MalformedResponseError) as caught:
        client.get_export_task("d", "wanted")
    return caught.value


ANSWERS = {
    "401, refused": lambda: coded(401, "APIG.0301"),
    "403, forbidden": lambda: coded(403, "APIG.0302"),
    "200, refused": lambda: coded(200, "ModelArts.0203"),
    "400, not found": lambda: coded(400, "ModelArts.4359"),
    "404, not found": lambda: answered(404),
    "200, not found": lambda: coded(200, "ModelArts.4359"),
    "302, web page": lambda: answered(302, PAGE),
    "400, bad request": lambda: coded(400, "ModelArts.4384"),
    "409, conflict": lambda: answered(409),
    "425, too early": lambda: answered(425),
    "408, timed out": lambda: coded(408, "ModelArts.4205"),
    "429, throttled": lambda: coded(429, "APIG.0308"),
    "200, throttled": lambda: coded(200, "ModelArts.4395"),
    "500, internal": lambda: coded(500, "ModelArts.4301"),
    "503, web page": lambda: answered(503, PAGE),
    "200, another error": lambda: coded(200, "ModelArts.9999"),
    "200, web page": lambda: answered(200, PAGE),
    "200, another export": another_export,
    "401, web page": lambda: answered(401, PAGE),
    "403, web page": lambda: answered(403, PAGE),
    "407, web page": lambda: answered(407, PAGE),
    "no answer": ConnectionFailedError,
    "nothing was sent": ConfigurationError,
    "a fault of the caller's own": lambda: ZeroDivisionError("oops"),
}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (backoff.__doc__ or "").splitlines()
    if line.startswith("| ")
][2:]


def test_the_table_has_a_row_for_each_answer() -> None:
    assert [row[0] for row in ROWS] == list(ANSWERS)


@pytest.mark.parametrize(("answer", "before", "after", "words"), ROWS, ids=[row[0] for row in ROWS])
def test_polling_goes_on_and_ends_as_the_table_says(answer: str, before: str, after: str, words: str) -> None:
    error = ANSWERS[answer]()
    assert str(error).startswith(words)
    for has_answer, cell in enumerate((before, after)):
        phase, limit = cell.split(" at ")
        decisions = [
            after_error(error, failures=failures, interval=2.0, has_answer=bool(has_answer))
            for failures in range(1, int(limit) + 1)
        ]
        assert [decision.phase for decision in decisions] == ["retrying"] * (int(limit) - 1) + [phase]
        assert {decision.max_failures for decision in decisions} == {int(limit)}
        assert decisions[-1].delay is None


CODES = ["ModelArts.4359", "ModelArts.0203", "ModelArts.4395", "APIG.0101", "APIG.0302", "novel", ""]


@given(
    status=some.integers(200, 599),
    body=some.one_of(some.sampled_from(CODES).map(lambda code: {"error_code": code}), some.binary(), some.just(PAGE)),
    failures=some.integers(1, MAX_FAILURES - 1),
)
@example(status=302, body=PAGE, failures=1)
@example(status=404, body={}, failures=9)
def test_after_a_good_answer_only_a_refusal_by_the_service_ends_polling_before_the_tenth_failure(
    status: int, body: object, failures: int
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = outcome(status, content)
    if error is None:
        return
    is_refusal = isinstance(error, (AuthenticationError, PermissionDeniedError))
    first, last = (
        after_error(error, failures=count, interval=2.0, has_answer=True) for count in (failures, MAX_FAILURES)
    )
    assert first.phase == ("needs-auth" if is_refusal else "retrying")
    assert last.delay is None
    assert not (is_refusal and content == PAGE)


@pytest.mark.parametrize(
    ("quiet", "delay"), [(0.0, 2.0), (19.0, 2.0), (100.0, 10.0), (299.0, 29.9), (1e9, MAX_QUIET_DELAY)]
)
def test_the_delay_after_an_answer_grows_to_a_tenth_of_the_silence(quiet: float, delay: float) -> None:
    assert after_answer(is_final=False, interval=2.0, quiet=quiet) == ("polling", pytest.approx(delay), 0)


def test_an_interval_longer_than_the_quiet_delay_holds() -> None:
    assert after_answer(is_final=False, interval=600.0, quiet=1e9).delay == 600.0


def test_a_final_answer_ends_the_polling() -> None:
    assert after_answer(is_final=True, interval=2.0, quiet=0.0) == Decision("done", None)


def test_delays_double_up_to_a_cap_and_then_polling_pauses() -> None:
    decisions = [
        after_error(ConnectionFailedError(), failures=failures, interval=2.0, has_answer=False)
        for failures in range(1, MAX_FAILURES + 1)
    ]
    assert [decision.delay for decision in decisions] == [2.0, 4.0, 8.0, 16.0, 32.0, *[MAX_DELAY] * 4, None]
    assert [decision.phase for decision in decisions] == ["retrying"] * (MAX_FAILURES - 1) + ["paused"]


@pytest.mark.parametrize(("asked", "delay"), [(30.0, 30.0), (0.5, 2.0), (None, 2.0), (600.0, 600.0)])
def test_the_delay_that_the_service_asks_for_is_kept(asked: float | None, delay: float) -> None:
    throttled = ThrottledError(retry_after=asked)
    assert after_error(throttled, failures=1, interval=2.0, has_answer=False).delay == delay
