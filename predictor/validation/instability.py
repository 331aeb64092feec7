"""How much the model would have been another one: prediction, choice and explanation.

The refits of the bootstrap are models that samples like this one give rise to. How far they
disagree about the same patient is the instability of Riley and Collins (Biom J 2023;65:2200302);
what they chose and which variables they lean on says how far choice and explanation can be
trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.performance.inputs import as_probability

Floats = NDArray[np.float64]

#: The range of a patient's predictions, and the interval of a mean absolute SHAP value.
LEVEL = 0.95
#: How many variables count as the top of the explanation.
TOP = 3
#: Fewer usable refits than this give no range: its 2.5% quantile would rest on two of them.
FEWEST_FOR_RANGE = 100


@dataclass(frozen=True, slots=True)
class PredictionInstability:
    """What the refits say of each patient that is tracked; columns of shape (m,).

    Parameters
    ----------
    original
        Probability by the final model.
    low, high
        Range of the middle 95% of the refits; None with fewer than 100 usable refits.
    mean_absolute_error
        Mean distance of the refits' probabilities from the original one (MAPE of Riley and
        Collins), in probability.
    classification : threshold -> shape (m,)
        Share of the refits that put the patient on the other side of the threshold.
    refits
        Usable refits behind all of this.
    """

    original: Floats
    low: Floats | None
    high: Floats | None
    mean_absolute_error: Floats
    classification: Mapping[float, Floats]
    refits: int

    @property
    def mean(self) -> float:
        """Mean over patients of the mean absolute prediction error."""
        return float(self.mean_absolute_error.mean())

    @property
    def width(self) -> float | None:
        """Mean over patients of the width of the range."""
        if self.low is None or self.high is None:
            return None
        return float((self.high - self.low).mean())

    def to_dict(self) -> dict[str, Any]:
        """Summaries over patients for JSON; no patient can be found in them."""
        return {
            "refits": self.refits,
            "patients": int(self.original.size),
            "level": LEVEL,
            "mean_absolute_prediction_error": self.mean,
            "mean_width_of_range": self.width,
            "classification": [
                {"threshold": threshold, "mean": float(share.mean())}
                for threshold, share in self.classification.items()
            ],
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """How often the refits chose something.

    Parameters
    ----------
    name
        What was chosen.
    refits
        How many usable refits chose it.
    share
        The same of all usable refits.
    """

    name: str
    refits: int
    share: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ExplanationStability:
    """How stable the weight of one variable is over the refits.

    Parameters
    ----------
    variable
        Its name.
    top
        Share of the refits in which it is among the three with the largest mean |SHAP|. A place
        that several variables tie for is shared among them; a variable without any contribution
        is never at the top.
    mean_absolute_shap
        Mean over the refits, on the scale of the model.
    low, high
        Middle 95% of the refits; None with fewer than 100 of them.
    refits
        Refits behind these.
    """

    variable: str
    top: float
    mean_absolute_shap: float
    low: float | None
    high: float | None
    refits: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def prediction_instability(
    original: ArrayLike, probability: ArrayLike, usable: ArrayLike, thresholds: Sequence[float]
) -> PredictionInstability | None:
    """Compare the refits' predictions of each patient with the original one.

    Parameters
    ----------
    original : shape (m,)
        Probability of each tracked patient by the final model.
    probability : shape (b, m)
        Probability by each refit, as in :class:`predictor.validation.measured.Measured`.
    usable : shape (b,)
        Which refits count.
    thresholds
        At or above one, a patient counts as positive.

    Returns
    -------
    None where no refit is usable or no patient is tracked.

    Raises
    ------
    ValueError
        If shapes differ, or the probability of a usable refit is missing or not between 0 and 1.

    Examples
    --------
    >>> unstable = prediction_instability([0.4, 0.6], [[0.5, 0.6], [0.1, 0.6]], [True, True], [0.5])
    >>> unstable.mean_absolute_error
    array([0.2, 0. ])
    >>> unstable.classification[0.5]
    array([0.5, 0. ])
    """
    first = np.asarray(original, dtype=np.float64)
    first = as_probability(first, (first.size,), "original")
    may = np.asarray(usable, dtype=bool)
    every = np.asarray(probability, dtype=np.float64)
    if every.shape != (may.size, first.size):
        raise ValueError(
            f"probability has shape {every.shape}, but {(may.size, first.size)} was expected"
        )
    refits = every[may]
    if not refits.size:
        return None
    as_probability(refits, refits.shape)
    low = high = None
    if len(refits) >= FEWEST_FOR_RANGE:
        low, high = np.quantile(refits, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], axis=0)
    return PredictionInstability(
        original=first,
        low=low,
        high=high,
        mean_absolute_error=np.abs(refits - first).mean(axis=0),
        classification={
            threshold: ((refits >= threshold) != (first >= threshold)).mean(axis=0)
            for threshold in thresholds
        },
        refits=len(refits),
    )


def choices(chosen: ArrayLike, usable: ArrayLike, names: Sequence[str]) -> tuple[Choice, ...]:
    """How often each name was chosen by the usable refits, most often first.

    Parameters
    ----------
    chosen : shape (b,)
        Position among ``names``: of a candidate, or of a setting of one candidate.
    usable : shape (b,)
        Which refits count.
    names
        What can be chosen; ties keep this order.

    Raises
    ------
    ValueError
        If shapes differ or a usable refit chose something that has no name.

    Examples
    --------
    >>> [choice.share for choice in choices([0, 1, 1, 0], [True, True, True, False], ["a", "b"])]
    [0.6666666666666666, 0.3333333333333333]
    """
    may = np.asarray(usable, dtype=bool)
    positions = np.asarray(chosen)
    if positions.shape != may.shape:
        raise ValueError("chosen and usable must have one entry for each refit")
    taken = positions[may]
    if taken.size and not ((taken >= 0) & (taken < len(names))).all():
        raise ValueError("a refit chose something that has no name")
    count = np.bincount(taken.astype(np.intp), minlength=len(names))
    total = max(taken.size, 1)
    rows = [
        Choice(name, int(times), float(times / total))
        for name, times in zip(names, count, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -row.refits))


def explanation_stability(
    mean_absolute_shap: ArrayLike, usable: ArrayLike, variables: Sequence[str]
) -> tuple[ExplanationStability, ...]:
    """How often each variable is at the top, and how far its mean |SHAP| varies.

    Parameters
    ----------
    mean_absolute_shap : shape (b, variables)
        Of each refit; NaN counts as 0 where a refit did not use the variable, and a row of NaN
        (a refit without explanation) is left out.
    usable : shape (b,)
        Which refits count.
    variables
        Their names.

    Returns
    -------
    One row for each variable, the largest mean |SHAP| first; empty where no refit was explained.

    Raises
    ------
    ValueError
        If shapes differ or a value is negative or infinite.
    """
    may = np.asarray(usable, dtype=bool)
    values = np.asarray(mean_absolute_shap, dtype=np.float64)
    if values.shape != (may.size, len(variables)):
        raise ValueError(
            f"mean_absolute_shap has shape {values.shape}, but {(may.size, len(variables))} was "
            "expected"
        )
    explained = values[may & ~np.isnan(values).all(axis=1)] if values.size else values[:0]
    if not explained.size:
        return ()
    size = np.where(np.isnan(explained), 0.0, explained)
    if not ((size >= 0.0) & np.isfinite(size)).all():
        raise ValueError("mean |SHAP| must be 0 or more and finite")
    top = _share_of_top(size).mean(axis=0)
    mean = size.mean(axis=0)
    low: list[float] | list[None] = [None] * len(variables)
    high: list[float] | list[None] = low
    if len(size) >= FEWEST_FOR_RANGE:
        bounds = np.quantile(size, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], axis=0)
        low, high = bounds.tolist()
    return tuple(
        ExplanationStability(
            variables[i], float(top[i]), float(mean[i]), low[i], high[i], len(size)
        )
        for i in np.argsort(-mean, kind="stable")
    )


def _share_of_top(size: Floats) -> Floats:
    """Each variable's share of the top places of each refit, shape as ``size``.

    Variables above the last place that counts have 1 and those below it 0; those tied on it share
    the places that are left.
    """
    places = min(TOP, size.shape[1])
    last = -np.partition(-size, places - 1, axis=1)[:, places - 1 : places]
    above, tied = size > last, size == last
    left = places - above.sum(axis=1, keepdims=True)
    share = np.where(above, 1.0, np.where(tied, left / tied.sum(axis=1, keepdims=True), 0.0))
    return np.where(size > 0.0, share, 0.0)
