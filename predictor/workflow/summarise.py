"""``predictor summarise MODEL COHORT``: how a model does in one centre, without any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from predictor.clinic.uncertainty import score
from predictor.cohort.cohort import Cohort
from predictor.cohort.elsewhere import Mapped, read_elsewhere
from predictor.errors import CohortError
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.new_cohort import load_new_cohort
from predictor.performance.scores import log_loss_per_patient
from predictor.validation.case_mix import case_mix
from predictor.validation.centre_figures import figures_of
from predictor.validation.external import masked_mix
from predictor.validation.pooled import LEVEL, ToldCentre, as_row, figures_from, pooled
from predictor.validation.told_figures import coarse, coarse_figure, coarse_mix
from predictor.workflow.exchange import SUMMARY, ExchangeError, read_sealed, sealed
from predictor.workflow.other_patients import open_elsewhere
from predictor.workflow.shared_answer import name_of
from predictor.workflow.shared_round import unreadable
from predictor.workflow.validate import check_outcomes

if TYPE_CHECKING:
    import pandas as pd

FEWEST_SUMMARIES = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What one centre told of a model.

    Parameters
    ----------
    path
        The file.
    centre
        Its figures.
    content
        All that it holds.
    """

    path: Path
    centre: ToldCentre
    content: Mapping[str, Any]


