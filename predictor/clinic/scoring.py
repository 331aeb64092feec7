"""Probabilities alone, for machines that score tables (the MLflow model)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.patient import read_patient
from predictor.errors import PatientRefused, Reason
from predictor.fitted.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities of a table.

    Parameters
    ----------
    probability
        Shape (rows,); NaN where the patient was refused.
    refused
        Position and reasons of each refused row.
    states
        Shape (rows, states), worst first, of a model of several; ``probability`` is then that of
        the last. None for an event.
    """

    probability: NDArray[np.float64]
    refused: tuple[tuple[int, tuple[Reason, ...]], ...]
    states: NDArray[np.float64] | None = None


def score_table(bundle: Bundle, rows: Sequence[Mapping[str, object]]) -> Scored:
    """Score each row as ``predict()`` would.

    Parameters
    ----------
    bundle
        The model.
    rows
        Patients as ``predict()`` takes them.
    """
    probability = np.full(len(rows), np.nan)
    accepted: list[int] = []
    values = []
    refused: list[tuple[int, tuple[Reason, ...]]] = []
    for i, row in enumerate(rows):
        try:
            values.append(read_patient(row, bundle).values)
            accepted.append(i)
        except PatientRefused as refusal:
            refused.append((i, refusal.reasons))
    part = bundle.states
    several = None if part is None else np.full((len(rows), part.model.states), np.nan)
    if accepted:
        design = bundle.preparation.apply(np.stack(values))
        if bundle.hazards is not None:
            hazards = bundle.hazards.model
            by_month = hazards.incidence(hazards.log_ratio(design))[:, 0]
            probability[accepted] = by_month[:, -1]
        elif part is None or several is None:
            probability[accepted] = bundle.model.probability(design)
        else:
            several[accepted] = part.model.probability(design)
            probability = several[:, -1].copy()
    return Scored(probability, tuple(refused), several)
