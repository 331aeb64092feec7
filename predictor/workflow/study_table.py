"""The table that a study is trained on: a file, a data frame, a source or simulated patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.published import simulate
from predictor.cohort.reading import table_from_frame
from predictor.cohort.sources.source import read_source
from predictor.cohort.table import Table, table_of
from predictor.config import PublishedCohort
from predictor.study import Study

if TYPE_CHECKING:
    import pandas as pd


def study_table(study: Study, data: str | Path | pd.DataFrame | None) -> Table:
    """Rows of the study's patients: those given, or from where the configuration says.

    Parameters
    ----------
    study
        Configuration and dictionary.
    data
        File or data frame that stands for the configuration's own source.
    """
    if data is not None and not isinstance(data, str | Path):
        return table_from_frame(data)
    source = study.config.cohort
    if data is None and source.published is not None:
        return _published(study, source.published)
    given = None if data is None else Path(data)
    return read_source(source, study.folder, how=source, data=given)


def _published(study: Study, source: PublishedCohort) -> Table:
    beside = study.folder / source.scenario
    scenario = beside if beside.is_file() else source.scenario
    simulated = simulate(source.patients, seed=source.seed, scenario=scenario)
    columns = list(simulated.columns.values())
    numbers = range(1, source.patients + 1)
    return table_of("published cohort", list(simulated.columns), columns, numbers)
