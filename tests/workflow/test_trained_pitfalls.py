"""A training finds the pitfalls of its cohort, and keeps none of its patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import cohort, configuration

from predictor.report.contents.pitfalls import found_in
from predictor.report.contents.source import open_source
from predictor.validation.pitfall import CODES
from predictor.workflow.train import train


def statuses(folder: Path, data: pd.DataFrame, **changes: Any) -> dict[str, str]:
    train(configuration(**changes), data, out=folder, workers=1)
    return {check.code: check.status for check in found_in(open_source(folder))}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = cohort(240)
    made["c4"] = np.random.default_rng(1).uniform(8, 30, 240).round(4)
    generator = np.random.default_rng(2)
    weak = generator.normal(0, 40, 240)
    made["out"] = (made["c3"] + weak > 80).astype(int)
    return statuses(tmp_path_factory.mktemp("clean") / "b", made)


def test_a_clean_cohort_is_not_warned_of_what_it_does_not_have(clean: dict[str, str]) -> None:
    assert set(clean) == set(CODES)
    cohort_checks = (
        "leakage",
        "separation",
        "calibration_drift",
        "imputation",
        "row_order",
        "rows_for_patients",
        "copied_rows",
        "nearly_constant",
        "alike_predictors",
    )
    assert {code: clean[code] for code in cohort_checks} == dict.fromkeys(cohort_checks, "passed")
    assert clean["centre_shift"] == clean["telling_gaps"] == "not assessed"


def test_a_cohort_made_badly_is_found_out(tmp_path: Path) -> None:
    made = cohort(240).sort_values("out", ignore_index=True)
    made.loc[made.index[:90], "c4"] = np.nan
    made["age"] = (made["c3"] / 2 + 1).round(4)
    made.loc[230:, list(made.columns.drop("pid"))] = made.loc[
        220:229, list(made.columns.drop("pid"))
    ].to_numpy()
    found = statuses(tmp_path / "b", made, models={"ridge": {"penalty": [1000.0, 100.0, 10.0]}})
    for code in ("row_order", "imputation", "telling_gaps", "copied_rows"):
        assert found[code] == "warning", code
    assert found["alike_predictors"] == "note"


def test_centres_with_other_patients_are_found_out(tmp_path: Path) -> None:
    made = cohort(240)
    made["centre"] = np.repeat(["a", "b", "c"], 80)
    made.loc[made["centre"] == "b", "age"] = made.loc[made["centre"] == "b", "age"] / 2 + 10
    source = {**configuration()["cohort"], "centre": "centre"}
    assert statuses(tmp_path / "b", made, cohort=source)["centre_shift"] == "warning"
