"""The dictionary of variables: looking a name up, and loading a dictionary from a file.

The shipped dictionary is ``sle_ivig.yaml``. A researcher adds one for another disease, or a few
variables to the shipped one, with a file of the same form (``extends: sle_ivig``). Nothing in
this module knows which variables there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.clinical.entries import EntryReader
from predictor.clinical.names import nearest, suggestion
from predictor.clinical.variable import Range, Variable
from predictor.errors import DictionaryError, Reason

if TYPE_CHECKING:
    from predictor.documents import Document

__all__ = ["AFTER", "Dictionary", "Range", "Variable", "load_dictionary", "nearest"]

AFTER = "_after"
"""Suffix of a variable measured again at follow-up."""

_HERE = Path(__file__).resolve().parent
_DEFAULT = "sle_ivig"
_SHIPPED = ("sle_ivig",)
_PARTS = ("sle_visits",)
_FILE_KEYS = ("name", "extends", "includes", "variables")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All variables of a study.

    Parameters
    ----------
    name
        Name of the dictionary.
    variables
        Name -> variable, in the order of the file. Follow-up values are not listed: every
        baseline variable has one under its name with the suffix ``_after``.
    included
        What further files add (``includes`` of the file), such as the items of a score: known by
        name, but in no form, table or bundle that does not ask for it.
    """

    name: str
    variables: Mapping[str, Variable]
    included: Mapping[str, Variable] = field(default_factory=dict)

    def variable(self, name: str) -> Variable:
        """Return a variable by name, a follow-up value (``c3_after``) included.

        Raises
        ------
        DictionaryError
            If there is no such variable; the message names the nearest one.
        """
        found = self._find(name)
        if found is None:
            plain = [*self.variables, *self.included]
            known = [*plain, *(n + AFTER for n in plain if self._find(n + AFTER))]
            raise DictionaryError(
                f"dictionary {self.name}",
                f"there is no variable {name[:80]!r}",
                suggestion(name, known) or "`predictor variables` lists all names.",
            )
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def holding(self, names: Iterable[str]) -> Mapping[str, Variable]:
        """Return the variables, and of the included ones those that are asked for."""
        asked = {name: self.included[name] for name in names if name in self.included}
        return {**asked, **self.variables}

    def _find(self, name: str) -> Variable | None:
        found = self._entry(name)
        if found is not None or not name.endswith(AFTER):
            return found
        before = self._entry(name.removesuffix(AFTER))
        if before is None or before.time != "baseline" or before.exclusion:
            return None
        label = f"{before.label} after treatment"
        return replace(before, name=name, label=label, time="follow_up")

    def _entry(self, name: str) -> Variable | None:
        found = self.variables.get(name)
        return self.included.get(name) if found is None else found

    def to_dict(self) -> dict[str, object]:
        """Return the dictionary as plain JSON data."""
        parts = {"variables": self.variables, "included": self.included}
        listed = {key: [v.to_dict() for v in found.values()] for key, found in parts.items()}
        return {"name": self.name, **listed}

    @classmethod
    def from_dict(cls, data: object) -> Dictionary:
        """Rebuild a dictionary from ``to_dict``.

        Raises
        ------
        DictionaryError
            If the data break a rule of a dictionary file.
        """
        included = data.get("included", []) if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(data.get("variables"), list):
            raise DictionaryError("dictionary", "it must be a mapping with a list of variables")
        if not isinstance(included, list):
            raise DictionaryError("dictionary", "'included' must be a list of variables")
        parts = [[Variable.from_dict(v) for v in part] for part in (data["variables"], included)]
        return cls(str(data.get("name", "")), *({v.name: v for v in part} for part in parts))


def load_dictionary(path: Path | None = None) -> Dictionary:
    """Load a dictionary file, or the shipped dictionary.

    Parameters
    ----------
    path
        A YAML file; None for the shipped dictionary, which is read once.

    Raises
    ------
    DictionaryError
        If the file breaks a rule; ``reasons`` lists every problem with its line.
    DocumentError
        If the file cannot be read as YAML.
    """
    return _shipped(_DEFAULT) if path is None else _load(Path(path))


@lru_cache(maxsize=4)
def _shipped(name: str) -> Dictionary:
    return _load(_HERE / f"{name}.yaml")


def _load(path: Path) -> Dictionary:
    # YAML is needed only here: a bundle brings its own dictionary as JSON.
    from predictor.documents import load_yaml

    return _FileReader(path, load_yaml(path)).read()


