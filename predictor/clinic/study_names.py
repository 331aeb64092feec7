"""How the files of a model's own study name and write its variables, where a patient's do not.

A patient is given by the dictionary's names and units, whatever the study's files looked like.
Who fills in a table of the study's form and asks for predictions must not lose a unit on the way,
so each difference is told; none is bridged by guessing, since a column of that name in the file
of another hospital may well hold something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from predictor.clinical.cells import PLAIN_NUMBER
from predictor.clinical.units import canonical_unit, readable_unit
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.fitted.bundle import Bundle

_VARIABLE = "The files of this model's study call {name} so: write {name} instead{how}."
_IN_UNIT = ", bare numbers in {unit}"
_IN_OTHER_UNIT = ", bare numbers in {unit} (those files have {other})"
_IN_STATES = ", as {states}"
_PATIENT = "The files of this model's study identify patients by it: write patient instead."
_OUTCOME = "It is the outcome, which no prediction reads: leave it out."
_CENTRE = "It is the centre, which no prediction reads: leave it out."

_OTHER_UNIT = (
    "Column {name}: bare numbers are read as {unit}, but the files of this model's study have "
    "{other} there. If this table has too, write the unit behind each number, or convert them."
)
_OTHER_CODES = (
    "Column {name}: the files of this model's study have codes of their own there, which are not "
    "read here: a value is {allowed}, and a missing one is an empty cell."
)
_OTHER_VARIABLE = (
    "Column {name} is read as {label}, but the files of this model's study call {own} so."
)
_OTHER_MISSING = (
    "The files of this model's study write {marks} for a missing value; here such a cell is a "
    "number, and a missing value is an empty cell."
)


def _source(bundle: Bundle) -> Mapping[str, Any]:
    """The part of the study's configuration that tells of its files; a bundle may have none."""
    source: Mapping[str, Any] = bundle.manifest.get("config", {}).get("cohort", {})
    return source


def own_names(bundle: Bundle) -> dict[str, str]:
    """Column of the study's files -> the variable in it, where the names differ.

    Parameters
    ----------
    bundle
        The model.
    """
    columns: Mapping[str, str] = _source(bundle).get("columns", {})
    return {
        column: name
        for name, column in columns.items()
        if column != name and name in bundle.dictionary
    }


def own_name_hint(column: str, bundle: Bundle) -> str | None:
    """What a column is that only the files of the study call so; None if they do not.

    Parameters
    ----------
    column
        A name that no variable has.
    bundle
        The model.
    """
    source = _source(bundle)
    outcome = bundle.manifest["outcome"]["name"]
    columns: Mapping[str, str] = source.get("columns", {})
    name = own_names(bundle).get(column)
    if name is not None and name != outcome:
        return _VARIABLE.format(name=name, how=_how(bundle.dictionary.variable(name), source))
    if column == source.get("patient"):
        return _PATIENT
    if column == columns.get(outcome, outcome):
        return _OUTCOME
    return _CENTRE if column == source.get("centre") else None


def _how(variable: Variable, source: Mapping[str, Any]) -> str:
    other = _other_unit(variable, source)
    if other is not None:
        return _IN_OTHER_UNIT.format(unit=readable_unit(variable.unit), other=readable_unit(other))
    if unit := readable_unit(variable.unit):
        return _IN_UNIT.format(unit=unit)
    return _IN_STATES.format(states=" or ".join(variable.states)) if variable.states else ""


def other_meanings(columns: Iterable[str], bundle: Bundle) -> Iterator[str]:
    """Tell of columns whose cells would mean something else in the files of the study.

    Parameters
    ----------
    columns
        Columns of a table that the model reads.
    bundle
        The model.
    """
    source, known = _source(bundle), bundle.dictionary
    own = {column: name for name, column in source.get("columns", {}).items() if column != name}
    read = [known.variable(name) for name in columns if name in known]
    for variable in read:
        name = variable.name
        if name in own:
            yield _OTHER_VARIABLE.format(name=name, label=variable.label, own=own[name])
            continue
        if name in source.get("columns", {}):
            continue  # the study's files have another column of it
        other = _other_unit(variable, source)
        if other is not None:
            unit = readable_unit(variable.unit)
            yield _OTHER_UNIT.format(name=name, unit=unit, other=readable_unit(other))
        if _has_other_codes(variable, source):
            unit = readable_unit(variable.unit)
            allowed = " or ".join(variable.states) or f"a number in {unit}"
            yield _OTHER_CODES.format(name=name, allowed=allowed)
    marks = [mark for mark in source.get("missing", ()) if PLAIN_NUMBER["."].fullmatch(mark)]
    if marks and any(variable.kind == "continuous" for variable in read):
        yield _OTHER_MISSING.format(marks=" or ".join(marks))


def _other_unit(variable: Variable, source: Mapping[str, Any]) -> str | None:
    unit = source.get("units", {}).get(variable.name)
    if unit is None or variable.units.get(canonical_unit(unit)) == 1.0:
        return None
    return canonical_unit(unit)


def _has_other_codes(variable: Variable, source: Mapping[str, Any]) -> bool:
    """Whether a cell that can be read without the study's codes means something else by them.

    One that cannot be read is refused anyway.
    """
    for cell, state in source.get("values", {}).get(variable.name, {}).items():
        plain, coded = read_value(cell, variable), read_value(state, variable)
        if plain.value is not None and plain.value != coded.value:
            return True
    return False
