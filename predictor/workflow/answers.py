"""Answers for many patients, written batch by batch; a file is there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from predictor.clinic.prediction import Prediction, Predictions
from predictor.errors import Reason
from predictor.report.spreadsheet import csv_bytes
from predictor.workflow.files import check_suffix, replacing

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".json", ".csv", ".parquet")
"""Formats that answers are written in."""

CONTRIBUTION = "contribution_"
"""Before the name of a variable: the column of its contributions."""

OF_STATE = ("probability_", "interval_low_", "interval_high_")
"""Before the name of each of several states: the columns of its probability and interval."""

_COLUMNS = {
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
_KEPT_IN_MEMORY = 8 * 1024 * 1024


class Answers(Protocol):
    """Something that takes answers batch by batch."""

    def add(self, answers: Predictions) -> None:
        """Take the answers of the next patients."""


@contextmanager
def answers_file(
    path: Path, variables: Sequence[str], states: Sequence[str] = ()
) -> Iterator[Answers]:
    """Open a file of answers; it appears when all are written, and not if that fails.

    Parameters
    ----------
    path
        Its suffix tells the format.
    variables
        The predictors, in the order of their columns.
    states
        Of a model of several states, worst first, or the horizons of one of a time.

    Raises
    ------
    PredictorError
        If the suffix is none that is known or the place cannot be written.
    """
    suffix = check_suffix(path, *SUFFIXES)
    with replacing(path) as stream, ExitStack() as stack:
        if suffix == ".json":
            yield stack.enter_context(json_answers(stream))
        elif suffix == ".csv":
            yield _CsvAnswers(stream, variables, states)
        else:
            yield stack.enter_context(_parquet(stream, variables, states))


class _CsvAnswers:
    def __init__(self, stream: IO[bytes], variables: Sequence[str], states: Sequence[str]) -> None:
        self._stream = stream
        of_variables = (CONTRIBUTION + name for name in variables)
        self._columns = (*_COLUMNS, *_of_states(states), *of_variables)
        stream.write(csv_bytes(self._columns, ()))

    def add(self, answers: Predictions) -> None:
        content = csv_bytes(self._columns, answer_rows(answers))
        self._stream.write(content.partition(b"\n")[2])


def _of_states(states: Sequence[str]) -> list[str]:
    return [before + state for state in states for before in OF_STATE]


def parquet_schema(variables: Sequence[str], states: Sequence[str] = ()) -> pa.Schema:
    """Return the columns of answers in Parquet.

    Types are stated, so that a table of refused patients alone has those of any other.
    """
    import pyarrow as pa

    types = {"whole": pa.int64(), "number": pa.float64(), "text": pa.string()}
    fields = [(name, types[kind]) for name, kind in _COLUMNS.items()]
    fields += [(name, pa.float64()) for name in _of_states(states)]
    return pa.schema([*fields, *((CONTRIBUTION + name, pa.float64()) for name in variables)])


@contextmanager
def _parquet(
    stream: IO[bytes], variables: Sequence[str], states: Sequence[str]
) -> Iterator[Answers]:
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet_schema(variables, states)

    class ParquetAnswers:
        def add(self, answers: Predictions) -> None:
            if rows := answer_rows(answers):
                writer.write_table(pa.Table.from_pylist(rows, schema))

    with parquet.ParquetWriter(stream, schema) as writer:
        yield ParquetAnswers()


@contextmanager
def json_answers(stream: IO[bytes], *, plain: bool = False) -> Iterator[Answers]:
    """Write answers as the JSON of design section 4: predictions first, then the refused.

    Parameters
    ----------
    stream
        Where to.
    plain
        Whether signs beyond ASCII are escaped.
    """
    import tempfile

    # The refused stand behind all predictions, so they wait, on disk when there are many.
    with tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY) as refused:
        lists = {"predictions": stream, "refused": refused}
        counts = dict.fromkeys(lists, 0)

        class JsonAnswers:
            def add(self, answers: Predictions) -> None:
                data = answers.to_dict()
                for name, waiting in lists.items():
                    for entry in data[name]:
                        waiting.write(b",\n  " if counts[name] else b"\n  ")
                        text = json.dumps(entry, ensure_ascii=plain, allow_nan=False)
                        waiting.write(text.encode())
                        counts[name] += 1

        stream.write(b'{\n "predictions": [')
        yield JsonAnswers()
        stream.write(b'],\n "refused": [')
        refused.seek(0)
        while piece := refused.read(1024 * 1024):
            stream.write(piece)
        stream.write(b"]\n}\n")


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
