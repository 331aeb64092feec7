"""The same study on this machine and on a cluster of two worker processes: the same bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster
from made_cluster import cluster, losing_a_worker
from made_cohorts import cohort, configuration

from predictor import predict
from predictor.errors import ConfigError
from predictor.validation.plan_asked import Asked
from predictor.workflow.plan import plan
from predictor.workflow.train import TrainingRun, train

MODELS = {
    "ridge": {"penalty": [1.0, 10.0]},
    "random_forest": {"trees": 20, "min_samples_leaf": [2]},
}
TIMES = ("created", "seconds", "timings", "manifest_digest")


@pytest.fixture(scope="module")
def two() -> Iterator[LocalCluster]:
    with cluster(2) as started:
        yield started


def on(started: LocalCluster) -> dict[str, str]:
    return {"backend": "dask", "address": started.scheduler_address}


def files_of(bundle: Path) -> dict[str, bytes]:
    return {
        path.relative_to(bundle).as_posix(): path.read_bytes()
        for path in sorted(bundle.rglob("*"))
        if path.is_file()
    }


def without_times(node: object) -> object:
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items() if key not in TIMES}
    return [without_times(item) for item in node] if isinstance(node, list) else node


def test_a_training_gives_the_same_bundle(two: LocalCluster, tmp_path: Path) -> None:
    here = train(configuration(models=MODELS), cohort(), out=tmp_path / "here", workers=2)
    there = train(configuration(models=MODELS, compute=on(two)), cohort(), out=tmp_path / "there")
    assert isinstance(here, TrainingRun)
    one, other = files_of(here.bundle), files_of(there.bundle)
    assert one.keys() == other.keys()
    told = {"manifest.json", "report.html", "report.json", "model_card.md"}  # hold times
    assert {n: c for n, c in one.items() if n not in told} == {
        n: c for n, c in other.items() if n not in told
    }
    first, second = (without_times(json.loads(f["manifest.json"])) for f in (one, other))
    assert first == second
    assert two.scheduler_address.encode() not in other["manifest.json"]


@pytest.mark.slow
def test_a_forest_answers_the_same(two: LocalCluster, tmp_path: Path) -> None:
    """Whose file differs from one writing to the next, though not in what it holds."""
    plan_of = configuration(models={"random_forest": MODELS["random_forest"]})
    chosen = {"choose": "random_forest"}
    here = train(plan_of, cohort(), out=tmp_path / "here", workers=2, **chosen)
    there = train(plan_of | {"compute": on(two)}, cohort(), out=tmp_path / "there", **chosen)
    assert isinstance(here, TrainingRun)
    assert isinstance(there, TrainingRun)
    assert here.internal.to_dict(5) == there.internal.to_dict(5)
    patient = {"age": 30, "sex": "female", "c3": 70, "c4": 12, "sledai_2k": 8}
    one, other = (predict(patient, model=run.bundle).to_dict() for run in (here, there))
    del one["model"], other["model"]
    assert one == other


def test_a_plan_gives_the_same_numbers(two: LocalCluster) -> None:
    asked = Asked(sizes=(40, 60), cohorts=10, resamples=20, new=1000)
    config = configuration(
        predictors=["c3", "c4"], baseline="c3",
        cohort={"published": {"patients": 31, "scenario": "literature"}, "patient": "patient"},
        question={
            "outcome": "response", "event": ["remission"],
            "non_event": ["low_disease_activity", "flare"],
            "horizon": "6 months", "population": "made-up patients",
        },
    )  # fmt: skip
    here = plan(config, asked, workers=2)
    there = plan(config | {"compute": on(two)}, asked)
    assert without_times(here.to_dict()) == without_times(there.to_dict())


@pytest.mark.slow
def test_a_killed_worker_changes_nothing_but_time(tmp_path: Path) -> None:
    many = configuration(models=MODELS)
    many["validation"] = many["validation"] | {"bootstrap": 300, "permutations": 99}
    here = train(many, cohort(), out=tmp_path / "here", choose="random_forest", workers=2)
    with cluster(2) as own, losing_a_worker(own, after=3.0) as killed:
        there = train(
            many | {"compute": on(own)}, cohort(), out=tmp_path / "there", choose="random_forest"
        )
    assert killed
    assert isinstance(here, TrainingRun)
    assert isinstance(there, TrainingRun)
    assert here.internal.to_dict(5) == there.internal.to_dict(5)


def test_workers_of_this_machine_are_none_of_a_clusters(two: LocalCluster, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has its own workers"):
        train(configuration(compute=on(two)), cohort(), out=tmp_path / "b", workers=2)


def test_nobody_at_the_address_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor.learning.cluster._ANSWER", 0.5)
    nobody = {"backend": "dask", "address": "tcp://127.0.0.1:9"}
    with pytest.raises(ConfigError, match="no Dask scheduler answers"):
        train(configuration(compute=nobody), tmp_path / "not-there.csv", out=tmp_path / "b")
    assert not (tmp_path / "b").exists()
