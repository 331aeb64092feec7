"""The configuration of one study as frozen models; ``study.py`` loads it and explains errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from predictor.clinical.variable import Range
from predictor.config_compute import ComputePlan
from predictor.config_parts import (
    Answer,
    Code,
    Count,
    Grid,
    Imputation,
    Limits,
    Name,
    Number,
    OneOrMany,
    Part,
    Positive,
    Share,
    distinct,
)
from predictor.config_records import (
    BaselinePlan,
    IndexRule,
    OutcomePlan,
    RecordsPlan,
    VisitSource,
    check_records,
    with_patients_of_visits,
)
from predictor.config_sources import LaboratoryRules, OmopSource, RedcapSource, SqlSource
from predictor.config_states import State, check_states
from predictor.config_time import CoxPlan, FollowUp, check_follow_up, check_models
from predictor.config_visit_times import check_times_of_visits


class Question(Part):
    """What is predicted, for whom and over which time."""

    outcome: Name
    """The outcome: its column in the cohort file, unless ``cohort.columns`` names another."""
    label: Name | None = None
    """What the event is called in answers, such as "low disease activity"."""
    event: Annotated[
        tuple[Code, ...], AfterValidator(distinct), Field(min_length=1), OneOrMany()
    ] = ()
    """Values of the outcome that count as the event."""
    non_event: Annotated[tuple[Code, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Values that count as no event; needed unless the outcome is 0/1 or in the dictionary."""
    states: tuple[State, ...] = ()
    """Instead of an event: the ordered states of the outcome, worst first; see docs/response.md."""
    follow_up: FollowUp | None = None
    """Asks when the event happens; see docs/time_to_relapse.md."""
    horizon: Name
    """Time from index visit to outcome, in words."""
    population: Name
    """For whom the model is meant, in words."""
    limits: Mapping[StrictStr, Limits] = {}
    """Who belongs to it, in numbers: dictionary variable -> [lowest, highest] in the dictionary's
    unit, null for none, such as ``age: [18, null]``. Others are left out and get no prediction."""
    anticipated_auroc: Annotated[Number, Field(gt=0.5, lt=1)] | None = None
    """What the sample size is judged by: the AUROC of an earlier model of the same question."""
    time_zero: Name | None = None
    """Where the horizon starts, such as first or last infusion."""

    @model_validator(mode="after")
    def _event_or_states(self) -> Question:
        check_states(self.states, (*self.event, *self.non_event))
        check_follow_up(self.follow_up, bool(self.states), self.event, self.non_event)
        if not self.states and not self.event:
            raise ValueError("name the event, or several states")
        return self

    @property
    def ranges(self) -> Mapping[str, Range]:
        """The limits of the population as ranges."""
        return {name: Range(low, high) for name, (low, high) in self.limits.items()}


