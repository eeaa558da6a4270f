from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as some
from support import EXAMPLE, assert_approved
from support.cards import CARDS, CONDITIONS, COUNTS, ENDED, card, live_html, strict

from modelarts_widgets import ExportTask, ServiceError
from modelarts_widgets.polling.forecast import Forecast
from modelarts_widgets.polling.speed import Speed
from modelarts_widgets.rendering import Card, bar_html, card_html, card_text, tree_html
from modelarts_widgets.rendering import humanize as words_module
from modelarts_widgets.rendering.summary import samples
from modelarts_widgets.rendering.tree import Row, task_tree

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</details>",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize(("kind", "draw"), [("txt", card_text), ("html", card_html)])
def test_a_card_is_drawn_as_a_reader_has_approved_it(name: str, kind: str, draw: Callable[[Card], str]) -> None:
    assert_approved(f"{name}.{kind}", draw(CARDS[name]))


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("draw", [card_html, live_html])
def test_the_html_is_strictly_well_formed(name: str, draw: Callable[[Card], str]) -> None:
    strict(draw(CARDS[name]))


def test_strict_parsing_notices_what_is_wrong() -> None:
    with pytest.raises(html5lib.html5parser.ParseError, match="End tag"):
        strict("<div><span></div>")


@pytest.mark.parametrize("name", CARDS)
def test_the_html_says_all_that_the_text_says(name: str) -> None:
    read = " ".join("".join(strict(card_html(CARDS[name])).itertext()).split())
    text = re.sub(r"[█░·\[\]]{10,}|^!", " ", card_text(CARDS[name]), flags=re.MULTILINE)
    missing = [word for word in text.split() if word not in read]
    assert not missing


@pytest.mark.parametrize("name", CARDS)
def test_a_saved_card_needs_no_script_and_no_id(name: str) -> None:
    assert not re.search(r"<script|\bid=|\bon\w+=", card_html(CARDS[name]))


@pytest.mark.parametrize("name", CARDS)
def test_a_saved_card_has_no_bar_that_moves_for_ever(name: str) -> None:
    assert not re.search(r"<progress(?![^>]* value=)", card_html(CARDS[name]))


def test_a_live_bar_without_a_share_has_no_value() -> None:
    assert "<progress" in bar_html(CARDS["example"])
    assert "value=" not in bar_html(CARDS["example"])
    assert 'value="42.0"' in bar_html(CARDS["running"])


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("draw", [card_html, live_html])
def test_no_text_of_the_service_becomes_markup(hostile: str, draw: Callable[[Card], str]) -> None:
    document: Any = dict.fromkeys(EXAMPLE, hostile) | {
        hostile: hostile,
        "status": hostile,
        "error_msg": hostile,
        "export_params": {
            hostile: {hostile: hostile},
            "search_conditions": [{"sample_name": hostile, hostile: [hostile]}],
        },
    }
    drawn = Card(hostile, ExportTask.from_json(document), "retrying", error=ServiceError(error_msg=hostile), delay=1.0)
    tags = {element.tag.rpartition("}")[2] for element in strict(draw(drawn)).iter() if isinstance(element.tag, str)}
    known = {
        "b",
        "div",
        "samp",
        "span",
        "style",
        "br",
        "progress",
        "details",
        "summary",
        "ul",
        "ol",
        "li",
        "DOCUMENT_FRAGMENT",
    }
    assert tags <= known
    attributes = {name for element in strict(draw(drawn)).iter() for name in element.attrib}
    assert attributes <= {"class", "style", "title", "max", "value", "open", "start", "aria-label", "role"}


RIGHT_TO_LEFT = "שלום"
ODD = ["\ud800", "\u202e", "\u2068", "\u200f", "\u061c", "\u200b", "\U000e0041", "\x7f", "\ufffe", "\U0001fffe"]
XHTML = "http://www.w3.org/1999/xhtml"


