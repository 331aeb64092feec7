"""Whether a round asks for what its study can lead to: a centre answers nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.errors import Reason
from predictor.learning.asked_preparation import not_learned
from predictor.learning.shared_plan import LeftOut, left_outs
from predictor.learning.tally import tally
from predictor.workflow.exchange import ExchangeError
from predictor.workflow.shared_round import Round

NO_SUCH_ROUND = "this round asks for what the study does not lead to, so nothing is told"
NEXT = "Ask the coordinator why, and send nothing."
FITS = "a fit leaves out other folds, has a penalty that is not of the grid, or is there twice."
WITHOUT = "preparation without fold {folds}"
OF_ALL = "preparation"


def check_asked(asked: Round, cohort: Cohort, fold: NDArray[np.int64], where: str) -> None:
    """Hold a round against its study and the patients of a centre.

    Parameters
    ----------
    asked
        The round; its study is that of the centre.
    cohort
        The centre's patients.
    fold : shape (patients,)
        Where each is tested.
    where
        The file, for messages.

    Raises
    ------
    ExchangeError
        If fits, columns, imputation or scales are not those of the study; every rule at once.
    """
    reasons = list(_broken(asked, cohort, fold))
    if reasons:
        raise ExchangeError(where, NO_SUCH_ROUND, NEXT, reasons=reasons)


def _broken(asked: Round, cohort: Cohort, fold: NDArray[np.int64]) -> Iterator[Reason]:
    study = asked.study
    known = left_outs(asked.folds) if asked.centres else ()
    fits = [(fit.left_out, fit.penalty) for fit in asked.fits]
    # Each fold has one fit that is validated on it.
    once = [fit.left_out for fit in asked.fits] if asked.stage == "figures" else fits
    if len(set(once)) < len(fits) or not set(fits) <= set(product(known, study.penalties)):
        yield Reason("fits", "fits", FITS)
    columns, indicators = study.columns, study.config.preparation.missing_indicators
    everybody = sum(centre.patients for centre in asked.centres)
    for left_out, preparation in asked.preparations.items():
        inside = ~np.isin(fold, left_out)
        own = tally(columns, cohort.values[inside], cohort.outcome[inside])
        for message in not_learned(preparation, columns, indicators, own, everybody):
            yield Reason("preparation", _where(left_out), message)


def _where(left_out: LeftOut) -> str:
    return WITHOUT.format(folds=", ".join(map(str, left_out))) if left_out else OF_ALL
