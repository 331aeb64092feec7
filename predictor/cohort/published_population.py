"""Patients of any number, drawn independently from the joint distribution.

Means, SDs and shares are the printed ones in expectation. What must agree within a patient is made
to agree by exchanging values between patients of a block, which changes no distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

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
from predictor.cohort.published_latent import (
    AGE,
    DURATION,
    ELAPSED,
    FOLLOW_UP,
    ONSET,
    baseline_names,
    bend,
    draw_indications,
    draw_scores,
    finding_shares,
    in_profile,
)
from predictor.cohort.published_marginals import marginal, on_grid
from predictor.cohort.published_scenario import INDICATION, Scenario

_REFERENCE_PATIENTS, _REFERENCE_SEED, _BATCHES = 200_000, 20241120, 20
_NODES = 48


def draw_baseline(
    rng: np.random.Generator, patients: int, names: Sequence[str] | None = None
) -> Draft:
    """Everything known before treatment, for these variables or for all."""
    from scipy.special import ndtr, ndtri

    figures = published_figures()
    wanted = baseline_names() if names is None else _with_needed(names)
    scores = draw_scores(rng, patients, wanted)
    draft = Draft(draw_indications(rng, patients))
    for name in wanted:
        if name in figures.measurements:
            probability = ndtr(scores[name])
            bent = bend(name)
            if bent is not None:
                probability = bent.apply(probability, draft.indications)
            draft.values[name] = marginal(figures.measurements[name].before).quantile(probability)
            draft.scores[name] = scores[name] if bent is None else ndtri(probability)
        elif name in figures.findings:
            share = finding_shares(name)[draft.indications]
            draft.present[name] = ndtr(scores[name]) > 1 - share
        else:
            share = figures.counted[name].n / figures.patients
            draft.present[name] = scores[name] > ndtri(1 - share)
    if {AGE, DURATION, FOLLOW_UP} <= set(wanted):
        draft.values[ONSET] = _onset(rng, draft)
    if {figures.part, figures.whole} <= set(wanted):
        draft.reorder(
            figures.part, exchange(rng, draft.values[figures.part], part_before_rule(draft))
        )
    return draft


def _with_needed(names: Sequence[str]) -> tuple[str, ...]:
    """These variables and those without which they cannot be drawn, in the usual order."""
    figures, needed = published_figures(), set(names)
    if ONSET in needed:
        needed |= {AGE, DURATION, FOLLOW_UP}
    if needed & {figures.part, figures.whole}:
        needed |= {figures.part, figures.whole}
    return tuple(name for name in baseline_names() if name in needed)


def _onset(rng: np.random.Generator, draft: Draft) -> Floats:
    """Age at onset: the disease began its duration, and some of the follow-up, before the age."""
    moments = published_figures().measured[ONSET].before
    share = rng.uniform(*ELAPSED, size=draft.patients)
    gap = draft.values[DURATION] + share * draft.values[FOLLOW_UP]
    # Ages are whole years, so the difference of two ages is more than one year or it is one year.
    younger = draft.values[AGE] - np.maximum(gap, 1.0)
    whole = np.floor(younger) + (rng.random(draft.patients) < younger - np.floor(younger))
    return on_grid(whole, moments.step, moments.low, moments.high)


def part_rule(whole: Floats) -> Allowed:
    """A part (neutrophils) is smaller than the whole (white cells)."""
    share = published_figures().part_share

    def smaller(patients: Ints, values: Floats) -> Flags:
        return values <= share * whole[patients]

    return smaller


def part_before_rule(draft: Draft) -> Allowed:
    """What a part must agree with before treatment: the whole, and the indication."""
    figures = published_figures()
    smaller = part_rule(draft.values[figures.whole])
    fits_indication = in_profile(figures.part, draft.indications)
    if fits_indication is None:
        return smaller

    def both(patients: Ints, values: Floats) -> Flags:
        return smaller(patients, values) & fits_indication(patients, values)

    return both


def remission_rule(name: str, response: Ints) -> Allowed | None:
    """What remission demands of a measurement after treatment; None where it demands nothing."""
    limit = published_figures().in_remission.get(name)
    if limit is None:
        return None
    in_remission = response == REMISSION

    def compatible(patients: Ints, values: Floats) -> Flags:
        return ~in_remission[patients] | limit.holds(values)

    return compatible


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
    from scipy.optimize import brentq
    from scipy.special import expit

    distinct, times = np.unique(odds, return_counts=True)
    weights = times / times.sum()

    def excess(cut: float) -> float:
        return float((weights * expit(distinct - cut)).sum()) - share

    return float(brentq(excess, distinct[0] - 40, distinct[-1] + 40))


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


def draw_response(
    rng: np.random.Generator, draft: Draft, scenario: Scenario
) -> Ints:
    """Outcome by proportional odds; independent of the baseline if the scenario has no effect."""
    odds = scenario.log_odds(draft.numbers(), draft.patients)
    latent = odds + rng.logistic(size=draft.patients)
    return np.searchsorted(scenario_odds(scenario).cuts, latent, "right").astype(np.int64)


def draw_patients(rng: np.random.Generator, patients: int, scenario: Scenario) -> Draft:
    """Complete patients.

    Parameters
    ----------
    rng
        Source of randomness.
    patients
        How many.
    scenario
        How the outcome depends on the baseline.
    """
    draft = draw_baseline(rng, patients)
    draft.response = draw_response(rng, draft, scenario)
    states = min(3, patients)
    while patients < 200 and len(np.unique(draft.response)) < states:
        draft.response = draw_response(rng, draft, scenario)  # three outcomes, as promised
    _draw_findings_after(rng, draft, scenario_odds(scenario))
    _draw_values_after(rng, draft)
    figures = published_figures()
    dead_of_flares = figures.counted["died"].n / figures.response["flare"]
    draft.present["died"] = (draft.response == FLARE) & (rng.random(patients) < dead_of_flares)
    return draft


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
    return remission_rule(name, draft.response)


@lru_cache(maxsize=64)
def score_correlation(name: str) -> float:
    """Correlation of normal scores that gives values before and after the one that is assumed.

    Found by Gauss-Hermite integration over both scores.
    """
    row = published_figures().laboratory[name]
    if row.after is None:
        raise KeyError(name)
    from scipy.optimize import brentq

    excess = _correlation_excess(row)
    return float(brentq(excess, 0.0, 0.999)) if excess(0.999) > 0 else 0.999


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
