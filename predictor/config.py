"""The configuration of one study: frozen models of the YAML file, and errors a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from predictor import shipped
from predictor.clinical.dictionary import Dictionary, load_dictionary, nearest
from predictor.documents import Document, Key, load_yaml
from predictor.errors import ConfigError, Reason

Code = StrictInt | StrictFloat | StrictStr
"""A cell as a person writes it in the file: ``1``, ``0.5`` or ``female``."""


def _as_list(value: object) -> object:
    """A single value where a list is meant is a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = sorted({str(v) for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"named twice: {', '.join(twice)}")
    return values


def _number_like(value: object) -> object:
    """Whole numbers are fine where a decimal is meant; text and yes/no are not."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[StrictFloat, BeforeValidator(_number_like)]
Positive = Annotated[Number, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[Number, Field(gt=0, le=1)]
Count = Annotated[StrictInt, Field(ge=1)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]


def _grid(item: Any) -> Any:
    return Annotated[
        tuple[item, ...], BeforeValidator(_as_list), AfterValidator(_distinct), Field(min_length=1)
    ]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Question(_Part):
    """What is predicted, for whom and over which time."""

    outcome: Name
    """Column of the outcome in the cohort file."""
    event: Annotated[
        tuple[Code, ...], BeforeValidator(_as_list), AfterValidator(_distinct), Field(min_length=1)
    ]
    """Values of the outcome that count as the event."""
    non_event: Annotated[tuple[Code, ...], BeforeValidator(_as_list), AfterValidator(_distinct)] = ()
    """Values that count as no event; needed unless the outcome is 0/1 or in the dictionary."""
    horizon: Name
    """Time from index visit to outcome, in words."""
    population: Name
    """For whom the model is meant, in words."""
    time_zero: Name | None = None
    """Where the horizon starts, such as first or last infusion."""


class CohortSource(_Part):
    """Where the patients are and how their columns map to the dictionary."""

    file: Name | None = None
    """CSV, Excel or Parquet, relative to this configuration; ``--data`` overrides it."""
    patient: Name | None = None
    """Column that identifies the patient; never leaves this machine."""
    centre: Name | None = None
    """Column of the centre; when named, centres stay whole in all folds."""
    repeated_rows: StrictBool = False
    """Whether a patient may have several rows, which then stay together in all folds."""
    columns: Mapping[StrictStr, Name] = {}
    """Dictionary variable -> column of the file, where the names differ."""
    units: Mapping[StrictStr, Name] = {}
    """Dictionary variable -> unit of the column, where it is not the dictionary's."""
    values: Mapping[StrictStr, Mapping[StrictStr, Name]] = {}
    """Dictionary variable -> {value in the file: state in the dictionary}."""
    missing: Annotated[tuple[StrictStr, ...], BeforeValidator(_as_list)] = ("NA", "NaN")
    """Further spellings of a missing value; an empty cell is always missing."""
    impossible: Literal["refuse", "missing"] = "refuse"
    """What happens to values outside the plausible range: stop, or count and leave out."""
    exclude: Annotated[tuple[Name, ...], BeforeValidator(_as_list), AfterValidator(_distinct)] = ()
    """Exclusion criteria of the dictionary; patients who have one are left out and counted."""
    accept_suspected_leakage: Annotated[tuple[Name, ...], BeforeValidator(_as_list)] = ()
    """Predictors that separate the outcome and have been checked by hand."""
    encoding: Name = "utf-8"
    """Text encoding of a CSV file."""
    delimiter: Literal["auto", ",", ";", "tab", "|"] = "auto"
    """Column separator of a CSV file; auto looks for comma or semicolon in the first line."""
    decimal: Literal[".", ","] = "."
    """Decimal sign of a CSV file."""
    sheet: StrictStr | StrictInt = 0
    """Sheet of an Excel file, by name or position."""


class PreparationPlan(_Part):
    """How missing values are filled in; learned inside each training fold."""

    imputation: Literal["median", "iterative"] = "median"
    """Median (most frequent state), or chained regressions."""
    missing_indicators: Annotated[
        tuple[Name, ...], BeforeValidator(_as_list), AfterValidator(_distinct)
    ] = ()
    """Predictors whose missingness is itself offered to the model."""


class RidgePlan(_Part):
    """Logistic regression, coefficients shrunk by the sum of their squares."""

    penalty: _grid(Positive) = (0.01, 0.1, 1.0, 10.0, 100.0)
    """Lambda: half of it times the sum of squared standardised coefficients."""


class ElasticNetPlan(_Part):
    """Logistic regression, shrunk by squares and absolute values of the coefficients."""

    penalty: _grid(Positive) = (0.3, 1.0, 3.0, 10.0, 30.0)
    """Lambda, on the scale of the ridge penalty."""
    l1_share: _grid(Share) = (0.5, 0.9)
    """Share of the penalty on absolute values."""


class FirthPlan(_Part):
    """Logistic regression with Firth's penalty, for rare events and separation."""

    intercept_correction: Literal["flic", "none"] = "flic"
    """FLIC makes predictions average to the observed share of events."""


class ForestPlan(_Part):
    """Random forest of probability trees."""

    trees: Count = 500
    min_samples_leaf: _grid(Count) = (1, 5)
    """Fewest patients in a leaf; small leaves can encode single patients."""


class BoostingPlan(_Part):
    """Histogram gradient boosting."""

    trees: _grid(Count) = (100,)
    learning_rate: _grid(Positive) = (0.05,)
    max_leaf_nodes: _grid(Annotated[StrictInt, Field(ge=2)]) = (4, 16)
    min_samples_leaf: Count = 10


class AdditivePlan(_Part):
    """Explainable boosting machine; needs the extra ``ebm``."""

    interactions: Annotated[StrictInt, Field(ge=0)] = 0
    max_bins: Annotated[StrictInt, Field(ge=4)] = 32


class Models(_Part):
    """The candidate models; an empty entry means its defaults."""

    firth: FirthPlan | None = None
    ridge: RidgePlan | None = None
    elastic_net: ElasticNetPlan | None = None
    ebm: AdditivePlan | None = None
    random_forest: ForestPlan | None = None
    hist_gradient_boosting: BoostingPlan | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, data: object) -> object:
        if isinstance(data, dict):
            return {key: {} if value is None else value for key, value in data.items()}
        return data

    @model_validator(mode="after")
    def _at_least_one(self) -> Models:
        if not self.model_fields_set:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self


