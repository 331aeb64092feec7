"""Answers for many patients, written batch by batch; a file is there whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Protocol

from predictor.clinic.answer_columns import (
    COLUMNS,
    CONTRIBUTION,
    answer_rows,
    of_states,
    parquet_schema,
)
from predictor.clinic.prediction import Predictions
from predictor.report.spreadsheet import csv_bytes
from predictor.workflow.files import check_suffix, replacing

SUFFIXES = (".json", ".csv", ".parquet")
"""Formats that answers are written in."""

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
        self._columns = (*COLUMNS, *of_states(states), *of_variables)
        stream.write(csv_bytes(self._columns, ()))

    def add(self, answers: Predictions) -> None:
        content = csv_bytes(self._columns, answer_rows(answers))
        self._stream.write(content.partition(b"\n")[2])


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
