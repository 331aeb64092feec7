"""Patients of any number, drawn independently from the joint distribution.

Means, SDs and shares are the printed ones in expectation. What must agree within a patient is made
to agree by exchanging values between patients of a block, which changes no distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from predictor.cohort.published_baseline import draw_baseline, part_rule
from predictor.cohort.published_draft import (
    FLARE,
    LOW_ACTIVITY,
    REMISSION,
    Draft,
    Flags,
    Floats,
    Ints,
)
from predictor.cohort.published_exchange import Allowed, exchange
from predictor.cohort.published_figures import Measurement, published_figures
from predictor.cohort.published_latent import draw_scores, finding_shares
from predictor.cohort.published_marginals import marginal
from predictor.cohort.published_odds import Odds, scenario_odds
from predictor.cohort.published_roots import root_between
from predictor.cohort.published_scenario import Scenario

_NODES = 48
_FEWEST_DRAWN = 2000


def _remission_rule(name: str, response: Ints) -> Allowed | None:
    """What remission demands of a measurement after treatment; None where it demands nothing."""
    limit = published_figures().in_remission.get(name)
    if limit is None:
        return None
    in_remission = response == REMISSION

    def compatible(patients: Ints, values: Floats) -> Flags:
        fits: Flags = ~in_remission[patients] | limit.holds(values)
        return fits

    return compatible


def draw_response(rng: np.random.Generator, draft: Draft, scenario: Scenario) -> Ints:
    """Outcome by proportional odds; independent of the baseline if the scenario has no effect."""
    odds = scenario.log_odds(draft.numbers(), draft.patients)
    latent = odds + rng.logistic(size=draft.patients)
    return np.searchsorted(scenario_odds(scenario).cuts, latent, "right").astype(np.int64)


def draw_patients(
    rng: np.random.Generator, patients: int, scenario: Scenario, *, every_outcome: bool = True
) -> Draft:
    """Complete patients.

    Parameters
    ----------
    rng
        Source of randomness.
    patients
        How many.
    scenario
        How the outcome depends on the baseline.
    every_outcome
        Draw outcomes until all three occur; needs three patients or more.
    """
    # A handful of patients might offer nobody to exchange a value with; so more are drawn.
    drawn = max(patients, _FEWEST_DRAWN)
    draft = draw_baseline(rng, drawn)
    draft.response = draw_response(rng, draft, scenario)
    while every_outcome and len(np.unique(draft.response[:patients])) < 3:
        draft.response = draw_response(rng, draft, scenario)
    _draw_findings_after(rng, draft, scenario_odds(scenario))
    _draw_values_after(rng, draft)
    figures = published_figures()
    dead_of_flares = figures.counted["died"].n / figures.response["flare"]
    draft.present["died"] = (draft.response == FLARE) & (rng.random(drawn) < dead_of_flares)
    return draft.first(patients)


def _draw_findings_after(rng: np.random.Generator, draft: Draft, odds: Odds) -> None:
    figures = published_figures()
    for name, finding in figures.findings.items():
        chance = rng.random(draft.patients)
        if name in figures.absent_in_remission:
            after = finding.after / figures.patients
            keeping = _make_room(rng, draft, name, after, odds.shares[name])
            kept = draft.present[name] & (chance < keeping[draft.response])
            draft.present_after[name] = kept
            continue
        before = draft.present[name]
        lost = finding.lost / finding.before
        gained = finding.gained / (figures.patients - finding.before)
        draft.present_after[name] = np.where(before, chance >= lost, chance < gained)


def _make_room(
    rng: np.random.Generator,
    draft: Draft,
    name: str,
    after: float,
    shares: tuple[float, float, float],
) -> Floats:
    """Chance that a finding outlasts treatment, by outcome, so that remission is without it.

    Where fewer patients than the printed ones have it before treatment and end in flare or low
    disease activity, some who end in remission give it to some who do not (consistency goes
    before the scenario).
    """
    flare, low, remission = shares
    not_remission = sum(published_figures().response[s] for s in ("flare", "low_disease_activity"))
    missing = after - (flare + low)
    if missing > 0:
        free = finding_shares(name)[draft.indications] < 1
        in_remission = draft.response == REMISSION
        chance = rng.random(draft.patients)
        has = draft.present[name].copy()
        without = not_remission / published_figures().patients - (flare + low)
        gives = has & in_remission & free & (chance < missing / remission)
        takes = ~has & ~in_remission & (chance < missing / without)
        draft.present[name] = (has & ~gives) | takes
        return np.array([1.0, 1.0, 0.0])
    keep = after / (flare + low)
    keep_in_flare = (1 + keep) / 2  # a finding outlasts treatment in a flare more often: assumed
    keep_in_low = (after - keep_in_flare * flare) / low
    chances = np.zeros(3)
    chances[FLARE], chances[LOW_ACTIVITY] = keep_in_flare, keep_in_low
    return chances


def _draw_values_after(rng: np.random.Generator, draft: Draft) -> None:
    from scipy.special import ndtr

    figures = published_figures()
    noise = draw_scores(rng, draft.patients, tuple(figures.laboratory))
    for name, row in figures.laboratory.items():
        if row.after is None:
            continue
        r = score_correlation(name)
        score = r * draft.scores[name] + np.sqrt(1 - r * r) * noise[name]
        draft.values_after[name] = marginal(row.after).quantile(ndtr(score))
    settle_after(rng, draft)


def settle_after(rng: np.random.Generator, draft: Draft) -> None:
    """Exchange values after treatment until each agrees with the outcome and with the others."""
    figures, after = published_figures(), draft.values_after
    for name in figures.laboratory:
        rule = after_rule(name, draft)
        if rule is not None:
            after[name] = after[name][exchange(rng, after[name], rule)]


def after_rule(name: str, draft: Draft) -> Allowed | None:
    """Everything that a value after treatment must agree with; the whole comes before its part."""
    figures = published_figures()
    if name == figures.part:
        return part_rule(draft.values_after[figures.whole])
    return _remission_rule(name, draft.response)


@lru_cache(maxsize=64)
def score_correlation(name: str) -> float:
    """Correlation of normal scores that gives values before and after the one that is assumed.

    Found by Gauss-Hermite integration over both scores.
    """
    row = published_figures().laboratory[name]
    if row.after is None:
        raise KeyError(name)
    excess = _correlation_excess(row)
    return root_between(excess, 0.0, 0.999, 1e-6) if excess(0.999) > 0 else 0.999


def _correlation_excess(row: Measurement) -> Callable[[float], float]:
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    assert row.after is not None  # noqa: S101 - the caller has checked
    first, second = marginal(row.before), marginal(row.after)
    before = first.quantile(ndtr(nodes))

    def excess(r: float) -> float:
        scores = r * nodes[:, None] + np.sqrt(1 - r * r) * nodes[None, :]
        after = second.quantile(ndtr(scores.ravel())).reshape(scores.shape)
        joint = weights[:, None] * weights[None, :]
        mean, mean_after = (weights * before).sum(), (joint * after).sum()
        covariance = (joint * before[:, None] * after).sum() - mean * mean_after
        sd = np.sqrt((weights * before**2).sum() - mean**2)
        sd_after = np.sqrt((joint * after**2).sum() - mean_after**2)
        return float(covariance / (sd * sd_after)) - row.correlation

    return excess
