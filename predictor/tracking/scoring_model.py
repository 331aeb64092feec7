"""The model that MLflow calls: columns of patients in, answers out, through a bundle.

Loading the model also keeps the cells of refused inputs out of MLflow's messages, in whichever
process loads it; see :mod:`predictor.tracking.discretion`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from predictor.tracking.telemetry import end_telemetry

# isort: split
# (mlflow only after the line above, which switches its telemetry off)
import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.pyfunc import PythonModel

from predictor.clinic.answer_columns import COLUMNS, OF_STATE, state_names
from predictor.clinic.column_answers import ROWS, AnsweredBatch, ColumnPredictor
from predictor.clinic.results import RefusedPatient
from predictor.clinical.cells import SIMULATED
from predictor.clinical.dictionary import Variable
from predictor.fitted.bundle import Bundle, open_bundle
from predictor.tracking.discretion import keep_cells_private

_INTERVAL = ("interval_low", "interval_high", "interval_method")
_LEVEL = "interval_level"
_APPLICABILITY = ("inside", "distance_percentile")
_ALWAYS = ("reference_probability", "imputed", "warnings", "refused", "evidence")

_logger = logging.getLogger(__name__)


class ScoringModel(PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """A bundle behind MLflow's ``predict``.

    Every row gets the answer of :func:`predictor.predict`. One that it refuses has NaN, never a
    number, and its reasons in the column ``refused``; how many, and for which variables and
    reasons, is logged as counts. MLflow drops unknown columns before they come here, so a
    misspelt predictor counts as missing, until so many are missing that the row is refused. The
    scoring server writes NaN as the bare word, which strict JSON readers reject as a whole.
    """

    _bundle: Bundle
    _predictor: ColumnPredictor

    def load_context(self, context: Any) -> None:
        """Load the bundle that MLflow stored, with all its checks."""
        end_telemetry()
        keep_cells_private()
        self._bundle = open_bundle(context.artifacts["bundle"])
        self._predictor = ColumnPredictor(self._bundle)

    def predict(
        self,
        context: Any,  # noqa: ARG002 - MLflow's signature
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Answer each row, with the rows' index; the columns are those of ``outputs``."""
        if model_input.columns.empty:  # MLflow has dropped every column, and the rows with them
            raise MlflowException(
                "none of the model's predictors is among the columns", error_code=BAD_REQUEST
            )
        starts = range(0, max(1, len(model_input)), ROWS)
        answers = [self._answer(model_input.iloc[start : start + ROWS]) for start in starts]
        _tell([patient for one in answers for patient in one.refusals], len(model_input))
        whole = pa.concat_tables([one.table for one in answers])
        told = {
            name: _texts(whole[name]) if text else _numbers(whole[name])
            for name, text in outputs(self._bundle).items()
        }
        return pd.DataFrame(told, index=model_input.index)

    def _answer(self, table: pd.DataFrame) -> AnsweredBatch:
        known = [v for v in columns(self._bundle) if v.name in table.columns]
        cells = {variable.name: _with_states(table[variable.name], variable) for variable in known}
        if SIMULATED in table.columns:
            cells[SIMULATED] = table[SIMULATED]
        names = list(cells)
        if (arrays := _arrow(cells.values())) is not None:
            return self._predictor.answer(pa.RecordBatch.from_arrays(arrays, names=names), 0)
        rows = zip(*map(_plain, cells.values()), strict=True)
        patients = (dict(zip(names, row, strict=True)) for row in rows)
        return self._predictor.answer_single(enumerate(patients))


def _arrow(cells: Iterable[pd.Series[Any]]) -> list[pa.Array] | None:
    """Columns for Arrow; None where one of many kinds is none, to be read cell by cell.

    Arrow's error holds the cell, so it ends here and is no context of another.
    """
    try:
        return [pa.array(column, from_pandas=True) for column in cells]
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None


def columns(bundle: Bundle) -> tuple[Variable, ...]:
    """What the model reads: its predictors, then the exclusion criteria of the study."""
    return tuple({v.name: v for v in (*bundle.variables, *bundle.criteria)}.values())


def outputs(bundle: Bundle) -> dict[str, bool]:
    """Columns of an answer, and whether each holds text; all others hold numbers.

    They have the names and meanings of a file of answers. Columns that this bundle could never
    fill are left out: the interval of a model without one, the place in a cohort it knows not.
    """
    parts = (bundle, bundle.states, bundle.hazards)
    interval = any(getattr(part, "replicates", None) is not None for part in parts)
    bounds = interval or bundle.calibration is not None
    names = ["probability"]
    names += _INTERVAL if bounds else ()
    names += [_LEVEL] if interval else ()
    names += _ALWAYS
    names += _APPLICABILITY if bundle.moments is not None else ()
    for state in state_names(bundle):
        names += [before + state for before in (OF_STATE if bounds else OF_STATE[:1])]
    return {name: COLUMNS.get(name) == "text" for name in names}


def _tell(refusals: Sequence[RefusedPatient], rows: int) -> None:
    """Log how many were refused and why, as counts."""
    if not refusals:
        return
    reasons = [reason for patient in refusals for reason in patient.reasons]
    counts = Counter(": ".join(filter(None, (r.where, r.code))) for r in reasons)
    listed = ", ".join(f"{what} ({count})" for what, count in sorted(counts.items()))
    _logger.warning(
        "%d of %d rows refused, their probability is NaN: %s", len(refusals), rows, listed
    )


def _with_states(column: pd.Series[Any], variable: Variable) -> pd.Series[Any]:
    """A column with the names of states where their positions stood.

    Numbers are positions, since these are all that some clients of MLflow can send. A number that
    stands for no state stays one, and is refused where it is read.
    """
    kind, states = column.dtype, variable.states
    number = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    if not states or not (number or pd.api.types.is_object_dtype(kind)):
        return column
    if number and kind.kind in "iuf":
        places = column.to_numpy(dtype=np.float64, na_value=np.nan)
        absent = np.isnan(places)
        if (absent | np.isin(places, range(len(states)))).all():
            codes = np.where(absent, -1, places).astype(np.intp)
            return pd.Series(pd.Categorical.from_codes(codes, pd.Index(states)), index=column.index)
    cells = [_state(cell, states) for cell in _plain(column)]
    return pd.Series(cells, index=column.index, dtype=object)


def _state(cell: object, states: Sequence[str]) -> object:
    number = isinstance(cell, int | float | np.number) and not isinstance(cell, bool)
    if number and cell in range(len(states)):
        return states[int(cell)]  # type: ignore[call-overload]
    return cell


def _plain(column: pd.Series[Any]) -> Iterable[object]:
    cells: list[object] = column.astype(object).tolist()
    return [None if cell is pd.NA or cell is pd.NaT else cell for cell in cells]


def _numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _texts(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.object_]]:
    # Empty and not None: Spark's way through MLflow would write it out as a word.
    return np.asarray(column.fill_null("").to_pylist(), dtype=object)
