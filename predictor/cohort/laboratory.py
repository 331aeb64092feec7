"""What odd laboratory values become: what the configuration declares, and otherwise a problem.

Every rule changes the statistics of a variable (docs/laboratory.md), so none is a default, and each
value that a rule has changed is counted in what travels with the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.laboratory import TITRE, LaboratoryText, classify, titre_of_days
from predictor.clinical.variable import Variable
from predictor.cohort.problem import Problem
from predictor.cohort.table import Cells

if TYPE_CHECKING:
    from predictor.config_sources import LaboratoryRules

_SQUARE_ROOT = 2**0.5
_SHORTEST = 8
"""Characters of the shortest number with seven decimals: none shorter was made of a titre."""

_BECOME = {
    ("below", "limit"): "values below a limit became the limit",
    ("below", "half"): "values below a limit became half of it",
    ("below", "sqrt2"): "values below a limit became the limit divided by the square root of 2",
    ("below", "missing"): "values below a limit became missing",
    ("above", "limit"): "values above a limit became the limit",
    ("above", "missing"): "values above a limit became missing",
    ("titre", "reciprocal"): "titres became their reciprocal",
    ("titre", "missing"): "titres became missing",
    ("decimal_comma", "point"): "a comma was read as the decimal sign",
    ("decimal_comma", "missing"): "numbers with a comma became missing",
    ("pending", "missing"): "results that were not there became missing",
    ("day_fraction", "titre"): "days that a spreadsheet made of titres became titres again",
    ("day_fraction", "missing"): "days that a spreadsheet made of titres became missing",
    ("qualitative", "words"): "words became the numbers that are declared for them",
}
_WHAT = {
    "below": "a value below a limit",
    "above": "a value above a limit",
    "titre": "a titre",
    "qualitative": "a word or a sign",
    "pending": "a result that is not there",
    "day_fraction": "a day that a spreadsheet made of a titre",
}
_NOT_A_NUMBER = "is not a number but {what}. {advice}"
_COMMA = "is not a number with a point as decimal sign. {advice}"
_THOUSANDS = (
    "is not a number: its comma may stand for thousands or for decimals. Mend it in the file."
)
_DECLARE = "Say what it becomes, such as `cohort.laboratory: {{{name}: {{{rule}}}}}`."
_ALL_COMMAS = (
    "If the file writes decimals with a comma, set `cohort.decimal: ','`; if only some cells do, "
    "`cohort.laboratory: {{{name}: {{{rule}}}}}`."
)
_TITRE_IN_UNIT = (
    "is a titre with the unit of a concentration behind it, and cannot be both. Mend it in the "
    "file, or leave such values out: `cohort.laboratory: {{{name}: {{titre: missing}}}}`."
)
_NO_TITRE = (
    "{name} is no titre, and nothing converts one. Map the column to a variable in titres, or "
    "leave them out: `cohort.laboratory: {{{name}: {{{rule}}}}}`."
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that would deal with values of one kind in one column.

    Parameters
    ----------
    column, variable
        Column of the file, and the variable it is mapped to.
    kind
        What the values are; see ``clinical.laboratory``.
    count
        How many there are.
    rule
        The rule, as it stands under ``cohort.laboratory`` behind the variable's name.
    """

    column: str
    variable: str
    kind: str
    count: int
    rule: str


@dataclass(frozen=True, slots=True)
class Converted:
    """Cells after the declared rules.

    Parameters
    ----------
    cells
        The column: a cell that a rule speaks of is a number, a number with its unit, or None.
    notes
        Row and message of every cell that a rule changed.
    days
        Rows of numbers that a spreadsheet made of titres, of which no rule speaks.
    """

    cells: Cells
    notes: tuple[tuple[int, str, str], ...] = ()
    days: tuple[int, ...] = ()


def by_rules(
    cells: Cells, variable: Variable, rules: LaboratoryRules | None, decimal: str
) -> Converted:
    """Convert the cells of a column by the declared rules of its variable.

    Parameters
    ----------
    cells
        Cells of the column, None for missing.
    variable
        What it holds.
    rules
        From ``cohort.laboratory``; None if nothing is declared.
    decimal
        Decimal sign of numbers in text.
    """
    if variable.kind != "continuous":
        return Converted(cells)
    days = _days(cells, variable, decimal)
    if rules is None:
        return Converted(cells, (), tuple(days))
    changed: list[object] = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    notes: list[tuple[int, str, str]] = []
    known: dict[str, tuple[object, str] | None] = {}
    words = {word.strip().casefold(): number for word, number in rules.words.items()}
    left = []
    for row in days if isinstance(cells, np.ndarray) else range(len(cells)):
        cell = changed[row]
        became: tuple[object, str] | None = None
        if row in days:
            became = _ruled(LaboratoryText("day_fraction", days[row], TITRE), rules)
            left += [] if became else [row]
        elif isinstance(cell, str):
            if cell not in known:  # columns repeat themselves
                known[cell] = _of_cell(cell, rules, words, decimal)
            became = known[cell]
        elif not isinstance(cell, int | float) and cell is not None:
            became = _of_cell(cell, rules, words, decimal)
        if became is not None:
            changed[row], rule = became
            kind, _, way = rule.partition(":")
            notes.append((row, kind, _BECOME[kind, way]))
    return Converted(changed if notes else cells, tuple(notes), tuple(left))


