"""Digits of means and quartiles where the number of those without a value is hidden.

The mean of everybody lies between those of two groups, as far from each as the other has patients:
three means with enough digits tell how many values each group has, and with the sizes of the groups
how many are missing. So do standard deviations. A quartile between two measured values tells by its
fraction how many values there are, up to a multiple of four. Where that number is hidden the
figures lose digits until it could be many numbers again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MOST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader knows of the values of one variable.

    Parameters
    ----------
    sizes
        Patients of the two groups, with a value or without.
    missing
        How many have none, of both groups together; None where that is hidden too.
    most
        Most that can be missing where it is hidden, as the rule of hiding is no secret.
    means, spreads
        Of everybody and of the two groups, unrounded.
    """

    sizes: tuple[int, int]
    missing: int | None
    most: int
    means: tuple[float, float, float]
    spreads: tuple[float, float, float]

    def possible(self, digits: int) -> set[tuple[int, int]]:
        """Numbers of missing values in the two groups that agree with what is printed.

        Parameters
        ----------
        digits
            Decimals in print; negative ones round to tens and hundreds.

        Examples
        --------
        >>> known = Known((30, 40), None, 4, (16.06, 10.0, 20.0), (7.45, 5.0, 6.0))
        >>> sorted(known.possible(2))
        [(4, 0)]
        >>> len(known.possible(0))
        14
        """
        half = 0.5 * 10.0**-digits
        first, second = np.meshgrid(*(np.arange(size - 1) for size in self.sizes), indexing="ij")
        left = self.sizes[0] - first, self.sizes[1] - second
        # Each printed figure may be off by half a unit, and so may the weighted mean of two.
        mean, *means = (round(figure, digits) for figure in self.means)
        weighted = (left[0] * means[0] + left[1] * means[1]) / (left[0] + left[1])
        agrees = np.abs(weighted - mean) <= 2.0 * half
        spread, *spreads = (round(figure, digits) for figure in self.spreads)
        n = left[0] + left[1]
        within = sum((x - 1) * s**2 for x, s in zip(left, spreads, strict=True))
        between = left[0] * left[1] / n * (means[0] - means[1]) ** 2
        together = np.sqrt((within + between) / (n - 1))
        # Half a unit more, as what lies between the means is off too.
        agrees &= np.abs(together - spread) <= 3.0 * half
        if self.missing is None:
            agrees &= (first + second >= 1) & (first + second <= self.most)
        else:
            agrees &= first + second == self.missing
        return set(zip(first[agrees].tolist(), second[agrees].tolist(), strict=True))

    def safe(self, digits: int, cell_size: int) -> bool:
        """Whether every hidden number could still be about as many as without these figures.

        That is ``cell_size`` numbers less one, or two: a total below 5 is known to be 1 to 4.
        """
        enough = min(max(cell_size - 1, 2), *(size - 1 for size in self.sizes))
        possible = self.possible(digits)
        if any(len({pair[group] for pair in possible}) < enough for group in range(2)):
            return False
        totals = {sum(pair) for pair in possible}
        return self.missing is not None or len(totals) >= min(enough, self.most)


def safe_digits(
    values: Floats,
    groups: Sequence[NDArray[np.bool_]],
    digits: int,
    cell_size: int,
    *,
    total_hidden: bool,
    people: bool = True,
) -> int | None:
    """Decimals of a variable's figures that do not tell how many values are missing.

    Parameters
    ----------
    values, groups
        Shape (patients,), NaN for missing, and who is in the two groups.
    digits
        Decimals wished for.
    cell_size
        Smallest count that is shown.
    total_hidden
        Whether the number of missing values of everybody is hidden, not only that of the groups.
    people
        Whether each row is somebody else, so that a hidden number of rows is known to be small.

    Returns
    -------
    None where not even one figure of the standard deviation is safe.
    """
    known = ~np.isnan(values)
    parts = [values[known], *(values[known & who] for who in groups)]
    if min(len(part) for part in parts) < 2:
        return None
    facts = Known(
        (int(groups[0].sum()), int(groups[1].sum())),
        None if total_hidden else int((~known).sum()),
        cell_size - 1 if people else len(values),
        tuple(float(part.mean()) for part in parts),  # type: ignore[arg-type]
        tuple(float(part.std(ddof=1)) for part in parts),  # type: ignore[arg-type]
    )
    spread = facts.spreads[0]
    if spread <= 0.0:
        return min(digits, decimals(parts[0]))
    for fewer in range(min(digits, decimals(parts[0])), -math.floor(math.log10(spread)) - 1, -1):
        if facts.safe(fewer, cell_size):
            return fewer
    return None


def decimals(values: Iterable[float]) -> int:
    """Decimals that values were measured with, at most six; more would be those of a fraction.

    >>> decimals([3.0, 12.0]), decimals([0.7, 0.85])
    (0, 2)
    """
    texts = (f"{value:.{_MOST_DECIMALS}f}".rstrip("0") for value in values)
    return max((len(text.partition(".")[2]) for text in texts), default=0)
