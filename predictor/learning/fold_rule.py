"""Folds that several centres can form without telling each other who their patients are.

A patient's fold follows from the seed, the name of the centre and the patient's place in the
centre's own file, by a hash. So each centre computes its part alone, twice with the same result,
and whoever had all rows would form the same folds.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def fold_by_rule(seed: int, centre: str, place: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Fold of each row of one centre.

    Parameters
    ----------
    seed
        Of the study.
    centre
        Name of the centre.
    place : shape (rows,)
        Place of each row's patient among the patients of the centre's file, in the order of their
        first rows; rows of one patient share it, and the fold therefore.
    folds
        How many there are.

    Returns
    -------
    Whole numbers from 0, shape (rows,).

    Examples
    --------
    >>> fold_by_rule(1, "Izmir", np.array([0, 1, 2, 0]), 3).tolist()
    [0, 0, 2, 0]
    """
    return np.array([_fold(seed, centre, one, folds) for one in place.tolist()], dtype=np.int64)


def _fold(seed: int, centre: str, place: int, folds: int) -> int:
    # The length keeps "a1" + "2" apart from "a" + "12".
    text = f"{seed}|{len(centre)}|{centre}|{place}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % folds
