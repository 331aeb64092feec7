"""A file of patients who took no part in making a model, opened by the model's own study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.elsewhere import Mapped, study_of
from predictor.cohort.reading import table_from_frame
from predictor.cohort.sources.source import read_source
from predictor.cohort.table import Table
from predictor.errors import CohortError
from predictor.fitted.bundle import Bundle
from predictor.study import Study
from predictor.workflow.told_outcome import check_told_outcome

if TYPE_CHECKING:
    import pandas as pd


def open_elsewhere(
    bundle: Bundle, data: str | Path | pd.DataFrame, mapped: Mapped | None
) -> tuple[Study, Table]:
    """The model's study with the new file's way of writing it, and the cells of the file."""
    if not isinstance(data, str | Path):
        table = table_from_frame(data)
        return study_of(bundle, table.columns.keys(), mapped), table
    path = Path(data)
    if not path.exists():
        raise CohortError(str(path), "no such file", "Give a .csv, .xlsx or .parquet file.")
    how = study_of(bundle, (), None).config.cohort if mapped is None else mapped.new.cohort
    table = read_source(how, Path(), None, how=how, data=path)
    study = study_of(bundle, table.columns.keys(), mapped)
    check_told_outcome(bundle, study, path)
    return study, table
