"""``predictor predict``: from a file of patients to answers, and to a file of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.clinic.intake import is_table, read_many, read_one, shown
from predictor.clinic.patient import identifier_of, unknown_columns
from predictor.clinic.prediction import (
    Prediction,
    Predictions,
    RefusedPatient,
    cached_bundle,
    predict,
    predict_rows,
)
from predictor.errors import DocumentError, PatientRefused
from predictor.workflow.files import check_suffix, csv_bytes, write_file

SUFFIXES = (".json", ".csv", ".parquet")
"""Formats that answers are written in."""

_COLUMNS = {
    "row": "whole",
    "patient": "text",
    "probability": "number",
    "reference_probability": "number",
    "imputed": "text",
    "warnings": "text",
    "refused": "text",
    "evidence": "text",
}


@dataclass(frozen=True, slots=True)
class TableAnswers:
    """Answers with who was refused, and the columns that were left unread on request."""

    answers: Predictions
    ignored: tuple[str, ...]


def predict_file(
    path: Path, model: str, *, decimal: str = ".", ignore_unknown: bool = False
) -> Prediction | TableAnswers:
    """Predict the patients of a file.

    Parameters
    ----------
    path
        One patient (JSON, YAML) or many (CSV, Parquet).
    model
        Bundle, by path or shipped name.
    decimal
        Decimal sign of a CSV file.
    ignore_unknown
        Whether columns that are no variables of the bundle are left unread; otherwise they stop
        the run, because a misspelt predictor would silently become a missing one.

    Returns
    -------
    Prediction
        For one patient who is not refused.
    TableAnswers
        For a table, or one refused patient, with every reason.

    Raises
    ------
    DocumentError
        If the file cannot be read, or has unknown columns.
    """
    many = is_table(path)
    bundle = cached_bundle(model)
    if not many:
        patient = read_one(path)
        try:
            return predict(patient, bundle)
        except PatientRefused as refusal:
            refused = RefusedPatient(identifier_of(patient), 1, refusal.reasons)
            return TableAnswers(Predictions((), (), (refused,)), ())
    table = read_many(path)
    unknown = unknown_columns(table.columns, bundle)
    if unknown and not ignore_unknown:
        raise DocumentError(
            str(path),
            "some columns are no variables of this model",
            "Rename them, or pass --ignore-unknown to leave them unread:",
            reasons=list(unknown.values()),
        )
    rows = ((n, {k: v for k, v in row.items() if k not in unknown}) for n, row in table.rows)
    answers = predict_rows(rows, bundle, decimal=decimal)
    if not answers.predictions and not answers.refused:
        raise DocumentError(str(path), "there are no patients in it", "Check the path.")
    return TableAnswers(answers, tuple(sorted(shown(str(name)) for name in unknown)))


def write_answers(answers: Predictions | Prediction, path: Path) -> None:
    """Write answers as JSON, CSV or Parquet by the suffix; nothing is left half-written.

    Raises
    ------
    PredictorError
        If the suffix is none of these or the place cannot be written.
    """
    suffix = check_suffix(path, *SUFFIXES)
    if suffix == ".json":
        text = json.dumps(answers.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        content = f"{text}\n".encode()
    elif suffix == ".csv":
        content = csv_bytes(tuple(_COLUMNS), _flat(answers))
    else:
        content = _parquet_bytes(list(_flat(answers)))
    write_file(path, content)


def _parquet_bytes(rows: list[Mapping[str, Any]]) -> bytes:
    import io

    import pyarrow as pa
    from pyarrow import parquet

    # Types are stated, so that a table of refused patients alone has those of any other.
    types = {"whole": pa.int64(), "number": pa.float64(), "text": pa.string()}
    schema = pa.schema([(name, types[kind]) for name, kind in _COLUMNS.items()])
    stream = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows, schema), stream)
    return stream.getvalue()


def _flat(answers: Predictions | Prediction) -> Iterator[Mapping[str, Any]]:
    """One row per patient, answered or refused, in the order of the file."""
    if isinstance(answers, Prediction):
        answers = Predictions((answers,), (1,), ())
    rows: list[dict[str, Any]] = [
        {
            "row": row,
            "patient": p.patient,
            "probability": p.probability,
            "reference_probability": p.reference_probability,
            "imputed": "; ".join(p.imputed),
            "warnings": "; ".join(f"{w.where} {w.message}".strip() for w in p.warnings),
            "refused": "",
            "evidence": p.evidence["level"],
        }
        for row, p in zip(answers.rows, answers.predictions, strict=True)
    ]
    rows += [
        {
            "row": r.row,
            "patient": r.patient,
            "probability": None,
            "reference_probability": None,
            "imputed": "",
            "warnings": "",
            "refused": "; ".join(str(reason) for reason in r.reasons),
            "evidence": "",
        }
        for r in answers.refused
    ]
    yield from sorted(rows, key=lambda row: row["row"])
