"""What is kept of a batch of bootstrap refits: figures, not predictions.

Each refit is measured three times: on the patients of its own resample (``boot``), on the whole
cohort (``test``) and on the patients its resample left out (``oob``, out of bag). This is the only
place that sees every prediction of every refit; what leaves it is small, so that batches can be
measured where they were fitted and joined afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.recalibration import recalibrate
from predictor.performance.weighted import (
    weighted_auroc,
    weighted_brier,
    weighted_net_benefit,
    weighted_observed_expected,
    weighted_scaled_brier,
)
from predictor.performance.weighted_curve import weighted_eavg

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Rows times patients measured at once, so that the arrays stay in the processor's cache.
_MOST_ENTRIES = 50_000
# Above as many patients, the smooth calibration curve of a refit is fitted to groups of them.
LONGEST_CURVE = 100
_GROUPS = 64


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of b bootstrap refits of a cohort of n patients.

    Parameters
    ----------
    usable : shape (b,)
        The refit gave predictions that may be used.
    separated : shape (b,)
        The refit has no finite estimate, because its predictors separate events from non-events.
    one_class : shape (b,)
        The resample itself has no event or no non-event.
    boot, test, oob : name of the figure -> shape (b,)
        The refit on its own resample, on the whole cohort and on the patients left out; NaN where
        the refit is not usable or the figure is not defined.
    loss : shape (n,)
        Sum of each patient's squared error over the usable refits that had left the patient out.
    left_out : shape (n,)
        The number of those refits.
    tracked : shape (m,)
        Row numbers of the patients whose predictions are kept.
    probability : shape (b, m)
        Prediction of each tracked patient by each refit, NaN where the refit is not usable.
    """

    usable: Flags
    separated: Flags
    one_class: Flags
    boot: Mapping[str, Floats]
    test: Mapping[str, Floats]
    oob: Mapping[str, Floats]
    loss: Floats
    left_out: NDArray[np.int64]
    tracked: NDArray[np.intp]
    probability: Floats


def net_benefit_name(threshold: float) -> str:
    """Name of the net benefit at a threshold.

    >>> net_benefit_name(0.25)
    'net_benefit_0.25'
    """
    return f"net_benefit_{threshold:g}"