@pytest.mark.parametrize("name", ["path", "status", "task_id", "error_msg"])
@pytest.mark.parametrize("draw", [card_html, live_html])
def test_text_that_runs_from_right_to_left_moves_no_neighbour(name: str, draw: Callable[[Card], str]) -> None:
    drawn = card(**{"status": "FAILED"} | {name: RIGHT_TO_LEFT})._replace(task_id=RIGHT_TO_LEFT)
    isolated = ["".join(bdi.itertext()) for bdi in strict(draw(drawn)).iter(f"{{{XHTML}}}bdi")]
    shown = re.sub(r' (title|aria-label)="[^"]*"', "", draw(drawn)).count(RIGHT_TO_LEFT)
    assert shown == sum(text.count(RIGHT_TO_LEFT) for text in isolated) > 0


@pytest.mark.parametrize("name", ["sample_state", RIGHT_TO_LEFT])
def test_the_tree_isolates_names_and_values(name: str) -> None:
    drawn = tree_html(rows_of(**{name: RIGHT_TO_LEFT, "samples": [RIGHT_TO_LEFT]}), query=RIGHT_TO_LEFT[1])
    assert re.sub(r"<bdi>.*?</bdi>", "", drawn).count(RIGHT_TO_LEFT[0]) == 0
    strict(drawn)


@pytest.mark.parametrize("odd", ["\x00", "\x1b[31m", "\x07", "\x9b", *ODD], ids=ascii)
def test_what_no_document_may_hold_is_replaced(odd: str) -> None:
    drawn = card(path=f"/b/{odd}/", export_params={odd: odd}, status=odd)
    for text in (card_html(drawn), live_html(drawn), card_text(drawn)):
        assert odd not in text
        text.encode()
    strict(card_html(drawn))


def rows_of(**params: Any) -> tuple[Row, ...]:  # noqa: ANN401 - any JSON
    return task_tree(ExportTask.from_json({"export_params": params}))


def test_ten_thousand_ids_cost_little_markup_each() -> None:
    ids = [f"{number:032x}" for number in range(10_000)]
    assert len(tree_html(rows_of(samples=ids))) < 10_000 * (32 + 60)


def test_drawn_bytes_have_a_bound() -> None:
    quotes = card(export_params={"samples": ['"' * 2_800] * 3_000})
    assert len(card_html(quotes)) < 8_000_000
    assert "more</" in card_html(quotes)


@pytest.mark.parametrize(
    "params",
    [
        {"samples": ["s"] * 25_000, "search_conditions": CONDITIONS},
        {"search_conditions": CONDITIONS * 5_000},
        {"undeclared": [[[0]] * 3] * 5_000},
        {str(number): {"a": 0} for number in range(5_000)},
    ],
    ids=["samples", "conditions", "nested", "fields"],
)
def test_a_text_has_fewer_than_two_hundred_lines_and_says_what_is_left_out(params: dict[str, Any]) -> None:
    drawn = card(phase="retrying", export_params=params, **COUNTS)._replace(
        error=ServiceError(status_code=503), delay=1.0, dataset_id="d"
    )
    lines = card_text(drawn).splitlines()
    assert 50 < len(lines) < 200
    assert any("more" in line and "in task." in line for line in lines)
    assert any("hard samples labeled cat or dog" in line for line in lines) == ("search_conditions" in params)
    assert any(line.split() == ["path", "/test-obs/daoChu/"] for line in lines)


def test_what_a_filter_finds_is_marked_wherever_it_stands() -> None:
    drawn = tree_html(rows_of(export_dest="NEW_DATASET", samples=["renew"]), query="new")
    assert "<mark>NEW</mark>_DATASET" in drawn
    assert "a <mark>new</mark> dataset" in drawn
    assert "re<mark>new</mark>" in drawn
    strict(drawn)


@pytest.mark.parametrize("hostile", [*HOSTILE, "&", "amp", "<", "lt;"])
def test_marking_lets_nothing_become_markup(hostile: str) -> None:
    drawn = tree_html(rows_of(samples=["&amp;", "<b>", *HOSTILE]), query=hostile)
    tags = {element.tag.rpartition("}")[2] for element in strict(drawn).iter()}
    assert tags <= {"DOCUMENT_FRAGMENT", "b", "details", "summary", "span", "ul", "ol", "li", "samp", "mark", "div"}


def test_a_filter_that_finds_nothing_says_so() -> None:
    assert "No row contains “&lt;x”" in tree_html(rows_of(export_dest="DIR"), query="<x")


