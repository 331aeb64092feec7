"""A small study of visits, and tables of visits, for tests to break."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from predictor.cohort.finding import Finding
from predictor.cohort.records import MadeRecords, make_records
from predictor.cohort.rules import rules_of
from predictor.cohort.table import Table
from predictor.documents import Document
from predictor.study import Study, study_from

ABSENT = object()
"""Takes a key out of the configuration."""


def records_config(**cohort: Any) -> dict[str, Any]:
    """A configuration over sledai_2k, c3, fever and sex; keys replace those of ``cohort``."""
    source: dict[str, Any] = {
        "visits": {"patient": "id", "time": "day"},
        "index": {"first": "sledai_2k >= 6"},
        "baseline": {"latest_within": [-30, 0]},
        "outcome": {"rule": "sledai_2k <= 4", "at": {"nearest": 180, "within": [90, 365]}},
    }
    source.update(cohort)
    return {
        "name": "visits",
        "question": {
            "outcome": "low",
            "event": [1],
            "horizon": "6 months",
            "population": "adults",
        },
        "cohort": {key: value for key, value in source.items() if value is not ABSENT},
        "predictors": ["sledai_2k", "c3", "sex"],
        "baseline": "c3",
        "models": {"ridge": {}},
        "validation": {"folds": 2},
    }


def records_study(*, question: dict[str, Any] | None = None, **cohort: Any) -> Study:
    """The study of :func:`records_config`."""
    config = records_config(**cohort)
    config["question"].update(question or {})
    return study_from(Document("test", config), Path())


def visits_table(rows: Sequence[Sequence[Any]], names: str = "id day sledai_2k c3 sex") -> Table:
    """A table from rows; the number of a row is its line in a file with a header."""
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names.split())}
    return Table("visits.csv", columns, range(2, len(rows) + 2))


def made(table: Table, study: Study | None = None) -> MadeRecords:
    """Records of a table."""
    study = study or records_study()
    return make_records(study, rules_of(study), table)


def fatal(found: MadeRecords) -> dict[str, Finding]:
    """Fatal findings by code."""
    return {finding.code: finding for finding in found.findings if finding.fatal}


def told(found: MadeRecords) -> dict[str, Finding]:
    """Findings that did not stop the work, by code."""
    return {finding.code: finding for finding in found.findings if not finding.fatal}
