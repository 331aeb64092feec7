"""Decision curves: what acting on the predictions is worth at each risk threshold.

Net benefit is that of Vickers and Elkin (Medical Decision Making 2006;26:565-574). A patient is
treated as positive if the probability is at least the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.inputs import as_outcome, as_probability

# k / 100 is the number that 0.07 is read as; 7 * 0.01 is not.
PERCENTS: tuple[float, ...] = tuple(k / 100 for k in range(1, 100))


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """Net benefit at one threshold, in true positives per patient.

    Parameters
    ----------
    threshold
        Probability from which a patient counts as positive.
    true_positives, false_positives
        Patients with and without the event among the positive ones.
    model
        Of acting on the model.
    treat_all, treat_none
        Of acting in everybody, and in nobody (0 by definition).
    standardised
        ``model`` as a share of the best possible value, the prevalence; ``None`` without events.
    interventions_avoided
        Net reduction of interventions per patient, against acting in everybody, with no more
        events left untreated.
    """

    threshold: float
    true_positives: int
    false_positives: int
    model: float
    treat_all: float
    treat_none: float
    standardised: float | None
    interventions_avoided: float


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit of one model over thresholds.

    Parameters
    ----------
    n, events
        Patients, and those of them with the event.
    rows
        One for each threshold, in the order asked for.
    """

    n: int
    events: int
    rows: tuple[NetBenefit, ...]


def net_benefit(
    outcome: ArrayLike, probability: ArrayLike, thresholds: Sequence[float] = PERCENTS
) -> DecisionCurve:
    """Net benefit of acting where the probability is at least the threshold.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event. One class is enough.
    probability : shape (n,)
        Predicted probability of the event, 0 to 1.
    thresholds
        Strictly between 0 and 1; the default is 1% to 99%. They are taken as written, to 12
        decimals, so that a sequence made by adding up 0.01 does what it looks like.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a probability lies outside 0 to 1 or a threshold
        is not strictly between.

    Examples
    --------
    >>> net_benefit([0, 0, 1, 1], [0.1, 0.5, 0.4, 0.8], [0.5]).rows[0].model  # 1/4 - 1/4 * 1
    0.0
    """
    y = as_outcome(outcome)
    p = as_probability(probability, y.shape)
    cut = as_thresholds(thresholds)
    n, events = y.size, int(y.sum())
    with_event, without = (
        (count - np.searchsorted(np.sort(p[y == state]), cut, side="left")).tolist()
        for state, count in ((1.0, events), (0.0, n - events))
    )
    rows = []
    for threshold, true, false in zip(cut.tolist(), with_event, without, strict=True):
        odds = threshold / (1.0 - threshold)
        model = true / n - false / n * odds
        treat_all = events / n - (n - events) / n * odds
        rows.append(
            NetBenefit(
                threshold=threshold,
                true_positives=true,
                false_positives=false,
                model=model,
                treat_all=treat_all,
                treat_none=0.0,
                standardised=model * n / events if events else None,
                interventions_avoided=(model - treat_all) / odds,
            )
        )
    return DecisionCurve(n, events, tuple(rows))


def as_thresholds(thresholds: Sequence[float]) -> NDArray[np.float64]:
    """Thresholds strictly between 0 and 1, as written.

    Examples
    --------
    >>> as_thresholds([0.1 + 0.2]).tolist()
    [0.3]
    """
    try:
        cut = np.asarray(thresholds, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("thresholds must be numbers") from None
    if cut.ndim != 1 or cut.size == 0:
        raise ValueError("thresholds must be a list of at least one number")
    written = np.array([round(value, 12) for value in cut.tolist()])
    if not ((written > 0.0) & (written < 1.0)).all():
        raise ValueError("thresholds must lie strictly between 0 and 1, for example 0.25")
    return written
