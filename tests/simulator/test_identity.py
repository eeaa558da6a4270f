"""The simulator's gateway and identity service, asked by the vendor's own signer and by hand."""

from __future__ import annotations

import socket
import time
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from modelarts_widgets.simulator import Simulator


def get(simulator: Simulator, token: str | None = None) -> requests.Response:
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/d/export-tasks/t"
    return requests.get(url, headers={"X-Auth-Token": token or simulator.token}, timeout=5)


def signed(simulator: Simulator, secret_key: str | None = None, **headers: str) -> requests.Response:
    """Ask with a signature by the vendor's own signer."""
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/d/export-tasks/t"
    credentials = BasicCredentials(simulator.access_key, secret_key or simulator.secret_key, simulator.project_id)
    request = SdkRequest(
        method="GET",
        schema="http",
        host=urlsplit(url).netloc,
        resource_path=urlsplit(url).path,
        query_params=[],
        header_params=headers,
    )
    return requests.get(url, headers=Signer(credentials).sign(request).header_params, timeout=5)


def message(answer: requests.Response) -> str:
    return f"{answer.status_code} {answer.json()['error_code']} {answer.json()['error_msg']}"


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def test_the_vendors_own_signer_is_accepted(simulator: Simulator) -> None:
    assert "ModelArts.4352" in message(signed(simulator, **{"X-Sdk-Date": stamp(0)}))


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_may_be_a_little_wrong(simulator: Simulator, minutes: int) -> None:
    assert "ModelArts.4352" in message(signed(simulator, **{"X-Sdk-Date": stamp(60 * minutes)}))


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_far_off_is_refused(simulator: Simulator, minutes: int) -> None:
    refused = message(signed(simulator, **{"X-Sdk-Date": stamp(60 * minutes)}))
    assert refused.startswith("401 APIG.0301")
    assert "verify aksk signature fail" in refused


def test_another_secret_key_is_refused(simulator: Simulator) -> None:
    assert "verify aksk signature fail" in message(signed(simulator, "another", **{"X-Sdk-Date": stamp(0)}))


