"""Many answers as a table: intervals, who is unknown to the model, and which values look wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from made_answers import full_bundle
from made_bundles import FULL

from predictor.clinic.answer_table import cautions, table
from predictor.clinic.prediction import predict
from predictor.clinic.results import Applicability, Interval, Prediction, Predictions
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle, load_bundle

FAR = Applicability(inside=False, distance_percentile=1.0)
ODD = (
    Reason("suspicious_unit", "platelets", "is outside 1 to 1500 10*9/L; looks like /uL"),
    Reason("suspicious_value", "crp", "is outside 0.1 to 500 mg/L"),
    Reason("suspicious_value", "esr", "is outside 0 to 150 mm/h"),
    Reason("beyond_limit", "c4", "is a limit"),
    Reason("not_used", "", "given but not used by this model: alt."),
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(full_bundle(tmp_path_factory.mktemp("table") / "b"))


@pytest.fixture
def near(bundle: Bundle) -> Prediction:
    near = Applicability(inside=True, distance_percentile=0.4)
    return replace(
        predict(FULL, bundle),
        applicability=near,
        warnings=(),
        interval=Interval(0.95, 0.004, 0.693, "bootstrap"),
    )


def together(*predictions: Prediction, **changed: Any) -> Predictions:
    return replace(Predictions(predictions, tuple(range(2, 2 + len(predictions))), ()), **changed)


def test_each_line_has_its_interval_and_says_who_is_outside(near: Prediction) -> None:
    far = replace(near, patient="A", applicability=FAR)
    head, _, first, second = table(together(near, far), 140, 60)
    assert head.split("  ")[0] == "Row"
    assert "95% interval" in head
    assert "below 1% to 69%" in first
    assert "OUTSIDE" not in first
    assert "OUTSIDE" in second


def test_odd_values_are_named_in_the_line_of_their_patient(near: Prediction) -> None:
    odd = replace(near, warnings=ODD)
    assert cautions(odd) == ["unit? platelets", "value? crp, esr", "limit: c4"]
    assert cautions(near) == []
    assert "unit? platelets; value? crp, esr" in "\n".join(table(together(odd), 160, 60))


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_a_table_keeps_to_the_width_and_loses_no_caution(near: Prediction, width: int) -> None:
    odd = replace(near, patient="P-0123456789", warnings=ODD, applicability=FAR)
    lines = table(together(near, odd), width, 60)
    assert max(map(len, lines)) <= width
    said = " ".join(" ".join(lines).split())
    for word in ("OUTSIDE", "platelets", "crp", "esr", "c4"):
        assert word in said
    assert ("Largest reasons" in said) == (width >= 100)


def test_a_calibration_range_is_not_called_an_interval(near: Prediction) -> None:
    ranged = replace(near, interval=Interval(None, 0.1, 0.2, "venn-abers"))
    assert "Calibration range" in table(together(ranged), 140, 60)[0]
    none = table(together(replace(near, interval=None)), 140, 60)[0]
    assert "interval" not in none
    assert "range" not in none


def test_predictions_are_printed_as_the_table_and_say_what_their_cautions_mean(
    near: Prediction, bundle: Bundle
) -> None:
    refused = predict(pd.DataFrame([{"c3": -1.0}]), bundle).refused
    far = replace(near, applicability=FAR, warnings=ODD[:1])
    told = str(together(near, far, refused=refused))
    assert "\n".join(table(together(near, far), 100, 20)) in told
    assert "OUTSIDE: unlike the patients that the model has learned from." in told
    assert "unit?: the value looks like another unit" in told
    assert "value?: " not in told
    assert "Refused: row 0: c3: is impossible" in told
    assert told.endswith("2 answered, 1 refused.")


def test_many_predictions_are_printed_in_short(near: Prediction) -> None:
    told = str(together(*[near] * 50))
    assert "... and 30 more." in told
    assert len(told.splitlines()) < 80


def test_the_repr_holds_no_value_of_a_patient(near: Prediction) -> None:
    answers = together(replace(near, patient="P07"))
    assert repr(answers) == "<Predictions: 1 answered, 0 refused; print() shows them>"


def test_nobody_answered_is_still_said(bundle: Bundle) -> None:
    assert str(predict(pd.DataFrame([{"c3": -1.0}]), bundle)).endswith("0 answered, 1 refused.")
