"""The last section holds what it takes to make the model again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_standings
import pytest

from predictor.config import Config
from predictor.documents import parse_yaml
from predictor.report.contents.reproduce import reproduce
from predictor.report.contents.source import Source, open_source
from predictor.report.document import Facts, Section, Table, Verbatim


@pytest.fixture(scope="module")
def shipped(root: Path) -> Source:
    return open_source(root / "models" / "remission")


def verbatim(section: Section, title: str) -> str:
    return next(b.text for b in section.blocks if isinstance(b, Verbatim) and b.title == title)


def table(section: Section, name: str) -> dict[object, object]:
    found = next(b for b in section.blocks if isinstance(b, Table) and b.id == f"reproduce-{name}")
    return {row["name"]: row["value"] for row in found.rows}


def run_of(section: Section) -> tuple[str, str]:
    facts = next(b.facts for b in section.blocks if isinstance(b, Facts))
    fact = next(f for f in facts if f.label == "MLflow run")
    return fact.value, fact.meaning


def test_the_configuration_can_be_trained_again(shipped: Source) -> None:
    section = reproduce(shipped)
    assert section.id == "reproduce"
    config = parse_yaml(verbatim(section, "study.yaml")).data
    assert config == shipped.manifest["config"]
    assert Config.model_validate(config).cohort.published is not None
    assert verbatim(section, "Command").endswith("predictor train study.yaml")


def test_seeds_versions_and_digests_are_those_of_the_manifest(shipped: Source) -> None:
    section, manifest = reproduce(shipped), shipped.manifest
    assert table(section, "seeds") == {
        "validation and fits": str(manifest["config"]["validation"]["seed"]),
        "simulated patients": "1",
    }
    versions = table(section, "versions")
    assert versions["numpy"] == manifest["environment"]["packages"]["numpy"]
    assert versions["Python"] == manifest["environment"]["python"]
    digests = table(section, "digests")
    assert digests["cohort"] == manifest["cohort"]["digest"]
    assert digests["model.json"] == manifest["files"]["model.json"]
    assert digests["manifest.json"] == manifest["manifest_digest"]


def test_real_patients_are_named_by_their_file_and_digest(shipped: Source) -> None:
    config = dict(shipped.manifest["config"])
    config["cohort"] = {"file": "my $(cohort).csv"}
    cohort = {**shipped.manifest["cohort"], "file": "my $(cohort).csv"}
    manifest = {**shipped.manifest, "config": config, "cohort": cohort}
    command = verbatim(reproduce(replace(shipped, manifest=manifest)), "Command")
    assert command.endswith("predictor train study.yaml --data 'my $(cohort).csv'")


def test_the_run_is_read_from_the_tracking_file_alone(shipped: Source) -> None:
    assert run_of(reproduce(replace(shipped, tracking={})))[0] == "not sent"
    sent = {"run_id": "4f2a", "experiment": "sle", "tracking_uri": "http://127.0.0.1:5000"}
    assert run_of(reproduce(replace(shipped, tracking=sent))) == ("4f2a", "Experiment sle.")


def test_an_older_bundle_says_what_is_not_known() -> None:
    section = reproduce(made_standings.source(made_standings.manifest()))
    facts = next(b.facts for b in section.blocks if isinstance(b, Facts))
    assert [f.value for f in facts] == ["not sent", "not known", "not known", "not known"]
    assert not [b for b in section.blocks if isinstance(b, Verbatim)]
