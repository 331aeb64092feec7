"""A REDCap project made from our data dictionary: its export is the cohort, without mapping."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.cohort.published import simulate
from predictor.cohort.sources.redcap_dictionary import RedcapProject, read_dictionary
from predictor.cohort.sources.source import read_source
from predictor.config import CohortSource
from predictor.errors import CohortError
from predictor.study import load_study
from predictor.workflow.variables import redcap_csv

STUDY: dict[str, Any] = {
    "name": "round-trip",
    "question": {
        "outcome": "response",
        "event": ["remission"],
        "horizon": "6 months",
        "population": "adults",
    },
    "cohort": {"patient": "patient"},
    "predictors": ["sex", "age", "c3", "crp", "fever", "arthritis", "proteinuria"],
    "baseline": "c3",
    "models": {"ridge": {}},
    "validation": {"folds": 2},
}
MISSING = "UNK"


def cells(patients: int = 31) -> list[dict[str, str]]:
    """The published cohort as a person would type it, with two values missing."""
    made = simulate(patients, seed=3, scenario="literature").columns
    names = ["response", *STUDY["predictors"]]
    found = [
        {
            "patient": f"P{i:02d}",
            **{n: "" if made[n][i] is None else str(made[n][i]) for n in names},
        }
        for i in range(patients)
    ]
    found[4]["crp"] = found[9]["fever"] = ""
    return found


def written(header: list[str], rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def exported(project: RedcapProject, rows: list[dict[str, str]], labels: bool) -> str:
    """What REDCap makes of it: every field of the project, raw or with labels throughout."""
    fields = list(project.fields.values())

    def cell(row: Mapping[str, str], name: str) -> str:
        told = row.get(name, "")
        field = project.fields[name]
        if not told:
            return ""
        if field.kind == "yesno":
            told = str(int(float(told)))
        return field.choices[told] if labels and field.choices else told

    header = [field.label if labels else field.name for field in fields]
    return written(header, [[cell(row, f.name) for f in fields] for row in rows])


def study(folder: Path, source: dict[str, Any]) -> Cohort:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, "cohort": {**STUDY["cohort"], **source}}))
    loaded = load_study(path)
    assert not loaded.config.cohort.columns
    assert not loaded.config.cohort.values
    how = loaded.config.cohort
    return check_cohort(loaded, read_source(how, folder, how=how)).usable()


@pytest.mark.parametrize("labels", [False, True], ids=["raw", "labels"])
@pytest.mark.parametrize("whole", [False, True], ids=["study", "whole dictionary"])
def test_an_export_reads_back_as_the_same_cohort(tmp_path: Path, labels: bool, whole: bool) -> None:
    rows = cells()
    header = list(rows[0])
    (tmp_path / "plain.csv").write_text(written(header, [list(r.values()) for r in rows]))
    expected = study(tmp_path, {"file": "plain.csv"})

    made = redcap_csv(config=None if whole else str(tmp_path / "study.yaml"))
    (tmp_path / "dictionary.csv").write_bytes(made)
    project = read_dictionary(tmp_path / "dictionary.csv", CohortSource())
    (tmp_path / "export.csv").write_text(exported(project, rows, labels), encoding="utf-8")
    place = {"redcap": {"file": "export.csv", "dictionary": "dictionary.csv"}}
    found = study(tmp_path, place)
    assert found.digest == expected.digest
    assert found.flow == expected.flow


def test_declared_missing_codes_are_missing_and_others_are_problems(tmp_path: Path) -> None:
    rows = cells()
    (tmp_path / "plain.csv").write_text(written(list(rows[0]), [list(r.values()) for r in rows]))
    expected = study(tmp_path, {"file": "plain.csv"})
    (tmp_path / "dictionary.csv").write_bytes(redcap_csv(config=str(tmp_path / "study.yaml")))
    project = read_dictionary(tmp_path / "dictionary.csv", CohortSource())
    text = exported(project, rows, labels=False).splitlines(keepends=True)
    place = text[0].strip().split(",").index("crp")
    told = text[5].split(",")
    assert told[place] == ""
    told[place] = MISSING
    (tmp_path / "export.csv").write_text("".join([*text[:5], ",".join(told), *text[6:]]))
    source = {"redcap": {"file": "export.csv", "dictionary": "dictionary.csv"}}
    with pytest.raises(CohortError, match="crp: is not a number"):
        study(tmp_path, source)
    source["redcap"]["missing_codes"] = {MISSING: "Unknown"}  # type: ignore[assignment]
    assert study(tmp_path, source).digest == expected.digest