def summarise(
    model: str | Path,
    data: str | Path | pd.DataFrame,
    *,
    mapping: Path | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Try a model on the patients of one centre and tell counts and figures alone.

    Figures are rounded to steps that hide one patient. Counts are not: two summaries of a centre,
    one of a few patients more, tell how many of these had the event.

    Parameters
    ----------
    model
        Bundle, by path or shipped name; the same in all centres.
    data
        File with one row per patient and the outcome, or a data frame.
    mapping
        How the file writes what the model needs, as for ``predictor validate``.
    name
        Name of the centre; by default that of the mapping file, else that of the data file.

    Returns
    -------
    The summary as it is written.

    Raises
    ------
    BundleError
        If the model cannot be loaded.
    CohortError, ConfigError
        Every problem of the patients or of the mapping at once, or if there are too few patients
        for their sums to be told.
    """
    bundle = load_bundle(model)
    mapped = None if mapping is None else Mapped(*load_new_cohort(mapping))
    study, table = open_elsewhere(bundle, data, mapped)
    absent = () if mapped is None else mapped.new.absent
    cohort = read_elsewhere(bundle, study, table, absent)
    size = study.config.privacy.cell_size
    _check_size(cohort, size)
    check_outcomes(cohort, table.source)
    probability = score(bundle, cohort.values).probability
    development = int(bundle.manifest.get("cohort", {}).get("patients", 0))
    mix = case_mix(bundle.variables, cohort.values, probability, bundle.moments, development)
    who = _few_known(masked_mix(mix.to_dict(), cohort.patients, size), cohort, size)
    losses = log_loss_per_patient(cohort.outcome, probability)
    figures = figures_of(cohort.outcome, probability, LEVEL)
    told = mapped.new if mapped is not None else None
    return sealed(
        SUMMARY,
        {
            "model": _model(bundle),
            "centre": {
                "name": name_of(name or (told.name if told else None), data),
                "differs_by": list(told.setting.differs_by) if told else [],
                "description": (told.setting.description or "") if told else "",
                "cohort_digest": cohort.patients_digest,
                "simulated": cohort.simulated,
            },
            "n": cohort.patients,
            "events": cohort.events,
            "level": LEVEL,
            "cell_size": size,
            "log_loss": coarse(float(losses.mean()), float(losses.std(ddof=1)), cohort.patients),
            "figures": [as_row(coarse_figure(one, cohort.patients, LEVEL)) for one in figures],
            "absent": list(absent),
            "case_mix": coarse_mix(who, cohort.patients),
        },
    )


def combine_summaries(paths: list[Path]) -> dict[str, Any]:
    """Put the summaries of several centres together by random effects.

    Parameters
    ----------
    paths
        Files that :func:`summarise` made, two at least.

    Returns
    -------
    Plain data for JSON: model, centres with their figures, and summaries over all.

    Raises
    ------
    ExchangeError
        If a file is damaged, changed or of another format, of another model, or a centre or its
        patients are there twice.
    """
    found = sorted((_read(path) for path in paths), key=lambda one: one.centre.name)
    if len(found) < FEWEST_SUMMARIES:
        rule = "there is one summary, and nothing to combine it with"
        raise ExchangeError(str(paths[0]), rule, "Give the summaries of all centres at once.")
    _check_together(found)
    first = found[0].content
    centres = pooled([one.centre for one in found])
    for row, one in zip(centres["centres"], found, strict=True):
        told = one.content
        row |= {
            "differs_by": told["centre"]["differs_by"],
            "description": told["centre"]["description"],
            "simulated": told["centre"]["simulated"],
            "log_loss": told["log_loss"],
            "membership_c": told["case_mix"]["membership_c"],
            "model_based_c": told["case_mix"]["model_based_c"],
        }
    total = sum(one.centre.n * one.content["log_loss"] for one in found)
    return {
        "model": first["model"],
        **centres,
        "log_loss": total / centres["n"],
        "simulated": any(one.content["centre"]["simulated"] for one in found),
    }


def _model(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "name": bundle.name,
        "version": manifest["model"]["version"],
        "digest": bundle.digest,
        "outcome": manifest["outcome"]["label"],
        "horizon": manifest["outcome"]["horizon"],
        "demonstration": manifest["evidence"]["level"] == "demonstration",
    }


def _check_size(cohort: Cohort, cell_size: int) -> None:
    who = np.arange(cohort.patients) if cohort.patient is None else cohort.patient
    if len(np.unique(who)) < cohort.patients:
        rule = "patients have several rows, and standard errors would take rows for patients"
        raise CohortError(cohort.source, rule, "Give one row per patient.")
    events = cohort.events
    if min(cohort.patients, events, cohort.patients - events) < cell_size:
        raise CohortError(
            cohort.source,
            f"fewer than {cell_size} patients have the event, or have it not, and smaller counts "
            "are not told to anybody",
            "Wait for more patients.",
        )


def _few_known(mix: dict[str, Any], cohort: Cohort, cell_size: int) -> dict[str, Any]:
    """A mean of few known values would tell them."""
    known = (~np.isnan(cohort.values)).sum(axis=0)
    rows = [
        {**row, **dict.fromkeys(("mean", "sd", "difference"))} if count < cell_size else row
        for row, count in zip(mix["variables"], known.tolist(), strict=False)
    ]
    return {**mix, "variables": rows}


def _read(path: Path) -> Summary:
    content = read_sealed(path, SUMMARY)
    try:
        n, events = int(content["n"]), int(content["events"])
        name = str(content["centre"]["name"])
        centre = ToldCentre(name, n, events, figures_from(content["figures"]))
        _check_parts(content)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise unreadable(path, error) from None
    return Summary(path, centre, content)


def _check_parts(content: Mapping[str, Any]) -> None:
    """KeyError or TypeError where something is missing that is read later."""
    parts = {
        "model": ("name", "version", "digest", "outcome", "horizon", "demonstration"),
        "centre": ("cohort_digest", "differs_by", "description", "simulated"),
        "case_mix": ("membership_c", "model_based_c"),
    }
    for part, keys in parts.items():
        if not set(keys) <= content[part].keys():
            raise KeyError(part)
    float(content["log_loss"])


def _check_together(found: list[Summary]) -> None:
    first = found[0]
    names: dict[str, Path] = {}
    cohorts: dict[str, Path] = {}
    for one in found:
        model, other = one.content["model"], first.content["model"]
        if model["digest"] != other["digest"]:
            raise ExchangeError(
                str(one.path),
                f"it is of another model ({model['name']}, version {model['version']}) than "
                f"{first.path.name} ({other['name']}, version {other['version']})",
                "All centres need the same bundle; its digest counts, not its name.",
            )
        keys = (
            (names, one.centre.name, "the same name"),
            (cohorts, one.content["centre"]["cohort_digest"], "the same patients"),
        )
        for seen, key, what in keys:
            if key in seen:
                rule = f"this centre has {what} as that of {seen[key].name}"
                raise ExchangeError(str(one.path), rule, "Give each centre once (--name NAME).")
            seen[key] = one.path
