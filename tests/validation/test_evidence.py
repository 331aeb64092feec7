"""Evidence: every row of the table of levels, counts of people, and what is said first."""

from __future__ import annotations

import inspect
import itertools
import json
from typing import Any

import numpy as np
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.cohort import Cohort, FlowStep
from predictor.validation.evidence import (
    cohort_verdict,
    evidence,
    evidence_level,
    large_enough,
    people,
)
from predictor.validation.permutation import Signal, signal
from predictor.validation.samplesize import SampleSize, for_training

KEYS = ["level", "patients", "events", "simulated_patients", "statement"]


def permuted_at(p: float, **changes: Any) -> Signal:
    hits = round(p * 200) - 1
    return signal("AUROC", 0.9, np.r_[np.ones(hits), np.zeros(199 - hits)], "rule", **changes)


FOUND, BORDER, NOT_FOUND = permuted_at(0.005), permuted_at(0.05), permuted_at(0.31)
PARTIAL = permuted_at(0.005, not_repeated=("the choice of model",))


def cohort_of(patients: int = 31, events: int = 11, **changes: Any) -> Cohort:
    content: dict[str, Any] = {
        "source": "c.csv",
        "variables": (load_dictionary().variable("c3"),),
        "values": np.arange(float(patients))[:, None],
        "outcome": np.r_[np.ones(events), np.zeros(patients - events)].astype(np.int8),
        "group": np.arange(patients),
        "group_kind": "patient",
        "patient": np.arange(patients),
        "flow": (FlowStep("read", patients),),
        "warnings": (),
        "simulated": False,
    }
    return Cohort(**(content | changes))


def needed_of(cohort: Cohort) -> SampleSize:
    return for_training(cohort.events / cohort.patients, 2)


LARGE = cohort_of(2000, 700)


def level(
    cohort: Cohort, signal: Signal | None, validated: bool = True, needed: SampleSize | None = None
) -> str:
    return str(evidence(cohort, needed or needed_of(cohort), signal, validated)["level"])


# ---- levels


@pytest.mark.parametrize(
    ("signal", "validated", "expected"),
    [
        (FOUND, True, "internally validated"),
        (BORDER, True, "internally validated"),  # p = 0.05 is a signal
        (FOUND, False, "exploratory"),
        (NOT_FOUND, True, "exploratory"),
        (None, True, "exploratory"),
        (PARTIAL, True, "internally validated"),
        (None, False, "exploratory"),
    ],
)
def test_enough_real_patients(signal: Signal | None, validated: bool, expected: str) -> None:
    assert level(LARGE, signal, validated) == expected


@pytest.mark.parametrize("signal", [FOUND, NOT_FOUND, None])
def test_too_few_patients_stay_exploratory_whatever_the_test_says(signal: Signal | None) -> None:
    assert level(cohort_of(), signal) == "exploratory"


def test_one_patient_and_one_event_decide() -> None:
    needed = needed_of(LARGE)
    n, events = needed.n, needed.whole_events
    assert level(cohort_of(n, events), FOUND, needed=needed) == "internally validated"
    assert level(cohort_of(n - 1, events), FOUND, needed=needed) == "exploratory"
    assert level(cohort_of(n, events - 1), FOUND, needed=needed) == "exploratory"


def test_rows_that_are_taken_for_patients_stay_exploratory() -> None:
    alone = cohort_of(2000, 700, group=None, patient=None, group_kind="none")
    assert level(alone, FOUND) == "exploratory"
    centres = {"group": np.arange(2000) % 5, "group_kind": "centre"}
    assert level(cohort_of(2000, 700, **centres), FOUND) == "internally validated"
    assert level(cohort_of(2000, 700, patient=None, **centres), FOUND) == "exploratory"


def test_simulated_patients_are_a_demonstration_however_many() -> None:
    for signal_, validated in itertools.product([FOUND, NOT_FOUND, None], [True, False]):
        assert level(cohort_of(2000, 700, simulated=True), signal_, validated) == "demonstration"