def _of_cell(
    cell: object, rules: LaboratoryRules, words: Mapping[str, float | None], decimal: str
) -> tuple[object, str] | None:
    """What a cell becomes and by which rule; None where none speaks of it."""
    if isinstance(cell, str) and (word := cell.strip().casefold()) in words:
        return words[word], "qualitative:words"
    return _ruled(classify(cell, decimal), rules)


def _ruled(found: LaboratoryText, rules: LaboratoryRules) -> tuple[object, str] | None:
    way = getattr(rules, found.kind, None)
    if way is None or found.kind in ("number", "unreadable"):
        return None
    applied = f"{found.kind}:{way}"
    if way == "missing":
        return None, applied
    if found.number is None:  # such as "1,250", or a time that no titre gives
        return None
    number = found.number
    if way == "half":
        number /= 2
    elif way == "sqrt2":
        number /= _SQUARE_ROOT
    if not found.unit:
        return number, applied
    return {"value": number, "unit": found.unit}, applied


def _days(cells: Cells, variable: Variable, decimal: str) -> dict[int, float]:
    """Rows of numbers that are days made of titres, where a titre may have been meant at all."""
    if TITRE not in variable.units and TITRE not in variable.refused_units:
        return {}
    if isinstance(cells, np.ndarray):
        minutes = cells.astype(np.float64) * 1440 - 60
        with np.errstate(invalid="ignore"):
            near = np.flatnonzero((minutes > 0) & (np.abs(minutes - np.rint(minutes)) <= 1e-4))
        numbers = {int(row): float(cells[row]) for row in near}
    else:
        numbers = {}
        for row, cell in enumerate(cells):
            if isinstance(cell, float):
                numbers[row] = cell
            elif isinstance(cell, str) and len(cell) >= _SHORTEST and decimal in cell:
                found = classify(cell, decimal)
                if found.kind == "number" and found.number is not None and not found.unit:
                    numbers[row] = found.number
    titres = {row: titre_of_days(number) for row, number in numbers.items()}
    return {row: titre for row, titre in titres.items() if titre is not None}


def explained(cell: object, variable: Variable, decimal: str) -> tuple[str, str] | None:
    """Kind of a cell that could not be read as a number, and what to do; None if neither is known.

    Parameters
    ----------
    cell
        The cell.
    variable
        The variable that it was read as.
    decimal
        Decimal sign of numbers in text.
    """
    found = classify(cell, decimal)
    if found.kind == "decimal_comma":
        if found.number is None:
            return "", _THOUSANDS
        return found.kind, _COMMA.format(advice=_advice(found.kind, variable))
    if found.kind == "titre" and found.number is None:
        return "", _TITRE_IN_UNIT.format(name=variable.name)
    if found.kind not in _WHAT:
        return None
    what = _WHAT[found.kind]
    return found.kind, _NOT_A_NUMBER.format(what=what, advice=_advice(found.kind, variable))


def day_problem(variable: Variable) -> str:
    """What to say of a number that a spreadsheet made of a titre."""
    return _NOT_A_NUMBER.format(
        what=_WHAT["day_fraction"], advice=_advice("day_fraction", variable)
    ).replace("is not a number but", "is no measurement but")


def _advice(kind: str, variable: Variable) -> str:
    rule = _rule(kind, variable, ())
    in_titres = TITRE in variable.units
    template = _DECLARE
    if kind == "decimal_comma":
        template = _ALL_COMMAS
    elif kind in ("titre", "day_fraction") and not in_titres:
        template = _NO_TITRE
    return template.format(name=variable.name, rule=rule)


def _rule(kind: str, variable: Variable, cells: Sequence[str]) -> str:
    in_titres = TITRE in variable.units
    if kind == "qualitative":
        words = ", ".join(f"{json.dumps(cell, ensure_ascii=False)}: null" for cell in cells)
        return f"words: {{{words or 'WORD: null'}}}"
    return {
        "below": "below: half",
        "above": "above: limit",
        "titre": "titre: reciprocal" if in_titres else "titre: missing",
        "decimal_comma": "decimal_comma: point",
        "pending": "pending: missing",
        "day_fraction": "day_fraction: titre" if in_titres else "day_fraction: missing",
    }[kind]


def proposals(problems: Sequence[Problem], dictionary: Dictionary) -> tuple[Proposal, ...]:
    """Return one rule for each kind of odd value in each column.

    Parameters
    ----------
    problems
        What a check found.
    dictionary
        What the variables are.
    """
    groups: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        if problem.kind and problem.variable in dictionary:
            groups.setdefault((problem.column, problem.variable, problem.kind), []).append(problem)
    return tuple(
        Proposal(
            column,
            name,
            kind,
            len(found),
            _rule(
                kind, dictionary.variable(name), list(dict.fromkeys(p.value.strip() for p in found))
            ),
        )
        for (column, name, kind), found in groups.items()
    )


def as_yaml(found: Sequence[Proposal]) -> str:
    """The proposed rules as lines that can be pasted into a configuration."""
    return "\n".join(_lines(found))


def _lines(found: Sequence[Proposal]) -> Iterator[str]:
    by_variable: dict[str, dict[str, None]] = {}
    for proposal in found:
        by_variable.setdefault(proposal.variable, {})[proposal.rule] = None
    if by_variable:
        yield "cohort:"
        yield "  laboratory:"
    for name, rules in by_variable.items():
        yield f"    {name}: {{{', '.join(rules)}}}"
