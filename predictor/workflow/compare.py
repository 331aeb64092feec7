"""``predictor compare``: runs side by side, from their bundles or from their ``report.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from predictor.documents import load_json
from predictor.errors import BundleError, DocumentError, PredictorError
from predictor.fitted.bundle import refuse_states
from predictor.report.comparison import (
    FIGURES,
    QUESTION,
    STATE_FIGURES,
    ComparedRun,
    Comparison,
    Figured,
    compare,
)
from predictor.report.contents.comparison import comparison_report
from predictor.report.contents.performance_tables import figures as performance_figures
from predictor.report.contents.report import about as about_of
from predictor.report.contents.source import open_source
from predictor.report.contents.state_report import state_report_of
from predictor.report.contents.verdict import verdict_of
from predictor.report.document import SCHEMA_VERSION, Table
from predictor.report.page.html import page
from predictor.report.spreadsheet import csv_bytes
from predictor.workflow.files import check_suffix, write_file

SUFFIXES = (".html", ".csv", ".json")
FIGURES_TABLE = "performance-figures-table"

_JSON_LIMIT = 64 * 1024 * 1024
_ANOTHER = "Name the bundle, or write its report again: predictor report BUNDLE."


def compare_runs(runs: Sequence[str | Path]) -> Comparison:
    """Read runs and set them side by side.

    Parameters
    ----------
    runs
        Bundles by path or shipped name, or files ``report.json``.

    Raises
    ------
    BundleError
        If a bundle cannot be loaded or told of.
    DocumentError
        If a file is no report of this version.
    """
    return compare([_of_file(Path(run)) if _is_file(run) else _of_bundle(run) for run in runs])


def write_comparison(found: Comparison, out: Path) -> None:
    """Write a comparison as a page, as a table or as data, by the suffix.

    Raises
    ------
    PredictorError
        If the suffix is none of ``SUFFIXES`` or the place cannot be written.
    """
    suffix = check_suffix(out, *SUFFIXES)
    if suffix == ".html":
        content = page(comparison_report(found)).encode(errors="replace")
    elif suffix == ".csv":
        rows = found.rows()
        content = csv_bytes(list(rows[0]), rows)
    else:
        text = json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        content = f"{text}\n".encode(errors="replace")
    write_file(out, content)


def check_place(out: Path, runs: Iterable[str | Path]) -> None:
    """Refuse a place before any work.

    Raises
    ------
    PredictorError
        If the suffix is unknown, or a run would be written over.
    """
    check_suffix(out, *SUFFIXES)
    for run in runs:
        path = Path(run)
        inside = path.is_dir() and out.resolve().is_relative_to(path.resolve())
        if inside or (out.exists() and path.exists() and out.samefile(path)):
            raise PredictorError(
                str(out), "one of the runs lies here", "Write the comparison to another place."
            )


def _is_file(run: str | Path) -> bool:
    return Path(run).suffix.lower() == ".json" and not Path(run).is_dir()


def _of_bundle(run: str | Path) -> ComparedRun:
    source = open_source(run)
    if source.bundle.hazards is not None:
        refuse_states(source.bundle)
    try:
        if source.bundle.states is not None:
            told = state_report_of(source)
            rows = source.manifest["validation"]["figures"]
            return _run(told.about, told.verdict.code, told.verdict.headline, rows)
        verdict = verdict_of(source)
        rows = next(
            (block.rows for block in performance_figures(source) if isinstance(block, Table)), ()
        )
        return _run(about_of(source), verdict.code, verdict.headline, rows)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        rule = f"its manifest says too little to be compared ({type(error).__name__}: {error})"
        raise BundleError(str(run), rule, "Train again with this version.") from None


def _of_file(path: Path) -> ComparedRun:
    data = load_json(path, limit=_JSON_LIMIT).data
    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA_VERSION:
        rule = f"this is no report.json of schema version {SCHEMA_VERSION}"
        raise DocumentError(str(path), rule, _ANOTHER)
    try:
        verdict = data["verdict"]
        rows = _rows(data["sections"])
        return _run(data["about"], verdict["code"], verdict["headline"], rows)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DocumentError(str(path), "the report is damaged", _ANOTHER) from None


def _rows(sections: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Rows of the table of figures; none where the run was not validated."""
    for section in sections:
        for block in section["blocks"]:
            if block.get("id") == FIGURES_TABLE:
                found: Sequence[Mapping[str, Any]] = block["rows"]
                return found
        if below := _rows(section["parts"]):
            return below
    return ()


def _run(
    about: Mapping[str, Any],
    verdict: str,
    headline: str,
    rows: Sequence[Mapping[str, Any]],
) -> ComparedRun:
    by_name = {row.get("name"): row for row in rows}
    corrected = any(row.get("corrected") is not None for row in rows)
    kind = "corrected" if corrected else "cross_validated"
    simulated = about.get("simulated_patients") or 0
    figures = STATE_FIGURES if about.get("states") else FIGURES
    return ComparedRun(
        name=str(about["name"]),
        outcome=str(about["outcome"]),
        question={key: about.get(key) for key in QUESTION},
        cohort_digest=about.get("cohort_digest"),
        patients=about.get("analysed") or about.get("patients") or simulated or None,
        # Of an older report only events of real patients are known.
        events=about.get("analysed_events", None if simulated else about.get("events")),
        simulated=bool(simulated),
        model=str(about.get("model") or "a model"),
        version=str(about["version"]),
        digest=str(about["model_digest"]),
        corrected=corrected,
        figures={name: _figured(by_name.get(name, {}), kind) for name in figures},
        verdict=str(verdict),
        headline=str(headline),
        evidence=str(about["evidence"]),
        created=about.get("created"),
    )


def _figured(row: Mapping[str, Any], kind: str) -> Figured:
    value, low, high = (_number(row.get(f"{kind}{end}")) for end in ("", "_low", "_high"))
    by = row.get("corrected_by") if kind == "corrected" else None
    return Figured(value, low, high, by if isinstance(by, str) else None)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a figure is a number")
    return float(value)
