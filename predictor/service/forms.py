"""The form of one model: built from the bundle's own variables, filled in as it was posted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from re import compile as pattern

from predictor.clinic.patient import stands_for
from predictor.clinical.units import readable_unit
from predictor.clinical.values import read_value
from predictor.clinical.variable import Range, Variable
from predictor.errors import Reason
from predictor.fitted.bundle import Bundle
from predictor.service.text import powers

VALUE = "value."
UNIT = "unit."
"""Before the name of a variable, so that no variable can take the place of another field."""

MODEL, PATIENT, ACTION = "model", "patient", "action"

_REFERENCE = "reference {range}"
_STUDIED = "studied {range}"
_POSSIBLE = "possible {range}"
_COMMA = "has a comma, which may mean decimals or thousands: write a point for decimals"
_NO_NUMBER = "is not a number; leave it empty if it is not known"
_NEAR_LIMIT = (
    "is a limit, not a number: write it without the sign, which is nearer to the value than what "
    "an empty field would stand for"
)
_OPEN_LIMIT = "is a limit, not a number, and tells too little: leave it empty"
_UNIT_IN_NUMBER = "write the number alone and choose its unit beside it"


_SIGNS = {"≤": "<=", "≥": ">="}
_LIMIT = pattern(r"(?P<sign><=|>=|[<>≤≥])\s*(?P<limit>.+)")
"""A value of which only a limit is known; the rule is that for records (docs/fhir.md)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a list to choose from."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One variable of the form.

    Parameters
    ----------
    id
        Unique on the page, and made of plain letters.
    name, unit_name
        Under which the value and its unit are posted.
    label
        From the dictionary.
    value
        As it was typed.
    states
        To choose from, for variables that are no numbers.
    units
        To choose from; empty where there is one unit only, which is ``unit``.
    unit
        The unit of a bare number, as people write it.
    hint
        Reference range, who was studied and what is possible, as people write them; or empty.
    errors
        What is wrong with what was typed.
    """

    id: str
    name: str
    unit_name: str
    label: str
    value: str
    states: tuple[Option, ...]
    units: tuple[Option, ...]
    unit: str
    hint: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One line of the summary of mistakes.

    Parameters
    ----------
    field
        Where to go to mend it; None if it is about the form as a whole.
    label
        Of the field.
    message
        The rule and the next step.
    missing
        Fields to choose from, where too many are empty.
    """

    field: str | None
    label: str
    message: str
    missing: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one model.

    Parameters
    ----------
    patient
        The identifier, as it was typed.
    patient_errors
        What is wrong with it.
    predictors, limits, exclusions
        Fields; limits are what else the model's population is told by.
    most_missing
        How many predictors may stay empty.
    mistakes
        Everything that is wrong, at once.
    """

    patient: str
    patient_errors: tuple[str, ...]
    predictors: tuple[Field, ...]
    limits: tuple[Field, ...]
    exclusions: tuple[Field, ...]
    most_missing: int
    mistakes: tuple[Mistake, ...]


PATIENT_ID = "patient"


def form_of(bundle: Bundle, posted: Mapping[str, str], reasons: Sequence[Reason] = ()) -> Form:
    """The form of a model with what was typed and what is wrong with it.

    Parameters
    ----------
    bundle
        The model.
    posted
        Fields as they came; empty for an empty form.
    reasons
        Why no prediction was given.
    """
    made = [
        _field(i, variable, posted, reasons, bundle.limits.get(variable.name))
        for i, variable in enumerate((*bundle.variables, *bundle.criteria))
    ]
    predictors = tuple(made[: len(bundle.variables)])
    first_exclusion = len(made) - len(bundle.exclusions)
    patient_errors = tuple(r.message for r in reasons if r.where == PATIENT)
    return Form(
        patient=posted.get(PATIENT, ""),
        patient_errors=patient_errors,
        predictors=predictors,
        limits=tuple(made[len(bundle.variables) : first_exclusion]),
        exclusions=tuple(made[first_exclusion:]),
        most_missing=int(bundle.most_missing * len(bundle.variables)),
        mistakes=tuple(_mistakes(made, predictors, reasons, patient_errors)),
    )


def patient_of(posted: Mapping[str, str], bundle: Bundle) -> dict[str, object]:
    """The patient of a form, as ``predict()`` takes one; empty fields are unknown.

    Parameters
    ----------
    posted
        Fields as they came.
    bundle
        The model.
    """
    patient: dict[str, object] = {}
    if posted.get(PATIENT, "").strip():
        patient[PATIENT] = posted[PATIENT]
    for variable in (*bundle.variables, *bundle.criteria):
        text = posted.get(f"{VALUE}{variable.name}", "").strip()
        if text:
            unit = posted.get(f"{UNIT}{variable.name}")
            patient[variable.name] = {"value": text, "unit": unit} if unit else text
    return patient


def foreign_fields(posted: Mapping[str, str], bundle: Bundle) -> list[str]:
    """Names of fields that the form of a model does not have."""
    known = {MODEL, PATIENT, ACTION}
    for variable in (*bundle.variables, *bundle.criteria):
        known |= {f"{VALUE}{variable.name}", f"{UNIT}{variable.name}"}
    return [name for name in posted if name not in known]


def carried_over(posted: Mapping[str, str], bundle: Bundle) -> dict[str, str]:
    """What the form of another model can take over of what was typed.

    A number whose unit the other model does not take is left behind, so that it is never read in
    another unit.
    """
    kept = {PATIENT: posted.get(PATIENT, "")}
    for variable in (*bundle.variables, *bundle.criteria):
        value, unit = f"{VALUE}{variable.name}", f"{UNIT}{variable.name}"
        if value not in posted or (unit in posted and posted[unit] not in variable.units):
            continue
        kept[value] = posted[value]
        if unit in posted:
            kept[unit] = posted[unit]
    return kept


def mended(reasons: Iterable[Reason], posted: Mapping[str, str], bundle: Bundle) -> list[Reason]:
    """Reasons, in words that fit a form where a number and its unit have a field each."""
    variables = {v.name: v for v in (*bundle.variables, *bundle.criteria)}
    fills = zip(bundle.variables, bundle.preparation.fill.tolist(), strict=True)
    typical = {variable.name: fill for variable, fill in fills}
    return [
        Reason(
            reason.code,
            reason.where,
            _in_a_form(posted, variables[reason.where], typical.get(reason.where)),
        )
        if reason.code == "unreadable_number" and reason.where in variables
        else reason
        for reason in reasons
    ]


def _in_a_form(posted: Mapping[str, str], variable: Variable, typical: float | None) -> str:
    """Why a number could not be read, and what to write; ``typical`` is what a gap stands for."""
    text = posted.get(f"{VALUE}{variable.name}", "")
    if _is_number(text, variable, "."):
        return _UNIT_IN_NUMBER
    if beyond := _LIMIT.fullmatch(text.strip()):
        unit = posted.get(f"{UNIT}{variable.name}") or None
        limit = read_value(beyond["limit"], variable, unit=unit).value
        if limit is None or typical is None:
            return _OPEN_LIMIT
        near = stands_for(_SIGNS.get(beyond["sign"], beyond["sign"]), limit, typical)
        return _NEAR_LIMIT if near else _OPEN_LIMIT
    return _COMMA if _is_number(text, variable, ",") else _NO_NUMBER


def _is_number(text: str, variable: Variable, decimal: str) -> bool:
    """Whether text is a number, with or without a unit, be it possible or not."""
    problems = read_value(text, variable, decimal=decimal).problems
    return all(problem.code != "unreadable_number" for problem in problems)


def _field(
    i: int,
    variable: Variable,
    posted: Mapping[str, str],
    reasons: Sequence[Reason],
    studied: Range | None,
) -> Field:
    name, unit_name = f"{VALUE}{variable.name}", f"{UNIT}{variable.name}"
    value = posted.get(name, "").strip()
    chosen_unit = posted.get(unit_name, variable.unit)
    units = tuple(
        Option(unit, powers(readable_unit(unit)) or unit, unit == chosen_unit)
        for unit in variable.units
    )
    return Field(
        id=f"field-{i}",
        name=name,
        unit_name=unit_name,
        label=variable.label,
        value=value,
        states=tuple(Option(state, state, state == value) for state in variable.states),
        units=units if len(units) > 1 else (),
        unit=powers(readable_unit(variable.unit)),
        hint=_hint(variable, studied),
        errors=tuple(powers(r.message) for r in reasons if r.where == variable.name),
    )


def _hint(variable: Variable, studied: Range | None) -> str:
    unit = readable_unit(variable.unit)
    ranges = {
        _REFERENCE: variable.reference,
        _STUDIED: studied,
        _POSSIBLE: variable.plausible,
    }
    told = "; ".join(
        said.format(range=f"{limits} {unit}".rstrip()) for said, limits in ranges.items() if limits
    )
    return powers(told[:1].upper() + told[1:])


def _mistakes(
    made: Sequence[Field],
    predictors: Sequence[Field],
    reasons: Sequence[Reason],
    patient_errors: Sequence[str],
) -> Iterable[Mistake]:
    for message in patient_errors:
        yield Mistake(PATIENT_ID, "Patient", message)
    for field in made:
        for message in field.errors:
            yield Mistake(field.id, field.label, message)
    named = {PATIENT, *(field.name.removeprefix(VALUE) for field in made)}
    for reason in reasons:
        if reason.code == "too_many_missing":
            empty = tuple(field for field in predictors if not field.value)
            yield Mistake(empty[0].id if empty else None, "", "", empty)
        elif reason.where not in named:
            yield Mistake(None, reason.where, reason.message)
