"""``samplesize``: the contract of the command and what a researcher reads."""

from __future__ import annotations

import json

import pytest

from predictor.errors import LearningError
from predictor.workflow.samplesize import sample_size


def test_the_json_keeps_the_contract():
    data = sample_size(0.174, 24, r2=0.288).to_dict()
    assert (data["n"], round(data["events"], 3), round(data["epp"], 2)) == (662, 115.188, 4.80)
    assert [(c["name"], c["n"], round(c["shrinkage"], 3)) for c in data["criteria"]] == [
        ("shrinkage", 623, 0.9),
        ("optimism", 662, 0.905),
        ("overall_risk", 221, 0.905),
    ]
    assert [row["auroc"] for row in data["over_auroc"]] == [0.65, 0.7, 0.75, 0.8]
    assert data["validation"] is None
    json.dumps(data, allow_nan=False)


def test_the_study_is_told_how_many_patients_it_would_have_needed():
    answer = sample_size(11 / 31, 6, auroc=0.7, patients=31)
    text = str(answer)
    assert text.startswith("31 patients with 11 events; at least ")
    assert "To validate it elsewhere" in text
    assert "forests and boosting need more" in text


def test_without_anticipation_15_percent_of_the_largest_r2_is_assumed_and_said():
    answer = sample_size(0.355, 6)
    assert answer.needed.r2_nagelkerke == pytest.approx(0.15)
    assert "15% of the largest R-squared" in str(answer)
    assert answer.verdict is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"auroc": 0.7, "r2": 0.1}, "exactly one anticipated performance"),
        ({"patients": 0}, "patients: there must be at least one"),
        ({"patients": 31, "events": 32}, "events: there cannot be more events than patients"),
        ({"auroc": 1.2}, "C statistic: it must lie above 0.5"),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(given, message):
    with pytest.raises(LearningError, match=message):
        sample_size(0.35, 6, **given)
