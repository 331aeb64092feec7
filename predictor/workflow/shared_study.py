"""What all centres of a pooled fit must have in common, and whether it can be pooled at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from predictor.clinical.variable import Variable
from predictor.config import Config
from predictor.errors import ConfigError, Reason
from predictor.learning.preparer import Column, column_of, parameters
from predictor.study import Study
from predictor.workflow.exchange import digest
from predictor.workflow.manifest import shareable_config

_OWN = ("cohort", "dictionary", "output", "tracking", "compute", "reporting", "explanation")
"""Entries of a configuration that are each centre's own."""


@dataclass(frozen=True, slots=True)
class SharedStudy:
    """A study without anything that is a centre's own.

    Parameters
    ----------
    content
        Configuration and dictionary entries as plain data.
    """

    content: Mapping[str, Any]

    @property
    def config(self) -> Config:
        """The configuration, without the way a file is written."""
        return Config.model_validate(self.content["config"])

    @property
    def dictionary(self) -> dict[str, Variable]:
        """Entries of the variables that are used."""
        return {n: Variable.from_dict(e) for n, e in self.content["dictionary"].items()}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The predictors."""
        known = self.dictionary
        return tuple(known[name] for name in self.config.predictors)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The predictors, as preparation knows them."""
        return tuple(column_of(variable) for variable in self.variables)

    @property
    def parameters(self) -> int:
        """Most columns that a design has."""
        return parameters(self.variables, self.config.preparation.missing_indicators)

    @property
    def penalties(self) -> tuple[float, ...]:
        """To choose from, strongest first."""
        ridge = self.config.models.ridge
        return () if ridge is None else tuple(sorted(ridge.penalty, reverse=True))

    @property
    def digest(self) -> str:
        """The same for all centres that were given the same study."""
        config = {k: v for k, v in self.content["config"].items() if k not in _OWN}
        exclude = self.content["config"]["cohort"]["exclude"]
        used = {*self.config.predictors, *self.config.question.limits, *exclude}
        entries = {n: e for n, e in self.content["dictionary"].items() if n in used}
        return digest({"config": config, "exclude": exclude, "dictionary": entries})


def shared_study(study: Study, where: str) -> SharedStudy:
    """Take from a study what centres have in common.

    Parameters
    ----------
    study
        Of the coordinator, or of a centre.
    where
        Its file, for messages.

    Raises
    ------
    ConfigError
        If it cannot be fitted without sharing rows; every reason at once.
    """
    reasons = list(_not_poolable(study.config))
    if reasons:
        rule = "this study cannot be fitted without sharing rows"
        raise ConfigError(where, rule, "Mend these:", reasons=reasons)
    config = shareable_config(study)
    exclude = list(study.config.cohort.exclude)
    config["cohort"] = {"exclude": exclude}
    for key in ("dictionary", "tracking", "compute"):
        config.pop(key, None)
    names = (*study.config.predictors, *study.config.question.limits)
    entries = {n: v.to_dict() for n, v in study.dictionary.holding(names).items()}
    return SharedStudy({"config": config, "dictionary": entries})


def _not_poolable(config: Config) -> Iterator[Reason]:
    if config.question.states or config.question.follow_up is not None:
        message = "models of one event can be pooled so far; ask for one event."
        yield Reason("not_one_event", "question", message)
        return
    imputation = config.preparation.imputation
    if imputation != "mean":
        what = "a median" if imputation == "median" else "a chained regression"
        message = f"{what} cannot be had from sums. Write `preparation: {{imputation: mean}}`."
        yield Reason("imputation", "preparation.imputation", message)
    if config.models.ridge is None or len(config.choices) > _RIDGE_ALONE:
        message = "ridge alone can be fitted by exchanged sums. Write `models: {ridge: {}}`."
        yield Reason("not_ridge", "models", message)
    if config.cohort.repeated_rows:
        message = "small counts are those of patients. Give one row per patient."
        yield Reason("repeated_rows", "cohort.repeated_rows", message)


_RIDGE_ALONE = 4
"""Choices of a configuration with one model: the rule, both baselines and that model."""
