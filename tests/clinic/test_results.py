"""The answer as data: the JSON of design section 4, key by key and type by type."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import full_bundle
from made_bundles import FULL

from predictor.clinic.prediction import predict, predict_rows
from predictor.clinic.results import (
    Applicability,
    Contribution,
    Interval,
    Prediction,
    Predictions,
    RefusedPatient,
)
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle, load_bundle

Types = tuple[type, ...]
TEXT: Types = (str,)
TEXT_OR_NULL: Types = (str, type(None))
NUMBER: Types = (float,)

PREDICTION: dict[str, Types] = {
    "patient": TEXT_OR_NULL,
    "outcome": TEXT,
    "horizon": TEXT,
    "probability": NUMBER,
    "interval": (dict, type(None)),
    "reference_probability": NUMBER,
    "scale": TEXT,
    "base_value": NUMBER,
    "contributions": (list,),
    "imputed": (list,),
    "warnings": (list,),
    "applicability": (dict, type(None)),
    "evidence": (dict,),
    "validation": TEXT_OR_NULL,
    "model": (dict,),
}
INTERVAL: dict[str, Types] = {
    "level": (float, type(None)),
    "low": NUMBER,
    "high": NUMBER,
    "method": TEXT,
    "widening": NUMBER,
}
CONTRIBUTION: dict[str, Types] = {
    "variable": TEXT,
    "label": TEXT,
    "value": (float, str, type(None)),
    "unit": TEXT_OR_NULL,
    "contribution": NUMBER,
    "typical": (float, str, type(None)),
    "standing": TEXT_OR_NULL,
}
REASON: dict[str, Types] = {"code": TEXT, "variable": TEXT_OR_NULL, "message": TEXT}
APPLICABILITY: dict[str, Types] = {"inside": (bool,), "distance_percentile": NUMBER}
EVIDENCE: dict[str, Types] = {
    "level": TEXT,
    "patients": (int,),
    "events": (int,),
    "simulated_patients": (int,),
    "statement": TEXT,
}
MODEL: dict[str, Types] = {"name": TEXT, "version": TEXT, "digest": TEXT}
REFUSED: dict[str, Types] = {"patient": TEXT_OR_NULL, "row": (int,), "reasons": (list,)}


def check(found: Mapping[str, Any], contract: Mapping[str, Types]) -> None:
    """Exactly these keys, with values of exactly these types."""
    assert found.keys() == contract.keys()
    wrong = {key: type(found[key]) for key in contract if type(found[key]) not in contract[key]}
    assert not wrong


def check_prediction(found: dict[str, Any]) -> None:
    check(found, PREDICTION)
    if found["interval"] is not None:
        check(found["interval"], INTERVAL)
    if found["applicability"] is not None:
        check(found["applicability"], APPLICABILITY)
    for contribution in found["contributions"]:
        check(contribution, CONTRIBUTION)
    for warning in found["warnings"]:
        check(warning, REASON)
    check(found["evidence"], EVIDENCE)
    check(found["model"], MODEL)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(full_bundle(tmp_path_factory.mktemp("results") / "b"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patient": None},
        {"marker": None, "c3": 1.2},
        {"esr": 40, "c3": 480, "marker": 900},
        {"c3": None, "organ": None},
    ],
    ids=["full", "nobody's", "gap and warning", "outside", "gaps"],
)
def test_every_answer_is_the_contract(changes: dict[str, Any], bundle: Bundle) -> None:
    found = predict(FULL | changes, bundle).to_dict()
    check_prediction(found)
    assert found["interval"] is not None
    assert found["applicability"] is not None


def test_what_the_bundle_cannot_tell_is_null(bundle: Bundle) -> None:
    bare = dataclasses.replace(bundle, moments=None, replicates=None)
    found = predict(FULL, bare).to_dict()
    check_prediction(found)
    assert found["interval"] is found["applicability"] is found["validation"] is None
    assert [warning["code"] for warning in found["warnings"]] == ["no_interval"]


def test_base_value_and_contributions_add_up_to_the_probability(bundle: Bundle) -> None:
    from scipy.special import expit

    for changes in ({}, {"marker": None}, {"c3": None, "organ": None}):
        found = predict(FULL | changes, bundle).to_dict()
        output = found["base_value"] + sum(c["contribution"] for c in found["contributions"])
        assert found["scale"] == "log-odds"
        assert expit(output) == pytest.approx(found["probability"], abs=1e-12)
        assert expit(found["base_value"]) == pytest.approx(found["reference_probability"])


def test_contributions_are_told_in_clinical_words_largest_first(bundle: Bundle) -> None:
    found = predict(FULL | {"marker": None}, bundle).to_dict()["contributions"]
    told = {c["variable"]: (c["label"], c["value"], c["unit"], c["typical"]) for c in found}
    assert told == {
        "c3": ("Complement C3", 75.0, "mg/dL", 90.0),
        "marker": ("Marker", None, "mg/dL", 35.0),
        "fever": ("Fever", "yes", None, "no"),
        "organ": ("Organ", "kidney", None, "kidney"),
    }
    sizes = [abs(c["contribution"]) for c in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("value", "standing"), [(89.9, "low"), (90.0, None), (180.0, None), (180.1, "high")]
)
def test_a_value_outside_its_reference_range_is_called_low_or_high(
    value: float, standing: str | None, tmp_path: Path
) -> None:
    from made_bundles import C3, manifest

    from predictor.clinical.variable import Range

    entries = manifest()["dictionary"]
    entries["c3"] = dataclasses.replace(C3, reference=Range(90.0, 180.0)).to_dict()
    answer = predict(FULL | {"c3": value}, load_bundle(full_bundle(tmp_path, dictionary=entries)))
    found = {part.variable: part.standing for part in answer.contributions}
    assert found == {"c3": standing, "marker": None, "fever": None, "organ": None}
    shown = [line for line in str(answer).splitlines() if "Complement C3" in line]
    assert (f", {standing}" in shown[0]) == (standing is not None)


def test_a_table_is_the_contract_too(bundle: Bundle) -> None:
    rows = [FULL, FULL | {"c3": -5, "patient": "P08"}, {"zzz": 1}, 5, FULL | {"c3": None}]
    found = predict_rows(enumerate(rows, 1), bundle).to_dict()
    assert list(found) == ["predictions", "refused"]
    assert len(found["predictions"]) == 2
    for prediction in found["predictions"]:
        check_prediction(prediction)
    for refused in found["refused"]:
        check(refused, REFUSED)
        assert refused["reasons"]
        for reason in refused["reasons"]:
            check(reason, REASON)
    assert [(r["patient"], r["row"]) for r in found["refused"]] == [
        ("P08", 2),
        (None, 3),
        (None, 4),
    ]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_an_answer_cannot_be_changed(bundle: Bundle) -> None:
    answer = predict(FULL, bundle)
    answer.to_dict()["evidence"]["level"] = "externally validated"
    assert answer.evidence["level"] == "exploratory"
    assert answer.interval is not None
    for part, name in (
        (answer, "interval"),
        (answer.interval, "low"),
        (answer.applicability, "inside"),
        (answer.contributions[0], "contribution"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(part, name, None)


def test_answers_of_a_table_are_counted_and_gone_through(bundle: Bundle) -> None:
    answers = predict_rows(enumerate([FULL, {"zzz": 1}, FULL]), bundle)
    assert (len(answers), len(list(answers)), answers.rows) == (2, 2, (0, 2))
    assert len(Predictions((), (), ())) == 0


finite = st.floats(-1e6, 1e6)
share = st.floats(0.0, 1.0)
text = st.text(max_size=12)
predictions = st.builds(
    Prediction,
    patient=st.none() | text,
    outcome=text,
    label=text,
    horizon=text,
    population=text,
    probability=share,
    reference_probability=share,
    scale=st.sampled_from(["log-odds", "probability"]),
    base_value=finite,
    contributions=st.lists(
        st.builds(
            Contribution,
            text,
            text,
            st.none() | finite | text,
            st.none() | text,
            finite,
            st.none() | finite | text,
            st.sampled_from([None, "low", "high"]),
        ),
        max_size=4,
    ).map(tuple),
    imputed=st.lists(text, max_size=3).map(tuple),
    warnings=st.lists(st.builds(Reason, text, text, text), max_size=3).map(tuple),
    evidence=st.fixed_dictionaries(
        {
            "level": st.sampled_from(["demonstration", "exploratory"]),
            "patients": st.integers(0),
            "events": st.integers(0),
            "simulated_patients": st.integers(0),
            "statement": text,
        }
    ),
    model=st.fixed_dictionaries({"name": text, "version": text, "digest": text}),
    interval=st.none() | st.builds(Interval, st.none() | share, share, share, text, share),
    applicability=st.none() | st.builds(Applicability, st.booleans(), share),
    validation=st.none() | text,
)


@settings(max_examples=40)
@given(prediction=predictions)
def test_any_answer_is_the_contract_and_can_be_read_as_text(prediction: Prediction) -> None:
    check_prediction(prediction.to_dict())
    lines = str(prediction).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 92


@given(
    refused=st.builds(
        RefusedPatient,
        st.none() | text,
        st.integers(0),
        st.lists(st.builds(Reason, text, text, text)).map(tuple),
    )
)
def test_any_refusal_is_the_contract(refused: RefusedPatient) -> None:
    found = refused.to_dict()
    check(found, REFUSED)
    for reason in found["reasons"]:
        check(reason, REASON)
