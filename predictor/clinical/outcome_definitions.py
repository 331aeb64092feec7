"""Outcome definitions: a published rule with its reference, as data.

The shipped ones are ``outcomes/*.yaml``; a researcher writes a file of the same form. Whether the
rule holds at a visit is yes, no, or undeterminable where a value is missing that matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from predictor.clinical import sledai
from predictor.clinical.citation import Citation
from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expression import NO, UNKNOWN, YES, Expression, Truth
from predictor.clinical.expression_nodes import Has, Values
from predictor.clinical.names import suggestion
from predictor.errors import OutcomeError, Reason

SHIPPED = Path(__file__).resolve().parent / "outcomes"
_SUFFIXES = (".yaml", ".yml")
_INDEX = "index."

_NEVER = "the outcome definition {name} can never be determined: not recorded are {missing}"
_NEVER_NEXT = (
    "Add these columns, which `predictor outcomes {name}` explains, or take another definition."
)


@dataclass(frozen=True, slots=True)
class Caution:
    """What a treatment does to a measurement without doing it to the disease.

    Parameters
    ----------
    variables
        The measurements.
    days
        How long after the treatment.
    message
        What happens, as a sentence.
    reference
        Where it was shown.
    """

    variables: tuple[str, ...]
    days: float
    message: str
    reference: Citation

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {
            "variables": list(self.variables),
            "days": self.days,
            "message": self.message,
            "reference": self.reference.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class MissingRule:
    """What a variable without an entry means.

    Parameters
    ----------
    text
        In words.
    assumed
        Variable -> value taken where there is no entry; of all others nothing is assumed, and the
        outcome is undeterminable where the value matters.
    """

    text: str
    assumed: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OutcomeDefinition:
    """An outcome as a rule over the variables of a visit.

    Parameters
    ----------
    name, label
        In configurations, and as people read it.
    reference
        The publication whose rule it is.
    further
        Other publications it rests on.
    rule
        Holds where the outcome is there.
    requires
        Variables the rule speaks of, ``index.NAME`` those of the index visit, in order of the text.
    note
        What a user must know besides, such as which of two sources is taken.
    states
        State -> rule, of an outcome of several states; the first that holds counts.
    otherwise
        The state where none of them holds.
    confirmed_after
        Days: the rule must hold again at a visit at least so many days later.
    warnings
        Measurements in it that the treatment itself disturbs.
    missing_rule
        What a variable without an entry means.
    """

    name: str
    label: str
    reference: Citation
    further: tuple[Citation, ...]
    rule: Expression
    requires: tuple[str, ...]
    note: str
    states: Mapping[str, Expression] | None
    otherwise: str | None
    confirmed_after: float | None
    warnings: tuple[Caution, ...]
    missing_rule: MissingRule

    @property
    def variables(self) -> frozenset[str]:
        """Variables that the rules speak of, at the visit or at the index visit."""
        return frozenset(name.removeprefix(_INDEX) for name in self.requires)

    @property
    def digest(self) -> str:
        """Digest of what decides: rules, confirmation and missing entries; no words are in it."""
        states = self.states or {}
        decides = {
            "rule": self.rule.text.split(),
            "states": [[name, rule.text.split()] for name, rule in states.items()],
            "otherwise": self.otherwise,
            "confirmed_after": self.confirmed_after,
            "missing": dict(self.missing_rule.assumed),
        }
        text = json.dumps(decides, sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def cautions(self) -> tuple[Reason, ...]:
        """What is odd about numbers in its rules, such as one that looks like another unit."""
        rules = (self.rule, *(self.states or {}).values())
        return tuple(dict.fromkeys(caution for rule in rules for caution in rule.cautions))

    @property
    def reads(self) -> frozenset[str]:
        """Columns worth reading: the variables, and the items of a score among them."""
        items = {item for name in self.variables for item in sledai.items_of(name)}
        return self.variables | items

    def truth(
        self, values: Mapping[str, Values], index: Mapping[str, Values] | None = None
    ) -> Truth:
        """Whether the outcome is there at each visit.

        Parameters
        ----------
        values
            Name -> shape (rows,) at the visit; scores are computed from their items.
        index
            The same at each row's index visit.

        Returns
        -------
        Shape (rows,): 1 yes, 0 no, -1 undeterminable.
        """
        return self.rule.truth(self._filled(values), self._filled(index or {}))

    def state(
        self, values: Mapping[str, Values], index: Mapping[str, Values] | None = None
    ) -> Truth:
        """Return the state at each visit: its position in ``state_names``, -1 undeterminable.

        The states are asked in order, so a state is known only where every one before it is
        known not to hold.
        """
        now, before = self._filled(values), self._filled(index or {})
        if self.states is None:
            raise ValueError(f"{self.name} has no states")
        truths = [rule.truth(now, before) for rule in self.states.values()]
        found = np.full(len(truths[0]), UNKNOWN, dtype=np.int8)
        open_ = np.ones(len(found), dtype=bool)
        for position, truth in enumerate(truths):
            found[open_ & (truth == YES)] = position
            open_ &= truth == NO
        if self.otherwise is not None:
            found[open_] = len(truths)
        return found

    def reachable(self, has: Has) -> tuple[bool, ...]:
        """Whether each state can be told where only some variables have a value.

        Parameters
        ----------
        has
            Whether a variable has one; ``index.NAME`` asks for the index visit. What is taken for
            a missing entry is never missing.

        Returns
        -------
        In the order of ``state_names``; without states, whether yes can be told, and no.
        """
        assumed = self.missing_rule.assumed

        def known(name: str) -> bool:
            plain = name.removeprefix(_INDEX)
            items = sledai.items_of(plain)
            if has(name) or plain in assumed:
                return True
            # Only here a score is there whose items are not all recorded.
            before = name.removesuffix(plain)
            summed = any(item in assumed for item in items)
            return summed and all(item in assumed or has(before + item) for item in items)

        if self.states is None:
            return self.rule.condition.attainable(known)
        pairs = [rule.condition.attainable(known) for rule in self.states.values()]
        passed = [all(no for _, no in pairs[:place]) for place in range(len(pairs) + 1)]
        found = [yes and open_ for (yes, _), open_ in zip(pairs, passed, strict=False)]
        return (*found, passed[-1]) if self.otherwise is not None else tuple(found)

    @property
    def state_names(self) -> tuple[str, ...]:
        """States in the order in which they are asked, the one of all others last."""
        named = tuple(self.states or ())
        return named if self.otherwise is None else (*named, self.otherwise)

    def _filled(self, values: Mapping[str, Values]) -> Mapping[str, Values]:
        """Take missing items as declared, then add up scores, then take missing scores so."""
        assumed = self.missing_rule.assumed
        scores = {name for name in assumed if sledai.items_of(name)}
        items = {name: value for name, value in assumed.items() if name not in scores}
        summed = sledai.completed(_assume(values, items), self.variables)
        return _assume(summed, {name: assumed[name] for name in scores})

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {
            "name": self.name,
            "label": self.label,
            "rule": self.rule.text,
            "states": {k: v.text for k, v in self.states.items()} if self.states else None,
            "otherwise": self.otherwise,
            "requires": list(self.requires),
            "confirmed_after": self.confirmed_after,
            "missing": {
                "text": self.missing_rule.text,
                "assumed": dict(self.missing_rule.assumed),
            },
            "reference": self.reference.to_dict(),
            "further": [citation.to_dict() for citation in self.further],
            "warnings": [caution.to_dict() for caution in self.warnings],
            "cautions": [
                {"code": c.code, "where": c.where, "message": c.message} for c in self.cautions
            ],
            "note": self.note,
        }


def outcome_names() -> tuple[str, ...]:
    """Names of the shipped definitions.

    >>> "lldas" in outcome_names()
    True
    """
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_outcome(name_or_path: str | Path, dictionary: Dictionary) -> OutcomeDefinition:
    """Load a shipped definition by its name, or one of a researcher's own from a YAML file.

    Parameters
    ----------
    name_or_path
        A name of ``outcome_names()``, or the path of a file that ends in ``.yaml``.
    dictionary
        The variables it may speak of.

    Raises
    ------
    OutcomeError
        If there is no such definition, or it breaks a rule; ``reasons`` lists every problem with
        its line.
    DocumentError
        If the file cannot be read as YAML.
    """
    # YAML is needed only here.
    from predictor.clinical.outcome_reading import read_outcome_file

    path = Path(name_or_path)
    if path.suffix.lower() in _SUFFIXES:
        return read_outcome_file(path, dictionary)
    known = outcome_names()
    name = str(name_or_path)
    if name not in known:
        rule = f"there is no outcome definition {name[:80]!r}"
        next_step = suggestion(name, known) or f"Shipped: {', '.join(known)}."
        own = "One of your own is named by its file, such as outcome.yaml."
        raise OutcomeError("outcome", rule, f"{next_step} {own}")
    return read_outcome_file(SHIPPED / f"{name}.yaml", dictionary)


def requirements_unmet(
    definition: OutcomeDefinition, available: Container[str], *, states: bool = True
) -> tuple[str, ...]:
    """Variables without which a definition can never be determined.

    A definition is determinable where both a yes and a no can come out: without the physician's
    global assessment LLDAS could be denied and never found, which would be no outcome.

    Parameters
    ----------
    definition
        The definition.
    available
        Variables that are recorded at all; a score counts where all its items do.
    states
        Whether every state must be determinable, where there are states; False where only
        ``truth`` is asked.

    Returns
    -------
    What is missing, in the order of the rule; empty where the definition can be determined.
    """
    assumed = definition.missing_rule.assumed
    items = sledai.sledai_scores().points
    computed = sledai.derivable({n for n in items if n in available or n in assumed})

    def has(name: str) -> bool:
        plain = name.removeprefix(_INDEX)
        return plain in available or plain in computed or plain in assumed

    asked = [definition.rule, *((definition.states or {}).values() if states else ())]
    never = [rule for rule in asked if not all(rule.condition.attainable(has))]
    missing = (name.removeprefix(_INDEX) for rule in never for name in rule.needs)
    return tuple(dict.fromkeys(name for name in missing if not has(name)))


def refuse_undeterminable(
    definition: OutcomeDefinition, available: Container[str], where: str
) -> None:
    """Refuse a definition that the data can never determine.

    Raises
    ------
    OutcomeError
        Names the definition and what is missing.
    """
    missing = requirements_unmet(definition, available)
    if missing:
        rule = _NEVER.format(name=definition.name, missing=", ".join(missing))
        raise OutcomeError(where, rule, _NEVER_NEXT.format(name=definition.name))


@lru_cache(maxsize=1)
def ivig_cautions() -> tuple[Caution, ...]:
    """Return what an infusion of immunoglobulin does to measurements."""
    from predictor.clinical.outcome_reading import read_cautions_file

    return read_cautions_file(SHIPPED.parent / "cautions" / "ivig.yaml")


def cautions_of(names: Iterable[str]) -> tuple[Caution, ...]:
    """Return what an infusion of immunoglobulin does to some variables, items of scores included.

    >>> [caution.variables for caution in cautions_of(["esr", "sledai_2k", "c3"])]
    [('sledai_increased_dna_binding',), ('esr',)]
    """
    named = set(names)
    named |= {item for name in named for item in sledai.items_of(name)}
    return tuple(
        replace(caution, variables=touched)
        for caution in ivig_cautions()
        if (touched := tuple(name for name in caution.variables if name in named))
    )


def _assume(values: Mapping[str, Values], assumed: Mapping[str, float]) -> Mapping[str, Values]:
    """Fill missing entries, and columns that are not there."""
    if not assumed or not values:
        return values
    rows = len(next(iter(values.values())))
    found = dict(values)
    for name, value in assumed.items():
        column = values.get(name, np.full(rows, np.nan))
        found[name] = np.where(np.isnan(column), value, column)
    return found