def test_a_long_value_is_cut_and_stays_within_reach() -> None:
    drawn = card(export_params={"samples": ["x" * 500]})
    assert "x" * 201 not in card_text(drawn)
    assert f'title="{"x" * 500}"' in card_html(drawn)


NUMBERS = ("progress", "total_sample_count", "finished_sample_count", "create_time", "update_time", "export_type")


@pytest.mark.parametrize("phase", ["polling", "done"])
@pytest.mark.parametrize("odd", [10**40, -(10**40), -1, 0, 1e308, 150, math.nan, math.inf, None, "NaN", ""], ids=repr)
def test_absurd_and_missing_numbers_leave_a_sane_card(odd: object, phase: str) -> None:
    for drawn in (card(phase=phase, **{name: odd}) for name in NUMBERS):
        assert drawn.share is None or 0 <= drawn.share <= 100
        assert max(map(len, card_text(drawn).splitlines())) <= 100
        assert "took -" not in card_text(drawn)
        strict(card_html(drawn))


def test_a_paused_card_points_at_its_button_where_it_has_one() -> None:
    assert "polling is paused: press Resume" in live_html(CARDS["paused"])
    assert "polling is paused: call monitor.resume()" in card_html(CARDS["paused"])
    assert "polling is paused: call monitor.resume()" in card_text(CARDS["paused"])


def test_a_card_whose_polling_fails_says_which_attempt_failed_and_when_the_next_is() -> None:
    assert "attempt 2 of 10 failed, next in 8 s" in card_text(CARDS["retrying"])


@pytest.mark.parametrize("name", ["stopped", "closed"])
def test_a_card_that_its_user_has_stopped_does_not_look_like_a_failure(name: str) -> None:
    assert "○ stopped" in card_text(CARDS[name]) or "● RUNNING · stopped" in card_text(CARDS[name])
    assert "!" not in card_text(CARDS[name])
    assert CARDS[name].severity == "quiet"


def test_the_card_names_the_dataset_and_the_place_that_it_goes_to() -> None:
    words = "from dataset pFNTcKfq7sjnWBLyMe1 to obs://test-obs/daoChu/"
    assert words in card_text(CARDS["running"])
    for draw in (card_html, live_html):
        assert words in "".join(strict(draw(CARDS["running"])).itertext())


def test_a_fault_of_ours_is_shown_with_its_type() -> None:
    assert "ZeroDivisionError: oops" in card_text(card()._replace(error=ZeroDivisionError("oops"), phase="stopped"))


def test_no_text_of_the_service_starts_a_line_of_its_own() -> None:
    drawn = card(path="/b/\n✓ SUCCESSED", export_params={"a\r": "b\u2028c"}, error_msg="x\r\ny", status="FAILED")
    assert "to obs://b/ ✓ SUCCESSED" in card_text(drawn)
    assert not set("\r\u2028") & set(card_text(drawn))


@given(
    odd=some.one_of(
        some.integers(max_value=-1), some.integers(min_value=2**53 + 1), some.sampled_from([1e60, "1e60", -0.5e9])
    ),
    name=some.sampled_from(["finished_sample_count", "total_sample_count"]),
)
def test_a_count_that_cannot_be_meant_is_in_the_tree_but_in_no_bar_rate_or_sentence(odd: object, name: str) -> None:
    document = {"progress": None, "finished_sample_count": None, "total_sample_count": None, name: odd}
    drawn, none = (card(**changes)._replace(speed=Speed(0.1, 9.0)) for changes in (document, {**document, name: None}))
    assert drawn.task is not None
    assert (drawn.counts(), drawn.share, drawn.percent()) == (none.counts(), None, "")
    assert samples(drawn.task) == ""
    (row,) = (row for row in task_tree(drawn.task)[-1].children if row.name == name)
    assert row.value == str(odd)


