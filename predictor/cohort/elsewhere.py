"""Patients who took no part in making a model, read by the model's own rules.

Nothing is learned here: variables, units, plausible ranges, limits of the population, exclusion
criteria and the outcome are those of the bundle; only how the new file writes them is its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from predictor.clinical.dictionary import nearest
from predictor.cohort.checking import Asks, Checked, check_cohort
from predictor.cohort.cohort import Cohort, CohortWarning, FlowStep
from predictor.cohort.record_table import made_source
from predictor.cohort.table import Table
from predictor.config import CohortSource, Config
from predictor.config_external import NewCohort
from predictor.documents import Document
from predictor.errors import CohortError, ConfigError, Reason
from predictor.fitted.bundle import Bundle
from predictor.study import Study, wrong_names

TOO_MANY_MISSING = "excluded: more than {share:.0%} of the predictors missing"
ANALYSED = "analysed"
EXCLUDED = "excluded: "

_PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping file, read.

    Parameters
    ----------
    new
        Its content.
    document
        The file, which says where something stands.
    """

    new: NewCohort
    document: Document


def study_of(bundle: Bundle, columns: Collection[str], mapped: Mapped | None = None) -> Study:
    """The model's own study, with the new file's way of writing it.

    Parameters
    ----------
    bundle
        The model, of one event.
    columns
        Columns of the new file.
    mapped
        The mapping file. Without one the columns are called as in the cohort that the model was
        made from or, where that is not there, as in the dictionary.

    Raises
    ------
    ConfigError
        Every contradiction between the mapping file and the model at once.
    """
    # What a training wrote can be read again; a dictionary file travels inside the bundle.
    config = Config.model_validate({**bundle.manifest["config"], "dictionary": None})
    predictors = tuple(variable.name for variable in bundle.variables)
    config = config.model_copy(update={"predictors": predictors, "baseline": predictors[0]})
    if mapped is None:
        source = _inherited(config, columns)
    else:
        source = mapped.new.cohort
        outcome = mapped.new.outcome
        if outcome.column is not None:
            names = {**source.columns, config.question.outcome: outcome.column}
            source = source.model_copy(update={"columns": names})
        if outcome.event:
            codes = {"event": outcome.event, "non_event": outcome.non_event}
            question = config.question.model_copy(update=codes)
            config = config.model_copy(update={"question": question})
    criteria = [v.name for v in bundle.exclusions if source.columns.get(v.name, v.name) in columns]
    source = source.model_copy(
        update={"exclude": tuple(dict.fromkeys((*source.exclude, *criteria)))}
    )
    plan = config.validation.model_copy(update={"group": "auto"})
    study = Study(
        config.model_copy(update={"cohort": source, "validation": plan}), bundle.dictionary, Path()
    )
    if mapped is not None:
        _check_mapping(study, mapped, bundle)
    return study


def check_elsewhere(
    study: Study, table: Table, absent: Collection[str] = (), *, asks: Asks = "outcome"
) -> Checked:
    """Check new patients by the model's rules, and tell every problem.

    Parameters
    ----------
    study
        As :func:`study_of` gives it.
    table
        Cells as the file has them.
    absent
        Predictors that are not measured there at all.
    asks
        Whether the outcome is needed.

    Raises
    ------
    CohortError
        If what is called absent is in the file.
    """
    silent = {study.config.cohort.columns.get(name, name) for name in absent}
    there = sorted(silent & set(table.columns))
    if there:
        raise CohortError(
            table.source,
            f"{', '.join(there)} is in the file, and the mapping says that it is not measured",
            "Take it out of `absent`, or out of the file.",
        )
    empty = {name: [None] * table.rows for name in silent}
    return check_cohort(study, replace(table, columns={**table.columns, **empty}), asks=asks)


