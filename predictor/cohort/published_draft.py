"""Patients in the making, as numbers, and the columns they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.published_figures import published_figures
from predictor.cohort.published_latent import FOLLOW_UP
from predictor.cohort.published_scenario import INDICATION

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = Mapping[str, NDArray[Any]]

FLARE, LOW_ACTIVITY, REMISSION = range(3)
"""Codes of the outcome, from worst to best, in the order of the printed figures file."""


@dataclass(slots=True)
class Draft:
    """Patients while they are drawn.

    Parameters
    ----------
    indications
        Codes, shape (patients,).
    scores
        Normal score of every measurement before treatment, as its value has it.
    values, values_after
        Measurements by name.
    present, present_after
        Findings, treatments and counted characteristics by name.
    response
        Codes of the outcome.
    """

    indications: Ints
    scores: dict[str, Floats] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    present: dict[str, Flags] = field(default_factory=dict)
    response: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    values_after: dict[str, Floats] = field(default_factory=dict)
    present_after: dict[str, Flags] = field(default_factory=dict)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.indications)

    def reorder(self, name: str, order: Ints) -> None:
        """Give the values of a measurement before treatment to other patients."""
        self.values[name] = self.values[name][order]
        self.scores[name] = self.scores[name][order]

    def first(self, patients: int) -> Draft:
        """The first so many patients."""
        return Draft(
            self.indications[:patients],
            {name: scores[:patients] for name, scores in self.scores.items()},
            {name: values[:patients] for name, values in self.values.items()},
            {name: flags[:patients] for name, flags in self.present.items()},
            self.response[:patients],
            {name: values[:patients] for name, values in self.values_after.items()},
            {name: flags[:patients] for name, flags in self.present_after.items()},
        )

    def numbers(self) -> dict[str, Floats]:
        """Baseline as a scenario reads it."""
        flags = {name: flag.astype(np.float64) for name, flag in self.present.items()}
        return {**self.values, **flags, INDICATION: self.indications.astype(np.float64)}

    def columns(self, first: int = 1, digits: int = 4) -> Columns:
        """Columns of a cohort file, in its order.

        Parameters
        ----------
        first
            Number of the first patient.
        digits
            Digits of the number in a patient's name.
        """
        figures = published_figures()
        numbers = np.char.zfill(np.arange(first, first + self.patients).astype(str), digits)
        found: dict[str, NDArray[Any]] = {
            "patient": np.char.add("S", numbers).astype(object),
            "simulated": np.ones(self.patients, dtype=np.int8),
            INDICATION: _words(tuple(figures.indication), self.indications),
        }
        later = [name for name in self.present if name == "died" or name.startswith("adverse_")]
        for name, count in figures.counted.items():
            if name in later:
                continue
            flags = self.present[name]
            named = (count.otherwise, count.state)
            found[name] = _flags(flags) if named == ("no", "yes") else _words(named, flags)
        found |= {name: v for name, v in self.values.items() if name != FOLLOW_UP}
        found |= {name: _flags(self.present[name]) for name in figures.findings}
        found["response"] = _words(tuple(figures.response), self.response)
        found["remission"] = _flags(self.response == REMISSION)
        found["relapse"] = _flags(self.response == FLARE)
        found |= {f"{name}_after": values for name, values in self.values_after.items()}
        found |= {f"{name}_after": _flags(f) for name, f in self.present_after.items()}
        found[FOLLOW_UP] = self.values[FOLLOW_UP]
        found |= {name: _flags(self.present[name]) for name in later}
        return found


def _flags(values: Flags) -> NDArray[np.int8]:
    return values.astype(np.int8)


def _words(states: tuple[str, ...], codes: NDArray[Any]) -> NDArray[Any]:
    # Objects that point to a few words: a fixed-width text array of a million rows takes 80 MB.
    return np.array(states, dtype=object)[codes.astype(np.intp)]
