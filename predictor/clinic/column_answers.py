"""From columns of patients to columns of answers, for files and for other machines.

A million patients as Python objects take minutes; as columns, seconds. Every patient gets the
answer that ``predict`` gives: whatever is not plain (a value with a problem, an exclusion
criterion, too many gaps, an identifier that cannot be shown) goes through the same check as a
single patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.answer_columns import (
    CONTRIBUTION,
    answer_rows,
    parquet_schema,
    state_names,
    warning_text,
)
from predictor.clinic.arrow_cells import python_cells, python_rows
from predictor.clinic.patient import (
    IDENTIFIER,
    LONGEST_IDENTIFIER,
    SIMULATED_PATIENT,
    identifier_of,
    reach,
)
from predictor.clinic.prediction import OUTSIDE_ITS_RANGE, predict_rows
from predictor.clinic.results import RefusedPatient
from predictor.clinic.uncertainty import score
from predictor.clinical.cells import MISSING_TEXTS, SIMULATED, is_missing, marks_simulated
from predictor.clinical.values import ColumnReading, read_column
from predictor.clinical.variable import Variable
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 65_536
"""Patients that are worked on at once."""

_OF_THE_PATIENT = (
    SIMULATED_PATIENT.code,
    "suspicious_unit",
    "suspicious_value",
    OUTSIDE_ITS_RANGE.code,
)
"""Warnings that tell of one patient's values; all others are the same for all."""

_BY_ROW = (SIMULATED_PATIENT.code, OUTSIDE_ITS_RANGE.code)
"""Warnings that some patients have, in words that are the same for all of them."""


@dataclass(frozen=True, slots=True)
class AnsweredBatch:
    """Answers for some patients.

    Parameters
    ----------
    table
        One row per patient, in the order of the file.
    answered, refused
        How many there are of each.
    simulated
        Whether some of the patients say that they are simulated.
    refusals
        The refused patients with their reasons.
    """

    table: pa.Table
    answered: int
    refused: int
    simulated: bool
    refusals: tuple[RefusedPatient, ...] = ()


