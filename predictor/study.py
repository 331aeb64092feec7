"""A study: one configuration with the dictionary it uses, and errors a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from predictor import shipped
from predictor.checklists import CHECKLISTS, load_checklist
from predictor.clinical.dictionary import Dictionary, load_dictionary, nearest
from predictor.clinical.expression import parse_expression
from predictor.clinical.laboratory import TITRE
from predictor.clinical.units import canonical_unit, refusal
from predictor.clinical.values import read_value
from predictor.config import Config
from predictor.config_errors import explained
from predictor.config_records import column_clashes
from predictor.documents import Document, Key, load_yaml
from predictor.errors import ConfigError, ExpressionError, Reason


@dataclass(frozen=True, slots=True)
class Study:
    """A configuration together with what it refers to.

    Parameters
    ----------
    config
        The configuration.
    dictionary
        The dictionary of variables it uses.
    folder
        Folder that ``cohort.file`` is relative to.
    """

    config: Config
    dictionary: Dictionary
    folder: Path


def load_study(config: str | Path) -> Study:
    """Read a configuration and its dictionary.

    Parameters
    ----------
    config
        Path of a YAML file, or the bare name of a shipped configuration.

    Raises
    ------
    ConfigError
        Every broken rule at once, each with file, line, key, what was expected and the nearest
        valid name.
    DocumentError
        If the file is no readable YAML.
    """
    path = shipped.find(config, "configs", ".yaml")
    if path is None:
        names = ", ".join(shipped.shipped_names("configs", ".yaml"))
        raise ConfigError(
            str(config)[:200], "no such configuration", f"Give a path or a shipped name ({names})."
        )
    return study_from(load_yaml(path), path.parent)


def study_from(document: Document, folder: Path) -> Study:
    """Check a parsed configuration; see :func:`load_study`."""
    if not isinstance(document.data, dict):
        raise ConfigError(document.path, "the file holds no configuration", "See `predictor init`.")
    try:
        config = Config.model_validate(document.data)
    except ValidationError as error:
        reasons = explained(error.errors(include_url=False), document)
        raise ConfigError(
            document.path, "the configuration breaks rules", "Mend these:", reasons=reasons
        ) from None
    dictionary = load_dictionary(folder / config.dictionary if config.dictionary else None)
    reasons = wrong_names(config, dictionary, document)
    if reasons:
        raise ConfigError(
            document.path, "the configuration breaks rules", "Mend these:", reasons=reasons
        )
    return Study(config, dictionary, folder)


def wrong_names(config: Config, dictionary: Dictionary, document: Document) -> list[Reason]:
    """Names of a configuration that its dictionary does not know, or that contradict each other.

    Parameters
    ----------
    config, dictionary
        The configuration, and the variables it may name.
    document
        The file that it, or its part ``cohort``, stands in; says where.
    """
    return list(_Names(config, dictionary, document).problems())


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of a configuration against its dictionary; each rule yields what breaks it."""

    config: Config
    dictionary: Dictionary
    document: Document

    def problems(self) -> Iterator[Reason]:
        yield from self._predictors()
        yield from self._among_predictors()
        yield from self._columns()
        yield from self._mappings()
        yield from self._states()
        yield from self._units()
        yield from self._laboratory()
        yield from self._exclusions()
        yield from self._limits()
        yield from self._groups()
        yield from self._records()
        yield from self._reporting()

    def _problem(self, code: str, message: str, *keys: Key) -> Reason:
        return Reason(code, self.document.place(*keys), message)

    def _unknown(self, name: str, *keys: Key) -> Iterator[Reason]:
        if name not in self.dictionary:
            known = (*self.dictionary.variables, *self.dictionary.included)
            guess = nearest(name, known)
            hint = f"Did you mean {guess}?" if guess else "See `predictor variables`."
            message = f"{name!r} is not in the dictionary {self.dictionary.name}. {hint}"
            yield self._problem("unknown_variable", message, *keys)

    def _predictors(self) -> Iterator[Reason]:
        for i, name in enumerate(self.config.predictors):
            yield from self._unknown(name, "predictors", i)
            if name in self.dictionary and self.dictionary.variable(name).time != "baseline":
                message = f"{name} is known only after time zero, so it cannot predict. Remove it."
                yield self._problem("after_time_zero", message, "predictors", i)
            if self._column(name) == self._column(self.config.question.outcome):
                message = "the outcome itself stands among the predictors. Remove it."
                yield self._problem("outcome_as_predictor", message, "predictors", i)

    def _columns(self) -> Iterator[Reason]:
        owners: dict[str, str] = {}
        for i, name in enumerate(self.config.predictors):
            column = self._column(name)
            if column == self.config.cohort.patient:
                message = f"{name} is the column that identifies the patient. Remove it."
                yield self._problem("patient_as_predictor", message, "predictors", i)
            if owners.setdefault(column, name) != name:
                message = f"{owners[column]} and {name} are read from the same column. Keep one."
                yield self._problem("column_twice", message, "predictors", i)

    def _column(self, name: str) -> str:
        return self.config.cohort.columns.get(name, name)

    def _among_predictors(self) -> Iterator[Reason]:
        named: list[tuple[str, tuple[Key, ...]]] = [(self.config.baseline, ("baseline",))]
        for i, name in enumerate(self.config.preparation.missing_indicators):
            named.append((name, ("preparation", "missing_indicators", i)))
        for i, name in enumerate(self.config.cohort.accept_suspected_leakage):
            named.append((name, ("cohort", "accept_suspected_leakage", i)))
        for name, keys in named:
            if name not in self.config.predictors:
                guess = nearest(name, self.config.predictors)
                hint = f" Did you mean {guess}?" if guess else ""
                message = f"{name!r} is not among the predictors.{hint}"
                yield self._problem("not_a_predictor", message, *keys)

    def _mappings(self) -> Iterator[Reason]:
        cohort = self.config.cohort
        mappings: dict[str, Mapping[str, object]] = {
            "columns": cohort.columns,
            "units": cohort.units,
            "values": cohort.values,
        }
        for key, mapping in mappings.items():
            for name in mapping:
                if name != self.config.question.outcome:
                    yield from self._unknown(name, "cohort", key, name)

    def _units(self) -> Iterator[Reason]:
        for name, unit in self.config.cohort.units.items():
            if name in self.dictionary:
                variable = self.dictionary.variable(name)
                if canonical_unit(unit) not in variable.units:
                    rule, next_step = refusal(canonical_unit(unit), variable, repr(unit))
                    yield self._problem(
                        "unknown_unit", f"{rule}. {next_step}", "cohort", "units", name
                    )

    def _laboratory(self) -> Iterator[Reason]:
        for name, rules in self.config.cohort.laboratory.items():
            place = ("cohort", "laboratory", name)
            yield from self._unknown(name, *place)
            if name not in self.dictionary:
                continue
            variable = self.dictionary.variable(name)
            if variable.kind != "continuous":
                message = f"{name} is no number. Say what its words mean under `cohort.values`."
                yield self._problem("no_number", message, *place)
            elif TITRE not in variable.units:
                for rule, way in (("titre", "reciprocal"), ("day_fraction", "titre")):
                    if getattr(rules, rule) == way:
                        message = (
                            f"{name} is no titre, and nothing converts one. Use missing, or map "
                            "the column to a variable that is measured as a titre."
                        )
                        yield self._problem("no_titre", message, *place, rule)

    def _states(self) -> Iterator[Reason]:
        for name, coding in self.config.cohort.values.items():
            if name not in self.dictionary:
                continue
            variable = self.dictionary.variable(name)
            for cell, state in coding.items():
                if read_value(state, variable).problems:
                    guess = nearest(state, variable.states)
                    known = ", ".join(variable.states) or "numbers"
                    hint = f"Did you mean {guess}?" if guess else f"Known: {known}."
                    message = f"{state[:80]!r} is no value of {name}. {hint}"
                    yield self._problem("unknown_state", message, "cohort", "values", name, cell)

    def _exclusions(self) -> Iterator[Reason]:
        for i, name in enumerate(self.config.cohort.exclude):
            yield from self._unknown(name, "cohort", "exclude", i)
            if name in self.dictionary and not self.dictionary.variable(name).exclusion:
                message = f"{name} is not an exclusion criterion of the dictionary."
                yield self._problem("not_an_exclusion", message, "cohort", "exclude", i)

    def _limits(self) -> Iterator[Reason]:
        for name, (low, high) in self.config.question.limits.items():
            place = ("question", "limits", name)
            yield from self._unknown(name, *place)
            if name not in self.dictionary:
                continue
            variable = self.dictionary.variable(name)
            if variable.kind != "continuous" or variable.time != "baseline":
                message = f"{name} is no number that is known at time zero. Limit one that is."
                yield self._problem("no_limit", message, *place)
            elif low is None and high is None:
                message = "limits nothing. Give a number for one side at least."
                yield self._problem("no_limit", message, *place)
            elif low is not None and high is not None and low >= high:
                message = f"nobody can lie between {low:g} and {high:g}. The lower comes first."
                yield self._problem("empty_limit", message, *place)

    def _groups(self) -> Iterator[Reason]:
        wanted = self.config.validation.group
        if wanted in ("patient", "centre") and getattr(self.config.cohort, wanted) is None:
            message = f"folds by {wanted} need the key `cohort.{wanted}`."
            yield self._problem("no_group", message, "validation", "group")
        if self.config.cohort.repeated_rows:
            if self.config.cohort.patient is None:
                message = "whose rows are repeated? Name the key `cohort.patient`."
                yield self._problem("no_patient", message, "cohort", "repeated_rows")
            if wanted == "none":
                message = (
                    "a patient's rows would be trained on and tested on at once. Use patient, "
                    "centre or auto, or remove `cohort.repeated_rows`."
                )
                yield self._problem("patient_split", message, "validation", "group")

    def _records(self) -> Iterator[Reason]:
        config, plan = self.config, self.config.cohort.records
        if plan is None:
            return
        columns = (*config.predictors, *config.question.limits, *config.cohort.exclude)
        for name in plan.baseline.variables:
            if name not in columns:
                guess = nearest(name, columns)
                hint = f" Did you mean {guess}?" if guess else ""
                message = f"{name!r} is no predictor, limit or exclusion criterion.{hint}"
                yield self._problem("no_baseline", message, "cohort", "baseline", "variables", name)
        for keys, message in column_clashes(
            plan, config.question.outcome, columns, config.cohort.centre
        ):
            if config.question.outcome not in config.predictors or keys[0] != "question":
                yield self._problem("column_clash", message, *keys)
        rules = [("index", plan.index.which, plan.index.rule)]
        if plan.outcome.rule is not None:
            rules.append(("outcome", "rule", plan.outcome.rule))
        for part, key, rule in rules:
            try:
                parse_expression(rule, self.dictionary, f"cohort.{part}.{key}")
            except ExpressionError as error:
                message = f"{error.where}: {error.rule}. {error.next_step}"
                yield self._problem("bad_rule", message, "cohort", part, key)

    def _reporting(self) -> Iterator[Reason]:
        for name in CHECKLISTS:
            for number in getattr(self.config.reporting, name):
                checklist = load_checklist(name)
                if number not in checklist.numbers:
                    guess = nearest(number, checklist.numbers)
                    hint = f"Did you mean {guess}?" if guess else _ITEMS_OF[name]
                    message = f"{checklist.title} has no item {number[:80]!r}. {hint}"
                    yield self._problem("unknown_item", message, "reporting", name, number)


_ITEMS_OF = {
    "tripod": "Its items run from 1 to 27c.",
    "probast": "Its questions run from D1.1 to D4.5 (development) and E1.1 to E4.7 (evaluation).",
}
