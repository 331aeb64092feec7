"""What the manifest says of a bundle of a time, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from predictor.cohort.cohort import Cohort
from predictor.cohort.time_outcome import CENSORED, COMPETING
from predictor.learning.hazards import FittedHazards, HazardCandidate
from predictor.study import Study
from predictor.validation.evidence import evidence_of, people
from predictor.validation.permutation import Signal
from predictor.validation.time_size import TimeSampleSize
from predictor.workflow.manifest import asked_of, made_by, who_was_analysed

_WHO = (
    "{patients:,} {what}, {events:,} of whom had the event{competing}; at least {needed:,} with "
    "{needed_events:,} events needed{enough}."
)
_COMPETING = " and {count:,} a competing one"


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
    competing = int((cohort.outcome == COMPETING).sum())
    # Those last seen without any event follow by subtraction.
    rest = int((cohort.outcome == CENSORED).sum())
    told = competing >= cell_size and (rest == 0 or rest >= cell_size)
    size = _WHO.format(
        patients=who.patients,
        what="simulated patients" if cohort.simulated else "patients",
        events=who.events,
        competing=_COMPETING.format(count=competing) if told else "",
        needed=needed.n,
        needed_events=needed.events,
        enough=": enough" if sufficient else "",
    )
    return evidence_of(
        cohort, size, signal, events=who.events, sufficient=sufficient, validated=validated
    )


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
            **asked_of(study, cohort),
        },
        "predictors": [cohort.names[j] for j in predictors],
        "prediction": {"most_missing": config.prediction.most_missing},
        "evidence": dict(stands),
        "cohort": who_was_analysed(cohort, cohort.events, config.privacy.cell_size),
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
        **made_by(study),
    }
