"""The parts of a configuration that name sources and laboratory rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import visits_everywhere
import yaml
from run_commands import Run, runner

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.values import read_value
from predictor.cohort.sources.omop_concepts import load_concepts
from predictor.documents import Document
from predictor.errors import ConfigError
from predictor.study import study_from

SECRET = "hunter2-Zwieback"  # noqa: S105 - what must never be shown
STUDY: dict[str, Any] = {
    "name": "demo",
    "question": {"outcome": "o", "event": [1], "horizon": "h", "population": "p"},
    "cohort": {},
    "predictors": ["crp", "sex"],
    "baseline": "crp",
    "models": {"ridge": {}},
    "validation": {"folds": 2},
}


def refused(cohort: dict[str, Any]) -> str:
    with pytest.raises(ConfigError, match="breaks rules") as caught:
        study_from(Document("s.yaml", {**STUDY, "cohort": cohort}), Path())
    return str(caught.value)


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        ({"sql": {"url_env": "A"}}, "name one of query and query_file"),
        (
            {"sql": {"url_env": "A", "query": "select 1", "query_file": "q"}},
            "name one of query and query_file",
        ),
        ({"sql": {"url_env": "A", "query": "select 1"}, "file": "c.csv"}, "not file and sql"),
        ({"redcap": {"file": "e.csv"}}, "the key 'dictionary' is needed"),
        ({"redcap": {"file": "e", "dictionary": "d", "choices": "words"}}, "'codes' or 'labels'"),
        ({"omop": {"url_env": "A", "concepts": "c", "table_schema": "a b"}}, "table_schema"),
    ],
)
def test_a_source_that_cannot_be_is_refused(cohort: dict[str, Any], message: str) -> None:
    assert message in refused(cohort)


@pytest.mark.parametrize(
    "sql",
    [
        {"url_env": f"postgresql://reader:{SECRET}@server/db", "query": "select 1"},
        {"url_env": f"A={SECRET}", "query": "select 1"},
        {"url": f"postgresql://reader:{SECRET}@server/db", "query": "select 1"},
        {"url_env": ["postgresql", SECRET], "query": "select 1"},
    ],
)
def test_an_address_in_a_configuration_is_refused_and_not_repeated(sql: dict[str, Any]) -> None:
    said = refused({"sql": sql})
    assert SECRET not in said
    assert "cohort.sql" in said


def test_visits_name_one_place() -> None:
    visits = {
        "file": "v.csv",
        "sql": {"url_env": "A", "query": "select 1"},
        "patient": "p",
        "time": "t",
    }
    outcome = {"rule": "crp < 5", "at": {"nearest": 180, "within": [90, 365]}}
    said = refused({"visits": visits, "index": {"first": "crp > 9"}, "outcome": outcome})
    assert "not file and sql" in said


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def write(folder: Path, laboratory: dict[str, Any]) -> tuple[Path, Path]:
    rows = "".join(
        f"P{i},{5 + 1.5 * i if i % 4 else '<3'},{('female', 'male')[i % 2]},{int(i % 3 == 0)}\n"
        for i in range(16)
    )
    (folder / "c.csv").write_text(f"id,crp,sex,o\n{rows}")
    cohort = {"file": "c.csv", "patient": "id", "laboratory": laboratory}
    (folder / "s.yaml").write_text(yaml.safe_dump({**STUDY, "cohort": cohort}))
    return folder / "c.csv", folder / "s.yaml"


def test_check_proposes_rules_that_make_the_cohort_usable(tmp_path: Path, command: Run) -> None:
    cohort, config = write(tmp_path, {})
    found = command("check", cohort, "--config", config, "--format", "json")
    assert found.code == 1
    assert found.json["laboratory"] == [
        {"column": "crp", "variable": "crp", "kind": "below", "count": 4, "rule": "below: half"}
    ]
    said = command("check", "--config", config)
    assert said.code == 1
    assert "crp: 4 of kind below" in said.out
    pasted = said.out[said.out.index("cohort:\n") :].split("\nColumns checked")[0]
    _, config = write(tmp_path, yaml.safe_load(pasted)["cohort"]["laboratory"])
    again = command("check", "--config", config, "--format", "json")
    assert again.code == 0, again.out
    assert again.json["laboratory"] == []
    codes = [p["code"] for p in again.json["problems"]]
    assert codes.count("below_converted") == 4


def test_check_needs_a_file_or_a_configuration(command: Run) -> None:
    done = command("check")
    assert done.code == 2
    assert "name a cohort file, or --config" in done.err


def test_rules_are_part_of_what_a_configuration_says(tmp_path: Path) -> None:
    _, config = write(tmp_path, {"crp": {"below": "half", "words": {"(-)": None}}})
    data = yaml.safe_load(config.read_text())
    study = study_from(Document("s.yaml", data), tmp_path)
    told = json.loads(study.config.model_dump_json())["cohort"]["laboratory"]["crp"]
    assert told["below"] == "half"
    assert told["words"] == {"(-)": None}


def test_slips_among_visits_are_found_wherever_they_stand(tmp_path: Path, command: Run) -> None:
    path = visits_everywhere.write_study(tmp_path, visits_everywhere.write_csv(tmp_path))
    lines = (tmp_path / "visits.csv").read_text().splitlines()
    cells = lines[3].split(",")
    assert cells[3]
    cells[3] = "910"  # mg/L among mg/dL, at a visit after the index visit
    (tmp_path / "visits.csv").write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]))
    study = yaml.safe_load(path.read_text())
    study["cohort"]["impossible"] = "missing"
    study["dictionary"] = "wide.yaml"
    wide = "extends: sle_ivig\nvariables: {c3: {plausible: [0.1, 2000], suspicious: [1, 1000]}}\n"
    (tmp_path / "wide.yaml").write_text(wide)
    path.write_text(yaml.safe_dump(study))
    found = command("check", "--config", path, "--format", "json")
    slips = [p for p in found.json["problems"] if p["code"] == "unit_slip"]
    assert [(p["row"], p["column"], p["value"]) for p in slips] == [(4, "c3", "910")]
    assert "mg/L" in slips[0]["message"]


def examples(page: str) -> list[Any]:
    """The YAML examples of a page."""
    text = (Path(__file__).parent.parent / "docs" / page).read_text(encoding="utf-8")
    return [yaml.safe_load(block.split("```")[0]) for block in text.split("```yaml\n")[1:]]


@pytest.mark.parametrize("page", ["sources.md", "laboratory.md"])
def test_every_example_of_the_pages_is_a_configuration(page: str) -> None:
    parts = [example["cohort"] for example in examples(page) if "cohort" in example]
    assert parts
    for part in parts:
        if "visits" in part:
            at = {"nearest": 180, "within": [90, 365]}
            part = {**part, "index": {"first": "crp > 9"}}  # noqa: PLW2901
            part["outcome"] = {"rule": "crp < 5", "at": at}
        study_from(Document(page, {**STUDY, "cohort": part}), Path())


def test_the_concept_list_of_the_page_is_one(tmp_path: Path) -> None:
    (listed,) = (example for example in examples("sources.md") if "variables" in example)
    (tmp_path / "concepts.yaml").write_text(yaml.safe_dump(listed))
    found = load_concepts(tmp_path / "concepts.yaml")
    dictionary = load_dictionary()
    assert {entry.variable for entry in found.variables} <= set(dictionary.variables)
    for entry in found.variables:
        variable = dictionary.variable(entry.variable)
        assert all(not read_value(f"1 {unit}", variable).problems for unit in entry.units.values())
        assert all(not read_value(word, variable).problems for word in entry.values.values())
    assert found.visits
