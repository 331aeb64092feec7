"""What is known before the data: in which direction a variable should move an outcome.

A dictionary may state it for a number or a yes or no, with its source. A report holds the model
against it. It never changes a model: what nobody expects can be true, and is told, not mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from predictor.clinical.names import suggestion

Direction = Literal["raises", "lowers"]

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
_KEYS = ("direction", "source")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a higher value, or a yes, is expected to do to the probability of an outcome.

    Parameters
    ----------
    direction
        ``raises`` or ``lowers``.
    source
        Where it was found: a publication that a reader can look up.
    """

    direction: Direction
    source: str

    def to_dict(self) -> dict[str, str]:
        """Plain data, as in a dictionary file."""
        return {"direction": self.direction, "source": self.source}


def read_expectations(
    raw: object, problem: Callable[..., None], key: str = "expected"
) -> dict[str, Expectation]:
    """Read ``expected`` of an entry: outcome -> direction and source.

    Parameters
    ----------
    raw
        What stands there.
    problem
        Takes code, message and path of keys of every broken rule.
    key
        Name of the key.
    """
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        message = f"{key!r} must be a mapping of outcome to direction and source"
        problem("bad_value", message, key)
        return {}
    found = {}
    for outcome, entry in raw.items():
        expectation = _expectation(str(outcome), entry, problem, key)
        if expectation is not None:
            found[str(outcome)] = expectation
    return found


def _expectation(
    outcome: str, entry: object, problem: Callable[..., None], key: str
) -> Expectation | None:
    shown = outcome[:40]
    if not isinstance(entry, Mapping) or not set(entry) <= set(_KEYS):
        message = f"{key!r} of {shown!r} must be a mapping of direction and source, nothing else"
        problem("bad_value", message, key, outcome)
        return None
    direction, source = entry.get("direction"), entry.get("source")
    if direction not in DIRECTIONS:
        hint = suggestion(str(direction), DIRECTIONS) or ""
        message = (
            f"the direction of {shown!r} must be one of {', '.join(DIRECTIONS)}: what a higher "
            f"value does to the probability of it. {hint}"
        )
        problem("bad_value", message.rstrip(), key, outcome)
        return None
    if not isinstance(source, str) or not source.strip():
        message = f"{key!r} of {shown!r} needs a source that a reader can look up"
        problem("missing_key", message, key, outcome)
        return None
    known: Direction = "raises" if direction == "raises" else "lowers"
    return Expectation(known, source.strip())


def expectation_of(
    expected: Mapping[str, Expectation], *, name: str, label: str, event: Iterable[object]
) -> Expectation | None:
    """What a dictionary expects of the outcome that a study asks for.

    Parameters
    ----------
    expected
        Of one variable, by outcome.
    name, label, event
        Column of the outcome, what the event is called, and the values that count as it. The
        first of these that the dictionary knows counts: the label; the one value that is the
        event; the column, where its event is 1 or yes.

    Examples
    --------
    >>> low = Expectation("lowers", "a book")
    >>> found = expectation_of({"low_activity": low}, name="y", label="Low activity", event=[1])
    >>> found == low
    True
    >>> expectation_of({"y": low}, name="y", label="no flare", event=["no"]) is None
    True
    """
    values = list(event)
    called = [label]
    if len(values) == 1:
        called.append(str(values[0]))
        if str(values[0]).casefold() in ("1", "1.0", "true", "yes"):
            called.append(name)
    known = {_folded(outcome): found for outcome, found in expected.items()}
    return next((known[_folded(c)] for c in called if _folded(c) in known), None)


def _folded(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
