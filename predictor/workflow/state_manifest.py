"""What the manifest says of a bundle of several states, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import HIDDEN
from predictor.cohort.state_counts import shown_states
from predictor.learning.state_candidates import StateCandidate
from predictor.study import Study
from predictor.validation.evidence import evidence_of, people
from predictor.validation.permutation import Signal
from predictor.validation.state_size import StateSampleSize
from predictor.workflow.manifest import asked_of, made_by, who_was_analysed

_WHO = "{patients:,} {what} in the states {states}; at least {needed:,} needed{enough}."
_REAL = ("patients", "patients ({rows:,} rows)")
_SIMULATED = ("simulated patients", "simulated patients ({rows:,} rows)")
_STATE = "{label} ({count})"


def state_evidence(
    cohort: Cohort,
    needed: StateSampleSize,
    signal: Signal | None,
    *,
    validated: bool,
    cell_size: int,
) -> dict[str, Any]:
    """Level of evidence, as for an event, with the states and what they would need.

    Parameters
    ----------
    cohort, needed, signal, validated
        As in :func:`predictor.validation.evidence.evidence`.
    cell_size
        Smallest count of a state that is shown.
    """
    who = people(cohort)
    sufficient = who.patients >= needed.n
    counts = shown_states(cohort, cell_size)
    told = [
        _STATE.format(label=name.replace("_", " "), count=HIDDEN if count is None else count)
        for name, count in zip(cohort.states, counts, strict=True)
    ]
    size = _WHO.format(
        patients=who.patients,
        what=(_SIMULATED if cohort.simulated else _REAL)[who.rows > who.patients].format(
            rows=who.rows
        ),
        states=", ".join(told),
        needed=needed.n,
        enough=": enough" if sufficient else "",
    )
    return evidence_of(
        cohort, size, signal, events=counts[-1], sufficient=sufficient, validated=validated
    )


def describe_states(
    study: Study,
    cohort: Cohort,
    candidate: StateCandidate,
    penalty: float,
    predictors: Sequence[int],
    stands: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Content of the manifest, but for the digests and the figures of the validation.

    Parameters
    ----------
    study, cohort
        The question and its patients.
    candidate, penalty
        The chosen model, and what tuning gave it.
    predictors
        Positions of its variables.
    stands
        From :func:`state_evidence`.
    seconds
        Time per stage.
    """
    config, question = study.config, study.config.question
    cell_size = config.privacy.cell_size
    counts = shown_states(cohort, cell_size)
    states = [
        {"state": state.state, "label": state.shown, "patients": count}
        for state, count in zip(question.states, counts, strict=True)
    ]
    return {
        "name": config.name,
        "outcome": {
            "name": question.outcome,
            "label": question.label or question.outcome,
            "event": [question.states[-1].state],
            "states": states,
            **asked_of(study, cohort),
        },
        "predictors": [cohort.names[j] for j in predictors],
        "prediction": {"most_missing": config.prediction.most_missing},
        "evidence": dict(stands),
        "cohort": who_was_analysed(cohort, counts[-1], cell_size),
        "validation": {"plan": config.validation.model_dump(mode="json")},
        "model": {
            "version": "1",
            "kind": "states",
            "candidate": candidate.name,
            "label": candidate.label,
            "setting": {"penalty": penalty} if candidate.predictors else {},
            "smallest_leaf": None,
        },
        **made_by(study),
        "timings": dict(seconds),
    }
