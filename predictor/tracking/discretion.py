"""Keeps patients' cells out of what MLflow says when an input does not fit the model's columns.

MLflow prints the whole refused table in the message of its schema error; with its switch
``MLFLOW_DISABLE_SCHEMA_DETAILS`` the cell still stands in the exception that the error was raised
from, so a traceback shows it. The scoring server repeats the cell in its answer. A cohort without
a header line becomes column names, which MLflow logs as "extra inputs".

:func:`keep_cells_private` closes these four ways, in the process that calls it: ours, and every
process that loads a model we logged, because the model calls it when it is loaded. Out of our
reach stay programs that log the tables they send, and messages of pandas or Spark about data that
never came to the model.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import sys
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any

import predictor.tracking.telemetry  # noqa: F401

# isort: split
# (mlflow only after the line above, which switches its telemetry off)
import mlflow.pyfunc
from mlflow.exceptions import MlflowException

SCORING_SERVER = "mlflow.pyfunc.scoring_server"

_ADVICE = (
    "Send a table with a column for each predictor. Where the model's columns are doubles, as in "
    "those that earlier versions logged, states of a binary or nominal predictor are given by "
    "their position, counted from 0, and whole numbers must be sent as doubles (astype(float))."
)


def keep_cells_private() -> None:
    """Install everything; calling it again changes nothing."""
    os.environ["MLFLOW_DISABLE_SCHEMA_DETAILS"] = "true"
    logger = logging.getLogger("mlflow.models.utils")
    if not any(isinstance(present, _ColumnNames) for present in logger.filters):
        logger.addFilter(_ColumnNames())
    # Both are internals of MLflow; where a later version has them no longer, the switch above
    # still holds, and our tests tell.
    _wrap(mlflow.pyfunc, "_validate_prediction_input", schema_argument=2)
    if (server := sys.modules.get(SCORING_SERVER)) is not None:
        _wrap(server, "invocations", schema_argument=3)


class _ColumnNames(logging.Filter):
    """Counts the columns that MLflow ignores instead of naming them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "extra inputs" in message:
            record.msg = (
                "The input has columns that are no predictors of this model; they are ignored. "
                "Check the spelling: a misspelt predictor counts as missing."
            )
            record.args = None
        return True


def _wrap(module: ModuleType, name: str, *, schema_argument: int) -> None:
    original = getattr(module, name, None)
    if original is not None and not hasattr(original, "keeps_cells_private"):
        setattr(module, name, _discreet(original, schema_argument))


def _discreet(original: Callable[..., Any], schema_argument: int) -> Callable[..., Any]:
    @functools.wraps(original)
    def discreet(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except MlflowException as error:
            schema = args[schema_argument] if len(args) > schema_argument else None
            schema = schema if schema is not None else kwargs.get("input_schema")
            raise _without_cells(error, schema) from None

    discreet.keeps_cells_private = True  # type: ignore[attr-defined]
    return discreet


def _without_cells(error: MlflowException, schema: Any) -> MlflowException:
    cause = error.__context__
    if error.message.startswith("Encountered an unexpected error") and cause is not None:
        return MlflowException(
            f"The model failed on this input ({type(cause).__name__}), which is an error of the "
            "model's code.",
            error_code=_code_of(error),
        )
    known = schema.input_names() if schema is not None and schema.has_input_names() else ()
    named = _columns_named(_whole_text(error), known)
    where = f" in column {', '.join(named)}" if named else ""
    return MlflowException(
        f"Failed to enforce schema: the input does not fit the model{where}. {_ADVICE}",
        error_code=_code_of(error),
    )


def _whole_text(error: BaseException) -> str:
    texts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(texts) < 10:
        texts.append(str(current))
        current = current.__cause__ or current.__context__
    return "\n".join(texts)


def _columns_named(text: str, known: Collection[str]) -> list[str]:
    """The model's own columns that a message speaks of; nothing else of it is passed on.

    >>> _columns_named("Incompatible input types for column c3. Can not convert", ["c3", "c4"])
    ['c3']
    """
    found = re.findall(r"column '?(\w+)'?", text)
    return sorted({name for name in found if name in known})


def _code_of(error: MlflowException) -> int:
    from mlflow.protos.databricks_pb2 import ErrorCode

    return int(ErrorCode.Value(error.error_code))