class PublishedCohort(Part):
    """The published cohort, rebuilt; no patient in it is real."""

    patients: Annotated[StrictInt, Field(ge=3, le=1_000_000)] = 31
    """31 rebuilds the printed tables; any other number draws from the same distribution."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 1
    """The same seed gives the same patients."""
    scenario: Name = "literature"
    """How the outcome depends on the baseline: a shipped scenario, or a file beside this one."""


class CohortSource(Part):
    """Where the patients are and how their columns map to the dictionary."""

    file: Name | None = None
    """CSV, Excel or Parquet, relative to this configuration; ``--data`` overrides it."""
    sql: SqlSource | None = None
    """Rows of a database instead of a file; see ``docs/sources.md``."""
    redcap: RedcapSource | None = None
    """The export of a REDCap project instead of a file; see ``docs/sources.md``."""
    omop: OmopSource | None = None
    """Tables of the OMOP common data model instead of a file; see ``docs/sources.md``."""
    published: PublishedCohort | None = None
    """The published cohort instead of a file."""
    visits: VisitSource | None = None
    """Visits instead of a file with one row per patient; see `docs/records.md`."""
    index: IndexRule | None = None
    """The visit at which a patient enters; only with ``visits``."""
    baseline: BaselinePlan | None = None
    """Which values count as known at the index visit; only with ``visits``."""
    outcome: OutcomePlan | None = None
    """What happened after the index visit, and when it is looked for; only with ``visits``."""
    patient: Name | None = None
    """Column that identifies the patient; never leaves this machine."""
    centre: Name | None = None
    """Column of the centre; when named, centres stay whole in all folds."""
    repeated_rows: StrictBool = False
    """Whether a patient may have several rows, which then stay together in all folds."""
    columns: Mapping[StrictStr, Name] = {}
    """Dictionary variable (or the outcome) -> column of the file, where the names differ."""
    units: Mapping[StrictStr, Name] = {}
    """Dictionary variable -> unit of the column, where it is not the dictionary's."""
    values: Mapping[StrictStr, Mapping[StrictStr, StrictStr]] = {}
    """Dictionary variable -> {value in the file: state in the dictionary; "" for missing}."""
    laboratory: Mapping[StrictStr, LaboratoryRules] = {}
    """Dictionary variable -> what its values become that are no plain numbers, such as
    ``crp: {below: half}``; see ``docs/laboratory.md``."""
    missing: Annotated[tuple[StrictStr, ...], OneOrMany()] = ("NA", "NaN")
    """Further spellings of a missing value; an empty cell is always missing."""
    impossible: Literal["refuse", "missing"] = "refuse"
    """What happens to values outside the plausible range: stop, or count and leave out."""
    exclude: Annotated[tuple[Name, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Exclusion criteria of the dictionary; patients who have one are left out and counted."""
    accept_suspected_leakage: Annotated[tuple[Name, ...], OneOrMany()] = ()
    """Predictors that separate the outcome and have been checked by hand."""
    encoding: Name = "utf-8"
    """Text encoding of a CSV file."""
    delimiter: Literal["auto", ",", ";", "tab", "|"] = "auto"
    """Column separator of a CSV file; auto looks for comma or semicolon in the first line."""
    decimal: Literal[".", ","] = "."
    """Decimal sign of a CSV file."""
    sheet: StrictStr | StrictInt = 0
    """Sheet of an Excel file, by name or position."""

    @model_validator(mode="before")
    @classmethod
    def _of_visits(cls, data: object) -> object:
        """Who a visit belongs to is said once, beside the visits."""
        return with_patients_of_visits(data)

    @model_validator(mode="after")
    def _one_source(self) -> CohortSource:
        places = ("file", "sql", "redcap", "omop", "published", "visits")
        named = [name for name in places if getattr(self, name) is not None]
        if len(named) > 1:
            raise ValueError(f"name one of {', '.join(places)}, not {' and '.join(named)}")
        check_records(self.visits, self.index, self.baseline, self.outcome)
        return self

    @property
    def records(self) -> RecordsPlan | None:
        """How visits become one row per patient; None where the source has such rows."""
        if self.visits is None or self.index is None or self.outcome is None:
            return None
        return RecordsPlan(self.visits, self.index, self.baseline or BaselinePlan(), self.outcome)


class PreparationPlan(Part):
    """How missing values are filled in; learned inside each training fold."""

    imputation: Imputation = "median"
    """Median or mean of a number (most frequent value of yes or no and of a state), or chained
    regressions. Centres that share no rows can pool a mean and no median."""
    missing_indicators: Annotated[tuple[Name, ...], AfterValidator(distinct), OneOrMany()] = ()
    """Predictors whose missingness is itself offered to the model."""


class RidgePlan(Part):
    """Logistic regression, coefficients shrunk by the sum of their squares."""

    penalty: Grid[Positive] = (0.01, 0.1, 1.0, 10.0, 100.0)
    """Lambda: half of it times the sum of squared standardised coefficients."""


class ElasticNetPlan(Part):
    """Logistic regression, shrunk by squares and absolute values of the coefficients."""

    penalty: Grid[Positive] = (0.3, 1.0, 3.0, 10.0, 30.0)
    """Lambda, on the scale of the ridge penalty."""
    l1_share: Grid[Share] = (0.5, 0.9)
    """Share of the penalty on absolute values."""


class FirthPlan(Part):
    """Logistic regression with Firth's penalty, for rare events and separation."""

    intercept_correction: Literal["flic", "none"] = "flic"
    """FLIC makes predictions average to the observed share of events."""


class ForestPlan(Part):
    """Random forest of probability trees."""

    trees: Count = 500
    min_samples_leaf: Grid[Count] = (1, 5)
    """Fewest patients in a leaf; small leaves can encode single patients."""


class BoostingPlan(Part):
    """Histogram gradient boosting."""

    trees: Grid[Count] = (100,)
    learning_rate: Grid[Share] = (0.05,)
    max_leaf_nodes: Grid[Annotated[StrictInt, Field(ge=2, le=10_000)]] = (4, 16)
    min_samples_leaf: Count = 10


class AdditivePlan(Part):
    """Explainable boosting machine; needs the extra ``ebm``."""

    interactions: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    max_bins: Annotated[StrictInt, Field(ge=4, le=10_000)] = 32


class Models(Part):
    """The candidate models; an empty entry means its defaults."""

    firth: FirthPlan | None = None
    ridge: RidgePlan | None = None
    elastic_net: ElasticNetPlan | None = None
    ebm: AdditivePlan | None = None
    random_forest: ForestPlan | None = None
    hist_gradient_boosting: BoostingPlan | None = None
    proportional_odds: RidgePlan | None = None
    """For several states: one sum of coefficients, and a threshold for each state."""
    multinomial: RidgePlan | None = None
    """For several states: coefficients for each state."""
    cox: CoxPlan | None = None
    """For the time to an event: proportional hazards; needs the extra ``survival``."""

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


class ValidationPlan(Part):
    """How the candidates are compared."""

    folds: Annotated[StrictInt, Field(ge=2, le=100)] = 5
    repeats: Annotated[StrictInt, Field(ge=1, le=1000)] = 10
    inner_folds: Annotated[StrictInt, Field(ge=2, le=20)] = 5
    """Folds of the tuning inside each training fold."""
    bootstrap: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 1000
    """Resamples of the optimism bootstrap of the chosen procedure; 0 leaves it out."""
    permutations: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 200
    """Permutations of the test for any signal; 0 leaves it out."""
    minutes: Positive = 10.0
    """What bootstrap and permutations may take each, about; where that is not enough, there are
    fewer of them, and the result says so."""
    thresholds: Annotated[
        tuple[Annotated[Number, Field(gt=0, lt=1)], ...],
        AfterValidator(distinct),
        Field(min_length=1, max_length=20),
        OneOrMany(),
    ] = (0.25, 0.5, 0.75)
    """Probabilities at which a decision would change; net benefit and changes of class are told
    for these."""
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 20241120
    group: Literal["auto", "patient", "centre", "none"] = "auto"
    """What stays whole in a fold; auto: the centre if named, else the patient if named."""


class TrackingPlan(Part):
    """The MLflow record."""

    experiment: Name | None = None
    """Name of the experiment; the study's name by default."""
    uri: Name | None = None
    """Tracking store; by default MLFLOW_TRACKING_URI, else sqlite:///mlflow.db."""
    register_as: Annotated[StrictStr, Field(pattern=r"^[^/:]{1,200}$")] | None = None
    """Name in the model registry, without / and :; not registered by default."""
    enabled: StrictBool = True


class ExplanationPlan(Part):
    """What the explanation shows."""

    patients: StrictBool = False
    """Draw real patients in figures; by default labelled synthetic profiles, or means over several
    patients, stand for them."""


class PrivacyPlan(Part):
    """What may leave the centre."""

    cell_size: Annotated[StrictInt, Field(ge=1, le=1000)] = 5
    """Smallest count shown in what is shared."""


class PredictionPlan(Part):
    """When the model answers."""

    most_missing: Annotated[Number, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    """Largest share of predictors that may be missing before a patient is refused."""


class ReportingPlan(Part):
    """What only people know, for the checklists of the report."""

    tripod: Mapping[StrictStr, Answer] = {}
    """Item of TRIPOD+AI -> answer, such as ``"18a": paid by nobody``."""
    probast: Mapping[StrictStr, Answer] = {}
    """Signalling question of PROBAST+AI -> answer; ``D1.1`` of its part on development, ``E1.1`` of
    its part on evaluation."""


class Config(Part):
    """One study."""

    name: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """Short name: letters, digits, dot, hyphen, underscore."""
    question: Question
    cohort: CohortSource
    dictionary: Name | None = None
    """Dictionary file of your own, relative to this configuration."""
    predictors: Annotated[tuple[Name, ...], AfterValidator(distinct), Field(min_length=1)]
    """Dictionary variables measured at or before the index visit."""
    baseline: Name
    """The one predictor that stands alone as a baseline."""
    preparation: PreparationPlan = PreparationPlan()
    models: Models
    choose: Name = "rule"
    """Which candidate is bundled: by the rule, or one that was named beforehand, such as ridge. A
    model that a protocol names needs no choice, and no choice can be made too well."""
    validation: ValidationPlan = ValidationPlan()
    explanation: ExplanationPlan = ExplanationPlan()
    prediction: PredictionPlan = PredictionPlan()
    tracking: TrackingPlan = TrackingPlan()
    privacy: PrivacyPlan = PrivacyPlan()
    reporting: ReportingPlan = ReportingPlan()
    compute: ComputePlan = ComputePlan()
    output: Name | None = None
    """Folder of the bundle, relative to the working directory; ``runs/NAME`` by default."""

    @field_validator("predictors", mode="before")
    @classmethod
    def _not_text(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError("a list was expected: [age, sex, ...]")  # noqa: TRY004 - pydantic's way
        return value

    @model_validator(mode="after")
    def _can_be_chosen(self) -> Config:
        several, timed = bool(self.question.states), self.question.follow_up is not None
        check_models(self.choices[3:], several=several, timed=timed)
        check_times_of_visits(self)
        if self.choose not in self.choices:
            raise ValueError(f"choose names one of {', '.join(self.choices)}")
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """What ``choose`` can be: the rule, a baseline or one of the models."""
        there = [name for name in type(self.models).model_fields if getattr(self.models, name)]
        return ("rule", "prevalence", "one_predictor", *there)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the configuration, for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
