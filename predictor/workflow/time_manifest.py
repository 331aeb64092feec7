"""What the manifest says of a bundle of a time, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.time_outcome import CENSORED, COMPETING
from predictor.learning.hazards import FittedHazards, HazardCandidate
from predictor.study import Study
from predictor.validation.evidence import evidence_level, people
from predictor.validation.permutation import Signal
from predictor.validation.time_size import TimeSampleSize
from predictor.workflow.manifest import environment, now, shareable_config

_DEMONSTRATION = (
    "Not for care. Trained on simulated patients: it shows how the software works and says nothing "
    "about real ones."
)
_WHO = (
    "{patients:,} {what}, {events:,} of whom had the event{competing}; at least {needed:,} with "
    "{needed_events:,} events needed{enough}."
)
_COMPETING = " and {count:,} a competing one"
_ROWS = "Rows are taken for patients; if a patient has several, every figure is too good."
_NOT_TESTED = "Whether there is signal has not been tested."
_CORRECTED = (
    "Figures are corrected for optimism within this cohort; no other patients have been tried."
)
_COMPARED = "Compared by repeated cross-validation only; no other patients have been tried."


def time_evidence(
    cohort: Cohort,
    needed: TimeSampleSize,
    cell_size: int,
    signal: Signal | None,
    *,
    validated: bool,
) -> dict[str, Any]:
    """Level of evidence, as for an event, with what competes and what would be needed."""
    who = people(cohort)
    sufficient = who.patients >= needed.n and who.events >= needed.events
    level = evidence_level(
        simulated=cohort.simulated,
        known_people=who.known,
        sufficient=sufficient,
        signal=signal,
        validated=validated,
    )
    competing = int((cohort.outcome == COMPETING).sum())
    # Those last seen without any event follow by subtraction.
    rest = int((cohort.outcome == CENSORED).sum())
    told = competing >= cell_size and (rest == 0 or rest >= cell_size)
    sentences = [_DEMONSTRATION] if cohort.simulated else []
    sentences.append(
        _WHO.format(
            patients=who.patients,
            what="simulated patients" if cohort.simulated else "patients",
            events=who.events,
            competing=_COMPETING.format(count=competing) if told else "",
            needed=needed.n,
            needed_events=needed.events,
            enough=": enough" if sufficient else "",
        )
    )
    if not who.known:
        sentences.append(_ROWS)
    sentences.append(signal.sentence if signal else _NOT_TESTED)
    if not cohort.simulated:
        sentences.append(_CORRECTED if validated else _COMPARED)
    real = not cohort.simulated
    return {
        "level": level,
        "patients": who.patients if real else 0,
        "events": who.events if real else 0,
        "simulated_patients": 0 if real else who.patients,
        "statement": " ".join(sentences),
    }


def describe_time(
    study: Study,
    cohort: Cohort,
    candidate: HazardCandidate,
    final: FittedHazards,
    predictors: Sequence[int],
    stands: Mapping[str, Any],
) -> dict[str, Any]:
    """Content of the manifest, but for the digests, the validation and the times.

    Parameters
    ----------
    study, cohort
        The question and its patients.
    candidate, final
        The chosen model and its fit.
    predictors
        Positions of its variables.
    stands
        From :func:`time_evidence`.
    """
    config, question = study.config, study.config.question
    asked = question.follow_up
    causes = ("event", "competing")
    return {
        "name": config.name,
        "outcome": {
            "name": question.outcome,
            "label": question.label or question.outcome,
            "event": list(question.event),
            "follow_up": {
                "horizon_months": list(asked.horizon_months) if asked else [],
                "competing": list(asked.competing) if asked else [],
                "among": {k: list(v) for k, v in asked.among.items()} if asked else {},
            },
            "horizon": question.horizon,
            "population": question.population,
            "limits": {name: list(limit) for name, limit in question.limits.items()},
            "time_zero": question.time_zero,
        },
        "predictors": [cohort.names[j] for j in predictors],
        "prediction": {"most_missing": config.prediction.most_missing},
        "evidence": dict(stands),
        "cohort": {
            "digest": cohort.digest,
            "file": cohort.source,
            "patients": cohort.patients,
            "events": cohort.events,
            "group": cohort.group_kind,
            "schema": [
                {"column": v.name, "kind": v.kind, "unit": v.unit} for v in cohort.variables
            ],
            "flow": masked_flow(cohort.flow, config.privacy.cell_size),
            "warnings": [
                {"variable": w.variable, "code": w.code, "count": w.count} for w in cohort.warnings
            ],
        },
        "validation": {"plan": config.validation.model_dump(mode="json")},
        "model": {
            "version": "1",
            "kind": "hazards",
            "candidate": candidate.name,
            "label": candidate.label,
            "setting": {
                f"penalty_{cause}": penalty
                for cause, penalty in zip(causes, final.penalties, strict=False)
                if candidate.predictors
            },
            "smallest_leaf": None,
        },
        "privacy": {"cell_size": config.privacy.cell_size},
        "config": shareable_config(study),
        "dictionary": {
            name: variable.to_dict() for name, variable in study.dictionary.variables.items()
        },
        "environment": environment(),
        "created": now(),
    }
