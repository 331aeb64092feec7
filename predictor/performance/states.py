"""How well probabilities of several ordered states fit what became of the patients.

Everything is written for rows of refits, each with the counts of its own resample (see
`predictor.performance.weighted`): state (n,), probability (rows, n, states), count (rows, n).

- **ORC**, the ordinal c of Van Calster et al. (Biom J 2012;54:674): the c statistic of each pair
  of states, and their plain mean, so that a small state counts as much as a large one;
- **generalised c** (Harrell): all pairs of patients in different states; (Somers' D + 1) / 2;
- **log loss**, and the **Brier score** of all states: sum of squared distances;
- **ranked probability score** (Epstein, J Appl Meteorol 1969;8:985) over the cumulative
  probabilities, divided by states - 1: a miss by two states costs more than a miss by one;
- **calibration of each state** against all others: intercept with slope 1, and slope (Cox).

Both c order patients by the expected position of their state, which for proportional odds is the
order of the one sum of coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from predictor.performance.recalibration import recalibrate
from predictor.performance.scores import LOG_LOSS_CLIP
from predictor.performance.weighted import weighted_auroc

Floats = NDArray[np.float64]
States = NDArray[np.int64]


def expected_state(probability: Floats) -> Floats:
    """Mean position of the state, shape (..., n).

    >>> expected_state(np.array([0.2, 0.3, 0.5])).item()
    1.3
    """
    return np.asarray(probability @ np.arange(probability.shape[-1], dtype=np.float64))


def log_loss_of_states(state: States, probability: Floats) -> Floats:
    """Of each patient, shape (..., n)."""
    own = np.take_along_axis(
        probability, np.broadcast_to(state[:, None], (*probability.shape[:-1], 1)), axis=-1
    )[..., 0]
    return np.asarray(-np.log(np.clip(own, LOG_LOSS_CLIP, 1.0)))


def brier_of_states(state: States, probability: Floats) -> Floats:
    """Of each patient, shape (..., n): 0 is right, 2 is certain and wrong."""
    seen = np.eye(probability.shape[-1])[state]
    return np.asarray(np.square(probability - seen).sum(axis=-1))


def ranked_probability_score(state: States, probability: Floats) -> Floats:
    """Of each patient, shape (..., n): 0 is right, 1 is certain and wrong from end to end.

    >>> ranked_probability_score(np.array([2]), np.array([[1.0, 0.0, 0.0]])).item()
    1.0
    """
    states = probability.shape[-1]
    seen = np.eye(states)[state].cumsum(axis=-1)[..., :-1]
    told = probability.cumsum(axis=-1)[..., :-1]
    return np.asarray(np.square(told - seen).sum(axis=-1) / (states - 1))


SCORES = {
    "log_loss": log_loss_of_states,
    "brier": brier_of_states,
    "rps": ranked_probability_score,
}
"""Name -> score of each patient; smaller is better."""


def concordance(state: States, score: Floats, count: Floats, states: int) -> tuple[Floats, Floats]:
    """The c statistic of each pair of states, and how many pairs of patients are behind it.

    Parameters
    ----------
    state : shape (n,)
    score : shape (rows, n)
        Higher for patients who are expected in a better state.
    count : shape (rows, n)
    states
        How many there are.

    Returns
    -------
    c, pairs : shape (rows, pairs of states)
        NaN where one of the two states has nobody.
    """
    areas, pairs = [], []
    for worse, better in combinations(range(states), 2):
        rows = np.flatnonzero((state == worse) | (state == better))
        event = (state[rows] == better).astype(np.float64)
        times = count[:, rows]
        areas.append(weighted_auroc(event, score[:, rows], times))
        of_better = times @ event
        pairs.append(of_better * (times.sum(axis=1) - of_better))
    return np.stack(areas, axis=1), np.stack(pairs, axis=1)


def pair_names(states: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The pairs of states in the order of :func:`concordance`."""
    return tuple(combinations(states, 2))


def ordinal_c(areas: Floats, pairs: Floats) -> dict[str, Floats]:
    """ORC and generalised c from the pairs of states, shape (rows,) each."""
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = np.where(pairs > 0.0, areas * pairs, 0.0).sum(axis=1) / pairs.sum(axis=1)
    return {"orc": areas.mean(axis=1), "generalised_c": weighted}


def mean_scores(state: States, probability: Floats, count: Floats) -> dict[str, Floats]:
    """Mean scores of each row, and the share that they explain of those of the rows' own shares."""
    total = count.sum(axis=1)
    states = probability.shape[-1]
    share = np.stack([count @ (state == k) for k in range(states)], axis=1) / total[:, None]
    # A share of 0 belongs to nobody in the row.
    alone = np.repeat(share[:, None, :], len(state), axis=1)
    found: dict[str, Floats] = {}
    for name, score in SCORES.items():
        own = (count * score(state, probability)).sum(axis=1) / total
        without = (count * score(state, alone)).sum(axis=1) / total
        found[name] = own
        with np.errstate(invalid="ignore", divide="ignore"):
            found[f"scaled_{name}"] = 1.0 - own / without
    return found


def calibration_of_states(
    state: States, probability: Floats, count: Floats, names: tuple[str, ...]
) -> dict[str, Floats]:
    """Intercept and slope of each state against all others, shape (rows,) each."""
    found: dict[str, Floats] = {}
    for k, name in enumerate(names):
        lines = recalibrate((state == k).astype(np.float64), probability[..., k], count)
        found[f"intercept_{name}"] = lines.intercept
        found[f"slope_{name}"] = lines.slope
    return found


def figures(
    state: States, probability: Floats, count: Floats, names: tuple[str, ...]
) -> Mapping[str, Floats]:
    """Every figure of each row, shape (rows,); NaN where it is not defined.

    Parameters
    ----------
    state : shape (n,)
        Position of each patient's state, worst first.
    probability : shape (rows, n, states)
    count : shape (rows, n)
        How often each patient stands in the row's sample.
    names
        Of the states.
    """
    areas, pairs = concordance(state, expected_state(probability), count, len(names))
    return {
        **ordinal_c(areas, pairs),
        **mean_scores(state, probability, count),
        **calibration_of_states(state, probability, count, names),
    }
