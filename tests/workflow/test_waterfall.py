"""The figure of one patient carries the same cautions and facts as the answer in words."""

from __future__ import annotations

from dataclasses import replace

from predictor.clinic.answer import NOT_FOR_CARE
from predictor.clinic.prediction import Prediction, predict
from predictor.workflow.waterfall import cautions, facts

FAR = {"patient": "Z3", "age": 30, "c3": 50, "c4": 6, "crp": 520, "platelets": 4000}


def far() -> Prediction:
    return predict(FAR, model="remission")


def test_a_far_patient_of_a_demonstration_is_cautioned_of_as_in_the_text() -> None:
    found = cautions(far())
    assert found[0].startswith("OUTSIDE what the model knows")
    assert found[1] == NOT_FOR_CARE
    assert found[2].startswith("Warning, check the unit: Platelets 4000 x10^9/L")
    text = " ".join(str(far()).split())
    assert [sentence for sentence in found if sentence not in text] == []


def test_interval_patient_and_model_are_told() -> None:
    told = facts(far())
    assert told[0].startswith("95% interval (bootstrap): below 1% to above 99%")
    assert told[1] == "Patient Z3."
    assert told[2].startswith("Model remission, version 1, sha256:")
    assert "evidence: demonstration" in told[2]
    assert facts(replace(far(), patient=None, interval=None))[0].startswith("Model remission")


def test_a_usual_patient_of_a_real_model_has_no_caution() -> None:
    usual = replace(far(), warnings=(), applicability=None)
    assert cautions(replace(usual, evidence={**usual.evidence, "level": "exploratory"})) == []
