"""Probability, reasons and interval of patients, gaps included.

A missing value is drawn several times from what is known of the cohort given the patient's other
values. The probability is the mean over these draws, the reasons add up to it, and the interval
takes in both what another cohort would have taught (bootstrap replicates) and what the gaps leave
open. It lies around the mean of the replicates, which no penalty pulls towards the average
patient, and is extended to the probability where that lies outside. A model without replicates has
a calibration range instead, whose bounds are means over the draws as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.draws import DRAWS, over_draws
from predictor.errors import BundleError
from predictor.explanation.contributions import contributions
from predictor.fitted.bundle import Bundle
from predictor.fitted.models import expit
from predictor.fitted.preparation import Values
from predictor.fitted.venn_abers import METHOD as RANGE
from predictor.fitted.venn_abers import outside

LEVEL = 0.95
METHOD = "bootstrap"

# Of the standard normal distribution, at 0.975. Written out: `statistics` takes long to import.
_QUANTILE = 1.959963984540054
# Rows of patients times draws that are worked on at once.
_MOST_ROWS = 600_000


@dataclass(frozen=True, slots=True)
class Scored:
    """Answers for some patients.

    Parameters
    ----------
    probability : shape (patients,)
        Mean over draws where values are missing.
    base_value
        Output for the reference.
    reference_probability
        Probability of the reference.
    values : shape (patients, variables)
        Contributions; with ``base_value`` they add up to the output on ``scale``, whose
        probability is ``probability``.
    scale
        ``"log-odds"`` or ``"probability"``.
    low, high : shape (patients,) or None
        Bounds of the interval or range; None where the bundle supports neither.
    widening : shape (patients,) or None
        By how much the gaps make the interval wider, in probability; 0 without gaps.
    distance : shape (patients,) or None
        From the patients of the cohort, see :meth:`predictor.fitted.moments.Moments.distance`.
    level
        Of the interval; None where it is a calibration range.
    method
        How the interval or range was made.
    contradicted : shape (patients,) or None
        Whether the probability lies far outside its calibration range; None where there is none.
    """

    probability: Values
    base_value: float
    reference_probability: float
    values: Values
    scale: str
    low: Values | None
    high: Values | None
    widening: Values | None
    distance: Values | None
    level: float | None = LEVEL
    method: str = METHOD
    contradicted: NDArray[np.bool_] | None = None


def score(bundle: Bundle, values: Values) -> Scored:
    """Answer for some patients.

    Parameters
    ----------
    bundle
        The model.
    values : shape (patients, variables)
        NaN for missing.

    Raises
    ------
    BundleError
        If the numbers of the model, each of which may be meant, make an answer that is none.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = _score(bundle, values)
    answers = (found.values, found.low, found.high, found.distance)
    if not all(part is None or np.isfinite(part).all() for part in answers):
        rule = "its numbers lead to an answer that is not finite"
        raise BundleError(str(bundle.path), rule, "Get the bundle again, or train anew.")
    return found


def _score(bundle: Bundle, values: Values) -> Scored:
    n = len(values)
    gaps = np.isnan(values).any(axis=1)
    drawn = gaps if bundle.moments is not None else np.zeros(n, dtype=bool)
    rows = np.flatnonzero(drawn)
    plain = np.flatnonzero(~drawn) if rows.size else slice(None)
    probability, parts = np.empty(n), np.empty_like(values)
    centre = np.empty(n)
    spread = None if bundle.replicates is None else np.empty(n)
    known_spread = None if spread is None else np.empty(len(rows))
    first = contributions(bundle.model, bundle.preparation, values[plain])
    probability[plain] = first.output if first.scale == "probability" else expit(first.output)
    parts[plain] = first.values
    if bundle.replicates is not None and spread is not None:
        filled = bundle.preparation.impute(values[plain])
        centre[plain], spread[plain] = bundle.replicates.mean_and_variance(
            filled, np.isnan(values[plain])
        )
    most = max(1, _MOST_ROWS // DRAWS)
    ranges: list[tuple[Values, Values]] = []
    for start in range(0, len(rows), most):
        if bundle.moments is None:
            break
        some = rows[start : start + most]
        found = over_draws(bundle, bundle.moments, values[some])
        probability[some], parts[some] = found.probability, found.values
        if found.range is not None:
            ranges.append(found.range)
        if spread is not None and known_spread is not None:
            centre[some], spread[some] = found.centre, found.spread
            known_spread[start : start + most] = found.known_spread
    low = high = widening = None
    if spread is not None and known_spread is not None:
        low, high = interval_around(centre, spread, probability)
        widening = np.zeros(n)
        if rows.size:
            known_low, known_high = interval_around(centre[rows], known_spread, probability[rows])
            widening[rows] = np.maximum((high - low)[rows] - (known_high - known_low), 0.0)
    level: float | None = LEVEL
    method, contradicted = METHOD, None
    if low is None and bundle.calibration is not None:
        low, high = bundle.calibration.at(probability)
        if ranges:
            low[rows], high[rows] = np.concatenate(ranges, axis=1)
        level, method, widening = None, RANGE, np.zeros(n)
        contradicted = outside(probability, low, high)
    distance = None if bundle.moments is None else bundle.moments.distance(values)
    return Scored(
        probability,
        first.base_value,
        first.reference_probability,
        parts,
        first.scale,
        low,
        high,
        widening,
        distance,
        level,
        method,
        contradicted,
    )


def interval_around(centre: Values, variance: Values, probability: Values) -> tuple[Values, Values]:
    """Bounds of each patient, extended to the probability; shapes (patients,).

    Parameters
    ----------
    centre, variance
        Of the log-odds over the replicates.
    probability
        By the model itself.
    """
    reach = _QUANTILE * np.sqrt(variance)
    low, high = expit(np.stack([centre - reach, centre + reach]))
    return np.minimum(low, probability), np.maximum(high, probability)
