"""The signature of access keys, against the published vector and against the vendor's own signer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

from modelarts_widgets import AkSkAuth, ConfigurationError
from modelarts_widgets.api.auth.signing import authorization, canonical_request

VECTOR_URL = (
    "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"
    "?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0"
)
VECTOR_HEADERS = {
    "Content-Type": "application/json",
    "Host": "service.region.example.com",
    "X-Sdk-Date": "20191115T033655Z",
}


def test_the_published_vector_is_reproduced() -> None:
    header = authorization(
        "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", "GET", VECTOR_URL, VECTOR_HEADERS
    )
    assert header == (
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, "
        "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )


def test_the_canonical_request_has_one_form() -> None:
    text = canonical_request("get", "https://h/a%20b/c?z=1&a=%C3%A4&a=", {"host": " h "})
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text == f"GET\n/a%20b/c/\na=&a=%C3%A4&z=1\nhost:h\n\nhost\n{digest}"


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
bodies = st.none() | st.dictionaries(text, text, max_size=3)
hosts = st.sampled_from(["modelarts.eu-de.otc.t-systems.com", "127.0.0.1:8080", "Mixed.example.com:444", "[::1]:81"])


@given(
    method=st.sampled_from(["GET", "POST", "put"]),
    host=hosts,
    segments=st.lists(text.filter(lambda part: part not in {"", ".", ".."}), max_size=5),
    slash=st.booleans(),
    query=st.lists(st.tuples(text, text), max_size=4),
    body=bodies,
    keys=st.tuples(words, words),
    extras=st.tuples(st.none() | words, st.none() | words),
)
@settings(max_examples=400)
def test_the_header_is_that_of_the_vendors_own_signer(
    method: str,
    host: str,
    segments: list[str],
    slash: bool,  # noqa: FBT001
    query: list[tuple[str, str]],
    body: dict[str, str] | None,
    keys: tuple[str, str],
    extras: tuple[str | None, str | None],
) -> None:
    project_id, security_token = extras
    path = "/" + "/".join(quote(part, safe="") for part in segments) + ("/" if slash and segments else "")
    auth = AkSkAuth(*keys, project_id=project_id, security_token=security_token)
    url = f"https://{host}{path}"
    ours = requests.Request(method, url, params=query, json=body or None, auth=auth).prepare()
    headers: dict[str, Any] = {"X-Sdk-Date": ours.headers["X-Sdk-Date"]}
    if body:
        headers["Content-Type"] = "application/json"
    if project_id:
        headers["X-Project-Id"] = project_id
    if security_token:
        headers["X-Security-Token"] = security_token
    theirs = SdkRequest(
        method=method.upper(),
        schema="https",
        host=host.lower(),
        resource_path=path,
        query_params=list(query),
        header_params=headers,
        body=json.dumps(body) if body else None,
    )
    signed = Signer(BasicCredentials(*keys, project_id)).sign(theirs)
    assert ours.headers["Authorization"] == signed.header_params["Authorization"]
    assert ours.headers["Host"] == signed.header_params["Host"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example.com/", "a.example.com"),
        ("https://a.example.com:443/", "a.example.com"),
        ("https://a.example.com:80/", "a.example.com:80"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://127.0.0.1:443/", "127.0.0.1:443"),
        ("http://[::1]:80/", "[::1]"),
    ],
)
def test_the_host_is_signed_as_it_is_sent(url: str, host: str) -> None:
    assert requests.Request("GET", url, auth=AkSkAuth("a", "s")).prepare().headers["Host"] == host


def test_a_host_of_your_own_is_kept_and_signed() -> None:
    request = requests.Request("GET", "https://10.0.0.1/", headers={"Host": "named.example.com"})
    request.auth = AkSkAuth("a", "s")
    assert request.prepare().headers["Host"] == "named.example.com"


def test_a_stream_is_not_signed_blindly() -> None:
    request = requests.Request("POST", "https://example.com/", data=iter([b"a"]), auth=AkSkAuth("a", "s"))
    with pytest.raises(ConfigurationError, match="stream"):
        request.prepare()
