"""What one cell of a descriptive table says: counts, means and medians, and how they are printed.

Percentages and numbers are rounded half up in decimal arithmetic, so that 2 of 31 patients are
6.5% and not, as binary rounding may have it, 6.4%.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

Statistic = Literal["count", "mean_sd", "median_iqr", "median_quartiles"]

STATISTIC_LABELS: dict[Statistic, str] = {
    "count": "n (%)",
    "mean_sd": "mean (SD)",
    "median_iqr": "median (IQR)",
    "median_quartiles": "median (quartiles)",
}

MOST_SKEWED = 1.0
"""Beyond this skewness values are summarised by their median."""

_FEWEST_FOR_MEAN = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """One variable in one group of patients.

    Parameters
    ----------
    statistic
        What is summarised.
    n, missing
        Patients with a value, and without; None where masked.
    count, percent
        Patients in the state, of a count.
    mean, sd, median, q1, q3
        Of a number; quartiles as R and NumPy have them by default (type 7). None where undefined.
    digits
        Decimals in print.
    hidden
        What is printed in the place of a small count; empty where nothing is hidden.
    """

    statistic: Statistic
    n: int | None
    missing: int | None
    count: int | None = None
    percent: float | None = None
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    digits: int = 1
    hidden: str = ""

    @property
    def text(self) -> str:
        """As the table prints it."""
        if self.hidden:
            return self.hidden
        if self.statistic == "count":
            if not self.n or self.count is None:
                return "-"
            return f"{self.count} ({percent_text(self.count, self.n)}%)"
        if self.statistic == "mean_sd":
            return self._pair(self.mean, self._number(self.sd))
        if self.statistic == "median_iqr":
            spread = None if self.q1 is None or self.q3 is None else self.q3 - self.q1
            return self._pair(self.median, self._number(spread))
        return self._pair(self.median, f"{self._number(self.q1)} to {self._number(self.q3)}")

    def _pair(self, centre: float | None, spread: str) -> str:
        return "-" if centre is None else f"{self._number(centre)} ({spread})"

    def _number(self, value: float | None) -> str:
        return "-" if value is None else number_text(value, self.digits)

    def to_dict(self) -> dict[str, object]:
        """Return the figures of the statistic as JSON data, unrounded."""
        data: dict[str, object] = {"text": self.text, "n": self.n, "missing": self.missing}
        if self.statistic == "count":
            return {**data, "count": self.count, "percent": self.percent}
        figures = {"mean": self.mean, "sd": self.sd}
        if self.statistic != "mean_sd":
            figures = {"median": self.median, "q1": self.q1, "q3": self.q3}
        return {**data, **figures}

    def masked(self, text: str, *, keep_n: bool = True) -> Summary:
        """The same cell without its figures, and without its number of patients on request."""
        return replace(
            self,
            n=self.n if keep_n else None,
            missing=self.missing if keep_n else None,
            count=None,
            percent=None,
            mean=None,
            sd=None,
            median=None,
            q1=None,
            q3=None,
            hidden=text,
        )


def count_state(values: _Array, state: int) -> Summary:
    """Count the patients in a state; ``values`` of shape (patients,), NaN for missing."""
    known = values[~np.isnan(values)]
    count = int(np.sum(known == state))
    percent = 100 * count / len(known) if len(known) else None
    return Summary("count", len(known), len(values) - len(known), count, percent)


def summarise(values: _Array, statistic: Statistic, digits: int | None) -> Summary:
    """Summarise numbers.

    Parameters
    ----------
    values
        Shape (patients,); NaN for missing.
    statistic
        ``mean_sd``, ``median_iqr`` or ``median_quartiles``.
    digits
        Decimals in print; None for two figures of the standard deviation.
    """
    known = values[~np.isnan(values)]
    n, missing = len(known), len(values) - len(known)
    if n == 0:
        return Summary(statistic, 0, missing)
    sd = float(np.std(known, ddof=1)) if n > 1 else None
    q1, median, q3 = (float(q) for q in np.quantile(known, [0.25, 0.5, 0.75]))
    return Summary(
        statistic,
        n,
        missing,
        mean=float(np.mean(known)),
        sd=sd,
        median=median,
        q1=q1,
        q3=q3,
        digits=_digits(sd) if digits is None else digits,
    )


def is_skewed(*columns: _Array) -> bool:
    """Whether any of some columns of numbers is too skewed, or too short, for its mean.

    The rule: skewness (adjusted, G1) beyond 1 either way, or fewer than 8 values.
    """
    for values in columns:
        known = values[~np.isnan(values)]
        if len(known) < _FEWEST_FOR_MEAN or abs(_skewness(known)) > MOST_SKEWED:
            return True
    return False


def percent_text(count: int, n: int) -> str:
    """A percentage with one decimal, half up.

    >>> percent_text(2, 31), percent_text(1, 16), percent_text(31, 31)
    ('6.5', '6.3', '100.0')
    """
    return _half_up(Decimal(100 * count) / Decimal(n), 1)


def number_text(value: float, digits: int) -> str:
    """A number with decimals, half up.

    >>> number_text(2.675, 2), number_text(30.25, 1), number_text(-0.04, 1)
    ('2.68', '30.3', '0.0')
    """
    # Twelve figures first: a mean of 30.25 may be 30.249999999999996 in binary arithmetic.
    return _half_up(Decimal(f"{value:.12g}"), digits)


def p_text(p: float | None) -> str:
    """A p-value as the study prints it.

    >>> p_text(0.0009766), p_text(0.0625), p_text(1.0), p_text(None)
    ('<0.001', '0.063', '1.000', '-')
    """
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else _half_up(Decimal(f"{p:.12g}"), 3)


def _half_up(value: Decimal, digits: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


def _skewness(known: _Array) -> float:
    """Adjusted Fisher-Pearson coefficient (G1); 0 where nothing varies."""
    n = len(known)
    centred = known - known.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    # below this the variation is rounding error of the mean
    if spread <= 1e-12 * float(np.max(np.abs(known), initial=0.0)):
        return 0.0
    third = float(np.mean((centred / spread) ** 3))
    return third * math.sqrt(n * (n - 1)) / (n - 2)


def _digits(sd: float | None) -> int:
    """Decimals that show two figures of a standard deviation, at least one and at most six."""
    if not sd:
        return 1
    return min(max(1 - math.floor(math.log10(sd)), 1), 6)
