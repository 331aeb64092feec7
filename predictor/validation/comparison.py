"""Comparing candidates by their out-of-fold predictions, and choosing one by a stated rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.learning.choice import choose, differences
from predictor.learning.crossvalidation import OutOfFold
from predictor.learning.resampling import summed_by_unit, units_of
from predictor.learning.splits import RepeatedFolds
from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.discrimination import cross_validated_auroc, grouped
from predictor.performance.estimate import Estimate
from predictor.performance.scores import brier, log_loss_per_patient, scaled_brier


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One row of the comparison table; figures that are not defined are None.

    Parameters
    ----------
    name, label
        The candidate.
    chosen
        Whether it is bundled: taken by the rule of :mod:`predictor.learning.choice`, or named
        beforehand.
    auroc, auroc_low, auroc_high
        Mean AUROC within test folds, with its 95% interval; None where no fold has both outcomes.
    log_loss
        Mean over patients of their mean log loss over repeats.
    log_loss_difference, log_loss_difference_se
        To the model with the smallest log loss, paired by patient.
    brier, scaled_brier
        Of the predictions averaged per patient over repeats.
    calibration_intercept, calibration_slope
        Of the same averaged predictions, with 95% intervals where every row stands alone; not
        defined for the prevalence.
    settings
        How often tuning chose which setting over all folds.
    seconds
        Time spent fitting, summed over workers.
    """

    name: str
    label: str
    chosen: bool
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    log_loss: float
    log_loss_difference: float
    log_loss_difference_se: float
    brier: float
    scaled_brier: float
    calibration_intercept: float | None
    calibration_intercept_low: float | None
    calibration_intercept_high: float | None
    calibration_slope: float | None
    calibration_slope_low: float | None
    calibration_slope_high: float | None
    settings: dict[str, int]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All candidates side by side, in order of simplicity.

    Parameters
    ----------
    models
        One row each.
    by_rule
        Name of the one that the rule takes.
    named
        Whether the chosen one was named beforehand instead.
    """

    models: tuple[ModelResult, ...]
    by_rule: str
    named: bool

    @property
    def chosen(self) -> ModelResult:
        """The model that is bundled."""
        return next(model for model in self.models if model.chosen)


def compare(
    results: Sequence[OutOfFold],
    outcome: NDArray[np.int8],
    folds: RepeatedFolds,
    group: NDArray[np.int64] | None,
    named: str = "rule",
) -> Comparison:
    """Judge every candidate by its out-of-fold predictions.

    Parameters
    ----------
    results
        From :func:`predictor.learning.crossvalidation.cross_validate`, from simple to complex.
    outcome
        0 or 1, shape (patients,).
    folds
        The plan the predictions were made by.
    group
        Patients or centres whose rows are not independent, shape (patients,), or None.
    named
        Candidate that is taken whatever the rule says; ``"rule"`` for none.
    """
    losses = np.stack(
        [
            np.mean([log_loss_per_patient(outcome, p) for p in result.probability], axis=0)
            for result in results
        ]
    )
    unit = units_of(group, len(outcome))
    by_unit = summed_by_unit(losses, unit)
    size = summed_by_unit(np.ones(len(outcome)), unit)
    difference, error = differences(by_unit, size)
    by_rule = int(choose(difference, error))
    names = [result.candidate.name for result in results]
    taken = by_rule if named == "rule" else names.index(named)
    rows = [
        _row(result, outcome, folds, group, i == taken, losses[i], difference[i], error[i])
        for i, result in enumerate(results)
    ]
    return Comparison(tuple(rows), names[by_rule], named != "rule")


def _area(
    outcome: NDArray[np.int8],
    probability: NDArray[np.float64],
    folds: RepeatedFolds,
    group: NDArray[np.int64] | None,
) -> Estimate | None:
    """AUROC within test folds; None where no fold has both outcomes, as with centres it can be."""
    mixed = any(
        len(np.unique(outcome[fold == k])) == 2 for fold in folds.fold for k in np.unique(fold)
    )
    return cross_validated_auroc(outcome, probability, folds.fold, group) if mixed else None


def _defined(estimate: Estimate | None) -> Estimate | None:
    """None for an estimate whose search did not end, which has an interval without bounds."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return estimate
    return estimate if math.isfinite(estimate.low) and math.isfinite(estimate.high) else None


def _row(
    result: OutOfFold,
    outcome: NDArray[np.int8],
    folds: RepeatedFolds,
    group: NDArray[np.int64] | None,
    chosen: bool,
    loss: NDArray[np.float64],
    difference: float,
    error: float,
) -> ModelResult:
    averaged = result.probability.mean(axis=0)
    # The prevalence gives every patient of a fold the same probability: its AUROC is 0.5 by
    # definition, and a slope on the tiny differences between folds would mean nothing.
    no_predictors = result.candidate.name == "prevalence"
    area = _area(outcome, result.probability, folds, group)
    intercept = _defined(calibration_intercept(outcome, averaged))
    slope = None if no_predictors else _defined(calibration_slope(outcome, averaged))
    if grouped(group, len(outcome)):  # Wald's intervals take rows for independent
        intercept = Estimate(intercept.value, None, None) if intercept else None
        slope = Estimate(slope.value, None, None) if slope else None
    settings: dict[str, int] = {}
    for setting in result.settings:
        text = ", ".join(f"{name} {value:g}" for name, value in setting.items())
        settings[text] = settings.get(text, 0) + 1
    return ModelResult(
        name=result.candidate.name,
        label=result.candidate.label,
        chosen=chosen,
        auroc=area.value if area else None,
        auroc_low=area.low if area and not no_predictors else None,
        auroc_high=area.high if area and not no_predictors else None,
        log_loss=float(loss.mean()),
        log_loss_difference=float(difference),
        log_loss_difference_se=float(error),
        brier=brier(outcome, averaged),
        scaled_brier=scaled_brier(outcome, averaged),
        calibration_intercept=intercept.value if intercept else None,
        calibration_intercept_low=intercept.low if intercept else None,
        calibration_intercept_high=intercept.high if intercept else None,
        calibration_slope=slope.value if slope else None,
        calibration_slope_low=slope.low if slope else None,
        calibration_slope_high=slope.high if slope else None,
        settings=settings if any(settings) else {},
        seconds=round(result.seconds, 3),
    )
