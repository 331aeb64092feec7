"""Patients of several states and of a time: what was noticed of them, and rows of their Table 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents.clinical_text import named
from predictor.report.contents.source import Source
from predictor.report.document import Block, Listing

NOTICED = "{variable}: {code}"
STATE = "{variable}: {state}"
_KEPT = ("variable", "unit", "state", "statistic", "all")

_Row = Mapping[str, Any]
_NONE: _Row = {}


def noticed_blocks(source: Source) -> Iterator[Block]:
    """What was noticed while reading the cohort, by the labels of its variables."""
    known = source.bundle.dictionary.variables
    noticed = tuple(
        NOTICED.format(
            variable=known[w["variable"]].label if w["variable"] in known else w["variable"],
            code=w["code"].replace("_", " "),
        )
        for w in source.manifest["cohort"].get("warnings", ())
    )
    if noticed:
        yield Listing(noticed, "Noticed while reading, without stopping the training")


def named_row(source: Source, row: _Row, groups: _Row = _NONE) -> dict[str, Any]:
    """A row of Table 1, with what it describes under ``characteristic``.

    Parameters
    ----------
    source
        The bundle, opened.
    row
        As it was found.
    groups
        Figures of groups of patients, by the columns they stand in.
    """
    known = source.bundle.dictionary.variables
    name = named(known[row["variable"]]) if row["variable"] in known else str(row["label"])
    state = row["state"]
    text = STATE.format(variable=name, state=state.replace("_", " ")) if state else name
    return {**{key: row[key] for key in _KEPT}, **groups, "characteristic": text}
