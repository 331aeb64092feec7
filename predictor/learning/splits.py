"""Who is trained on and who is tested on: seeded, stratified, with groups kept whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Fold = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RepeatedFolds:
    """A plan of repeated k-fold cross-validation.

    Parameters
    ----------
    fold
        Test fold of each patient in each repeat, shape (repeats, patients).
    seed
        What the inner splits and the estimators of each fold derive their seeds from.
    """

    fold: NDArray[np.int64]
    seed: int

    @property
    def tasks(self) -> list[tuple[int, int]]:
        """Every (repeat, fold)."""
        return [(r, int(k)) for r in range(len(self.fold)) for k in np.unique(self.fold[r])]

    def seed_of(self, repeat: int, fold: int) -> int:
        """Seed of one fold, the same for every candidate, so that they are compared in pairs."""
        return derived_seed(self.seed, 1, repeat, fold)


def repeated_folds(
    outcome: NDArray[np.int8],
    group: NDArray[np.int64] | None,
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> RepeatedFolds:
    """Plan repeated folds, stratified by the outcome.

    Parameters
    ----------
    outcome
        0 or 1, shape (patients,).
    group
        What stays whole in a fold, shape (patients,), or None.
    folds, repeats, seed
        Size and seed of the plan.
    """
    plan = [
        fold_numbers(outcome, group, folds=folds, seed=derived_seed(seed, 0, r))
        for r in range(repeats)
    ]
    return RepeatedFolds(np.stack(plan), seed)


def fold_numbers(
    outcome: NDArray[np.int8], group: NDArray[np.int64] | None, *, folds: int, seed: int
) -> Fold:
    """Test fold of each patient, shape (patients,)."""
    numbers = np.empty(len(outcome), dtype=np.int64)
    # Groups of one are no groups; the plain split is then the better stratified one.
    alone = group is None or len(np.unique(group)) == len(group)
    splitter = (
        StratifiedKFold(folds, shuffle=True, random_state=seed)
        if alone
        else StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    )
    empty = np.zeros((len(outcome), 0))
    for k, (_, test) in enumerate(splitter.split(empty, outcome, None if alone else group)):
        numbers[test] = k
    return numbers


def derived_seed(*entropy: int) -> int:
    """A seed that depends on all of the given numbers and on nothing else."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
