"""The checked cohort of a study, from one row per patient or made from visits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.study import Study
from predictor.workflow.cohort import check_visits
from predictor.workflow.study_table import study_table

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
        Listing every fatal problem.
    """
    if study.config.cohort.visits is not None:
        return check_visits(study, data).usable()
    return check_cohort(study, study_table(study, data)).usable()
