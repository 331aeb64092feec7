"""``predictor variables``: what another centre must collect, as files it can use at once.

A REDCap data dictionary makes the forms of a project, with the limits of the dictionary as
validation; a template is a cohort file without patients. What either collects, ``predictor check``
and ``predictor train`` read without a mapping. Both hold what the study's model will ask: the
predictors, the limits of its population and every exclusion criterion of its dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import compile as pattern

from predictor.clinic.patient import IDENTIFIER
from predictor.clinical.dictionary import Dictionary, load_dictionary
from predictor.clinical.units import convert_back, readable_unit
from predictor.clinical.variable import Variable
from predictor.cohort.outcome import outcome_column, outcome_states
from predictor.cohort.table import spelling
from predictor.errors import PredictorError, Reason
from predictor.report.spreadsheet import csv_bytes
from predictor.study import Study, load_study

REDCAP_COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of a REDCap data dictionary, in the order REDCap wants them."""

# REDCap's rule for field names; it also takes a double underscore apart.
_FIELD_NAME = pattern(r"[a-z](?:_?[a-z0-9])*")
_LONGEST_FIELD_NAME = 100

_IDENTIFIER_NOTE = "Study code. No name, no birth date, no number of the hospital."
_FORMS = {"baseline": "baseline", "follow_up": "follow_up", "outcome": "follow_up"}
_HEADERS = {
    "baseline": "Known by time zero{time_zero}, nothing later",
    "follow_up": "After time zero{time_zero}; never a predictor",
    "outcome": "Outcome",
}
_TIME_ZERO = " ({name})"
_EXCLUSION = "Exclusion criteria of the study"
_NOTE = "{unit}{reference}"
_REFERENCE = "; reference {reference}"


@dataclass(frozen=True, slots=True)
class Field:
    """One column that a centre collects.

    Parameters
    ----------
    column
        Its name in the file.
    variable
        What it is; None for identifiers and for an outcome that is in no dictionary.
    label
        What people read.
    time
        ``baseline``, ``follow_up`` or ``outcome``.
    unit
        The unit of the file, where it is another than the dictionary's.
    coding
        What the file writes for each state, where that is another word than the dictionary's.
    codes
        The codes of an outcome that is in no dictionary, each with its words.
    """

    column: str
    variable: Variable | None
    label: str
    time: str = "baseline"
    unit: str | None = None
    coding: Mapping[str, str] | None = None
    codes: Mapping[str, str] | None = None


def redcap_csv(dictionary: Path | None = None, config: str | None = None) -> bytes:
    """Write a REDCap data dictionary.

    Parameters
    ----------
    dictionary
        A dictionary file; None for the shipped one.
    config
        A configuration: only the columns of its study, as its cohort file has them.

    Raises
    ------
    PredictorError
        If REDCap would not take the name of a column.
    """
    fields, time_zero = _fields(dictionary, config)
    wrong = [
        Reason("bad_field_name", field.column[:_LONGEST_FIELD_NAME], "REDCap takes no such name.")
        for field in fields
        if not _FIELD_NAME.fullmatch(field.column) or len(field.column) > _LONGEST_FIELD_NAME
    ]
    if wrong:
        rule = "a field of REDCap has a name of small letters, digits and single underscores"
        next_step = "Rename these columns in the configuration (cohort.columns):"
        raise PredictorError("REDCap data dictionary", rule, next_step, reasons=wrong)
    return csv_bytes(REDCAP_COLUMNS, _redcap_rows(fields, time_zero))


def template_csv(dictionary: Path | None = None, config: str | None = None) -> bytes:
    """Write a cohort file without patients: the names of the columns.

    Parameters
    ----------
    dictionary, config
        As for ``redcap_csv``.
    """
    fields, _ = _fields(dictionary, config)
    return csv_bytes([field.column for field in fields], ())


def _fields(dictionary: Path | None, config: str | None) -> tuple[list[Field], str | None]:
    """What is collected, and what the study calls time zero."""
    if config is not None and dictionary is not None:
        rule = "a configuration names its dictionary itself"
        raise PredictorError("--dictionary", rule, "Give one of --config and --dictionary.")
    if config is not None:
        study = load_study(config)
        return _of_study(study), study.config.question.time_zero
    return _of_dictionary(load_dictionary(dictionary)), None


def _of_dictionary(dictionary: Dictionary) -> list[Field]:
    """All variables, those of a form together, as REDCap wants them."""
    variables = sorted(
        dictionary.variables.values(),
        key=lambda v: (list(_HEADERS).index(v.time), v.exclusion),
    )
    return [
        Field(IDENTIFIER, None, "Patient"),
        *(Field(v.name, v, v.label, v.time) for v in variables),
    ]


