"""Errors as people read them, and as they cross process borders."""

from __future__ import annotations

import pickle

import pytest

from predictor import errors
from predictor.errors import BundleError, PatientRefused, PredictorError, Reason

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, PredictorError)
]


def test_a_message_says_where_which_rule_and_what_next() -> None:
    error = BundleError("runs/x", "the file is missing", "Get it again.")
    assert str(error) == "runs/x: the file is missing. Get it again."


@pytest.mark.parametrize("rule", ["it is so.", "is it so?", "these:", "so!"])
def test_a_rule_that_ends_as_a_sentence_gets_no_second_full_stop(rule: str) -> None:
    assert str(PredictorError("x", rule)) == f"x: {rule}"


def test_every_reason_stands_on_its_own_line() -> None:
    refused = PatientRefused([Reason("a", "c3", "is impossible"), Reason("b", "", "Too few.")])
    assert (
        str(refused)
        == "patient: no prediction is given, because:\n  - c3: is impossible\n  - Too few."
    )
    assert [reason.code for reason in refused.reasons] == ["a", "b"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_from_a_worker_process(kind: type[PredictorError]) -> None:
    reasons = [Reason("a", "c3", "is impossible")]
    if kind is PatientRefused:
        error: PredictorError = PatientRefused(reasons, where="row 3")
    else:
        error = kind("here", "a rule", "Do this.", reasons=reasons)
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(back) is kind
    assert str(back) == str(error)
    assert (back.where, back.rule, back.next_step) == (error.where, error.rule, error.next_step)
    assert back.reasons == error.reasons


def test_what_may_have_to_be_mended_stands_apart() -> None:
    besides = [Reason("b", "c3", "the value is odd")]
    error = PredictorError(
        "x", "rule", "Mend these:", reasons=[Reason("a", "c4", "y")], besides=besides
    )
    mend, heading, look = str(error).partition("\nLook at these as well")
    assert mend == "x: rule. Mend these:\n  - c4: y"
    assert heading
    assert look.endswith("\n  - c3: the value is odd")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), again.besides) == (str(error), error.besides)
