"""How new patients differ from those a model was made from, before anybody asks how well it did.

The same model discriminates worse where patients are more alike, without one coefficient being
wrong (Debray et al., J Clin Epidemiol 2015;68:279). Three things tell case mix from a wrong model:

- each predictor's mean, in standard deviations, and how much of it is missing;
- the membership C statistic: how well the predictors, without the outcome that Debray et al. have
  among them, tell the two cohorts apart; 0.5 where they do not. A bundle holds moments and no
  rows, so it is that of the linear discriminant of two normal distributions: ``Phi(d / sqrt(2))``
  with Mahalanobis distance ``d``, whose square is freed of the bias that small cohorts give it
  (Lachenbruch and Mickey, Technometrics 1968;10:1);
- the model-based C statistic (van Klaveren et al., Stat Med 2016;35:4136): the AUROC that patients
  with these predictions would give if the model were right. What is missing from it to the observed
  one is not case mix.

And one tells the same patients from others: means that lie closer together than those of two
samples of one population ever do. A bundle knows a cohort that is given again as a whole; of one
that was cleaned anew, or lacks a few, only its means remain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtr

from predictor.clinical.variable import Variable
from predictor.fitted.moments import Moments

Floats = NDArray[np.float64]

# Correlations of few patients are mostly noise: that many of the model's own patients stand beside.
_FEWEST_OF_OWN = 2
_TWO = 2


@dataclass(frozen=True, slots=True)
class VariableMix:
    """One predictor in both cohorts.

    Parameters
    ----------
    variable, label, unit
        Which it is.
    state
        The state whose share the mean is, of a variable with two of them; None of a number.
    development_mean, development_sd
        Of the patients the model was made from.
    mean, sd
        Of the new ones; None where fewer than two have a value.
    difference
        New less old mean, in standard deviations (root of the mean of both variances).
    missing
        Share of the new patients without a value.
    """

    variable: str
    label: str
    unit: str | None
    state: str | None
    development_mean: float | None
    development_sd: float | None
    mean: float | None
    sd: float | None
    difference: float | None
    missing: float

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "variable": self.variable,
            "label": self.label,
            "unit": self.unit,
            "state": self.state,
            "development_mean": self.development_mean,
            "development_sd": self.development_sd,
            "mean": self.mean,
            "sd": self.sd,
            "difference": self.difference,
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class CaseMix:
    """All predictors, and both cohorts as wholes.

    Parameters
    ----------
    variables
        In the order of the model; empty for a bundle without moments.
    membership_c
        0.5 where the predictors do not tell the cohorts apart, 1 where they do wholly; None where
        there are too few patients for the number of predictors.
    model_based_c
        AUROC that these predictions would give if they were right; None where all are equal.
    outside
        Share of patients unlike those of the model's cohort; None without moments.
    likeness_p
        Chance that the means of patients drawn independently come at least as close to those of
        the model's cohort; None where ``membership_c`` is.
    """

    variables: tuple[VariableMix, ...]
    membership_c: float | None
    model_based_c: float | None
    outside: float | None
    likeness_p: float | None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "membership_c": self.membership_c,
            "model_based_c": self.model_based_c,
            "outside": self.outside,
            "likeness_p": self.likeness_p,
            "variables": [one.to_dict() for one in self.variables],
        }


def case_mix(
    variables: Sequence[Variable],
    values: Floats,
    probability: Floats,
    moments: Moments | None,
    development: int,
) -> CaseMix:
    """Compare new patients with those of the model.

    Parameters
    ----------
    variables
        The predictors.
    values : shape (patients, variables)
        Of the new patients, NaN for missing.
    probability : shape (patients,)
        Predicted for them.
    moments
        Of the model's cohort; None in a bundle without.
    development
        Patients the model was made from.
    """
    if moments is None:
        return CaseMix((), None, model_based_c(probability), None, None)
    rows = tuple(_one(v, values[:, j], j, moments) for j, v in enumerate(variables))
    distance, found = moments.distance(values), apart(values, moments, development)
    return CaseMix(
        rows,
        None if found is None else found.membership_c,
        model_based_c(probability),
        float((distance > moments.cutoff).mean()),
        None if found is None else found.likeness_p,
    )


def model_based_c(probability: Floats) -> float | None:
    """AUROC that predictions give on average if each of them is right.

    The mean over all pairs of different patients, each weighed with the probability that the one
    has the event and the other has not, of whether the one is predicted more; equal ones count
    half.

    Parameters
    ----------
    probability : shape (patients,)

    Examples
    --------
    >>> round(model_based_c(np.array([0.2, 0.8])), 6)  # 0.64 / (0.64 + 0.04)
    0.941176
    """
    p = np.sort(probability)
    if p.size < _FEWEST_OF_OWN:
        return None
    value, first, count = np.unique(p, return_index=True, return_counts=True)
    below = np.concatenate([[0.0], np.cumsum(1.0 - p)])
    groups = count * value  # events expected among equal predictions
    within = count * (count - 1) * value * (1.0 - value)
    concordant = float((groups * below[first]).sum() + 0.5 * within.sum())
    everybody = float(p.sum() * (1.0 - p).sum() - (p * (1.0 - p)).sum())
    return concordant / everybody if everybody > 0 else None


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two cohorts are apart.

    Parameters
    ----------
    squared
        Mahalanobis distance of their means, squared.
    by_chance
        What is expected of it in two samples of one population.
    width
        Variables that are measured in both.
    both
        Patients of both cohorts.
    """

    squared: float
    by_chance: float
    width: int
    both: int

    @property
    def membership_c(self) -> float:
        """C statistic of the linear discriminant between the model's patients and new ones."""
        shrunk = (self.both - self.width - 3) / (self.both - 2)
        unbiased = shrunk * self.squared - self.by_chance
        return NormalDist().cdf(math.sqrt(max(unbiased, 0.0) / 2.0))

    @property
    def likeness_p(self) -> float:
        """Chance that independent patients' means come at least as close to those of the model's.

        The lower tail of Hotelling's two-sample test (Ann Math Stat 1931;2:360). Of two samples of
        one population it is uniform, of two populations it is larger; it is tiny only where the
        patients are largely the same ones. One predictor or two say little of that.
        """
        freedom = self.both - self.width - 1
        ratio = self.squared / self.by_chance * freedom / (self.both - 2)
        return float(fdtr(self.width, freedom, ratio))


