"""Scenarios: how the outcome depends on the baseline, which the study does not report.

A scenario is a YAML file of effects. Each is an odds ratio with its source, for a rule ("c3 < 80")
or for an amount of a measurement, and all are proportional odds over the ordered outcome
(McCullagh, J R Stat Soc B 1980;42:109).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.names import suggestion
from predictor.cohort.published_figures import published_figures
from predictor.cohort.published_latent import ONSET, baseline_names
from predictor.documents import Document, load_yaml
from predictor.errors import ConfigError, Reason
from predictor.shipped import find, shipped_names

Floats = NDArray[np.float64]

_FOLDER = "configs/scenarios"
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_RULE = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(<=|>=|<|>|=)\s*(\S+)\s*\Z")
_FILE_KEYS, _EFFECT_KEYS = ("description", "effects"), ("when", "per", "odds_ratio", "source")
_LARGEST_RATIO = 1000.0
INDICATION = "indication"


@dataclass(frozen=True, slots=True)
class Rule:
    """A comparison of one variable with a number, or with the code of a state."""

    variable: str
    comparison: str
    limit: float


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect on the odds of a better outcome.

    Parameters
    ----------
    name
        Its key in the file.
    rules
        The effect applies where any of them holds; empty for an effect per amount.
    amount
        Variable and amount that the odds ratio belongs to; None for an effect of rules.
    odds_ratio
        Above 1: better outcomes are more frequent.
    source
        Where the figure is from.
    """

    name: str
    rules: tuple[Rule, ...]
    amount: tuple[str, float] | None
    odds_ratio: float
    source: str

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables that are needed to apply it."""
        return tuple(rule.variable for rule in self.rules) or ((self.amount or ("", 1.0))[0],)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of effects."""

    name: str
    description: str
    effects: tuple[Effect, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable the outcome depends on, once."""
        return tuple(dict.fromkeys(v for effect in self.effects for v in effect.variables))

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the effects are from, once each; what a source prints of one effect is left out."""
        return tuple(dict.fromkeys(effect.source.partition(": ")[0] for effect in self.effects))

    def log_odds(self, columns: Mapping[str, Floats], patients: int) -> Floats:
        """Sum of the effects, shape (patients,); higher means a better outcome.

        Parameters
        ----------
        columns
            Baseline as numbers: measurements, findings 0 or 1, codes of states.
        patients
            Number of patients.
        """
        total = np.zeros(patients)
        for effect in self.effects:
            if effect.amount is not None:
                variable, amount = effect.amount
                total += math.log(effect.odds_ratio) / amount * columns[variable]
                continue
            applies = np.zeros(patients, dtype=bool)
            for rule in effect.rules:
                applies |= _COMPARE[rule.comparison](columns[rule.variable], rule.limit)
            total += math.log(effect.odds_ratio) * applies
        return total


def load_scenario(scenario: str | Path) -> Scenario:
    """Load a shipped scenario by its name, or one of your own by its path.

    Raises
    ------
    ConfigError
        If there is none of that name, or the file breaks a rule; each problem with its line.
    DocumentError
        If the file cannot be read as YAML.

    >>> load_scenario("literature").variables
    ('anti_dsdna', 'c3', 'c4', 'proteinuria')
    """
    path = find(scenario, _FOLDER, ".yaml")
    if path is None:
        shipped = shipped_names(_FOLDER, ".yaml")
        hint = suggestion(str(scenario), shipped) or f"Shipped: {', '.join(shipped)}."
        raise ConfigError(f"scenario {str(scenario)[:80]}", "there is no such scenario", hint)
    return _Reader(load_yaml(path)).read(path.stem)


class _Reader:
    """Reads one scenario file and collects every problem with its line."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Reason] = []
        self.dictionary = load_dictionary()
        drawn = {*baseline_names(), ONSET, INDICATION}
        variables = self.dictionary.variables
        self.known = sorted(n for n in drawn & set(variables) if variables[n].time == "baseline")

    def problem(self, code: str, message: str, *keys: str | int) -> None:
        self.problems.append(Reason(code, self.document.place(*keys), message))

    def read(self, name: str) -> Scenario:
        data = self.document.data
        if not isinstance(data, Mapping):
            raise ConfigError(self.document.path, "a scenario is a mapping with 'effects'")
        self.check_keys(data, _FILE_KEYS)
        description = data.get("description", "")
        if not isinstance(description, str):
            self.problem("bad_value", "the description must be text", "description")
        entries = data.get("effects")
        if not isinstance(entries, Mapping):
            message = "'effects' must be a mapping; write {} for no effect"
            self.problem("missing_key", message, "effects")
            entries = {}
        effects = [self.effect(key, entry) for key, entry in entries.items()]
        if self.problems:
            count = len(self.problems)
            rule = f"{count} problem{'s' if count > 1 else ''} in this scenario"
            raise ConfigError(self.document.path, rule, "Correct each:", reasons=self.problems)
        return Scenario(name, str(description), tuple(e for e in effects if e is not None))

    def check_keys(self, data: Mapping[Any, Any], known: tuple[str, ...], *keys: str) -> None:
        for key in data:
            if key not in known:
                hint = suggestion(str(key), known) or f"Known: {', '.join(known)}."
                self.problem("unknown_key", f"unknown key {str(key)[:40]!r}. {hint}", *keys, key)

    def effect(self, name: str, entry: object) -> Effect | None:
        keys = ("effects", name)
        if not isinstance(entry, Mapping):
            self.problem("bad_value", "an effect is a mapping with odds_ratio and source", *keys)
            return None
        before = len(self.problems)
        self.check_keys(entry, _EFFECT_KEYS, *keys)
        if not isinstance(entry.get("source"), str) or not entry["source"].strip():
            message = "an effect needs a 'source': a publication, or \"invented\""
            self.problem("missing_source", message, *keys, "source")
        ratio: Any = entry.get("odds_ratio")
        if not _is_number(ratio) or not 1 / _LARGEST_RATIO <= ratio <= _LARGEST_RATIO:
            message = f"odds_ratio must be a number from {1 / _LARGEST_RATIO} to {_LARGEST_RATIO:g}"
            self.problem("bad_value", message, *keys, "odds_ratio")
        rules, amount = self.rules(entry, keys), self.amount(entry, keys)
        if ("when" in entry) == ("per" in entry):
            message = "an effect has either 'when', a rule, or 'per', an amount of a measurement"
            self.problem("missing_key", message, *keys)
        if len(self.problems) > before:
            return None
        return Effect(str(name), rules, amount, float(entry["odds_ratio"]), entry["source"].strip())

    def rules(self, entry: Mapping[str, Any], keys: tuple[str, str]) -> tuple[Rule, ...]:
        written = entry.get("when", [])
        listed = written if isinstance(written, list) else [written]
        if "when" in entry and not listed:
            self.problem("bad_value", "'when' holds no rule", *keys, "when")
        found = (self.rule(text, (*keys, "when")) for text in listed)
        return tuple(rule for rule in found if rule is not None)

    def rule(self, text: object, keys: tuple[str, ...]) -> Rule | None:
        match = _RULE.match(text) if isinstance(text, str) else None
        if match is None:
            message = 'a rule reads "c3 < 80" or "fever = yes"; several in a list mean any of them'
            self.problem("bad_rule", message, *keys)
            return None
        name, comparison, written = match.groups()
        if not self.is_known(name, keys):
            return None
        states = self.states(name)
        if states:
            if comparison != "=" or written not in states:
                message = f"{name} is compared by '=' with one of {', '.join(states)}"
                self.problem("bad_rule", message, *keys)
                return None
            return Rule(name, "=", float(states.index(written)))
        try:
            limit = float(written)
        except ValueError:
            limit = math.nan
        if not math.isfinite(limit) or comparison == "=":
            message = f"{name} is compared by <, <=, > or >= with a number in its canonical unit"
            self.problem("bad_rule", message, *keys)
            return None
        return Rule(name, comparison, limit)

    def amount(self, entry: Mapping[str, Any], keys: tuple[str, str]) -> tuple[str, float] | None:
        per = entry.get("per")
        if per is None:
            return None
        if not isinstance(per, Mapping) or len(per) != 1:
            self.problem(
                "bad_value", "'per' reads {c3: 25}: one variable, one amount", *keys, "per"
            )
            return None
        (name, amount), *_ = per.items()
        if not self.is_known(name, (*keys, "per")):
            return None
        if self.states(name) or not _is_number(amount) or not 0 < amount < math.inf:
            message = "'per' takes a measurement and a positive amount in its canonical unit"
            self.problem("bad_value", message, *keys, "per")
            return None
        return str(name), float(amount)

    def is_known(self, name: object, keys: tuple[str, ...]) -> bool:
        if name in self.known:
            return True
        if name in self.dictionary:
            message = f"the rebuilt cohort has no {name} before treatment; the study prints none"
        else:
            hint = suggestion(str(name), self.known)
            message = f"unknown variable {str(name)[:80]!r}. {hint or 'See `predictor variables`.'}"
        self.problem("unknown_variable", message, *keys)
        return False

    def states(self, name: str) -> tuple[str, ...]:
        """States in the order of the codes that columns of numbers use; empty for numbers."""
        figures = published_figures()
        if name == INDICATION:
            return tuple(figures.indication)
        if name in figures.counted:
            return (figures.counted[name].otherwise, figures.counted[name].state)
        return ("no", "yes") if name in figures.findings else ()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