def read_elsewhere(
    bundle: Bundle,
    study: Study,
    table: Table,
    absent: Collection[str] = (),
    *,
    asks: Asks = "outcome",
    own: bool = False,
) -> Cohort:
    """Check new patients by the model's rules; those it would refuse are left out and counted.

    Parameters
    ----------
    bundle, study
        The model, and its study as :func:`study_of` gives it.
    table
        Cells as the file has them.
    absent
        Predictors that are not measured there at all.
    asks
        Whether the outcome is needed.
    own
        Whether these may be the very patients that the model was made from.

    Raises
    ------
    CohortError
        Listing every problem of the file, or if nobody is left, or these are the very patients
        that the model was made from.
    """
    cohort = check_elsewhere(study, table, absent, asks=asks).usable()
    if not own and _made_from(bundle, cohort):
        raise CohortError(
            table.source,
            "these are the patients that the model was made from, so they validate nothing",
            "Give patients who took no part in making it; `predictor report` has the model's own "
            "validation.",
        )
    share = np.isnan(cohort.values).mean(axis=1) if cohort.patients else np.zeros(0)
    refused = share > bundle.most_missing
    step = FlowStep(TOO_MANY_MISSING.format(share=bundle.most_missing), int(refused.sum()))
    keep = ~refused
    analysed = FlowStep(ANALYSED, int(keep.sum()))
    flow = (*cohort.flow[:-1], *((step,) if refused.any() else ()), analysed)
    if not keep.any():
        left = [Reason("excluded", s.step.removeprefix(EXCLUDED), f"{s.patients}") for s in flow]
        raise CohortError(table.source, "nobody is left", "Who was left out:", reasons=left[1:-1])
    return replace(
        cohort,
        values=cohort.values[keep],
        outcome=cohort.outcome[keep],
        group=None if cohort.group is None else cohort.group[keep],
        patient=None if cohort.patient is None else cohort.patient[keep],
        flow=flow,
        warnings=(*cohort.warnings, *_unmeasured(bundle, absent, int(keep.sum()))),
    )


def _made_from(bundle: Bundle, cohort: Cohort) -> bool:
    """Whether a model, or one that it comes from, was made from just these patients."""
    manifest = bundle.manifest
    made = {*makers(manifest)}
    for step in manifest.get("lineage", []):
        made.update(step.get("patients_digests", ()))
    # A bundle of an earlier version knows its patients in their order only.
    told = manifest.get("cohort", {})
    return cohort.patients_digest in made or told.get("digest") == cohort.digest


