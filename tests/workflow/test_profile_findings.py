"""What a training keeps for the explanation of its report, and of whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_cohorts import PREDICTORS, cohort, configuration

from predictor.clinic.patient import shown_value
from predictor.clinic.prediction import predict
from predictor.report.contents.equation import the_model
from predictor.report.contents.explanation import explanation
from predictor.report.contents.profiles import profiles_of
from predictor.report.contents.source import Source, open_source
from predictor.report.document import Figure, blocks_of
from predictor.workflow.train import train

QUICK = {"folds": 2, "repeats": 1, "inner_folds": 2, "bootstrap": 0, "permutations": 0}


def trained(folder: Path, **changes: Any) -> Source:
    config = configuration(**({"validation": QUICK} | changes))
    run = train(config, data=cohort(), out=folder, workers=1)
    return open_source(run.bundle)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return trained(tmp_path_factory.mktemp("closed") / "bundle")


def test_a_trained_bundle_explains_itself(closed: Source) -> None:
    profiles = profiles_of(closed)
    assert profiles is not None
    assert not profiles.from_moments
    assert set(profiles.names) == set(PREDICTORS)
    for row, probability in list(zip(profiles.values, profiles.probability, strict=True))[:20]:
        patient = {
            v.name: shown_value(v, float(x))
            for v, x in zip(closed.bundle.variables, row, strict=True)
        }
        assert predict(patient, closed.bundle).probability == pytest.approx(probability, abs=1e-6)
    kinds = [b.kind for b in blocks_of([explanation(closed)]) if isinstance(b, Figure)]
    assert {"bars", "beeswarm", "dependence", "waterfall"} <= set(kinds)
    assert "AUROC" in str(the_model(closed))


def test_no_value_of_a_patient_is_kept_unless_allowed(closed: Source) -> None:
    # No two of these patients have the same C3, written with four decimals.
    real = {f"{c3:.4f}" for c3 in cohort()["c3"]}
    kept = json.dumps(closed.findings["profiles"])
    assert not [value for value in real if value.rstrip("0") in kept]
    assert closed.findings["profiles"]["patients"] is None


def test_allowed_patients_are_rounded_and_never_rows(tmp_path: Path) -> None:
    opened = trained(tmp_path / "bundle", explanation={"patients": True})
    columns = {e["variable"]: e["values"] for e in opened.findings["profiles"]["patients"]}
    assert set(columns) == set(PREDICTORS)
    for values in columns.values():
        known = [value for value in values if value is not None]
        assert known == sorted(known)
        assert len(values) == 60
    given = np.sort(cohort()["c3"].to_numpy())
    assert not np.isin(np.array(columns["c3"]), given).any()
    np.testing.assert_allclose(columns["c3"], given, atol=0.5001)
    assert "real patients" in str(explanation(opened))


def test_a_prevalence_is_reported_without_an_explanation(tmp_path: Path) -> None:
    opened = trained(tmp_path / "bundle", choose="prevalence")
    assert "nothing to explain" in str(explanation(opened))
    section = the_model(opened)
    assert "same probability" in str(section)
    assert all(part.blocks for part in section.parts)
