"""Solving one or two equations; importing scipy's solvers takes longer than 31 patients do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ITERATIONS = 100


def root_between(
    function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-9
) -> float:
    """Root of a function that changes its sign between two points.

    Regula falsi with the Illinois rule (Dowell and Jarratt, BIT 1971;11:168).

    >>> round(root_between(lambda x: x * x - 2, 0.0, 2.0), 6)
    1.414214
    """
    at_low, at_high = function(low), function(high)
    if at_low * at_high > 0:
        raise ArithmeticError("the function has the same sign at both ends")
    middle = low
    for _ in range(_ITERATIONS):
        if abs(high - low) <= tolerance or at_low == at_high:
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        value = function(middle)
        if abs(value) <= tolerance:
            break
        if value * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2  # the end that stays counts less, so that it moves in the end
        high, at_high = middle, value
    return middle


def root_of_two(
    function: Callable[[Floats], Floats], start: Floats, tolerance: float = 1e-10
) -> Floats:
    """Root of two equations in two unknowns by Newton's method with step halving.

    Raises
    ------
    ArithmeticError
        If it is not found from this start.
    """
    point, value = start, function(start)
    for _ in range(_ITERATIONS):
        size = float(np.abs(value).max())
        if size <= tolerance:
            return point
        shifts = np.eye(2) * 1e-6
        slope = np.column_stack([(function(point + s) - value) / 1e-6 for s in shifts])
        step = np.linalg.solve(slope, value)
        while np.abs(function(point - step)).max() >= size and np.abs(step).max() > 1e-12:
            step = step / 2
        point = point - step
        value = function(point)
    raise ArithmeticError("the two equations were not solved")
