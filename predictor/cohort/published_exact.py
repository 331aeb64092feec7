"""The 31 patients: every printed count, mean, SD, median and IQR at once.

Values are found first, without patients: sets of numbers that print as published. Then they are
dealt out by normal scores, and exchanged between patients until indications, outcome and the
printed p-values agree. What cannot hold together gives way in the order the project agreed on:
scenario, correlations, consistency; never counts, printed digits or possible values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.cohort.published_baseline import part_before_rule
from predictor.cohort.published_draft import FLARE, REMISSION, Draft, Flags, Floats, Ints
from predictor.cohort.published_exchange import Allowed, exchange, steer
from predictor.cohort.published_figures import (
    LONGEST_P,
    Finding,
    Measurement,
    published_figures,
)
from predictor.cohort.published_latent import (
    AGE,
    DURATION,
    ELAPSED,
    FOLLOW_UP,
    ONSET,
    baseline_names,
    bend,
    draw_scores,
    has_indication,
    in_profile,
)
from predictor.cohort.published_marginals import exact_values
from predictor.cohort.published_population import after_rule, score_correlation, settle_after
from predictor.cohort.published_scenario import Scenario

_ATTEMPTS = 200
_SD_SLACK = 0.04
_MARGIN = 0.04  # correlation kept away from the ends of the range that prints the p


class _TryAgain(Exception):  # noqa: N818 - control flow inside this module
    """A draw cannot be made to agree; the next one will."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The 31 patients and what had to give way for them."""

    draft: Draft
    gave_way: tuple[str, ...]


def rebuild(seed: np.random.SeedSequence, scenario: Scenario) -> Rebuilt:
    """Patients who reproduce the tables.

    Parameters
    ----------
    seed
        Any seed gives such patients, and the same seed the same ones.
    scenario
        How the outcome depends on the baseline.
    """
    for attempt in seed.spawn(_ATTEMPTS):
        try:
            return _attempt(np.random.default_rng(attempt), scenario)
        except _TryAgain:
            continue
    raise ArithmeticError(f"no {published_figures().patients} patients were found")


def _attempt(rng: np.random.Generator, scenario: Scenario) -> Rebuilt:
    draft = _baseline(rng)
    draft.response = _response(rng, draft, scenario)
    moved = _findings_after(rng, draft)
    _values_after(rng, draft)
    _late_events(rng, draft)
    return Rebuilt(draft, tuple(moved))


def _baseline(rng: np.random.Generator) -> Draft:
    figures = published_figures()
    n, counts = figures.patients, list(figures.indication.values())
    draft = Draft(rng.permutation(np.repeat(np.arange(len(counts)), counts)))
    scores = draw_scores(rng, n, baseline_names())
    for name, row in figures.measurements.items():
        if name != ONSET:
            _deal(rng, draft, row, scores[name])
    for name in figures.laboratory:
        rule = part_before_rule(draft) if name == figures.part else None
        rule = rule or in_profile(name, draft.indications)
        if rule is not None:
            draft.reorder(name, exchange(rng, draft.values[name], rule))
            _demand(rule, draft.values[name])
    draft.values[ONSET] = _onset(rng, draft)
    for name, finding in figures.findings.items():
        draft.present[name] = _has_finding(finding, draft, scores[name])
    for name, count in figures.counted.items():
        draft.present[name] = _highest(scores[name], count.n)
    return draft


def _deal(rng: np.random.Generator, draft: Draft, row: Measurement, scores: Floats) -> None:
    """Give the patients exact values in the order of their bent scores."""
    from scipy.special import ndtr, ndtri

    n = len(scores)
    bent = bend(row.name)
    order = scores if bent is None else bent.apply(ndtr(scores), draft.indications)
    rank = np.argsort(np.argsort(order))
    draft.values[row.name] = exact_values(row.before, n, rng)[rank]
    draft.scores[row.name] = ndtri((rank + 0.5) / n)


def _demand(rule: Allowed, values: Floats) -> None:
    if not rule(np.arange(len(values)), values).all():
        raise _TryAgain


def _highest(scores: Floats, count: int) -> Flags:
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.argsort(-scores)[:count]] = True
    return chosen


