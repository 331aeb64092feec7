"""What a training of a time says of few patients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_times import DICTIONARY, made_times, time_config

from predictor.workflow.time_run import TimeTrainingRun
from predictor.workflow.train import train

pytest.importorskip("sksurv", reason="the extra survival is not installed")


def trained(tmp_path: Path, end: Any, **changes: Any) -> TimeTrainingRun:
    (tmp_path / "made.yaml").write_text(DICTIONARY)
    config = time_config(**changes) | {"dictionary": str(tmp_path / "made.yaml")}
    config["validation"] = {"folds": 3, "repeats": 2, "bootstrap": 0, "permutations": 0}
    data = pd.DataFrame({**made_times(), "end": end})
    found = train(config, data=data, out=tmp_path / "bundle", workers=1)
    assert isinstance(found, TimeTrainingRun)
    return found


def few_deaths(number: int) -> np.ndarray[Any, np.dtype[Any]]:
    end = np.array(made_times()["end"])
    early = np.flatnonzero((end == "death") & (made_times()["months"] <= 24))
    end[np.setdiff1d(np.flatnonzero(end == "death"), early[:number])] = "seen"
    return end


def test_few_competing_events_are_told_nowhere(tmp_path: Path) -> None:
    run = trained(tmp_path, few_deaths(3), choose="cox")
    model = json.loads((run.bundle / "model.json").read_text())
    assert len(model["baseline"]) == 1
    assert "Fewer than 5 patients had a competing event" in " ".join(run.validation["notes"])
    assert "competing one" not in run.evidence["statement"]
    assert [row["competing"] for row in run.validation["followed"]] == [None, None]


@pytest.mark.filterwarnings("error:The least populated class")
def test_competing_events_are_not_told_where_the_others_would_follow(tmp_path: Path) -> None:
    end = np.array(made_times()["end"])
    seen = np.flatnonzero(end == "seen")
    end[seen[2:]] = "relapse"
    statement = trained(tmp_path, end).evidence["statement"]
    assert "had the event; at least" in statement
    whole = trained(tmp_path, made_times()["end"]).evidence["statement"]
    assert "a competing one" in whole


def test_everybody_is_one_group_where_nothing_tells_patients_apart(tmp_path: Path) -> None:
    run = trained(tmp_path, made_times()["end"], choose="prevalence")
    rows = run.validation["calibration"]
    assert [row["patients"] for row in rows] == [240, 240]
    assert all(row["predicted"] == pytest.approx(row["observed"], abs=0.02) for row in rows)
