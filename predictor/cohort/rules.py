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
    after
        Condition from whose first visit on patients may enter; None where no rule says so.
    """

    plan: RecordsPlan
    index: Expression
    asked: Asked
    variables: tuple[str, ...]
    conditions: frozenset[str]
    after: Expression | None = None

    @property
    def entry_names(self) -> frozenset[str]:
        """Variables that decide at which visit a patient enters."""
        return self.index.names | (self.after.names if self.after else frozenset())

    @property
    def reads(self) -> frozenset[str]:
        """Dictionary variables that are read, and items of scores among them."""
        named = (*self.variables, *self.entry_names)
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
    index = _entry_rule(study, plan.index.rule, f"cohort.index.{plan.index.which}")
    opens = plan.index.after.rule if plan.index.after else None
    conditions = (*config.question.limits, *config.cohort.exclude)
    named = (*config.predictors, *conditions)
    return Rules(
        plan,
        index,
        asked_of(study, plan, config.name),
        tuple(dict.fromkeys(named)),
        frozenset(conditions),
        _entry_rule(study, opens, "cohort.index.after.rule") if opens else None,
    )


def _entry_rule(study: Study, text: str, key: str) -> Expression:
    rule = parse_expression(text, study.dictionary, key)
    if rule.index_names:
        raise ConfigError(key, INDEX_REFERS, "Leave `index.` out.")
    return rule


def columns_of(study: Study, rules: Rules) -> frozenset[str]:
    """Columns of the source that are read at all."""
    centre = study.config.cohort.centre
    return needed_columns(study, rules.plan, rules.reads) | ({centre} if centre else set())
