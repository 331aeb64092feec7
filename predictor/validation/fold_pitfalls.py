"""Pitfalls that fits and folds show: separation, drift of calibration between folds, tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.learning.newton import newton_logistic
from predictor.validation.pitfall import Pitfall, Value, graded, unassessed

Floats = NDArray[np.float64]

DRIFT_WARNING, DRIFT_NOTE, DRIFT_P = 0.15, 0.05, 0.01
EDGE = 0.5
PERMUTATIONS = 999
_FEWEST_PERMUTATIONS = 199
# Permutations times repeats times patients, about two seconds; in a large cohort a part of the
# repeats says enough.
_MOST_WORK = 30_000_000
_CHUNK = 2_000_000


def separation(design: Floats, outcome: NDArray[np.int8]) -> Pitfall:
    """Whether the predictors together separate the outcome.

    Parameters
    ----------
    design : shape (n, q)
        Columns of the model, prepared.
    outcome : shape (n,)
        0 or 1.
    """
    if not design.shape[1]:
        return unassessed("separation", "the model has no predictors")
    separated = newton_logistic(design, outcome).separated
    uniform = 0
    for column in design.T:
        states = np.unique(column)
        # A number with many values always has a largest one.
        if len(states) == 2:
            inside = [outcome[column == state] for state in states]
            uniform += any(len(np.unique(part)) == 1 for part in inside)
    figures: dict[str, Value] = {"separated": separated, "uniform_states": uniform}
    return graded("separation", separated, uniform > 0, figures)


def calibration_drift(
    outcome: NDArray[np.int8],
    probability: Floats,
    fold: NDArray[np.int64],
    person: NDArray[np.int64] | None,
    seed: int,
) -> Pitfall:
    """Whether the models of different folds predict on different levels.

    The spread is the standard deviation over folds of observed less expected share of events,
    after overall calibration in the large, its square averaged over repeats. Chance gives what
    folds drawn anew among patients with the same outcome give, as the stratified folds are drawn;
    what is beyond that in the square is the drift. Folds of whole centres are no such draw, and
    that these differ is what is looked for. The p-value alone would be no evidence: patients are
    predicted by models that have not seen their fold, which moves the levels of the folds apart a
    little in every cohort. So the drift has to be large, too.

    Parameters
    ----------
    outcome : shape (n,)
        0 or 1.
    probability, fold : shape (repeats, n)
        Out-of-fold predictions, and the test fold of each.
    person : shape (n,), optional
        Whose row it is; rows of one person move together.
    seed
        Decides the permutations.
    """
    n = outcome.size
    number = np.arange(n) if person is None else np.unique(person, return_inverse=True)[1]
    number = number.reshape(-1)
    first = np.unique(number, return_index=True)[1]
    event = np.asarray(np.bincount(number, weights=outcome) > 0)
    generator = np.random.default_rng([seed, 19])
    repeats = min(len(probability), max(1, _MOST_WORK // (_FEWEST_PERMUTATIONS * n)))
    drawn = max(_FEWEST_PERMUTATIONS, min(PERMUTATIONS, _MOST_WORK // (repeats * n)))
    real, by_chance = 0.0, np.zeros(drawn)
    for p, folds in zip(probability[:repeats], fold[:repeats], strict=True):
        variance = p * (1.0 - p)
        if not variance.sum() > 0.0:
            return unassessed("calibration_drift", "every prediction is certain")
        residual = outcome - p - variance * (outcome - p).sum() / variance.sum()
        codes = np.unique(folds, return_inverse=True)[1].reshape(-1).astype(np.int64)
        own_sum: Floats = np.asarray(np.bincount(number, weights=residual), dtype=np.float64)
        rows: Floats = np.asarray(np.bincount(number), dtype=np.float64)
        own = codes[first]
        real += float(_spread(own_sum, rows, own[None])[0]) / repeats
        step = max(1, _CHUNK // len(own))
        for start in range(0, drawn, step):
            labels = _redrawn(own, event, min(step, drawn - start), generator)
            by_chance[start : start + len(labels)] += _spread(own_sum, rows, labels) / repeats
    p_value = float((1.0 + np.count_nonzero(by_chance >= real - 1e-15)) / (1.0 + drawn))
    drift = math.sqrt(max(0.0, real - float(by_chance.mean())))
    figures: dict[str, Value] = {
        "drift": drift,
        "spread": math.sqrt(real),
        "by_chance": math.sqrt(float(by_chance.mean())),
        "p_value": p_value,
        "permutations": drawn,
    }
    sure = p_value < DRIFT_P
    return graded(
        "calibration_drift", sure and drift > DRIFT_WARNING, sure and drift > DRIFT_NOTE, figures
    )


def tuning_edge(
    grid: Sequence[Mapping[str, float]], settings: Sequence[Mapping[str, float]]
) -> Pitfall:
    """Whether tuning would have liked to go on beyond its grid.

    Parameters
    ----------
    grid
        What could be chosen.
    settings
        What the folds chose.

    Examples
    --------
    >>> grid = [{"penalty": value} for value in (1.0, 10.0, 100.0)]
    >>> tuning_edge(grid, [grid[2], grid[2], grid[1]]).rows[0]["end"]
    'highest'
    """
    named = {name: sorted({setting[name] for setting in grid}) for name in grid[0]}
    wide = {name: values for name, values in named.items() if len(values) > 2}
    if not wide or not settings:
        return unassessed("tuning_edge", "no setting with three or more values is tuned")
    rows: list[dict[str, Value]] = []
    most = 0.0
    for name, values in wide.items():
        for end, value in (("lowest", values[0]), ("highest", values[-1])):
            share = sum(setting[name] == value for setting in settings) / len(settings)
            most = max(most, share)
            if share >= EDGE:
                rows.append({"setting": name, "end": end, "value": value, "share": share})
    figures: dict[str, Value] = {"share": most, "folds": len(settings)}
    return graded("tuning_edge", False, bool(rows), figures, *rows)


def _spread(residual: Floats, rows: Floats, labels: NDArray[np.int64]) -> Floats:
    """Variance over folds of the mean residual, shape (draws,).

    Parameters
    ----------
    residual, rows : shape (people,)
        Sum of the residuals of each, and number of rows.
    labels : shape (draws, people)
        Fold of each in each draw.
    """
    draws, folds = len(labels), int(labels.max()) + 1
    places = (labels + folds * np.arange(draws)[:, None]).reshape(-1)
    summed, counted = (
        np.bincount(places, weights=np.tile(part, draws), minlength=draws * folds)
        for part in (residual, rows)
    )
    means = summed / np.maximum(counted, 1.0)
    variance: Floats = means.reshape(draws, folds).var(axis=1)
    return variance


def _redrawn(
    own: NDArray[np.int64],
    event: NDArray[np.bool_],
    draws: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Folds drawn anew among people with and among people without the event."""
    labels = np.tile(own, (draws, 1))
    for stratum in (event, ~event):
        labels[:, stratum] = generator.permuted(labels[:, stratum], axis=1)
    return labels
