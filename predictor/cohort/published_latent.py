"""The joint distribution: normal scores, indications, and what the two say about each other.

A Gaussian copula. Every variable of a patient has a normal score; the scores of the baseline are
correlated as in real visits, zero where nothing is known. An indication bends the scores of its
patients (thrombocytopenia: platelets below 100) by a piecewise linear map of probabilities that is
undone by the other patients, so that each variable keeps its distribution exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.published_figures import (
    Profile,
    borrowed_correlations,
    published_figures,
)
from predictor.cohort.published_marginals import Floats, marginal

Ints = NDArray[np.int64]

# Age and duration of the disease are correlated just so much that the SD of the age at onset,
# which is their difference, equals that of the age, as printed: cov(age, gap) = var(gap) / 2.
AGE, DURATION, FOLLOW_UP, ONSET = "age", "disease_duration", "follow_up_years", "age_at_onset"
ELAPSED = (0.10, 0.61)
"""Share of the follow-up that has passed when the age is stated: assumed, between these two."""

_SMALLEST_EIGENVALUE = 0.02


def baseline_names() -> tuple[str, ...]:
    """Variables that are drawn, in a fixed order; age at onset follows from three of them."""
    figures = published_figures()
    measured = (name for name in figures.measurements if name != ONSET)
    return (*measured, *figures.findings, *figures.counted)


@lru_cache(maxsize=1)
def _correlations() -> tuple[tuple[str, ...], Floats]:
    """Names and correlations of the variables that are correlated with any other."""
    borrowed = borrowed_correlations()
    names = tuple(n for n in baseline_names() if any(n in pair for pair in borrowed))
    names = (AGE, DURATION, *names)
    matrix = np.eye(len(names))
    for (first, second), r in {**borrowed, (AGE, DURATION): _age_with_duration()}.items():
        i, j = names.index(first), names.index(second)
        matrix[i, j] = matrix[j, i] = r
    # Pairs that were estimated one by one may contradict each other; the nearest matrix that does
    # not has no eigenvalue below zero.
    values, vectors = np.linalg.eigh(matrix)
    matrix = (vectors * np.maximum(values, _SMALLEST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    return names, matrix / np.outer(scale, scale)


def _age_with_duration() -> float:
    measured = published_figures().measured
    duration, follow_up = measured[DURATION].before, measured[FOLLOW_UP].before
    low, high = ELAPSED
    # variance of duration + share * follow-up, the share uniform between its limits
    mean_square = (low**2 + low * high + high**2) / 3
    of_share = mean_square * (follow_up.spread**2 + follow_up.centre**2)
    gap = duration.spread**2 + of_share - ((low + high) / 2 * follow_up.centre) ** 2
    # An age at onset in whole years adds f (1 - f) for the fraction f that is rounded away: 1/6.
    return (gap + 1 / 6) / 2 / (measured[AGE].before.spread * duration.spread)


def correlations_bent() -> float:
    """Largest change of a borrowed correlation that makes all of them possible together."""
    names, matrix = _correlations()
    return max(
        abs(r - float(matrix[names.index(first), names.index(second)]))
        for (first, second), r in borrowed_correlations().items()
    )


@lru_cache(maxsize=16)
def _factor(names: tuple[str, ...]) -> tuple[Ints, Floats]:
    """Positions of the correlated ones among names, and the factor of their correlations."""
    known, matrix = _correlations()
    positions = [i for i, name in enumerate(names) if name in known]
    chosen = [known.index(names[i]) for i in positions]
    factor = np.linalg.cholesky(matrix[np.ix_(chosen, chosen)]).astype(np.float64)
    return np.array(positions, dtype=np.int64), factor


def draw_scores(rng: np.random.Generator, patients: int, names: Sequence[str]) -> dict[str, Floats]:
    """Correlated normal scores, one array of shape (patients,) for each name."""
    scores = rng.standard_normal((len(names), patients))
    positions, factor = _factor(tuple(names))
    if len(positions):
        scores[positions] = factor @ scores[positions]
    return dict(zip(names, scores, strict=True))


def indication_states() -> tuple[str, ...]:
    """Indications in the order of their codes."""
    return tuple(published_figures().indication)


def draw_indications(rng: np.random.Generator, patients: int) -> Ints:
    """Codes of the indications, drawn with the printed shares."""
    counts = np.array(list(published_figures().indication.values()))
    return np.searchsorted(np.cumsum(counts), rng.integers(counts.sum(), size=patients), "right")


@dataclass(frozen=True, slots=True)
class Bend:
    """For each indication, how probability is spread over the range of one variable.

    Parameters
    ----------
    breaks
        Probabilities of the variable's distribution where the density changes, from 0 to 1.
    cumulative
        Share of the patients with an indication below each break, shape (indications, breaks).
    """

    breaks: Floats
    cumulative: Floats

    def apply(self, probability: Floats, indications: Ints) -> Floats:
        """Bend probabilities that are uniform for each indication; overall they stay uniform."""
        bent = np.empty_like(probability)
        for code, cumulative in enumerate(self.cumulative):
            mine = indications == code
            bent[mine] = np.interp(probability[mine], cumulative, self.breaks)
        return bent


@lru_cache(maxsize=32)
def bend(variable: str) -> Bend | None:
    """The bend of a measurement; None where no indication says anything about it."""
    profiles = [p for p in published_figures().profiles if p.variable == variable]
    if not profiles:
        return None
    known = [(profile, *_points(profile)) for profile in profiles]
    breaks = np.unique(np.concatenate([points for _, points, _ in known]))
    shares = _indication_shares()
    cumulative = np.full((len(shares), len(breaks)), np.nan)
    for profile, points, below in known:
        for code in _codes(profile):
            cumulative[code] = np.interp(breaks, points, below)
    rest = np.isnan(cumulative[:, 0])
    special = (shares[~rest, None] * cumulative[~rest]).sum(axis=0)
    others = (breaks - special) / shares[rest].sum()
    if np.any(np.diff(others) < 0):
        raise ArithmeticError(f"the profiles of {variable} ask for more patients than there are")
    cumulative[rest] = others
    return Bend(breaks, cumulative)


def _points(profile: Profile) -> tuple[Floats, Floats]:
    """A profile as a distribution function over the probabilities of its variable."""
    moments = published_figures().laboratory[profile.variable].before
    distribution = marginal(moments)
    points, below = [0.0], [0.0]
    for limit, share in profile.below:
        # Half a step away from the limit, so that rounding moves nobody across.
        half = -moments.step / 2 if share > 0 else moments.step / 2
        points.append(distribution.probability(limit + half))
        below.append(share)
    return np.array([*points, 1.0]), np.array([*below, 1.0])


def _indication_shares() -> Floats:
    counts = np.array(list(published_figures().indication.values()), dtype=np.float64)
    shares: Floats = counts / counts.sum()
    return shares


def _codes(profile: Profile) -> list[int]:
    return [indication_states().index(name) for name in profile.indications]


def has_indication(profile: Profile, indications: Ints) -> NDArray[np.bool_]:
    """Which patients have one of the profile's indications."""
    return np.isin(indications, _codes(profile))


