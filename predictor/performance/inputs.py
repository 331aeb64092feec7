"""Checks at the door of every performance measure.

All refusals are ``ValueError``: they speak to the programmer who calls a formula. No message
carries a patient's value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_outcome(outcome: ArrayLike) -> NDArray[np.float64]:
    """Outcome as floats 0 and 1, shape (n,), n >= 1."""
    values = _as_numbers(outcome, "outcome")
    if values.ndim != 1 or values.size == 0:
        raise ValueError("outcome must be one column with at least one patient")
    if not ((values == 0.0) | (values == 1.0)).all():
        raise ValueError("outcome must be 0 (no event) or 1 (event), none missing")
    return values


def as_two_class_outcome(outcome: ArrayLike) -> NDArray[np.float64]:
    """Outcome as floats 0 and 1, shape (n,), in which both occur."""
    values = as_outcome(outcome)
    if not 0.0 < values.sum() < values.size:
        raise ValueError(
            "outcome has one class only; this measure needs patients with and without the event"
        )
    return values


def as_score(score: ArrayLike, shape: tuple[int, ...], name: str = "score") -> NDArray[np.float64]:
    """Numbers of the given shape, none missing; infinite ones are allowed, they can be ordered."""
    values = _as_numbers(score, name)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, but {shape} was expected")
    if np.isnan(values).any():
        raise ValueError(f"{name} contains missing values; every patient needs a prediction")
    return values


def as_probability(
    probability: ArrayLike, shape: tuple[int, ...], name: str = "probability"
) -> NDArray[np.float64]:
    """Numbers from 0 to 1 of the given shape, none missing."""
    values = as_score(probability, shape, name)
    if ((values < 0.0) | (values > 1.0)).any():
        raise ValueError(f"{name} must lie between 0 and 1; was a score or a percentage given?")
    return values


def _as_numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        # The original message would show the value that cannot be read.
        raise ValueError(f"{name} must consist of numbers") from None
