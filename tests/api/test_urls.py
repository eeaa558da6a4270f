"""An endpoint is read once: what is accepted is where the HTTP library connects to."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from modelarts_widgets import ConfigurationError, ModelArtsClient
from modelarts_widgets.api.urls import Address, checked_address

ODD = [
    "http://evil:80\\[::1]",
    "http://evil\\@127.0.0.1",
    "https://h\\x",
    "https://h/..",
    "https://h/../x",
    "https://h/./x",
    "https://h/%2e%2e/x",
    "https://h/%2E",
    "https://ex%41mple.com",
    "https://[fe80::1%25eth0]",
    "https://[fe80::1%eth0]",
    "https://[1.2.3.4]",
    "https://[::1]x",
    "https://::1",
    "https://h:",
    "https://h:/x",
    "https://h:0",
    "https://h:99999",
    "https://h:٤٤٣",
    "https://h?",
    "https://h/?",
    "https://h#",
    "https://h;x",
    "https://h//x",
    "https:///x",
    "https:h",
    "https:/h",
    "//h",
    " https://h",
    "https://h ",
    "https://h\n",
    "https://h/\tx",
    "https://h\u200b",
    "https://\uff48",
    "https://exämple.com",
    "https://a..b",
    "https://.a",
    "https://a.",
    "https://-a",
    "https://127.1",
    "https://0x7f000001",
    "https://2130706433",
    "https://127.0.0.01",
    "https://1.2.3.400",
    "https://" + "a" * 64,
    "https://" + ".".join(["a" * 60] * 5),
]


@pytest.mark.parametrize("url", ODD)
def test_what_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"must be a URL|user name or password"):
        ModelArtsClient(url, "p")


@pytest.mark.parametrize("url", ["https://user@h", "https://user:secret@h", "https://:@h", "http://secret@127.0.0.1"])
def test_a_user_in_an_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="user name or password") as caught:
        ModelArtsClient(url, "p")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("HTTPS://Modelarts.Example.COM/", "https://modelarts.example.com"),
        ("HTTP://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HTTP://LocalHost", "http://localhost"),
        ("https://[FE80::1]:0443/Gate-way/a_b.c~d/", "https://[fe80::1]:443/Gate-way/a_b.c~d"),
        ("https://1.2.3.4", "https://1.2.3.4"),
        ("https://a_b", "https://a_b"),
        ("https://4you.example", "https://4you.example"),
    ],
)
def test_the_address_is_built_from_what_was_checked(url: str, endpoint: str) -> None:
    assert ModelArtsClient(url, "p").endpoint == endpoint


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/0123456789abcdef", "/gateway/v2/p"])
def test_an_endpoint_with_the_path_of_the_api_is_refused_with_advice(path: str) -> None:
    with pytest.raises(ConfigurationError, match="must end before /v2"):
        ModelArtsClient(f"https://modelarts.example.com{path}", "p")


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "localhost.example.com", "127.0.0.1_", "1.2.3.4", "[::2]"])
def test_only_this_machine_is_asked_in_the_clear(host: str) -> None:
    for scheme in ("http", "HTTP"):
        with pytest.raises(ConfigurationError, match="must start with https"):
            ModelArtsClient(f"{scheme}://{host}", "p")
        with pytest.raises(ConfigurationError, match="auth_url must start with https"):
            checked_address("auth_url", f"{scheme}://{host}/v3", "https://…")


def test_a_capital_scheme_does_not_lead_through_a_proxy(simulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - a fixture
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    export = simulator.add_export()
    with ModelArtsClient(simulator.endpoint.replace("http:", "HTTP:"), simulator.project_id) as client:
        with pytest.raises(Exception, match="without credentials"):  # from the simulator, that is
            client.get_export_task(export.dataset_id, export.task_id)
        assert simulator.requests == 1


PIECES = r"""
http https HTTP : / // :// \ [ ] ::1 [::1] 127.0.0.1 localhost evil EVIL evil.com . .. %2e % @ ? # :80 :443 :0 0x7f 1
a:b@ v3 ~ _ - ; & = 0 ::ffff:127.0.0.1 é
"""
pieces = st.sampled_from([*PIECES.split(), "\t", " ", "\n", "\u200b", "\u3002", "\uff05"])
urls = st.one_of(
    st.builds("".join, st.lists(pieces, max_size=10)),
    st.builds("{}://{}".format, st.sampled_from(["http", "https", "hTTps"]), st.builds("".join, st.lists(pieces))),
    st.builds("https://{}{}".format, st.text(max_size=20), st.sampled_from(["", "/", ":80", "/x", "@127.0.0.1"])),
    st.builds("https://{}".format, st.ip_addresses()),
    st.builds("https://[{}]{}".format, st.ip_addresses(v=6), st.sampled_from(["", ":1", ":65535", "/v3"])),
    st.builds("https://{}:{}/x".format, st.from_regex(r"[a-zA-Z0-9._-]{1,12}", fullmatch=True), st.integers(0, 70_000)),
)


@given(urls)
@example("http://evil:80\\[::1]")
@example("https://[::FFFF:1.2.3.4]:8")
@settings(max_examples=2_000)
def test_the_http_library_connects_to_what_was_checked_and_to_nothing_else(url: str) -> None:
    address = Address.of(url)
    if address is None:
        return
    request = requests.Request("GET", f"{address}/v2/p/datasets/d").prepare()
    pool = HTTPAdapter().get_connection_with_tls_context(request, verify=True)
    assert pool.scheme == address.scheme
    assert pool.host.strip("[]") == address.host
    assert pool.port == (address.port or {"http": 80, "https": 443}[address.scheme])
    assert request.path_url == f"{address.path}/v2/p/datasets/d"
    assert Address.of(str(address)) == address
