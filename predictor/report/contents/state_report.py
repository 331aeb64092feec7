"""All sections of a report on a model of several states, in the order of every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.report.contents.report import TITLE, about, subtitle, warnings_of
from predictor.report.contents.reproduce import reproduce
from predictor.report.contents.source import Source
from predictor.report.contents.state_checklists import state_checklists
from predictor.report.contents.state_explanation import state_explanation
from predictor.report.contents.state_model import state_model
from predictor.report.contents.state_patients import state_patients
from predictor.report.contents.state_performance import state_performance
from predictor.report.contents.state_pitfalls import state_pitfalls_section
from predictor.report.contents.state_verdict import state_verdict, state_verdict_section
from predictor.report.document import Report


def state_report_of(source: Source) -> Report:
    """Everything a report says of several states, from a bundle alone.

    Parameters
    ----------
    source
        The bundle, opened.
    """
    pitfalls = state_pitfalls_section(source)
    verdict = state_verdict(source, tuple(warnings_of((pitfalls,))))
    manifest = source.manifest
    return Report(
        TITLE.format(
            outcome=_capital(str(manifest["outcome"]["label"])),
            horizon=manifest["outcome"]["horizon"],
            name=manifest["name"],
        ),
        subtitle(manifest),
        verdict,
        {**about(source), "states": states_of(manifest)},
        (
            state_verdict_section(source, verdict),
            state_patients(source),
            state_performance(source),
            state_explanation(source),
            state_model(source),
            *state_checklists(source, verdict),
            pitfalls,
            reproduce(source),
        ),
    )


def states_of(manifest: Mapping[str, Any]) -> list[str]:
    """Names of the states, worst first."""
    return [str(state["state"]) for state in manifest["outcome"]["states"]]


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
