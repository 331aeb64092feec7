"""The columns of a table of answers: one row per patient, answered or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from predictor.clinic.results import Prediction, Predictions
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle

if TYPE_CHECKING:
    import pyarrow as pa

CONTRIBUTION = "contribution_"
"""Before the name of a variable: the column of its contributions."""

OF_STATE = ("probability_", "interval_low_", "interval_high_")
"""Before the name of each of several states: the columns of its probability and interval."""

COLUMNS = {
    "row": "whole",
    "patient": "text",
    "probability": "number",
    "interval_low": "number",
    "interval_high": "number",
    "interval_level": "number",
    "interval_method": "text",
    "reference_probability": "number",
    "inside": "whole",
    "distance_percentile": "number",
    "imputed": "text",
    "warnings": "text",
    "refused": "text",
    "evidence": "text",
}
"""Columns that every table of answers has, and what stands in them."""


def state_names(bundle: Bundle) -> tuple[str, ...]:
    """Names of the states of a model of several, and of the horizons of one of a time."""
    if bundle.hazards is not None:
        return tuple(month_name(mark) for mark in bundle.hazards.marks)
    return bundle.states.names if bundle.states else ()


def of_states(states: Sequence[str]) -> list[str]:
    """Columns of several states, each with its probability and interval."""
    return [before + state for state in states for before in OF_STATE]


def parquet_schema(variables: Sequence[str], states: Sequence[str] = ()) -> pa.Schema:
    """Return the columns of answers in Parquet.

    Types are stated, so that a table of refused patients alone has those of any other.
    """
    import pyarrow as pa

    types = {"whole": pa.int64(), "number": pa.float64(), "text": pa.string()}
    fields = [(name, types[kind]) for name, kind in COLUMNS.items()]
    fields += [(name, pa.float64()) for name in of_states(states)]
    return pa.schema([*fields, *((CONTRIBUTION + name, pa.float64()) for name in variables)])


def answer_rows(answers: Predictions) -> list[dict[str, Any]]:
    """One row per patient, answered or refused, in the order of the file."""
    rows = [
        _row(row, prediction)
        for row, prediction in zip(answers.rows, answers.predictions, strict=True)
    ]
    rows += [
        {
            "row": r.row,
            "patient": r.patient,
            "imputed": "",
            "warnings": "",
            "refused": "; ".join(str(reason) for reason in r.reasons),
            "evidence": "",
        }
        for r in answers.refused
    ]
    return sorted(rows, key=lambda row: row["row"])


def warning_text(warnings: Iterable[Reason]) -> str:
    """Return warnings as one cell."""
    return "; ".join(f"{w.where} {w.message}".strip() for w in warnings)


def _row(row: int, p: Prediction) -> dict[str, Any]:
    interval: Any = getattr(p, "interval", None)
    applicability: Any = getattr(p, "applicability", None)
    contributions: Mapping[str, float] = {
        CONTRIBUTION + part.variable: part.contribution for part in p.contributions
    }
    return {
        "row": row,
        "patient": p.patient,
        "probability": p.probability,
        "interval_low": interval and interval.low,
        "interval_high": interval and interval.high,
        "interval_level": interval and interval.level,
        "interval_method": interval and interval.method,
        "reference_probability": p.reference_probability,
        "inside": None if applicability is None else int(applicability.inside),
        "distance_percentile": applicability and applicability.distance_percentile,
        "imputed": "; ".join(p.imputed),
        "warnings": warning_text(p.warnings),
        "refused": "",
        "evidence": p.evidence["level"],
        **_state_cells(p),
        **contributions,
    }


def month_name(month: int) -> str:
    """What stands for a horizon of a model of a time in the names of columns.

    >>> month_name(12)
    'month_12'
    """
    return f"month_{month}"


def _state_cells(p: Prediction) -> dict[str, float | None]:
    months = {
        before + month_name(answer.month): value
        for answer in p.by_month
        if answer.marked
        for before, value in zip(
            OF_STATE, (answer.probability, answer.low, answer.high), strict=True
        )
    }
    return months | {
        before + state.state: value
        for state in p.states
        for before, value in zip(OF_STATE, (state.probability, state.low, state.high), strict=True)
    }
