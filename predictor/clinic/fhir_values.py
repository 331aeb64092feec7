"""One result of a FHIR record -> what stands for it among the patient's values.

Never a guess: a number without a unit, an answer in unknown words, or ``<`` and ``>`` that leave a
matter open give no value but a reason. What cannot be converted or is impossible is handed on as it
is, because the check of every patient refuses it with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from predictor.clinic.fhir_elements import (
    Element,
    Malformed,
    child,
    children,
    codes,
    number,
    text,
    truth,
)
from predictor.clinic.patient import AT_LIMIT, COMPARATORS, stands_for
from predictor.clinical.cells import Unreadable, number_of
from predictor.clinical.coding import Codings, CutOff, unit_key
from predictor.clinical.units import canonical_unit, readable_unit
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable

_LARGEST = 1e300

_TITRE = re.compile(r"(<=|>=|<|>)?\s*1\s*:\s*([0-9]{1,7})", re.ASCII)

NO_UNIT = ("no_unit", "it has no unit")
UNITS_DISAGREE = ("units_disagree", "its unit as text and its UCUM code are two units")
UNREADABLE = ("unreadable", "its text is not a number with a unit")
NOT_A_NUMBER = ("not_a_number", "its answer is no number")
UNKNOWN_ANSWER = ("unknown_answer", "its answer is none that is known for this variable")
NO_CUT_OFF = ("no_cut_off", "it is a number in a unit for which no cut-off is known")
OPEN = ("open_limit", "it is known only to lie beyond a limit, which leaves open what it is")

BY_CUT_OFF = "yes or no by the cut-off of the study"
BY_LABORATORY = "yes or no by the cut-off of the laboratory, which may be another than the study's"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one result says of a variable.

    Parameters
    ----------
    entry
        What the patient's mapping gets; None if the result gives no value.
    problem
        Code and words of why it gives none.
    value, unit
        As the record gives them.
    key
        Equal for results that say the same, in whatever unit.
    note
        What a reader must know.
    """

    entry: object = None
    problem: tuple[str, str] | None = None
    value: float | str = ""
    unit: str | None = None
    key: object = None
    note: str = ""


def is_absent(node: Element) -> bool:
    """Whether a result was asked for and is not there."""
    if node.get("dataAbsentReason"):
        return True
    return not any(
        name.startswith("value") and given is not None and given != {}
        for name, given in node.items()
    )


def read_result(node: Element, variable: Variable, typical: float, codings: Codings) -> Answer:
    """Read the value of an Observation, or of one of its components.

    Parameters
    ----------
    node
        The Observation or component.
    variable
        What it tells.
    typical
        What stands for the variable where it is missing, in its unit; NaN for states.
    codings
        The codes of answers and the cut-offs.

    Raises
    ------
    Malformed
        If the value is not what FHIR says it is.
    """
    given = [name for name in node if name.startswith("value") and node[name] is not None]
    if len(given) != 1:
        raise Malformed("value[x]")
    kind = given[0].removeprefix("value")
    if variable.kind == "continuous":
        return _measured(node, kind, variable, typical, codings)
    return _state(node, kind, variable, codings)


def _measured(
    node: Element, kind: str, variable: Variable, typical: float, codings: Codings
) -> Answer:
    if kind == "Quantity":
        return _quantity(child(node, "valueQuantity"), variable, typical, codings)
    written: str | None = None
    value: float | Decimal | None = None
    if kind == "Integer":
        value = number(node, "valueInteger")
    elif kind == "String":
        try:
            value, written = number_of(text(node, "valueString"), ".")
        except Unreadable:
            return Answer(problem=UNREADABLE)
    if value is None:
        return Answer(problem=NOT_A_NUMBER)
    if written is None and variable.unit != "1":
        return Answer(problem=NO_UNIT)
    return _given(value, written, variable)


def _quantity(quantity: Element, variable: Variable, typical: float, codings: Codings) -> Answer:
    value = number(quantity, "value")
    if value is None:
        raise Malformed("valueQuantity.value")
    unit, problem = _unit(quantity, variable, codings)
    if problem is not None:
        return Answer(problem=problem)
    comparator = _comparator(quantity)
    if comparator:
        return _limited(value, unit, comparator, variable, typical)
    return _given(value, unit, variable)


def _unit(
    quantity: Element, variable: Variable, codings: Codings
) -> tuple[str | None, tuple[str, str] | None]:
    """Return the unit of a quantity, and why it has none that can be used."""
    written = text(quantity, "unit").strip()
    coded = ""
    if codings.short(text(quantity, "system")) == "ucum":
        coded = text(quantity, "code").strip()
    if not coded and not written:
        return None, (None if variable.unit == "1" else NO_UNIT)
    if coded and written:
        factors = {variable.units.get(canonical_unit(spelling)) for spelling in (coded, written)}
        if None not in factors and len(factors) > 1:
            return None, UNITS_DISAGREE
    return coded or written, None


def _comparator(quantity: Element) -> str:
    comparator = text(quantity, "comparator")
    if comparator and comparator not in COMPARATORS:
        raise Malformed("comparator")
    return comparator


