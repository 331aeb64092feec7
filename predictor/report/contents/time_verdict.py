"""What a model of a time is ready for, by the rules of every verdict that apply to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents.numbers_text import listed
from predictor.report.contents.readiness import (
    SIMULATED,
    SIZE_LABEL,
    STEPS,
    choice_and_signal,
    corrected,
    figure,
    needed_table,
    readiness,
    readiness_section,
    slope_is_off,
    slope_is_open,
)
from predictor.report.contents.source import Source
from predictor.report.contents.standing import (
    DEMONSTRATION,
    MISCALIBRATED,
    NO_MODEL,
    NO_SIGNAL,
    NOT_VALIDATED,
    READY,
    TOO_FEW,
)
from predictor.report.document import Fact, Section, Table, Verdict

HEADLINES = {
    DEMONSTRATION: "A demonstration on simulated patients: not for care.",
    NO_MODEL: "No model is better than the cumulative incidence of everybody.",
    TOO_FEW: (
        "Exploratory: {patients:,} patients with {events:,} events, where at least {needed:,} with "
        "{needed_events:,} are needed."
    ),
    NO_SIGNAL: "Exploratory: no signal was found.",
    NOT_VALIDATED: "Not validated: corrected figures, or a test for signal, are missing.",
    MISCALIBRATED: "Miscalibrated at {months} months: the probabilities are not what happens.",
    READY: "Ready for external validation, and not for care.",
}
SIZE = (
    "{patients:,} patients with {events:,} events; the sample-size criteria ask for {needed:,} "
    "with {needed_events:,}."
)
BY_RULE = (
    "Chosen: {label}, the simplest within one standard error of the best Brier score at the last "
    "horizon."
)
OFF = (
    "The calibration slope at {month} months is {slope}, and its interval does not reach 0.8 to "
    "1.25."
)
UNDECIDED = (
    "Whether the probabilities at {months} months are right is open: the interval of their "
    "calibration slope reaches beyond 0.8 to 1.25."
)
OUTSIDE = "No command validates a model of a time on other patients so far."
C_INDEX = "C index (Wolbers), corrected for optimism"
C_MEANING = (
    "Of two patients, how often the one who had the event earlier had the higher predicted risk. "
    "0.5 is chance."
)
BRIER = "Brier score explained at {month} months"
BRIER_MEANING = (
    "1 is perfect, 0 no better than the cumulative incidence of everybody; corrected for optimism."
)
NEEDED_NOTE = (
    "Riley and colleagues, Stat Med 2019;38:1276, for {parameters} candidate parameters, "
    "{rate:.3f} events per patient and year and a mean follow-up of {years:.1f} years, at 15% of "
    "the largest R-squared; the largest number counts. For one event, with competing ones as "
    "censorings, and for regression without a penalty."
)

_Row = Mapping[str, Any]


def time_verdict(source: Source) -> Verdict:
    """The verdict, with reasons and next steps.

    Parameters
    ----------
    source
        A bundle of a time, opened.
    """
    manifest = source.manifest
    code, off = _code(manifest)
    return Verdict(
        code,
        HEADLINES[code].format(months=listed([str(month) for month in off]), **counts(manifest)),
        tuple(_reasons(manifest, off)),
        (
            STEPS[code].format(name=manifest["name"], **counts(manifest)),
            *((OUTSIDE,) if code == READY else ()),
        ),
    )


def time_verdict_section(source: Source, verdict: Verdict) -> Section:
    """The first section of the page."""
    manifest = source.manifest
    last, size = marks(manifest)[-1], counts(manifest)
    return readiness_section(
        source,
        verdict,
        (
            Fact(C_INDEX, corrected(figure(manifest, "c_index")), C_MEANING),
            Fact(
                BRIER.format(month=last),
                corrected(figure(manifest, "scaled_brier", last)),
                BRIER_MEANING,
            ),
        ),
        Fact(SIZE_LABEL, f"{size['patients']:,}", SIZE.format(**size)),
        _needed(manifest),
    )


def marks(manifest: _Row) -> tuple[int, ...]:
    """Months at which the model is judged."""
    return tuple(manifest["outcome"]["follow_up"]["horizon_months"])


def counts(manifest: _Row) -> dict[str, int]:
    """Patients and events that are there, and that are needed."""
    evidence, size = manifest["evidence"], manifest["validation"]["sample_size"]
    simulated = evidence.get("simulated_patients") or 0
    return {
        "patients": evidence.get("patients") or simulated,
        "events": (0 if simulated else evidence.get("events")) or manifest["cohort"]["events"],
        "needed": size["n"],
        "needed_events": size["events"],
    }


def _code(manifest: _Row) -> tuple[str, list[int]]:
    """The first rule that holds, and the horizons at which the model is miscalibrated."""
    size = counts(manifest)
    off = [month for month in marks(manifest) if slope_is_off(figure(manifest, "slope", month))]
    enough = size["patients"] >= size["needed"] and size["events"] >= size["needed_events"]
    return readiness(manifest, "c_index", enough=enough, off=bool(off)), off


def _reasons(manifest: _Row, off: Sequence[int]) -> Iterator[str]:
    if manifest["evidence"].get("simulated_patients"):
        yield SIMULATED
    yield SIZE.format(**counts(manifest))
    yield from choice_and_signal(manifest, BY_RULE)
    if manifest["model"]["candidate"] == "prevalence":
        return
    for month in off:
        yield OFF.format(month=month, slope=corrected(figure(manifest, "slope", month)))
    undecided = [m for m in marks(manifest) if slope_is_open(figure(manifest, "slope", m))]
    if undecided:
        yield UNDECIDED.format(months=listed([str(month) for month in undecided]))


def _needed(manifest: _Row) -> Table:
    size = manifest["validation"]["sample_size"]
    note = NEEDED_NOTE.format(
        parameters=size["parameters"],
        rate=size["events_per_year"],
        years=size["mean_follow_up_years"],
    )
    return needed_table(tuple(size["criteria"]), note)
