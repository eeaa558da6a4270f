"""What foreign text may do where it is printed: nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modelarts_widgets.api.text import printable

MARK = "\N{REPLACEMENT CHARACTER}"
ACTING = {
    "escape sequence": "\x1b",
    "bell": "\x07",
    "clipboard, OSC 52": "\x1b",
    "backspace": "\x08",
    "delete": "\x7f",
    "C1 sequence introducer": "\x9b",
    "C1 string terminator": "\x9c",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "arabic letter mark": "\u061c",
    "right-to-left embedding": "\u202b",
    "right-to-left override": "\u202e",
    "first strong isolate": "\u2068",
    "pop isolate": "\u2069",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "zero-width non-joiner": "\u200c",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f",
    "hangul filler": "\u3164",
    "variation selector": "\ufe0f",
    "variation selector of another plane": "\U000e0101",
    "tag character": "\U000e0041",
    "lone surrogate": "\ud800",
    "noncharacter": "\ufffe",
}


@pytest.mark.parametrize("character", ACTING.values(), ids=ACTING)
def test_a_character_that_acts_or_hides_is_shown_as_a_mark(character: str) -> None:
    assert printable(f"ca{character}t") == f"ca{MARK}t"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", *"\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\t"], ids=ascii)
def test_text_stays_on_one_line(line_break: str) -> None:
    assert printable(f"a{line_break}b") == "a b"
    assert len(printable(f"a{line_break}b").splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "obs://test-obs/daoChu/",
        "naïve café",
        "导出任务",
        "می\u200cخواهم",  # noqa: RUF001 - Persian needs the non-joiner
        "क्\u200dष",  # Devanagari the joiner
        "\N{HEAVY BLACK HEART}\ufe0f\u200d\N{FIRE}",
        "葛\U000e0100",  # a variant of an ideograph, as in names
        "שלום",
    ],
    ids=ascii,
)
def test_letters_of_all_scripts_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_hidden_text_cannot_ride_on_a_letter() -> None:
    assert printable("葛" + "\U000e0100" * 3) == "葛\U000e0100" + 2 * MARK
    assert printable("\N{FIRE}" + "\u200d" * 3) == "\N{FIRE}\u200d" + 2 * MARK


@given(some.text())
def test_what_is_printable_is_one_line_that_any_document_may_hold(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert shown == printable(shown)
    shown.encode()
