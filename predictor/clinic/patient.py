"""One patient against a bundle: everything that speaks against a prediction, found at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isinf, isnan

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.study_names import own_name_hint
from predictor.clinical.cells import SIMULATED, is_missing, marks_simulated
from predictor.clinical.dictionary import nearest
from predictor.clinical.units import readable_unit
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.errors import PatientRefused, Reason
from predictor.fitted.bundle import Bundle

IDENTIFIER = "patient"
"""Key under which a patient may carry an identifier, which is handed back and used for nothing."""

SIMULATED_PATIENT = Reason(
    "simulated_patient", "", "this patient is simulated: nothing here was measured in anybody."
)
"""Warning about a patient whom the package has made, and marked."""

COMPARATORS = ("<", "<=", ">=", ">")
"""What the key ``comparator`` of an entry can say, in the words of FHIR."""

AT_LIMIT = (
    "reported only as beyond a limit; the limit stands for it, because it is nearer to the value "
    "than the typical one that would stand for a missing value"
)
_BEYOND = f"is {AT_LIMIT}."
_OPEN = "is known only to lie beyond a limit, which leaves open what it is; taken as not measured."

NOT_A_MAPPING = "a patient is a mapping from variable to value"

_LONGEST_NAME = 80
_MOST_NAMES = 50
"""Unknown names that are told one by one."""
LONGEST_IDENTIFIER = 200
_FARTHEST = 1e6
"""Spreads from the centre beyond which no measurement lies, and a sum of doubles loses digits."""


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
    beyond
        The comparator of each variable for whose value a limit stands.
    """

    identifier: str | None
    values: NDArray[np.float64]
    warnings: tuple[Reason, ...]
    beyond: Mapping[str, str] = field(default_factory=dict)