class ColumnPredictor:
    """Answers record batches of patients by one bundle.

    Parameters
    ----------
    bundle
        The model.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names = [variable.name for variable in bundle.variables]
        self.schema = parquet_schema(self._names, state_names(bundle))
        # Several states, or months, are answered as single patients are.
        self._single = bundle.states is not None or bundle.hazards is not None

    def answer(self, batch: pa.RecordBatch, first_row: int) -> AnsweredBatch:
        """Answer one batch, whose first patient has the row number ``first_row``."""
        import pyarrow as pa

        read = self._read(batch)
        identifiers, unshown = _identifiers(batch)
        odd = read.odd | unshown | self._single
        plain = np.flatnonzero(~odd)
        simulated = bool(read.simulated.any())
        table = self._answered(batch, plain, read, identifiers, first_row)
        if not odd.any():
            return AnsweredBatch(table, len(plain), 0, simulated)
        rows = np.flatnonzero(odd)
        numbers = [first_row + int(row) for row in rows]
        patients = python_rows(batch.take(pa.array(rows)))
        others = self.answer_single(zip(numbers, patients, strict=True))
        whole = pa.concat_tables([table, others.table]).sort_by("row")
        answered = len(plain) + others.answered
        return AnsweredBatch(whole, answered, others.refused, simulated, others.refusals)

    def answer_single(self, patients: Iterable[tuple[int, object]]) -> AnsweredBatch:
        """Answer numbered patients as single ones, whatever their cells are."""
        import pyarrow as pa

        found = predict_rows(patients, self._bundle)
        table = pa.Table.from_pylist(answer_rows(found), self.schema)
        simulated = any(SIMULATED_PATIENT in answer.warnings for answer in found.predictions)
        return AnsweredBatch(
            table, len(found.predictions), len(found.refused), simulated, found.refused
        )

    def _read(self, batch: pa.RecordBatch) -> _Read:
        bundle, n = self._bundle, batch.num_rows
        # Column by column in memory, as they come and as the answers go.
        values = np.full((len(bundle.variables), n), np.nan).T
        odd = np.zeros(n, dtype=bool)
        warnings: dict[int, list[Reason]] = {}
        for j, variable in enumerate(bundle.variables):
            reading = _column(batch, variable)
            values[:, j] = reading.values
            odd[[row for row, _ in reading.problems]] = True
            for row, reason in reading.warnings:
                warnings.setdefault(row, []).append(reason)
            far = reach(j, bundle)
            if np.isfinite(far):
                odd |= np.abs(reading.values - bundle.preparation.fill[j]) > far
        for variable in bundle.exclusions:
            reading = _column(batch, variable)
            odd[[row for row, _ in reading.problems]] = True
            odd |= reading.values == 1.0
        for name, limit in bundle.limits.items():
            reading = _column(batch, bundle.dictionary.variable(name))
            odd[[row for row, _ in reading.problems]] = True
            low, high = limit.bounds()
            odd |= (reading.values < low) | (reading.values > high)
        odd |= np.isnan(values).sum(axis=1) > bundle.most_missing * values.shape[1]
        return _Read(values, odd, warnings, _simulated(batch))

    def _answered(
        self,
        batch: pa.RecordBatch,
        rows: NDArray[np.intp],
        read: _Read,
        identifiers: pa.Array,
        first_row: int,
    ) -> pa.Table:
        """Answers for the patients with whom nothing is wrong."""
        import pyarrow as pa

        n, bundle = len(rows), self._bundle
        if not n:
            return self.schema.empty_table()
        values = read.values if n == len(read.values) else read.values[rows]
        found = score(bundle, values)
        # What is the same for all is taken from the answer for one of them.
        (patient,) = python_rows(batch.take(pa.array(rows[:1])))
        (first,) = predict_rows([(0, patient)], bundle).predictions
        always = tuple(w for w in first.warnings if w.code not in _OF_THE_PATIENT)
        columns: dict[str, Any] = {
            "row": pa.array(rows + first_row),
            "patient": identifiers.take(pa.array(rows)),
            "probability": pa.array(found.probability),
            "reference_probability": pa.repeat(found.reference_probability, n),
            "imputed": _texts(np.isnan(values), self._names, "; ".join),
            "warnings": self._warnings(rows, read, always, found.contradicted),
            "refused": pa.repeat("", n),
            "evidence": pa.repeat(first.evidence["level"], n),
        }
        if first.interval is not None:
            columns["interval_low"] = pa.array(found.low)
            columns["interval_high"] = pa.array(found.high)
            columns["interval_level"] = pa.repeat(pa.scalar(first.interval.level, pa.float64()), n)
            columns["interval_method"] = pa.repeat(first.interval.method, n)
        if bundle.moments is not None and found.distance is not None:
            inside = found.distance <= bundle.moments.cutoff
            columns["inside"] = pa.array(inside.astype(np.int64))
            columns["distance_percentile"] = pa.array(bundle.moments.percentile(found.distance))
        for j, name in enumerate(self._names):
            columns[CONTRIBUTION + name] = pa.array(np.ascontiguousarray(found.values[:, j]))
        arrays = [
            columns[field.name] if field.name in columns else pa.nulls(n, field.type)
            for field in self.schema
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _warnings(
        self,
        rows: NDArray[np.intp],
        read: _Read,
        always: tuple[Reason, ...],
        contradicted: NDArray[np.bool_] | None,
    ) -> pa.Array:
        import pyarrow as pa

        differs = _BY_ROW
        present = np.zeros((len(rows), len(differs)), dtype=bool)
        present[:, 0] = read.simulated[rows]
        if contradicted is not None:
            present[:, -1] = contradicted

        def told(names: Sequence[str], of_values: Sequence[Reason] = ()) -> str:
            head = (SIMULATED_PATIENT,) if SIMULATED_PATIENT.code in names else ()
            tail = (OUTSIDE_ITS_RANGE,) if OUTSIDE_ITS_RANGE.code in names else ()
            return warning_text((*head, *of_values, *always, *tail))

        texts = _texts(present, differs, told)
        of_rows = [i for i, row in enumerate(rows) if row in read.warnings] if read.warnings else []
        if not of_rows:
            return texts
        each = texts.to_pylist()
        for i in of_rows:
            names = [name for j, name in enumerate(differs) if present[i, j]]
            each[i] = told(names, read.warnings[int(rows[i])])
        return pa.array(each, pa.string())


@dataclass(frozen=True, slots=True)
class _Read:
    """Values, rows that need the check of a single patient, warnings by row, and who is made up."""

    values: NDArray[np.float64]
    odd: NDArray[np.bool_]
    warnings: dict[int, list[Reason]]
    simulated: NDArray[np.bool_]


def _simulated(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Which patients are marked as simulated."""
    place = batch.schema.get_field_index(SIMULATED)
    if place < 0:
        return np.zeros(batch.num_rows, dtype=bool)
    marks = python_cells(batch.column(place))
    return np.fromiter(map(marks_simulated, marks), dtype=bool, count=len(marks))