class ValidationPlan(_Part):
    """How the candidates are compared."""

    folds: Annotated[StrictInt, Field(ge=2, le=100)] = 5
    repeats: Annotated[StrictInt, Field(ge=1, le=1000)] = 10
    inner_folds: Annotated[StrictInt, Field(ge=2, le=20)] = 5
    """Folds of the tuning inside each training fold."""
    bootstrap: Annotated[StrictInt, Field(ge=0)] = 0
    """Resamples of the optimism bootstrap; used by the validation stage once it lands."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 20241120
    group: Literal["auto", "patient", "centre", "none"] = "auto"
    """What stays whole in a fold; auto: the centre if named, else the patient if named."""


class TrackingPlan(_Part):
    """The MLflow record."""

    experiment: Name | None = None
    """Name of the experiment; the study's name by default."""
    uri: Name | None = None
    """Tracking store; by default MLFLOW_TRACKING_URI, else sqlite:///mlflow.db."""
    register_as: Name | None = None
    """Name in the model registry; not registered by default."""
    enabled: StrictBool = True


class ExplanationPlan(_Part):
    """What the explanation shows."""

    patients: StrictBool = False
    """Draw real patients in figures; by default labelled synthetic profiles stand for them."""


class PrivacyPlan(_Part):
    """What may leave the centre."""

    cell_size: Annotated[StrictInt, Field(ge=1, le=1000)] = 5
    """Smallest count shown in what is shared."""


class ComputePlan(_Part):
    """Where the fits run."""

    workers: Count | None = None
    """Parallel workers; every available core by default. Results do not depend on it."""


class PredictionPlan(_Part):
    """When the model answers."""

    most_missing: Annotated[Number, Field(ge=0, le=1)] = 0.5
    """Largest share of predictors that may be missing before a patient is refused."""


