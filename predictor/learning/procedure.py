"""The whole modelling procedure on some patients: prepare, tune, fit.

Everything that is learned from data is learned here, from the patients it is given and from
nobody else; cross-validation calls it with the training folds, the final fit with everybody.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from predictor.config_parts import Imputation
from predictor.errors import LearningError
from predictor.fitted.models import EstimatorModel, LinearModel, Model
from predictor.fitted.preparation import Preparation
from predictor.learning.candidates import Candidate, Setting
from predictor.learning.estimators import Prevalence, one_class_error
from predictor.learning.preparer import Column, Preparer
from predictor.learning.resampling import inner_folds
from predictor.performance.scores import log_loss_per_patient

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patients:
    """What a fit may see, shapes (patients, variables), (patients,), (patients,) or None."""

    values: Floats
    outcome: NDArray[np.int8]
    group: NDArray[np.int64] | None

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Patients:
        """Some of the patients, by a mask or by positions; the same one may come several times."""
        group = None if self.group is None else self.group[rows]
        return Patients(self.values[rows], self.outcome[rows], group)


@dataclass(frozen=True, slots=True)
class Plan:
    """How every candidate is prepared and tuned.

    Parameters
    ----------
    columns
        The variables, in the order of the values.
    imputation, missing_indicators
        As in the configuration.
    inner_folds
        Folds of the tuning; fewer where the rarer outcome does not fill them.
    """

    columns: tuple[Column, ...]
    imputation: Imputation
    missing_indicators: tuple[str, ...]
    inner_folds: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted candidate.

    Parameters
    ----------
    preparation, model
        What was learned, ready to be applied and bundled.
    setting
        What tuning chose.
    """

    preparation: Preparation
    model: Model
    setting: Setting

    def probability(self, values: Floats) -> Floats:
        """Probability of the event from the values of the candidate's own predictors."""
        return self.model.probability(self.preparation.apply(values))


def fit(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    seed: int,
    count: NDArray[np.integer] | None = None,
) -> Fitted:
    """Prepare, tune and fit one candidate.

    Parameters
    ----------
    candidate
        The model.
    plan
        How it is prepared and tuned.
    patients
        The training patients, with all predictors.
    seed
        Decides inner folds and the randomness of forests and boosting.
    count
        How often each patient stands in the training set, shape (patients,); once by default.

    Raises
    ------
    LearningError
        If the patients cannot support the fit.
    """
    own = Patients(patients.values[:, candidate.predictors], patients.outcome, patients.group)
    if count is None:
        count = np.ones(len(own.outcome), dtype=np.int64)
    if not 0 < count @ (own.outcome == 1) < count.sum():
        raise one_class_error()  # trees would learn something or other
    setting = _tune(candidate, plan, own, count, seed)
    everybody = own.take(np.repeat(np.arange(len(count)), count))
    return _fit_all(candidate, plan, everybody, (setting,), seed)[0]


def _tune(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    count: NDArray[np.integer],
    seed: int,
) -> Setting:
    """The setting with the smallest log loss over inner folds; the first of equals.

    Where the patients cannot fill two folds, nothing can be compared and the middle is taken.
    """
    if len(candidate.grid) == 1:
        return candidate.grid[0]
    fold, number = inner_folds(
        patients.outcome,
        patients.group,
        count[None],
        folds=plan.inner_folds,
        seed=np.array([seed], dtype=np.int64),
    )
    middle = candidate.grid[len(candidate.grid) // 2]
    if number[0] < 2:
        return middle
    loss, tested = np.zeros(len(candidate.grid)), 0
    rows = np.repeat(np.arange(len(count)), count)
    for k in range(number[0]):
        in_test = fold[0, rows] == k
        train, test = patients.take(rows[~in_test]), patients.take(rows[in_test])
        if len(np.unique(train.outcome)) < 2 or not len(test.outcome):
            continue  # possible with groups only; such a fold cannot tell settings apart
        tested += 1
        for i, fitted in enumerate(_fit_all(candidate, plan, train, candidate.grid, seed)):
            predicted = fitted.probability(test.values)
            loss[i] += log_loss_per_patient(test.outcome, predicted).sum()
    return candidate.grid[int(loss.argmin())] if tested else middle


def _fit_all(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    settings: Sequence[Setting],
    seed: int,
) -> list[Fitted]:
    """One fit for each setting; the preparation does not depend on it and is learned once."""
    preparer = Preparer(
        columns=tuple(plan.columns[j] for j in candidate.predictors),
        imputation=plan.imputation,
        missing_indicators=plan.missing_indicators,
        scale=candidate.scaled,
    )
    design = preparer.fit(patients.values).preparation_.apply(patients.values)
    if not design.shape[1]:
        # No predictor varies among these patients, so nothing but the prevalence can be learned.
        share = Prevalence().fit(np.zeros((len(design), 1)), patients.outcome)
        constant = LinearModel(float(share.intercept_[0]), np.zeros(0))
        return [Fitted(preparer.preparation_, constant, setting) for setting in settings]
    fits = []
    for setting in settings:
        estimator = candidate.build(setting, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                estimator.fit(design, patients.outcome)
            except (ConvergenceWarning, FloatingPointError, np.linalg.LinAlgError):
                raise LearningError(
                    candidate.label, "the fit does not converge", "Raise its smallest penalty."
                ) from None
        fits.append(Fitted(preparer.preparation_, _as_model(candidate, estimator), setting))
    return fits


def _as_model(candidate: Candidate, estimator: Any) -> Model:
    if candidate.kind is not None:
        return EstimatorModel(estimator, candidate.kind)
    return LinearModel(float(estimator.intercept_[0]), estimator.coef_[0].copy())
