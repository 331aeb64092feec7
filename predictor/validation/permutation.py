"""Is there any signal at all: outcomes permuted, the whole procedure repeated.

If the predictors say nothing about the outcome, the outcomes could as well stand beside other
patients. The figure of the real cohort is held against the figures of cohorts in which they do.
The p-value ``(1 + hits) / (1 + permutations)`` is exact at any size of cohort (Phipson and Smyth,
Stat Appl Genet Mol Biol 2010;9:39), provided that outcomes move only between those who could
have exchanged them and that every figure is computed in the same way as the real one: same
folds, repeats, tuning and model choice, the randomness of folds and forests included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from predictor.errors import LearningError
from predictor.performance.classification import clopper_pearson

ALPHA = 0.05
"""Largest p-value that is called a signal (design section 6)."""
SETTLED = 999
"""Permutations after which the test is taken as it is, however near the limit it lies."""
FEWEST = round(1 / ALPHA) - 1
"""Permutations below which no p-value can reach ``ALPHA``: 1 / (1 + 19) = 0.05."""
TOLERANCE = 1e-12
"""Figures closer than this, relative to the larger of 1 and the real one, are ties."""

_PLAIN = "Every patient may exchange the outcome with every other."
_ROWS = (
    "Rows are taken for patients and exchange outcomes one by one; if a patient has several, the "
    "p-value is too small."
)
_PATIENTS = (
    "Patients exchange the outcomes of all their rows together, among patients with equally many "
    "rows, because rows of one patient are not independent."
)
_CENTRES = (
    "Outcomes are exchanged within a centre only, because centres differ in how frequent the "
    "outcome is: telling centres apart is not telling patients apart."
)


@dataclass(frozen=True, slots=True)
class PermutedOutcomes:
    """Outcomes as they would stand if the predictors said nothing.

    Parameters
    ----------
    outcome
        One permutation a row, 0 or 1, shape (permutations, rows of the cohort).
    rule
        Who exchanged outcomes with whom, and why, in words.
    """

    outcome: NDArray[np.int8]
    rule: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What the permutations say.

    Parameters
    ----------
    statistic
        The figure that was compared, in words; higher means more signal.
    observed
        Its value in the real cohort.
    p_value
        ``(1 + hits) / (1 + permutations)``.
    permutations
        How many there were.
    low, high
        Exact 95% interval (Clopper and Pearson) of the p-value that unlimited permutations would
        give: what the number of permutations leaves open, and nothing else.
    undefined
        Permutations without a figure, which count as hits.
    rule
        Who exchanged outcomes with whom.
    not_repeated
        Parts of the procedure that were not repeated in each permutation; empty for the whole
        procedure.
    """

    statistic: str
    observed: float
    p_value: float
    permutations: int
    low: float
    high: float
    undefined: int
    rule: str
    not_repeated: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the p-value is at most 0.05."""
        return self.p_value <= ALPHA

    @property
    def repeated(self) -> str:
        """What was repeated in each permutation, in words."""
        if not self.not_repeated:
            return "the whole procedure"
        return f"the procedure without {' and '.join(self.not_repeated)}"

    @property
    def sentence(self) -> str:
        """The result in words.

        >>> signal("AUROC", 0.55, [0.4, 0.6, 0.5] * 20, _PLAIN).sentence
        'No signal found: p = 0.34 with 60 permutations of the whole procedure.'
        """
        settled = "Signal found" if self.found else "No signal found"
        open_to_more = self.low <= ALPHA < self.high
        undecided = open_to_more and not self.found and self.permutations < SETTLED
        answer = "Not decided" if undecided else settled
        text = (
            f"{answer}: p = {_p_text(self.p_value)} with {self.permutations:,} permutations of "
            f"{self.repeated}."
        )
        if open_to_more:
            text += (
                f" More permutations could change this: they leave p between "
                f"{_p_text(self.low)} and {_p_text(self.high)}."
            )
        return text

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "statistic": self.statistic,
            "observed": self.observed,
            "p_value": self.p_value,
            "p_low": self.low,
            "p_high": self.high,
            "permutations": self.permutations,
            "undefined": self.undefined,
            "found": self.found,
            "rule": self.rule,
            "repeated": self.repeated,
            "not_repeated": list(self.not_repeated),
            "sentence": self.sentence,
        }


def permuted_outcomes(
    outcome: NDArray[np.int8],
    group: NDArray[np.int64] | None,
    kind: str,
    *,
    permutations: int,
    seed: int,
    patient: NDArray[np.int64] | None = None,
) -> PermutedOutcomes:
    """Permute the outcomes in a way the design of the cohort allows.

    Parameters
    ----------
    outcome
        0 or 1, shape (rows,).
    group
        Codes of patients or centres, shape (rows,); None where rows stand alone.
    kind
        What the groups are: ``"patient"``, ``"centre"`` or ``"none"``. Patients exchange the
        outcomes of all their rows at once and in their order, with patients who have equally
        many. Centres are strata: outcomes stay inside.
    permutations
        How many; at least 19. The first of a longer run are those of a shorter one.
    seed
        Decides all of them.
    patient
        Codes of patients where the groups are centres and a patient may have several rows.

    Raises
    ------
    LearningError
        If no p-value of at most 0.05 could be reached: fewer than 19 permutations, or fewer than
        20 different ways in which the outcomes can stand.

    Notes
    -----
    Permutations are drawn independently, so one may occur twice or be the real order; the
    p-value is valid all the same. With ``d`` ways in which the outcomes can stand, the real one
    among them, at least the share ``1 / d`` does as well as the real one; hence the refusal.

    Examples
    --------
    >>> drawn = permuted_outcomes(np.repeat([0, 1], 10), None, "none", permutations=19, seed=1)
    >>> drawn.outcome.shape, set(drawn.outcome.sum(axis=1).tolist())
    ((19, 20), {10})
    """
    y = np.asarray(outcome, dtype=np.int8)
    if permutations < FEWEST:
        raise LearningError(
            "permutation test",
            f"with {permutations} permutations no p-value can reach {ALPHA:g}",
            f"Ask for at least {FEWEST}, better 200 or more.",
        )
    members, strata = _units(y, group, kind, patient)
    units = _Units.of(members, strata)
    ways = units.ways(y)
    if ways < FEWEST + 1:
        raise LearningError(
            "permutation test",
            f"the outcomes can stand in {ways} different way{'s' if ways > 1 else ''} only, so "
            f"that no p-value can reach {ALPHA:g}",
            "It needs more patients, and patients with and without the event who may exchange "
            "outcomes (in one centre, with equally many rows).",
        )
    permuted = np.empty((permutations, y.size), dtype=np.int8)
    for number in range(permutations):
        permuted[number] = y[units.donors(np.random.default_rng((seed, number)))]
    return PermutedOutcomes(permuted, _rule(kind, group, units))


def permutation_p(observed: float, permuted: ArrayLike) -> float:
    """P-value of a figure that is higher where there is more signal.

    Parameters
    ----------
    observed
        Figure of the real cohort.
    permuted
        Figures of the permuted ones. Ties count as hits, and so does a figure that is not
        defined (NaN): both make the p-value larger.

    Raises
    ------
    LearningError
        If the real figure is not defined or there is no permutation.

    Examples
    --------
    >>> permutation_p(0.7, [0.5] * 18 + [0.7])
    0.1
    """
    hits, permutations = _hits(observed, permuted)
    return (1 + hits) / (1 + permutations)


def signal(
    statistic: str,
    observed: float,
    permuted: ArrayLike,
    rule: str,
    *,
    not_repeated: tuple[str, ...] = (),
) -> Signal:
    """Hold the figure of the real cohort against those of the permuted ones.

    Parameters
    ----------
    statistic
        What the figure is, in words; higher means more signal.
    observed, permuted
        As for `permutation_p`, computed in the same way.
    rule
        From `permuted_outcomes`.
    not_repeated
        Parts of the procedure that were left out of the repetition, in words.
    """
    hits, permutations = _hits(observed, permuted)
    # Both bounds always exist here; the type of an estimate allows for figures without any.
    left_open = clopper_pearson(hits, permutations)
    return Signal(
        statistic=statistic,
        observed=float(observed),
        p_value=(1 + hits) / (1 + permutations),
        permutations=permutations,
        low=left_open.low or 0.0,
        high=1.0 if left_open.high is None else left_open.high,
        undefined=int(np.isnan(np.asarray(permuted, dtype=np.float64)).sum()),
        rule=rule,
        not_repeated=not_repeated,
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """Who exchanges outcomes: units of one block, which is a stratum and a number of rows.

    Rows are listed unit by unit; ``start`` and ``size`` say where a unit's rows stand in ``rows``.
    """

    rows: NDArray[np.intp]
    unit: NDArray[np.intp]
    start: NDArray[np.intp]
    size: NDArray[np.intp]
    block: NDArray[np.intp]

    @classmethod
    def of(cls, members: NDArray[np.intp], strata: NDArray[np.intp]) -> _Units:
        rows = np.argsort(members, kind="stable")
        size = np.bincount(members)
        start = np.concatenate(([0], np.cumsum(size)[:-1]))
        pairs = np.column_stack((strata[rows[start]], size))
        block = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
        return cls(rows, members[rows], start, size, block)

    def donors(self, random: np.random.Generator) -> NDArray[np.intp]:
        """Row whose outcome each row receives, in one permutation."""
        receiver = np.argsort(self.block, kind="stable")
        giver = np.empty_like(receiver)
        giver[receiver] = np.lexsort((random.random(self.block.size), self.block))
        place = np.arange(self.rows.size) - self.start[self.unit]
        donor = np.empty_like(self.rows)
        donor[self.rows] = self.rows[self.start[giver[self.unit]] + place]
        return donor

    def ways(self, y: NDArray[np.int8]) -> int:
        """Different ways in which the outcomes can stand; an exact integer."""
        total = 1
        histories = [bytes(part) for part in np.split(y[self.rows], self.start[1:])]
        for block in range(int(self.block.max()) + 1):
            counts: dict[bytes, int] = {}
            for unit in np.flatnonzero(self.block == block).tolist():
                counts[histories[unit]] = counts.get(histories[unit], 0) + 1
            placed = 0
            for count in counts.values():
                placed += count
                total *= math.comb(placed, count)
        return total


def _units(
    y: NDArray[np.int8],
    group: NDArray[np.int64] | None,
    kind: str,
    patient: NDArray[np.int64] | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number of the unit and of the stratum of each row."""
    alone, together = np.arange(y.size), np.zeros(y.size, dtype=np.intp)
    if kind not in {"patient", "centre", "none"}:
        raise ValueError("kind must be 'patient', 'centre' or 'none'")
    if kind != "none" and group is None:
        raise ValueError(f"kind {kind!r} needs the groups")
    if group is None or kind == "none":
        return alone, together
    codes = np.unique(group, return_inverse=True)[1].reshape(-1)
    if kind == "patient":
        return codes, together
    if patient is None:
        return alone, codes
    members = np.unique(patient, return_inverse=True)[1].reshape(-1)
    pairs = np.unique(np.column_stack((members, codes)), axis=0)
    if len(pairs) > len(np.unique(members)):
        raise LearningError("permutation test", "a patient is in more than one centre")
    return members, codes


def _rule(kind: str, group: NDArray[np.int64] | None, units: _Units) -> str:
    if group is None or kind == "none":
        return _ROWS
    repeated = bool((units.size > 1).any())
    if kind == "centre":
        return f"{_CENTRES} {_PATIENTS}" if repeated else _CENTRES
    return _PATIENTS if repeated else _PLAIN


def _hits(observed: float, permuted: ArrayLike) -> tuple[int, int]:
    figures = np.asarray(permuted, dtype=np.float64)
    if figures.ndim != 1 or not figures.size:
        raise LearningError("permutation test", "there is no permutation to compare with")
    if not math.isfinite(observed):
        raise LearningError(
            "permutation test", "the figure of the real cohort is not defined, so nothing compares"
        )
    reach = TOLERANCE * max(1.0, abs(observed))
    return int(((figures >= observed - reach) | np.isnan(figures)).sum()), figures.size


def _p_text(p: float) -> str:
    """Two digits, more where rounding would carry the number over 0.05."""
    for digits in range(2, 17):
        text = f"{p:.{digits}g}"
        if (float(text) <= ALPHA) == (p <= ALPHA):
            break
    return text
