"""Reading the file of an outcome definition: every problem with its line, not only the first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.clinical.citation import Citation, read_citation
from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expression import Expression, parse_expression
from predictor.clinical.names import suggestion
from predictor.clinical.outcome_definitions import (
    Caution,
    MissingRule,
    OutcomeDefinition,
    cautions_of,
)
from predictor.clinical.outcome_trial import contradicted
from predictor.clinical.sledai import items_of
from predictor.clinical.values import read_value
from predictor.errors import ExpressionError, OutcomeError, Reason

if TYPE_CHECKING:
    from predictor.documents import Document

KEYS = (
    "label",
    "reference",
    "further",
    "rule",
    "states",
    "otherwise",
    "confirmed_after",
    "missing",
    "warnings",
    "note",
)
_CAUTION_KEYS = ("variables", "days", "message", "reference")
_STATE = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_WAIT = 3660
_OWN = "Of a rule of your own: authors, title, journal (such as this study) and year."

_CONTRADICTED = (
    "in the state {state} the outcome is there at some visits and not at others: the rule and the "
    "states contradict each other. Let each state lie wholly inside the rule or outside it."
)
_UNDETERMINABLE = (
    "A variable without an entry makes the outcome undeterminable, unless the others decide it."
)
_ASSUMED = "{name} without an entry is taken as {value}."


def read_outcome_file(path: Path, dictionary: Dictionary) -> OutcomeDefinition:
    """Read one definition; see ``load_outcome``."""
    from predictor.documents import load_yaml

    return read_definition(load_yaml(path), dictionary, path.stem)


def read_definition(document: Document, dictionary: Dictionary, name: str) -> OutcomeDefinition:
    """Read a definition from a document that was parsed already.

    Raises
    ------
    OutcomeError
        If it breaks a rule; ``reasons`` lists every problem.
    """
    return _DefinitionReader(document, dictionary).read(name)


def read_cautions_file(path: Path) -> tuple[Caution, ...]:
    """Read the warnings about a treatment: a mapping with the list ``warnings``."""
    from predictor.documents import load_yaml

    reader = _DefinitionReader(load_yaml(path), None)
    found = reader.cautions("warnings")
    reader.finish()
    return found


class _DefinitionReader:
    """Reads the keys of a definition and collects what is wrong with them."""

    def __init__(self, document: Document, dictionary: Dictionary | None) -> None:
        self.document = document
        self.dictionary = dictionary
        if not isinstance(document.data, Mapping):
            rule = "an outcome definition is a mapping with label, reference and rule"
            raise OutcomeError(document.path, rule, "`predictor outcomes NAME` shows one.")
        self.data: Mapping[str, object] = document.data
        self.problems: list[Reason] = []

    def problem(self, code: str, message: str, *keys: str | int) -> None:
        self.problems.append(Reason(code, self.document.place(*keys), message))

    def finish(self) -> None:
        """Raise with everything that was found."""
        if self.problems:
            count = len(self.problems)
            rule = f"{count} problem{'s' if count > 1 else ''} in this outcome definition"
            raise OutcomeError(self.document.path, rule, "Correct each:", reasons=self.problems)

    def read(self, name: str) -> OutcomeDefinition:
        """Return the definition, or raise with all problems."""
        for key in self.data:
            if key not in KEYS:
                hint = suggestion(str(key), KEYS) or f"Known: {', '.join(KEYS)}."
                self.problem("unknown_key", f"unknown key {str(key)[:40]!r}. {hint}", key)
        label = self.text("label", required=True)
        note = self.text("note")
        reference = self.citation(self.data.get("reference"), "reference")
        further = self.citations("further")
        rule = self.expression("rule")
        states = self.states()
        otherwise = self.otherwise(states)
        wait = self.wait()
        assumed = self.assumed()
        own_cautions = self.cautions("warnings") if "warnings" in self.data else ()
        if rule is not None and states:
            self.check_states(rule, states, otherwise)
        if rule is not None:
            self.check_assumed(assumed, [rule, *(states or {}).values()])
        self.finish()
        assert rule is not None  # noqa: S101 - finish() raised otherwise
        assert reference is not None  # noqa: S101
        requires = _requires([rule, *(states or {}).values()])
        cautions = cautions_of(name.removeprefix("index.") for name in requires)
        sentences = [_ASSUMED.format(name=n, value=shown) for n, (_, shown) in assumed.items()]
        return OutcomeDefinition(
            name,
            label,
            reference,
            further,
            rule,
            requires,
            note,
            states,
            otherwise,
            wait,
            (*cautions, *own_cautions),
            MissingRule(
                " ".join([*sentences, _UNDETERMINABLE]), {n: v for n, (v, _) in assumed.items()}
            ),
        )

    # ---- keys

    def text(self, key: str, *, required: bool = False) -> str:
        raw = self.data.get(key)
        if raw is None or raw == "":
            if required:
                self.problem("missing_key", f"needs the key {key!r}")
            return ""
        if not isinstance(raw, str):
            self.problem("bad_value", f"{key!r} must be text", key)
            return ""
        return " ".join(raw.split())

    def expression(self, *keys: str) -> Expression | None:
        raw: object = self.data
        for key in keys:
            raw = raw.get(key) if isinstance(raw, Mapping) else None
        place = self.document.place(*keys)
        if raw is None:
            self.problem("missing_key", f"needs the key {keys[-1]!r}, such as: c3 < 80", *keys)
            return None
        if not isinstance(raw, str) or self.dictionary is None:
            self.problem("bad_value", "a rule is text, such as: c3 < 80", *keys)
            return None
        try:
            return parse_expression(raw, self.dictionary, place)
        except ExpressionError as error:
            message = f"{error.rule}. {error.next_step}".rstrip()
            self.problems.append(Reason("bad_rule", error.where, message))
            return None

    def states(self) -> Mapping[str, Expression] | None:
        raw = self.data.get("states")
        if raw is None:
            return None
        if not isinstance(raw, Mapping) or not raw:
            self.problem("bad_value", "'states' is a mapping of a state and its rule", "states")
            return None
        found = {}
        for name in raw:
            if not _STATE.fullmatch(str(name)):
                message = f"{str(name)[:40]!r} names no state: small letters, digits, underscores"
                self.problem("bad_name", message, "states", name)
            rule = self.expression("states", name)
            if rule is not None:
                found[str(name)] = rule
        return found

    def otherwise(self, states: Mapping[str, Expression] | None) -> str | None:
        name = self.text("otherwise")
        if bool(name) != (states is not None):
            message = "'states' and 'otherwise', the state where none of them holds, go together"
            self.problem("missing_key", message, "otherwise")
        elif name and (name in (states or ()) or not _STATE.fullmatch(name)):
            message = "'otherwise' names one more state: small letters, digits, underscores"
            self.problem("bad_name", message, "otherwise")
        return name or None

    def check_states(
        self, rule: Expression, states: Mapping[str, Expression], otherwise: str | None
    ) -> None:
        if self.dictionary is None:
            return
        for name in contradicted(rule, states, otherwise, self.dictionary):
            message = _CONTRADICTED.format(state=name)
            self.problem("rule_and_states", message, "states")

    def wait(self) -> float | None:
        raw = self.data.get("confirmed_after")
        if raw is None:
            return None
        if (
            isinstance(raw, bool)
            or not isinstance(raw, int | float)
            or not 0 < raw <= _LONGEST_WAIT
        ):
            message = "'confirmed_after' is a number of days above 0, such as 7"
            self.problem("bad_value", message, "confirmed_after")
            return None
        return float(raw)

    def assumed(self) -> dict[str, tuple[float, str]]:
        """Read what a missing entry is taken as, each with how it is shown."""
        raw = self.data.get("missing", {})
        if not isinstance(raw, Mapping):
            message = "'missing' is a mapping of a variable and what its missing entry is taken as"
            self.problem("bad_value", message, "missing")
            return {}
        found: dict[str, tuple[float, str]] = {}
        for name, value in raw.items():
            if self.dictionary is None or name not in self.dictionary:
                known = self.dictionary
                names = [*known.variables, *known.included] if known else []
                hint = suggestion(str(name), names)
                message = f"{str(name)[:40]!r} is no variable of the dictionary. {hint}".rstrip()
                self.problem("unknown_variable", message, "missing", name)
                continue
            reading = read_value(value, self.dictionary.variable(name))
            if reading.value is None:
                why = reading.problems[0].message if reading.problems else "nothing is no value"
                message = f"what {name} is taken as cannot be: it {why}"
                self.problem("bad_value", message, "missing", name)
                continue
            shown = ("no", "yes")[value] if isinstance(value, bool) else str(value)
            found[name] = (reading.value, shown)
        return found

    def check_assumed(self, assumed: Mapping[str, object], rules: list[Expression]) -> None:
        named = {name for rule in rules for name in (*rule.names, *rule.index_names)}
        for name in assumed:
            if name not in named and not any(name in items_of(score) for score in named):
                message = f"{name} is in no rule of this definition. Remove it."
                self.problem("unknown_variable", message, "missing", name)

    def citation(self, raw: object, *keys: str | int) -> Citation | None:
        if raw is None:
            message = f"needs the key {keys[-1]!r}: where the rule comes from. {_OWN}"
            self.problem("missing_key", message, *keys)
            return None
        return read_citation(raw, lambda message: self.problem("bad_citation", message, *keys))

    def citations(self, key: str) -> tuple[Citation, ...]:
        raw = self.data.get(key)
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.problem("bad_value", f"{key!r} is a list of citations", key)
            return ()
        found = (self.citation(entry, key, i) for i, entry in enumerate(raw))
        return tuple(citation for citation in found if citation is not None)

    def cautions(self, key: str) -> tuple[Caution, ...]:
        raw = self.data.get(key)
        if not isinstance(raw, list) or not raw:
            self.problem("bad_value", f"{key!r} is a list of warnings", key)
            return ()
        found = (self.caution(entry, key, i) for i, entry in enumerate(raw))
        return tuple(caution for caution in found if caution is not None)

    def caution(self, entry: object, *keys: str | int) -> Caution | None:
        if not isinstance(entry, Mapping) or set(entry) != set(_CAUTION_KEYS):
            message = f"a warning is a mapping of {', '.join(_CAUTION_KEYS)}"
            self.problem("bad_value", message, *keys)
            return None
        names, days, message = entry["variables"], entry["days"], entry["message"]
        listed = isinstance(names, list) and bool(names) and all(isinstance(n, str) for n in names)
        timed = isinstance(days, int | float) and not isinstance(days, bool) and days > 0
        reference = self.citation(entry["reference"], *keys, "reference")
        if not listed or not timed or not isinstance(message, str) or not message.strip():
            rule = "variables is a list of names, days a number above 0, message a sentence"
            self.problem("bad_value", rule, *keys)
            return None
        for name in names:
            if self.dictionary is not None and name not in self.dictionary:
                rule = f"{name[:40]!r} is no variable of the dictionary"
                self.problem("unknown_variable", rule, *keys, "variables")
        if reference is None:
            return None
        return Caution(tuple(names), float(days), " ".join(message.split()), reference)


def _requires(rules: list[Expression]) -> tuple[str, ...]:
    """Names of all rules, each once."""
    return tuple(dict.fromkeys(name for rule in rules for name in rule.needs))