def measure(
    outcome: ArrayLike,
    probability: ArrayLike,
    count: ArrayLike,
    usable: ArrayLike,
    thresholds: Sequence[float],
    tracked: ArrayLike | None = None,
    separated: ArrayLike | None = None,
) -> Measured:
    """Measure a batch of refits.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability : shape (b, n)
        Prediction of every patient by each refit; rows of refits that are not usable are ignored.
    count : shape (b, n)
        How many times the patient was drawn into the resample.
    usable : shape (b,)
        Whether the refit may be used.
    thresholds
        Risk thresholds of the net benefit.
    tracked : shape (m,), optional
        Row numbers of the patients whose predictions are kept, all unless given.
    separated : shape (b,), optional
        Which refits have no finite estimate; only counted.

    Raises
    ------
    ValueError
        If shapes differ, the prediction of a usable refit is missing or not between 0 and 1, or a
        threshold is not strictly between 0 and 1.
    """
    y = np.asarray(outcome, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    times = np.asarray(count)
    may = np.asarray(usable, dtype=bool)
    rows = np.arange(y.size) if tracked is None else np.asarray(tracked, dtype=np.intp)
    apart = np.zeros(may.size, dtype=bool) if separated is None else np.asarray(separated, bool)
    if p.shape != (may.size, y.size) or times.shape != p.shape or apart.shape != may.shape:
        raise ValueError(
            "probability and count must have shape (b, n), usable and separated (b,), outcome (n,)"
        )
    block = max(1, _MOST_ENTRIES // y.size)
    starts = range(0, max(1, may.size), block)
    parts = [slice(start, start + block) for start in starts]
    return joined([_measured(y, p[s], times[s], may[s], apart[s], thresholds, rows) for s in parts])


def joined(parts: Sequence[Measured]) -> Measured:
    """Batches of refits of one cohort as one, in the order given.

    Raises
    ------
    ValueError
        If there is no batch, or the batches hold other figures or track other patients.
    """
    if not parts:
        raise ValueError("there is no batch to join")
    first = parts[0]
    for part in parts[1:]:
        same = part.boot.keys() == first.boot.keys() and part.loss.shape == first.loss.shape
        if not same or not np.array_equal(part.tracked, first.tracked):
            raise ValueError("batches of different cohorts, figures or tracked patients")
    if len(parts) == 1:
        return first
    return Measured(
        usable=np.concatenate([part.usable for part in parts]),
        separated=np.concatenate([part.separated for part in parts]),
        one_class=np.concatenate([part.one_class for part in parts]),
        boot=_joined([part.boot for part in parts]),
        test=_joined([part.test for part in parts]),
        oob=_joined([part.oob for part in parts]),
        loss=np.sum([part.loss for part in parts], axis=0),
        left_out=np.sum([part.left_out for part in parts], axis=0),
        tracked=first.tracked,
        probability=np.concatenate([part.probability for part in parts]),
    )


def figures(
    outcome: ArrayLike,
    probability: ArrayLike,
    count: ArrayLike,
    thresholds: Sequence[float],
    groups: int | None = None,
) -> dict[str, Floats]:
    """Every figure of each row of predictions among its patients, NaN where it is not defined.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    probability, count : shape (b, n)
        Predictions, and how many times each patient stands in the sample.
    thresholds
        Risk thresholds of the net benefit.
    groups
        Of :func:`predictor.performance.weighted_curve.weighted_eavg`.

    Returns
    -------
    Name of the figure -> shape (b,), in the order in which they are shown.
    """
    calibration = recalibrate(outcome, probability, count)
    benefit = weighted_net_benefit(outcome, probability, count, thresholds)
    return {
        "auroc": weighted_auroc(outcome, probability, count),
        "brier": weighted_brier(outcome, probability, count),
        "scaled_brier": weighted_scaled_brier(outcome, probability, count),
        "calibration_intercept": calibration.intercept,
        "calibration_slope": calibration.slope,
        "calibration_intercept_joint": calibration.joint_intercept,
        "observed_expected": weighted_observed_expected(outcome, probability, count),
        "eavg": weighted_eavg(outcome, probability, count, groups),
    } | {net_benefit_name(t): benefit[:, i] for i, t in enumerate(thresholds)}


def _measured(
    y: Floats,
    probability: Floats,
    count: NDArray[np.generic],
    usable: Flags,
    separated: Flags,
    thresholds: Sequence[float],
    tracked: NDArray[np.intp],
) -> Measured:
    p = probability[usable]
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise ValueError("probability of a usable refit must lie between 0 and 1, none missing")
    drawn = np.asarray(count, dtype=np.float64)
    events = drawn @ y
    times = drawn[usable]
    absent = times == 0.0
    groups = _GROUPS if y.size > LONGEST_CURVE else None
    kept = np.full((usable.size, tracked.size), np.nan)
    kept[usable] = p[:, tracked]
    return Measured(
        usable=usable.copy(),
        separated=separated.copy(),
        one_class=(events == 0.0) | (events == drawn.sum(axis=1)),
        boot=_spread(figures(y, p, times, thresholds, groups), usable),
        test=_spread(figures(y, p, np.ones_like(times), thresholds, groups), usable),
        oob=_spread(figures(y, p, absent.astype(np.float64), thresholds, groups), usable),
        loss=np.where(absent, np.square(p - y), 0.0).sum(axis=0),
        left_out=absent.sum(axis=0, dtype=np.int64),
        tracked=tracked,
        probability=kept,
    )


def _spread(of_usable: Mapping[str, Floats], usable: Flags) -> dict[str, Floats]:
    """The same figures at their places among all refits, NaN where there is none."""
    full = {}
    for name, values in of_usable.items():
        full[name] = np.full(usable.size, np.nan)
        full[name][usable] = values
    return full


def _joined(parts: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