class _FileReader:
    """Reads one dictionary file and collects every problem with its line."""

    def __init__(self, path: Path, document: Document) -> None:
        self.path = path
        self.document = document
        self.problems: list[Reason] = []

    def problem(self, code: str, message: str, *keys: str | int) -> None:
        """Note a broken rule at a key of the file."""
        self.problems.append(Reason(code, self.place(*keys), message))

    def place(self, *keys: str | int) -> str:
        """Return ``file, line n`` of a key, or of the nearest one around it."""
        line = self.document.line(*keys)
        return f"{self.path}, line {line}" if line else str(self.path)

    def read(self) -> Dictionary:
        """Return the dictionary, or raise with all problems."""
        data = self.document.data
        if not isinstance(data, Mapping):
            raise DictionaryError(str(self.path), "a dictionary file is a mapping with 'variables'")
        for key in data:
            if key not in _FILE_KEYS:
                hint = suggestion(key, _FILE_KEYS) or f"Known: {', '.join(_FILE_KEYS)}."
                self.problem("unknown_key", f"unknown key {key[:40]!r}. {hint}", key)
        inherited, included = self.extended(data.get("extends"))
        included = {**included, **self.included(data.get("includes"))}
        entries = data.get("variables")
        if not isinstance(entries, Mapping) or not entries:
            message = "'variables' must be a mapping of at least one variable"
            self.problem("missing_key", message, "variables")
            entries = {}
        own = {
            name: self.entry(name, entry, inherited.get(name, included.get(name)))
            for name, entry in entries.items()
        }
        self.check_codes({**included, **inherited, **own})
        name = data.get("name", self.path.stem)
        if not isinstance(name, str) or not name.strip():
            self.problem("bad_value", "'name' must be text", "name")
        if self.problems:
            count = len(self.problems)
            rule = f"{count} problem{'s' if count > 1 else ''} in this dictionary"
            raise DictionaryError(str(self.path), rule, "Correct each:", reasons=self.problems)
        found = {key: variable for key, variable in own.items() if variable is not None}
        # An entry of the file itself, or of what it extends, replaces an included one.
        variables = {**inherited, **found}
        others = {key: v for key, v in included.items() if key not in variables}
        return Dictionary(str(name).strip(), variables, others)

    def extended(self, name: object) -> tuple[Mapping[str, Variable], Mapping[str, Variable]]:
        """Return what the shipped dictionary has that this file extends: listed and included."""
        if name is None:
            return {}, {}
        if isinstance(name, str) and name in _SHIPPED:
            found = _shipped(name)
            return found.variables, found.included
        self.not_shipped("extends", name, _SHIPPED)
        return {}, {}

    def included(self, name: object) -> Mapping[str, Variable]:
        """Return the variables of the shipped file that this one includes."""
        if name is None:
            return {}
        if isinstance(name, str) and name in _PARTS:
            return _shipped(name).variables
        self.not_shipped("includes", name, _PARTS)
        return {}

    def not_shipped(self, key: str, name: object, known: Iterable[str]) -> None:
        """Note that a key names nothing that comes with the package."""
        hint = suggestion(str(name), known) or f"Shipped: {', '.join(known)}."
        self.problem("bad_value", f"{key!r} must name a shipped dictionary. {hint}", key)

    def check_codes(self, variables: Mapping[str, Variable | None]) -> None:
        """Check that no result can be read as two variables."""
        owner: dict[str, str] = {}
        for name, variable in variables.items():
            for code in variable.loinc if variable else ():
                if owner.setdefault(code, name) != name:
                    message = f"{name}: LOINC {code} belongs to {owner[code]} already"
                    self.problem("bad_loinc", message, "variables", name, "loinc")

    def entry(self, name: str, entry: object, before: Variable | None) -> Variable | None:
        """Return the variable that one entry describes, None when it breaks a rule."""
        if not _NAME.fullmatch(name):
            message = (
                f"{name[:80]!r} cannot name a variable: it starts with a small letter and holds "
                "small letters, digits and underscores"
            )
            self.problem("bad_name", message, "variables", name)
            return None
        if name.endswith(AFTER):
            message = (
                f"{name}: the suffix {AFTER} is kept for follow-up values, which need no entry"
            )
            self.problem("bad_name", message, "variables", name)
            return None
        if not isinstance(entry, Mapping):
            message = f"{name}: an entry is a mapping with at least label and kind"
            self.problem("bad_value", message, "variables", name)
            return None
        reader = EntryReader(
            name, _inherited(before, entry), partial(self.place, "variables", name)
        )
        variable = reader.read()
        self.problems.extend(reader.problems)
        return variable


def _inherited(before: Variable | None, entry: Mapping[str, object]) -> Mapping[str, object]:
    """Return an entry completed by the one it changes.

    An entry that states another unit or kind starts afresh: the old ranges and factors would
    be wrong by the ratio of the units.
    """
    if before is None or "unit" in entry or "kind" in entry:
        return entry
    inherited = {key: value for key, value in before.to_dict().items() if key != "name"}
    return {**inherited, **entry}
