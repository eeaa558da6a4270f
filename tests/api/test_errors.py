from __future__ import annotations

import pickle

import pytest

from modelarts_widgets import ExportFailedError, ModelArtsError, ThrottledError
from modelarts_widgets.api import errors

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ModelArtsError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_is_one_sentence_without_arguments(kind: type[ModelArtsError]) -> None:
    assert str(kind())
    assert not str(kind()).endswith(".")


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_survives_pickling_with_its_facts(kind: type[ModelArtsError]) -> None:
    error = kind("It broke", status_code=400, error_code="ModelArts.1", error_msg="no\nluck", request_id="r1")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error) == 'It broke: the service says "no luck" (HTTP 400, ModelArts.1, request r1)'
    assert vars(copy) == vars(error)


def test_facts_that_are_missing_leave_no_trace() -> None:
    assert str(ExportFailedError("It broke", error_code="ModelArts.1")) == "It broke (ModelArts.1)"


def test_throttling_carries_the_wait_that_is_asked_for() -> None:
    assert ThrottledError(retry_after=7.0).retry_after == 7.0


def test_a_sentence_can_be_printed_whatever_the_service_sends() -> None:
    str(ModelArtsError(error_msg="\ud800")).encode()