def _given(value: float | Decimal, unit: str | None, variable: Variable) -> Answer:
    entry: Mapping[str, object] = {"value": value, "unit": unit}
    read = read_value(entry, variable).value
    known = canonical_unit(unit) if unit is not None else variable.unit
    safe = known if known in variable.units or known in variable.refused_units else None
    key = (value, unit) if read is None else round(read, 9)
    shown = float(value) if -_LARGEST < value < _LARGEST else "a number out of range"
    return Answer(entry, value=shown, unit=readable_unit(safe) or None, key=key)


def _limited(
    value: float | Decimal, unit: str | None, comparator: str, variable: Variable, typical: float
) -> Answer:
    """Let a limit stand for a value where that is nearer to it than a typical value would be.

    The patient's entry keeps the comparator, so that whatever is made of it can say so. Otherwise
    the value is missing.
    """
    answer = _given(value, unit, variable)
    limit = read_value(answer.entry, variable).value
    if limit is None or not isinstance(answer.value, float):
        return answer  # an impossible limit or unit: refused with the patient
    if not stands_for(comparator, limit, typical):
        return Answer(problem=OPEN)
    shown = f"{comparator} {answer.value:g}"
    entry = {"value": value, "unit": unit, "comparator": comparator}
    return Answer(entry, None, shown, answer.unit, (comparator, answer.key), AT_LIMIT)


def _state(node: Element, kind: str, variable: Variable, codings: Codings) -> Answer:
    cut_off = codings.cut_offs.get(variable.name) if variable.kind == "binary" else None
    if kind == "CodeableConcept":
        return _concept(child(node, "valueCodeableConcept"), variable, codings, cut_off)
    if kind == "String":
        written = text(node, "valueString")
        titre = _TITRE.fullmatch(written.strip()) if cut_off and cut_off.titre else None
        if titre and cut_off:
            return _cut(float(titre.group(2)), titre.group(1) or "", variable, cut_off)
        return _word(written, variable, cut_off)
    if cut_off is not None and kind != "Boolean":
        return _number_of_state(node, kind, variable, cut_off, codings)
    bare: float | Decimal | None = None
    if variable.kind == "binary" and kind == "Boolean":
        bare = truth(node, "valueBoolean")
    elif variable.kind == "binary" and kind == "Integer":
        bare = number(node, "valueInteger")
    return _word("yes" if bare == 1 else "no" if bare == 0 else "", variable)


def _number_of_state(
    node: Element, kind: str, variable: Variable, cut_off: CutOff, codings: Codings
) -> Answer:
    """A yes or no that the laboratory reports as a number."""
    if kind == "Quantity":
        return _cut_quantity(child(node, "valueQuantity"), variable, cut_off, codings)
    if kind == "Ratio" and cut_off.titre:
        ratio = child(node, "valueRatio")
        parts = [child(ratio, part) for part in ("numerator", "denominator")]
        one, dilution = (number(part, "value") for part in parts)
        if one == 1 and dilution is not None and not any(map(_comparator, parts)):
            return _cut(dilution, "", variable, cut_off)
    return Answer(problem=NO_CUT_OFF)


def _concept(
    concept: Element, variable: Variable, codings: Codings, cut_off: CutOff | None
) -> Answer:
    table = codings.answers if variable.kind == "binary" else codings.states.get(variable.name, {})
    said = codings.lookup(table, codes(concept, codings))
    if len(said) > 1:
        return Answer(problem=UNKNOWN_ANSWER)
    if said:
        return _word(next(iter(said)), variable, cut_off)
    displays = {text(coding, "display") for coding in children(concept, "coding")} - {""}
    words = text(concept, "text") or (displays.pop() if len(displays) == 1 else "")
    return _word(words, variable, cut_off)


def _word(word: str, variable: Variable, cut_off: CutOff | None = None) -> Answer:
    read = read_value(word, variable).value
    if read is None:
        return Answer(problem=UNKNOWN_ANSWER)
    state = variable.states[int(read)]
    note = BY_LABORATORY if cut_off is not None else ""
    return Answer(state, value=state, key=state, note=note)


def _cut_quantity(
    quantity: Element, variable: Variable, cut_off: CutOff, codings: Codings
) -> Answer:
    value = number(quantity, "value")
    if value is None:
        raise Malformed("valueQuantity.value")
    coded = codings.short(text(quantity, "system")) == "ucum"
    spellings = [text(quantity, "code") if coded else "", text(quantity, "unit")]
    units = [unit_key(spelling) for spelling in spellings if spelling]
    # A titre may go without a unit, a concentration may not.
    if not all(unit in cut_off.units for unit in units) or not (units or cut_off.titre):
        return Answer(problem=NO_CUT_OFF)
    return _cut(value, _comparator(quantity), variable, cut_off)


def _cut(value: float | Decimal, comparator: str, variable: Variable, cut_off: CutOff) -> Answer:
    # What lies below nothing, or beyond all measurement, decides nothing either.
    decided = cut_off.decide(float(value), comparator) if 0 <= value < 1e9 else None
    if decided is None:
        return Answer(problem=OPEN)
    state = variable.states[int(decided)]
    return Answer(state, value=state, key=state, note=BY_CUT_OFF)