def _has_finding(finding: Finding, draft: Draft, scores: Floats) -> Flags:
    """Who has a finding before treatment: those whose indication asks for it, then by score."""
    has = np.zeros(draft.patients, dtype=bool)
    special = np.zeros(draft.patients, dtype=bool)
    for profile in published_figures().finding_profiles:
        if profile.variable == finding.name:
            mine = has_indication(profile, draft.indications)
            count = round(profile.share * int(mine.sum()))
            has |= _highest(np.where(mine, scores, -np.inf), count)
            special |= mine
    rest = np.where(special, -np.inf, scores)
    return has | _highest(rest, finding.before - int(has.sum()))


def _onset(rng: np.random.Generator, draft: Draft) -> Floats:
    """Ages at onset in whole years, with the printed mean and SD.

    The age was reached after the disease had lasted its duration, and before the follow-up ended.
    """
    moments = published_figures().measured[ONSET].before
    age, n = draft.values[AGE], draft.patients
    earliest = np.maximum(np.ceil(draft.values[DURATION] - 1e-9), 1)
    latest = np.maximum(np.ceil(draft.values[DURATION] + draft.values[FOLLOW_UP]), earliest)
    share = rng.uniform(*ELAPSED, size=n)
    gap = np.rint(draft.values[DURATION] + share * draft.values[FOLLOW_UP])
    gap = np.clip(gap, earliest, latest)

    def distance(onset: Floats) -> float:
        mean = abs(onset.mean() - moments.centre) / _SD_SLACK
        sd = abs(onset.std(ddof=1) - moments.spread) / _SD_SLACK
        return float(max(mean, 1.0) + max(sd, 1.0))

    now = distance(age - gap)
    for _ in range(3000):
        if now <= 2.0:
            return age - gap
        one = int(rng.integers(n))
        moved = gap.copy()
        moved[one] = np.clip(moved[one] + rng.choice([-1, 1]), earliest[one], latest[one])
        then = distance(age - moved)
        if then <= now:
            gap, now = moved, then
    raise _TryAgain


def _response(rng: np.random.Generator, draft: Draft, scenario: Scenario) -> Ints:
    """Outcome by the rank of the latent scale, so that its counts are the printed ones."""
    figures = published_figures()
    latent = scenario.log_odds(draft.numbers(), draft.patients)
    latent = latent + rng.logistic(size=draft.patients)
    response = np.empty(draft.patients, dtype=np.int64)
    response[np.argsort(latent)] = np.repeat(np.arange(3), list(figures.response.values()))
    return response


def _findings_after(rng: np.random.Generator, draft: Draft) -> list[str]:
    """Findings after treatment; returns what gave way for them."""
    figures, moved = published_figures(), []
    for name, finding in figures.findings.items():
        if name in figures.absent_in_remission:
            patients = _make_room(rng, draft, finding)
            if patients:
                moved.append(
                    f"scenario: {patients} of the patients in remission gave {name} before "
                    f"treatment to patients not in remission, because only {finding.lost} of "
                    f"{finding.before} lose it and remission is without it"
                )
            tie = (draft.response == REMISSION) * 100.0 - (draft.response == FLARE) * 1.0
        else:
            tie = np.zeros(draft.patients)
        before = draft.present[name]
        likely = tie + rng.standard_normal(draft.patients)
        loses = _highest(np.where(before, likely, -np.inf), finding.lost)
        gains = _highest(np.where(before, -np.inf, likely), finding.gained)
        draft.present_after[name] = (before & ~loses) | gains
    return moved


def _make_room(rng: np.random.Generator, draft: Draft, finding: Finding) -> int:
    """Let no more patients in remission have a finding before treatment than lose it.

    Returns
    -------
    int
        Number of patients who gave the finding to another.
    """
    before = draft.present[finding.name]
    in_remission = draft.response == REMISSION
    asked_for = np.zeros(draft.patients, dtype=bool)
    for profile in published_figures().finding_profiles:
        if profile.variable == finding.name:
            asked_for |= has_indication(profile, draft.indications)
    excess = int((before & in_remission).sum()) - finding.lost
    if excess <= 0:
        return 0
    gives = np.flatnonzero(before & in_remission & ~asked_for)
    takes = np.flatnonzero(~before & ~in_remission & ~asked_for)
    if min(len(gives), len(takes)) < excess:
        raise _TryAgain
    before[rng.choice(gives, excess, replace=False)] = False
    before[rng.choice(takes, excess, replace=False)] = True
    return excess