@pytest.mark.parametrize(
    "change",
    [
        {"Authorization": "SDK-HMAC-SHA256 Access=KEY, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 64},
        {"Authorization": "SDK-HMAC-SHA256 Credential=KEY/20200101/a/b/sdk_request, SignedHeaders=host, Signature=0"},
        {"Authorization": "nonsense"},
        {"X-Sdk-Date": "yesterday"},
    ],
    ids=["unknown key", "the other dialect", "nonsense", "no date"],
)
def test_what_is_no_good_signature_is_refused(simulator: Simulator, change: dict[str, str]) -> None:
    url = f"{simulator.endpoint}/v2/{simulator.project_id}/datasets/d/export-tasks/t"
    value = f"SDK-HMAC-SHA256 Access={simulator.access_key}, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    headers = {"X-Sdk-Date": stamp(0), "Authorization": value} | change
    assert message(requests.get(url, headers=headers, timeout=5)).startswith("401 APIG.0301")


def test_the_sixth_refusal_in_a_row_locks_the_key_for_five_minutes() -> None:
    now = [time.time()]
    with Simulator(identity_clock=lambda: now[0]) as simulator:
        date = {"X-Sdk-Date": stamp(0)}
        for _ in range(5):
            assert "verify aksk" in message(signed(simulator, "wrong", **date))
        assert "ModelArts.4352" in message(signed(simulator, **date)), "five are forgiven, and forgotten"
        for _ in range(6):
            assert "verify aksk" in message(signed(simulator, "wrong", **date))
        for secret_key in ("wrong", None):
            assert "failed to reach the limit" in message(signed(simulator, secret_key, **date))
        now[0] += 301.0
        assert "ModelArts.4352" in message(signed(simulator, **date))


def test_a_temporary_key_ends() -> None:
    now = [time.time()]
    with Simulator(identity_clock=lambda: now[0]) as simulator:
        key = simulator.issue_temporary_key(seconds=60.0)
        simulator.access_key, simulator.secret_key = key.access_key, key.secret_key
        headers = {"X-Sdk-Date": stamp(0), "X-Security-Token": key.security_token or ""}
        assert "ModelArts.4352" in message(signed(simulator, **headers))
        now[0] += 61.0
        assert "401 APIG.0301" in message(signed(simulator, **headers))
    assert "secret" not in repr(key)


def test_a_token_ends_at_its_time_and_says_when() -> None:
    now = [1_606_103_424.0]
    with Simulator(identity_clock=lambda: now[0]) as simulator:
        token = simulator.issue_token(seconds=60.0)
        assert "ModelArts.4352" in message(get(simulator, token=token))
        now[0] += 60.0
        refused = message(get(simulator, token=token))
        assert refused.startswith("401 APIG.0301")
        assert "token expires, expires_at: 2020-11-23T03:51:24.000000Z" in refused
        assert "ModelArts.4352" in message(get(simulator)), "the first one lives for a day"


def test_revoked_tokens_must_be_updated(simulator: Simulator) -> None:
    simulator.revoke_tokens()
    assert message(get(simulator)).startswith("401 APIG.0307")
    assert "ModelArts.4352" in message(get(simulator, token=simulator.issue_token()))


def identify(simulator: Simulator, query: str = "", **changes: Any) -> requests.Response:  # noqa: ANN401 - any JSON
    user = {"name": simulator.username, "password": simulator.password, "domain": {"name": simulator.domain_name}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": simulator.project_name}}} | changes}
    return requests.post(f"{simulator.iam_endpoint}/auth/tokens{query}", json=body, timeout=5)


def test_a_token_is_issued_as_the_identity_service_does(simulator: Simulator) -> None:
    answer = identify(simulator)
    token = answer.json()["token"]
    assert answer.status_code == 201
    assert token["project"]["id"] == simulator.project_id
    assert {service["type"] for service in token["catalog"]} == {"modelarts", "modelartsv2", "identity"}
    assert token["expires_at"].endswith("Z")
    assert "ModelArts.4352" in message(get(simulator, token=answer.headers["X-Subject-Token"]))
    again = {"identity": {"methods": ["token"], "token": {"id": answer.headers["X-Subject-Token"]}}}
    assert identify(simulator, **again).status_code == 201


def test_the_catalog_can_be_left_out(simulator: Simulator) -> None:
    assert identify(simulator, "?nocatalog=1").json()["token"]["catalog"] == []


@pytest.mark.parametrize("scope", [{}, {"domain": {"name": "simulated-domain"}}], ids=["none", "domain"])
def test_a_token_without_a_project_does_not_do(simulator: Simulator, scope: dict[str, Any]) -> None:
    answer = identify(simulator, scope=scope)
    assert "project" not in answer.json()["token"]
    refused = get(simulator, token=answer.headers["X-Subject-Token"])
    assert message(refused).startswith("401 ModelArts.0212")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"scope": {"project": {"name": "another"}}}, 401),
        ({"identity": {"methods": ["token"], "token": {"id": "wrong"}}}, 401),
        ({"identity": {"methods": ["password"], "password": {"user": {"name": "a"}}}}, 400),
        ({"identity": {"methods": ["magic"], "magic": {}}}, 400),
        ({"identity": None}, 400),
        ({"identity": []}, 400),
        ({"scope": 7}, 400),
    ],
    ids=str,
)
def test_who_cannot_be_identified_is_told_in_the_shape_of_the_identity_service(
    simulator: Simulator, changes: dict[str, Any], status: int
) -> None:
    answer = identify(simulator, **changes)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status
    assert answer.json()["error"]["message"]


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"], ids=lambda body: repr(body)[:9])
def test_a_body_that_is_no_request_for_a_token_is_a_bad_request(simulator: Simulator, body: bytes) -> None:
    assert requests.post(f"{simulator.iam_endpoint}/auth/tokens", data=body, timeout=5).status_code == 400


def test_a_body_that_is_far_too_long_is_not_read(simulator: Simulator) -> None:
    port = int(simulator.endpoint.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b"Connection: close" in connection.recv(1_000)


def test_the_identity_service_has_two_addresses(simulator: Simulator) -> None:
    version = requests.get(simulator.iam_endpoint, timeout=5).json()["version"]
    assert version["links"][0]["href"] == f"{simulator.iam_endpoint}/"
    assert requests.get(f"{simulator.iam_endpoint}/auth/tokens", timeout=5).status_code == 405
    assert requests.post(simulator.iam_endpoint, timeout=5).status_code == 405
