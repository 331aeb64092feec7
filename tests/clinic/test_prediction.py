"""predict(): what it reads, what it refuses, what it answers, and that it tells nobody."""

from __future__ import annotations

import json
import logging
import math
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_bundles import FULL, LINEAR, save

from predictor.clinic.patient import identifier_of, read_patient
from predictor.clinic.prediction import (
    Prediction,
    Predictions,
    cached_bundle,
    predict,
    predict_rows,
)
from predictor.errors import PatientRefused
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.fitted.models import LinearModel

HUGE = 10**5000
"""More digits than Python turns into text."""

CONTRACT = [
    "patient",
    "outcome",
    "horizon",
    "probability",
    "interval",
    "reference_probability",
    "scale",
    "base_value",
    "contributions",
    "imputed",
    "warnings",
    "applicability",
    "evidence",
    "validation",
    "model",
]
"""Keys of design section 4, and ``validation``: how good the model is, in one line."""

NO_INTERVAL = ("no_interval", "", "this model comes without an interval.")
"""What every answer of a bundle without replicates says."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("clinic") / "b")


@pytest.fixture(scope="session")
def bundle(folder: Path) -> Bundle:
    return load_bundle(folder)


def refusal(patient: object, bundle: Bundle) -> dict[str, list[str]]:
    with pytest.raises(PatientRefused) as caught:
        predict(patient, bundle)  # type: ignore[call-overload]
    found: dict[str, list[str]] = {}
    for reason in caught.value.reasons:
        found.setdefault(reason.code, []).append(reason.where)
    return found


def test_the_probability_by_hand(bundle: Bundle) -> None:
    answer = predict(FULL, bundle)
    terms = {
        "c3": 0.81 * (75 - 91.3) / 20.1 + 0.13 * (0 - 0.07) / 0.3,
        "marker": -0.4 * (40 - 33.7) / 11.9,
        "fever": 0.3 * (1 - 0.3) / 0.46,
        "organ": 0.5 * (0 - 0.4) / 0.5 - 0.7 * (0 - 0.2) / 0.41,
    }
    assert answer.base_value == pytest.approx(-0.613, abs=1e-12)
    assert answer.reference_probability == pytest.approx(1 / (1 + math.exp(0.613)), abs=1e-12)
    found = {part.variable: part.contribution for part in answer.contributions}
    assert found == pytest.approx(terms, abs=1e-12)
    log_odds = -0.613 + sum(terms.values())
    assert answer.probability == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-12)


@pytest.mark.parametrize(
    "c3",
    [
        75,
        75.0,
        "75",
        " 75 mg/dL ",
        "0.75 g/L",
        {"value": 0.75, "unit": "g/L"},
        {"value": "75"},
        np.float32(75),
        np.int64(75),
    ],
)
def test_a_value_may_be_given_in_many_ways(c3: object, bundle: Bundle) -> None:
    answer = predict(FULL | {"c3": c3}, bundle)
    (part,) = [part for part in answer.contributions if part.variable == "c3"]
    assert (part.value, part.unit) == (75.0, "mg/dL")
    assert answer.probability == predict(FULL, bundle).probability


@pytest.mark.parametrize("fever", ["yes", "Yes", True, 1, 1.0, "1", "true"])
def test_a_state_may_be_given_in_many_ways(fever: object, bundle: Bundle) -> None:
    answer = predict(FULL | {"fever": fever}, bundle)
    assert {part.variable: part.value for part in answer.contributions}["fever"] == "yes"


@pytest.mark.parametrize("missing", [None, "", "NA", math.nan, pd.NA, pd.NaT, np.float64("nan")])
def test_what_is_missing_is_imputed_and_said(missing: object, bundle: Bundle) -> None:
    answer = predict(FULL | {"marker": missing}, bundle)
    left_out = predict({key: value for key, value in FULL.items() if key != "marker"}, bundle)
    assert answer == left_out
    assert answer.imputed == ("marker",)
    (part,) = [part for part in answer.contributions if part.variable == "marker"]
    assert part.value is None
    assert part.contribution == pytest.approx(-0.4 * (35.0 - 33.7) / 11.9)


def test_every_reason_is_told_at_once(bundle: Bundle) -> None:
    patient = {
        "patient": "\x1b[2J",
        "C_3": 80,
        "feverr": "yes",
        "c3": -5,
        "marker": "12,5",
        "fever": "perhaps",
        "overlap": "yes",
    }
    assert refusal(patient, bundle) == {
        "bad_identifier": ["patient"],
        "unknown_variable": ["C_3", "feverr"],
        "exclusion_criterion": ["overlap"],
        "impossible_value": ["c3"],
        "unreadable_number": ["marker"],
        "unreadable_state": ["fever"],
    }


def test_an_unknown_name_is_told_with_the_nearest_one(bundle: Bundle) -> None:
    with pytest.raises(
        PatientRefused, match=r"feverr: no variable has this name. Did you mean fever\?"
    ):
        predict(FULL | {"feverr": 1}, bundle)


@pytest.mark.parametrize(
    "name", [5, None, ("c3",), "\ud800", "a\nb", "", " ", "x" * 100, b"c3", 1.5]
)
def test_a_name_that_cannot_be_shown_is_refused_without_it(name: object, bundle: Bundle) -> None:
    assert refusal(FULL | {name: 1}, bundle) == {
        "unknown_variable": ["a name that cannot be shown"]
    }


@pytest.mark.parametrize("value", ["yes", True, 1, "present"])
def test_an_exclusion_criterion_of_the_study_refuses(value: object, bundle: Bundle) -> None:
    with pytest.raises(
        PatientRefused, match=r"overlap: such patients \(Overlap syndrome\) were not"
    ):
        predict(FULL | {"overlap": value}, bundle)
    assert isinstance(predict(FULL | {"overlap": "no"}, bundle), Prediction)
    assert refusal(FULL | {"overlap": "perhaps"}, bundle) == {"unreadable_state": ["overlap"]}


def test_too_many_missing_predictors_are_refused_and_half_is_allowed(bundle: Bundle) -> None:
    assert predict({"c3": 80, "fever": "no"}, bundle).imputed == ("marker", "organ")
    with pytest.raises(
        PatientRefused, match=r"3 of 4 predictors are missing; this model allows at most 50%"
    ):
        predict({"c3": 80}, bundle)
    # What cannot be read is a problem of its own, not one more missing value.
    assert refusal({"c3": 80, "fever": "perhaps"}, bundle) == {"unreadable_state": ["fever"]}


@pytest.mark.parametrize(
    "patient", [None, [], "c3: 80", 5, [("c3", 80)], {1, 2}, pd.Series({"c3": 80})]
)
def test_what_is_no_patient_is_refused(patient: object, bundle: Bundle) -> None:
    assert refusal(patient, bundle) == {"not_a_patient": [""]}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("P07", "P07"),
        (" P07 ", "P07"),
        (7, "7"),
        (7.0, "7"),
        (np.int64(7), "7"),
        (np.float64(7.5), "7.5"),
        ("Ärztin 3", "Ärztin 3"),
        ("", None),
        ("  ", None),
        (None, None),
        (math.nan, None),
        (pd.NA, None),
    ],
)
def test_an_identifier_is_handed_back(given: object, shown: str | None, bundle: Bundle) -> None:
    assert predict(FULL | {"patient": given}, bundle).patient == shown
    assert identifier_of({"patient": given}) == shown


@pytest.mark.parametrize(
    "given",
    [
        *(True, "x" * 201, "a\x00b", "a\nb", "\ud800", b"P07", ["P07"], {"id": 1}, HUGE, object()),
        *(math.inf, -math.inf, np.float32("inf")),
    ],
    ids=range(13),
)
def test_what_is_no_identifier_is_refused(given: object, bundle: Bundle) -> None:
    assert refusal(FULL | {"patient": given}, bundle) == {"bad_identifier": ["patient"]}
    assert identifier_of({"patient": given}) is None


def test_a_known_variable_that_is_not_used_is_said(bundle: Bundle) -> None:
    answer = predict(FULL | {"esr": 40, "c3_after": 90}, bundle)
    assert [(w.code, w.where, w.message) for w in answer.warnings] == [
        ("not_used", "", "given but not used by this model: c3_after, esr."),
        NO_INTERVAL,
    ]
    for missing in (None, pd.NA):
        answer = predict(FULL | {"esr": missing}, bundle)
        assert [(w.code, w.where, w.message) for w in answer.warnings] == [NO_INTERVAL]


def test_a_value_of_the_wrong_unit_is_warned_of_before_anything_else(bundle: Bundle) -> None:
    warning, unused, _ = predict({"esr": 40} | FULL | {"c3": 1.2}, bundle).warnings
    assert unused.code == "not_used"
    assert (warning.code, warning.where) == ("suspicious_unit", "c3")
    assert "looks like g/L" in warning.message


@pytest.mark.parametrize("value", [1e308, -1e308, 1e12, "1e300", 10**400])
def test_a_number_beyond_all_measurement_is_refused(value: object, bundle: Bundle) -> None:
    """This variable has no plausible range, and sums of such numbers lose every digit."""
    found = refusal(FULL | {"marker": value}, bundle)
    assert set(found) <= {"impossible_value", "infinite_value"}
    assert found.popitem()[1] == ["marker"]


@pytest.mark.parametrize("iterative", [False, True])
def test_contributions_add_up_to_the_probability(iterative: bool, tmp_path: Path) -> None:
    bundle = load_bundle(save(tmp_path / "b", iterative=iterative))
    generator = np.random.default_rng(5)
    for _ in range(200):
        patient = {
            "c3": generator.choice([None, generator.uniform(1, 500)]),
            "marker": generator.normal(0, 1e4),
            "fever": generator.choice([None, "yes", "no"]),
            "organ": str(generator.choice(["skin", "kidney", "joints"])),
        }
        answer = predict(patient, bundle)
        output = answer.base_value + sum(part.contribution for part in answer.contributions)
        log_odds = (
            math.log(answer.probability / (1 - answer.probability))
            if 0 < answer.probability < 1
            else output
        )
        if abs(output) < 20:  # beyond, the probability itself keeps too few digits
            assert output == pytest.approx(log_odds, abs=1e-6)
        sizes = [abs(part.contribution) for part in answer.contributions]
        assert sizes == sorted(sizes, reverse=True)


def test_the_json_is_the_contract(bundle: Bundle) -> None:
    found = predict(FULL | {"marker": None, "c3": 1.2}, bundle).to_dict()
    assert list(found) == CONTRACT
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert list(found["contributions"][0]) == [
        "variable",
        "label",
        "value",
        "unit",
        "contribution",
        "typical",
        "standing",
    ]
    assert found["interval"] is found["applicability"] is found["validation"] is None
    assert list(found["warnings"][0]) == ["code", "variable", "message"]
    assert list(found["evidence"]) == [
        "level",
        "patients",
        "events",
        "simulated_patients",
        "statement",
    ]
    assert list(found["model"]) == ["name", "version", "digest"]
    assert found["model"]["digest"] == bundle.digest
    values = {part["variable"]: (part["value"], part["unit"]) for part in found["contributions"]}
    assert values["organ"] == ("kidney", None)
    assert values["marker"] == (None, "mg/dL")


def test_an_answer_cannot_change_the_bundle(bundle: Bundle) -> None:
    answer = predict(FULL, bundle)
    answer.evidence["level"] = "externally validated"  # type: ignore[index]
    assert predict(FULL, bundle).evidence["level"] == "exploratory"
    with pytest.raises(AttributeError, match="probability"):
        answer.probability = 0.99  # type: ignore[misc]


def test_a_data_frame_is_answered_row_by_row(bundle: Bundle) -> None:
    frame = pd.DataFrame(
        {
            "patient": ["A", "B", None, "D"],
            "c3": [75, np.nan, -5, 90],
            "marker": [40.0, 35.0, 40.0, np.nan],
            "fever": ["yes", "no", None, "no"],
            "organ": pd.array(["kidney", None, None, "skin"], dtype="string"),
        },
        index=[9, 9, 8, 7],
    )
    answers = predict(frame, bundle)
    assert isinstance(answers, Predictions)
    assert (answers.rows, len(answers)) == ((0, 1, 3), 3)
    assert [answer.patient for answer in answers] == ["A", "B", "D"]
    assert next(iter(answers)).probability == pytest.approx(
        predict(FULL, bundle).probability, abs=1e-12
    )
    (refused,) = answers.refused
    assert (refused.row, refused.patient) == (2, None)
    assert [reason.code for reason in refused.reasons] == ["impossible_value"]
    found = json.loads(json.dumps(answers.to_dict(), allow_nan=False))
    assert list(found) == ["predictions", "refused"]
    assert list(found["refused"][0]) == ["patient", "row", "reasons"]
    assert list(found["refused"][0]["reasons"][0]) == ["code", "variable", "message"]


def test_columns_of_a_data_frame_are_checked_once(bundle: Bundle) -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=["c3", "c3", "markr", 7])
    with pytest.raises(PatientRefused, match=r"data frame: no prediction is given") as caught:
        predict(frame, bundle)
    assert [(r.code, r.where) for r in caught.value.reasons] == [
        ("unknown_variable", "markr"),
        ("unknown_variable", "a name that cannot be shown"),
        ("repeated_column", "c3"),
    ]


def test_an_empty_data_frame_has_no_answers(bundle: Bundle) -> None:
    assert predict(pd.DataFrame({"c3": []}), bundle) == Predictions((), (), ())


def test_a_table_of_many_batches_keeps_its_order(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.clinic.prediction._BATCH", 3)
    rows = [(i, FULL | {"patient": i, "c3": -1 if i % 4 == 0 else 50 + i}) for i in range(20)]
    answers = predict_rows(rows, bundle)
    assert [int(answer.patient or -1) for answer in answers] == [i for i in range(20) if i % 4]
    assert list(answers.rows) == [i for i in range(20) if i % 4]
    assert [refused.row for refused in answers.refused] == [0, 4, 8, 12, 16]


# Anything a program could hand over, with values that nobody would mistake for words of ours.
MARK = "QZ731"
numbers = st.one_of(
    st.integers(),
    st.integers(min_value=10**300, max_value=10**400),
    st.floats(allow_nan=True, allow_infinity=True),
    st.decimals(allow_nan=True),
    st.booleans(),
)
scalars = st.one_of(
    st.none(),
    numbers,
    st.text().map(lambda text: text + MARK),
    st.text(st.characters(categories=["Cs", "Cc"])),
    st.binary(),
    st.sampled_from(["yes", "kidney", "75", "0.75 g/L", "12,5", "<10", "∞", "1:320", "7 mg/dL/L"]),
    st.builds(object),
    st.just(np.array([1.0, 2.0])),
    st.just(np.float32("inf")),
    st.just(pd.NaT),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["value", "unit", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
names = st.one_of(
    st.sampled_from(["c3", "marker", "fever", "organ", "overlap", "patient", "esr", "c3_after"]),
    st.text(max_size=5),
    st.integers(),
    st.binary(max_size=3),
    st.none(),
    st.tuples(st.integers()),
)


def check_answer(answer: Prediction) -> None:
    assert 0.0 <= answer.probability <= 1.0
    json.dumps(answer.to_dict(), allow_nan=False).encode()
    lines = str(answer).encode().decode().splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 92


@given(patient=st.dictionaries(names, values))
def test_any_mapping_is_answered_or_refused(patient: dict[Any, Any], bundle: Bundle) -> None:
    try:
        check_answer(predict(patient, bundle))
    except PatientRefused as refused:
        told = str(refused)
    else:
        return
    told.encode()
    assert MARK not in told or any(MARK in str(name) for name in patient)


@given(rows=st.lists(st.one_of(st.dictionaries(names, values), values), max_size=4))
def test_any_rows_are_answered_or_refused(rows: list[Any], bundle: Bundle) -> None:
    answers = predict_rows(enumerate(rows), bundle)
    assert sorted([*answers.rows, *(refused.row for refused in answers.refused)]) == list(
        range(len(rows))
    )
    json.dumps(answers.to_dict(), allow_nan=False).encode()


@given(
    columns=st.lists(st.sampled_from(["c3", "marker", "fever", "patient", "zzz", 3]), max_size=4),
    rows=st.lists(st.lists(scalars, min_size=4, max_size=4), max_size=3),
)
def test_any_data_frame_is_answered_or_refused(
    columns: list[Any], rows: list[Any], bundle: Bundle
) -> None:
    frame = pd.DataFrame([row[: len(columns)] for row in rows], columns=columns, dtype=object)
    try:
        answers = predict(frame, bundle)
    except PatientRefused as refused:
        codes = {reason.code for reason in refused.reasons}
    else:
        codes = set()
        assert len(answers) + len(answers.refused) == len(rows)
    assert codes <= {"unknown_variable", "repeated_column"}


def test_a_patient_that_holds_itself_is_refused(bundle: Bundle) -> None:
    patient: dict[str, Any] = dict(FULL)
    patient["c3"] = patient
    assert refusal(patient, bundle) == {"unreadable_number": ["c3"]}
    loop: list[Any] = []
    loop.append(loop)
    assert refusal(FULL | {"fever": loop}, bundle) == {"unreadable_state": ["fever"]}


class Lazy(Mapping[str, object]):
    """A mapping that is no dictionary."""

    def __getitem__(self, key: str) -> object:
        return FULL[key]

    def __iter__(self) -> Iterator[str]:
        return iter(FULL)

    def __len__(self) -> int:
        return len(FULL)


def test_any_kind_of_mapping_will_do(bundle: Bundle) -> None:
    assert predict(Lazy(), bundle) == predict(FULL, bundle)


def test_no_value_of_a_patient_is_in_an_error_or_a_log(
    bundle: Bundle, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = {
        "c3": 7391.25,
        "marker": "8842.5 furlong",
        "fever": "maybe-4417",
        "organ": "spleen-9921",
    }
    with caplog.at_level(logging.DEBUG), pytest.raises(PatientRefused) as caught:
        predict(secrets | {"overlap": "perhaps-5512", "patient": "x" * 300 + "6613"}, bundle)
    assert len(caught.value.reasons) == 6
    everything = str(caught.value) + repr(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert caught.value.__cause__ is None
    for secret in ("7391", "8842", "furlong", "4417", "9921", "5512", "6613"):
        assert secret not in everything


def test_the_bundle_of_a_path_is_loaded_once_and_anew_when_it_changes(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "b")
    first = cached_bundle(tmp_path / "b")
    assert cached_bundle(str(tmp_path / "b")) is first
    before = predict(FULL, tmp_path / "b").probability
    for i in range(5):  # at once, so that a clock could not tell them apart
        save(tmp_path / "b", LinearModel(float(i), LINEAR.coefficients))
        assert predict(FULL, tmp_path / "b").base_value == float(i)
    assert predict(FULL, tmp_path / "b").probability != before


def test_a_relative_path_means_the_bundle_of_this_directory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, intercept in (("one", 1.0), ("two", 2.0)):
        save(tmp_path / name / "b", LinearModel(intercept, LINEAR.coefficients))
        monkeypatch.chdir(tmp_path / name)
        assert predict(FULL, "b").base_value == intercept


def test_threads_share_a_bundle_and_get_the_same_answers(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "b")
    expected = predict(FULL, folder)
    found: list[Prediction] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        found.extend(predict(FULL, tmp_path / "b") for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    assert all(answer == expected for answer in found)


def test_a_follow_up_value_of_an_exclusion_criterion_is_no_variable(bundle: Bundle) -> None:
    assert refusal(FULL | {"overlap_after": "no"}, bundle) == {
        "unknown_variable": ["overlap_after"]
    }


def test_decimal_commas_are_read_only_when_asked_for(bundle: Bundle) -> None:
    assert read_patient(FULL | {"c3": "75,5"}, bundle, decimal=",").values[0] == 75.5
    assert refusal(FULL | {"c3": "75,5"}, bundle) == {"unreadable_number": ["c3"]}


@pytest.mark.parametrize("comparator", ["<", "<="])
def test_a_limit_stands_for_a_value_and_is_never_shown_as_one(
    comparator: str, bundle: Bundle
) -> None:
    limit = {"value": 0.3, "unit": "g/L", "comparator": comparator}
    answer = predict(FULL | {"c3": limit}, bundle)
    assert answer.probability == predict(FULL | {"c3": 30}, bundle).probability
    assert ("beyond_limit", "c3") in [(w.code, w.where) for w in answer.warnings]
    (part,) = [part for part in answer.contributions if part.variable == "c3"]
    assert part.shown == f"{comparator} 30 mg/dL"
    assert "reported only as beyond a limit" in " ".join(str(answer).split())


def test_a_limit_that_leaves_the_value_open_is_a_missing_value(bundle: Bundle) -> None:
    answer = predict(FULL | {"c3": {"value": 300, "comparator": "<"}}, bundle)
    assert answer.imputed == ("c3",)
    assert answer.warnings[0].code == "open_limit"
    assert answer.probability == predict(FULL | {"c3": None}, bundle).probability


@pytest.mark.parametrize("comparator", ["~", "", None, 1, ["<"], "less"])
def test_a_comparator_that_is_none_is_refused(comparator: object, bundle: Bundle) -> None:
    limit = {"value": 30, "comparator": comparator}
    assert refusal(FULL | {"c3": limit}, bundle) == {"unreadable_number": ["c3"]}
    state = {"value": "yes", "comparator": "<"}
    assert refusal(FULL | {"fever": state}, bundle) == {"unreadable_state": ["fever"]}