def test_an_unknown_status_is_shown_as_it_is() -> None:
    assert "◇ PARKED" in card_text(card(status="PARKED"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "under 1 s"),
        (0.4, "under 1 s"),
        (8, "8 s"),
        (97, "1 min 37 s"),
        (3_600, "1 h"),
        (7_260, "2 h 1 min"),
        (90_061, "1 d 1 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert words_module.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "about 1 s"), (3.2, "about 3 s"), (42, "about 40 s"), (97, "about 1 min 40 s"), (5_000, "about 1 h 23 min")],
)
def test_a_guessed_time_is_coarse(seconds: float, text: str) -> None:
    assert words_module.about(seconds) == text


@pytest.mark.parametrize(
    ("shortest", "longest", "text"),
    [
        (40, 75, "40 s to 1 min 15 s"),
        (40.2, 75.2, "40 s to 1 min 16 s"),
        (40, 40, "40 s to 45 s"),
        (40.2, 40.9, "40 s to 45 s"),
        (43, 46, "40 s to 50 s"),
        (0.2, 0.4, "up to 1 s"),
        (0.2, 600, "up to 10 min"),
        (3_599, 3_601, "59 min to 1 h 1 min"),
        (3_910, 3_950, "1 h 5 min to 1 h 6 min"),
        (65, 7_261, "1 min 5 s to 2 h 2 min"),
        (86_000, 97_201, "23 h 53 min to 1 d 4 h"),
        (90_000, 90_000, "1 d 1 h to 1 d 2 h"),
    ],
)
def test_a_range_of_durations_holds_both_and_is_never_one_number(shortest: float, longest: float, text: str) -> None:
    assert words_module.span(shortest, longest) == text


@given(some.floats(0.001, 2_592_000.0), some.floats(0.001, 2_592_000.0))
def test_every_range_of_durations_has_two_ends(one: float, other: float) -> None:
    first, is_range, last = words_module.span(min(one, other), max(one, other)).partition(" to ")
    assert first != last
    assert is_range or first.startswith("up to ")


FORECAST = Forecast(5, 40.0, 75.0)
TOOK = "the last 5 exports of this kind took 40 s to 1 min 15 s"


@pytest.mark.parametrize("drawn", [card(), card(status="INIT"), card(progress=None), card(total_sample_count=20)])
def test_a_card_on_which_nothing_moves_says_what_earlier_exports_took(drawn: Card) -> None:
    shown = drawn._replace(forecast=FORECAST)
    assert TOOK in card_text(shown)
    for draw in (card_html, live_html):
        assert TOOK in draw(shown)
        assert draw(shown).replace(f" · {TOOK}", "") == draw(drawn), "in words, and in nothing else"


@pytest.mark.parametrize(
    "drawn",
    [
        card(**COUNTS),
        card(progress=0.1),
        card(**ENDED, phase="done"),
        *(card(phase=phase) for phase in ("idle", "retrying", "paused", "needs-auth", "stopped")),
        Card("t", phase="polling"),
    ],
)
def test_another_card_does_not(drawn: Card) -> None:
    assert "took 40 s" not in card_text(drawn._replace(forecast=FORECAST))


def test_sizes_that_differ_much_are_said() -> None:
    words = "the last 3 exports of this kind, of 200 to 20,000 samples, took 40 s to 1 min 15 s"
    assert words in card_text(card()._replace(forecast=Forecast(3, 40.0, 75.0, (200, 20_000))))


@pytest.mark.parametrize(
    ("speed", "text"),
    [
        (123.4, "120 samples/s"),
        (1.0, "1 sample/s"),
        (0.5, "30 samples/min"),
        (0.005, "18 samples/h"),
        (1e-9, "less than 1 sample/h"),
    ],
)
def test_a_speed_has_two_digits_and_a_fitting_unit(speed: float, text: str) -> None:
    assert words_module.rate(speed) == text


@pytest.mark.parametrize(("number", "text"), [(8_400, "8,400"), (-1, "-1"), (10**20, "1e+20"), (10**400, "1e+300")])
def test_a_count_has_its_thousands_apart(number: int, text: str) -> None:
    assert words_module.quantity(number) == text


def test_a_moment_is_in_utc_to_the_second() -> None:
    when = datetime(2020, 11, 23, 3, 50, 24, 662_000, timezone.utc)
    assert words_module.timestamp(when) == "2020-11-23 03:50:24 UTC"