class Config(_Part):
    """One study."""

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """Short name: letters, digits, dot, hyphen, underscore."""
    question: Question
    cohort: CohortSource
    dictionary: Name | None = None
    """Dictionary file of your own, relative to this configuration."""
    predictors: Annotated[tuple[Name, ...], AfterValidator(_distinct), Field(min_length=1)]
    """Dictionary variables measured at or before the index visit."""
    baseline: Name
    """The one predictor that stands alone as a baseline."""
    preparation: PreparationPlan = PreparationPlan()
    models: Models
    validation: ValidationPlan = ValidationPlan()
    explanation: ExplanationPlan = ExplanationPlan()
    prediction: PredictionPlan = PredictionPlan()
    tracking: TrackingPlan = TrackingPlan()
    privacy: PrivacyPlan = PrivacyPlan()
    compute: ComputePlan = ComputePlan()
    output: Name | None = None
    """Folder of the bundle, relative to the working directory; ``runs/NAME`` by default."""

    @field_validator("predictors", mode="before")
    @classmethod
    def _not_text(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError("a list was expected: [age, sex, ...]")  # noqa: TRY004 - pydantic's way
        return value


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
    reasons = _name_problems(config, dictionary, document)
    if reasons:
        raise ConfigError(
            document.path, "the configuration breaks rules", "Mend these:", reasons=reasons
        )
    return Study(config, dictionary, folder)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the configuration, for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _name_problems(config: Config, dictionary: Dictionary, document: Document) -> list[Reason]:
    """Names that must be in the dictionary, or among the predictors, and are not."""
    reasons: list[Reason] = []

    def known(name: str, *keys: Key) -> bool:
        if name in dictionary:
            return True
        guess = nearest(name, dictionary.variables)
        hint = f" Did you mean {guess}?" if guess else " See `predictor variables`."
        message = f"{name!r} is not in the dictionary {dictionary.name}.{hint}"
        reasons.append(Reason("unknown_variable", document.place(*keys), message))
        return False

    for i, name in enumerate(config.predictors):
        if known(name, "predictors", i) and dictionary.variable(name).time != "baseline":
            message = (
                f"{name} is known only after time zero (the day before the first infusion or the "
                "index visit), so it cannot predict. Remove it."
            )
            reasons.append(Reason("after_time_zero", document.place("predictors", i), message))
        column = config.cohort.columns.get(name, name)
        if config.question.outcome in (name, column):
            message = "the outcome itself stands among the predictors. Remove it."
            reasons.append(Reason("outcome_as_predictor", document.place("predictors", i), message))

    inside = [(config.baseline, ("baseline",))]
    inside += [
        (name, ("preparation", "missing_indicators", i))
        for i, name in enumerate(config.preparation.missing_indicators)
    ]
    for name, keys in inside:
        if name not in config.predictors:
            guess = nearest(name, config.predictors)
            hint = f" Did you mean {guess}?" if guess else ""
            message = f"{name!r} is not among the predictors.{hint}"
            reasons.append(Reason("not_a_predictor", document.place(*keys), message))

    mapped = {"columns": config.cohort.columns, "units": config.cohort.units}
    for key, mapping in {**mapped, "values": config.cohort.values}.items():
        for name in mapping:
            known(name, "cohort", key, name)
    for i, name in enumerate(config.cohort.exclude):
        if known(name, "cohort", "exclude", i) and not dictionary.variable(name).exclusion:
            message = f"{name} is not an exclusion criterion of the dictionary."
            reasons.append(
                Reason("not_an_exclusion", document.place("cohort", "exclude", i), message)
            )
    if config.validation.group in ("patient", "centre"):
        column = getattr(config.cohort, config.validation.group)
        if column is None:
            message = f"folds by {config.validation.group} need `cohort.{config.validation.group}`."
            reasons.append(Reason("no_group", document.place("validation", "group"), message))
    return reasons


_YAML_WORD = (
    ' An unquoted {word} means true or false in YAML; write "{word}" if the word is meant.'
)


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
            get_args(annotation)
            if get_origin(annotation) in (Union, UnionType)
            else (annotation,)
        )
        inner = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not inner:
            return []
        part = inner[0]
    return list(part.model_fields)
