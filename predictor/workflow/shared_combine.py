"""The coordinator of a pooled fit: from the answers of all centres to the next round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from predictor.errors import LearningError
from predictor.learning.shared_newton import Derivatives, HeldOut, advanced, start, summed
from predictor.learning.shared_plan import (
    FEWEST_FOR_NESTING,
    final_penalty,
    left_outs,
    penalty_without,
)
from predictor.learning.tally import Tally, preparation_of, together
from predictor.study import load_study
from predictor.workflow.exchange import ANSWER, ExchangeError, read_sealed
from predictor.workflow.shared_round import (
    Centre,
    Fit,
    Folds,
    Round,
    held_from,
    read_round,
    unreadable,
)
from predictor.workflow.shared_study import shared_study

__all__ = ["Answer", "begin", "follow", "read_answers"]

FEWEST_CENTRES = 2
MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What one centre answered.

    Parameters
    ----------
    centre
        Who.
    path
        The file.
    content
        What it holds, held against its digest.
    """

    centre: Centre
    path: Path
    content: dict[str, Any]


def begin(config: str | Path, by: Folds = "patients") -> Round:
    """The first round of a pooled fit.

    Parameters
    ----------
    config
        The study; its ``cohort`` is each centre's own and goes nowhere.
    by
        Whether patients are spread over folds, or each centre is a fold.

    Raises
    ------
    ConfigError
        If the study cannot be fitted without sharing rows.
    """
    return Round(0, "sums", shared_study(load_study(config), str(config)), by)


def read_answers(paths: Sequence[Path], round_file: Path) -> tuple[Round, tuple[Answer, ...]]:
    """The answers of all centres to a round, in the order of their names.

    Raises
    ------
    ExchangeError
        If a file is damaged, changed or of another round or study, a centre is missing, joins
        late or answers twice, or two centres have the same patients.
    """
    asked = read_round(round_file)
    found = sorted((_read(path, asked) for path in paths), key=lambda one: one.centre.name)
    _check_twice(found)
    if asked.centres:
        _check_members(found, asked, str(round_file))
    elif len(found) < FEWEST_CENTRES:
        rule = f"{len(found)} centre has answered, and there is nothing to pool without another"
        raise ExchangeError(str(round_file), rule, "Give the answers of all centres at once.")
    return asked, tuple(found)


def follow(asked: Round, answers: Sequence[Answer]) -> Round:
    """The round after this one.

    Parameters
    ----------
    asked
        A round of sums or of Newton's method.
    answers
        Of all centres, as :func:`read_answers` gives them.

    Raises
    ------
    ExchangeError
        If an answer does not hold what was asked for.
    LearningError
        If there is no fit.
    """
    if asked.stage == "sums":
        return _after_sums(asked, answers)
    return _after_newton(asked, answers)


def _after_sums(asked: Round, answers: Sequence[Answer]) -> Round:
    study = asked.study
    columns, ridge = study.columns, study.penalties
    centres = tuple(one.centre for one in answers)
    asked = replace(asked, centres=centres)
    parts: list[list[Tally]] = []
    for one in answers:
        try:
            told = [Tally.from_dict(row, columns) for row in one.content["folds"]]
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable(one.path, error) from None
        if len(told) != (1 if asked.by == "centres" else asked.folds):
            raise unreadable(one.path, ValueError("folds"))
        counted = together(told)
        if (counted.patients, counted.events) != (one.centre.patients, one.centre.events):
            raise unreadable(one.path, ValueError("patients"))
        parts.append(told)
    if asked.by == "centres":
        of_fold = [told[0] for told in parts]
    else:
        of_fold = [together([told[k] for told in parts]) for k in range(asked.folds)]
    preparations, fits = {}, []
    for left_out in left_outs(len(of_fold)):
        sums = together([one for k, one in enumerate(of_fold) if k not in left_out])
        preparation = preparation_of(columns, sums, study.config.preparation.missing_indicators)
        preparations[left_out] = preparation
        first = start(sums.patients, sums.events, len(preparation.columns))
        fits += [Fit(left_out, penalty, first) for penalty in ridge]
    return replace(
        asked,
        number=1,
        stage="newton",
        previous=asked.digest,
        preparations=preparations,
        fits=tuple(fits),
    )


