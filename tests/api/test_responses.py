"""What each answer means; the codes are those of the service's and the gateway's published tables."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelarts_widgets import (
    AuthenticationError,
    ConnectionFailedError,
    ExportTask,
    MalformedResponseError,
    ModelArtsError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    ThrottledError,
)
from modelarts_widgets.api.responses import decode

A, P, N, T, S = AuthenticationError, PermissionDeniedError, NotFoundError, ThrottledError, ServiceError
CODES = [
    (400, "ModelArts.4359", N, "no such export task"),
    (400, "ModelArts.4352", N, "no such dataset"),
    (400, "ModelArts.4338", N, "no such dataset"),
    (400, "ModelArts.4353", N, "no such dataset version"),
    (400, "ModelArts.4358", S, "did not accept"),
    (400, "ModelArts.4384", S, "did not accept"),
    (400, "ModelArts.4401", S, "did not accept"),
    (400, "ModelArts.4710", S, "did not accept"),
    (400, "ModelArts.4392", S, "did not accept"),
    (400, "ModelArts.4393", S, "did not accept"),
    (400, "ModelArts.4311", S, "did not accept"),
    (400, "ModelArts.4312", S, "did not accept"),
    (400, "ModelArts.4313", S, "did not accept"),
    (400, "ModelArts.4314", S, "did not accept"),
    (400, "ModelArts.4315", S, "did not accept"),
    (400, "ModelArts.1002", S, "did not accept"),
    (400, "ModelArts.1003", S, "did not accept"),
    (400, "ModelArts.0210", N, "no such project"),
    (403, "ModelArts.4310", P, "OBS"),
    (403, "ModelArts.4335", P, "may not read"),
    (403, "ModelArts.4336", P, "may not read"),
    (401, "ModelArts.0201", A, "without credentials"),
    (401, "ModelArts.0202", A, "expired"),
    (401, "ModelArts.0203", A, "refused"),
    (401, "ModelArts.0206", A, "refused"),
    (401, "ModelArts.0207", A, "project scope"),
    (401, "ModelArts.0210", A, "refused"),
    (401, "ModelArts.0212", A, "project scope"),
    (401, "ModelArts.4127", A, "expired"),
    (401, "ModelArts.4201", A, "refused"),
    (403, "ModelArts.0203", A, "rejected the token"),
    (403, "ModelArts.0206", A, "access key or the secret key"),
    (403, "ModelArts.0210", P, "project ID"),
    (404, "ModelArts.2786", P, "project ID"),
    (404, "ModelArts.4204", N, "not published"),
    (404, "ModelArts.6623", N, "no such dataset"),
    (408, "ModelArts.4205", S, "in time"),
    (408, "ModelArts.6100", S, "in time"),
    (503, "ModelArts.4302", S, "not available"),
    (503, "ModelArts.4700", S, "not available"),
    (504, "ModelArts.4503", S, "in time"),
    (429, "ModelArts.2799", T, "fewer requests"),
    (429, "ModelArts.4206", T, "fewer requests"),
    (429, "ModelArts.4395", T, "fewer requests"),
    (429, "ModelArts.6101", T, "fewer requests"),
    (500, "ModelArts.2951", S, "internal error"),
    (500, "ModelArts.4301", S, "internal error"),
    (500, "ModelArts.4302", S, "internal error"),
    (500, "ModelArts.4505", S, "internal error"),
    (500, "ModelArts.5039", S, "internal error"),
    (500, "ModelArts.6692", S, "internal error"),
    (404, "APIG.0101", N, "not published at this endpoint"),
    (400, "APIG.0201", S, "did not accept"),
    (413, "APIG.0201", S, "did not accept"),
    (414, "APIG.0201", S, "did not accept"),
    (494, "APIG.0201", S, "did not accept"),
    (502, "APIG.0201", S, "not available"),
    (504, "APIG.0201", S, "in time"),
    (401, "APIG.0301", A, "refused"),
    (403, "APIG.0302", P, "may not read"),
    (401, "APIG.0307", A, "expired"),
    (429, "APIG.0308", T, "fewer requests"),
    (503, "APIG.0613", S, "not available"),
    (404, "APIGW.0101", N, "not published at this endpoint"),
    (401, "APIGW.0307", A, "expired"),
]
PAGE = b"<!DOCTYPE html><html><head><title>Sign\n in &amp; pay\x1b[2J</title></head></html>"
REFUSALS = [
    ("verify aksk signature fail", "check the secret key", False),
    ("decrypt token fail", "rejected the token", False),
    ("x-auth-token not found", "without credentials", False),
    ("token expires, expires_at: 2026-01-01T00:00:00.000000Z", "expired", True),
    ("Get secretKey failed,ak:ABC,err:ak not exist", "no such access key", False),
    ("AK access failed to reach the limit,forbidden", "locked for some minutes", False),
    ("calc aksk signature fail:signature expired", "the clock of this machine", False),
    ("something new", "The credentials were refused", False),
]


def error(status: int, document: object, **headers: str) -> ModelArtsError:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ModelArtsError) as caught:
        decode(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    return caught.value


@pytest.mark.parametrize(("status", "code", "kind", "words"), CODES)
def test_every_documented_code_becomes_the_error_it_means(
    status: int, code: str, kind: type[ModelArtsError], words: str
) -> None:
    found = error(status, {"error_code": code, "error_msg": "told"}, X_Request_Id="r1")
    assert type(found) is kind
    assert (found.status_code, found.error_code, found.error_msg) == (status, code, "told")
    assert found.request_id == "r1"
    assert words in str(found).partition(": the service says")[0]
    assert str(pickle.loads(pickle.dumps(found))) == str(found)
    assert "\n" not in str(found)


@pytest.mark.parametrize("code", ["ModelArts.4902", "ModelArts.4904"])
def test_a_code_that_comes_with_success_is_no_error(code: str) -> None:
    document = {"task_id": "t", "status": "RUNNING", "error_code": code, "error_msg": "Exporting labels."}
    task = ExportTask.from_json(decode(200, {}, json.dumps(document).encode()))
    task.raise_for_status()
    assert not task.failed


@pytest.mark.parametrize(("status", "code", "kind"), [row[:3] for row in CODES])
def test_a_code_without_an_export_is_the_error_that_it_means_though_the_status_is_200(
    status: int, code: str, kind: type[ModelArtsError]
) -> None:
    found = error(200, {"error_code": code, "error_msg": "told"})
    ambiguous = {"ModelArts.0203", "ModelArts.0206", "ModelArts.0210"}  # the status makes the difference
    assert type(found) is kind or code in ambiguous, status
    assert (found.status_code, found.error_code, found.error_msg) == (200, code, "told")


@given(
    status=st.sampled_from(["RUNNING", "FAILED", "novel", None]),
    task_id=st.sampled_from(["t", None]),
    listed=st.sampled_from([[{"task_id": "t"}], None]),
    code=st.sampled_from(["ModelArts.4902", "ModelArts.4359", "novel", None]),
)
def test_an_answer_with_an_export_is_believed_and_one_with_a_code_alone_is_an_error(**fields: object) -> None:
    names = {"listed": "export_tasks", "code": "error_code"}
    document = {names.get(name, name): value for name, value in fields.items()}
    if fields["code"] and not any((fields["status"], fields["task_id"], fields["listed"])):
        assert error(200, document).error_code == fields["code"]
    else:
        assert decode(200, {}, json.dumps(document).encode()) == document


@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_web_page_refuses_no_credentials_and_is_quoted_by_its_title(status: int) -> None:
    found = error(status, PAGE, X_Request_Id="r1")
    assert isinstance(found, MalformedResponseError)
    assert 'its title is "Sign in & pay\N{REPLACEMENT CHARACTER}[2J"' in str(found)
    assert (found.status_code, found.request_id) == (status, "r1")
    assert len(str(error(status, b"<title>" + b"x" * 10**6))) < 400


@given(status=st.sampled_from([401, 403]), body=st.one_of(st.binary(min_size=1), st.text(min_size=1).map(str.encode)))
@example(status=401, body=b"[]")
@example(status=403, body=b"Access denied by policy 7")
def test_only_a_json_object_is_the_services_word_on_credentials(status: int, body: bytes) -> None:
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    is_refusal = isinstance(error(status, body), (AuthenticationError, PermissionDeniedError))
    assert is_refusal == (is_object or not body.strip())


@pytest.mark.parametrize("body", [PAGE, b"", b"{}"])
def test_it_is_the_proxy_that_asks_for_credentials_of_its_own(body: bytes) -> None:
    found = error(407, body)
    assert type(found) is ConnectionFailedError
    assert "The proxy asks for credentials" in str(found)


@pytest.mark.parametrize("verb", ["verify aksk signature fail, ", "calc aksk signature fail:", ""])
@pytest.mark.parametrize(
    "times", ["signature time:20201123T035024Z,server time:20201123T045024Z", "{}: 20201123T035024Z, {}: {}"]
)
def test_an_expired_signature_gives_advice_on_the_clock_with_both_times(verb: str, times: str) -> None:
    message = f"{verb}signature expired, {times.format('signature time', 'server time', '20201123T045024Z')}"
    found = error(401, {"error_code": "APIG.0301", "error_msg": message})
    assert isinstance(found, AuthenticationError)
    assert not found.expired
    assert str(found).startswith(
        "The signature has expired: check the clock of this machine "
        "(it shows 20201123T035024Z, that of the service 20201123T045024Z)"
    )


@pytest.mark.parametrize(("tail", "words", "expired"), REFUSALS)
def test_the_gateways_words_tell_why_credentials_were_refused(tail: str, words: str, expired: bool) -> None:  # noqa: FBT001
    message = f"Incorrect IAM authentication information: {tail}"
    found = error(401, {"error_code": "APIG.0301", "error_msg": message, "request_id": "r2"})
    assert isinstance(found, AuthenticationError)
    assert (found.expired, found.request_id, found.error_msg) == (expired, "r2", message)
    assert words in str(found).partition(": the service says")[0]
    assert pickle.loads(pickle.dumps(found)).expired == expired


@pytest.mark.parametrize(
    ("document", "facts"),
    [
        ({"error_code": "AS.1", "error_msg": "no"}, ("AS.1", "no")),
        ({"error_code": "AS.1", "error_message": "no", "is_success": False}, ("AS.1", "no")),
        ({"errorCode": "AS.1", "errorMsg": "no"}, ("AS.1", "no")),
        ({"code": "AS.1", "message": "no"}, ("AS.1", "no")),
        ({"error": {"message": "no", "code": 401, "title": "Unauthorized"}}, ("401", "no")),
        ({"encoded_authorization_message": "x", "error": {"error_code": "AS.1", "error_msg": "no"}}, ("AS.1", "no")),
        ({"error_code": ["odd"], "error_msg": None}, (None, None)),
        ({"error_code": "", "error_msg": ""}, (None, None)),
        ({}, (None, None)),
        ([], (None, None)),
        ("text", (None, None)),
        (None, (None, None)),
        (b"<html><body>Bad Gateway</body></html>", (None, None)),
        (b"", (None, None)),
        (b'{"error_code": "AS.1"', (None, None)),
        (b"\xff\xfe\x00", (None, None)),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504, 599])
def test_bodies_of_every_shape_are_read(status: int, document: object, facts: tuple[str | None, str | None]) -> None:
    found = error(status, document)
    assert (found.status_code, found.error_code, found.error_msg) == (status, *facts)
    assert f"HTTP {status}" in str(found)


def test_a_message_without_end_is_cut() -> None:
    assert len(error(500, {"error_msg": "x" * 100_000}).error_msg or "") == 1_000


DATE = "Mon, 23 Nov 2020 03:50:24 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "9" * 400}, 86_400.0),
        ({"Retry_After": "Mon, 23 Nov 2020 03:50:54 GMT", "Date": DATE}, 30.0),
        ({"Retry_After": "Mon, 23 Nov 2020 03:50:04 GMT", "Date": DATE}, 0.0),
        ({"Retry_After": "Mon, 23 Nov 2099 03:50:04 GMT", "Date": DATE}, 86_400.0),
        ({"Retry_After": "Mon, 23 Nov 2099 03:50:04 GMT"}, 86_400.0),
        ({"Retry_After": "Mon, 23 Nov 2020 03:50:04 GMT"}, 0.0),
        ({"Retry_After": "Mon, 99 Nov 99999 03:50:04 GMT"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "²"}, None),
        ({"Retry_After": ""}, None),
        ({}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_service_asks_for_is_read(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert error(status, {}, **headers).retry_after == seconds


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b"\n ", "is empty"),
        (b" <!DOCTYPE html>", "web page"),
        (b'{"task_id": "t"', "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"\xff\xfe\x00", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_answer_that_is_no_json_object_says_what_it_is(body: bytes, words: str) -> None:
    found = error(200, body, X_Request_Id="r1")
    assert isinstance(found, MalformedResponseError)
    assert (found.status_code, found.request_id) == (200, "r1")
    assert words in str(found)


def test_an_answer_that_cannot_be_parsed_chains_the_parsers_error() -> None:
    assert isinstance(error(200, b"{").__cause__, ValueError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_that_waiting_does_not_cure(status: int) -> None:
    found: Any = error(status, b"", Location="https://elsewhere.example.com")
    assert type(found) is ServiceError
    assert "another address" in str(found)
