"""Mistakes in a call are told at the call, in words that lead on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import traitlets
from support import EXAMPLE, Script

from modelarts_widgets import (
    ConfigurationError,
    ExportHistory,
    ExportMonitor,
    ModelArtsClient,
    ModelArtsError,
    watch_export,
    watch_exports,
)

KINDS = {
    "watch_export": lambda *ids, **options: watch_export(*(ids or ("d", "t")), **options),
    "watch_exports": lambda *ids, **options: watch_exports(*(ids[:1] or ("d",)), **options),
    "ExportMonitor": lambda *ids, **options: ExportMonitor(*(ids or ("d", "t")), **options),
    "ExportHistory": lambda *ids, **options: ExportHistory(*(ids[:1] or ("d",)), **options),
}
Make = Callable[..., Any]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Return a function that makes one of what takes the same arguments."""
    made: list[Any] = []

    def one(*ids: object, **options: object) -> Any:  # noqa: ANN401
        made.append(KINDS[request.param](*ids, **{"client": Script(EXAMPLE), **options}))
        return made[-1]

    yield one
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda make: make(client="https://h"), TypeError, "client must be a ModelArtsClient, or an object with "),
        (lambda make: make(client=ModelArtsClient), TypeError, "(), not the class ModelArtsClient"),
        (lambda make: make(client=7), TypeError, "(), not int"),
        (lambda make: make(7, "t"), TypeError, "dataset_id must be a string, not int"),
        (lambda make: make("", "t"), ValueError, "dataset_id must not be ''"),
        (lambda make: make("d ", "t"), ValueError, "dataset_id must not be 'd ': it contains white space"),
        (lambda make: make("\td", "t"), ValueError, r"dataset_id must not be '\td': it contains white space"),
        (lambda make: make("d d", "t"), ValueError, "dataset_id must not be 'd d': it contains white space"),
        (lambda make: make("d\u200b", "t"), ValueError, r"must not be 'd\u200b': it contains white space, or char"),
        (lambda make: make().wait("10"), TypeError, "timeout must be a number of seconds, not str"),
        (lambda make: make().wait(math.nan), ValueError, "timeout must be 0 seconds or more, or None for no limit, "),
        (lambda make: make().wait(-1), ValueError, "timeout must be 0 seconds or more, or None for no limit, not -1"),
        (lambda make: make().on_done("x"), TypeError, "A callback must be a function, not str"),
        (lambda make: make().on_update(None), TypeError, "A callback must be a function, not NoneType"),
        (
            lambda make: make(client=ModelArtsClient("https://h", "p")).resume("t"),
            ConfigurationError,
            "auth must be an object such as TokenAuth(token)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_told_at_the_call(
    make: Make, call: Callable[[Make], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call(make)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ModelArtsClient("https://h/v2/p", "p"),
            ConfigurationError,
            "must end before /v2, which is added to it",
        ),
        (
            lambda: ModelArtsClient("h", "p"),
            ConfigurationError,
            "The endpoint must be a URL such as https://modelarts.",
        ),
        (
            lambda: ModelArtsClient("https://h", " p"),
            ValueError,
            "project_id must not be ' p': it contains white space",
        ),
        (lambda: watch_export("d", " t", client=Script()), ValueError, "task_id must not be ' t'"),
        (
            lambda: watch_export("d", "a b", client=Script()),
            ValueError,
            "task_id must not be 'a b': it contains white ",
        ),
        (lambda: watch_export("d", "t\n", client=Script()), ValueError, r"task_id must not be 't\n'"),
        (lambda: watch_export("d", "t", client=Script(), interval="2"), TypeError, "interval must be a number of sec"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_of_one_of_them_is_told_at_the_call(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("word", "group"),
    [("SUCCESSED", "succeeded"), ("FAILED", "failed"), ("RUNNING", "running"), ("INIT", "running"), ("all", "all")],
)
def test_the_status_filter_takes_the_words_of_the_service(word: str, group: str) -> None:
    history = ExportHistory("d", client=Script(EXAMPLE), status_filter=word)
    assert history.status_filter == group
    history.status_filter = "other"
    history.status_filter = word
    assert history.status_filter == history._parts.status_box.value == group  # type: ignore[attr-defined]
    with pytest.raises(traitlets.TraitError, match="succeeded"):
        history.status_filter = "DONE"
    history.close()


class Other:
    """A client that returns something else than tasks."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def get_export_task(self, dataset_id: str, task_id: str) -> Any:  # noqa: ANN401, ARG002
        """Return it."""
        return self._answer

    def list_export_tasks(self, dataset_id: str) -> Any:  # noqa: ANN401, ARG002
        """Return it in a list."""
        return [self._answer]


@pytest.mark.parametrize("answer", [EXAMPLE, None, "RUNNING"], ids=["dict", "None", "str"])
def test_a_client_that_returns_something_else_ends_the_watch(make: Make, answer: object) -> None:
    watch = make(client=Other(answer))
    with pytest.raises(TypeError, match=f"value of type {type(answer).__name__}, where an ExportTask belongs"):
        watch.wait(60)
    assert watch.phase == "stopped"
    assert not isinstance(watch.error, ModelArtsError)
