"""The figures of a run: which there are, and whom they show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_cohorts import cohort, configuration

from predictor.workflow import figures as module
from predictor.workflow.figures import smallest_bin
from predictor.workflow.train import TrainingRun, train

OF_THE_BOOTSTRAP = {"explanation_stability", "instability", "validation"}


def trained(folder: Path, **changes: Any) -> TrainingRun:
    return train(configuration(**changes), cohort(), out=folder / "b", workers=1)


def drawn(run: TrainingRun) -> set[str]:
    return {path.stem for path in (run.bundle / "figures").iterdir()}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the figure of instability was asked to show; the others of the model are not drawn."""
    monkeypatch.setattr(module, "_explained", lambda *_: {})
    monkeypatch.setattr(module, "validation_figure", lambda *_, **__: b"PNG")
    monkeypatch.setattr(module, "explanation_stability_figure", lambda *_, **__: b"PNG")
    seen: list[dict[str, Any]] = []

    def figure(_: Any, **given: Any) -> bytes:
        seen.append(given)
        return b"PNG"

    monkeypatch.setattr(module, "instability_figure", figure)
    return seen


def test_a_validated_model_has_all_figures(tmp_path: Path) -> None:
    run = trained(tmp_path)
    assert drawn(run) == {"comparison", "importance", "beeswarm"} | OF_THE_BOOTSTRAP


def test_without_bootstrap_there_are_the_others(tmp_path: Path) -> None:
    plan = configuration()["validation"] | {"bootstrap": 0}
    assert drawn(trained(tmp_path, validation=plan)) == {"comparison", "importance", "beeswarm"}


def test_of_the_prevalence_there_is_the_comparison_only(tmp_path: Path) -> None:
    assert drawn(trained(tmp_path, choose="prevalence")) == {"comparison"}


def test_the_one_predictor_alone_stands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Any] = []
    monkeypatch.setattr(
        module, "explanation_stability_figure", lambda given, *_, **__: rows.extend(given) or b"PNG"
    )
    trained(tmp_path, choose="one_predictor")
    assert [row.variable for row in rows] == ["sledai_2k"]


def test_patients_are_drawn_only_where_they_may_be(
    tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    trained(tmp_path)
    trained(tmp_path, explanation={"patients": True})
    trained(tmp_path, privacy={"cell_size": 12})
    assert [given["patients"] for given in asked] == [False, True, False]
    assert [given["bin_size"] for given in asked] == [5, 5, 12]
    assert asked[0]["unit"] == "patient"


def test_a_bin_holds_enough_people_however_many_rows_one_has(tmp_path: Path) -> None:
    found = trained(tmp_path).cohort
    assert smallest_bin(found, 5) == 5
    assert smallest_bin(found, 1) == 2, "no bin is a single patient"
    repeated = np.repeat([0, 1, 2, 3], [40, 10, 6, 4])
    assert smallest_bin(dataclasses.replace(found, patient=repeated), 5) == 200
    assert smallest_bin(dataclasses.replace(found, patient=None), 5) == 5


def test_rows_of_repeated_patients_are_called_rows(
    tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    data = cohort(240)
    data["pid"] = np.repeat([f"P{i}" for i in range(120)], 2)
    given = configuration()
    given["cohort"] |= {"repeated_rows": True}
    train(given, data, out=tmp_path / "b", workers=1)
    assert [one["unit"] for one in asked] == ["row"]
    assert [one["bin_size"] for one in asked] == [10]
