"""Everything known before treatment, for any number of patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor.cohort.published_draft import Draft, Flags, Floats, Ints
from predictor.cohort.published_exchange import Allowed, exchange
from predictor.cohort.published_figures import published_figures
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
            absent = 1 - figures.counted[name].n / figures.patients
            draft.present[name] = scores[name] > ndtri(absent)
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
