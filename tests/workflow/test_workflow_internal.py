"""The internal validation of a run: what is repeated, what is left out and said, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import cohort, configuration

from predictor.fitted.bundle import load_bundle
from predictor.workflow import internal
from predictor.workflow import train as stage
from predictor.workflow.train import TrainingRun, train

FOREST: dict[str, Any] = {"random_forest": {"trees": 5, "min_samples_leaf": 5}}

Trained = Callable[..., TrainingRun]


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """Trains on the made-up cohort with a quick plan that can be changed, and draws nothing."""
    monkeypatch.setattr(stage, "figures", lambda *_: {})

    def run(data: pd.DataFrame | None = None, plan: Any = None, **changes: Any) -> TrainingRun:
        given = configuration(**changes)
        given["validation"] |= plan or {}
        return train(given, cohort() if data is None else data, out=tmp_path / "b", workers=1)

    return run


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, float]], None]:
    """Sets what one fit of each candidate costs, in seconds, whatever this machine needs."""

    def cost(seconds: dict[str, float]) -> None:
        monkeypatch.setattr(internal, "_seconds", lambda result, *_: seconds[result.candidate.name])

    return cost


def manifest_of(run: TrainingRun) -> dict[str, Any]:
    return dict(load_bundle(run.bundle).manifest)


def with_centres(outcomes_of: str = "random") -> pd.DataFrame:
    """The cohort in six centres; with ``"own"`` each has one outcome only."""
    data = cohort()
    data["site"] = np.repeat([f"Hospital {i}" for i in range(6)], 10)
    if outcomes_of == "own":
        data["out"] = np.repeat([0, 1, 0, 1, 0, 1], 10)
    return data


CENTRE = {"cohort": {"file": "c.csv", "patient": "pid", "centre": "site",
                     "columns": {"sledai_2k": "activity"}}}  # fmt: skip


# ---- what is left out


def test_without_resamples_and_permutations_nothing_is_validated(trained: Trained) -> None:
    run = trained(plan={"bootstrap": 0, "permutations": 0})
    assert run.internal.to_dict(5) == {
        "bootstrap": None,
        "with_choice": None,
        "signal": None,
        "centres": None,
        "notes": [],
    }
    assert "validation.csv" not in manifest_of(run)["files"]
    assert "Compared by repeated cross-validation only" in run.evidence["statement"]
    card = (run.bundle / "model_card.md").read_text()
    assert "No figure is corrected for optimism." in card
    assert "Whether there is signal has not been tested." in card


@pytest.mark.parametrize(
    ("plan", "made"), [({"bootstrap": 0}, "signal"), ({"permutations": 0}, "bootstrap")]
)
def test_each_can_be_left_out_alone(trained: Trained, plan: dict[str, int], made: str) -> None:
    found = trained(plan=plan).internal
    assert (found.signal is not None) == (made == "signal")
    assert (found.bootstrap is not None) == (made == "bootstrap")
    assert (found.with_choice is not None) == (made == "bootstrap")


def test_what_does_not_fit_into_the_time_is_fewer_and_said(
    trained: Trained, costs: Callable[[dict[str, float]], None]
) -> None:
    costs({"prevalence": 0.0, "one_predictor": 0.5, "ridge": 1.0})
    run = trained(plan={"bootstrap": 80, "permutations": 50, "minutes": 1.2})
    found = run.internal
    # 72 seconds: 72 resamples of ridge, 48 with the choice, 24 permutations of two folds.
    assert found.bootstrap is not None
    assert found.bootstrap.validation.resamples.drawn == 50
    assert found.with_choice is not None
    assert found.with_choice.validation.resamples.drawn == 20
    assert found.signal is not None
    assert found.signal.permutations == 20
    told = "repetitions that were asked for fit into validation.minutes: 1.2."
    assert found.notes == (
        f"Bootstrap: 50 of the 80 {told}",
        f"Bootstrap with choice: 20 of the 80 {told}",
        f"Permutation test: 20 of the 50 {told}",
    )
    card = (run.bundle / "model_card.md").read_text()
    assert all(f"- {note}" in card for note in found.notes)


def test_no_time_at_all_leaves_everything_out_and_says_so(trained: Trained) -> None:
    found = trained(plan={"minutes": 1e-9}).internal
    assert (found.bootstrap, found.with_choice, found.signal) == (None, None, None)
    assert [note.split(":")[0] for note in found.notes] == [
        "Bootstrap",
        "Bootstrap with choice",
        "Permutation test",
    ]
    assert all("none of the" in note for note in found.notes)


# ---- what is repeated


def test_the_linear_choice_is_repeated(trained: Trained) -> None:
    found = trained(models={"ridge": {"penalty": [1.0]}, "firth": {}}).internal
    assert found.with_choice is not None
    names = {choice.name for choice in found.with_choice.models}
    assert names == {"Prevalence", "SLEDAI-2K alone", "Firth logistic", "Ridge logistic"}
    assert found.signal is not None
    assert found.signal.statistic.startswith("largest AUROC within test folds among SLEDAI-2K")
    assert found.notes == ()


def test_a_chosen_forest_is_validated_and_its_choice_is_not_repeated(trained: Trained) -> None:
    run = trained(models=FOREST | {"ridge": {"penalty": [1e5]}}, choose="random_forest")
    found = run.internal
    assert found.bootstrap is not None
    assert found.bootstrap.validation.figure("auroc").oob is not None
    assert found.with_choice is None
    assert found.notes == (), "the model was named beforehand, so there is no choice to repeat"
    assert found.signal is not None
    assert found.signal.statistic == "AUROC within test folds of Random forest"


def test_a_slow_candidate_is_left_out_of_the_test_for_signal_by_name(
    trained: Trained, costs: Callable[[dict[str, float]], None]
) -> None:
    costs({"prevalence": 0.0, "one_predictor": 0.01, "ridge": 0.01, "random_forest": 100.0})
    found = trained(models=FOREST | {"ridge": {"penalty": [1.0]}}).internal
    assert found.signal is not None
    assert found.signal.not_repeated == ("Random forest",)
    assert "without Random forest" in found.signal.sentence
    assert any(note.endswith("as far as it concerns Random forest.") for note in found.notes)


def test_iterative_imputation_is_repeated_one_resample_at_a_time(trained: Trained) -> None:
    run = trained(preparation={"imputation": "iterative"})
    assert run.internal.bootstrap is not None
    assert run.internal.bootstrap.validation.resamples.used == 20
    assert run.internal.with_choice is None
    (note,) = run.internal.notes
    assert "The choice of the model was not repeated" in note
    assert run.internal.signal is not None


def test_the_prevalence_has_nothing_to_correct(trained: Trained) -> None:
    found = trained(choose="prevalence").internal
    assert found.bootstrap is not None
    row = found.bootstrap.validation.figure("calibration_slope")
    assert (row.apparent, row.cross_validated, row.corrected) == (None, None, None)
    assert found.bootstrap.validation.figure("auroc").corrected == 0.5
    assert found.signal is None
    assert found.notes == ("No test for signal: the prevalence has no predictors.",)


# ---- centres


def test_centres_are_left_out_one_after_the_other(trained: Trained) -> None:
    run = trained(with_centres(), **CENTRE)
    found = run.internal.centres
    assert found is not None
    assert len(found.centres) == 6
    kept = manifest_of(run)["validation"]["centres"]
    assert kept["sentence"].startswith("Each of 6 centres predicted by a model from the others")
    assert "Hospital" not in json.dumps(kept)
    assert run.internal.signal is not None
    assert "within a centre only" in run.internal.signal.rule
    assert kept["sentence"] in (run.bundle / "report.json").read_text()


def test_centres_with_one_outcome_each_are_told_why_nothing_can_be_said(trained: Trained) -> None:
    found = trained(with_centres("own"), **CENTRE).internal
    assert found.signal is None
    assert found.centres is None
    assert found.bootstrap is not None
    test, centres = found.notes
    assert test.startswith("No test for signal: the outcomes can stand in 1 different way only")
    assert centres == (
        "No internal-external validation: two centres with patients with and without the event are "
        "needed, and there are none (of 6)."
    )


# ---- what is kept of it


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"choose": "prevalence"},
        {"choose": "one_predictor"},
        {"models": FOREST, "choose": "random_forest"},
        {"models": {"firth": {}}, "choose": "firth"},
    ],
    ids=str,
)
def test_manifest_and_table_have_no_nan_and_nothing_of_a_patient(
    trained: Trained, changes: dict[str, Any]
) -> None:
    run = trained(**changes)
    manifest = manifest_of(run)
    text = json.dumps(manifest, allow_nan=False)
    table = (run.bundle / "validation.csv").read_text()
    assert "nan" not in table.lower()
    assert "inf" not in table.lower()
    data = cohort()
    assert not [value for value in data["pid"] if value in text + table]
    for name in ("c3", "c4", "age"):
        assert not [v for v in data[name].dropna() if repr(float(v)) in text + table]
    if manifest["model"]["candidate"] != "prevalence":  # which gives everybody the same
        moved = run.internal.bootstrap.instability if run.internal.bootstrap else None
        assert moved is not None
        # A round one, as forests give, may stand there for another reason.
        own = [repr(float(p)) for p in moved.original if len(repr(float(p))) > 8]
        assert not [p for p in own if p in text + table]


def test_the_table_has_a_row_for_each_figure_and_procedure(trained: Trained) -> None:
    table = pd.read_csv(trained().bundle / "validation.csv")
    counts = table.groupby("procedure")["name"].nunique()
    assert counts["chosen"] == counts["with choice"] == len(table) / 2
    assert {"auroc", "calibration_slope", "net_benefit_0.25"} <= set(table["name"])


def test_the_same_run_twice_is_validated_alike(trained: Trained) -> None:
    first, second = (trained().internal.to_dict(5) for _ in range(2))
    assert first == second
