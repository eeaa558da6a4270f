"""Endpoint, project and credentials from variables and files: each place, their order, what is said without."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from support import deprecations_of_openstack

from modelarts_widgets import AkSkAuth, ConfigurationError, ModelArtsClient, OpenStackAuth, TokenAuth
from modelarts_widgets.api.config import Connection, find_connection
from modelarts_widgets.api.urls import _DOMAINS, endpoint_of_region

SDK = {
    "HUAWEICLOUD_SDK_AK": "hidden-sdk-ak",
    "HUAWEICLOUD_SDK_SK": "hidden-sdk-sk",
    "HUAWEICLOUD_SDK_PROJECT_ID": "sdk-project",
}
TERRAFORM_KEY = {
    "HW_ACCESS_KEY": "hidden-hw-ak",
    "HW_SECRET_KEY": "hidden-hw-sk",
    "HW_PROJECT_ID": "hw-project",
    "HW_REGION_NAME": "cn-north-4",
}
TERRAFORM_TOKEN = {"HW_AUTH_TOKEN": "hidden-hw-token"}
TOKEN = {"OS_TOKEN": "hidden-os-token", "OS_PROJECT_ID": "os-project", "OS_REGION_NAME": "eu-de"}
OTHER_TOKEN = {"OS_AUTH_TOKEN": "hidden-other-token"}
OPENSTACK_KEY = {"OS_ACCESS_KEY": "hidden-os-ak", "OS_SECRET_KEY": "hidden-os-sk"}
PLACES = [SDK, TERRAFORM_KEY, TERRAFORM_TOKEN, TOKEN, OTHER_TOKEN, OPENSTACK_KEY]
"""In their order; the rest is files."""
CREDENTIALS = "[basic]\nak = hidden-file-ak\nsk = hidden%file=sk\nproject_id = file-project\n"
OTC = "https://modelarts.eu-de.otc.t-systems.com"


def sent(found: Connection) -> str:
    """Return what these credentials put on a request."""
    headers = requests.Request("GET", "https://example.com/", auth=found.auth).prepare().headers
    return " ".join(f"{name}: {value}" for name, value in headers.items())


def merged(*places: Mapping[str, str]) -> dict[str, str]:
    return {name: value for place in places for name, value in place.items()}


def write(tmp_path: Path, text: str = CREDENTIALS) -> Path:
    file = tmp_path / ".huaweicloud" / "credentials"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(len(PLACES)), 2)))
def test_the_first_place_that_has_credentials_wins(first: int, second: int) -> None:
    both = merged(PLACES[second], PLACES[first])
    found = find_connection(both, endpoint=OTC, project_id="p")
    mine = [value for name, value in PLACES[first].items() if name.endswith(("_AK", "ACCESS_KEY", "TOKEN"))]
    assert mine[0] in sent(found)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: next(iter(place)))
def test_every_place_wins_over_the_file(place: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path)
    assert "hidden-file" not in sent(find_connection(place, endpoint=OTC, project_id="p"))


def test_the_file_of_the_vendors_tools_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    found = find_connection({"OS_REGION_NAME": "eu-de"})
    assert (found.endpoint, found.project_id) == (OTC, "file-project")
    assert "Access=hidden-file-ak" in sent(found)


def test_a_file_elsewhere_is_read_where_the_variable_says(tmp_path: Path) -> None:
    moved = write(tmp_path).rename(tmp_path / "moved")
    found = find_connection({"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(moved)}, endpoint=OTC)
    assert "Access=hidden-file-ak" in sent(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hidden-line without a section", "cannot be read"),
        ("[basic]\nhidden-line", "cannot be read"),
        ("[basic]\nak = hidden-ak", "lacks ak or sk"),
        ("[other]\nak = hidden-ak\nsk = hidden-sk", "lacks ak or sk"),
        ("", "lacks ak or sk"),
    ],
)
def test_a_file_that_is_no_good_is_told_without_what_is_in_it(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        find_connection({}, endpoint=OTC, project_id="p")
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_temporary_keys_come_with_their_token() -> None:
    found = find_connection(SDK | {"HUAWEICLOUD_SDK_SECURITY_TOKEN": "session"}, endpoint=OTC)
    assert "X-Security-Token: session" in sent(found)


def test_a_signed_request_names_its_project() -> None:
    assert "X-Project-Id: sdk-project" in sent(find_connection(SDK, endpoint=OTC))


@pytest.mark.parametrize("half", ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "OS_ACCESS_KEY"])
def test_half_of_a_pair_is_told_instead_of_looking_on(half: str, tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(ConfigurationError, match=f"{half} is set, but .* is not") as caught:
        find_connection({half: "hidden"}, endpoint=OTC)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_variable_counts_as_none(blank: str) -> None:
    found = find_connection(TOKEN | {"HUAWEICLOUD_SDK_AK": blank, "HW_AUTH_TOKEN": blank})
    assert "hidden-os-token" in sent(found)


@pytest.mark.parametrize(
    ("environ", "arguments", "endpoint", "project"),
    [
        (TOKEN, {}, OTC, "os-project"),
        (TOKEN, {"region": "cn-north-4"}, "https://modelarts.cn-north-4.myhuaweicloud.com", "os-project"),
        (
            TOKEN,
            {"region": "cn-north-4", "endpoint": "https://mine.example.com/"},
            "https://mine.example.com",
            "os-project",
        ),
        (TOKEN, {"project_id": "mine"}, OTC, "mine"),
        (TERRAFORM_KEY, {}, "https://modelarts.cn-north-4.myhuaweicloud.com", "hw-project"),
        (
            TERRAFORM_KEY | {"HW_CLOUD": "myhuaweicloud.eu"},
            {},
            "https://modelarts.cn-north-4.myhuaweicloud.eu",
            "hw-project",
        ),
        (merged(SDK, TERRAFORM_KEY), {}, "https://modelarts.cn-north-4.myhuaweicloud.com", "sdk-project"),
        (merged(TERRAFORM_TOKEN, TOKEN), {}, OTC, "os-project"),
        (
            TOKEN | {"OS_REGION_NAME": "", "OS_AUTH_URL": "https://iam.eu-de.otc.t-systems.com:443/v3"},
            {},
            OTC,
            "os-project",
        ),
        (
            TOKEN | {"HUAWEICLOUD_SDK_REGION_MODELARTS_EU_DE": "https://a.example.com,https://b.example.com"},
            {},
            "https://a.example.com",
            "os-project",
        ),
    ],
    ids=str,
)
def test_endpoint_and_project_are_found(
    environ: dict[str, str], arguments: dict[str, Any], endpoint: str, project: str
) -> None:
    found = find_connection(environ, **arguments)
    assert (found.endpoint, found.project_id) == (endpoint, project)


def test_a_token_is_not_sent_where_another_family_points() -> None:
    with pytest.raises(ConfigurationError, match="endpoint: not found"):
        find_connection(
            {"OS_TOKEN": "t", "OS_PROJECT_ID": "p", "HW_REGION_NAME": "cn-north-4", "HW_AUTH_URL": "https://x"}
        )


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("eu-de", OTC),
        ("eu-nl", "https://modelarts.eu-nl.otc.t-systems.com"),
        ("cn-north-4", "https://modelarts.cn-north-4.myhuaweicloud.com"),
        ("la-south-2", "https://modelarts.la-south-2.myhuaweicloud.com"),
        ("ap-southeast-1", "https://modelarts.ap-southeast-1.myhuaweicloud.cn"),
        ("eu-west-101", "https://modelarts.eu-west-101.myhuaweicloud.eu"),
    ],
)
def test_a_region_has_its_endpoint(region: str, endpoint: str) -> None:
    assert endpoint_of_region(region) == endpoint


unknown_regions = st.one_of(
    st.text(min_size=1),
    st.from_regex(r"(eu|cn|ap|la|af|me|sa|tr|ru|us)-(west|north|central|ch|de)-?[0-9]{0,3}", fullmatch=True),
    st.sampled_from(sorted(_DOMAINS)).map(str.upper),
    st.builds(
        "{}{}".format, st.sampled_from(sorted(_DOMAINS)), st.sampled_from(["-0", ".evil.example.com", "/..", " ", "\n"])
    ),
).filter(lambda name: name.strip() and name.strip() not in _DOMAINS)
identity_services = st.sampled_from(
    [
        None,
        "https://iam.eu-de.otc.t-systems.com/v3",
        "https://iam.myhuaweicloud.com/v3",
        "https://iam.cn-north-4.myhuaweicloud.com/v3",
        "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3",
        "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3",
    ]
)


@given(unknown_regions, identity_services)
@example("eu-ch2", None)
@example("eu-west-0", None)
@example("eu-ch2", "https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3")
@example("eu-west-0", "https://iam.cn-north-4.myhuaweicloud.com/v3")
@example("RegionOne", None)
def test_no_host_is_made_up_for_a_region_that_is_not_known(name: str, auth_url: str | None) -> None:
    environ = {"OS_TOKEN": "hidden", "OS_PROJECT_ID": "p", **({"OS_AUTH_URL": auth_url} if auth_url else {})}
    for variables, arguments in [(environ, {"region": name}), (environ | {"OS_REGION_NAME": name}, {})]:
        with pytest.raises(ConfigurationError) as caught:
            find_connection(variables, **arguments)
        assert 'give endpoint="https://…"' in str(caught.value)
        assert "modelarts." not in str(caught.value)
        assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("region", ["eu-ch2", "eu-west-0", "RegionOne"])
def test_the_error_for_an_unknown_region_says_how_to_set_its_endpoint(region: str) -> None:
    environ = TOKEN | {"OS_REGION_NAME": region}
    with pytest.raises(ConfigurationError, match="or set HUAWEICLOUD_SDK_REGION_MODELARTS_") as caught:
        find_connection(environ)
    variable = str(caught.value).rpartition("set ")[2].partition("=")[0]
    assert find_connection(environ | {variable: "https://mine.example.com"}).endpoint == "https://mine.example.com"
    assert find_connection(environ, endpoint="https://mine.example.com").endpoint == "https://mine.example.com"


@pytest.mark.parametrize(
    ("auth_url", "region"),
    [
        ("https://iam.eu-de.otc.t-systems.com/v3", "cn-north-4"),
        ("https://iam.cn-north-4.myhuaweicloud.com/v3", "eu-de"),
        ("https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3", "eu-de"),
        ("https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3", "eu-de"),
        ("https://keystone.example.com/v3", "eu-de"),
        ("https://iam.eu-de.otc.t-systems.com.evil.example.com/v3", "eu-de"),
        ("https://iam.eu-de.notmyhuaweicloud.com/v3", "cn-north-4"),
        ("nonsense", "eu-de"),
    ],
)
def test_a_token_of_one_cloud_is_not_sent_to_another(auth_url: str, region: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf'another cloud than {region}: give endpoint="https://…", or set HUA'
    ):
        find_connection(TOKEN | {"OS_AUTH_URL": auth_url, "OS_REGION_NAME": region})


@pytest.mark.parametrize("domain", ["evil/path", "a@b.example.com", "a b", "x:99999", "d?q"])
def test_what_can_be_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ConfigurationError):
        endpoint_of_region("eu-de", domain=domain)


@pytest.mark.parametrize("region", ["eu", "eu-de/..", "eu-de.evil.example.com", "EU-DE", "eu de", "eu-de\n"])
def test_what_can_be_no_region_is_refused_whatever_the_domain(region: str) -> None:
    with pytest.raises(ConfigurationError, match="region must be"):
        endpoint_of_region(region, domain="example.com")


def test_whoever_names_the_domain_of_a_cloud_may_name_any_region() -> None:
    found = find_connection(TERRAFORM_KEY | {"HW_CLOUD": "cloud.example.com", "HW_REGION_NAME": "eu-west-0"})
    assert found.endpoint == "https://modelarts.eu-west-0.cloud.example.com"


@pytest.mark.parametrize(
    ("auth_url", "region", "endpoint"),
    [
        ("https://iam.eu-de.otc.t-systems.com/v3", None, OTC),
        ("https://iam.eu-de.otc.t-systems.com/v3", "eu-nl", "https://modelarts.eu-nl.otc.t-systems.com"),
        ("https://iam.cn-north-4.myhuaweicloud.com", None, "https://modelarts.cn-north-4.myhuaweicloud.com"),
        ("https://iam.ap-southeast-1.myhuaweicloud.com", None, "https://modelarts.ap-southeast-1.myhuaweicloud.cn"),
        ("https://iam.myhuaweicloud.com/v3", "la-south-2", "https://modelarts.la-south-2.myhuaweicloud.com"),
        ("https://iam.myhuaweicloud.com/v3", None, None),
        ("https://iam-pub.eu-ch2.sc.otc.t-systems.com/v3", None, None),
        ("http://127.0.0.1:5000/v3", None, None),
        ("https://[", None, None),
        ("nonsense", None, None),
    ],
)
def test_the_identity_service_tells_the_region(auth_url: str, region: str | None, endpoint: str | None) -> None:
    assert endpoint_of_region(region, auth_url) == endpoint


def test_what_is_missing_is_told_at_once_and_without_values() -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_connection({"HW_PROJECT_ID": "hidden", "OS_USERNAME": "hidden"})
    text = str(caught.value)
    for name in [*SDK, *TERRAFORM_TOKEN, *OPENSTACK_KEY, "OS_CLOUD", "OS_TOKEN", "clouds.yaml", "~/.huaweicloud"]:
        assert name in text or name == "HUAWEICLOUD_SDK_PROJECT_ID"
    assert "- project ID: found" in text
    assert "- endpoint: not found; give endpoint=… or region=…" in text
    assert "hidden" not in text


def test_what_is_there_is_told_beside_what_is_missing() -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_connection({"OS_TOKEN": "hidden", "OS_REGION_NAME": "eu-de"})
    assert "- credentials: found in OS_TOKEN" in str(caught.value)
    assert "- project ID: not found; give project_id=…, or set one of OS_PROJECT_ID" in str(caught.value)
    assert "- endpoint: found" in str(caught.value)


def test_without_the_extra_user_names_are_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("modelarts_widgets.api.config.find_spec", lambda _: None)
    monkeypatch.setattr("modelarts_widgets.api.auth.openstack.find_spec", lambda _: None)
    names = dict.fromkeys(("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD"), "hidden")
    assert "Access=hidden-os-ak" in sent(find_connection(names | OPENSTACK_KEY, endpoint=OTC, project_id="p"))
    (tmp_path / "clouds.yaml").write_text("clouds: {}")
    file = {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml")}
    for environ in (names, file, {"OS_CLOUD": "mine"}):
        with pytest.raises(ConfigurationError) as caught:
            find_connection(environ)
        assert str(caught.value).startswith(
            'User names and clouds.yaml need pip install "modelarts-widgets[openstack]"; while it is not published, '
            'pip install -e ".[openstack]" in a checkout'
        )
    with pytest.raises(ConfigurationError, match="not fully configured"):
        find_connection({"OS_USERNAME": "hidden"})


def test_an_authority_of_your_own_goes_with_openstacks_variables_only() -> None:
    environ = TOKEN | {"OS_CACERT": "~/ca.pem", "OS_CERT": "/c.pem", "OS_KEY": "/k.pem"}
    home = str(Path("~/ca.pem").expanduser())
    assert find_connection(environ).certificates == (home, ("/c.pem", "/k.pem"))
    assert find_connection(TOKEN | {"OS_CERT": "/c.pem"}).certificates == (None, "/c.pem")
    assert find_connection(TERRAFORM_KEY | environ).certificates == (None, None)


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_certificates_cannot_be_ignored_by_a_variable(value: str) -> None:
    with pytest.raises(ConfigurationError, match="unset OS_INSECURE, and set OS_CACERT"):
        find_connection(TOKEN | {"OS_INSECURE": value})
    assert find_connection(TOKEN | {"OS_INSECURE": "false"}).endpoint == OTC


def test_a_client_is_made_from_what_is_found_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in merged(SDK, TOKEN).items():
        monkeypatch.setenv(name, value)

    def refuse(*_: object) -> None:
        pytest.fail("something asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    client = ModelArtsClient.from_env()
    assert repr(client) == f"ModelArtsClient('{OTC}', 'sdk-project')"
    assert isinstance(client.auth, AkSkAuth)
    monkeypatch.delenv("HUAWEICLOUD_SDK_AK")
    monkeypatch.delenv("HUAWEICLOUD_SDK_SK")
    assert isinstance(ModelArtsClient.from_env(project_id="p").auth, TokenAuth)


@deprecations_of_openstack
@pytest.mark.parametrize("how", ["OS_CLOUD", "only entry"])
def test_a_clouds_yaml_is_enough_and_asks_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str) -> None:
    entry = "{profile: otc, auth: {username: u, password: hidden, project_name: eu-de, user_domain_name: d}}"
    (tmp_path / "clouds.yaml").write_text(f"clouds: {{mine: {entry}}}")
    if how == "OS_CLOUD":
        monkeypatch.setenv("OS_CLOUD", "mine")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("something asks the network"))
    client = ModelArtsClient.from_env()
    assert (client.endpoint, client.project_id) == (OTC, None)
    assert isinstance(client.auth, OpenStackAuth)


def test_a_mark_of_utf_8_at_the_start_of_the_file_is_no_fault(tmp_path: Path) -> None:
    write(tmp_path).write_bytes(b"\xef\xbb\xbf" + CREDENTIALS.encode())
    assert "Access=hidden-file-ak" in sent(find_connection({}, endpoint=OTC))


@pytest.mark.parametrize("project", ["..", ".", "a b", "hidden\n1"])
def test_a_project_that_can_be_none_is_an_error_of_configuration(project: str) -> None:
    with pytest.raises(ConfigurationError, match=r"project ID .* is not usable") as caught:
        find_connection(TOKEN | {"OS_PROJECT_ID": project})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://modelarts.example.com", "https://u:hidden@h", "https://h/v2/p"])
def test_an_endpoint_from_the_environment_is_checked_like_any(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_connection(TOKEN | {"HUAWEICLOUD_SDK_REGION_MODELARTS_EU_DE": url})
    assert "hidden" not in str(caught.value)