def _after_newton(asked: Round, answers: Sequence[Answer]) -> Round:
    waiting = asked.open
    told = [_sums_of(one, asked) for one in answers]
    moved = {}
    for i, fit in enumerate(waiting):
        parts = [sums[i][0] for sums in told]
        there = [part for part in parts if part is not None]
        if not there:
            raise ExchangeError("answers", f"nobody told sums of the {fit.name}", "Begin again.")
        climb = advanced(fit.climb, summed(there), fit.penalty, fit.name)
        held: dict[int, HeldOut] = {}
        for sums in told:
            for fold, one in sums[i][1].items():
                held[fold] = held.get(fold, HeldOut()).plus(one)
        moved[fit.left_out, fit.penalty] = Fit(fit.left_out, fit.penalty, climb, held)
    fits = tuple(moved.get((fit.left_out, fit.penalty), fit) for fit in asked.fits)
    steps = [fit.climb.step for fit in moved.values() if fit.climb.step is not None]
    largest = max((float(np.abs(step).max()) for step in steps), default=0.0)
    following = replace(asked, number=asked.number + 1, previous=asked.digest, fits=fits)
    row = {"round": asked.number, "largest_step": largest, "open": len(following.open)}
    following = replace(following, history=(*asked.history, row))
    if following.open:
        if following.number > MOST_ROUNDS:
            raise LearningError("pooled fit", f"no convergence in {MOST_ROUNDS} rounds")
        return following
    return _to_be_validated(following)


def _to_be_validated(found: Round) -> Round:
    """The final fit and those that validate it, each with the penalty chosen for it."""
    folds, losses, ridge = found.folds, found.losses, found.study.penalties
    final = final_penalty(losses, ridge, folds)
    nested: dict[tuple[int, ...], float] = {
        (k,): penalty_without(losses, ridge, folds, k) for k in range(folds)
    }
    wanted = {(): final} | nested
    by_name = {(fit.left_out, fit.penalty): fit for fit in found.fits}
    patients = sum(centre.patients for centre in found.centres)
    choice = {
        "penalty": final,
        "without_fold": list(nested.values()),
        "nested": folds >= FEWEST_FOR_NESTING,
        "losses": [
            {
                "penalty": one,
                "log_loss": sum(losses[(k,), one, k] for k in range(folds)) / patients,
            }
            for one in ridge
        ],
    }
    return replace(
        found,
        stage="figures",
        fits=tuple(by_name[left_out, penalty] for left_out, penalty in wanted.items()),
        preparations={left_out: found.preparations[left_out] for left_out in wanted},
        choice=choice,
    )


def _sums_of(one: Answer, asked: Round) -> list[tuple[Derivatives | None, dict[int, HeldOut]]]:
    """What a centre told of each fit, in the order they were asked for."""
    found: list[tuple[Derivatives | None, dict[int, HeldOut]]] = []
    try:
        rows = one.content["fits"]
        for fit, row in zip(asked.open, rows, strict=True):
            _check_same(fit, row)
            told = row["derivatives"]
            columns = len(fit.climb.position) - 1
            sums = None if told is None else Derivatives.from_dict(told, columns)
            found.append((sums, held_from(row["held_out"])))
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(one.path, error) from None
    return found


def _check_same(fit: Fit, row: Any) -> None:
    if (tuple(row["left_out"]), row["penalty"]) != (fit.left_out, fit.penalty):
        raise ValueError("another fit")


def _read(path: Path, asked: Round) -> Answer:
    content = read_sealed(path, ANSWER)
    try:
        answered = int(content["number"])
        of, study = content["round"], content["study"]
        centre = Centre.from_dict(content["centre"])
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(path, error) from None
    if study != asked.study.digest:
        rule = "this answers for another study"
        next_step = "All centres need the coordinator's configuration; `cohort` alone is theirs."
        raise ExchangeError(str(path), rule, next_step)
    if of != asked.digest:
        rule = f"this answers round {answered}, and another file of that number"
        if answered != asked.number:
            rule = f"this answers round {answered}, and the round given is {asked.number}"
        next_step = f"Ask {centre.name} to answer the round that is given with --round."
        raise ExchangeError(str(path), rule, next_step)
    return Answer(centre, path, content)


def _check_twice(found: Sequence[Answer]) -> None:
    for attribute, what in (("name", "the same name"), ("cohort_digest", "the same patients")):
        seen: dict[str, Path] = {}
        for one in found:
            key = getattr(one.centre, attribute)
            if key in seen:
                rule = f"this centre has {what} as that of {seen[key].name}"
                next_step = "Give each centre once; two centres need two names (--name)."
                raise ExchangeError(str(one.path), rule, next_step)
            seen[key] = one.path


def _check_members(found: Sequence[Answer], asked: Round, where: str) -> None:
    known = {one.name: one for one in asked.centres}
    for one in found:
        if one.centre.name not in known:
            rule = f"{one.centre.name} has not answered the first round and cannot join later"
            raise ExchangeError(str(one.path), rule, "Leave it out, or begin again with it.")
        if one.centre != known[one.centre.name]:
            rule = f"{one.centre.name} answers for other patients than in the first round"
            raise ExchangeError(str(one.path), rule, "It has to give the same file each time.")
    there = {one.centre.name for one in found}
    missing = [name for name in known if name not in there]
    if missing:
        rule = f"the answer of {' and of '.join(missing)} is missing"
        next_step = (
            "Nothing is lost: give all answers to this round at once when it has come. Without "
            "this centre the fit has to begin again."
        )
        raise ExchangeError(where, rule, next_step)
