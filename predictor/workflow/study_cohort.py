"""The checked cohort of a study, from one row per patient or made from visits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.study import Study
from predictor.workflow.cohort import check_visits
from predictor.workflow.study_table import study_table
from predictor.workflow.told_outcome import outcome_told

if TYPE_CHECKING:
    import pandas as pd


def study_cohort(study: Study, data: str | Path | pd.DataFrame | None) -> Cohort:
    """Patients that a study is trained on, whatever its outcome is.

    Parameters
    ----------
    study
        Configuration and dictionary.
    data
        File or data frame that stands for the configuration's own source: a cohort, or visits where
        the study has ``cohort.visits``.

    Raises
    ------
    CohortError
        Listing every fatal problem, or if the file's own dictionary tells of another outcome.
    """
    if study.config.cohort.visits is not None:
        cohort = check_visits(study, data).usable()
    else:
        cohort = check_cohort(study, study_table(study, data)).usable()
    return replace(cohort, outcome_told=outcome_told(study, data))
