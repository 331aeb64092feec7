"""``predictor describe``: the paper's Tables 1 to 4 for any cohort, and baseline by outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from predictor.clinical.dictionary import load_dictionary
from predictor.cohort.describe import describe_table
from predictor.cohort.described_columns import ColumnRules
from predictor.cohort.description import Description, Tests
from predictor.cohort.reading import read_table
from predictor.config import CohortSource
from predictor.report.description_text import (
    description_html,
    description_markdown,
    description_text,
)
from predictor.report.spreadsheet import csv_bytes
from predictor.study import load_study
from predictor.workflow.cohort import cohort_rows
from predictor.workflow.files import check_suffix, write_file

SUFFIXES = (".txt", ".md", ".csv", ".html", ".json")

_COLUMNS = ("table", "section", "variable", "state", "label", "unit", "statistic", "n", "missing")
_TESTED = ("test", "p_value", "p_adjusted", "reason")
_EFFECT = ("effect", "effect_value", "effect_low", "effect_high", "effect_interval")


def describe(
    data: str | Path,
    *,
    config: str | Path | None = None,
    by: str | None = None,
    tests: str = "paper",
    cell_size: int | None = None,
) -> Description:
    """Describe a cohort file.

    Parameters
    ----------
    data
        CSV, Excel or Parquet.
    config
        A configuration, whose columns, units, codings, dictionary and exclusions are then used.
        Without one, columns named like a variable of the shipped dictionary are described.
    by
        Variable or column whose states become columns of a further table.
    tests
        ``paper`` or ``recommended``.
    cell_size
        Smallest count that is shown; None shows all.

    Raises
    ------
    PredictorError
        If file, configuration or options cannot be used.
    """
    wanted = cast(Tests, tests)
    if config is None:
        table = read_table(Path(data), CohortSource())
        return describe_table(table, load_dictionary(), by=by, tests=wanted, cell_size=cell_size)
    study = load_study(config)
    source = study.config.cohort
    if source.visits is None:
        table = read_table(Path(data), source)
    else:  # patients are described, not their visits
        table, source = cohort_rows(study, data)
    return describe_table(
        table,
        study.dictionary,
        rules=ColumnRules(
            source.columns, source.units, source.values, source.missing, source.decimal
        ),
        by=by,
        tests=wanted,
        exclude=source.exclude,
        limits=study.config.question.ranges,
        skip=tuple(name for name in (source.patient, source.centre) if name),
        cell_size=cell_size,
    )


def write_description(description: Description, path: str | Path) -> None:
    """Write a description whole or not at all; the suffix decides the format.

    Parameters
    ----------
    description
        What to write.
    path
        ``.txt``, ``.md``, ``.csv`` (one row a fact), ``.html`` or ``.json``.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    path = Path(path)
    write_file(path, render(description, check_suffix(path, *SUFFIXES)))


def render(description: Description, suffix: str) -> bytes:
    """A description in the format of a suffix."""
    if suffix == ".csv":
        groups = list(dict.fromkeys(g for t in description.tables for g in t.groups))
        columns = (
            *_COLUMNS,
            "before",
            "after",
            *(f"group_{g}" for g in groups),
            *_TESTED,
            *_EFFECT,
        )
        return csv_bytes(columns, _flat(description))
    if suffix == ".json":
        text = json.dumps(description.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        return f"{text}\n".encode()
    writers = {".txt": description_text, ".md": description_markdown, ".html": description_html}
    return writers[suffix](description).encode()


def _flat(description: Description) -> Iterator[Mapping[str, object]]:
    """Rows with one value a column; cells without value are empty."""
    for number, row in description.rows():
        data = row.to_dict(number)
        effect = row.effect
        cells = {
            "before": row.before.text,
            "after": row.after.text if row.after else "",
            **{f"group_{name}": cell.text for name, cell in row.groups.items()},
        }
        yield {
            **data,
            **{name: "" if text == "-" else text for name, text in cells.items()},
            "effect": effect.name if effect else None,
            "effect_value": effect.value if effect else None,
            "effect_low": effect.low if effect else None,
            "effect_high": effect.high if effect else None,
            "effect_interval": effect.method if effect else None,
        }