def read_patient(patient: object, bundle: Bundle, *, decimal: str = ".") -> ReadPatient:
    """Read and check one patient.

    Parameters
    ----------
    patient
        Mapping from variable name to a number in the dictionary's unit, text with a unit, or
        ``{"value": ..., "unit": ...}``; with the key ``"comparator"`` (``"<"``, ``">"`` ...) the
        value is a limit, see :func:`stands_for`.
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
        raise PatientRefused([Reason("not_a_patient", "", f"{NOT_A_MAPPING}.")])
    reasons: list[Reason] = []
    warnings = _about_the_mark(patient)
    identifier = identifier_of(patient)
    if identifier is None and not is_missing(patient.get(IDENTIFIER)):
        message = f"must be a number, or printable text of at most {LONGEST_IDENTIFIER} signs."
        reasons.append(Reason("bad_identifier", IDENTIFIER, message))
    unused = _check_names(patient, bundle, reasons)
    _check_exclusions(patient, bundle, reasons)

    values, missing, beyond = _read_values(patient, bundle, decimal, reasons, warnings)
    _check_limits(patient, values, bundle, reasons, decimal)
    if len(missing) > bundle.most_missing * len(bundle.variables):
        message = (
            f"{len(missing)} of {len(bundle.variables)} predictors are missing; this model allows "
            f"at most {bundle.most_missing:.0%}. Missing: {', '.join(missing)}."
        )
        reasons.append(Reason("too_many_missing", "", message))
    if reasons:
        raise PatientRefused(list(dict.fromkeys(reasons)))
    if unused:  # behind what is odd about values
        warnings.append(unused_warning(unused))
    return ReadPatient(identifier, values, tuple(warnings), beyond)


def _read_values(
    patient: Mapping[object, object],
    bundle: Bundle,
    decimal: str,
    reasons: list[Reason],
    warnings: list[Reason],
) -> tuple[NDArray[np.float64], list[str], dict[str, str]]:
    """Values of the predictors, those that are missing, and comparators of limits."""
    values = np.full(len(bundle.variables), np.nan)
    missing: list[str] = []
    beyond: dict[str, str] = {}
    for j, variable in enumerate(bundle.variables):
        entry, comparator = _limit(patient.get(variable.name), variable)
        reading = read_value(entry, variable, decimal=decimal)
        reasons += reading.problems
        if comparator and reading.value is not None:
            if not stands_for(comparator, reading.value, float(bundle.preparation.fill[j])):
                warnings.append(Reason("open_limit", variable.name, _OPEN))
                missing.append(variable.name)
                continue
            beyond[variable.name] = comparator
            warnings.append(Reason("beyond_limit", variable.name, _BEYOND))
        warnings += reading.warnings
        if reading.missing:
            missing.append(variable.name)
        elif reading.value is not None:
            values[j] = reading.value
            if _is_far(j, reading.value, bundle):
                message = "is farther from every patient of the cohort than a measurement can be"
                reasons.append(Reason("impossible_value", variable.name, message))
    return values, missing, beyond


def stands_for(comparator: str, limit: float, typical: float) -> bool:
    """Whether a limit stands for a value that is only known to lie beyond it.

    It does where every possible value lies on the far side of it as seen from the typical value,
    which would stand for a missing one: then the limit is nearer to the value whatever it is.

    >>> stands_for("<", 10.0, 60.0), stands_for("<", 500.0, 60.0), stands_for(">", 500.0, 60.0)
    (True, False, True)
    """
    return limit <= typical if comparator in ("<", "<=") else limit >= typical


def _limit(raw: object, variable: Variable) -> tuple[object, str]:
    """An entry without its comparator, and the comparator; anything else stays as it is."""
    if variable.kind != "continuous" or not isinstance(raw, Mapping) or "comparator" not in raw:
        return raw, ""
    comparator = raw["comparator"]
    if not isinstance(comparator, str) or comparator not in COMPARATORS:
        return raw, ""  # refused with all other keys that are not known
    return {key: value for key, value in raw.items() if key != "comparator"}, comparator


def _about_the_mark(patient: Mapping[object, object]) -> list[Reason]:
    return [SIMULATED_PATIENT] if marks_simulated(patient.get(SIMULATED)) else []


def identifier_of(patient: object) -> str | None:
    """The identifier a patient carries; None if there is none, or none that can be shown.

    Parameters
    ----------
    patient
        Anything; only a mapping can carry one.
    """
    given = patient.get(IDENTIFIER) if isinstance(patient, Mapping) else None
    if isinstance(given, bool) or not isinstance(given, str | int | float | np.number):
        return None
    if is_missing(given) or (isinstance(given, float | np.floating) and isinf(given)):
        return None
    if isinstance(given, float | np.floating) and float(given).is_integer():
        given = int(given)  # a table with gaps turns whole numbers into decimal ones
    try:
        text = str(given).strip()
    except ValueError:  # a whole number of thousands of digits
        return None
    return text if 0 < len(text) <= LONGEST_IDENTIFIER and text.isprintable() else None


def unknown_columns(columns: Iterable[object], bundle: Bundle) -> dict[object, None]:
    """Column names of a table that no variable of the bundle has, in their order."""
    known = bundle.dictionary
    beside = (IDENTIFIER, SIMULATED)
    return {name: None for name in columns if name not in beside and name not in known}


def unknown_reasons(names: Iterable[object], bundle: Bundle) -> list[Reason]:
    """A reason for each unknown name; many are counted, as looking for near ones takes time."""
    every = list(names)
    reasons = [_unknown(name, bundle) for name in every[:_MOST_NAMES]]
    if (more := len(every) - _MOST_NAMES) > 0:
        reasons.append(Reason("more", "", f"and {more} more unknown names."))
    return reasons


def _unknown(name: object, bundle: Bundle) -> Reason:
    # A name comes from the one who asks, but could be anything; only plain words are repeated.
    shown = isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isprintable()
    where = str(name) if shown and str(name).strip() else "a name that cannot be shown"
    guess = None
    if shown and (own := own_name_hint(where, bundle)) is not None:
        return Reason("unknown_variable", where, f"no variable has this name. {own}")
    if shown:
        used = [variable.name for variable in bundle.variables]
        guess = nearest(where, used) or nearest(where, bundle.dictionary.variables)
    hint = f"Did you mean {guess}?" if guess else "`predictor inspect` lists the predictors."
    return Reason("unknown_variable", where, f"no variable has this name. {hint}")


def _check_names(
    patient: Mapping[object, object],
    bundle: Bundle,
    reasons: list[Reason],
) -> list[str]:
    """Refuse unknown names; return the known ones that have a value and are not used."""
    used = {variable.name for variable in (*bundle.variables, *bundle.criteria)}
    unknown, unused = [], []
    for name, value in patient.items():
        if name in used or name in (IDENTIFIER, SIMULATED):
            continue
        if name not in bundle.dictionary:
            unknown.append(name)
        elif not is_missing(value):
            unused.append(str(name))
    reasons += unknown_reasons(unknown, bundle)
    return unused


def unused_warning(names: Iterable[str]) -> Reason:
    """The warning that tells of variables the model has no use for."""
    message = f"given but not used by this model: {', '.join(sorted(names))}."
    return Reason("not_used", "", message)


def _check_exclusions(
    patient: Mapping[object, object], bundle: Bundle, reasons: list[Reason]
) -> None:
    for criterion in bundle.exclusions:
        reading = read_value(patient.get(criterion.name), criterion)
        reasons += reading.problems
        if reading.value == 1.0:
            message = f"such patients ({criterion.label}) were not studied, so none is predicted."
            reasons.append(Reason("exclusion_criterion", criterion.name, message))


def _check_limits(
    patient: Mapping[object, object],
    values: NDArray[np.float64],
    bundle: Bundle,
    reasons: list[Reason],
    decimal: str,
) -> None:
    """Whether the patient belongs to the model's population, as far as that is known."""
    predictors = [variable.name for variable in bundle.variables]
    for name, limit in bundle.limits.items():
        variable = bundle.dictionary.variable(name)
        if name in predictors:
            value: float | None = float(values[predictors.index(name)])
        else:
            reading = read_value(patient.get(name), variable, decimal=decimal)
            reasons += reading.problems
            value = reading.value
        if value is None or np.isnan(value) or limit.contains(value):
            continue
        population = bundle.manifest["outcome"]["population"]
        unit = readable_unit(variable.unit)
        allowed = f"{limit} {unit}" if unit else str(limit)
        message = f"outside the model's population: {population}, {allowed}."
        reasons.append(Reason("outside_population", name, message))


def _is_far(j: int, value: float, bundle: Bundle) -> bool:
    """Whether a number without a plausible range lies beyond all measurement."""
    return abs(value - float(bundle.preparation.fill[j])) > reach(j, bundle)


def reach(j: int, bundle: Bundle) -> float:
    """How far from the typical value the ``j``-th variable may lie; infinite if a range tells."""
    plausible = bundle.variables[j].plausible
    if bundle.variables[j].kind != "continuous" or (
        plausible and plausible.low is not None and plausible.high is not None
    ):
        return float("inf")
    fill = float(bundle.preparation.fill[j])
    return _FARTHEST * max(1.0, abs(fill), *bundle.preparation.scales(j))


def shown_value(variable: Variable, value: float) -> float | str | None:
    """A value as a person gave it: a number, or the name of the state; None if missing."""
    if isnan(value):
        return None
    if variable.kind == "continuous":
        return float(value)
    return variable.states[int(value)]