def apart(values: Floats, moments: Moments, development: int) -> Apart | None:
    """Compare new patients with those of the model by their means.

    Parameters
    ----------
    values : shape (patients, variables)
        Of the new patients, NaN for missing.
    moments
        Of the model's.
    development
        How many these were.

    Returns
    -------
    None where the patients of both cohorts are too few for their predictors.
    """
    z = moments.standardised(values)
    known = ~np.isnan(z)
    measured = known.sum(axis=0) >= _FEWEST_OF_OWN
    width, both = int(measured.sum()), len(z) + development
    if not width or both - width - 3 <= 0 or development < _FEWEST_OF_OWN:
        return None
    z, known = z[:, measured], known[:, measured].astype(np.float64)
    mean = np.nanmean(z, axis=0)
    centred = np.where(np.isnan(z), 0.0, z - mean)
    # A covariance is that of the patients who have both values; of few, the model's own stands.
    pairs = known.T @ known
    own = moments.correlation[np.ix_(measured, measured)]
    few = pairs < _FEWEST_OF_OWN
    new = np.where(few, own, centred.T @ centred / np.maximum(pairs - 1.0, 1.0))
    pooled = ((development - 1) * own + (len(z) - 1) * new) / (both - 2)
    counts = known.sum(axis=0)
    noise = pooled * (pairs / np.outer(counts, counts) + 1.0 / development)
    try:
        squared = float(mean @ np.linalg.solve(pooled, mean))
        by_chance = float(np.trace(np.linalg.solve(pooled, noise)))
    except np.linalg.LinAlgError:
        return None
    # Covariances from different pairs of patients may not go together.
    return Apart(squared, by_chance, width, both) if min(squared, by_chance) >= 0.0 else None


def _one(variable: Variable, column: Floats, j: int, moments: Moments) -> VariableMix:
    known = column[~np.isnan(column)]
    missing = float(np.isnan(column).mean())
    unit = None if variable.unit == "1" else variable.unit
    two = len(variable.states) == _TWO
    named = (variable.name, variable.label, unit, variable.states[1] if two else None)
    # The position of a state among several is no size, so that its mean says nothing.
    if len(variable.states) > _TWO:
        return VariableMix(*named, None, None, None, None, None, missing)
    old, spread = float(moments.centre[j]), float(moments.spread[j])
    mean = sd = difference = None
    if known.size >= _FEWEST_OF_OWN:
        mean, sd = float(known.mean()), float(known.std(ddof=1))
        both = math.sqrt((spread**2 + sd**2) / 2.0)
        difference = (mean - old) / both if both > 0 else None
    return VariableMix(*named, old, spread, mean, sd, difference, missing)
