"""The data dictionary of a REDCap project: its fields, their choices, when they are shown."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.cohort.csv_file import read_csv
from predictor.cohort.sources.redcap_logic import checkbox_code
from predictor.errors import CohortError

if TYPE_CHECKING:
    from predictor.config import CohortSource

# As the project's own page and as REDCap's interface for programs write them.
_COLUMNS = {
    "name": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "kind": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": (
        "Choices, Calculations, OR Slider Labels",
        "Choices OR Calculations",
        "select_choices_or_calculations",
    ),
    "validation": (
        "Text Validation Type OR Show Slider Number",
        "text_validation_type_or_show_slider_number",
    ),
    "logic": ("Branching Logic (Show field only if...)", "branching_logic"),
}
_NEEDED = ("name", "form", "kind", "label", "choices")
_TAG = re.compile(r"<[^<>]{1,200}>")
_CHOSEN = ("radio", "dropdown")
_YES_NO = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}


@dataclass(frozen=True, slots=True)
class RedcapField:
    """One field of a project.

    Parameters
    ----------
    name, form, label
        As in the data dictionary; the label without markup.
    kind
        Field type of REDCap.
    choices
        Code -> label of radio buttons, lists, checkboxes and yes/no questions.
    validation
        Validation of a text field.
    logic
        Branching logic.
    """

    name: str
    form: str
    kind: str
    label: str
    choices: Mapping[str, str]
    validation: str
    logic: str

    @property
    def chosen(self) -> bool:
        """Whether a cell holds one of the choices."""
        return self.kind in _CHOSEN or self.kind in _YES_NO

    @property
    def with_comma(self) -> bool:
        """Whether numbers are written with a comma."""
        return "comma_decimal" in self.validation

    def column(self, code: str) -> str:
        """Name of a checkbox's column in an export."""
        return f"{self.name}___{checkbox_code(code)}"


@dataclass(frozen=True, slots=True)
class RedcapProject:
    """Fields of a project in the order of its data dictionary; the first names the record."""

    fields: Mapping[str, RedcapField]

    @property
    def record(self) -> str:
        """Name of the field that names the record."""
        return next(iter(self.fields))

    @property
    def forms(self) -> tuple[str, ...]:
        """Names of the forms, in order."""
        return tuple(dict.fromkeys(field.form for field in self.fields.values()))


def read_dictionary(path: Path, source: CohortSource) -> RedcapProject:
    """Read a data dictionary.

    Parameters
    ----------
    path
        CSV as REDCap exports it.
    source
        Encoding of the file.

    Raises
    ------
    CohortError
        If it is no data dictionary, a field is there twice, or a choice has no code.
    """
    if not path.is_file():
        raise CohortError(
            str(path), "there is no such data dictionary", "Download it from the project's setup."
        )
    try:
        rows = read_csv(path, source)
    except OSError:
        raise CohortError(str(path), "the data dictionary cannot be read") from None
    places = {
        key: next((rows.header.index(name) for name in names if name in rows.header), None)
        for key, names in _COLUMNS.items()
    }
    missing = [_COLUMNS[key][0] for key in _NEEDED if places[key] is None]
    if missing:
        raise CohortError(
            str(path),
            f"this is no data dictionary of REDCap: it lacks {', '.join(missing)}",
            "Download it from the project's setup, and do not rename its columns.",
        )
    fields: dict[str, RedcapField] = {}
    for line, cells in zip(rows.numbers, rows.cells, strict=True):
        entry = {key: cells[at].strip() if at is not None else "" for key, at in places.items()}
        if not entry["name"]:
            continue
        where = f"{path}, line {line}"
        if entry["name"] in fields:
            raise CohortError(where, f"the field {entry['name'][:100]} is there twice")
        fields[entry["name"]] = RedcapField(
            entry["name"],
            entry["form"],
            entry["kind"].casefold(),
            words(entry["label"]),
            _choices(entry["kind"].casefold(), entry["choices"], where),
            entry["validation"].casefold(),
            entry["logic"],
        )
    if not fields:
        raise CohortError(str(path), "the data dictionary has no fields")
    return RedcapProject(fields)


def words(label: str) -> str:
    """Return a label as exports write it: without markup, with single spaces.

    >>> words("<b>Sex</b> at&nbsp;birth")
    'Sex at birth'
    """
    return " ".join(html.unescape(_TAG.sub("", label)).split())


def _choices(kind: str, text: str, where: str) -> dict[str, str]:
    if kind in _YES_NO:
        return dict(_YES_NO[kind])
    if kind not in (*_CHOSEN, "checkbox"):
        return {}
    found: dict[str, str] = {}
    for choice in re.split(r"\||\n", text):
        code, comma, label = choice.partition(",")
        if not choice.strip():
            continue
        if not comma or not code.strip():
            raise CohortError(
                where, "a choice is written as code, comma, label", "Export the dictionary again."
            )
        found[code.strip()] = words(label)
    return found
