"""Which fits a pooled cross-validation needs, and the penalty that follows from their losses."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from predictor.learning.shared_plan import final_penalty, left_outs, penalty_without

PENALTIES = (10.0, 1.0, 0.1)


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_every_fold_and_every_pair_is_left_out_once(folds: int) -> None:
    found = left_outs(folds)
    assert len(found) == len(set(found)) == 1 + folds + folds * (folds - 1) // 2
    assert set(found) == {(), *((k,) for k in range(folds)), *combinations(range(folds), 2)}


def test_two_folds_leave_no_pair_to_train_without() -> None:
    assert left_outs(2) == ((), (0,), (1,))


def losses(folds: int, seed: int) -> dict[tuple[tuple[int, ...], float, int], float]:
    rng = np.random.default_rng(seed)
    return {
        (left_out, penalty, fold): float(rng.uniform(1, 9))
        for left_out in left_outs(folds)[1:]
        for penalty in PENALTIES
        for fold in left_out
    }


@pytest.mark.parametrize("seed", range(8))
def test_the_smallest_sum_over_folds_wins(seed: int) -> None:
    told = losses(4, seed)
    sums = [sum(told[(k,), penalty, k] for k in range(4)) for penalty in PENALTIES]
    assert final_penalty(told, PENALTIES, 4) == PENALTIES[int(np.argmin(sums))]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("fold", range(4))
def test_the_choice_for_a_fold_knows_nothing_of_it(seed: int, fold: int) -> None:
    """Each other fold is predicted by a fit without it and without the fold of the choice."""
    told = losses(4, seed)
    before = penalty_without(told, PENALTIES, 4, fold)
    sums = [
        sum(told[tuple(sorted((fold, k))), penalty, k] for k in range(4) if k != fold)
        for penalty in PENALTIES
    ]
    assert before == PENALTIES[int(np.argmin(sums))]
    spoilt = {
        key: 1e9 if key[2] == fold or fold not in key[0] else loss for key, loss in told.items()
    }
    assert penalty_without(spoilt, PENALTIES, 4, fold) == before


def test_the_strongest_of_equals_is_taken() -> None:
    told = dict.fromkeys(losses(3, 0), 1.0)
    assert final_penalty(told, (0.1, 10.0, 1.0), 3) == 10.0
    assert penalty_without(told, (0.1, 10.0, 1.0), 3, 0) == 10.0


def test_two_folds_take_the_middle_of_the_grid() -> None:
    assert penalty_without(losses(2, 0), (0.1, 10.0, 1.0), 2, 0) == 1.0