@lru_cache(maxsize=32)
def finding_shares(variable: str) -> Floats:
    """Share of the patients with each indication who have a finding before treatment."""
    figures = published_figures()
    overall = figures.findings[variable].before / figures.patients
    shares, found = _indication_shares(), np.full(len(figures.indication), np.nan)
    for profile in figures.finding_profiles:
        if profile.variable == variable:
            found[_codes(profile)] = profile.share
    rest = np.isnan(found)
    found[rest] = (overall - np.nansum(shares * found)) / shares[rest].sum()
    return found


def in_profile(
    variable: str, indications: Ints
) -> Callable[[Ints, Floats], NDArray[np.bool_]] | None:
    """What the indications demand without exception of a measurement before treatment.

    Returns
    -------
    Callable or None
        From positions of patients and a value for each to whether the value agrees.
    """
    profiles = [p for p in published_figures().profiles if p.variable == variable]
    if not profiles:
        return None
    low, high = np.full(len(indications), -np.inf), np.full(len(indications), np.inf)
    for profile in profiles:
        mine = has_indication(profile, indications)
        for limit, share in profile.below:
            if share == 0:
                low[mine] = limit
            elif share == 1:
                high[mine] = limit

    def agrees(patients: Ints, values: Floats) -> NDArray[np.bool_]:
        return (values > low[patients]) & (values < high[patients])

    return agrees
