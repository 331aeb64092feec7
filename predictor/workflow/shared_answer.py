"""What a centre answers to a round of a pooled fit: sums over its own patients, and no row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.errors import CohortError, PredictorError
from predictor.fitted.models import LinearModel
from predictor.learning.disclosure import ByOutcome, rests_on, too_small
from predictor.learning.fold_rule import fold_by_rule
from predictor.learning.shared_newton import HeldOut, derivatives, held_out
from predictor.learning.tally import tally
from predictor.performance.discrimination import cross_validated_auroc
from predictor.performance.estimate import normal_quantile
from predictor.study import Study, load_study
from predictor.validation.centre_figures import Figure, figures_of, forward
from predictor.validation.pooled import LEVEL, as_row
from predictor.workflow.exchange import ANSWER, ExchangeError, sealed
from predictor.workflow.shared_check import check_asked
from predictor.workflow.shared_round import Centre, Round, read_round
from predictor.workflow.shared_study import shared_study
from predictor.workflow.study_table import study_table

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class _Own:
    """A centre's patients, and where they are tested.

    Parameters
    ----------
    cohort
        The patients.
    outcome : shape (patients,)
        As numbers.
    fold : shape (patients,)
        Test fold of each.
    centre
        Who they are.
    """

    cohort: Cohort
    outcome: Floats
    fold: NDArray[np.int64]
    centre: Centre

    def outside(self, left_out: Sequence[int]) -> NDArray[np.bool_]:
        """Whom a fit that leaves out some folds is trained on."""
        return ~np.isin(self.fold, left_out)


def answer(
    config: str | Path,
    data: str | Path | pd.DataFrame,
    round_file: Path,
    *,
    name: str | None = None,
) -> dict[str, Any]:
    """Answer a round.

    Parameters
    ----------
    config
        The centre's copy of the study; its ``cohort`` says how the centre's own file is written.
    data
        The centre's rows.
    round_file
        What the coordinator sent.
    name
        Name of the centre, the same in all rounds; by default that of the data file.

    Returns
    -------
    The answer as it is written.

    Raises
    ------
    CohortError
        If the patients cannot be used, or the answer would say too much of few patients.
    ConfigError
        If the configuration breaks rules.
    ExchangeError
        If the round is of another study or asks for what that does not lead to, or the centre or
        its patients are not those of before.
    """
    asked = read_round(round_file)
    study = load_study(config)
    own_study = shared_study(study, str(config))
    if own_study.digest != asked.study.digest:
        raise ExchangeError(
            str(config),
            f"this is another study than that of {round_file.name}: questions, predictors, "
            "models, folds, seed and cell size must be the same in all centres",
            "Take the coordinator's configuration and change its `cohort` alone.",
        )
    own = _read(study, data, asked, name_of(name, data), str(round_file))
    _check_disclosure(own, asked)
    check_asked(asked, own.cohort, own.fold, str(round_file))
    told = {
        "number": asked.number,
        "stage": asked.stage,
        "round": asked.digest,
        "study": asked.study.digest,
        "centre": own.centre.to_dict(),
    }
    if asked.stage == "sums":
        return sealed(ANSWER, {**told, "folds": _sums(own, asked)})
    if asked.stage == "newton":
        return sealed(ANSWER, {**told, "fits": list(_derivatives(own, asked))})
    return sealed(ANSWER, {**told, **_figures(own, asked)})


def name_of(name: str | None, data: str | Path | pd.DataFrame) -> str:
    """Name of a centre: the one given, or that of its file."""
    found = name
    if found is None and isinstance(data, str | Path):
        found = Path(data).stem
    if found is None or not _NAME.fullmatch(found):
        rule = "a centre needs a name of letters, digits, dot, hyphen and underscore"
        raise PredictorError("name of the centre", rule, "Write --name NAME.")
    return found


def _read(
    study: Study, data: str | Path | pd.DataFrame, asked: Round, name: str, where: str
) -> _Own:
    # The rows of one centre need not fill the folds of a training, and are no groups.
    source = study.config.cohort.model_copy(update={"centre": None})
    plan = study.config.validation.model_copy(update={"folds": 2, "group": "none"})
    config = study.config.model_copy(update={"cohort": source, "validation": plan})
    table = study_table(study, data)
    cohort = check_cohort(replace(study, config=config), table, asks="part").usable()
    centre = Centre(name, cohort.patients_digest, cohort.patients, cohort.events, cohort.simulated)
    _check_member(centre, asked, where)
    if asked.by == "patients":
        place = np.arange(cohort.patients) if cohort.patient is None else cohort.patient
        seed = asked.study.config.validation.seed
        fold = fold_by_rule(seed, name, place.astype(np.int64), asked.folds)
    else:
        number = [one.name for one in asked.centres].index(name) if asked.centres else 0
        fold = np.full(cohort.patients, number)
    return _Own(cohort, cohort.outcome.astype(np.float64), fold, centre)


def _check_member(centre: Centre, asked: Round, where: str) -> None:
    if not asked.centres:
        return
    known = {one.name: one for one in asked.centres}
    if centre.name not in known:
        raise ExchangeError(
            where,
            f"{centre.name} has not answered the first round and cannot join later; those who "
            f"take part are {', '.join(known)}",
            "Give the name of before: --name NAME; or begin again with this centre.",
        )
    if known[centre.name].cohort_digest != centre.cohort_digest:
        raise ExchangeError(
            where,
            f"{centre.name} answered the first round for other patients, or read them otherwise",
            "Give the same file and the same configuration in all rounds, or begin again.",
        )


def _check_disclosure(own: _Own, asked: Round) -> None:
    study = asked.study
    folds = range(asked.folds) if asked.by == "patients" else np.unique(own.fold)
    values, outcome = own.cohort.values, own.cohort.outcome
    parts = [
        ByOutcome.of(study.columns, values[own.fold == k], outcome[own.fold == k]) for k in folds
    ]
    size = study.config.privacy.cell_size
    reasons = too_small(parts, study.columns, study.parameters, size)
    if reasons:
        rule = "sums over these patients would say too much of few of them, so none are told"
        raise CohortError(own.cohort.source, rule, "Why:", reasons=reasons)


def _sums(own: _Own, asked: Round) -> list[dict[str, Any]]:
    columns, cohort = asked.study.columns, own.cohort
    if asked.by == "centres":
        return [tally(columns, cohort.values, cohort.outcome).to_dict()]
    folds = (own.fold == k for k in range(asked.folds))
    return [tally(columns, cohort.values[k], cohort.outcome[k]).to_dict() for k in folds]


def _derivatives(own: _Own, asked: Round) -> Iterator[dict[str, Any]]:
    size = asked.study.config.privacy.cell_size
    designs = {k: p.apply(own.cohort.values) for k, p in asked.preparations.items()}
    for fit in asked.open:
        design, position = designs[fit.left_out], fit.climb.position
        p = LinearModel(float(position[0]), position[1:]).probability(design)
        _check_weights(own, p, size, fit.name)
        inside = own.outside(fit.left_out)
        told = None
        if inside.any():
            told = derivatives(design[inside], own.outcome[inside], position).to_dict()
        held = []
        for fold in fit.left_out:
            rows = own.fold == fold
            if rows.any():
                found = held_out(design[rows], own.outcome[rows], position)
                held.append({"fold": fold, **_held(found)})
        yield {
            "left_out": list(fit.left_out),
            "penalty": fit.penalty,
            "derivatives": told,
            "held_out": held,
        }


def _check_weights(own: _Own, probability: Floats, size: int, what: str) -> None:
    """What rests on enough patients in every fold does so in every set of folds."""
    folds = (own.fold == k for k in np.unique(own.fold))
    if any(rests_on(own.outcome[rows], probability[rows]) < size for rows in folds):
        raise CohortError(
            own.cohort.source,
            f"at the coefficients that are asked for ({what}) the sums would rest on fewer than "
            f"{size} patients of a fold, so they are not told",
            "Ask the coordinator why; a stronger smallest penalty avoids it.",
        )


def _held(found: HeldOut) -> dict[str, float]:
    return {"log_loss": found.log_loss, "squares": found.squares, "expected": found.expected}


def _figures(own: _Own, asked: Round) -> dict[str, Any]:
    """How well patients are predicted by the fits without their fold, and what the model weighs."""
    values = own.cohort.values
    probability = np.empty(own.cohort.patients)
    own_sums = HeldOut()
    weight: list[float] = []
    for fit in asked.fits:
        position = fit.climb.position
        preparation = asked.preparations[fit.left_out]
        if not fit.left_out:
            parts = preparation.fold(preparation.apply(values) * position[1:])
            weight = np.abs(parts).sum(axis=0).tolist()
            continue
        rows = own.fold == fit.left_out[0]
        if rows.any():
            design = preparation.apply(values[rows])
            model = LinearModel(float(position[0]), position[1:])
            probability[rows] = model.probability(design)
            own_sums = own_sums.plus(held_out(design, own.outcome[rows], position))
    _check_weights(own, probability, asked.study.config.privacy.cell_size, "figures")
    figures = figures_of(own.cohort.outcome, probability, LEVEL)
    if asked.by == "patients":
        figures = (_within_folds(own, probability), *figures[1:])
    return {
        "figures": [as_row(figure) for figure in figures],
        "held_out": _held(own_sums),
        "importance": weight,
    }


def _within_folds(own: _Own, probability: Floats) -> Figure:
    """AUROC of patients of the same fold; those of different folds come from different models."""
    found = cross_validated_auroc(own.cohort.outcome, probability[None], own.fold[None])
    if found.low is None or found.high is None:
        reason = "The AUROC within folds has no interval."
        return Figure("auroc", "log-odds", found.value, None, None, None, reason)
    ends = forward("log-odds", found.high) - forward("log-odds", found.low)
    error = ends / (2.0 * normal_quantile(LEVEL))
    return Figure("auroc", "log-odds", found.value, found.low, found.high, error, None)
