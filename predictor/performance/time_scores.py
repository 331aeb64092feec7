"""Figures of predicted cumulative incidences, with patients who are censored.

What a patient would have had by the horizon is not known of those who were censored before it;
so everybody who is known counts for the unknown ones as well, by one over the probability of not
being censored until then (IPCW; G is the Kaplan-Meier estimate of being uncensored).

- Brier score at a horizon: Graf et al., Stat Med 1999;18:2529; with competing events, whose
  patients are known not to have the event: Schoop et al., Biom J 2011;53:88.
- C index of Harrell, cause-specific: a patient with the event against all who were still followed
  then, without weights; it ends the follow-up of those with a competing event.
- C index of Wolbers et al. (Biostatistics 2014;15:526): those with a competing event before count
  as never having the event, pairs are weighted by IPCW, until the last horizon. Without competing
  events it is that of Uno et al. (Stat Med 2011;30:1105).
- Calibration at a horizon: intercept and slope of a logistic model of the event by then on the
  log-odds of the prediction, weighted by IPCW; and observed cumulative incidence by groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.performance.incidence import Curve, cumulative_incidence, survival

Floats = NDArray[np.float64]
Ends = NDArray[np.integer]

_TINY = 1e-9
_ROUNDS = 50


def uncensored(months: Floats, ends: Ends) -> Curve:
    """Probability of not being censored, by Kaplan-Meier; an event counts as before a censoring.

    Parameters
    ----------
    months, ends : shape (n,)
        Follow-up and how it ended.
    """
    # A censoring at the time of an event happens just after it.
    return survival(np.where(ends == 0, np.nextafter(months, np.inf), months), 1 * (ends == 0))


def weights(months: Floats, ends: Ends, horizon: float) -> Floats:
    """IPCW weight of each patient at a horizon, shape (n,); 0 of those censored before it.

    Parameters
    ----------
    months, ends : shape (n,)
        Follow-up and how it ended.
    horizon
        Months; somebody must be followed so long.
    """
    remaining = uncensored(months, ends)
    found = np.zeros(len(months))
    known = (months <= horizon) & (ends > 0)
    found[known] = 1.0 / _read(remaining, months[known])
    found[months > horizon] = 1.0 / remaining.at(horizon)[0]
    return found


def brier_at(months: Floats, ends: Ends, probability: Floats, horizon: float) -> float:
    """Brier score at a horizon.

    Parameters
    ----------
    months, ends : shape (n,)
    probability : shape (n,)
        Of the event by the horizon.
    horizon
        Months.
    """
    had = (months <= horizon) & (ends == 1)
    return float(np.mean(weights(months, ends, horizon) * (had - probability) ** 2))


def harrell_c(months: Floats, ends: Ends, risk: Floats, until: float) -> float:
    """C index of the event among those still followed, ties of risk one half; NaN without pairs.

    Parameters
    ----------
    months, ends, risk : shape (n,)
    until
        Events after it are not counted.

    Examples
    --------
    >>> harrell_c(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]), np.array([3.0, 1.0, 2.0]), 9.0)
    0.6666666666666666
    """
    own = np.flatnonzero((ends == 1) & (months <= until))
    later = months[None, :] > months[own, None]
    later |= (months[None, :] == months[own, None]) & (ends[None, :] != 1)
    return _share(later.astype(np.float64), risk, own)


def wolbers_c(months: Floats, ends: Ends, risk: Floats, until: float) -> float:
    """C index with competing events, weighted by IPCW; NaN without pairs.

    Parameters
    ----------
    months, ends, risk : shape (n,)
    until
        Events after it are not counted.
    """
    own = np.flatnonzero((ends == 1) & (months <= until))
    remaining = _read(uncensored(months, ends), months)
    mine = remaining[own, None]
    later = months[None, :] > months[own, None]
    later |= (months[None, :] == months[own, None]) & (ends[None, :] == 0)
    never = (months[None, :] <= months[own, None]) & (ends[None, :] == 2)
    pairs = later / mine**2 + never / (mine * remaining[None, :])
    return _share(pairs, risk, own)


def calibration_at(
    months: Floats, ends: Ends, probability: Floats, horizon: float
) -> tuple[float, float]:
    """Intercept (slope held at 1) and slope of the calibration at a horizon; NaN if undefined.

    Parameters
    ----------
    months, ends, probability : shape (n,)
    horizon
        Months.
    """
    weight = weights(months, ends, horizon)
    had = ((months <= horizon) & (ends == 1)).astype(np.float64)
    share = np.clip(probability, _TINY, 1 - _TINY)
    score = np.log(share) - np.log1p(-share)
    events = float(weight @ had)
    if not 0 < events < weight.sum():
        return float("nan"), float("nan")
    intercept = _newton(np.ones((len(score), 1)), score, had, weight)[0]
    if np.ptp(score) < _TINY:
        return float(intercept), float("nan")
    both = np.column_stack([np.ones(len(score)), score])
    slope = _newton(both, np.zeros(len(score)), had, weight)[1]
    return float(intercept), float(slope)


@dataclass(frozen=True, slots=True)
class RiskGroup:
    """Patients of like predicted risk.

    Parameters
    ----------
    patients
        How many.
    predicted
        Mean of their predictions.
    observed, low, high
        Their cumulative incidence at the horizon, with a 95% interval.
    """

    patients: int
    predicted: float
    observed: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "patients": self.patients,
            "predicted": self.predicted,
            "observed": self.observed,
            "observed_low": self.low,
            "observed_high": self.high,
        }


def risk_groups(
    months: Floats,
    ends: Ends,
    probability: Floats,
    horizon: float,
    groups: int,
    fewest: int = 0,
) -> tuple[RiskGroup, ...]:
    """Predicted against observed cumulative incidence, in groups of about equal size.

    Parameters
    ----------
    months, ends, probability : shape (n,)
    horizon
        Months.
    groups
        How many; equal predictions stay together, so there can be fewer.
    fewest
        Neighbouring groups are joined until each has at least so many patients with the event by
        the horizon, and so many without; nothing is told where all of them together do not.
    """
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, groups + 1)[1:-1]))
    place = np.searchsorted(edges, probability, side="left")
    had = (months <= horizon) & (ends == 1)
    if min(int(had.sum()), int((~had).sum())) < fewest:
        return ()
    place = _joined(place, had, fewest)
    found = []
    for number in np.unique(place):
        who = place == number
        curve = cumulative_incidence(months[who], ends[who])
        mean = float(probability[who].mean())
        found.append(RiskGroup(int(who.sum()), mean, *curve.at(horizon)))
    return tuple(found)


def _joined(place: NDArray[np.intp], had: NDArray[np.bool_], fewest: int) -> NDArray[np.intp]:
    """Groups in the order of their risk, joined until an event count in none of them is small."""
    joined, number, waiting = np.zeros_like(place), 0, False
    events = others = 0
    for one in np.unique(place):
        who = place == one
        joined[who], waiting = number, True
        events, others = events + int((who & had).sum()), others + int((who & ~had).sum())
        if min(events, others) >= fewest:
            number, events, others, waiting = number + 1, 0, 0, False
    if waiting and number:  # what is left of the highest risks goes to those below it
        joined[joined == number] = number - 1
    return joined


def _read(curve: Curve, months: Floats) -> Floats:
    """Values just before some times, which for censoring are those at the times."""
    place = np.searchsorted(curve.time, months, side="right") - 1
    return np.where(place < 0, 1.0, curve.value[np.maximum(place, 0)] if len(curve.value) else 1.0)


def _share(pairs: Floats, risk: Floats, own: NDArray[np.intp]) -> float:
    """Weighted share of pairs in which the patient with the event had the higher risk."""
    total = pairs.sum()
    if not total > 0:
        return float("nan")
    higher = np.sign(risk[own, None] - risk[None, :])
    return float((pairs * (1.0 + higher)).sum() / (2.0 * total))


def _newton(design: Floats, offset: Floats, had: Floats, weight: Floats) -> Floats:
    """Coefficients of a weighted logistic regression; NaN where they do not settle."""
    found = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        share = 1.0 / (1.0 + np.exp(-np.clip(design @ found + offset, -500, 500)))
        gradient = design.T @ (weight * (had - share))
        curvature = (design.T * (weight * share * (1 - share))) @ design
        try:
            step = np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            return np.full_like(found, np.nan)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), _TINY))
        found = found + step
        if np.abs(step).max() < _TINY:
            return np.asarray(found)
    return np.full_like(found, np.nan)
