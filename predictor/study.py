"""A study: one configuration with the dictionary it uses, and errors a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from predictor import shipped
from predictor.clinical.dictionary import Dictionary, load_dictionary, nearest
from predictor.clinical.units import canonical_unit, refusal
from predictor.config import Config
from predictor.documents import Document, Key, load_yaml
from predictor.errors import ConfigError, Reason


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
        reasons = [_explain(problem, document) for problem in error.errors(include_url=False)]
        raise ConfigError(
            document.path, "the configuration breaks rules", "Mend these:", reasons=reasons
        ) from None
    dictionary = load_dictionary(folder / config.dictionary if config.dictionary else None)
    reasons = list(_Names(config, dictionary, document).problems())
    if reasons:
        raise ConfigError(
            document.path, "the configuration breaks rules", "Mend these:", reasons=reasons
        )
    return Study(config, dictionary, folder)


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of a configuration against its dictionary; each rule yields what breaks it."""

    config: Config
    dictionary: Dictionary
    document: Document

    def problems(self) -> Iterator[Reason]:
        yield from self._predictors()
        yield from self._among_predictors()
        yield from self._mappings()
        yield from self._units()
        yield from self._exclusions()
        yield from self._groups()

    def _problem(self, code: str, message: str, *keys: Key) -> Reason:
        return Reason(code, self.document.place(*keys), message)

    def _unknown(self, name: str, *keys: Key) -> Iterator[Reason]:
        if name not in self.dictionary:
            guess = nearest(name, self.dictionary.variables)
            hint = f"Did you mean {guess}?" if guess else "See `predictor variables`."
            message = f"{name!r} is not in the dictionary {self.dictionary.name}. {hint}"
            yield self._problem("unknown_variable", message, *keys)

    def _predictors(self) -> Iterator[Reason]:
        for i, name in enumerate(self.config.predictors):
            yield from self._unknown(name, "predictors", i)
            if name in self.dictionary and self.dictionary.variable(name).time != "baseline":
                message = f"{name} is known only after time zero, so it cannot predict. Remove it."
                yield self._problem("after_time_zero", message, "predictors", i)
            if self.config.question.outcome in (name, self.config.cohort.columns.get(name)):
                message = "the outcome itself stands among the predictors. Remove it."
                yield self._problem("outcome_as_predictor", message, "predictors", i)

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

    def _exclusions(self) -> Iterator[Reason]:
        for i, name in enumerate(self.config.cohort.exclude):
            yield from self._unknown(name, "cohort", "exclude", i)
            if name in self.dictionary and not self.dictionary.variable(name).exclusion:
                message = f"{name} is not an exclusion criterion of the dictionary."
                yield self._problem("not_an_exclusion", message, "cohort", "exclude", i)

    def _groups(self) -> Iterator[Reason]:
        wanted = self.config.validation.group
        if wanted in ("patient", "centre") and getattr(self.config.cohort, wanted) is None:
            message = f"folds by {wanted} need the key `cohort.{wanted}`."
            yield self._problem("no_group", message, "validation", "group")


_YAML_WORD = ' An unquoted {word} means true or false in YAML; write "{word}" if the word is meant.'


def _explain(problem: Mapping[str, Any], document: Document) -> Reason:
    """One of pydantic's findings in words, at its place in the file."""
    keys = tuple(k for k in problem["loc"] if _in_document(document.data, problem["loc"], k))
    kind = problem["type"]
    if kind == "extra_forbidden":
        fields = _fields_at(keys[:-1])
        guess = nearest(str(keys[-1]), fields)
        valid = f"did you mean {guess}?" if guess else f"valid here: {', '.join(sorted(fields))}."
        return Reason(kind, document.place(*keys), f"unknown key {keys[-1]!r}; {valid}")
    if kind == "missing":
        missing = problem["loc"][-1]
        return Reason(kind, document.place(*keys[:-1]), f"the key {missing!r} is needed here.")
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = re.sub(r"^Input should be", "expected", message).rstrip(".") + "."
    if kind == "literal_error":
        guess = nearest(str(problem["input"]), re.findall(r"'([^']+)'", message))
        message += f" Did you mean {guess}?" if guess else ""
    if keys in document.words:
        message += _YAML_WORD.format(word=document.words[keys])
    return Reason(kind, document.place(*keys), message)


def _in_document(data: Any, location: tuple[Key, ...], key: Key) -> bool:
    """Whether a step of pydantic's location is a key of the file, not the name of a type."""
    if not isinstance(key, str) or not re.search(r"[\[(]|^(str|int|float|bool)$", key):
        return True
    for step in location[: location.index(key)]:
        data = data[step] if isinstance(data, dict) and step in data else None
    return isinstance(data, dict) and key in data


def _fields_at(keys: tuple[Key, ...]) -> list[str]:
    """Valid keys at a place of the configuration."""
    part: type[BaseModel] = Config
    for key in keys:
        annotation = part.model_fields[str(key)].annotation if key in part.model_fields else None
        options = (
            get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        )
        inner = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not inner:
            return []
        part = inner[0]
    return list(part.model_fields)
