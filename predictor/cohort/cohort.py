"""The cohort as every later stage sees it: numbers in the dictionary's units, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.sensitivity import Sensitivity


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One line of the patient flow: how many were there, or left and why."""

    step: str
    patients: int


@dataclass(frozen=True, slots=True)
class CohortWarning:
    """Something a reader of the results must know, without any patient's value."""

    variable: str
    code: str
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Cohort:
    """Checked patients of one study.

    Parameters
    ----------
    source
        Name of the file, without its folder.
    variables
        The predictors.
    values
        Shape (patients, variables): numbers in the dictionary's unit, states as their position,
        NaN for missing.
    outcome
        1 for the event, 0 otherwise, or the position of the state, shape (patients,).
    group
        What stays whole in a fold, as codes, shape (patients,); None when rows stand alone.
    group_kind
        ``"patient"``, ``"centre"`` or ``"none"``.
    patient
        Patient of each row, as codes, whether or not they are the groups, shape (patients,); None
        where no column names them.
    flow
        Read, excluded by reason, analysed.
    warnings
        Findings that did not stop the run.
    simulated
        Whether the patients are simulated.
    states
        What the outcome's numbers stand for, worst first; empty where it is an event or none.
    sensitivity
        What unknown outcomes could change; None where it is not known who they are.
    months
        Follow-up where the question is of a time, shape (patients,); ``outcome`` is then 0 for
        last seen without an event, 1 for the event and 2 for a competing one. None otherwise.
    outcome_told
        By which rule, and at which visit, as plain data; None where a column came with nothing
        said of it.
    """

    source: str
    variables: tuple[Variable, ...]
    values: NDArray[np.float64]
    outcome: NDArray[np.int8]
    group: NDArray[np.int64] | None
    group_kind: str
    patient: NDArray[np.int64] | None
    flow: tuple[FlowStep, ...]
    warnings: tuple[CohortWarning, ...]
    simulated: bool
    states: tuple[str, ...] = ()
    sensitivity: Sensitivity | None = None
    months: NDArray[np.float64] | None = None
    outcome_told: Mapping[str, Any] | None = None

    @property
    def patients(self) -> int:
        """Number of rows analysed."""
        return len(self.outcome)

    @property
    def events(self) -> int:
        """Number of events; of patients in the best state where there are several."""
        return int(self.with_event.sum())

    @property
    def with_event(self) -> NDArray[np.bool_]:
        """Who has the event, or is in the best of several states, shape (patients,)."""
        return np.asarray(self.outcome == max(len(self.states) - 1, 1))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the predictors."""
        return tuple(variable.name for variable in self.variables)

    @property
    def digest(self) -> str:
        """Digest of what is analysed; the same patients give it from a CSV or a Parquet file."""
        content = hashlib.sha256("\n".join(self.names).encode())
        content.update(np.ascontiguousarray(self.values).tobytes())
        content.update(np.ascontiguousarray(self.outcome).tobytes())
        if self.months is not None:
            content.update(np.ascontiguousarray(self.months).tobytes())
        if self.group is not None:
            content.update(np.ascontiguousarray(self.group).tobytes())
        return f"sha256:{content.hexdigest()}"

    @property
    def patients_digest(self) -> str:
        """Digest of who is analysed, in whatever order and by whatever identifiers."""
        months = [] if self.months is None else [self.months]
        rows = np.column_stack([self.values, self.outcome, *months]) + 0.0  # -0.0 is 0.0
        rows[np.isnan(rows)] = np.nan  # of which there are many
        in_order = rows[np.lexsort(rows.T)]
        content = hashlib.sha256("\n".join(self.names).encode())
        content.update(np.ascontiguousarray(in_order).tobytes())
        return f"sha256:{content.hexdigest()}"
