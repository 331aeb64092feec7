"""One figure of performance, apparent and corrected by the bootstrap refits.

All corrections come from one set of bootstrap refits of the whole procedure
(`predictor.validation.measured`):

- Harrell's optimism (Efron 1983; Harrell, Lee and Mark, Stat Med 1996;15:361): each refit's
  performance on its own resample less that on the cohort, averaged and taken off the apparent one.
- Out of bag: each refit on the patients its resample left out. For the Brier score this is the
  leave-one-out bootstrap of Efron and Tibshirani (JASA 1997;92:548): first averaged over the
  refits that left a patient out, then over patients; the scaled Brier score follows from it. For
  all other figures it is the mean over resamples.
- .632: 0.368 times apparent plus 0.632 times out of bag (Efron 1983).
- .632+ (Efron and Tibshirani 1997) for AUROC, Brier score and the scaled Brier score, which
  follows from that one: the weight of out of bag rises from 0.632 to 1 with the relative
  overfitting, the share of the way from apparent to no information that out of bag has gone,
  clipped to [0, 1]. No information is 0.5 for the AUROC and, for the
  Brier score, the mean over all pairs of one patient's outcome and another's prediction. Out of
  bag itself is not clipped: where it is worse than no information, so is .632+.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.estimate import Estimate
from predictor.performance.inputs import as_outcome, as_probability
from predictor.validation.measured import Measured

Floats = NDArray[np.float64]

Correction = Literal["harrell", "b632", "b632plus"]
Spread = Literal["refits", "out of bag"]

#: Which correction the column ``corrected`` shows, and what its interval is made of; Harrell's and
#: the location shift for every other figure. In the simulation of docs/validation.md Harrell's
#: AUROC of cohorts of 31 without any signal lies far above 0.5 and its shifted interval holds too
#: seldom, while for Brier scores Harrell's has the smaller bias and the shifted interval holds.
CORRECTED_BY: Mapping[str, tuple[Correction, Spread]] = {"auroc": ("b632plus", "out of bag")}
OTHERWISE: tuple[Correction, Spread] = ("harrell", "refits")
#: Fewer resamples than this give no interval: the 2.5% quantile would rest on two of them.
FEWEST_FOR_INTERVAL = 100

# A range this small is the rounding of equal numbers, as those of the prevalence for everybody.
_NO_VARIATION = 1e-9

SHIFTED = "location-shifted bootstrap"
OF_OPTIMISM = "quantiles of the optimism"
OUT_OF_BAG = "quantiles out of bag"

# Fitting brings these to about 0 or 1 in its own resample, whatever the resample.
_FIXED_BY_FITTING = {
    "calibration_intercept",
    "calibration_slope",
    "calibration_intercept_joint",
    "observed_expected",
}

_RANGE = {
    "auroc": (0.0, 1.0),
    "brier": (0.0, 1.0),
    "scaled_brier": (-np.inf, 1.0),
    "observed_expected": (0.0, np.inf),
    "eavg": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class CorrectedFigure:
    """One figure in all its versions; what is not defined is None.

    Parameters
    ----------
    name
        Such as ``auroc`` or ``net_benefit_0.25``.
    threshold
        Of a net benefit; None otherwise.
    apparent
        Of the final model on the patients it was fitted to.
    cross_validated, cross_validated_low, cross_validated_high
        As they were given.
    optimism, harrell
        Mean optimism, and apparent less that.
    oob, b632, b632plus
        Out of bag, .632 and (AUROC and Brier scores only) .632+.
    no_information, relative_overfitting
        What .632+ was made with.
    corrected, corrected_by
        The correction that is reported, and which it is.
    corrected_low, corrected_high, interval
        Its interval, and how that was made.
    resamples, oob_resamples
        Refits behind ``optimism`` and behind ``oob``.
    """

    name: str
    threshold: float | None
    apparent: float | None
    cross_validated: float | None
    cross_validated_low: float | None
    cross_validated_high: float | None
    optimism: float | None
    harrell: float | None
    oob: float | None
    b632: float | None
    b632plus: float | None
    no_information: float | None
    relative_overfitting: float | None
    corrected: float | None
    corrected_by: Correction
    corrected_low: float | None
    corrected_high: float | None
    interval: str | None
    resamples: int
    oob_resamples: int


def corrected_figure(
    name: str,
    outcome: Floats,
    probability: Floats,
    apparent: float,
    measured: Measured,
    *,
    threshold: float | None = None,
    cross_validated: Estimate | None = None,
    level: float = 0.95,
    spread: Spread | None = None,
) -> CorrectedFigure:
    """One row of the table.

    Parameters
    ----------
    name
        Of a figure of ``measured``.
    outcome, probability : shape (n,)
        Outcomes, and predictions of the final model.
    apparent
        The figure of these; NaN where it is not defined.
    measured
        All refits.
    threshold, cross_validated
        What stands beside, if anything does.
    level, spread
        Confidence level of the interval, and what it is made of, as in
        :func:`predictor.validation.internal.internal_validation`; by default what ``CORRECTED_BY``
        says.
    """
    figure = _Versions.of(name, apparent, measured, outcome, probability)
    value, oob = figure.apparent, figure.oob
    optimism = float((figure.boot - figure.test).mean()) if figure.boot.size else None
    versions: dict[Correction, float | None] = {}
    overfitting = None
    if value is not None and optimism is not None:
        versions["harrell"] = value - optimism
    if value is not None and oob is not None:
        versions["b632"] = weighted_632(value, oob)
        if figure.no_information is not None:
            versions["b632plus"], overfitting = weighted_632plus(
                value, oob, figure.no_information, higher_is_better=name != "brier"
            )
    by, own_spread = CORRECTED_BY.get(name, OTHERWISE)
    if by not in versions:  # such as .632+ where no event was ever left out
        by, own_spread = OTHERWISE
    corrected = versions.get(by)
    low, high, method = _interval(figure, corrected, level, spread or own_spread)
    least, most = _RANGE.get(name, (-np.inf, np.inf))
    if corrected is not None and low is not None and high is not None:
        # Of a flexible model the shift can carry an interval past its own estimate.
        inside = low <= corrected <= high
        low, high, method = (low, high, method) if inside else (None, None, None)
    return CorrectedFigure(
        name=name,
        threshold=threshold,
        apparent=value,
        cross_validated=cross_validated.value if cross_validated else None,
        cross_validated_low=cross_validated.low if cross_validated else None,
        cross_validated_high=cross_validated.high if cross_validated else None,
        optimism=optimism,
        harrell=versions.get("harrell"),
        oob=oob,
        b632=versions.get("b632"),
        b632plus=versions.get("b632plus"),
        no_information=figure.no_information,
        relative_overfitting=overfitting,
        corrected=_cut(corrected, least, most),
        corrected_by=by,
        corrected_low=_cut(low, least, most),
        corrected_high=_cut(high, least, most),
        interval=method,
        resamples=figure.boot.size,
        oob_resamples=figure.oob_resamples,
    )


def no_information_brier(outcome: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference of every patient's outcome to every patient's prediction.

    The Brier score where outcomes and predictions have nothing to do with each other, over all n
    times n pairs, in closed form.

    Examples
    --------
    >>> no_information_brier([0, 1], [0.0, 1.0])
    0.5
    """
    y = as_outcome(outcome)
    p = as_probability(probability, y.shape)
    return float(y.mean() - 2.0 * y.mean() * p.mean() + np.square(p).mean())


