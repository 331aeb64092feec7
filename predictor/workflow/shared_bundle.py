"""The end of a pooled fit: the figures of all centres, and the bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from predictor.clinical.variable import Variable
from predictor.fitted.bundle import check_destination, save_bundle
from predictor.fitted.folder import sole_writer
from predictor.fitted.models import LinearModel
from predictor.learning.shared_plan import LeftOut
from predictor.validation.evidence import DEMONSTRATION
from predictor.validation.pooled import ToldCentre, figures_from, pooled
from predictor.workflow.findings import plain
from predictor.workflow.manifest import environment, now
from predictor.workflow.report import write_report
from predictor.workflow.shared_combine import Answer
from predictor.workflow.shared_round import Fit, Round, unreadable

ENTRY = "federated"
"""Entry of a manifest: how a model was fitted without sharing rows, and how well it does."""

_STATEMENT = (
    "Fitted to {patients:,} patients of {centres} centres, {events:,} of them with the event, by "
    "exchanged sums: no row has left a centre. Validated by {how}; no other patients have been "
    "tried. Intervals for single patients and distances are not known, because they need rows."
)
_NOT_FOR_CARE = (
    "Not for care. Simulated patients are among them: this shows how the software works and says "
    "nothing about real ones. "
)
_HOW = {
    "patients": "cross-validation of patients within all centres together",
    "centres": "leaving out one centre after the other",
}
_TOOK_PART = (
    "Centres that took part: each of them was in the training of what predicted it, so that "
    "nothing is known of where a further centre would lie."
)
_NOT_NESTED = (
    "With two folds no penalty could be chosen without the fold it is validated on; the middle of "
    "the grid stands in."
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A pooled fit.

    Parameters
    ----------
    folder
        The bundle.
    name
        Of the study.
    penalty
        Lambda that was chosen.
    rounds
        How often files were exchanged.
    found
        Figures of each centre and of all, as plain data.
    """

    folder: Path
    name: str
    penalty: float
    rounds: int
    found: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"bundle": str(self.folder), "name": self.name, **self.found}


def finish(asked: Round, answers: Sequence[Answer], folder: Path) -> Finished:
    """Write the bundle of a pooled fit.

    Parameters
    ----------
    asked
        The last round, of figures.
    answers
        Of all centres.
    folder
        Where to.

    Raises
    ------
    BundleError
        If the place cannot be written.
    ExchangeError
        If an answer does not hold what was asked for.
    """
    check_destination(folder)
    found = _found(asked, answers)
    by_folds = {fit.left_out: fit for fit in asked.fits}
    final: Fit = by_folds[()]
    position = final.climb.position
    model = LinearModel(float(position[0]), position[1:])
    weight = _weight(answers, asked)
    left_out: LeftOut = ()
    with sole_writer(folder):
        save_bundle(
            folder,
            _manifest(asked, final, found, weight),
            asked.preparations[left_out],
            model,
            {},
        )
        write_report(folder)
    return Finished(folder, asked.study.config.name, final.penalty, asked.number + 1, found)


def _found(asked: Round, answers: Sequence[Answer]) -> dict[str, Any]:
    """Figures that can be had from sums, and those of each centre by random effects."""
    told, sums = [], np.zeros(3)
    for one in answers:
        try:
            centre = one.centre
            figures = figures_from(one.content["figures"])
            held = one.content["held_out"]
            sums += [float(held[key]) for key in ("log_loss", "squares", "expected")]
        except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
            raise unreadable(one.path, error) from None
        told.append(ToldCentre(centre.name, centre.patients, centre.events, figures))
    centres = pooled(told)
    if asked.by == "patients":
        centres["summaries"] = [_of_those_there(row) for row in centres["summaries"]]
    log_loss, squares, expected = sums.tolist()
    n, events = centres["n"], centres["events"]
    return {
        **centres,
        "folds": asked.by,
        "fold_count": asked.folds,
        "exchanges": asked.number + 1,
        "penalty": asked.choice["penalty"] if asked.choice else None,
        "choice": asked.choice,
        "history": [dict(row) for row in asked.history],
        "log_loss": log_loss / n,
        "brier": squares / n,
        "observed_expected": events / expected if expected else None,
    }


