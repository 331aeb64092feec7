"""Which fits a pooled cross-validation needs, and which penalty it chooses.

Every fold is left out, so that the penalty of the final fit is chosen by log loss on patients who
took no part; and every pair of folds, so that the penalty of each fit that is validated is chosen
without the fold it is validated on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

FEWEST_FOR_NESTING = 3
"""Folds below which no penalty can be chosen without the fold that is validated on."""

LeftOut = tuple[int, ...]
"""Folds that a fit leaves out, rising; empty for the fit to everybody."""

Losses = Mapping[tuple[LeftOut, float, int], float]
"""Summed log loss by what was left out, penalty, and the fold that was predicted."""


def left_outs(folds: int) -> tuple[LeftOut, ...]:
    """What fits leave out.

    >>> left_outs(3)
    ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
    """
    pairs = combinations(range(folds), 2) if folds >= FEWEST_FOR_NESTING else ()
    return ((), *((fold,) for fold in range(folds)), *pairs)


def final_penalty(losses: Losses, penalties: Sequence[float], folds: int) -> float:
    """The penalty with the smallest log loss over all folds; the strongest of equals."""
    return min(
        sorted(penalties, reverse=True),
        key=lambda one: sum(losses[(fold,), one, fold] for fold in range(folds)),
    )


def penalty_without(losses: Losses, penalties: Sequence[float], folds: int, fold: int) -> float:
    """The penalty that would have been chosen without one fold.

    With two folds nothing can be compared, and the middle of the grid is taken, as in every tuning
    of this package.
    """
    ordered = sorted(penalties, reverse=True)
    if folds < FEWEST_FOR_NESTING:
        return ordered[len(ordered) // 2]

    def loss(penalty: float) -> float:
        others = (other for other in range(folds) if other != fold)
        return sum(losses[tuple(sorted((fold, o))), penalty, o] for o in others)

    return min(ordered, key=loss)
