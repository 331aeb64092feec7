"""What people see of outcome definitions on a terminal: all of them, or one in full."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from predictor.terminal import plain, print_tables, say, width

if TYPE_CHECKING:
    from predictor.clinical.dictionary import Dictionary
    from predictor.clinical.outcome_definitions import Caution, OutcomeDefinition

_WIDEST = 100
_INDENT = "  "
_SOURCE = "{authors} {year}"
_NEED = "{name}  {label}{meant}{index}{items}{note}"
_AT_INDEX = ", at the index visit"
_MEASURED = "{names}: {unit}"
_POINTS = "points"
_NOTE = ". {note}"
_ITEMS = "; or all {count} items of the score"
_UNITS = " ({unit})"
_CONFIRMED = (
    "The outcome must hold again at a visit at least {days:g} days later; without such a visit it "
    "is undeterminable."
)
_STATE = "{name}: {rule}"
_OTHERWISE = "{name}: none of these holds"
_ABSENT = (
    "A column that is not there at all: the definition is refused by name where it can then never "
    "come out as yes, or never as no."
)
_CAUTION = "{variables}, within {days:g} days of the last infusion: {message} {reference}"
_ASK = "`predictor outcomes NAME` shows one in full: rule, variables, reference, what is missing."


def show_outcomes(definitions: Sequence[OutcomeDefinition]) -> None:
    """One line per definition."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Name", "Outcome", "States", "Source"):
        table.add_column(name)
    for found in definitions:
        reference = found.reference
        source = _SOURCE.format(authors=reference.authors.split(",")[0], year=reference.year)
        table.add_row(
            plain(found.name),
            plain(found.label),
            plain(", ".join(found.state_names)),
            plain(source),
        )
    print_tables(table)
    say(_ASK)


def show_outcome(found: OutcomeDefinition, dictionary: Dictionary) -> None:
    """One definition as a reader of the publication expects it."""
    for line in outcome_lines(found, dictionary):
        say(line)


def outcome_lines(found: OutcomeDefinition, dictionary: Dictionary) -> Iterator[str]:
    """Lines of one definition.

    Parameters
    ----------
    found
        The definition.
    dictionary
        What the variables are called.
    """
    yield f"{found.label} ({found.name})"
    yield from _section("The outcome is there where", rule_lines(found.rule.text))
    if found.states and found.otherwise:
        states = [_STATE.format(name=name, rule=r.text) for name, r in found.states.items()]
        otherwise = _OTHERWISE.format(name=found.otherwise)
        yield from _section("States, the first that holds", [*states, otherwise])
    if found.confirmed_after is not None:
        yield from _section("Confirmation", [_CONFIRMED.format(days=found.confirmed_after)])
    units = list(_units(found, dictionary))
    if units:
        yield from _section("Units of the numbers", units)
    yield from _section("Needs", list(_needs(found, dictionary)))
    yield from _section("Where something is missing", [found.missing_rule.text, _ABSENT])
    care = [*(str(c) for c in found.cautions), *(_caution(caution) for caution in found.warnings)]
    if care:
        yield from _section("Take care", care)
    if found.note:
        yield from _section("Note", [found.note])
    yield from _section("Reference", [str(found.reference), *map(str, found.further)])


def rule_lines(text: str) -> list[str]:
    """Break a rule before every ``and`` and ``or`` that stands in no bracket.

    >>> rule_lines("pga < 1 and not (fever or arthritis) and c3 > 80")
    ['pga < 1', 'and not (fever or arthritis)', 'and c3 > 80']
    """
    lines, line, depth = [], "", 0
    for word in text.split(" "):
        if depth == 0 and line and word.lower() in ("and", "or"):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        depth += word.count("(") - word.count(")")
    return [*lines, line]


def _section(title: str, paragraphs: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    for paragraph in paragraphs:
        yield from textwrap.wrap(
            paragraph,
            min(width(), _WIDEST),
            initial_indent=_INDENT,
            subsequent_indent=_INDENT * 2,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _units(found: OutcomeDefinition, dictionary: Dictionary) -> Iterator[str]:
    """What the numbers are that variables are compared with, unit by unit."""
    from predictor.clinical.units import readable_unit

    by_unit: dict[str, list[str]] = {}
    for name in found.requires:
        variable = dictionary.variable(name.rpartition(".")[2])
        if variable.kind == "continuous":
            unit = readable_unit(variable.unit) if variable.unit != "1" else ""
            by_unit.setdefault(unit, []).append(variable.name)
    for unit, names in by_unit.items():
        yield _MEASURED.format(names=", ".join(dict.fromkeys(names)), unit=unit or _POINTS)


def _needs(found: OutcomeDefinition, dictionary: Dictionary) -> Iterator[str]:
    from predictor.clinical.sledai import items_of
    from predictor.clinical.units import readable_unit

    longest = max(len(name) for name in found.requires)
    for name in found.requires:
        variable = dictionary.variable(name.rpartition(".")[2])
        unit = readable_unit(variable.unit) if variable.unit else ", ".join(variable.states)
        items, at_index = items_of(variable.name), name != variable.name
        yield _NEED.format(
            name=name.ljust(longest),
            label=variable.label,
            meant=_UNITS.format(unit=unit) if unit else "",
            index=_AT_INDEX if at_index else "",
            items=_ITEMS.format(count=len(items)) if items else "",
            note=_NOTE.format(note=variable.note) if variable.note and not at_index else "",
        )


def _caution(caution: Caution) -> str:
    return _CAUTION.format(
        variables=", ".join(caution.variables),
        days=caution.days,
        message=caution.message,
        reference=caution.reference,
    )
