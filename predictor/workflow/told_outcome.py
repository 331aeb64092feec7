"""How the outcome of a cohort was told, by the data dictionary that stands beside its file.

``predictor cohort`` writes it, and a bundle keeps it. A model that was made by another definition,
or looked at another time, predicts another outcome, even where the columns have the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from predictor.cohort.asked import definition_of as rules_by_name
from predictor.cohort.elsewhere import definition_of, told_by
from predictor.cohort.outcome import outcome_column
from predictor.config_records import days_of, outcome_plan, span
from predictor.documents import load_json
from predictor.errors import CohortError, DocumentError, Reason
from predictor.fitted.bundle import Bundle
from predictor.study import Study
from predictor.workflow.cohort_file import dictionary_path
from predictor.workflow.manifest import shareable_config

if TYPE_CHECKING:
    import pandas as pd

TOLD = "outcome"
"""Entry of the data dictionary: ``cohort.outcome`` of the configuration, and its column."""

MODEL = "the model's"
CONFIGURATION = "the configuration's"
OTHER_NAME = "{whose} outcome is told by {ours}, that of the file by {theirs}."
OTHER_RULES = (
    "{whose} outcome is told by {ours} and that of the file by one of the same name, "
    "but their rules differ."
)
BEYOND_PLAN = ("column", "definition_digest")
"""Keys of the entry beside those of ``cohort.outcome``."""
AT_ALL = "at all visits"
AT = "at the visit nearest to day {nearest:g} within {days}"
AT_AND_AGAIN = (
    "at the visit nearest to day {nearest:g} within {days}, and again {again:g} days later"
)


def by_configuration(study: Study) -> dict[str, Any]:
    """What a cohort's data dictionary says of its outcome.

    Parameters
    ----------
    study
        With ``cohort.visits``.
    """
    told: dict[str, Any] = shareable_config(study)["cohort"]["outcome"]
    plan = study.config.cohort.records
    rules = None if plan is None else rules_by_name(study, plan)
    # Two files of one name may hold two rules, so the name alone says little.
    digest = {} if rules is None else {"definition_digest": rules.digest}
    return {"column": study.config.question.outcome, **told, **digest}


def outcome_told(study: Study, data: str | Path | pd.DataFrame | None) -> dict[str, Any] | None:
    """What is known of how the outcome of a study was told; None where a column came alone.

    Parameters
    ----------
    study
        Configuration and dictionary.
    data
        What stands for the configuration's own source.

    Raises
    ------
    CohortError
        If the dictionary beside the file says otherwise than the configuration.
    """
    own = None if study.config.cohort.outcome is None else by_configuration(study)
    path = _cohort_file(study, data)
    told = None if path is None else _told(dictionary_path(path))
    if path is None or told is None or told.get("column") != outcome_column(study):
        return own
    if own is not None and (reasons := list(_differing(own, told, CONFIGURATION))):
        raise CohortError(
            str(path),
            f"{dictionary_path(path).name} beside it says that its outcome is another one than "
            "the configuration's",
            "Make the cohort again with `predictor cohort`, or train from the visits.",
            reasons=reasons,
        )
    return dict(told)


def _cohort_file(study: Study, data: str | Path | pd.DataFrame | None) -> Path | None:
    if isinstance(data, str | Path):
        return Path(data)
    file = study.config.cohort.file
    return None if data is not None or file is None else study.folder / file


def check_told_outcome(bundle: Bundle, study: Study, path: Path) -> None:
    """Hold the dictionary beside a cohort against the model's own outcome.

    A file without one, or with one that says nothing of the column that is read, is let pass, and
    so is a model of which nobody knows how its outcome was told: there is nothing to compare.

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
    own = told_by(bundle.manifest)
    beside = dictionary_path(path)
    told = _told(beside)
    if not own or told is None or told.get("column") != outcome_column(study):
        return
    reasons = list(_differing(own, told, MODEL))
    if reasons:
        raise CohortError(
            str(path),
            f"{beside.name} beside it says that its outcome is another one than the model's",
            "Make the cohort by the model's own outcome with `predictor cohort`.",
            reasons=reasons,
        )


def _told(beside: Path) -> Mapping[str, Any] | None:
    """The entry; None where there is no such file, or no ``predictor cohort`` can have made it."""
    try:
        data = load_json(beside).data if beside.is_file() else None
    except DocumentError:
        return None
    told = data.get(TOLD) if isinstance(data, dict) else None
    if not isinstance(told, dict):
        return None
    beyond = {key: told[key] for key in BEYOND_PLAN if isinstance(told.get(key), str)}
    plan = outcome_plan({key: entry for key, entry in told.items() if key not in BEYOND_PLAN})
    return None if plan is None else {**beyond, **plan.model_dump(mode="json", exclude_none=True)}


def _differing(own: Mapping[str, Any], told: Mapping[str, Any], whose: str) -> Iterator[Reason]:
    ours, theirs = definition_of(own), definition_of(told)
    digests = own.get("definition_digest"), told.get("definition_digest")
    named_alike = (ours or "").split() == (theirs or "").split()
    if None not in digests:
        if digests[0] != digests[1]:
            words = OTHER_RULES if named_alike else OTHER_NAME
            message = words.format(whose=whose, ours=ours, theirs=theirs)
            yield Reason("other_definition", TOLD, message)
    elif not named_alike:
        message = OTHER_NAME.format(whose=whose, ours=ours, theirs=theirs)
        yield Reason("other_definition", TOLD, message)
    if _visit(own) != _visit(told):
        message = f"{whose} outcome is looked for {_said(own)}, that of the file {_said(told)}."
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
