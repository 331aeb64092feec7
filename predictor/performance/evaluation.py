"""Everything this package reports about one set of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from predictor.performance.calibration import (
    LogisticRecalibration,
    calibration_intercept,
    logistic_recalibration,
    observed_expected,
)
from predictor.performance.classification import Classification, Proportion, classification
from predictor.performance.decision import PERCENTS, DecisionCurve, net_benefit
from predictor.performance.delong import delong, delong_logit
from predictor.performance.estimate import Estimate
from predictor.performance.inputs import as_outcome, as_probability
from predictor.performance.limits import Defined, Limit, limits_of
from predictor.performance.scores import brier_estimate, log_loss, scaled_brier, spiegelhalter
from predictor.performance.smooth import CalibrationCurve, calibration_curve

CLASSIFICATION_THRESHOLDS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Performance of fixed predictions in patients who took no part in making the model.

    Parameters
    ----------
    n, events
        Patients, and those of them with the event.
    level
        Confidence level of every interval.
    auroc, auroc_logit
        One value with DeLong's interval on its own and on the logit scale.
    brier, scaled_brier, log_loss
        Overall scores.
    calibration_intercept
        Calibration in the large (offset model).
    recalibration
        Intercept and slope estimated together; the slope is the calibration slope.
    observed_expected
        Observed events divided by expected events.
    spiegelhalter
        z and two-sided p-value.
    curve
        Smooth and logistic calibration curve with their errors.
    decision
        Net benefit by threshold.
    classification
        Counts and shares at the chosen thresholds.
    limits
        What is not defined here, or not to be trusted, and why. Figures that are not defined are
        ``None``.
    """

    n: int
    events: int
    level: float
    auroc: Estimate | None
    auroc_logit: Estimate | None
    brier: Estimate
    scaled_brier: float | None
    log_loss: float
    calibration_intercept: Estimate | None
    recalibration: LogisticRecalibration | None
    observed_expected: Estimate | None
    spiegelhalter: tuple[float, float] | None
    curve: CalibrationCurve | None
    decision: DecisionCurve
    classification: tuple[Classification, ...]
    limits: tuple[Limit, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON, with the keys of ``predictor evaluate``."""
        slope = None if self.recalibration is None else self.recalibration.slope
        joint = None if self.recalibration is None else self.recalibration.intercept
        z, p = self.spiegelhalter or (None, None)
        return {
            "n": self.n,
            "events": self.events,
            "prevalence": self.events / self.n,
            "level": self.level,
            **_flat("auroc", self.auroc),
            "auroc_logit_low": None if self.auroc_logit is None else self.auroc_logit.low,
            "auroc_logit_high": None if self.auroc_logit is None else self.auroc_logit.high,
            **_flat("brier", self.brier),
            "scaled_brier": self.scaled_brier,
            "log_loss": self.log_loss,
            **_flat("calibration_intercept", self.calibration_intercept),
            **_flat("calibration_slope", slope),
            **_flat("joint_intercept", joint),
            **_flat("observed_expected", self.observed_expected),
            "spiegelhalter_z": z,
            "spiegelhalter_p": p,
            **_errors(self.curve),
            "net_benefit": [
                {
                    "threshold": row.threshold,
                    "model": row.model,
                    "treat_all": row.treat_all,
                    "treat_none": row.treat_none,
                    "standardised": row.standardised,
                    "interventions_avoided": row.interventions_avoided,
                }
                for row in self.decision.rows
            ],
            "classification": [_classified(row) for row in self.classification],
            "curve": [] if self.curve is None else self.curve.points(),
            "limits": [limit.to_dict() for limit in self.limits],
        }


def evaluate(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    thresholds: Sequence[float] = CLASSIFICATION_THRESHOLDS,
    decision_thresholds: Sequence[float] = PERCENTS,
    level: float = 0.95,
) -> Evaluation:
    """Discrimination, calibration and usefulness of predictions, with intervals and limits.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    thresholds
        Where sensitivity, specificity and predictive values are reported; may be empty.
    decision_thresholds
        Where net benefit is reported; 1% to 99% by default.
    level
        Confidence level of every interval.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1, or a threshold
        or the level is not strictly between. Small or degenerate cohorts are no error: they
        give a result whose ``limits`` say what it lacks.

    Examples
    --------
    >>> result = evaluate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> result.to_dict()["auroc"]
    0.75
    """
    y = as_outcome(outcome)
    p = as_probability(probability, y.shape)
    both = 0 < y.sum() < y.size
    overall = brier_estimate(y, p, level)
    recalibration = logistic_recalibration(y, p, level) if both else None
    ratio = observed_expected(y, p, level) if both else None
    calibrated = spiegelhalter(y, p)
    rows = classification(y, p, thresholds, level) if len(thresholds) else ()
    defined = Defined(
        slope=recalibration is not None,
        # With one class it is not defined either, which that limit says.
        observed_expected=ratio is not None or not both,
        spiegelhalter=calibrated is not None,
        brier_interval=overall.low is not None,
    )
    return Evaluation(
        n=y.size,
        events=int(y.sum()),
        level=level,
        auroc=delong(y, p, level) if both else None,
        auroc_logit=delong_logit(y, p, level) if both else None,
        brier=overall,
        scaled_brier=scaled_brier(y, p) if both else None,
        log_loss=log_loss(y, p),
        calibration_intercept=calibration_intercept(y, p, level) if both else None,
        recalibration=recalibration,
        observed_expected=ratio,
        spiegelhalter=calibrated,
        curve=calibration_curve(y, p) if both else None,
        decision=net_benefit(y, p, decision_thresholds),
        classification=rows,
        limits=limits_of(y, p, defined, rows),
    )


def _flat(name: str, estimate: Estimate | None) -> dict[str, object]:
    if estimate is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _errors(curve: CalibrationCurve | None) -> dict[str, object]:
    names = ("eavg", "e50", "e90", "emax")
    smooth = None if curve is None else curve.smooth_errors
    logistic = None if curve is None else curve.logistic_errors
    return {
        **{name: None if smooth is None else getattr(smooth, name) for name in names},
        **{
            f"logistic_{name}": None if logistic is None else getattr(logistic, name)
            for name in names
        },
    }


def _classified(row: Classification) -> dict[str, object]:
    return {
        "threshold": row.threshold,
        "true_positives": row.true_positives,
        "false_positives": row.false_positives,
        "false_negatives": row.false_negatives,
        "true_negatives": row.true_negatives,
        **_share("sensitivity", row.sensitivity),
        **_share("specificity", row.specificity),
        **_share("positive_predictive_value", row.positive_predictive_value),
        **_share("negative_predictive_value", row.negative_predictive_value),
    }


def _share(name: str, share: Proportion | None) -> dict[str, object]:
    return {
        **_flat(name, None if share is None else share.wilson),
        f"{name}_exact_low": None if share is None else share.exact.low,
        f"{name}_exact_high": None if share is None else share.exact.high,
    }