def _of_study(study: Study) -> list[Field]:
    source, question = study.config.cohort, study.config.question
    fields = [Field(source.patient or IDENTIFIER, None, "Patient")]
    if source.centre:
        fields.append(Field(source.centre, None, "Centre"))
    predictors = study.config.predictors
    limits = [name for name in question.limits if name not in predictors]
    # A bundle refuses by every exclusion criterion of its dictionary, whether or not the study's
    # own file has a column of it.
    exclusions = [v.name for v in study.dictionary.variables.values() if v.exclusion]
    names = list(dict.fromkeys([*predictors, *limits, *source.exclude, *exclusions]))
    if question.outcome in study.dictionary:
        names.append(question.outcome)
    fields += [_of_variable(study, name, study.dictionary.variable(name)) for name in names]
    if question.outcome not in study.dictionary:
        label = question.label or question.outcome
        codes = _codes(study)
        fields.append(Field(outcome_column(study), None, label, "outcome", codes=codes))
    return fields


def _codes(study: Study) -> dict[str, str]:
    """What a file writes for each state of an outcome that is in no dictionary, with its words.

    Where the two states are 1 and 0, the words are yes and no: the field has the event's name.
    """
    question = study.config.question
    if question.states:
        return {
            str(value): state.shown
            for state in question.states
            for value in (state.values or (state.state,))
        }
    events, others = outcome_states(study)
    meant = {spelling(code): str(code) for code in (*question.event, *question.non_event)}
    states = {state: meant.get(state, state) for state in (*events, *others)}
    if set(states) == {"0", "1"}:
        states = {state: "yes" if state in events else "no" for state in states}
    coding = study.config.cohort.values.get(question.outcome, {})
    own = {
        cell: states[spelling(state)] for cell, state in coding.items() if spelling(state) in states
    }
    return own or {meant.get(state, state): words for state, words in states.items()}


def _of_variable(study: Study, name: str, variable: Variable) -> Field:
    source = study.config.cohort
    return Field(
        source.columns.get(name, name),
        variable,
        variable.label,
        "outcome" if name == study.config.question.outcome else variable.time,
        source.units.get(name),
        source.values.get(name),
    )


def _redcap_rows(fields: Sequence[Field], time_zero: str | None) -> Iterator[Mapping[str, object]]:
    before = ""
    named = "" if time_zero is None else _TIME_ZERO.format(name=time_zero)
    for place, field in enumerate(fields):
        header = _HEADERS[field.time].format(time_zero=named)
        if field.variable is not None and field.variable.exclusion:
            header = _EXCLUSION
        kind, choices = _kind(field)
        validation, low, high = _limits(field)
        yield {
            "Variable / Field Name": field.column,
            "Form Name": _FORMS[field.time],
            # REDCap shows no header above the first field, which names the record.
            "Section Header": header if header != before and place else "",
            "Field Type": kind,
            "Field Label": field.label,
            "Choices, Calculations, OR Slider Labels": choices,
            "Field Note": _note(field) if place else _IDENTIFIER_NOTE,
            "Text Validation Type OR Show Slider Number": validation,
            "Text Validation Min": low,
            "Text Validation Max": high,
            "Field Annotation": _annotation(field),
        }
        before = header if place else ""


def _kind(field: Field) -> tuple[str, str]:
    """Field type of REDCap and its choices."""
    variable = field.variable
    if variable is None:
        if not field.codes:
            return "text", ""
        shown = [f"{code}, {_choice(words)}" for code, words in field.codes.items()]
        return "radio", " | ".join(shown)
    if variable.kind == "continuous":
        return "text", ""
    if field.coding:
        pairs = [(cell, state) for cell, state in field.coding.items() if cell and state]
        return "radio", " | ".join(f"{cell}, {_choice(state)}" for cell, state in pairs)
    if variable.kind == "binary":
        return "yesno", ""
    return "radio", " | ".join(f"{state}, {_choice(state)}" for state in variable.states)


def _choice(state: str) -> str:
    words = state.replace("_", " ").replace("|", "/")
    return words[:1].upper() + words[1:]


def _limits(field: Field) -> tuple[str, object, object]:
    """Validation of a number, with the limits outside which no value is plausible."""
    variable = field.variable
    if variable is None or variable.kind != "continuous":
        return "", "", ""
    kind = "integer" if variable.integer and field.unit is None else "number"
    if variable.plausible is None:
        return kind, "", ""
    ends = []
    for end in (variable.plausible.low, variable.plausible.high):
        number = end
        if end is not None and field.unit is not None:
            number = float(f"{convert_back(end, field.unit, variable):.12g}")
        ends.append("" if number is None else int(number) if number.is_integer() else number)
    return kind, ends[0], ends[1]


def _note(field: Field) -> str:
    variable = field.variable
    if variable is None or variable.kind != "continuous":
        return ""
    unit = readable_unit(field.unit or variable.unit)
    reference = ""
    if variable.reference is not None and field.unit is None:
        reference = _REFERENCE.format(reference=variable.reference)
    return _NOTE.format(unit=unit, reference=reference).removeprefix("; ")


def _annotation(field: Field) -> str:
    codes = field.variable.loinc if field.variable is not None else ()
    return ", ".join(f"LOINC {code}" for code in codes)