def makers(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Digests of the patients that a model was made from, of each centre where there were several.

    Those of a federated fit never were in one place, so that all of them together have none.
    """
    own = manifest.get("cohort", {}).get("patients_digest")
    members = manifest.get("federated", {}).get("members", ())
    return (*([own] if own else ()), *(str(centre["cohort_digest"]) for centre in members))


def excluded(cohort: Cohort) -> list[dict[str, Any]]:
    """Who was left out and why, as plain data."""
    return [
        {"reason": step.step.removeprefix(EXCLUDED), "patients": step.patients}
        for step in cohort.flow
        if step.step.startswith(EXCLUDED) and step.patients
    ]


def _inherited(config: Config, columns: Collection[str]) -> CohortSource:
    """As in the cohort that the model was made from, as far as the new file has its columns."""
    old = config.cohort if config.cohort.visits is None else made_source(config.cohort)
    gone = {name for name, column in old.columns.items() if column not in columns}
    per_name: dict[str, Mapping[str, object]] = {
        "columns": old.columns,
        "units": old.units,
        "values": old.values,
        "laboratory": old.laboratory,
    }
    kept = {
        key: {name: entry for name, entry in mapping.items() if name not in gone}
        for key, mapping in per_name.items()
    }
    named = (old.patient, _PATIENT)
    who = next((name for name in named if name is not None and name in columns), None)
    places = dict.fromkeys(("file", "sql", "redcap", "omop", "published"))
    return old.model_copy(
        update={
            **kept,
            **places,
            "patient": who,
            "centre": old.centre if old.centre in columns else None,
            "exclude": (),
        }
    )


def _check_mapping(study: Study, mapped: Mapped, bundle: Bundle) -> None:
    reasons = [
        *wrong_names(study.config, study.dictionary, mapped.document),
        *_without_unit(study, mapped),
        *_not_the_same(mapped, bundle),
        *_reversed(mapped, bundle),
        *_not_predictors(mapped, bundle),
    ]
    if reasons:
        raise ConfigError(
            mapped.document.path,
            "the mapping does not fit the model",
            "Mend these:",
            reasons=reasons,
        )


def _without_unit(study: Study, mapped: Mapped) -> Iterator[Reason]:
    """A column of somebody else's name follows somebody else's habit, unless its unit is said."""
    source = study.config.cohort
    for name, column in source.columns.items():
        if name not in study.dictionary or column == name or name in source.units:
            continue
        unit = study.dictionary.variable(name).unit
        if name in study.config.predictors and unit not in (None, "1"):
            message = (
                f"the unit of {column!r} is not stated. Write `{name}: {unit}`, or the unit it is "
                "in, under `cohort.units`."
            )
            place = mapped.document.place("cohort", "columns", name)
            yield Reason("unit_not_stated", place, message)


def _not_the_same(mapped: Mapped, bundle: Bundle) -> Iterator[Reason]:
    """Another horizon or definition makes it another outcome, whatever the column is called."""
    new, manifest = mapped.new.outcome, bundle.manifest
    horizon = str(manifest["outcome"]["horizon"])
    if new.horizon is not None and new.horizon.split() != horizon.split():
        message = f"the model's horizon is {horizon}, so this is another outcome."
        yield Reason("other_horizon", mapped.document.place("outcome", "horizon"), message)
    if new.definition is None:
        return
    place = mapped.document.place("outcome", "definition")
    own = definition_of(told_by(manifest))
    if own is None:
        message = (
            "it is not known by which definition the model's outcome was told. Leave this out, and "
            "say in setting.description how that of these patients was."
        )
        yield Reason("no_definition", place, message)
    elif own != new.definition:
        message = f"the model's outcome is told by {own}, so this is another outcome."
        yield Reason("other_definition", place, message)


def told_by(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a model's outcome was told, as ``cohort.outcome`` says it; empty where nobody knows."""
    # A bundle of an earlier version has it in its configuration only.
    of_visits: Mapping[str, Any] = manifest.get("config", {}).get("cohort", {}).get("outcome") or {}
    return manifest["outcome"].get("told") or of_visits


def definition_of(told: Mapping[str, Any]) -> str | None:
    """Definition or rule by which an outcome was told; None where it was a column."""
    found: str | None = told.get("definition") or told.get("rule")
    return found


def _reversed(mapped: Mapped, bundle: Bundle) -> Iterator[Reason]:
    """A code of the model's non-event as the event is a slip, or another outcome."""
    question = bundle.manifest["config"]["question"]
    told = mapped.new.outcome
    for key, others in (("event", "non_event"), ("non_event", "event")):
        known = question.get(others) or (
            [0] if question.get(key) == [1] else [1] if question.get(key) == [0] else []
        )
        if set(getattr(told, key)) & set(known):
            message = f"one of these codes is the model's {others}, so this is another outcome."
            yield Reason("reversed_codes", mapped.document.place("outcome", key), message)


def _not_predictors(mapped: Mapped, bundle: Bundle) -> Iterator[Reason]:
    predictors = [variable.name for variable in bundle.variables]
    for i, name in enumerate(mapped.new.absent):
        if name not in predictors:
            guess = nearest(name, predictors)
            hint = f" Did you mean {guess}?" if guess else ""
            message = f"{name!r} is no predictor of the model.{hint}"
            yield Reason("not_a_predictor", mapped.document.place("absent", i), message)


def _unmeasured(bundle: Bundle, absent: Collection[str], patients: int) -> Iterator[CohortWarning]:
    for variable in bundle.variables:
        if variable.name in absent:
            message = "is not measured there; the model filled it in for everybody"
            yield CohortWarning(variable.name, "absent", patients, message)
