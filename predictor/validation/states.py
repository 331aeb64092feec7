"""Internal validation of models of several ordered states.

The same plan as for an event: repeated stratified cross-validation for the comparison, and for
the chosen model a bootstrap with the whole of its tuning repeated. Both c are corrected by .632+
with an interval from the patients whom the resamples left out, as the AUROC is, since Harrell's
correction leaves them above 0.5 in small cohorts without signal; all other figures by Harrell's
optimism. Both c count pairs of the same test fold only; calibration uses out-of-fold probabilities
averaged over the repeats. Intervals of cross-validated figures are bootstrap intervals over
patients, without refitting; those of Harrell's figures shift the distribution of the apparent
figure over the refits by the optimism (Noma et al., Stat Med 2021;40:5691), or where the fit
itself fixes the figure (calibration) are those of the optimism.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.learning.resampling import bootstrap
from predictor.learning.splits import RepeatedFolds
from predictor.performance.states import (
    SCORES,
    calibration_of_states,
    concordance,
    expected_state,
    ordinal_c,
)
from predictor.performance.states import figures as figures_of
from predictor.validation.corrected import FEWEST_FOR_INTERVAL, weighted_632plus
from predictor.validation.reported import trusted_slope

Floats = NDArray[np.float64]
States = NDArray[np.int64]

RESAMPLES = 500
"""Of patients, for the interval of a cross-validated figure."""

_FEWEST = 40
_TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class StateFigure:
    """One figure, apparent, cross-validated and corrected; None where it is not defined.

    Parameters
    ----------
    name
        Such as ``orc`` or ``slope_remission``.
    apparent
        Of the final model on the patients it has learned from.
    cross_validated, cross_validated_low, cross_validated_high
        Out of fold, with 95% interval.
    corrected, corrected_low, corrected_high
        For optimism, by .632+ or Harrell, with 95% interval.
    optimism
        Mean over the refits; of calibration slopes their median.
    resamples
        Refits in which it is defined.
    """

    name: str
    apparent: float | None
    cross_validated: float | None
    cross_validated_low: float | None
    cross_validated_high: float | None
    corrected: float | None = None
    corrected_low: float | None = None
    corrected_high: float | None = None
    optimism: float | None = None
    resamples: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def out_of_fold(
    state: States, probability: Floats, folds: RepeatedFolds, count: Floats, names: tuple[str, ...]
) -> dict[str, Floats]:
    """Cross-validated figures of samples of the patients, shape (samples,) each.

    Parameters
    ----------
    state : shape (n,)
    probability : shape (repeats, n, states)
        Of each patient by models that have not seen their fold.
    folds
        The plan.
    count : shape (samples, n)
        How often each patient stands in each sample; ones for the cohort itself.
    names
        Of the states.
    """
    total = count.sum(axis=1)
    pairs_of_states = len(names) * (len(names) - 1) // 2
    won, pairs = np.zeros((2, len(count), pairs_of_states))
    for repeat, fold in folds.tasks:
        test = np.flatnonzero(folds.fold[repeat] == fold)
        score = expected_state(probability[repeat, test])
        areas, times = concordance(
            state[test], np.broadcast_to(score, (len(count), test.size)), count[:, test], len(names)
        )
        won += np.where(times > 0.0, areas * times, 0.0)
        pairs += times
    with np.errstate(invalid="ignore", divide="ignore"):
        found = ordinal_c(won / pairs, pairs)
    share = np.stack([count @ (state == k) for k in range(len(names))], axis=1) / total[:, None]
    alone = np.repeat(share[:, None, :], len(state), axis=1)
    for name, score_of in SCORES.items():
        each = np.mean([score_of(state, one) for one in probability], axis=0)
        own = count @ each / total
        without = (count * score_of(state, alone)).sum(axis=1) / total
        found[name] = own
        with np.errstate(invalid="ignore", divide="ignore"):
            found[f"scaled_{name}"] = 1.0 - own / without
    averaged = np.broadcast_to(probability.mean(axis=0), (len(count), *probability.shape[1:]))
    return found | calibration_of_states(state, averaged, count, names)


def cross_validated_figures(
    state: States,
    probability: Floats,
    folds: RepeatedFolds,
    names: tuple[str, ...],
    group: NDArray[np.int64] | None,
    seed: int,
) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Cross-validated figures with 95% intervals over patients: value, low, high."""
    n = len(state)
    once = out_of_fold(state, probability, folds, np.ones((1, n)), names)
    drawn = bootstrap(n, group, resamples=RESAMPLES, seed=seed).count.astype(np.float64)
    many = out_of_fold(state, probability, folds, drawn, names)
    return {name: (_number(value[0]), *_quantiles(many[name])) for name, value in once.items()}


