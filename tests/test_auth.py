from __future__ import annotations

import traceback

import pytest
import requests

from modelarts_widgets import ConfigurationError, TokenAuth


def test_the_token_goes_into_its_header_without_pasted_white_space() -> None:
    request = requests.Request("GET", "http://127.0.0.1/", auth=TokenAuth(" secret-token\n")).prepare()
    assert request.headers["X-Auth-Token"] == "secret-token"


@pytest.mark.parametrize("token", ["", "  ", "two\nsecrets", "sécret", "\x00", None, 7])
def test_what_can_be_no_token_is_refused_without_showing_it(token: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        TokenAuth(token)  # type: ignore[arg-type]
    assert "secret" not in "".join(traceback.format_exception_only(caught.value))


def test_no_form_of_the_object_shows_the_token() -> None:
    auth = TokenAuth("secret-token")
    assert "secret" not in f"{auth} {auth!r}"
