"""Out-of-fold performance within subgroups of the model's own cohort.

Subgroups are the states of every predictor that has some, and groups of age. AUROCs compare
patients of the same test fold, as that of all patients does. Subgroups of one cohort are small:
these figures can show that a model fails somebody, but not that it serves everybody alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.cohort import Cohort
from predictor.cohort.predictions import NOT_RECORDED
from predictor.cohort.small_cells import Flags, hidden_states, people
from predictor.performance.estimate import Estimate
from predictor.validation.cross_validated import cross_validated_measures

Floats = NDArray[np.float64]

AGE = "age"
"""The one number that makes subgroups, if it is a predictor."""

FIGURES = ("auroc", "observed_expected", "calibration_intercept", "brier")

_STEPS = (10.0, 5.0, 2.0, 1.0)


@dataclass(frozen=True, slots=True)
class OwnSubgroup:
    """One subgroup; what is hidden or not defined is None.

    Parameters
    ----------
    by, label
        Variable that makes it, and what people call that.
    group
        Its state or range, in words.
    n, events
        Rows, and those of them with the event; None where one could be worked out to be small.
    auroc, observed_expected, calibration_intercept, brier
        With bounds; None where the subgroup has fewer people with or without the event than the
        cell size.
    """

    by: str
    label: str
    group: str
    n: int | None
    events: int | None
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    observed_expected: float | None = None
    observed_expected_low: float | None = None
    observed_expected_high: float | None = None
    calibration_intercept: float | None = None
    calibration_intercept_low: float | None = None
    calibration_intercept_high: float | None = None
    brier: float | None = None
    brier_low: float | None = None
    brier_high: float | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def own_subgroups(
    cohort: Cohort,
    probability: Floats,
    fold: NDArray[np.int64],
    cell_size: int,
) -> tuple[OwnSubgroup, ...]:
    """Measure the out-of-fold predictions in every subgroup.

    Parameters
    ----------
    cohort
        Who was analysed.
    probability, fold : shape (repeats, rows)
        Out-of-fold predictions, and the test fold each was made in.
    cell_size
        Smallest count that is shown; a figure needs as many people with and without the event.

    Returns
    -------
    The subgroups of each variable together, in the order of the variables; those who have no value
    last. Counts are hidden as in Table 1, so that neither tells what the other hides. Centres are
    not among them: leaving out one after the other says more
    (:func:`predictor.validation.internal_external.internal_external`).
    """
    found = []
    event = cohort.outcome == 1
    for variable, names, rows in divisions(cohort):
        _, hidden = hidden_states(rows, event, cohort.patient, cell_size)
        # Groups of one outcome, which is small, would give each other away.
        if min(people(who, cohort.patient) for who in (event, ~event)) < cell_size:
            hidden = frozenset(range(len(rows)))
        for i, (name, who) in enumerate(zip(names, rows, strict=True)):
            if not who.any():
                continue
            n, events = int(who.sum()), int((who & event).sum())
            figures: Mapping[str, float | None] = {}
            if i in hidden:
                found.append(OwnSubgroup(variable.name, variable.label, name, None, None))
                continue
            if min(people(who & y, cohort.patient) for y in (event, ~event)) >= max(cell_size, 1):
                figures = _figures(cohort, probability, fold, who)
            found.append(OwnSubgroup(variable.name, variable.label, name, n, events, **figures))
    return tuple(found)


def _figures(
    cohort: Cohort, probability: Floats, fold: NDArray[np.int64], who: Flags
) -> dict[str, float | None]:
    # A patient is what is independent; centres, if they are the groups, are too few within.
    group = cohort.patient if cohort.patient is not None else cohort.group
    measured = cross_validated_measures(
        cohort.outcome[who],
        probability[:, who],
        fold[:, who],
        None if group is None else group[who],
        (),
    )
    flat: dict[str, float | None] = {}
    for name in FIGURES:
        estimate = measured.get(name)
        if estimate is not None and _finite(estimate):
            flat |= {name: estimate.value}
            flat |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return flat


def _finite(estimate: Estimate) -> bool:
    parts = (estimate.value, estimate.low, estimate.high)
    return all(part is None or math.isfinite(part) for part in parts)


def divisions(cohort: Cohort) -> Iterator[tuple[Variable, Sequence[str], list[Flags]]]:
    """Variables with the names of their subgroups and who is in them; the last has no value."""
    for j, variable in enumerate(cohort.variables):
        values = cohort.values[:, j]
        missing = np.isnan(values)
        if variable.kind != "continuous":
            rows = [values == s for s in range(len(variable.states))]
            names = [state.replace("_", " ") for state in variable.states]
        elif variable.name == AGE and not missing.all():
            edges = age_edges(values[~missing])
            rows = [
                (values >= low) & (values < high)
                for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True)
            ]
            names = _ranges(edges)
        else:
            continue
        yield variable, [*names, NOT_RECORDED], [*rows, missing]


def age_edges(values: Floats) -> list[float]:
    """Round ages near the thirds of a cohort, at which its subgroups begin.

    Round, because they are easier to name, and so that they tell no patient's age.

    >>> age_edges(np.array([19.0, 24.0, 33.0, 41.0, 52.0, 66.0]))
    [30.0, 40.0]
    >>> age_edges(np.array([9.0, 12.0, 13.0, 15.0, 16.0, 17.0]))  # children need finer ones
    [12.0, 16.0]
    """
    thirds = np.quantile(values, [1 / 3, 2 / 3])
    edges: list[float] = []
    for step in _STEPS:
        rounded = (np.floor(thirds / step + 0.5) * step).tolist()
        edges = sorted({edge for edge in rounded if values.min() < edge <= values.max()})
        if len(edges) == len(thirds):
            break
    return edges


def _ranges(edges: Sequence[float]) -> list[str]:
    """Names of the groups of age."""
    if not edges:
        return ["all ages"]
    between = [f"{low:g} to under {high:g}" for low, high in pairwise(edges)]
    return [f"under {edges[0]:g}", *between, f"{edges[-1]:g} and over"]
