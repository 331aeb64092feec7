"""The pitfalls that need the patients, where the outcome is one of several states.

Checks of the outcome are made for each state against all others, and the worst result is told with
its state; p-values are multiplied by the number of states. All else is as for an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.cohort import Cohort
from predictor.learning.state_candidates import StateCandidate
from predictor.validation import cohort_pitfalls, fold_pitfalls
from predictor.validation.cohort_pitfalls import People
from predictor.validation.fold_pitfalls import DRIFT_P
from predictor.validation.pitfall import Pitfall, unassessed

Floats = NDArray[np.float64]

_NO_PREDICTORS = "the chosen model has no predictors"
_ORDER = ("warning", "note", "passed", "not assessed")
_MEASURES = ("auroc", "drift", "uniform_states", "smd")


@dataclass(frozen=True, slots=True)
class StateChecked:
    """What the checks look at.

    Parameters
    ----------
    cohort
        Of several states.
    candidate
        The chosen model.
    predictors
        Positions of its variables.
    design : shape (n, columns)
        Its columns, prepared.
    penalties
        How often tuning chose which, in the folds.
    probability : shape (repeats, n, states)
        Out of fold.
    fold : shape (repeats, n)
        In which fold each was made.
    """

    cohort: Cohort
    candidate: StateCandidate
    predictors: Sequence[int]
    design: Floats
    penalties: Mapping[str, int]
    probability: Floats
    fold: NDArray[np.int64]


def state_pitfalls(found: StateChecked, *, cell_size: int, seed: int) -> dict[str, Any]:
    """Look for pitfalls.

    Parameters
    ----------
    found
        Cohort and model.
    cell_size
        Smallest count that is shown.
    seed
        Decides the permutations.

    Returns
    -------
    ``checks`` as :func:`predictor.validation.pitfalls.pitfalls` gives them; the figures of those on
    the outcome have ``state``.
    """
    cohort, variables = found.cohort, found.cohort.variables
    people, several = People.of(cohort), len(cohort.states)

    def each(check: Callable[[People], Pitfall]) -> Pitfall:
        return _worst(
            (name, check(replace(people, outcome=(people.outcome == k).astype(np.float64))))
            for k, name in enumerate(cohort.states)
        )

    def with_cells(check: Callable[..., Pitfall]) -> Pitfall:
        return each(lambda one: check(one, variables, cell_size, questions=several))

    made = [
        with_cells(cohort_pitfalls.leakage),
        *_of_model(found, seed),
        _imputation(found, people, cell_size),
        with_cells(cohort_pitfalls.centre_shift),
        each(lambda one: cohort_pitfalls.row_order(one, questions=several)),
        with_cells(cohort_pitfalls.telling_gaps),
        cohort_pitfalls.copied_rows(cohort, cell_size),
        cohort_pitfalls.nearly_constant(people, variables, cell_size),
        cohort_pitfalls.alike_predictors(people, variables),
    ]
    return {"checks": [check.to_dict() for check in made]}


def _imputation(found: StateChecked, people: People, cell_size: int) -> Pitfall:
    variables = found.cohort.variables
    return cohort_pitfalls.imputation(people, variables, found.predictors, cell_size)


def _of_model(found: StateChecked, seed: int) -> list[Pitfall]:
    cohort, candidate = found.cohort, found.candidate
    if not candidate.predictors:
        codes = ("separation", "calibration_drift", "tuning_edge")
        return [unassessed(code, _NO_PREDICTORS) for code in codes]
    events = [(name, (cohort.outcome == k).astype(np.int8)) for k, name in enumerate(cohort.states)]
    settings = [
        {"penalty": float(text)} for text, times in found.penalties.items() for _ in range(times)
    ]
    return [
        _worst((name, fold_pitfalls.separation(found.design, event)) for name, event in events),
        _worst((name, _drift(found, event, k, seed)) for k, (name, event) in enumerate(events)),
        fold_pitfalls.tuning_edge(
            [{"penalty": float(f"{value:g}")} for value in candidate.penalties], settings
        ),
    ]


def _drift(found: StateChecked, event: NDArray[np.int8], k: int, seed: int) -> Pitfall:
    """Drift of one state, with its p-value multiplied by the number of states."""
    probability = np.ascontiguousarray(found.probability[..., k])
    one = fold_pitfalls.calibration_drift(
        event, probability, found.fold, found.cohort.patient, seed
    )
    if one.status == "not assessed":
        return one
    p = min(1.0, float(one.figures["p_value"] or 0.0) * len(found.cohort.states))
    status = one.status if p < DRIFT_P else "passed"
    return replace(one, status=status, figures={**one.figures, "p_value": p})


def _worst(found: Iterator[tuple[str, Pitfall]]) -> Pitfall:
    """The weightiest of a check's results, of equal ones the clearest, with its state."""
    several = list(found)
    state, worst = min(several, key=lambda pair: _weight(pair[1]))
    if worst.status == "not assessed" or (worst.code, worst.status) == ("separation", "passed"):
        return worst
    return replace(worst, figures={**worst.figures, "state": state})


def _weight(one: Pitfall) -> tuple[int, float, float]:
    p = one.figures.get("p_value")
    sizes = [abs(float(v)) for key in _MEASURES if (v := one.figures.get(key)) is not None]
    by_p = float(p) if isinstance(p, float) else 1.0
    return _ORDER.index(one.status), -max(sizes, default=0.0), by_p
