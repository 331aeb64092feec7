"""``predictor predict``: from a file of patients to answers, and to a file of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from predictor.clinic.answer_columns import state_names
from predictor.clinic.intake import (
    PatientTable,
    is_table,
    parquet_batches,
    read_many,
    read_one,
)
from predictor.clinic.patient import SIMULATED_PATIENT, identifier_of
from predictor.clinic.prediction import (
    Prediction,
    Predictions,
    RefusedPatient,
    cached_bundle,
    predict,
    predict_rows,
)
from predictor.clinic.table_columns import TableColumns, columns_of
from predictor.errors import DocumentError, PatientRefused, PredictorError
from predictor.fitted.bundle import Bundle
from predictor.workflow.answers import Answers, answers_file, json_answers
from predictor.workflow.files import check_suffix, replacing

if TYPE_CHECKING:
    from predictor.clinic.fhir import FhirPatient

_SIMULATED = "The patients are simulated: nothing here was measured in anybody."
_BATCH = 10_000
_SHOWN = 100
"""Patients of a table, answered or refused, that are kept for the screen."""


@dataclass(frozen=True, slots=True)
class TableAnswers:
    """Answers for a table.

    Parameters
    ----------
    answers
        Of the first patients, answered and refused; all are in the file that was written.
    answered, refused
        How many there are of each.
    ignored
        Columns that were left unread on request.
    notes
        What is to be said once for the file.
    """

    answers: Predictions
    answered: int
    refused: int
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: of the patients in ``answers``."""
        return self.answers.to_dict()


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """Answer for one FHIR record: the prediction, or why there is none, and what was read.

    Parameters
    ----------
    answer
        The prediction, or the patient who is refused.
    record
        What was taken from where, and what was ignored.
    """

    answer: Prediction | RefusedPatient
    record: FhirPatient

    @property
    def answered(self) -> int:
        """How many predictions there are: 1 or 0."""
        return int(isinstance(self.answer, Prediction))

    @property
    def answers(self) -> Predictions:
        """The answer as a table of one patient."""
        return _as_table(self.answer)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with ``index_date``, ``taken`` and ``ignored`` beside the answer."""
        told = self.answer if isinstance(self.answer, Prediction) else self.answers
        return {**told.to_dict(), **self.record.to_dict()}


Found = Prediction | RecordAnswer | TableAnswers


def predict_file(
    path: Path,
    model: str,
    *,
    decimal: str = ".",
    ignore_unknown: bool = False,
    index_date: date | None = None,
    out: Path | None = None,
    json_to: IO[bytes] | None = None,
    pages: Answers | None = None,
) -> Found:
    """Predict the patients of a file.

    Parameters
    ----------
    path
        One patient (JSON, YAML; plain or a FHIR Bundle) or many (CSV, Parquet), which are read,
        answered and written batch by batch.
    model
        Bundle, by path or shipped name.
    decimal
        Decimal sign of a CSV file.
    ignore_unknown
        Whether columns that are no variables of the bundle are left unread; otherwise they stop
        the run, because a misspelt predictor would silently become a missing one.
    index_date
        The day for which a FHIR record is read.
    out
        File that all answers are written to, by its suffix; nothing is left half-written.
    json_to
        Where all answers of a table are written as JSON besides.
    pages
        What makes a page of each patient of a table.

    Returns
    -------
    Prediction
        For one patient who is not refused.
    RecordAnswer
        For a FHIR record.
    TableAnswers
        For a table, or one refused patient, with every reason.

    Raises
    ------
    DocumentError
        If the file cannot be read, has unknown columns, or is a record that cannot be used.
    PredictorError
        If ``out`` cannot be written, or an index date is given for anything but a FHIR record.
    """
    many = is_table(path)
    bundle = cached_bundle(model)
    if many:
        if index_date is not None:
            raise _no_record(path)
        return predict_table(
            path,
            bundle,
            decimal=decimal,
            out=out,
            json_to=json_to,
            pages=pages,
            ignore_unknown=ignore_unknown,
        )
    found = _predict_one(path, bundle, index_date)
    if out is not None:
        write_answer(found, out, bundle)
    return found


def write_answer(found: Found, path: Path, bundle: Bundle) -> None:
    """Write the answer for one patient as JSON, CSV or Parquet by the suffix.

    Raises
    ------
    PredictorError
        If the suffix is none of these or the place cannot be written.
    """
    if check_suffix(path, ".json", ".csv", ".parquet") == ".json":
        text = json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        with replacing(path) as stream:
            stream.write(f"{text}\n".encode())
        return
    names = [variable.name for variable in bundle.variables]
    with answers_file(path, names, state_names(bundle)) as answers:
        answers.add(_as_table(found) if isinstance(found, Prediction) else found.answers)


def _predict_one(path: Path, bundle: Bundle, index_date: date | None) -> Found:
    patient = read_one(path)
    if isinstance(patient.get("resourceType"), str):
        return _predict_record(patient, bundle, index_date)
    if index_date is not None:
        raise _no_record(path)
    try:
        return predict(patient, bundle)
    except PatientRefused as refusal:
        refused = RefusedPatient(identifier_of(patient), 1, refusal.reasons)
        return TableAnswers(_as_table(refused), 0, 1)


def _predict_record(
    document: Mapping[str, object], bundle: Bundle, index_date: date | None
) -> RecordAnswer:
    # Loaded here: a plain patient needs neither the reader nor the codes.
    from predictor.clinic.fhir import read_fhir

    record = read_fhir(document, bundle, index_date=index_date)
    try:
        answer = predict(record.patient, bundle)
    except PatientRefused as refusal:
        refused = RefusedPatient(identifier_of(record.patient), 1, refusal.reasons)
        return RecordAnswer(refused, record)
    return RecordAnswer(replace(answer, warnings=(*record.warnings, *answer.warnings)), record)


def _no_record(path: Path) -> PredictorError:
    return PredictorError(
        str(path), "--index-date is for a FHIR Bundle, and this is none", "Leave it out."
    )


def predict_table(
    path: Path,
    bundle: Bundle,
    *,
    decimal: str = ".",
    out: Path | None = None,
    json_to: IO[bytes] | None = None,
    pages: Answers | None = None,
    ignore_unknown: bool = False,
    may_be_empty: bool = False,
) -> TableAnswers:
    """Predict the patients of a table.

    Parameters
    ----------
    path, decimal, out, json_to, pages, ignore_unknown
        As in :func:`predict_file`.
    bundle
        The model.
    may_be_empty
        Whether a table without patients is none of the user's mistakes.

    Raises
    ------
    DocumentError, PredictorError
        As in :func:`predict_file`.
    """
    table = read_many(path)
    columns = columns_of(table, bundle, str(path), ignore_unknown=ignore_unknown)
    columnar = (
        out is not None and out.suffix.lower() == ".parquet" and json_to is None and pages is None
    )
    # Several states, or months, are not known to answers column by column.
    columnar = columnar and bundle.states is None and bundle.hazards is None
    if out is not None and columnar and path.suffix.lower() != ".csv":
        return _predict_columns(path, bundle, table, columns, out, may_be_empty=may_be_empty)
    names = [variable.name for variable in bundle.variables]
    kept = _Kept()
    with ExitStack() as stack:
        sinks: list[Answers] = [kept]
        if out is not None:
            sinks.append(stack.enter_context(answers_file(out, names, state_names(bundle))))
        if json_to is not None:
            sinks.append(stack.enter_context(json_answers(json_to)))
        if pages is not None:
            sinks.append(pages)
        for rows in _batches(table, columns):
            answers = predict_rows(rows, bundle, decimal=decimal)
            for sink in sinks:
                sink.add(answers)
        if not may_be_empty and not kept.answered and not kept.refused:
            raise _nobody(path)
    return _of_table(kept, kept.answered, kept.refused, columns, simulated=kept.simulated)


def _of_table(
    kept: _Kept, answered: int, refused: int, columns: TableColumns, *, simulated: bool
) -> TableAnswers:
    notes = (_SIMULATED,) if simulated else ()
    return TableAnswers(
        kept.first(), answered, refused, columns.ignored, (*notes, *columns.notes())
    )


def _predict_columns(
    path: Path,
    bundle: Bundle,
    table: PatientTable,
    columns: TableColumns,
    out: Path,
    *,
    may_be_empty: bool,
) -> TableAnswers:
    """From Parquet to Parquet, column by column; the first patients are answered for the screen."""
    from pyarrow.parquet import ParquetWriter

    from predictor.clinic.column_answers import ROWS, ColumnPredictor

    answered = refused = rows = 0
    simulated = False
    predictor = ColumnPredictor(bundle)
    with replacing(out) as stream, ParquetWriter(stream, predictor.schema) as writer:
        for batch in parquet_batches(path, columns.used, ROWS):
            found = predictor.answer(batch, rows + 1)
            writer.write_table(found.table)
            rows += batch.num_rows
            answered += found.answered
            refused += found.refused
            simulated = simulated or found.simulated
        if not rows and not may_be_empty:
            raise _nobody(path)
    kept = _Kept()
    for patients in islice(_batches(table, columns, _SHOWN), 1):
        kept.add(predict_rows(patients, bundle))
    return _of_table(kept, answered, refused, columns, simulated=simulated)


def _nobody(path: Path) -> DocumentError:
    return DocumentError(str(path), "there are no patients in it", "Check the path.")


def _batches(
    table: PatientTable, columns: TableColumns, most: int | None = None
) -> Iterator[list[tuple[int, object]]]:
    rows: Iterator[tuple[int, object]] = table.rows
    if len(columns.used) < len(table.columns):
        used = columns.used
        rows = ((number, {name: row[name] for name in used}) for number, row in table.rows)
    while batch := list(islice(rows, most or _BATCH)):
        yield batch


class _Kept:
    """The first answers, for the screen, and how many there are."""

    def __init__(self) -> None:
        self.answered = 0
        self.refused = 0
        self.simulated = False
        self._first: list[tuple[int, Prediction]] = []
        self._first_refused: list[RefusedPatient] = []

    def add(self, answers: Predictions) -> None:
        self.answered += len(answers.predictions)
        self.refused += len(answers.refused)
        self.simulated = self.simulated or any(
            SIMULATED_PATIENT in prediction.warnings for prediction in answers.predictions
        )
        room = _SHOWN - len(self._first)
        self._first += zip(answers.rows[:room], answers.predictions[:room], strict=True)
        self._first_refused += answers.refused[: _SHOWN - len(self._first_refused)]

    def first(self) -> Predictions:
        rows, predictions = zip(*self._first, strict=True) if self._first else ((), ())
        return Predictions(tuple(predictions), tuple(rows), tuple(self._first_refused))


def _as_table(answer: Prediction | RefusedPatient) -> Predictions:
    if isinstance(answer, RefusedPatient):
        return Predictions((), (), (answer,))
    return Predictions((answer,), (1,), ())
