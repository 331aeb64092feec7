"""Which variable stands in which descriptive table: data, read from ``tables/sle_ivig.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast, get_args

from predictor.errors import DictionaryError

Statistic = Literal["mean_sd", "median_iqr"]
TableKind = Literal["characteristics", "paired"]

_FILE = Path(__file__).resolve().parent / "tables" / "sle_ivig.yaml"
_TABLE_KEYS = {"number", "title", "kind", "digits", "others", "sections"}
_ROW_KEYS = {"variable", "statistic", "states", "implies"}


@dataclass(frozen=True, slots=True)
class RowPlan:
    """One variable of a table.

    Parameters
    ----------
    variable
        Name in the dictionary.
    statistic
        How a number is summarised; None leaves it to the data.
    states
        State -> what it is called in the table; empty for the usual choice.
    implies
        Variables that say nothing more once this one is shown.
    """

    variable: str
    statistic: Statistic | None = None
    states: Mapping[str, str] | None = None
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """Rows under one heading."""

    title: str
    rows: tuple[RowPlan, ...]


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table.

    Parameters
    ----------
    number, title
        As printed above it.
    kind
        ``characteristics`` of all patients, or ``paired``: before and after.
    digits
        Decimals of means, standard deviations and medians.
    sections
        What it lists.
    others
        Heading for what no table lists; None where the table takes nothing else.
    """

    number: int
    title: str
    kind: TableKind
    digits: int
    sections: tuple[SectionPlan, ...]
    others: str | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of all variables it lists."""
        return tuple(row.variable for section in self.sections for row in section.rows)


def load_table_plans(path: Path | None = None) -> tuple[TablePlan, ...]:
    """Read the plan of the tables.

    Parameters
    ----------
    path
        A YAML file; None for the shipped one, which is read once.

    Raises
    ------
    DictionaryError
        If the file breaks a rule.
    DocumentError
        If it is no readable YAML.

    Examples
    --------
    >>> [plan.kind for plan in load_table_plans()]
    ['characteristics', 'characteristics', 'paired', 'paired']
    """
    return _shipped() if path is None else _load(Path(path))


@lru_cache(maxsize=1)
def _shipped() -> tuple[TablePlan, ...]:
    return _load(_FILE)


def _load(path: Path) -> tuple[TablePlan, ...]:
    from predictor.documents import load_yaml

    data = load_yaml(path).data
    tables = data.get("tables") if isinstance(data, Mapping) else None
    if not isinstance(tables, list) or not tables:
        raise DictionaryError(str(path), "it must hold a list of tables under 'tables'")
    plans = tuple(_table(path, table) for table in tables)
    listed = [name for plan in plans for name in plan.variables]
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise DictionaryError(str(path), f"listed twice: {', '.join(twice)}", "Keep one row.")
    return plans


def _table(path: Path, data: object) -> TablePlan:
    table = _mapping(path, data, _TABLE_KEYS, "a table")
    number, digits, kind = table.get("number"), table.get("digits", 1), table.get("kind")
    sections, others = table.get("sections"), table.get("others")
    if not isinstance(number, int) or not isinstance(digits, int):
        raise DictionaryError(str(path), "'number' and 'digits' of a table are whole numbers")
    if kind not in get_args(TableKind):
        raise DictionaryError(
            str(path), f"'kind' of table {number} must be characteristics or paired"
        )
    if not isinstance(sections, list):
        raise DictionaryError(str(path), f"table {number} needs a list of sections")
    return TablePlan(
        number,
        str(table.get("title", "")),
        cast(TableKind, kind),
        digits,
        tuple(_section(path, section) for section in sections),
        None if others is None else str(others),
    )


def _section(path: Path, data: object) -> SectionPlan:
    section = _mapping(path, data, {"title", "rows"}, "a section")
    rows = section.get("rows")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise DictionaryError(str(path), "a section needs a list of rows")
    return SectionPlan(str(section.get("title", "")), tuple(_row(path, row) for row in rows))


def _row(path: Path, data: object) -> RowPlan:
    row = _mapping(path, data, _ROW_KEYS, "a row")
    name, statistic, states = row.get("variable"), row.get("statistic"), row.get("states")
    if not isinstance(name, str):
        raise DictionaryError(str(path), "a row needs the name of a variable")
    if statistic is not None and statistic not in get_args(Statistic):
        raise DictionaryError(str(path), f"{name}: 'statistic' must be mean_sd or median_iqr")
    if states is not None and not isinstance(states, Mapping):
        raise DictionaryError(str(path), f"{name}: 'states' must map a state to its label")
    implies = row.get("implies", [])
    if not isinstance(implies, list):
        raise DictionaryError(str(path), f"{name}: 'implies' must be a list of variables")
    named = None if states is None else {str(k): str(v) for k, v in states.items()}
    return RowPlan(name, cast(Statistic | None, statistic), named, tuple(map(str, implies)))


def _mapping(path: Path, data: object, keys: set[str], what: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise DictionaryError(str(path), f"{what} must be a mapping")
    unknown = sorted(str(key) for key in data if key not in keys)
    if unknown:
        raise DictionaryError(
            str(path),
            f"{what} has the unknown key {unknown[0]!r}",
            f"Known: {', '.join(sorted(keys))}.",
        )
    return data
