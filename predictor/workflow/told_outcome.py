"""How the outcome of a cohort was told, by the data dictionary that stands beside its file.

``predictor cohort`` writes it. A model that was made by another definition, or looked at another
time, predicts another outcome, even where the columns have the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from predictor.cohort.elsewhere import definition_of
from predictor.cohort.outcome import outcome_column
from predictor.config_records import days_of, span
from predictor.documents import load_json
from predictor.errors import CohortError, DocumentError, Reason
from predictor.fitted.bundle import Bundle
from predictor.study import Study
from predictor.workflow.cohort_file import dictionary_path
from predictor.workflow.manifest import shareable_config

TOLD = "outcome"
"""Entry of the data dictionary: ``cohort.outcome`` of the configuration, and its column."""

AT_ALL = "at all visits"
AT = "at the visit nearest to day {nearest:g} within {days}"
AT_AND_AGAIN = (
    "at the visit nearest to day {nearest:g} within {days}, and again {again:g} days later"
)


def told_outcome(study: Study) -> dict[str, Any]:
    """What a cohort's data dictionary says of its outcome.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    """
    told: dict[str, Any] = shareable_config(study)["cohort"]["outcome"]
    return {"column": study.config.question.outcome, **told}


def check_told_outcome(bundle: Bundle, study: Study, path: Path) -> None:
    """Hold the dictionary beside a cohort against the model's own outcome.

    A file without one, or with one that says nothing of the column that is read, is let pass, and
    so is a model whose configuration names no definition: there is nothing to compare.

    Parameters
    ----------
    bundle, study
        The model, and its study with the new file's way of writing it.
    path
        The cohort.

    Raises
    ------
    CohortError
        If the outcome was told otherwise.
    """
    own = (bundle.manifest["config"].get("cohort") or {}).get("outcome")
    beside = dictionary_path(path)
    told = _told(beside)
    if not own or told is None or told.get("column") != outcome_column(study):
        return
    reasons = list(_differing(own, told))
    if reasons:
        raise CohortError(
            str(path),
            f"{beside.name} beside it says that its outcome is another one than the model's",
            "Make the cohort by the model's own outcome with `predictor cohort`.",
            reasons=reasons,
        )


def _told(beside: Path) -> Mapping[str, Any] | None:
    """The entry; None where there is no such file, or it is none of ours."""
    try:
        data = load_json(beside).data if beside.is_file() else None
    except DocumentError:
        return None
    told = data.get(TOLD) if isinstance(data, dict) else None
    return told if isinstance(told, dict) else None


def _differing(own: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[Reason]:
    ours, theirs = (definition_of({"config": {"cohort": {"outcome": o}}}) for o in (own, told))
    if (ours or "").split() != (theirs or "").split():
        message = f"the model's outcome is told by {ours}, that of the file by {theirs}."
        yield Reason("other_definition", TOLD, message)
    if _visit(own) != _visit(told):
        message = f"the model's outcome is looked for {_said(own)}, that of the file {_said(told)}."
        yield Reason("other_horizon", TOLD, message)


def _visit(outcome: Mapping[str, Any]) -> tuple[Any, ...]:
    at = outcome.get("at") or {}
    return at.get("nearest"), tuple(at.get("within") or ()), outcome.get("confirmed_after")


def _said(outcome: Mapping[str, Any]) -> str:
    nearest, within, again = _visit(outcome)
    if nearest is None:
        return AT_ALL
    words = {"nearest": nearest, "days": days_of(span(within)), "again": again}
    return (AT if again is None else AT_AND_AGAIN).format(**words)
