"""What the report of a bundle adds to its run: verdict, tables, and the files themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from predictor.errors import BundleError
from predictor.fitted.bundle import MODEL_CARD, REPORT, REPORT_JSON
from predictor.report.spreadsheet import csv_bytes


def report_files(bundle: Path) -> tuple[str, ...]:
    """Names of the files of the report that lie in a bundle; none in one without a report."""
    return tuple(name for name in (REPORT, REPORT_JSON, MODEL_CARD) if (bundle / name).is_file())


def reported(bundle: Path) -> Mapping[str, Any]:
    """Content of ``report.json``; empty for a bundle without one.

    Raises
    ------
    BundleError
        If it is damaged.
    """
    path = bundle / REPORT_JSON
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise BundleError(
            str(path), "the file is damaged", "Write it again: predictor report MODEL."
        )
    return found


def verdict_tags(report: Mapping[str, Any]) -> dict[str, str]:
    """Tags by which runs are filtered; evidence, outcome and cohort come from the manifest."""
    verdict = report.get("verdict", {})
    return {key: str(verdict[name]) for key, name in _VERDICT.items() if name in verdict}


_VERDICT = {"verdict": "code", "verdict.headline": "headline"}


def report_tables(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and CSV of every table, those behind figures included; formulas are neutralised."""
    for table in _tables(report.get("sections", ())):
        rows = table["rows"]
        if rows:
            # The shown columns first, then what stands in the rows alone.
            named = [column["key"] for column in table["columns"]]
            keys = dict.fromkeys((*named, *(key for row in rows for key in row)))
            known = [key for key in keys if any(key in row for row in rows)]
            yield f"{table['id']}.csv", csv_bytes(known, rows).decode()


def _tables(sections: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for section in sections:
        for block in section["blocks"]:
            if block["block"] == "table":
                yield block
            elif block["block"] == "figure":
                yield from block["tables"]
        yield from _tables(section["parts"])