def _values_after(rng: np.random.Generator, draft: Draft) -> None:
    figures = published_figures()
    noise = draw_scores(rng, draft.patients, tuple(figures.laboratory))
    for name, row in figures.laboratory.items():
        if row.after is None:
            continue
        r = score_correlation(name)
        score = r * draft.scores[name] + np.sqrt(1 - r * r) * noise[name]
        values = exact_values(row.after, draft.patients, rng)
        draft.values_after[name] = values[np.argsort(np.argsort(score))]
    settle_after(rng, draft)
    for name, row in figures.laboratory.items():
        rule = after_rule(name, draft)
        if row.reproducible:
            _reach_p(row, draft, rule or _anything)
        if rule is not None:
            _demand(rule, draft.values_after[name])


def _anything(patients: Ints, _values: Floats) -> Flags:
    return np.ones(len(patients), dtype=bool)


def _reach_p(row: Measurement, draft: Draft, rule: Allowed) -> None:
    """Exchange values after treatment until the test prints the published p."""
    before, after = draft.values[row.name], draft.values_after[row.name]
    if row.before.statistic == "median":
        goal = float(np.corrcoef(before, after)[0, 1])
        while _wilcoxon(before, after) >= LONGEST_P:
            goal += 0.05
            if goal > 1:
                raise _TryAgain
            after = steer(before, after, goal, 0.02, rule)
        draft.values_after[row.name] = after
        return
    low, high = _correlations_of_p(before, after, _p_range(row))
    margin = min(_MARGIN, (high - low) / 4)
    r = float(np.corrcoef(before, after)[0, 1])
    if not low + margin <= r <= high - margin:
        goal = float(np.clip(row.correlation, low + 2 * margin, high - 2 * margin))
        after = steer(before, after, goal, margin, rule)
        if not low < float(np.corrcoef(before, after)[0, 1]) < high:
            raise _TryAgain
    draft.values_after[row.name] = after


def _p_range(row: Measurement) -> tuple[float, float]:
    """Values of p that print as published: 0.002 from 0.0015 to 0.0025, with room to spare."""
    assert row.p is not None  # noqa: S101 - every row of Tables 3 and 4 has one
    if row.p.startswith("<"):
        return 0.0, LONGEST_P
    half = 0.5 * 10.0 ** -len(row.p.partition(".")[2])
    return float(row.p) - 0.96 * half, float(row.p) + 0.96 * half


def _correlations_of_p(
    before: Floats, after: Floats, p: tuple[float, float]
) -> tuple[float, float]:
    """Correlations at which the paired t-test of these values has a p in a range.

    t = mean difference / (SD of differences / sqrt n), and the variance of the differences is the
    sum of the variances less twice r times the SDs.
    """
    from scipy.special import stdtrit

    n = len(before)
    sd, sd_after = before.std(ddof=1), after.std(ddof=1)
    mean = abs(float(before.mean() - after.mean()))

    def correlation(p_value: float) -> float:
        if p_value <= 0:
            return 1.0
        sd_of_difference = mean * np.sqrt(n) / stdtrit(n - 1, 1 - p_value / 2)
        r = (sd**2 + sd_after**2 - sd_of_difference**2) / (2 * sd * sd_after)
        return float(np.clip(r, -1, 1))

    low, high = correlation(p[1]), correlation(p[0])
    if low >= high:
        raise _TryAgain
    return low, high


def _wilcoxon(before: Floats, after: Floats) -> float:
    """Two-sided p of the signed-rank test, by the normal approximation with ties.

    It decides on exchanges alone: at 31 patients and p < 0.001 it is larger than the exact p.
    """
    from scipy.special import ndtr

    difference = (before - after)[before != after]
    _, tied, times = np.unique(np.abs(difference), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[tied]
    n, positive = len(difference), float(ranks[difference > 0].sum())
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((times**3 - times).sum()) / 48
    return float(2 * ndtr(-abs(positive - n * (n + 1) / 4) / np.sqrt(variance)))


def _late_events(rng: np.random.Generator, draft: Draft) -> None:
    """Death follows a flare, which nothing else in the tables contradicts."""
    count = published_figures().counted["died"].n
    scores = np.where(draft.response == FLARE, rng.random(draft.patients), -np.inf)
    draft.present["died"] = _highest(scores, count)
