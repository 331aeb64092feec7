"""What a report shows of a model's effects: synthetic profiles and what moves each of them.

Made while the cohort is there and kept in the bundle, so that beeswarm, dependence and examples can
be drawn again from the bundle alone, also of a model whose explainer takes long to load. Real
patients are in it only where the study allowed that, and then as columns: each variable sorted by
itself, so that no row of a patient can be put together again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Range, Variable
from predictor.explanation.chart_ends import within
from predictor.explanation.contributions import contributions
from predictor.explanation.formula import Formula, formula_of
from predictor.explanation.importance import drawn_patients
from predictor.explanation.points import LENGTHS, PointsChart, points_chart, shortest_chart
from predictor.explanation.profiles import synthetic_profiles
from predictor.fitted.models import LinearModel, Model, Scale, expit
from predictor.fitted.moments import Moments
from predictor.fitted.preparation import Preparation, Values
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier

COUNT = 200
"""Profiles of a report."""

_SPARE = 100
_DECIMALS = 8
_FINEST = 10.0
"""Marks that a standard deviation holds at least once a value is rounded."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Values of one variable and what each of them does.

    Parameters
    ----------
    variable
        Its name.
    values
        In the dictionary's unit, states as their position, NaN for missing.
    contributions
        Same shape.
    """

    variable: str
    values: Values
    contributions: Values


@dataclass(frozen=True, slots=True)
class Profiles:
    """Synthetic profiles, with what moves each away from the reference.

    Parameters
    ----------
    names
        The predictors.
    values, contributions
        Shape (profiles, variables).
    base_value, scale
        Reference that the contributions add up from, and the scale they are on.
    from_moments
        Whether they were drawn from the moments of a bundle that holds no profiles.
    patients
        Effects in real patients, by variable; empty where the study did not allow it.
    """

    names: tuple[str, ...]
    values: Values
    contributions: Values
    base_value: float
    scale: Scale
    from_moments: bool = False
    patients: tuple[Effects, ...] = ()

    @property
    def probability(self) -> Values:
        """Probability of each profile."""
        output = self.base_value + self.contributions.sum(axis=1)
        return output if self.scale == "probability" else expit(output)

    @property
    def reference_probability(self) -> float:
        """Probability of the reference."""
        if self.scale == "probability":
            return self.base_value
        return float(expit(np.array([self.base_value]))[0])

    def effects(self) -> tuple[Effects, ...]:
        """What figures draw: real patients where they are allowed, profiles otherwise."""
        return self.patients or tuple(
            Effects(name, self.values[:, j], self.contributions[:, j])
            for j, name in enumerate(self.names)
        )

    def at(self, share: float) -> int:
        """The profile whose probability is nearest to a quantile of all of them."""
        probability = self.probability
        return int(np.abs(probability - np.quantile(probability, share)).argmin())


def profile_findings(
    model: Model,
    preparation: Preparation,
    variables: Sequence[Variable],
    values: Values,
    outcome: NDArray[np.integer],
    *,
    seed: int,
    real: bool = False,
    limits: Mapping[str, Range] | None = None,
) -> dict[str, Any]:
    """Make the part ``profiles`` of the findings.

    Parameters
    ----------
    model, preparation
        The fitted model.
    variables
        The predictors, in the order of the columns of ``values``.
    values, outcome
        The cohort, shapes (patients, variables) with NaN for missing, and (patients,).
    seed
        Of the profiles, and of the patients where real ones are shown.
    real
        Whether effects in real patients may be kept.
    limits
        Of the population, by variable: the points chart ends there.

    Returns
    -------
    Plain data: the profiles; effects in patients, or None; and what a points chart loses of the
    AUROC and the Brier score in the cohort itself, or None. Empty for a model without predictors.
    """
    if not variables:
        return {}
    profiles = _profiles(variables, values, seed)
    found = contributions(model, preparation, profiles)
    patients = None
    if real:
        some = values[drawn_patients(len(values), seed)]
        patients = effects_in_patients(model, preparation, variables, some)
    return {
        "synthetic": {
            "variables": list(preparation.names),
            "values": profiles.tolist(),
            "contributions": np.round(found.values, _DECIMALS).tolist(),
        },
        "scale": found.scale,
        "base_value": found.base_value,
        "patients": patients,
        "points": _points(
            model, preparation, within(variables, limits or {}), profiles, values, outcome
        ),
    }


def effects_in_patients(
    model: Model, preparation: Preparation, variables: Sequence[Variable], values: Values
) -> list[dict[str, Any]]:
    """Effects in real patients, one entry for each variable, sorted by itself.

    Parameters
    ----------
    model, preparation, variables
        The fitted model.
    values
        Shape (patients, variables), NaN for missing. They are rounded first.
    """
    rounded = readable(variables, values)
    found = contributions(model, preparation, rounded)
    entries = []
    for j, name in enumerate(preparation.names):
        order = np.lexsort((found.values[:, j], rounded[:, j]))
        entries.append(
            {
                "variable": name,
                "values": rounded[order, j].tolist(),
                "contributions": np.round(found.values[order, j], _DECIMALS).tolist(),
            }
        )
    return entries


def read_profiles(
    part: Mapping[str, Any] | None,
    model: Model,
    preparation: Preparation,
    variables: Sequence[Variable],
    moments: Moments | None,
) -> Profiles | None:
    """Profiles of a bundle, from its findings or else drawn from its moments.

    Parameters
    ----------
    part
        The part ``profiles`` of the findings; None in a bundle of an earlier version.
    model, preparation, variables, moments
        Of the bundle.

    Returns
    -------
    Profiles
        None where the bundle holds neither, or the model is not linear and it holds no profiles.
    """
    names = preparation.names
    if part and tuple(part["synthetic"]["variables"]) == names:
        shape = (-1, len(names))
        return Profiles(
            names,
            _numbers(part["synthetic"]["values"]).reshape(shape),
            _numbers(part["synthetic"]["contributions"]).reshape(shape),
            float(part["base_value"]),
            "probability" if part["scale"] == "probability" else "log-odds",
            patients=tuple(
                Effects(e["variable"], _numbers(e["values"]), _numbers(e["contributions"]))
                for e in part["patients"] or ()
            ),
        )
    # The explainer of another model takes longer to load than a report may take.
    if moments is None or not names or not isinstance(model, LinearModel):
        return None
    drawn = moments.draws(np.full((1, len(names)), np.nan), COUNT)[0]
    values = readable(variables, drawn)
    found = contributions(model, preparation, values)
    return Profiles(names, values, found.values, found.base_value, found.scale, from_moments=True)


def readable(variables: Sequence[Variable], values: Values) -> Values:
    """Values as people write them: numbers rounded to about a tenth of their standard deviation.

    >>> from predictor.clinical.dictionary import load_dictionary
    >>> c3 = load_dictionary().variable("c3")
    >>> readable([c3], np.array([[61.234], [88.888], [np.nan]])).ravel().tolist()
    [61.0, 89.0, nan]
    """
    rounded = values.copy()
    for j, variable in enumerate(variables):
        column = values[:, j]
        known = column[~np.isnan(column)]
        spread = float(known.std()) if known.size else 0.0
        if variable.kind != "continuous" or spread <= 1e-9 * (1.0 + float(np.abs(known).max())):
            continue
        digits = -math.floor(math.log10(spread / _FINEST))
        rounded[:, j] = np.round(column, digits) + 0.0
        plausible = variable.plausible
        if plausible is not None:
            rounded[:, j] = rounded[:, j].clip(*plausible.bounds())
    return rounded


def _profiles(variables: Sequence[Variable], values: Values, seed: int) -> Values:
    """Rounded profiles; those that rounding made equal to a single patient are left out."""
    drawn = synthetic_profiles(variables, values, count=COUNT + _SPARE, seed=seed)
    rounded = readable(variables, drawn)
    rows, patients = np.unique(values, axis=0, return_counts=True)
    singled_out = {row.tobytes() for row in rows[patients == 1] + 0.0}
    unlike = [i for i, row in enumerate(rounded) if row.tobytes() not in singled_out]
    # In a cohort so small, or with so few possible values, that this cannot be avoided they stay.
    rest = sorted(set(range(len(rounded))) - set(unlike))
    return rounded[[*unlike, *rest][:COUNT]]


def _points(
    model: Model,
    preparation: Preparation,
    variables: Sequence[Variable],
    profiles: Values,
    values: Values,
    outcome: NDArray[np.integer],
) -> dict[str, Any] | None:
    """Discrimination and accuracy of a points chart beside the model, in the cohort itself."""
    if not isinstance(model, LinearModel):
        return None
    formula = formula_of(model, preparation)
    chart = chart_of(formula, preparation, variables, profiles)
    if chart is None or len(np.unique(outcome)) < 2:
        return None
    filled, absent = preparation.impute(values), np.isnan(values)
    points = chart.points(filled, absent)
    exact = model.probability(preparation.design(filled, absent))
    return {
        "unit": chart.unit,
        "offset": chart.offset,
        "auroc": auroc(outcome, exact),
        "auroc_points": auroc(outcome, points.astype(np.float64)),
        "brier": brier(outcome, exact),
        "brier_points": brier(outcome, chart.probability(points)),
    }


def chart_of(
    formula: Formula,
    preparation: Preparation,
    variables: Sequence[Variable],
    profiles: Values | None,
) -> PointsChart | None:
    """The points chart of a report: the shortest that is good enough over the profiles."""
    if profiles is None:
        return points_chart(formula, preparation, variables, LENGTHS[len(LENGTHS) // 2])
    return shortest_chart(formula, preparation, variables, preparation.impute(profiles))


def _numbers(rows: Sequence[Any]) -> Values:
    """Array of numbers; None is NaN."""
    return np.array(rows, dtype=np.float64)
