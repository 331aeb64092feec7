"""``predictor evaluate``: how good predictions are that somebody else's model made."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from predictor.cohort.predictions import PredictionColumns, Predictions, read_predictions
from predictor.cohort.reading import read_table, table_from_frame
from predictor.cohort.table import Table
from predictor.config import CohortSource
from predictor.errors import CohortError, PredictorError
from predictor.performance.decision import net_benefit
from predictor.performance.evaluation import CLASSIFICATION_THRESHOLDS, evaluate
from predictor.performance.paired import compare as compare_models
from predictor.validation.evaluated import Evaluated
from predictor.validation.subgroups import evaluate_subgroups
from predictor.workflow.evaluation_table import evaluation_csv
from predictor.workflow.files import check_suffix, write_file

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".json", ".csv")
FIGURE_SUFFIX = ".png"
CELL_SIZE = 5

# Keys of a configuration, in the words of the reader of files, are options here.
_KEY = re.compile(r"`?\bcohort\.(encoding|delimiter|decimal|sheet)\b(?:: ([^`]*))?`?")


def evaluate_file(
    data: str | Path | pd.DataFrame,
    *,
    outcome: str,
    probability: str,
    event: str | None = None,
    thresholds: Sequence[float] = CLASSIFICATION_THRESHOLDS,
    by: str | None = None,
    compare: str | None = None,
    patient: str | None = None,
    cell_size: int = CELL_SIZE,
    drop_missing: bool = False,
    missing: Sequence[str] = (),
    decimal: str = ".",
    delimiter: str = "auto",
    encoding: str = "utf-8",
    sheet: str | int = 0,
) -> Evaluated:
    """Evaluate the predictions of a file.

    Parameters
    ----------
    data
        CSV, Excel or Parquet, or a data frame.
    outcome, probability
        Columns of what happened and of what was predicted, 0 to 1.
    event
        Value of the outcome that is the event, where it is not 1.
    thresholds
        Where sensitivity, specificity, predictive values and net benefit are reported.
    by
        Column whose values are subgroups.
    compare
        Column of a second model's probabilities.
    patient
        Column that identifies the patient, where patients may have several rows.
    cell_size
        Fewest patients, events and non-events of a subgroup that is shown; 0 shows all.
    drop_missing
        Whether rows without outcome or probability are left out and counted.
    missing
        Further spellings of a missing value.
    decimal, delimiter, encoding, sheet
        How the file is written, as under ``cohort`` in a configuration.

    Raises
    ------
    PredictorError
        If the file cannot be read or its predictions cannot be evaluated.
    """
    chosen = _thresholds(thresholds)
    if cell_size < 0:
        raise PredictorError("cell_size", "it cannot be negative", "0 masks nothing.")
    columns = PredictionColumns(outcome, probability, event, compare, by, patient)
    source = _source(missing, decimal, delimiter, encoding, sheet)
    found = read_predictions(
        _table(data, source),
        columns,
        missing=source.missing,
        decimal=source.decimal,
        drop_missing=drop_missing,
    )
    return _evaluated(columns, found, chosen, cell_size)


def _evaluated(
    columns: PredictionColumns, found: Predictions, thresholds: Sequence[float], cell_size: int
) -> Evaluated:
    y, p, q = found.outcome, found.probability, found.compared
    subgroups = None
    if columns.by is not None:
        subgroups = evaluate_subgroups(
            found, columns.by, cell_size=cell_size, thresholds=thresholds
        )
    return Evaluated(
        columns,
        found,
        evaluate(y, p, thresholds=thresholds),
        net_benefit(y, p, thresholds),
        None if q is None else evaluate(y, q, thresholds=thresholds),
        None if q is None else compare_models(y, p, q, decision_thresholds=thresholds),
        subgroups,
    )


def write_evaluation(evaluated: Evaluated, path: str | Path) -> None:
    """Write an evaluation whole or not at all; the suffix decides the format.

    Parameters
    ----------
    evaluated
        What to write.
    path
        ``.json``, or ``.csv`` with one row a figure.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    path = Path(path)
    if check_suffix(path, *SUFFIXES) == ".csv":
        write_file(path, evaluation_csv(evaluated))
        return
    text = json.dumps(evaluated.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    write_file(path, f"{text}\n".encode())


def write_evaluation_figure(evaluated: Evaluated, path: str | Path) -> None:
    """Draw calibration, discrimination and net benefit, and write them as one PNG.

    Raises
    ------
    PredictorError
        If the suffix is another one or the place cannot be written.
    """
    from predictor.report.evaluation_figures import evaluation_figure

    path = Path(path)
    check_suffix(path, FIGURE_SUFFIX)
    write_file(path, evaluation_figure(evaluated))


def _thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """Thresholds without repetition, from the lowest."""
    if not len(thresholds) or not all(0.0 < value < 1.0 for value in thresholds):
        raise PredictorError(
            "threshold", "it must lie between 0 and 1", "Write 0.25 for a probability of 25%."
        )
    return tuple(sorted(set(map(float, thresholds))))


def _source(
    missing: Sequence[str], decimal: str, delimiter: str, encoding: str, sheet: str | int
) -> CohortSource:
    plain: dict[str, Any] = {
        "decimal": decimal,
        "delimiter": delimiter,
        "encoding": encoding,
        "sheet": sheet,
    }
    try:
        known = CohortSource(**plain)
    except ValueError:
        wrong = "decimal, delimiter, encoding, sheet"
        raise PredictorError(
            wrong, "one of them has a value it cannot have", "docs/evaluate.md lists them."
        ) from None
    return known.model_copy(update={"missing": (*known.missing, *missing)})


def _table(data: str | Path | pd.DataFrame, source: CohortSource) -> Table:
    if not isinstance(data, str | Path):
        return table_from_frame(data)
    path = Path(data)
    if not path.exists():
        raise CohortError(str(path), "no such file", "Give a .csv, .xlsx or .parquet file.")
    try:
        return read_table(path, source)
    except CohortError as error:
        raise CohortError(
            _as_option(error.where),
            _as_option(error.rule),
            _as_option(error.next_step),
            reasons=error.reasons,
        ) from None


def _as_option(text: str) -> str:
    return _KEY.sub(lambda key: f"--{key[1]}" + (f" {key[2]}" if key[2] else ""), text)