def leave_one_out_brier(measured: Measured) -> float | None:
    """Mean over patients of the mean squared error of the refits that had left the patient out.

    Patients who were in every usable resample are left out; None where all were.
    """
    tested = measured.left_out > 0
    if not tested.any():
        return None
    return float((measured.loss[tested] / measured.left_out[tested]).mean())


def weighted_632(apparent: float, oob: float) -> float:
    """The .632 estimate.

    >>> round(weighted_632(1.0, 0.5), 3)
    0.684
    """
    return 0.368 * apparent + 0.632 * oob


def weighted_632plus(
    apparent: float, oob: float, no_information: float, *, higher_is_better: bool
) -> tuple[float, float]:
    """The .632+ estimate and its relative overfitting, in [0, 1].

    Overfitting is 0, and the estimate that of .632, where the apparent value is no better than no
    information or than out of bag.

    >>> weighted_632plus(0.9, 0.5, 0.5, higher_is_better=True)
    (0.5, 1.0)
    """
    sign = 1.0 if higher_is_better else -1.0
    margin = sign * (apparent - no_information)
    overfitting = 0.0
    if margin > 0.0:
        overfitting = min(max(sign * (apparent - oob) / margin, 0.0), 1.0)
    weight = 0.632 / (1.0 - 0.368 * overfitting)
    return (1.0 - weight) * apparent + weight * oob, overfitting