def _column(batch: pa.RecordBatch, variable: Variable) -> ColumnReading:
    """Read the column of a variable as one patient's value is read."""
    import pyarrow as pa

    place = batch.schema.get_field_index(variable.name)
    if place < 0:
        return ColumnReading(np.full(batch.num_rows, np.nan), (), ())
    column = batch.column(place)
    kind = column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if variable.kind == "continuous" and number:
        return read_column(column.to_numpy(zero_copy_only=False), variable)
    if _is_plain(kind):
        return _read_each_once(column, variable)
    return read_column(python_cells(column), variable)


def _is_plain(kind: pa.DataType) -> bool:
    """Whether Arrow can tell different entries of this type apart."""
    import pyarrow as pa

    types = pa.types
    number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind)
    return bool(number or text or types.is_boolean(kind))


def _read_each_once(column: pa.Array, variable: Variable) -> ColumnReading:
    """Read each different entry of a column once: states repeat themselves."""
    import pyarrow as pa

    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    entries = python_cells(coded.dictionary)
    different = read_column(entries, variable)
    place = coded.indices.fill_null(len(entries)).to_numpy(zero_copy_only=False)
    return ColumnReading(
        np.append(different.values, np.nan)[place],
        _of_rows(different.problems, place),
        _of_rows(different.warnings, place),
    )


def _of_rows(
    reasons: Sequence[tuple[int, Reason]], place: NDArray[np.integer]
) -> tuple[tuple[int, Reason], ...]:
    """Reasons of different entries as reasons of the rows where these stand."""
    if not reasons:
        return ()
    of_entry: dict[int, list[Reason]] = {}
    for entry, reason in reasons:
        of_entry.setdefault(entry, []).append(reason)
    rows = np.flatnonzero(np.isin(place, list(of_entry)))
    return tuple((int(row), reason) for row in rows for reason in of_entry[int(place[row])])


def _identifiers(batch: pa.RecordBatch) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Identifiers as text, and the rows whose identifier cannot be shown."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n = batch.num_rows
    place = batch.schema.get_field_index(IDENTIFIER)
    if place < 0:
        return pa.nulls(n, pa.string()), np.zeros(n, dtype=bool)
    column = batch.column(place)
    plain = np.zeros(n, dtype=bool)
    if pa.types.is_string(column.type):
        plain = _plain_text(column)
        if plain.all():
            return column, ~plain
    rows = np.flatnonzero(~plain)
    given = python_cells(column.take(pa.array(rows)))
    shown = [identifier_of({IDENTIFIER: entry}) for entry in given]
    unshown = np.zeros(n, dtype=bool)
    unshown[rows] = [
        text is None and not is_missing(entry) for text, entry in zip(shown, given, strict=True)
    ]
    if not plain.any():
        return pa.array(shown, pa.string()), unshown
    mended = pc.replace_with_mask(column, pa.array(~plain), pa.array(shown, pa.string()))
    return mended, unshown


def _plain_text(column: pa.Array) -> NDArray[np.bool_]:
    """Where a text is an identifier beyond doubt; decides nothing that a single check would not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # Python and Arrow agree on what is printable in ASCII, where both mean signs and the space.
    plain = pc.and_(pc.string_is_ascii(column), pc.ascii_is_printable(column))
    long = pc.binary_length(column)
    plain = pc.and_(plain, pc.and_(pc.greater(long, 0), pc.less_equal(long, LONGEST_IDENTIFIER)))
    plain = pc.and_(plain, pc.equal(pc.ascii_trim_whitespace(column), column))
    plain = pc.and_not(plain, pc.is_in(column, pa.array(sorted(MISSING_TEXTS), pa.string())))
    return np.asarray(pc.fill_null(plain, fill_value=False).to_numpy(zero_copy_only=False))


def _texts(
    present: NDArray[np.bool_], names: Sequence[str], join: Callable[[Sequence[str]], str]
) -> pa.Array:
    """Text of each row from the names that are present in it; few rows differ."""
    import pyarrow as pa

    if not present.any():
        return pa.repeat(join(()), len(present))
    # Bytes of bits sort many times faster than rows of truth values.
    packed = np.ascontiguousarray(np.packbits(present, axis=1))
    keys = packed.view(f"V{packed.shape[1]}").ravel()
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    texts = [
        join([name for name, here in zip(names, present[row], strict=True) if here])
        for row in first
    ]
    return pa.array(texts, pa.string()).take(pa.array(place.ravel()))
