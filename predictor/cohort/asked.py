"""What a configuration asks of follow-up visits, by a shipped definition or a rule of its own."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.expression import parse_expression
from predictor.clinical.outcome_definitions import (
    Caution,
    OutcomeDefinition,
    cautions_of,
    load_outcome,
    requirements_unmet,
)
from predictor.clinical.sledai import completed, items_of
from predictor.cohort.finding import Finding
from predictor.cohort.follow_up import YES_NO, Asked
from predictor.errors import Reason

if TYPE_CHECKING:
    from predictor.clinical.expression import Expression, Truth
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

INDEX_ONLY = (
    "the outcome speaks of the index visit alone, so nothing after it could change it. Name a "
    "variable of the follow-up visit without `index.`."
)
NEVER = (
    "{name} can never be determined here: {missing} {is_are} not recorded. Map the columns under "
    "`cohort.columns`, or choose another definition."
)
CAUTION = "within {days:g} days of the last infusion: {message} {reference}"
_SUFFIXES = (".yaml", ".yml")


def definition_of(study: Study, plan: RecordsPlan) -> OutcomeDefinition | None:
    """Load the definition that a configuration names; None where it has a rule of its own.

    Raises
    ------
    OutcomeError, DocumentError
        If there is none of that name, or its file breaks a rule.
    """
    name = plan.outcome.definition
    if name is None:
        return None
    beside = study.folder / name
    own = Path(name).suffix.lower() in _SUFFIXES
    return load_outcome(beside if own else name, study.dictionary)


def asked_of(study: Study, plan: RecordsPlan, where: str) -> Asked:
    """Make what is asked from a configuration.

    Parameters
    ----------
    study, plan
        Configuration.
    where
        File of the configuration, for messages.

    Raises
    ------
    ExpressionError, OutcomeError, DocumentError
        If rule or definition cannot be understood.
    """
    definition = definition_of(study, plan)
    if definition is not None:
        return _of_definition(definition)
    rule = parse_expression(
        plan.outcome.rule or "", study.dictionary, f"{where}, cohort.outcome.rule"
    )
    return Asked(
        YES_NO,
        with_items(rule.names),
        with_items(rule.index_names),
        plan.outcome.confirmed_after,
        rule.names | rule.index_names,
        lambda now, before: _yes_or_no(_truth(rule, now, before)),
        rule.condition.attainable,
        (*rule.cautions, *_told(cautions_of(rule.names))),
    )


def _of_definition(definition: OutcomeDefinition) -> Asked:
    index = {n.removeprefix("index.") for n in definition.requires if n.startswith("index.")}
    there = {name for name in definition.requires if not name.startswith("index.")}
    reads, before = with_items(there), with_items(index)
    if definition.states is not None:
        states = tuple(definition.states.values())
        return Asked(
            definition.state_names,
            reads,
            before,
            definition.confirmed_after,
            frozenset(),
            lambda now, zero: definition.state(now, zero).astype(np.int64),
            definition.reachable,
            (*(c for rule in states for c in rule.cautions), *_told(definition.warnings)),
        )
    return Asked(
        YES_NO,
        reads,
        before,
        definition.confirmed_after,
        frozenset(),
        lambda now, zero: _yes_or_no(definition.truth(now, zero)),
        definition.reachable,
        (*definition.rule.cautions, *_told(definition.warnings)),
    )


def _told(cautions: Iterable[Caution]) -> Iterator[Reason]:
    """What a treatment does to measurements, each as a sentence with its source."""
    for caution in cautions:
        text = CAUTION.format(
            days=caution.days, message=caution.message, reference=caution.reference
        )
        yield Reason("after_treatment", ", ".join(caution.variables), text)


def _truth(rule: Expression, now: Mapping[str, Numbers], before: Mapping[str, Numbers]) -> Truth:
    return rule.truth(completed(now), completed(before))


def _yes_or_no(truth: Truth) -> Places:
    return np.where(truth == 1, 0, np.where(truth == 0, 1, -1)).astype(np.int64)


def with_items(names: Iterable[str]) -> frozenset[str]:
    """Variables, and the items that a score among them is computed from."""
    named = frozenset(names)
    return named | {item for name in named for item in items_of(name)}


def findings_of(
    study: Study, plan: RecordsPlan, asked: Asked, available: Container[str]
) -> list[Finding]:
    """What makes an outcome impossible whoever the patients are.

    Parameters
    ----------
    study, plan, asked
        Configuration, and what it asks.
    available
        Dictionary variables that have a column.
    """
    key = "cohort.outcome"
    if asked.index_reads and not asked.reads:
        return [Finding("outcome_at_index", key, INDEX_ONLY)]
    definition = definition_of(study, plan)
    if definition is not None:
        missing = requirements_unmet(definition, available)
        if missing:
            text = NEVER.format(
                name=definition.name,
                missing=", ".join(missing),
                is_are="is" if len(missing) == 1 else "are",
            )
            return [Finding("undeterminable", key, text)]
    return []
