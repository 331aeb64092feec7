"""What a study asks of its visits: who enters when, and what is looked for afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from predictor.clinical.expression import parse_expression
from predictor.cohort.asked import asked_of, with_items
from predictor.cohort.follow_up import Asked
from predictor.cohort.visits import needed_columns
from predictor.errors import ConfigError, Reason

if TYPE_CHECKING:
    from predictor.clinical.expression import Expression
    from predictor.config_records import RecordsPlan
    from predictor.study import Study

NO_VISITS = "the study has no visits to make a cohort from"
INDEX_REFERS = "an index visit cannot be chosen by its own `index.` values"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a study asks of its visits, understood.

    Parameters
    ----------
    plan
        The configuration.
    index
        Condition of the index visit.
    asked
        What is asked of follow-up visits.
    variables
        Dictionary variables that become columns.
    conditions
        Those among them that decide who belongs to the population.
    """

    plan: RecordsPlan
    index: Expression
    asked: Asked
    variables: tuple[str, ...]
    conditions: frozenset[str]

    @property
    def reads(self) -> frozenset[str]:
        """Dictionary variables that are read, and items of scores among them."""
        named = (*self.variables, *self.index.names)
        return with_items(frozenset(named)) | self.asked.reads | self.asked.index_reads

    @property
    def cautions(self) -> tuple[Reason, ...]:
        """What a reader must know of the rules, each once."""
        return tuple(dict.fromkeys((*self.index.cautions, *self.asked.cautions)))


def rules_of(study: Study) -> Rules:
    """Understand what a study asks of its visits.

    Parameters
    ----------
    study
        Configuration and dictionary.

    Raises
    ------
    ConfigError, ExpressionError, OutcomeError, DocumentError
        If it has no visits, or a rule cannot be understood.
    """
    config = study.config
    plan = config.cohort.records
    if plan is None:
        raise ConfigError("cohort.visits", NO_VISITS, "See docs/records.md.")
    index = parse_expression(plan.index.rule, study.dictionary, f"cohort.index.{plan.index.which}")
    if index.index_names:
        raise ConfigError(f"cohort.index.{plan.index.which}", INDEX_REFERS, "Leave `index.` out.")
    conditions = (*config.question.limits, *config.cohort.exclude)
    named = (*config.predictors, *conditions)
    return Rules(
        plan,
        index,
        asked_of(study, plan, config.name),
        tuple(dict.fromkeys(named)),
        frozenset(conditions),
    )


def columns_of(study: Study, rules: Rules) -> frozenset[str]:
    """Columns of the source that are read at all."""
    centre = study.config.cohort.centre
    return needed_columns(study, rules.plan, rules.reads) | ({centre} if centre else set())
