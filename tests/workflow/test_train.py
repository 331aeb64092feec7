"""train(): the same bundle twice, no patient in it, and every fault before anything is written."""

from __future__ import annotations

import json
import logging
import os
import struct
import zipfile
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import cohort, configuration, write

from predictor.clinic.prediction import predict
from predictor.cohort.cohort import Cohort
from predictor.errors import BundleError, ConfigError, LearningError, PredictorError, TrackingError
from predictor.fitted.bundle import load_bundle
from predictor.fitted.folder import sole_writer
from predictor.workflow import handing_over
from predictor.workflow import train as stage
from predictor.workflow.train import TrainingRun, train


class Recorder:
    """Listens to a training."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.shares: dict[str, list[float]] = {}

    def stage(self, name: str) -> None:
        self.stages.append(name)
        self.shares[name] = []

    def advance(self, share: float, what: str) -> None:
        assert what
        self.shares[self.stages[-1]].append(share)


@pytest.fixture(scope="session")
def heard() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, heard: Recorder) -> TrainingRun:
    out = tmp_path_factory.mktemp("trained") / "b"
    return train(configuration(), cohort(), out=out, workers=1, progress=heard)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_training_is_bundled_and_predicts(run: TrainingRun) -> None:
    bundle = load_bundle(run.bundle)
    assert bundle.name == "tiny"
    assert bundle.manifest["model"]["candidate"] == run.comparison.chosen.name == "ridge"
    answer = predict({"age": 30, "sex": "female", "c3": 110, "sledai_2k": 9}, run.bundle)
    assert answer.probability > 0.6
    assert answer.imputed == ("c4",)
    assert answer.evidence["level"] == "exploratory"


def test_the_json_has_the_keys_of_the_contract(run: TrainingRun) -> None:
    found = json.loads(json.dumps(run.to_dict(), allow_nan=False))
    assert list(found)[:3] == ["bundle", "report", "run_id"]
    assert found["report"] == str(run.bundle / "report.html")
    assert found["run_id"] is None
    assert found["bundle"] == str(run.bundle)
    assert [model["name"] for model in found["models"]] == ["prevalence", "one_predictor", "ridge"]
    keys = {"name", "auroc", "auroc_low", "auroc_high", "calibration_slope", "brier"}
    assert all(keys <= model.keys() for model in found["models"])
    assert [model["chosen"] for model in found["models"]] == [False, False, True]
    assert found["models"][0]["calibration_slope"] is None


def test_the_run_is_validated_by_resampling_it(run: TrainingRun) -> None:
    told = run.to_dict()["validation"]
    assert told["bootstrap"]["resamples"]["drawn"] == 20
    area = next(row for row in told["bootstrap"]["figures"] if row["name"] == "auroc")
    ridge = next(model for model in run.comparison.models if model.name == "ridge")
    assert area["cross_validated"] == pytest.approx(ridge.auroc)
    assert area["oob"] < area["apparent"]
    assert told["signal"]["permutations"] == 19
    assert told["signal"]["not_repeated"] == []
    assert sum(c["refits"] for c in told["with_choice"]["chosen_models"]) == 20
    kept = load_bundle(run.bundle).manifest["validation"]
    assert kept["bootstrap"] == told["bootstrap"]
    assert (run.bundle / "validation.csv").is_file()


def test_the_bundle_holds_what_interval_and_applicability_need(run: TrainingRun) -> None:
    bundle = load_bundle(run.bundle)
    assert bundle.moments is not None
    assert bundle.replicates is not None
    values = run.cohort.values
    np.testing.assert_allclose(bundle.moments.centre, np.nanmean(values, axis=0), rtol=1e-12)
    np.testing.assert_allclose(bundle.moments.spread, np.nanstd(values, axis=0), rtol=1e-12)
    assert (bundle.moments.distance(values) <= bundle.moments.cutoff).mean() >= 0.9
    assert 2 <= len(bundle.replicates) <= 20
    assert set(bundle.replicates.variable.tolist()) == set(range(len(bundle.variables)))
    answer = predict({"age": 30, "sex": "female", "c3": 110, "sledai_2k": 9}, run.bundle)
    assert answer.interval is not None
    assert answer.interval.low <= answer.probability <= answer.interval.high
    assert answer.interval.widening >= 0.0
    assert answer.applicability is not None
    assert answer.applicability.inside
    assert answer.validation is not None


def test_one_predictor_has_moments_and_replicates_of_its_own(tmp_path: Path) -> None:
    train(configuration(), cohort(), out=tmp_path / "b", choose="one_predictor", workers=1)
    bundle = load_bundle(tmp_path / "b")
    assert bundle.moments is not None
    assert bundle.replicates is not None
    assert bundle.moments.centre.shape == (1,)
    assert set(bundle.replicates.variable.tolist()) == {0}
    assert predict({"sledai_2k": 9}, bundle).interval is not None


def test_a_model_named_beforehand_is_bundled_whatever_the_rule_says(tmp_path: Path) -> None:
    named = train(configuration(), cohort(), out=tmp_path / "b", choose="one_predictor", workers=1)
    assert named.comparison.named
    assert named.comparison.chosen.name == "one_predictor"
    assert named.comparison.by_rule == "ridge"
    assert named.internal.with_choice is None, "nothing was chosen"
    manifest = load_bundle(tmp_path / "b").manifest
    assert manifest["model"]["candidate"] == "one_predictor"
    assert manifest["validation"]["choice"] == {"named_beforehand": True, "by_rule": "ridge"}


def test_a_name_that_is_no_candidate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Name one of rule, prevalence, one_predictor, ridge"):
        train(configuration(), cohort(), out=tmp_path / "b", choose="firth")
    with pytest.raises(ConfigError, match="choose names one of"):
        train(configuration(choose="forest"), cohort(), out=tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_progress_never_goes_back(run: TrainingRun, heard: Recorder) -> None:
    assert heard.stages == [
        "cohort",
        "cross-validation",
        "final fit",
        "internal validation",
        "explanation",
        "bundle",
        "report",
    ]
    for shares in heard.shares.values():
        assert shares == sorted(shares)
    for long in ("cross-validation", "internal validation"):
        assert heard.shares[long][-1] == pytest.approx(1.0)
    assert list(run.seconds) == heard.stages


@pytest.fixture(scope="session")
def again(run: TrainingRun, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(configuration(), cohort(), out=tmp_path_factory.mktemp("again") / "b", workers=2)


REPORT_FILES = ("report.html", "report.json", "model_card.md")


def timeless(content: bytes, manifest: dict[str, Any]) -> str:
    """A file of the report without what differs between two runs of the same study."""
    text = content.decode()
    for key in ("created", "manifest_digest"):
        text = text.replace(manifest[key], key)
    day, _, clock = manifest["created"].partition("T")
    return text.replace(f"{day} {clock[:5]}", "minute").replace(day, "day")


def test_two_trainings_give_the_same_bytes_but_for_times(
    run: TrainingRun, again: TrainingRun
) -> None:
    first, second = files(run.bundle), files(again.bundle)
    assert first.keys() == second.keys()
    manifests = [json.loads(found.pop("manifest.json")) for found in (first, second)]
    for name, content in first.items():
        if name in REPORT_FILES:
            assert timeless(content, manifests[0]) == timeless(second[name], manifests[1]), name
        else:
            assert second[name] == content, name
    for found in manifests:
        for key in ("created", "timings", "manifest_digest"):
            assert found.pop(key)
    assert manifests[0] == manifests[1]


def test_results_do_not_depend_on_the_workers(run: TrainingRun, again: TrainingRun) -> None:
    one, two = run.to_dict(), again.to_dict()
    for model in (*one["models"], *two["models"]):
        model.pop("seconds", None)
    assert one["models"] == two["models"]


def test_another_estimator_is_the_same_by_its_predictions(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        models = {"random_forest": {"trees": 10, "min_samples_leaf": 5}}
        run = train(configuration(models=models), cohort(), out=tmp_path / name, workers=1)
        assert run.comparison.chosen.name == "random_forest"
        found.append(run.bundle)
    values = cohort()[["age", "sex", "c3", "c4"]].assign(sledai_2k=cohort()["activity"])
    first, second = (predict(values, folder) for folder in found)
    assert [a.probability for a in first] == [a.probability for a in second]
    manifest = load_bundle(found[0]).manifest
    assert manifest["model"]["smallest_leaf"] >= 5


def test_a_file_is_read_as_a_data_frame_is(
    run: TrainingRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.chdir(tmp_path)
    trained = train(path, workers=1)
    assert trained.bundle == Path("runs/tiny")
    assert files(trained.bundle)["model.json"] == files(run.bundle)["model.json"]
    assert sorted(os.listdir("runs")) == ["tiny"]
    assert sorted(os.listdir(tmp_path)) == ["cohort.csv", "runs", "study.yaml"]


def test_a_second_training_replaces_the_first_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "b"
    for seed in (1, 2):
        plan = {"folds": 2, "repeats": 1, "bootstrap": 0, "permutations": 0, "seed": seed}
        train(configuration(validation=plan), cohort(), out=out, workers=1)
        assert load_bundle(out).manifest["validation"]["plan"]["seed"] == seed
    assert os.listdir(tmp_path) == ["b"]


def test_two_trainings_into_one_folder_are_refused(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "b"), pytest.raises(BundleError, match="another run is writing"):
        train(configuration(), cohort(), out=tmp_path / "b")
    assert not list(tmp_path.iterdir())


# Faults that must be told before any fitting, and leave nothing behind.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "one class": ({"question": configuration()["question"] | {"event": [7]}}, "event"),
    "unknown key": ({"modles": {}}, "modles"),
    "no column": ({"predictors": ["age", "sledai_2k", "esr"]}, "esr"),
    "tracking": ({"tracking": {"uri": "http://127.0.0.1:9"}}, "127.0.0.1:9"),
    "too many folds": ({"validation": {"folds": 40, "repeats": 1}}, "fold"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_before_fitting_and_nothing_is_written(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("something was fitted")

    monkeypatch.setattr(stage, "cross_validate", never)
    monkeypatch.chdir(tmp_path)
    changes, named = FAULTS[fault]
    with pytest.raises(PredictorError, match=named):
        train(configuration(**changes), cohort())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", [".", "study.yaml", "full", "study.yaml/b"])
def test_a_bad_destination_is_told_before_the_cohort_is_read(
    out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(BundleError, match=r"Choose another"):
        train(configuration(), tmp_path / "nobody.csv", out=out)
    assert sorted(os.listdir(tmp_path)) == ["full", "study.yaml"]


def test_a_killed_worker_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: object, **kwargs: object) -> None:
        raise BrokenProcessPool("SIGKILL(-9)")

    monkeypatch.setattr(stage, "cross_validate", killed)
    with pytest.raises(LearningError, match=r"a worker process was killed .* --workers 1"):
        train(configuration(), cohort(), out=tmp_path / "b")
    assert not list(tmp_path.iterdir())


def test_less_than_one_worker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="workers: at least 1"):
        train(configuration(), cohort(), out=tmp_path / "b", workers=0)


def test_a_configuration_without_a_cohort_says_so(tmp_path: Path) -> None:
    without = {"patient": "pid", "columns": {"sledai_2k": "activity"}}
    with pytest.raises(
        ConfigError, match=r"cohort\.file: no cohort is named. Name one, or give --data"
    ):
        train(configuration(cohort=without), out=tmp_path / "b")


def test_a_store_lost_during_the_run_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: object, **kwargs: object) -> None:
        raise TrackingError("http://x", "it is gone", "predictor track b")

    monkeypatch.setattr(handing_over, "check_reachable", lambda _: None)
    monkeypatch.setattr(handing_over, "send_bundle", lost)
    run = train(
        configuration(tracking={"uri": "http://x"}), cohort(), out=tmp_path / "b", workers=1
    )
    load_bundle(tmp_path / "b")
    assert run.sent is None
    assert run.to_dict()["tracking_error"] == "http://x: it is gone. predictor track b"


def test_a_bundle_names_no_machine(tmp_path: Path) -> None:
    configured = configuration(output=str(tmp_path / "b"))
    configured["cohort"]["file"] = str(tmp_path / "cohort.csv")
    configured["tracking"]["uri"] = "http://ann:secret@mlflow.example"
    cohort().to_csv(tmp_path / "cohort.csv", index=False)
    train(configured, workers=1)
    content = (tmp_path / "b" / "manifest.json").read_text()
    for word in (str(tmp_path), "secret", "mlflow.example", os.getcwd()):
        assert word not in content
    assert '"file": "cohort.csv"' in content


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a bundle, and every file inside its archives."""
    for name, content in files(folder).items():
        yield name, content
        if zipfile.is_zipfile(folder / name):
            with zipfile.ZipFile(folder / name) as archive:
                yield from (
                    (f"{name}:{inner}", archive.read(inner)) for inner in archive.namelist()
                )


