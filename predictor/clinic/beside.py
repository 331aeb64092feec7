"""What a file says of a patient beside the predictors: weight, and what no model checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.unchecked import Sign, Treatment
from predictor.clinical.units import readable_unit
from predictor.clinical.values import Reading, read_value
from predictor.clinical.variable import Variable

_STATE = "{label}: {state}"
_ABOVE = "{label} above {limit:g}{unit}"


@dataclass(frozen=True, slots=True)
class Remark:
    """An entry that bears on something no model checks, as a reader sees it."""

    variable: str
    entry: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a patient's predictors.

    Parameters
    ----------
    weight
        As the prices' column gives it; missing without prices.
    remarks
        Entries worth reading.
    filled, unreadable
        Variables that bear on what is unchecked and have a value, or one that cannot be read.
    not_filled
        Those that have none, where the file has the column.
    """

    weight: Reading
    remarks: tuple[Remark, ...]
    filled: frozenset[str]
    unreadable: frozenset[str]
    not_filled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedColumn:
    """A column that bears on something no model checks.

    Parameters
    ----------
    item
        What it bears on.
    variable, label
        Of the dictionary.
    in_cohort
        Whether the file has the column.
    filled, unreadable, patients
        Of how many ranked patients there is a value; one that cannot be read; how many there are.
    """

    item: str
    variable: str
    label: str
    in_cohort: bool
    filled: int
    unreadable: int
    patients: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "variable": self.variable,
            "label": self.label,
            "in_cohort": self.in_cohort,
            "filled": self.filled,
            "unreadable": self.unreadable,
            "patients": self.patients,
        }


def read_beside(
    patient: Mapping[str, object],
    dictionary: Dictionary,
    treatment: Treatment,
    *,
    weight_column: str | None = None,
    decimal: str = ".",
) -> Beside:
    """Read what stands beside a patient's predictors.

    Parameters
    ----------
    patient
        Mapping from column to entry.
    dictionary
        Of the model.
    treatment
        What is unchecked before it.
    weight_column
        Variable that holds the weight; it must be in the dictionary.
    decimal
        Decimal sign of numbers that are text.
    """
    weight = Reading(None)
    if weight_column is not None:
        entry = patient.get(weight_column)
        weight = read_value(entry, dictionary.variable(weight_column), decimal=decimal)
    remarks: list[Remark] = []
    filled, unreadable, not_filled = set(), set(), []
    for sign in _signs(treatment):
        if sign.variable not in dictionary or sign.variable not in patient:
            continue
        variable = dictionary.variable(sign.variable)
        reading = read_value(patient[sign.variable], variable, decimal=decimal)
        if reading.value is not None:
            filled.add(sign.variable)
            if sign.worth_reading(reading.value, variable):
                remarks.append(Remark(sign.variable, _entry(sign, variable)))
            continue
        not_filled.append(sign.variable)
        if reading.problems:
            unreadable.add(sign.variable)
    return Beside(
        weight, tuple(remarks), frozenset(filled), frozenset(unreadable), tuple(not_filled)
    )


def recorded_columns(
    patients: Sequence[Beside],
    treatment: Treatment,
    dictionary: Dictionary,
    columns: AbstractSet[str],
) -> tuple[RecordedColumn, ...]:
    """Which columns bear on what is unchecked, and for how many patients they are filled."""
    return tuple(
        RecordedColumn(
            item.name,
            sign.variable,
            dictionary.variable(sign.variable).label,
            sign.variable in columns,
            sum(sign.variable in patient.filled for patient in patients),
            sum(sign.variable in patient.unreadable for patient in patients),
            len(patients),
        )
        for item in treatment.unchecked
        for sign in item.signs
        if sign.variable in dictionary
    )


def _signs(treatment: Treatment) -> list[Sign]:
    return [sign for item in treatment.unchecked for sign in item.signs]


def _entry(sign: Sign, variable: Variable) -> str:
    limit = sign.limit(variable)
    if limit is None:
        return _STATE.format(label=variable.label, state=sign.state)
    unit = "" if variable.unit in (None, "1") else f" {readable_unit(str(variable.unit))}"
    return _ABOVE.format(label=variable.label, limit=limit, unit=unit)
