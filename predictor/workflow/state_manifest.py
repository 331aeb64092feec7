"""What the manifest says of a bundle of several states, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import HIDDEN, masked_flow
from predictor.cohort.state_counts import shown_states
from predictor.learning.state_candidates import StateCandidate
from predictor.study import Study
from predictor.validation.evidence import evidence_level, people
from predictor.validation.permutation import Signal
from predictor.validation.state_size import StateSampleSize
from predictor.workflow.manifest import environment, now, shareable_config

_DEMONSTRATION = (
    "Not for care. Trained on simulated patients: it shows how the software works and says nothing "
    "about real ones."
)
_WHO = "{patients:,} {what} in the states {states}; at least {needed:,} needed{enough}."
_REAL = ("patients", "patients ({rows:,} rows)")
_SIMULATED = ("simulated patients", "simulated patients ({rows:,} rows)")
_STATE = "{label} ({count})"
_ROWS = "Rows are taken for patients; if a patient has several, every figure is too good."
_NOT_TESTED = "Whether there is signal has not been tested."
_CORRECTED = (
    "Figures are corrected for optimism within this cohort; no other patients have been tried."
)
_COMPARED = "Compared by repeated cross-validation only; no other patients have been tried."


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
    level = evidence_level(
        simulated=cohort.simulated,
        known_people=who.known,
        sufficient=sufficient,
        signal=signal,
        validated=validated,
    )
    counts = shown_states(cohort, cell_size)
    told = [
        _STATE.format(label=name.replace("_", " "), count=HIDDEN if count is None else count)
        for name, count in zip(cohort.states, counts, strict=True)
    ]
    sentences = [_DEMONSTRATION] if cohort.simulated else []
    sentences.append(
        _WHO.format(
            patients=who.patients,
            what=(_SIMULATED if cohort.simulated else _REAL)[who.rows > who.patients].format(
                rows=who.rows
            ),
            states=", ".join(told),
            needed=needed.n,
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
        "events": counts[-1] if real else 0,
        "simulated_patients": 0 if real else who.patients,
        "statement": " ".join(sentences),
    }


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
            "events": counts[-1],
            "group": cohort.group_kind,
            "schema": [
                {"column": v.name, "kind": v.kind, "unit": v.unit} for v in cohort.variables
            ],
            "flow": masked_flow(cohort.flow, cell_size),
            "warnings": [
                {"variable": w.variable, "code": w.code, "count": w.count} for w in cohort.warnings
            ],
        },
        "validation": {"plan": config.validation.model_dump(mode="json")},
        "model": {
            "version": "1",
            "kind": "states",
            "candidate": candidate.name,
            "label": candidate.label,
            "setting": {"penalty": penalty} if candidate.predictors else {},
            "smallest_leaf": None,
        },
        "privacy": {"cell_size": cell_size},
        "config": shareable_config(study),
        "dictionary": {
            name: variable.to_dict() for name, variable in study.dictionary.variables.items()
        },
        "environment": environment(),
        "created": now(),
        "timings": dict(seconds),
    }