@pytest.mark.parametrize(
    ("models", "imputation"),
    [
        ({"ridge": {"penalty": [1.0]}}, "iterative"),
        ({"random_forest": {"trees": 10, "min_samples_leaf": 5}}, "median"),
        ({"hist_gradient_boosting": {"trees": [10], "max_leaf_nodes": [4]}}, "median"),
    ],
)
def test_no_patient_is_in_a_bundle_or_a_log(
    models: dict[str, Any],
    imputation: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither identifiers nor values, as text, as doubles or as singles.

    One number of a patient may be there: the median that stands in for a missing value is
    somebody's own where the number of known values is odd.
    """
    table = cohort()
    changes = {"models": models, "preparation": {"imputation": imputation}}
    with caplog.at_level(logging.DEBUG):
        run = train(configuration(**changes), table, out=tmp_path / "b", workers=1)
    assert run.comparison.chosen.name in models
    told = "".join(capfd.readouterr()) + caplog.text
    medians = {float(table[name].median()) for name in ("age", "c3", "c4")}
    values = {float(v) for name in ("age", "c3", "c4") for v in table[name].dropna()} - medians
    assert len(values) > 150
    # A number of few digits can be there by chance, as a figure of its own.
    told_apart = [word for word in map(repr, values) if len(word) >= 6]
    assert len(told_apart) > 140
    words = [*table["pid"], *table["comment"], *told_apart]
    numbers = [struct.pack(form, value) for form in ("<d", "<f") for value in values]
    assert not [word for word in words if word in told]
    for name, content in contents(tmp_path / "b"):
        assert not [word for word in words if word.encode() in content], name
        if not name.endswith(".png"):  # compressed noise holds any four bytes
            assert not [number for number in numbers if number in content], name


def test_simulated_patients_are_no_patients(run: TrainingRun) -> None:
    from dataclasses import replace

    from predictor.validation.evidence import evidence

    real: Cohort = run.cohort
    found = evidence(replace(real, simulated=True), run.needed, None, False)
    assert (found["level"], found["patients"], found["events"]) == ("demonstration", 0, 0)
    assert found["simulated_patients"] == real.patients
    assert found["statement"].startswith("Not for care.")
    unnamed = replace(real, group_kind="none", patient=None)
    rows = evidence(unnamed, run.needed, None, False)
    assert rows["statement"].startswith(f"{real.patients} rows taken for patients")


def test_a_shuffled_outcome_supports_no_model(tmp_path: Path) -> None:
    table = cohort(90)
    table["out"] = np.random.default_rng(11).permutation(table["out"])
    run = train(configuration(), pd.DataFrame(table), out=tmp_path / "b", workers=1)
    aurocs = {model.name: model.to_dict()["auroc"] for model in run.comparison.models}
    assert abs(aurocs["ridge"] - 0.5) < 0.15
    assert run.comparison.chosen.name == "prevalence"
