"""What a model of several states is ready for, by the rules of every verdict that apply to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents import verdict_words as words
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
from predictor.report.contents.source import Source, cell_size_of
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
    NO_MODEL: "No model is better than the shares of the states: these data do not support one.",
    TOO_FEW: "Exploratory: {patients:,} patients, where at least {needed:,} are needed.",
    NO_SIGNAL: "Exploratory: no signal was found.",
    NOT_VALIDATED: "Not validated: figures corrected for optimism are missing.",
    MISCALIBRATED: "Miscalibrated: the probabilities of {states} are not what happens.",
    READY: "Ready for external validation, and not for care.",
}
SIGNAL_BUT_NO_MODEL = (
    "There is signal, but these are too few patients to make a model of it that is better than the "
    "shares of the states by more than its standard error."
)
SIZE = "{patients:,} patients; the sample-size criteria ask for {needed:,}."
SMALL = "Small states: {states}. What is told of them rests on these patients alone."
SMALL_STATE = "{label} ({patients})"
HIDDEN_STATES = (
    "A state has fewer than {size} patients, so how many are in {states} is not told. What is told "
    "of so small a state rests on next to nothing."
)
BY_RULE = "Chosen: {label}, the simplest within one standard error of the best log loss."
OFF = "The calibration slope of {state} is {slope}, and its interval does not reach 0.8 to 1.25."
UNDECIDED = (
    "Whether the probabilities of {states} are right is open: the interval of their calibration "
    "slope reaches beyond 0.8 to 1.25."
)
OUTSIDE = "No command validates a model of several states on other patients so far."
ORC = "Ordinal c (ORC), corrected for optimism"
ORC_MEANING = (
    "Of two patients in different states, averaged over the pairs of states, how often the one in "
    "the better state was expected in the better one. 0.5 is chance."
)
RPS = "Ranked probability score explained"
RPS_MEANING = "1 is perfect, 0 no better than the shares of the states; corrected for optimism."
NEEDED_NOTE = {
    "multinomial": (
        "Pate and colleagues, Stat Methods Med Res 2023;32:555, for {parameters} candidate "
        "parameters in each sum, at 15% of the largest R-squared; the largest number counts."
    ),
    "proportional_odds": (
        "Criteria of Riley and colleagues (BMJ 2020;368:m441) and Pate and colleagues (Stat "
        "Methods Med Res 2023;32:555) on the overall R-squared, for one sum of {parameters} "
        "candidate parameters at 15% of the largest; nobody has published criteria for "
        "proportional odds, so this adaptation is ours. The largest number counts."
    ),
}
_SMALL = 10

_Row = Mapping[str, Any]


def state_verdict(source: Source, warnings: Sequence[str] = ()) -> Verdict:
    """The verdict, with reasons and next steps.

    Parameters
    ----------
    source
        A bundle of several states, opened.
    warnings
        Names of the checks for pitfalls that warn.
    """
    manifest = source.manifest
    code, off = _code(manifest)
    before = warnings and code == READY
    headline, signal = HEADLINES[code], manifest["validation"]["signal"]
    if code == NO_MODEL and signal is not None and signal["found"]:
        headline = SIGNAL_BUT_NO_MODEL
    return Verdict(
        code,
        headline.format(states=" and ".join(off), **_counts(manifest)),
        (
            *_reasons(manifest, off),
            *((words.WARNINGS.format(names=", ".join(warnings)),) if warnings else ()),
        ),
        (
            *((words.BEFORE_ALL.format(names=", ".join(warnings)),) if before else ()),
            STEPS[code].format(name=manifest["name"], **_counts(manifest)),
            *((OUTSIDE,) if code == READY else ()),
        ),
    )


def state_verdict_section(source: Source, verdict: Verdict) -> Section:
    """The first section of the page."""
    manifest = source.manifest
    counts = _counts(manifest)
    return readiness_section(
        source,
        verdict,
        (
            _fact(manifest, "orc", ORC, ORC_MEANING),
            _fact(manifest, "scaled_rps", RPS, RPS_MEANING),
        ),
        Fact(SIZE_LABEL, f"{counts['patients']:,}", SIZE.format(**counts)),
        _needed(manifest),
    )


def _fact(manifest: _Row, name: str, label: str, meaning: str) -> Fact:
    return Fact(label, corrected(figure(manifest, name)), meaning)


def _counts(manifest: _Row) -> dict[str, int]:
    evidence = manifest["evidence"]
    patients = evidence.get("patients") or evidence.get("simulated_patients") or 0
    return {"patients": patients, "needed": manifest["validation"]["sample_size"]["n"]}


def _code(manifest: _Row) -> tuple[str, list[str]]:
    """The first rule that holds, and the states that are miscalibrated."""
    counts = _counts(manifest)
    off = [label for label, row in _slopes(manifest) if slope_is_off(row)]
    enough = counts["patients"] >= counts["needed"]
    return readiness(manifest, "orc", enough=enough, off=bool(off)), off


def _slopes(manifest: _Row) -> Iterator[tuple[str, _Row]]:
    for state in manifest["outcome"]["states"]:
        yield state["label"], figure(manifest, f"slope_{state['state']}")


def _reasons(manifest: _Row, off: Sequence[str]) -> Iterator[str]:
    size = cell_size_of(manifest)
    if manifest["evidence"].get("simulated_patients"):
        yield SIMULATED
    yield SIZE.format(**_counts(manifest))
    small = [
        SMALL_STATE.format(**state)
        for state in manifest["outcome"]["states"]
        if state["patients"] is not None and state["patients"] < _SMALL
    ]
    if small:
        yield SMALL.format(states=", ".join(small))
    hidden = [s["label"] for s in manifest["outcome"]["states"] if s["patients"] is None]
    if hidden:
        yield HIDDEN_STATES.format(states=listed(hidden), size=size)
    yield from choice_and_signal(manifest, BY_RULE)
    if manifest["model"]["candidate"] == "prevalence":
        return
    rows = dict(_slopes(manifest))
    for label in off:
        yield OFF.format(state=label, slope=corrected(rows[label]))
    if undecided := [label for label, row in rows.items() if slope_is_open(row)]:
        yield UNDECIDED.format(states=", ".join(undecided))


def _needed(manifest: _Row) -> Table:
    size = manifest["validation"]["sample_size"]
    rows = tuple({"name": row["name"].replace("_", " "), "n": row["n"]} for row in size["criteria"])
    return needed_table(rows, NEEDED_NOTE[size["kind"]].format(**size))