@pytest.mark.parametrize(
    "flags", list(itertools.product([False, True], repeat=4)), ids=lambda f: "".join(map(str, f))
)
@pytest.mark.parametrize("signal", [FOUND, NOT_FOUND, PARTIAL, None])
def test_the_whole_table(flags: tuple[bool, ...], signal: Signal | None) -> None:
    simulated, known, sufficient, validated = flags
    got = evidence_level(
        simulated=simulated,
        known_people=known,
        sufficient=sufficient,
        signal=signal,
        validated=validated,
    )
    if simulated:
        assert got == "demonstration"
    elif known and sufficient and validated and signal in (FOUND, PARTIAL):
        assert got == "internally validated"
    else:
        assert got == "exploratory"


def test_no_figure_of_performance_can_reach_the_verdict() -> None:
    for function in (evidence, evidence_level):
        names = set(inspect.signature(function).parameters)
        assert names <= {
            "cohort",
            "needed",
            "signal",
            "validated",
            "simulated",
            "known_people",
            "sufficient",
        }


# ---- counts


def test_real_people_alone_are_counted() -> None:
    real = evidence(cohort_of(), needed_of(LARGE), None, False)
    assert [real[key] for key in KEYS[1:4]] == [31, 11, 0]
    made = evidence(cohort_of(simulated=True), needed_of(LARGE), None, False)
    assert [made[key] for key in KEYS[1:4]] == [0, 0, 31]
    assert list(real) == list(made) == KEYS
    assert json.loads(json.dumps(real, allow_nan=False)) == real


def test_rows_of_one_patient_count_once() -> None:
    codes = np.array([4, 4, 4, 2, 9, 9])
    repeated = cohort_of(
        outcome=np.array([1, 0, 0, 0, 1, 1], np.int8),
        values=np.zeros((6, 1)),
        group=codes,
        patient=codes,
    )
    who = people(repeated)
    assert (who.patients, who.events, who.rows, who.known) == (3, 2, 6, True)
    assert cohort_verdict(needed_of(LARGE), repeated).startswith("3 patients (6 rows) with 2 ev")


def test_many_rows_of_few_patients_are_not_enough() -> None:
    rows = cohort_of(2000, 700, patient=np.arange(2000) // 10)
    assert not large_enough(needed_of(LARGE), rows)
    assert level(rows, FOUND, needed=needed_of(LARGE)) == "exploratory"
    assert large_enough(needed_of(LARGE), LARGE)


# ---- words


def said(cohort: Cohort, signal: Signal | None, validated: bool) -> str:
    return str(evidence(cohort, needed_of(LARGE), signal, validated)["statement"])


def test_the_number_of_patients_is_said_first() -> None:
    needed = needed_of(LARGE)
    expected = f"31 patients with 11 events; at least {needed.n:,} patients with "
    assert said(cohort_of(), None, False).startswith(expected)
    rows = said(cohort_of(group=None, patient=None, group_kind="none"), None, False)
    assert rows.startswith("31 rows taken for patients with 11 events; ")
    assert "if a patient has several, every figure is too good" in rows


def test_a_demonstration_says_first_that_it_is_not_for_care() -> None:
    text = said(cohort_of(simulated=True), FOUND, True)
    assert text.startswith("Not for care. Trained on simulated patients")
    assert "31 simulated patients with 11 events" in text
    assert FOUND.sentence in text


def test_the_answer_of_the_test_is_said_or_that_there_was_none() -> None:
    assert "Whether there is signal has not been tested." in said(cohort_of(), None, True)
    assert "No signal found: p = 0.31 with 199 permutations" in said(cohort_of(), NOT_FOUND, True)
    partial = said(LARGE, PARTIAL, True)
    assert "of the procedure without the choice of model." in partial
    assert "might find some" not in partial
    part = permuted_at(0.31, not_repeated=("Random forest",))
    assert "The candidates that were not tested might find some." in said(LARGE, part, True)


def test_how_it_was_tested_is_said_last() -> None:
    assert said(LARGE, FOUND, True).endswith(
        "corrected for optimism within this cohort; no other patients have been tried."
    )
    assert said(LARGE, FOUND, False).endswith(
        "Compared by repeated cross-validation only; no other patients have been tried."
    )