def corrected_figures(
    state: States,
    apparent: Floats,
    refits: Floats,
    count: Floats,
    names: tuple[str, ...],
    beside: Mapping[str, tuple[float | None, float | None, float | None]],
) -> list[StateFigure]:
    """Every figure side by side.

    Parameters
    ----------
    state : shape (n,)
    apparent : shape (n, states)
        Probabilities of the final model.
    refits : shape (resamples, n, states)
        Probabilities of the refits for every patient; none where there was no bootstrap.
    count : shape (resamples, n)
    names
        Of the states.
    beside
        From :func:`cross_validated_figures`.
    """
    n = len(state)
    ones = np.ones((1, n))
    own = figures_of(state, apparent[None], ones, names)
    boot: Mapping[str, Floats] = {}
    test: Mapping[str, Floats] = {}
    beyond: Mapping[str, Floats] = {}
    if len(refits):
        boot = figures_of(state, refits, count, names)
        test = figures_of(state, refits, np.broadcast_to(ones, count.shape), names)
        left_out = (count == 0.0).astype(np.float64)
        beyond = ordinal_c(*concordance(state, expected_state(refits), left_out, len(names)))
    rows = []
    for name, value in own.items():
        first = _number(value[0])
        row = StateFigure(name, first, *beside[name])
        if boot and first is not None:
            if name in beyond:
                row = _by_632plus(row, first, boot[name] - test[name], beyond[name])
            else:
                row = _corrected(row, first, boot[name], test[name])
            if name.startswith("slope_"):
                row = _trusted(row)
        rows.append(row)
    return rows


def _by_632plus(
    row: StateFigure, apparent: float, optimism: Floats, left_out: Floats
) -> StateFigure:
    """A c statistic, corrected by .632+; its interval is that of the patients left out."""
    told = left_out[np.isfinite(left_out)]
    if not told.size:
        return row
    value, _ = weighted_632plus(apparent, float(told.mean()), 0.5, higher_is_better=True)
    low: float | None = None
    high: float | None = None
    if told.size >= FEWEST_FOR_INTERVAL and np.ptp(told) > 0.0:
        distance = np.sqrt(0.632) * (np.quantile(told, _TAILS) - told.mean())
        low, high = (float(min(max(value + d, 0.0), 1.0)) for d in distance)
    mean = float(np.nanmean(optimism)) if np.isfinite(optimism).any() else None
    return replace(
        row,
        corrected=value,
        corrected_low=low,
        corrected_high=high,
        optimism=mean,
        resamples=int(told.size),
    )


def _corrected(row: StateFigure, apparent: float, boot: Floats, test: Floats) -> StateFigure:
    defined = np.isfinite(boot) & np.isfinite(test)
    if not defined.any():
        return row
    optimism = boot[defined] - test[defined]
    # Refits that tell hardly anybody apart have slopes beyond all bounds, which spoil a mean.
    middle = np.median if row.name.startswith("slope_") else np.mean
    mean = float(middle(optimism))
    value = apparent - mean
    low: float | None = None
    high: float | None = None
    if defined.sum() >= FEWEST_FOR_INTERVAL:
        of_apparent, of_optimism = (np.quantile(part, _TAILS) for part in (boot[defined], optimism))
        fixed = row.name.startswith(("slope_", "intercept_"))
        if fixed or np.ptp(of_apparent) < 0.5 * np.ptp(of_optimism):
            low, high = (float(value + mean - of_optimism[i]) for i in (1, 0))
        else:
            low, high = (float(of_apparent[i] - mean) for i in (0, 1))
    return replace(
        row,
        corrected=value,
        corrected_low=low,
        corrected_high=high,
        optimism=mean,
        resamples=int(defined.sum()),
    )


def _trusted(row: StateFigure) -> StateFigure:
    beside = (row.cross_validated, row.cross_validated_low, row.cross_validated_high)
    bounds = (row.corrected, row.corrected_low, row.corrected_high)
    value, low, high = trusted_slope(bounds, beside)
    return replace(row, corrected=value, corrected_low=low, corrected_high=high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _quantiles(values: Floats) -> tuple[float | None, float | None]:
    defined = values[np.isfinite(values)]
    if len(defined) < _FEWEST or not np.ptp(defined) > 0.0:
        return None, None
    low, high = np.quantile(defined, _TAILS)
    return float(low), float(high)