@dataclass(frozen=True, slots=True)
class _Versions:
    """One figure: apparent, and in the refits where both of a pair are defined."""

    name: str
    apparent: float | None
    boot: Floats
    test: Floats
    left_out: Floats
    oob: float | None
    oob_resamples: int
    no_information: float | None

    @classmethod
    def of(cls, name: str, apparent: float, measured: Measured, y: Floats, p: Floats) -> _Versions:
        boot, test, left_out = measured.boot[name], measured.test[name], measured.oob[name]
        paired = ~(np.isnan(boot) | np.isnan(test))
        defined = ~np.isnan(left_out)
        oob = float(left_out[defined].mean()) if defined.any() else None
        oob_resamples = int(defined.sum())
        if name in {"brier", "scaled_brier"}:
            oob = leave_one_out_brier(measured)
            # not those of the scaled score, which needs both classes
            oob_resamples = int(np.count_nonzero(~np.isnan(measured.oob["brier"])))
        if name == "scaled_brier" and oob is not None:
            oob = 1.0 - oob / float(y.mean() * (1.0 - y.mean()))
        chance = no_information_brier(y, p)
        no_information = {
            "auroc": 0.5,
            "brier": chance,
            "scaled_brier": 1.0 - chance / float(y.mean() * (1.0 - y.mean())),
        }.get(name)
        return cls(
            name=name,
            apparent=None if np.isnan(apparent) else apparent,
            boot=boot[paired],
            test=test[paired],
            left_out=left_out[defined],
            oob=oob,
            oob_resamples=oob_resamples,
            no_information=no_information,
        )


def _interval(
    figure: _Versions, corrected: float | None, level: float, spread: Spread
) -> tuple[float | None, float | None, str | None]:
    """Bounds and what they are made of."""
    if corrected is None or figure.apparent is None or figure.boot.size < FEWEST_FOR_INTERVAL:
        return None, None, None
    tails = [0.5 - level / 2.0, 0.5 + level / 2.0]
    optimism = figure.boot - figure.test
    of_apparent, of_optimism = np.quantile(figure.boot, tails), np.quantile(optimism, tails)
    if max(np.ptp(of_apparent), np.ptp(of_optimism)) < _NO_VARIATION:
        return None, None, None
    fixed = figure.name in _FIXED_BY_FITTING
    if spread == "out of bag" and not fixed and figure.left_out.size >= FEWEST_FOR_INTERVAL:
        distance = np.quantile(figure.left_out, tails) - figure.left_out.mean()
        low, high = corrected + np.sqrt(0.632) * distance
        return float(low), float(high), OUT_OF_BAG
    if fixed or np.ptp(of_apparent) < 0.5 * np.ptp(of_optimism):
        low, high = corrected + optimism.mean() - of_optimism[::-1]
        return float(low), float(high), OF_OPTIMISM
    low, high = of_apparent - (figure.apparent - corrected)
    return float(low), float(high), SHIFTED


def _cut(value: float | None, low: float, high: float) -> float | None:
    return None if value is None else min(max(value, low), high)
