"""The model that MLflow calls: columns of doubles in, ``probability`` out, through a bundle.

Loading the model also keeps the cells of refused inputs out of MLflow's messages, in whichever
process loads it; see :mod:`predictor.tracking.discretion`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from predictor.tracking.telemetry import end_telemetry

# isort: split
# (mlflow only after the line above, which switches its telemetry off)
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.pyfunc import PythonModel

from predictor.clinic.scoring import score_table
from predictor.clinical.dictionary import Variable
from predictor.fitted.bundle import Bundle, open_bundle
from predictor.tracking.discretion import keep_cells_private

OF_STATE = "probability_"
"""Before the name of each of several states: the column of its probability."""

_logger = logging.getLogger(__name__)


class ScoringModel(PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """A bundle behind MLflow's ``predict``.

    A row that :func:`predictor.predict` refuses gives NaN, never a number; how many, and for
    which variables and reasons, is logged as counts. Missing columns and NaN are imputed as in
    ``predict``. MLflow drops unknown columns before they come here, so a misspelt predictor
    counts as missing, until so many are missing that the row is refused. The scoring server
    writes NaN as the bare word, which strict JSON readers reject as a whole.
    """

    _bundle: Bundle

    def load_context(self, context: Any) -> None:
        """Load the bundle that MLflow stored, with all its checks."""
        end_telemetry()
        keep_cells_private()
        self._bundle = open_bundle(context.artifacts["bundle"])

    def predict(
        self,
        context: Any,  # noqa: ARG002 - MLflow's signature
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Probability of the event, or of every state, of each row, with the rows' index."""
        if model_input.columns.empty:  # MLflow has dropped every column, and the rows with them
            raise MlflowException(
                "none of the model's predictors is among the columns", error_code=BAD_REQUEST
            )
        scored = score_table(self._bundle, list(_rows(columns(self._bundle), model_input)))
        if scored.refused:
            reasons = [reason for _, found in scored.refused for reason in found]
            counts = Counter(": ".join(filter(None, (r.where, r.code))) for r in reasons)
            listed = ", ".join(f"{what} ({count})" for what, count in sorted(counts.items()))
            _logger.warning(
                "%d of %d rows refused, their probability is NaN: %s",
                len(scored.refused),
                len(model_input),
                listed,
            )
        told = {"probability": np.asarray(scored.probability, dtype=np.float64)}
        part = self._bundle.states
        if part is not None and scored.states is not None:
            told |= {OF_STATE + name: scored.states[:, k] for k, name in enumerate(part.names)}
        return pd.DataFrame(told, index=model_input.index)


def columns(bundle: Bundle) -> tuple[Variable, ...]:
    """What the model reads: its predictors, then the exclusion criteria of the study."""
    return tuple({v.name: v for v in (*bundle.variables, *bundle.criteria)}.values())


def _rows(variables: tuple[Variable, ...], table: pd.DataFrame) -> Iterator[dict[str, object]]:
    given = [variable for variable in variables if variable.name in table.columns]
    numbers = [table[v.name].to_numpy(dtype=np.float64, na_value=np.nan) for v in given]
    for row in range(len(table)):
        yield {
            variable.name: _value(column[row], variable)
            for variable, column in zip(given, numbers, strict=True)
            if not np.isnan(column[row])
        }


def _value(number: np.float64, variable: Variable) -> object:
    """A double as ``predict`` reads it: states by position, measurements as they are."""
    if variable.states and number in range(len(variable.states)):
        return variable.states[int(number)]
    return float(number)  # a code that stands for no state is refused there
