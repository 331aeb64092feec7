"""Whether new patients are still those that a model was made for: shift of its inputs.

Each predictor is compared with a reference cohort: numbers by the two-sample Kolmogorov-Smirnov
test, states and whether a value is missing by Fisher's exact test (of more than two states each
against the others, all adjusted together by Bonferroni, since chi-square of a rare state is far
from its distribution); besides these the predicted probabilities, and the share of patients unlike
those of the model. All p-values are adjusted together by Holm's method (Scand J Stat 1979;6:65),
so that the chance of any false alarm is at most ``alpha``. In many patients the smallest shift is
beyond chance, so an alarm also needs one that matters: a distance of the distributions, or of the
shares, of at least ``smallest``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from predictor.clinical.variable import Variable

Floats = NDArray[np.float64]
Code = Literal["input_shift", "missingness_shift", "prediction_shift", "outside_domain"]

ALPHA = 0.01
SMALLEST = 0.1
# Fisher's exact test takes long in many patients, where chi-square (with Yates's correction) is
# exact enough unless a count is rare.
_EXACT = 5000
_RARE = 5.0
_TWO = 2


@dataclass(frozen=True, slots=True)
class Shift:
    """One comparison.

    Parameters
    ----------
    variable, label
        What was compared; ``variable`` is empty for predictions and patients as wholes.
    code
        What would be alarming about it.
    reference, new
        Median, or share, in both cohorts; None where nobody has a value.
    distance
        Largest difference of the two distributions, or of the shares of a state; 0 to 1.
    p_value, adjusted
        Of the test, and after Holm; None where there is nothing to compare.
    alarm
        Whether both chance and smallness are ruled out.
    """

    variable: str
    label: str
    code: Code
    reference: float | None
    new: float | None
    distance: float | None
    p_value: float | None
    adjusted: float | None = None
    alarm: bool = False

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "variable": self.variable,
            "label": self.label,
            "code": self.code,
            "reference": self.reference,
            "new": self.new,
            "distance": self.distance,
            "p_value": self.p_value,
            "adjusted": self.adjusted,
            "alarm": self.alarm,
        }


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients as the model sees them.

    Parameters
    ----------
    values : shape (patients, variables)
        NaN for missing.
    probability : shape (patients,)
        Predicted.
    outside : shape (patients,) or None
        Who is unlike the patients of the model.
    """

    values: Floats
    probability: Floats
    outside: NDArray[np.bool_] | None


def shifts(
    variables: Sequence[Variable],
    reference: Patients,
    new: Patients,
    *,
    alpha: float = ALPHA,
    smallest: float = SMALLEST,
) -> tuple[Shift, ...]:
    """Compare new patients with a reference.

    Parameters
    ----------
    variables
        The predictors.
    reference, new
        Both cohorts.
    alpha
        Largest chance of any false alarm.
    smallest
        Smallest distance that is alarming.

    Returns
    -------
    One row for each predictor, one for its missing values, and those of the whole.
    """
    rows: list[Shift] = []
    for j, variable in enumerate(variables):
        a, b = reference.values[:, j], new.values[:, j]
        rows += (_values(variable, a, b), _missing(variable, a, b))
    told = _numbers("", "Predicted probability", reference.probability, new.probability)
    rows.append(replace(told, code="prediction_shift"))
    if reference.outside is not None and new.outside is not None:
        label = "Unlike the model's patients"
        rows.append(_shares("", label, "outside_domain", reference.outside, new.outside))
    return _judged(rows, alpha, smallest)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values after Holm.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(order))
    before = 0.0
    for rank, place in enumerate(order):
        before = max(before, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = before
    return [float(value) for value in adjusted]


def _judged(rows: Sequence[Shift], alpha: float, smallest: float) -> tuple[Shift, ...]:
    tested = [i for i, row in enumerate(rows) if row.p_value is not None]
    adjusted = dict(zip(tested, holm([rows[i].p_value or 0.0 for i in tested]), strict=True))
    judged = []
    for i, row in enumerate(rows):
        p = adjusted.get(i)
        alarm = p is not None and p < alpha and (row.distance or 0.0) >= smallest
        judged.append(replace(row, adjusted=p, alarm=alarm))
    return tuple(judged)


def _values(variable: Variable, a: Floats, b: Floats) -> Shift:
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    named = (variable.name, variable.label)
    if not a.size or not b.size:
        return Shift(*named, "input_shift", _middle(a), _middle(b), None, None)
    if variable.kind == "continuous":
        return _numbers(*named, a, b)
    if len(variable.states) == _TWO:
        return _shares(*named, "input_shift", a == 1.0, b == 1.0)
    return _states(*named, a, b)


def _numbers(name: str, label: str, a: Floats, b: Floats) -> Shift:
    found = ks_2samp(a, b, method="auto" if max(a.size, b.size) <= _EXACT else "asymp")
    distance, p = float(found.statistic), float(found.pvalue)
    return Shift(name, label, "input_shift", _middle(a), _middle(b), distance, p)


def _missing(variable: Variable, a: Floats, b: Floats) -> Shift:
    told = (variable.name, variable.label)
    return _shares(*told, "missingness_shift", np.isnan(a), np.isnan(b))


def _shares(name: str, label: str, code: Code, a: NDArray[np.bool_], b: NDArray[np.bool_]) -> Shift:
    table = np.array([[a.sum(), (~a).sum()], [b.sum(), (~b).sum()]])
    # All or none in both: nothing is compared, and no other comparison is charged for it. That is
    # decided by both cohorts together, which Fisher's test takes as given anyhow.
    p = _exact(table) if table.any(axis=0).all() else None
    old, now = float(a.mean()), float(b.mean())
    return Shift(name, label, code, old, now, abs(now - old), p)


def _states(name: str, label: str, a: Floats, b: Floats) -> Shift:
    """Several states: the share that would have to change its state, and which differs most."""
    known = np.unique(np.concatenate([a, b]))
    table = np.array([[(cohort == state).sum() for state in known] for cohort in (a, b)])
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2.0)
    p: float | None = None
    if known.size > 1:
        against = (np.column_stack([column, table.sum(axis=1) - column]) for column in table.T)
        p = min(1.0, known.size * min(map(_exact, against)))
    return Shift(name, label, "input_shift", None, None, distance, p)


def _exact(table: NDArray[np.int64]) -> float:
    """P-value of two shares, given both margins of their table."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if table.sum() > _EXACT and expected.min() >= _RARE:
        return float(chi2_contingency(table).pvalue)
    return float(fisher_exact(table)[1])


def _middle(values: Floats) -> float | None:
    return float(np.median(values)) if values.size else None
