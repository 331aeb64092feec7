"""``predictor predict``: from a file of patients to answers, and to a file of answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.clinic.intake import is_table, read_many, read_one
from predictor.clinic.patient import check_columns
from predictor.clinic.prediction import (
    Prediction,
    Predictions,
    cached_bundle,
    predict,
    predict_rows,
)
from predictor.errors import DocumentError, PredictorError

_COLUMNS = (
    "row",
    "patient",
    "probability",
    "reference_probability",
    "imputed",
    "warnings",
    "refused",
)


@dataclass(frozen=True, slots=True)
class TableAnswers:
    """Answers for a table, and the columns that were left unread on request."""

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

    Raises
    ------
    PatientRefused
        If the one patient can be given no prediction.
    DocumentError
        If the file cannot be read, or has unknown columns.
    """
    many = is_table(path)
    bundle = cached_bundle(model)
    if not many:
        return predict(read_one(path), bundle)
    table = read_many(path)
    unknown = check_columns(list(table.columns), bundle)
    if unknown and not ignore_unknown:
        raise DocumentError(
            str(path),
            "columns are no variables of this model",
            "Rename them, or pass --ignore-unknown to leave them unread:",
            reasons=unknown,
        )
    ignored = {reason.where for reason in unknown}
    rows = ((n, {k: v for k, v in row.items() if k not in ignored}) for n, row in table.rows)
    return TableAnswers(predict_rows(rows, bundle, decimal=decimal), tuple(sorted(ignored)))


def write_answers(answers: Predictions | Prediction, path: Path) -> None:
    """Write answers as JSON, CSV or Parquet by the suffix; nothing is left half-written.

    Raises
    ------
    PredictorError
        If the suffix is none of these or the place cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".json", ".csv", ".parquet"):
        raise PredictorError(
            str(path), "answers are written as .json, .csv or .parquet", "Choose one."
        )
    part = path.with_name(f".{path.name}.part")
    try:
        if suffix == ".json":
            text = json.dumps(answers.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
            part.write_text(text + "\n", encoding="utf-8")
        elif suffix == ".csv":
            from predictor.workflow.tables import csv_bytes

            part.write_bytes(csv_bytes(_COLUMNS, _flat(answers)))
        else:
            import pyarrow as pa
            from pyarrow import parquet

            rows = list(_flat(answers))
            columns = {name: [row.get(name) for row in rows] for name in _COLUMNS}
            parquet.write_table(pa.table(columns), part)
        os.replace(part, path)
    except OSError as error:
        raise PredictorError(str(path), f"cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


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
        }
        for r in answers.refused
    ]
    yield from sorted(rows, key=lambda row: row["row"])
