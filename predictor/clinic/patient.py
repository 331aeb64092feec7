"""One patient against a bundle: everything that speaks against a prediction, found at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import AFTER, nearest
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.errors import PatientRefused, Reason
from predictor.fitted.bundle import Bundle

IDENTIFIER = "patient"
"""Key under which a patient may carry an identifier, which is handed back and used for nothing."""

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ReadPatient:
    """A patient that can be given a prediction.

    Parameters
    ----------
    identifier
        As it was given, or None.
    values
        Shape (variables,): numbers in the dictionary's unit, states as their position, NaN for
        missing.
    warnings
        What is odd but no reason to refuse.
    """

    identifier: str | None
    values: NDArray[np.float64]
    warnings: tuple[Reason, ...]


def read_patient(patient: object, bundle: Bundle, *, decimal: str = ".") -> ReadPatient:
    """Read and check one patient.

    Parameters
    ----------
    patient
        Mapping from variable name to a number in the dictionary's unit, text with a unit, or
        ``{"value": ..., "unit": ...}``.
    bundle
        The model the patient is meant for.
    decimal
        Decimal sign of numbers that are text.

    Raises
    ------
    PatientRefused
        With every reason at once.
    """
    if not isinstance(patient, Mapping):
        reason = Reason("not_a_patient", "", "a patient is a mapping from variable to value.")
        raise PatientRefused([reason])
    reasons: list[Reason] = []
    warnings: list[Reason] = []
    identifier = _identifier(patient, reasons)
    _check_names(patient, bundle, reasons, warnings)
    _check_exclusions(patient, bundle, reasons)

    values = np.full(len(bundle.variables), np.nan)
    for j, variable in enumerate(bundle.variables):
        reading = read_value(patient.get(variable.name), variable, decimal=decimal)
        reasons += reading.problems
        warnings += reading.warnings
        if reading.value is not None:
            values[j] = reading.value
    missing = [v for v, value in zip(bundle.variables, values, strict=True) if np.isnan(value)]
    limit = float(bundle.manifest["prediction"]["most_missing"])
    if len(missing) > limit * len(bundle.variables):
        names = ", ".join(variable.name for variable in missing)
        message = (
            f"{len(missing)} of {len(bundle.variables)} predictors are missing, more than the "
            f"{limit:.0%} this model allows. Missing: {names}."
        )
        reasons.append(Reason("too_many_missing", "", message))
    if reasons:
        raise PatientRefused(reasons)
    return ReadPatient(identifier, values, tuple(warnings))


def check_columns(columns: list[str], bundle: Bundle) -> list[Reason]:
    """What is wrong with the column names of a table of patients."""
    return [
        _unknown(name, bundle)
        for name in columns
        if name != IDENTIFIER and not _known(name, bundle)
    ]


def _known(name: object, bundle: Bundle) -> bool:
    return isinstance(name, str) and name.removesuffix(AFTER) in bundle.manifest["dictionary"]


def _unknown(name: object, bundle: Bundle) -> Reason:
    # A name comes from the one who asks, but could be anything; only short text is repeated.
    shown = name if isinstance(name, str) and len(name) <= _LONGEST_NAME else "a name"
    guess = nearest(str(name)[:_LONGEST_NAME], [v.name for v in bundle.variables]) or nearest(
        str(name)[:_LONGEST_NAME], bundle.manifest["dictionary"]
    )
    hint = f"Did you mean {guess}?" if guess else "`predictor inspect` lists the known ones."
    return Reason("unknown_variable", str(shown), f"is not a known variable. {hint}")


def _check_names(
    patient: Mapping[object, object],
    bundle: Bundle,
    reasons: list[Reason],
    warnings: list[Reason],
) -> None:
    used = {variable.name for variable in bundle.variables}
    used |= {variable.name for variable in bundle.exclusions} | {IDENTIFIER}
    unused = []
    for name, value in patient.items():
        if name in used:
            continue
        if not _known(name, bundle):
            reasons.append(_unknown(name, bundle))
        elif value is not None and value != "":
            unused.append(str(name))
    if unused:
        message = f"given but not used by this model: {', '.join(sorted(unused))}."
        warnings.append(Reason("not_used", "", message))


def _check_exclusions(
    patient: Mapping[object, object], bundle: Bundle, reasons: list[Reason]
) -> None:
    for criterion in bundle.exclusions:
        reading = read_value(patient.get(criterion.name), criterion)
        reasons += reading.problems
        if reading.value == 1.0:
            message = f"{criterion.label}: such patients were excluded from the study."
            reasons.append(Reason("exclusion_criterion", criterion.name, message))


def _identifier(patient: Mapping[object, object], reasons: list[Reason]) -> str | None:
    given = patient.get(IDENTIFIER)
    if given is None or (isinstance(given, float) and math.isnan(given)):
        return None
    if isinstance(given, str | int | float | np.integer | np.floating):
        text = str(given)
        if len(text) <= 200 and text.isprintable():
            return text or None
    message = "an identifier is a short text or a number."
    reasons.append(Reason("bad_identifier", IDENTIFIER, message))
    return None


def shown_value(variable: Variable, value: float) -> float | str | None:
    """A value as a person gave it: a number, or the name of the state; None if missing."""
    if np.isnan(value):
        return None
    if variable.kind == "continuous":
        return float(value)
    return variable.states[int(value)]
