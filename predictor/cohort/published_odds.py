"""What a scenario amounts to: cut-points of the outcome and the AUROC that it allows.

Found from a large population that is drawn once, with a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from predictor.cohort.published_baseline import draw_baseline
from predictor.cohort.published_draft import Floats
from predictor.cohort.published_figures import published_figures
from predictor.cohort.published_roots import root_between
from predictor.cohort.published_scenario import INDICATION, Scenario

_REFERENCE_PATIENTS, _REFERENCE_SEED, _BATCHES = 200_000, 20241120, 20


@dataclass(frozen=True, slots=True)
class Odds:
    """A scenario in numbers, from a large population drawn once.

    Parameters
    ----------
    cuts
        Log-odds at which flare turns into low disease activity, and that into remission.
    shares
        For every finding that remission excludes, the share of all patients who have it before
        treatment and end in flare, low disease activity, remission.
    auroc, auroc_error
        True AUROC of remission and of relapse when the scenario is known, and its Monte Carlo
        standard error.
    """

    cuts: tuple[float, float]
    shares: Mapping[str, tuple[float, float, float]]
    auroc: Mapping[str, float]
    auroc_error: Mapping[str, float]


@lru_cache(maxsize=8)
def scenario_odds(scenario: Scenario) -> Odds:
    """Cut-points, shares and true AUROC of a scenario."""
    from scipy.special import expit

    figures = published_figures()
    names = {*scenario.variables, *figures.absent_in_remission} - {INDICATION}
    draft = draw_baseline(
        np.random.default_rng(_REFERENCE_SEED), _REFERENCE_PATIENTS, sorted(names)
    )
    odds = scenario.log_odds(draft.numbers(), draft.patients)
    counts = figures.response.values()
    flare, _, remission = (count / figures.patients for count in counts)
    cuts = (_cut(odds, 1 - flare), _cut(odds, remission))
    better, best = expit(odds - cuts[0]), expit(odds - cuts[1])
    ends = (1 - better, better - best, best)
    shares = {}
    for name in figures.absent_in_remission:
        has = draft.present[name]
        flare, low, remission = (float((has * end).mean()) for end in ends)
        shares[name] = (flare, low, remission)
    areas = {"remission": _area(odds, best), "relapse": _area(-odds, 1 - better)}
    return Odds(
        cuts,
        shares,
        {name: area for name, (area, _) in areas.items()},
        {name: error for name, (_, error) in areas.items()},
    )


def _cut(odds: Floats, share: float) -> float:
    """Log-odds that this share of a population exceeds, logistic noise included."""
    from scipy.special import expit

    distinct, times = np.unique(odds, return_counts=True)
    weights = times / times.sum()

    def excess(cut: float) -> float:
        return float((weights * expit(distinct - cut)).sum()) - share

    # Between the cut-points of a population that is all as its first, or all as its last patient.
    ends = (float(distinct[0]), float(distinct[-1]))
    shift = math.log(share / (1 - share))
    return root_between(excess, ends[0] - shift - 1e-6, ends[1] - shift + 1e-6, 1e-12)


def _area(score: Floats, probability: Floats) -> tuple[float, float]:
    """AUROC of a score whose event has this probability in each patient, with its error."""
    batches = [
        _weighted_area(part, chance)
        for part, chance in zip(
            np.array_split(score, _BATCHES), np.array_split(probability, _BATCHES), strict=True
        )
    ]
    error = float(np.std(batches, ddof=1) / np.sqrt(_BATCHES))
    return _weighted_area(score, probability), error


def _weighted_area(score: Floats, probability: Floats) -> float:
    _, tied = np.unique(score, return_inverse=True)
    events = np.bincount(tied, probability)
    others = np.bincount(tied, 1 - probability)
    below = np.cumsum(others) - others / 2
    return float((events * below).sum() / (events.sum() * others.sum()))
