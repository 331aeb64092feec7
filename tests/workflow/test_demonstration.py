"""Models of simulated patients say so wherever they go; those that are shipped can be rebuilt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor.clinic.prediction import predict
from predictor.cohort.published import simulate, write_cohort
from predictor.errors import ConfigError
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.fitted.models import LinearModel
from predictor.study import load_study
from predictor.validation.samplesize import for_training, verdict
from predictor.workflow.train import TrainingRun, train

SHIPPED = ("remission", "relapse")
NOT_FOR_CARE = "Not for care. Trained on simulated patients"
PATIENT = {
    "anti_dsdna": 60,
    "c3": "0.75 g/L",
    "c4": 12,
    "crp": 90,
    "platelets": 80,
    "proteinuria": 700,
}


def study(**changes: Any) -> dict[str, Any]:
    """A quick study of the published cohort, linear models only."""
    return {
        "name": "demo",
        "question": {
            "outcome": "response",
            "event": ["remission"],
            "non_event": ["low_disease_activity", "flare"],
            "horizon": "6 months",
            "population": "simulated patients",
        },
        "cohort": {
            "published": {"patients": 60, "seed": 2, "scenario": "strong"},
            "patient": "patient",
        },
        "predictors": ["c3", "crp", "platelets"],
        "baseline": "platelets",
        "models": {"firth": {}},
        "validation": {
            "folds": 3,
            "repeats": 1,
            "inner_folds": 2,
            "bootstrap": 20,
            "permutations": 19,
        },
        "tracking": {"enabled": False},
    } | changes


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(study(), out=tmp_path_factory.mktemp("demo") / "bundle", workers=1)


def assert_a_demonstration(evidence: Mapping[str, Any], patients: int) -> None:
    assert evidence["level"] == "demonstration"
    assert (evidence["patients"], evidence["events"]) == (0, 0)
    assert evidence["simulated_patients"] == patients
    assert evidence["statement"].startswith(NOT_FOR_CARE)


def test_training_on_the_published_cohort_is_a_demonstration(run: TrainingRun) -> None:
    assert_a_demonstration(run.to_dict()["evidence"], 60)
    assert run.cohort.simulated
    assert run.cohort.patients == 60
    assert run.cohort.source == "published cohort"


def test_the_bundle_its_card_and_every_answer_say_so(run: TrainingRun) -> None:
    assert_a_demonstration(load_bundle(run.bundle).manifest["evidence"], 60)
    card = (run.bundle / "model_card.md").read_text(encoding="utf-8")
    assert "**A demonstration on 60 simulated patients, not for care:" in card
    answer = predict({"c3": 80, "crp": 50, "platelets": 100}, run.bundle)
    assert_a_demonstration(answer.to_dict()["evidence"], 60)
    assert NOT_FOR_CARE in " ".join(str(answer).split())


def test_31_patients_are_told_how_many_would_be_needed(tmp_path: Path) -> None:
    cohort = {"published": {"patients": 31}, "patient": "patient"}
    done = train(study(cohort=cohort), out=tmp_path / "b", workers=1)
    needed = for_training(11 / 31, 3)
    sentence = verdict(needed, 31, 11, "simulated patients")
    assert sentence == (
        f"31 simulated patients with 11 events; at least {needed.n:,} patients with "
        f"{needed.whole_events:,} events needed."
    )
    assert sentence in done.evidence["statement"]
    assert done.to_dict()["sample_size"]["enough"] is False


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_written_by_simulate_gives_the_same_model_and_is_known_for_what_it_is(
    run: TrainingRun, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"cohort{suffix}"
    write_cohort(path, patients=60, seed=2, scenario="strong")
    done = train(study(), path, out=tmp_path / "bundle", workers=1)
    assert_a_demonstration(done.evidence, 60)
    assert done.cohort.digest == run.cohort.digest
    assert model_of(load_bundle(done.bundle)) == model_of(load_bundle(run.bundle))


def test_a_data_frame_of_simulated_patients_is_known_even_among_real_ones(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(dict(simulate(60, seed=2, scenario="strong").columns))
    frame["simulated"] = frame["simulated"].astype(bool)
    frame.loc[5:, "simulated"] = False
    done = train(study(), frame, out=tmp_path / "bundle", workers=1)
    assert_a_demonstration(done.evidence, 60)


def test_without_the_mark_patients_count_as_real(tmp_path: Path) -> None:
    # What the column is for: without it a file cannot be told from a real one.
    import pandas as pd

    frame = pd.DataFrame(dict(simulate(60, seed=2, scenario="strong").columns))
    done = train(study(), frame.drop(columns="simulated"), out=tmp_path / "b", workers=1)
    assert done.evidence["level"] == "exploratory"
    assert (done.evidence["patients"], done.evidence["simulated_patients"]) == (60, 0)


def test_a_scenario_beside_the_configuration_is_found(tmp_path: Path) -> None:
    import yaml

    (tmp_path / "mine.yaml").write_text(
        "effects: {a: {when: c3 < 80, odds_ratio: 0.1, source: made for a test}}", encoding="utf-8"
    )
    cohort = {"published": {"patients": 60, "scenario": "mine.yaml"}, "patient": "patient"}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study(cohort=cohort)), encoding="utf-8")
    assert_a_demonstration(train(path, out=tmp_path / "b", workers=1).evidence, 60)


@pytest.mark.parametrize(
    ("published", "message"),
    [
        ({"patients": 2}, "cohort.published.patients"),
        ({"patients": 0}, "cohort.published.patients"),
        ({"seed": -1}, "cohort.published.seed"),
        ({"patient": 31}, "did you mean patients"),
        ({"scenario": "literatur"}, "there is no such scenario"),
    ],
)
def test_a_published_cohort_that_cannot_be_is_refused_before_anything_is_written(
    published: dict[str, Any], message: str, tmp_path: Path
) -> None:
    changed = study(cohort={"published": published, "patient": "patient"})
    with pytest.raises(ConfigError, match=message):
        train(changed, out=tmp_path / "b", workers=1)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_main_studies_ask_the_published_cohort(name: str) -> None:
    config = load_study(name).config
    assert config.cohort.published is not None
    assert config.cohort.published.patients == 31
    assert config.cohort.published.scenario == "literature"
    predictors = ("anti_dsdna", "c3", "c4", "crp", "platelets", "proteinuria")
    assert config.predictors == predictors
    assert config.question.anticipated_auroc is None
    assert config.output == f"runs/{name}"


@pytest.mark.parametrize(("name", "events"), [("remission", 11), ("relapse", 6)])
def test_the_main_studies_answer_that_31_patients_cannot_support_them(
    name: str, events: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = load_study(name).config.model_dump(mode="json", exclude_none=True)
    quick["models"] = {"firth": {}}
    quick["validation"] |= {"folds": 3, "repeats": 1, "bootstrap": 20, "permutations": 19}
    quick["tracking"] = {"enabled": False}
    monkeypatch.chdir(tmp_path)
    done = train(quick, workers=1)
    said = done.evidence["statement"]
    needed = for_training(events / 31, 6)
    assert needed.n > 400
    assert f"31 simulated patients with {events} events; at least {needed.n:,} patients" in said


@pytest.mark.slow
def test_the_printed_summary_of_the_main_command_says_so_first(root: Path, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "predictor", "train", "remission"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    said = " ".join(finished.stdout.split())
    assert said.startswith(f"DEMONSTRATION. {NOT_FOR_CARE}")
    needed = for_training(11 / 31, 6)
    assert f"at least {needed.n:,} patients with {needed.whole_events:,} events needed" in said


# ---- the shipped bundles


@pytest.fixture(params=SHIPPED)
def shipped(request: pytest.FixtureRequest, root: Path) -> Path:
    """One of the bundles that come with the package."""
    folder = root / "models" / request.param
    if not folder.is_dir():
        message = f"models/{request.param} is not built in this checkout"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


def model_of(bundle: Bundle) -> tuple[float, ...]:
    """Intercept and coefficients of a linear bundle."""
    assert isinstance(bundle.model, LinearModel)
    return (float(bundle.model.intercept), *map(float, bundle.model.coefficients))


def test_a_shipped_bundle_is_a_linear_demonstration_of_its_configuration(
    shipped: Path, root: Path
) -> None:
    bundle = load_bundle(shipped)
    assert_a_demonstration(bundle.manifest["evidence"], 500)
    assert isinstance(bundle.model, LinearModel)
    config = load_study(root / "configs" / "demonstration" / f"{shipped.name}.yaml").config
    published = bundle.manifest["config"]["cohort"]["published"]
    assert config.cohort.published is not None
    assert published == config.cohort.published.model_dump(mode="json")
    assert (published["patients"], published["scenario"]) == (500, "strong")
    assert bundle.manifest["predictors"] == list(config.predictors)


def test_a_shipped_bundle_is_judged_by_its_own_sample_size_rule(shipped: Path) -> None:
    manifest = load_bundle(shipped).manifest
    told, events = manifest["validation"]["sample_size"], manifest["cohort"]["events"]
    needed = for_training(events / 500, 6)
    assert told["n"] == needed.n
    assert told["enough"] is (needed.n <= 500 and needed.whole_events <= events)
    assert told["verdict"] == verdict(needed, 500, events, "simulated patients")
    assert told["verdict"] in manifest["evidence"]["statement"]


@pytest.mark.slow
def test_a_shipped_bundle_is_rebuilt_to_the_same_numbers(
    shipped: Path, root: Path, tmp_path: Path
) -> None:
    config = root / "configs" / "demonstration" / f"{shipped.name}.yaml"
    done = train(config, out=tmp_path / "rebuilt")
    old, new = load_bundle(shipped), load_bundle(done.bundle)
    assert new.manifest["model"]["candidate"] == old.manifest["model"]["candidate"]
    assert new.manifest["cohort"]["digest"] == old.manifest["cohort"]["digest"]
    np.testing.assert_allclose(model_of(new), model_of(old), rtol=0, atol=1e-6)
    for patient in (PATIENT, {"c3": 40, "crp": 5, "platelets": 300}, {**PATIENT, "c4": None}):
        first, then = predict(patient, shipped), predict(patient, done.bundle)
        assert then.probability == pytest.approx(first.probability, abs=1e-6)
        assert [c.contribution for c in then.contributions] == pytest.approx(
            [c.contribution for c in first.contributions], abs=1e-6
        )
    keys = ("auroc", "log_loss", "brier", "calibration_slope")
    for one, other in zip(
        old.manifest["validation"]["models"], new.manifest["validation"]["models"], strict=True
    ):
        assert [other[key] for key in keys] == [pytest.approx(one[key], abs=1e-6) for key in keys]


def test_a_shipped_model_answers_by_its_name_in_an_empty_directory(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = predict(PATIENT, model=shipped.name).to_dict()
    json.dumps(answer, allow_nan=False)
    assert_a_demonstration(answer["evidence"], 500)
    assert 0 < answer["probability"] < 1
    total = answer["base_value"] + sum(c["contribution"] for c in answer["contributions"])
    assert answer["probability"] == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-6)
    assert not list(tmp_path.iterdir())


def test_the_two_shipped_models_point_in_opposite_directions(root: Path) -> None:
    if not all((root / "models" / name).is_dir() for name in SHIPPED):
        pytest.skip("the shipped models are not built in this checkout")
    better = {**PATIENT, "c3": 120, "crp": 10, "anti_dsdna": 25, "proteinuria": 100}
    assert predict(better, model="remission").probability > (
        predict(PATIENT, model="remission").probability
    )
    assert predict(better, model="relapse").probability < (
        predict(PATIENT, model="relapse").probability
    )
