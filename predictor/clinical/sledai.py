"""SLEDAI-2K and its clinical part from the 24 items.

Gladman DD, Ibanez D, Urowitz MB. Systemic lupus erythematosus disease activity index 2000.
J Rheumatol 2002;29:288-291. Which items there are is data (``scores/sledai_2k.yaml``), and so are
their points (the dictionary); what is computed here is only the sum.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import load_dictionary

Values = NDArray[np.float64]
Absent = Literal["missing", "no"]
"""What an item without an entry means: the sum cannot be told, or the item was not there."""

_FILE = Path(__file__).resolve().parent / "scores" / "sledai_2k.yaml"


@dataclass(frozen=True, slots=True)
class Scores:
    """The two scores.

    Parameters
    ----------
    whole, clinical
        Names of the variables that hold the sums.
    points
        Item -> points, all 24.
    serological
        Items that the clinical score leaves out.
    """

    whole: str
    clinical: str
    points: Mapping[str, int]
    serological: frozenset[str]

    def items(self, score: str) -> Mapping[str, int]:
        """Items of one of the two with their points; none of any other name."""
        if score == self.whole:
            return self.points
        if score == self.clinical:
            return {name: n for name, n in self.points.items() if name not in self.serological}
        return {}


@lru_cache(maxsize=1)
def sledai_scores() -> Scores:
    """Read which items there are, and their points from the shipped dictionary.

    >>> points = sledai_scores().points
    >>> len(points), sum(points.values()), points["sledai_seizure"]
    (24, 105, 8)
    """
    # YAML is needed only here.
    from predictor.documents import load_yaml

    data, known = load_yaml(_FILE).data, load_dictionary()
    points = {name: known.variable(name).points or 0 for name in data["items"]}
    return Scores(data["whole"], data["clinical"], points, frozenset(data["serological"]))


def sledai_2k(items: Mapping[str, Values], absent: Absent = "missing") -> Values:
    """Add up SLEDAI-2K.

    Parameters
    ----------
    items
        Item -> shape (rows,): 1 present, 0 absent, NaN no entry. An item that is not there has no
        entry anywhere; names that are no items are left alone.
    absent
        What no entry means.

    Returns
    -------
    Shape (rows,), 0 to 105, NaN where it cannot be told.

    Examples
    --------
    >>> sledai_2k({"sledai_seizure": np.array([1.0, 0.0])}, absent="no").tolist()
    [8.0, 0.0]
    """
    return _sum(sledai_scores().points, items, absent)


def clinical_sledai_2k(items: Mapping[str, Values], absent: Absent = "missing") -> Values:
    """Add up SLEDAI-2K without low complement and increased DNA binding; as ``sledai_2k``."""
    scores = sledai_scores()
    return _sum(scores.items(scores.clinical), items, absent)


def items_of(score: str) -> Mapping[str, int]:
    """Items with their points of one of the two scores, nothing of any other name."""
    return sledai_scores().items(score)


def derivable(available: Container[str]) -> frozenset[str]:
    """Scores of which every item is recorded."""
    scores = sledai_scores()
    return frozenset(
        score
        for score in (scores.whole, scores.clinical)
        if all(name in available for name in scores.items(score))
    )


def completed(
    values: Mapping[str, Values], wanted: Container[str] | None = None
) -> dict[str, Values]:
    """Add the scores that can be computed from items, where they are not recorded themselves.

    Parameters
    ----------
    values
        Name -> shape (rows,).
    wanted
        Scores that are of use; None for both.

    Returns
    -------
    The same columns, and the scores: as recorded where they are, else from the items.
    """
    found = dict(values)
    for score in derivable(values):
        if wanted is not None and score not in wanted:
            continue
        computed = _sum(items_of(score), values, "missing")
        recorded = values.get(score)
        found[score] = (
            computed if recorded is None else np.where(np.isnan(recorded), computed, recorded)
        )
    return found


def _sum(points: Mapping[str, int], items: Mapping[str, Values], absent: Absent) -> Values:
    rows = {len(items[name]) for name in points if name in items}
    if len(rows) != 1:
        raise ValueError("columns of one length are needed, of at least one item")
    total = np.zeros(rows.pop())
    for name, weight in points.items():
        column = items.get(name)
        if column is None:
            column = np.full(len(total), np.nan)
        total += weight * (np.nan_to_num(column, nan=0.0) if absent == "no" else column)
    return total