def _of_those_there(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Without a prediction interval: it takes centres that the model has not seen."""
    note = " ".join(filter(None, (summary["note"], _TOOK_PART)))
    return {**summary, "prediction_low": None, "prediction_high": None, "note": note}


def _weight(answers: Sequence[Answer], asked: Round) -> list[tuple[str, float]]:
    """Mean absolute contribution of each predictor over all patients, largest first."""
    variables = asked.study.variables
    total = np.zeros(len(variables))
    for one in answers:
        try:
            told = np.array(one.content["importance"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable(one.path, error) from None
        if told.shape != total.shape or not np.isfinite(told).all():
            raise unreadable(one.path, ValueError("importance"))
        total += told
    mean = np.round(total / sum(one.centre.patients for one in answers), 12)
    order = np.argsort(-mean, kind="stable")
    return [(variables[j].name, float(mean[j])) for j in order]


def _manifest(
    asked: Round, final: Fit, found: Mapping[str, Any], weight: Sequence[tuple[str, float]]
) -> dict[str, Any]:
    config, question = asked.study.config, asked.study.config.question
    entries = asked.study.content
    patients = sum(centre.patients for centre in asked.centres)
    variables: tuple[Variable, ...] = asked.study.variables
    return {
        "name": config.name,
        "outcome": {
            "name": question.outcome,
            "label": question.label or question.outcome,
            "event": list(question.event),
            "horizon": question.horizon,
            "population": question.population,
            "limits": {name: list(limit) for name, limit in question.limits.items()},
            "time_zero": question.time_zero,
        },
        "predictors": [variable.name for variable in variables],
        "prediction": {"most_missing": config.prediction.most_missing},
        "evidence": _evidence(asked, found),
        "cohort": {
            "digest": None,
            "file": f"{len(asked.centres)} centres",
            "patients": patients,
            "events": sum(centre.events for centre in asked.centres),
            "group": "centre" if asked.by == "centres" else "none",
            "schema": [{"column": v.name, "kind": v.kind, "unit": v.unit} for v in variables],
            "flow": [],
            "warnings": [],
        },
        "validation": {
            "plan": config.validation.model_dump(mode="json"),
            "choice": {"named_beforehand": True, "by_rule": None},
            "models": [],
            **dict.fromkeys(("bootstrap", "with_choice", "signal", "centres")),
            "notes": [] if found["choice"]["nested"] else [_NOT_NESTED],
        },
        ENTRY: plain(
            {
                **found,
                "last_round": asked.digest,
                "study": asked.study.digest,
                "members": [centre.to_dict() for centre in asked.centres],
            }
        ),
        "explanation": {
            "scale": "log-odds",
            "patients": patients,
            "of": patients,
            "importance": [{"variable": name, "mean_absolute_shap": mean} for name, mean in weight],
        },
        "model": {
            "version": "1",
            "kind": "linear",
            "candidate": "ridge",
            "label": "Ridge logistic, fitted without sharing rows",
            "setting": {"penalty": final.penalty},
            "smallest_leaf": None,
        },
        "privacy": {"cell_size": config.privacy.cell_size},
        "config": entries["config"],
        "dictionary": entries["dictionary"],
        "environment": environment(),
        "created": now(),
        "timings": {},
    }


def _evidence(asked: Round, found: Mapping[str, Any]) -> dict[str, Any]:
    real = [centre for centre in asked.centres if not centre.simulated]
    simulated = sum(centre.patients for centre in asked.centres if centre.simulated)
    statement = _STATEMENT.format(
        patients=found["n"],
        centres=len(asked.centres),
        events=found["events"],
        how=_HOW[asked.by],
    )
    return {
        "level": DEMONSTRATION if simulated else "exploratory",
        "patients": sum(centre.patients for centre in real),
        "events": sum(centre.events for centre in real),
        "simulated_patients": simulated,
        "statement": f"{_NOT_FOR_CARE}{statement}" if simulated else statement,
    }
