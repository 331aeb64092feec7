"""What a model does not look at before a treatment is given: data, from ``unchecked_ivig.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.documents import Document, load_yaml
from predictor.errors import DictionaryError

_FILE = Path(__file__).resolve().parent / "unchecked_ivig.yaml"
_KEYS = {"treatment", "words", "source", "undesired", "unchecked"}
_REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Sign:
    """A variable that bears on something, and what makes an entry of it worth reading.

    Parameters
    ----------
    variable
        Name in the dictionary.
    state
        The state of a binary or nominal variable; None for a number.
    above
        The number above which an entry is worth reading; None for a state, and for the upper end
        of the dictionary's reference range.
    """

    variable: str
    state: str | None
    above: float | None

    def limit(self, variable: Variable) -> float | None:
        """The number above which an entry is worth reading; None where there is none."""
        if self.state is not None:
            return None
        if self.above is not None:
            return self.above
        return variable.reference.high if variable.reference else None

    def worth_reading(self, value: float, variable: Variable) -> bool:
        """Whether a value, as ``read_value`` gives it, is what the sign speaks of."""
        if self.state is not None:
            return 0 <= value < len(variable.states) and variable.states[int(value)] == self.state
        limit = self.limit(variable)
        return limit is not None and value > limit


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that speaks against a treatment, or calls for care, and is no part of a model."""

    name: str
    note: str
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A treatment with what no model of its outcome checks.

    Parameters
    ----------
    name
        As people call it.
    words
        By one of which a text names it, in small letters.
    source
        Where the list comes from.
    undesired
        Outcome -> states by which nobody chooses patients.
    unchecked
        What has to be looked at besides.
    """

    name: str
    words: tuple[str, ...]
    source: str
    undesired: Mapping[str, tuple[str, ...]]
    unchecked: tuple[Unchecked, ...]

    def is_named_in(self, text: str) -> bool:
        """Whether a text speaks of the treatment.

        >>> load_treatment().is_named_in("adults before their first IVIG")
        True
        """
        return any(word in text.casefold() for word in self.words)

    def is_undesired(self, outcome: str, event: Sequence[object], variable: Variable) -> bool:
        """Whether an event, as a bundle's outcome defines it, holds an undesired state.

        Parameters
        ----------
        outcome
            Name of the outcome's variable.
        event
            Values of it that are the event.
        variable
            Its entry in the dictionary.
        """
        states = {
            variable.states[int(reading.value)]
            for reading in (read_value(value, variable) for value in event)
            if reading.value is not None and variable.states
        }
        return bool(states & set(self.undesired.get(outcome, ())))


def load_treatment(path: Path | None = None) -> Treatment:
    """Read what is unchecked before a treatment.

    Parameters
    ----------
    path
        A YAML file; None for the shipped one, which is read once.

    Raises
    ------
    DictionaryError
        If the file breaks a rule; with its line.
    DocumentError
        If it is no readable YAML.

    Examples
    --------
    >>> found = load_treatment()
    >>> found.name, [len(item.signs) for item in found.unchecked]
    ('IVIG', [0, 3, 6])
    """
    return _shipped() if path is None else _load(Path(path))


@lru_cache(maxsize=1)
def _shipped() -> Treatment:
    return _load(_FILE)


def _load(path: Path) -> Treatment:
    document = load_yaml(path)
    data = document.data
    if not isinstance(data, dict) or set(data) != _KEYS:
        _refuse(document, (), f"it holds {', '.join(sorted(_KEYS))} and nothing else")
    if not isinstance(data["undesired"], dict) or not isinstance(data["unchecked"], list):
        _refuse(document, (), "undesired is a mapping, unchecked a list")
    if not isinstance(data["words"], list):
        _refuse(document, ("words",), "a list of words is expected")
    words = tuple(str(word).casefold() for word in data["words"])
    undesired = {}
    for outcome, states in data["undesired"].items():
        if not isinstance(states, list) or not all(isinstance(s, str) for s in states):
            _refuse(document, ("undesired", outcome), "a list of states is expected")
        undesired[str(outcome)] = tuple(states)
    items = tuple(_item(document, i, item) for i, item in enumerate(data["unchecked"]))
    return Treatment(str(data["treatment"]), words, str(data["source"]), undesired, items)


def _item(document: Document, i: int, item: object) -> Unchecked:
    keys = ("unchecked", i)
    if not isinstance(item, dict) or set(item) != {"name", "note", "signs"}:
        _refuse(document, keys, "an entry has a name, a note and signs")
    if not isinstance(item["signs"], list):
        _refuse(document, keys, "signs is a list")
    signs = tuple(
        _sign(document, (*keys, "signs", j), sign) for j, sign in enumerate(item["signs"])
    )
    return Unchecked(str(item["name"]), str(item["note"]), signs)


def _sign(document: Document, keys: tuple[str | int, ...], sign: object) -> Sign:
    if not isinstance(sign, dict) or set(sign) not in (
        {"variable", "state"},
        {"variable", "above"},
    ):
        _refuse(document, keys, "a sign has a variable, and either a state or above")
    above = sign.get("above")
    number = isinstance(above, int | float) and not isinstance(above, bool)
    if "above" in sign and not number and above != _REFERENCE:
        _refuse(document, keys, "above is a number or the word reference")
    state = sign.get("state")
    if "state" in sign and not isinstance(state, str):
        _refuse(document, keys, 'a state is text, such as "yes" in quotes')
    return Sign(str(sign["variable"]), state, float(above) if number else None)  # type: ignore[arg-type]


def _refuse(document: Document, keys: tuple[str | int, ...], rule: str) -> NoReturn:
    raise DictionaryError(document.place(*keys), rule)
