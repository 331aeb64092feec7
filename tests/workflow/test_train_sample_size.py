"""What a training says of the patients it has: the sample size beside the comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.fitted.bundle import load_bundle
from predictor.learning.preparer import parameters
from predictor.validation import samplesize
from predictor.workflow.train import TrainingRun, train


def cohort(patients: int = 80) -> pd.DataFrame:
    """Made-up patients whose outcome C3 decides almost alone, so that every AUROC is near 1."""
    rng = np.random.default_rng(3)
    c3 = rng.permutation(np.linspace(40, 140, patients))
    return pd.DataFrame(
        {
            "id": [f"P{i}" for i in range(patients)],
            "c3": c3.round(1),
            "crp": np.where(np.arange(patients) % 7, rng.uniform(1, 90, patients).round(1), np.nan),
            "fever": rng.choice(["yes", "no"], patients),
            "indication": rng.choice(["thrombocytopenia", "neutropenia", "myositis"], patients),
            "out": (c3 + rng.normal(0, 8, patients) > 95).astype(int),
        }
    )


def study(**question: Any) -> dict[str, Any]:
    return {
        "name": "small",
        "question": {
            "outcome": "out",
            "event": [1],
            "horizon": "6 months",
            "population": "made-up patients",
        }
        | question,
        "cohort": {"patient": "id"},
        "predictors": ["c3", "crp", "fever"],
        "baseline": "crp",
        "preparation": {"missing_indicators": ["crp"]},
        "models": {"firth": {}},
        "validation": {
            "folds": 2,
            "repeats": 1,
            "inner_folds": 2,
            "bootstrap": 20,
            "permutations": 19,
        },
        "tracking": {"enabled": False},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(study(), cohort(), out=tmp_path_factory.mktemp("small") / "b", workers=1)


def test_the_run_and_its_manifest_say_what_would_have_been_needed(run: TrainingRun) -> None:
    told = json.loads(json.dumps(run.to_dict(), allow_nan=False))["sample_size"]
    assert {"n", "events", "epp", "criteria", "enough", "verdict"} <= set(told)
    assert load_bundle(run.bundle).manifest["validation"]["sample_size"] == told
    share = run.cohort.events / run.cohort.patients
    # Riley et al. 2020, criterion 1 by hand: p / ((S - 1) ln(1 - R2 / S)), R2 15% of its maximum
    most = 1 - np.exp(2 * (share * np.log(share) + (1 - share) * np.log(1 - share)))
    by_hand = int(np.ceil(4 / ((0.9 - 1) * np.log(1 - 0.15 * most / 0.9))))
    assert {c["name"]: c["n"] for c in told["criteria"]}["shrinkage"] == by_hand
    assert told["parameters"] == 4  # three predictors and one indicator
    assert told["n"] == max(c["n"] for c in told["criteria"])
    assert told["enough"] is False
    assert told["verdict"].startswith(f"80 patients with {run.cohort.events} events; at least ")
    assert told["verdict"] in run.evidence["statement"]


def test_the_run_s_own_auroc_is_never_what_is_anticipated(run: TrainingRun) -> None:
    told = run.to_dict()["sample_size"]
    firth = next(m for m in run.to_dict()["models"] if m["name"] == "firth")
    assert firth["auroc"] > 0.9  # which would ask for few patients
    assert told["auroc"] is None
    assert told["r2_nagelkerke"] == pytest.approx(0.15)
    own = samplesize.required(told["prevalence"], 4, c=firth["auroc"])
    shrinkage = {c["name"]: c["n"] for c in told["criteria"]}["shrinkage"]
    assert shrinkage > 3 * own.criteria[0].n


def test_an_auroc_anticipated_in_the_configuration_is_used(tmp_path: Path) -> None:
    done = train(study(anticipated_auroc=0.65), cohort(), out=tmp_path / "b", workers=1)
    told = done.to_dict()["sample_size"]
    expected = samplesize.required(done.cohort.events / 80, 4, c=0.65)
    assert (told["auroc"], told["n"]) == (0.65, expected.n)
    assert told["assumed"] == "a C statistic of 0.65"


def test_rows_without_an_identifier_are_not_called_patients(tmp_path: Path) -> None:
    plan = study() | {"cohort": {}}
    done = train(plan, cohort(), out=tmp_path / "b", workers=1)
    assert "80 rows taken for patients with " in done.to_dict()["sample_size"]["verdict"]


@pytest.mark.parametrize(
    ("predictors", "indicators", "expected"),
    [
        (["c3"], [], 1),
        (["c3", "c4", "crp"], [], 3),
        (["fever", "myalgia"], [], 2),  # yes or no is one column
        (["sex"], [], 1),
        (["c3", "crp"], ["crp"], 3),
        (["c3", "crp"], ["c3", "crp"], 4),
        (["indication"], [], 8),  # nine indications are eight dummy variables
        (["indication", "sex", "c3"], ["c3"], 11),
    ],
)
def test_parameters_count_numbers_dummies_and_indicators(
    predictors: list[str], indicators: list[str], expected: int
) -> None:
    dictionary = load_dictionary()
    variables = [dictionary.variable(name) for name in predictors]
    assert parameters(variables, indicators) == expected


def test_a_training_counts_every_state_of_a_nominal_predictor_but_one(tmp_path: Path) -> None:
    plan = study() | {"predictors": ["c3", "crp", "fever", "indication"]}
    frame = cohort()
    done = train(plan, frame, out=tmp_path / "b", workers=1)
    told = done.to_dict()["sample_size"]["parameters"]
    # three numbers, an indicator, and every indication of the dictionary but one
    states = load_dictionary().variable("indication").states
    assert told == 3 + 1 + len(states) - 1
