"""The stream of facts, read without any server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_validation import bootstrap, validation

from predictor.errors import BundleError
from predictor.tracking.record import (
    LONGEST_PARAMETER,
    Dataset,
    Fact,
    File,
    Metrics,
    Model,
    Params,
    Run,
    Tags,
    Text,
    flatten,
    record,
)


def _of(kind: type[Any], facts: list[Fact]) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]


@pytest.fixture
def facts(bundle: Path) -> list[Fact]:
    return list(record(bundle, version="0.1.0"))


def test_training_run_comes_first_then_one_run_per_candidate_and_the_model_last(
    facts: list[Fact],
) -> None:
    runs = _of(Run, facts)
    assert facts[0] == Run(None, "a test")
    assert [run.model for run in runs] == [None, "prevalence", "ridge"]
    assert isinstance(facts[-1], Model)


def test_every_fact_about_a_candidate_follows_its_run(facts: list[Fact]) -> None:
    begun: set[str | None] = set()
    for fact in facts:
        if isinstance(fact, Run):
            begun.add(fact.model)
        elif isinstance(fact, Tags | Params | Metrics):
            assert fact.model in begun


def test_metrics_carry_interval_bounds_and_leave_out_what_is_not_defined(
    facts: list[Fact],
) -> None:
    metrics = {fact.model: dict(fact.values) for fact in _of(Metrics, facts)}
    assert metrics["ridge"]["auroc_low"] == 0.61
    assert metrics["ridge"]["calibration_slope_high"] == 1.4
    assert metrics["prevalence"] == {"auroc": 0.5, "log_loss": 0.65}
    assert metrics[None]["auroc"] == 0.73  # the chosen model's
    assert metrics[None]["events"] == 11
    assert metrics[None]["seconds/validation"] == 2.5


def test_metrics_of_the_training_carry_its_internal_validation(facts: list[Fact]) -> None:
    metrics = {fact.model: dict(fact.values) for fact in _of(Metrics, facts)}
    internal = {key: value for key, value in metrics[None].items() if "/" in key}
    internal.pop("seconds/validation")
    assert internal == {
        "corrected/auroc": 0.74,
        "corrected/auroc_low": 0.55,
        "corrected/auroc_high": 0.91,
        "optimism/auroc": 0.1,
        "corrected/calibration_slope": 1.1,  # without an interval here
        "optimism/calibration_slope": 0.8,
        "bootstrap/resamples": 1000,
        "bootstrap/left_out": 0,
        "stability/mean_absolute_prediction_error": 0.12,
        "stability/mean_width_of_range": 0.51,
        "signal/p_value": 0.03,
        "signal/permutations": 200,
    }
    assert not any("/" in key for key in metrics["ridge"])


@pytest.mark.parametrize(
    "left_out",
    [{"bootstrap": None}, {"signal": None}, {"bootstrap": bootstrap(instability=None, figures=[])}],
)
def test_what_was_not_validated_has_no_metrics(
    make_bundle: Callable[..., Path], left_out: dict[str, Any]
) -> None:
    bare = make_bundle(validation={"models": [], **validation(**left_out)})
    (metrics,) = _of(Metrics, list(record(bare, version="0.1.0")))
    assert ("signal/p_value" in metrics.values) == ("signal" not in left_out)
    assert ("corrected/auroc" in metrics.values) == ("bootstrap" not in left_out)


def test_config_is_flattened_and_its_password_removed(facts: list[Fact]) -> None:
    params = {fact.model: dict(fact.values) for fact in _of(Params, facts)}
    assert params[None]["models.ridge.penalty"] == "[0.1, 1.0]"
    assert params[None]["models.firth"] == "{}"
    assert params[None]["validation.bootstrap"] == "1000"
    assert params[None]["validation.permutations"] == "200"
    assert params[None]["tracking.uri"] == "http://mlflow.example:5000"
    assert params["ridge"] == {"parameters.penalty": "1.0"}
    texts = {fact.path: fact.content for fact in _of(Text, facts)}
    assert "secret-word" not in texts["config.json"]
    assert json.loads(texts["config.json"])["models"]["ridge"]["penalty"] == [0.1, 1.0]


def test_keys_that_mlflow_does_not_accept_stay_apart(facts: list[Fact]) -> None:
    (params,) = [fact for fact in _of(Params, facts) if fact.model is None]
    assert sorted(v for k, v in params.values.items() if k.startswith("cohort.values.sex")) == [
        "female",
        "male",
    ]


def test_long_value_is_cut_and_says_where_it_stands_whole() -> None:
    flat = flatten({"note": "x" * 10_000})
    assert len(flat["note"]) == LONGEST_PARAMETER
    assert flat["note"].endswith("(whole value in config.json)")


@pytest.mark.parametrize("key", ["a//b", "../up", "/root", "./here", "k" * 400, "…", "", "a/./b"])
def test_any_key_becomes_one_that_mlflow_accepts(key: str) -> None:
    from mlflow.utils.validation import _validate_param

    ((name, value),) = flatten({key: 1}).items()
    _validate_param(name, value)


def test_git_commit_and_versions_are_tags(facts: list[Fact]) -> None:
    tags = next(fact.values for fact in _of(Tags, facts) if fact.model is None)
    assert tags["mlflow.source.git.commit"].startswith("0123456789")
    assert tags["predictor.version"] == "0.1.0"
    assert tags["cohort.digest"] == "sha256:" + "ab" * 32
    assert tags["evidence.level"] == "cross-validated"
    assert tags["outcome.name"] == "remission"


def test_candidate_tags_say_which_was_chosen(facts: list[Fact]) -> None:
    tags = {fact.model: fact.values for fact in _of(Tags, facts)}
    assert tags["ridge"]["chosen"] == "true"
    assert tags["prevalence"]["chosen"] == "false"


def test_dataset_has_columns_and_counts_and_no_row(facts: list[Fact]) -> None:
    (dataset,) = _of(Dataset, facts)
    assert dataset.name == "cohort.csv"
    assert len(dataset.digest) == 36
    assert [c["name"] for c in dataset.columns] == ["c3", "creatinine", "fever", "indication"]
    assert dataset.profile == {"patients": 31, "events": 11}


def test_tables_hold_their_named_columns_only(facts: list[Fact]) -> None:
    texts = {fact.path: fact.content for fact in _of(Text, facts)}
    assert texts["cohort/flow.csv"] == "step,patients\nread,33\nfirst infusion,31\n"
    assert texts["cohort/warnings.csv"] == "variable,code,count\nc3,suspicious_unit,2\n"
    # the manifest of this test has planted values beside the schema
    assert "71.0625" not in "".join(texts.values())


def test_files_of_the_bundle_are_listed_and_strangers_are_not(bundle: Path) -> None:
    (bundle / "patients.csv").write_text("c3\n75\n")
    (bundle / "tracking.json").write_text("{}")
    files = {fact.path for fact in _of(File, list(record(bundle, version="0.1.0")))}
    assert {"bundle/manifest.json", "bundle/model.json", "bundle/figures/beeswarm.png"} <= files
    assert {"tables/comparison.csv", "tables/importance.csv", "figures/beeswarm.png"} <= files
    assert {"tables/validation.csv", "bundle/validation.csv"} <= files
    assert not [path for path in files if "patients" in path or "tracking" in path]


def test_run_without_validation_or_git_is_still_recorded(
    make_bundle: Callable[..., Path],
) -> None:
    bare = make_bundle(validation={}, environment={}, cohort={}, timings={}, evidence={}, config={})
    runs = _of(Run, list(record(bare, version="0.1.0")))
    assert [run.model for run in runs] == [None]


def test_altered_manifest_is_refused(bundle: Path) -> None:
    path = bundle / "manifest.json"
    path.write_text(path.read_text().replace("0.73", "0.99"))
    with pytest.raises(BundleError, match="altered"):
        list(record(bundle, version="0.1.0"))
