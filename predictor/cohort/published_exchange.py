"""Changing who has which value, never which values there are.

Distributions and printed figures of a column do not depend on the order of its values. So a rule
about one patient (a part is smaller than the whole) is met by exchanging values between patients,
and so is a correlation that a printed p-value asks for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Allowed = Callable[[Ints, Floats], NDArray[np.bool_]]
"""From positions of patients and a value for each to whether each may have it."""

_ROUNDS = 40


def exchange(rng: np.random.Generator, values: Floats, allowed: Allowed) -> Ints:
    """Order that gives every patient an allowed value, found by random exchanges of two.

    Parameters
    ----------
    rng
        Source of randomness.
    values
        Shape (patients,).
    allowed
        The rule.

    Returns
    -------
    Ints
        ``values[order]`` obeys the rule, but for patients for whom no partner was found.
    """
    order = np.arange(len(values))
    bad = np.flatnonzero(~allowed(order, values))
    for _ in range(_ROUNDS):
        if not len(bad):
            break
        partners = rng.integers(len(values), size=len(bad))
        partners, first = np.unique(partners, return_index=True)
        mine = bad[first]
        fits = ~np.isin(partners, bad)
        fits &= allowed(mine, values[order[partners]]) & allowed(partners, values[order[mine]])
        mine, partners = mine[fits], partners[fits]
        order[mine], order[partners] = order[partners], order[mine]
        bad = bad[~allowed(bad, values[order[bad]])]
    everybody = np.arange(len(values))
    for patient in bad:  # few are left, and for them everybody is asked
        fits = allowed(np.full(len(values), patient), values[order])
        fits &= allowed(everybody, np.full(len(values), values[order[patient]]))
        partners = np.flatnonzero(fits)
        if len(partners):
            chosen = rng.choice(partners)
            order[[patient, chosen]] = order[[chosen, patient]]
    return order


def steer(before: Floats, after: Floats, goal: float, tolerance: float, allowed: Allowed) -> Floats:
    """Exchange values after treatment until they correlate with those before as wanted.

    Parameters
    ----------
    before, after
        Shape (patients,).
    goal
        Pearson correlation to come near to.
    tolerance
        How near.
    allowed
        The rule that the values after treatment keep.

    Returns
    -------
    Floats
        The values after treatment in another order; as near as exchanges of two come.
    """
    n = len(before)
    patients = np.arange(n)
    after = after.copy()
    scale = n * before.std() * after.std()
    for _ in range(20 * n):
        r = float(((before - before.mean()) * (after - after.mean())).sum() / scale)
        if abs(r - goal) <= tolerance:
            break
        # Exchanging i and j changes the sum of products by -(b_i - b_j)(a_i - a_j).
        change = -np.subtract.outer(before, before) * np.subtract.outer(after, after) / scale
        may = np.array([allowed(np.full(n, i), after) for i in patients])
        distance = np.where(may & may.T, np.abs(r + change - goal), np.inf)
        i, j = np.unravel_index(int(distance.argmin()), distance.shape)
        if distance[i, j] >= abs(r - goal):
            break
        after[[i, j]] = after[[j, i]]
    return after
