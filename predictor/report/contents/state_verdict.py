"""What a model of several states is ready for, by the rules of every verdict that apply to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from predictor.report.contents import verdict_words as words
from predictor.report.contents.numbers_text import listed, two
from predictor.report.contents.source import Source
from predictor.report.contents.standing import (
    DEMONSTRATION,
    MISCALIBRATED,
    NO_MODEL,
    NO_SIGNAL,
    NOT_VALIDATED,
    READY,
    SLOPE,
    TOO_FEW,
)
from predictor.report.contents.verdict import for_whom
from predictor.report.document import (
    Block,
    Column,
    Fact,
    Facts,
    Listing,
    Paragraph,
    Section,
    Table,
    Verdict,
)

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
SIMULATED = "Every patient is simulated; the figures say nothing about real ones."
SIZE = "{patients:,} patients; the sample-size criteria ask for {needed:,}."
SMALL = "Small states: {states}. What is told of them rests on these patients alone."
SMALL_STATE = "{label} ({patients})"
HIDDEN_STATES = (
    "A state has fewer than {size} patients, so how many are in {states} is not told. What is told "
    "of so small a state rests on next to nothing."
)
BY_RULE = "Chosen: {label}, the simplest within one standard error of the best log loss."
NAMED = "Chosen: {label}, named beforehand."
OFF = "The calibration slope of {state} is {slope}, and its interval does not reach 0.8 to 1.25."
UNDECIDED = (
    "Whether the probabilities of {states} are right is open: the interval of their calibration "
    "slope reaches beyond 0.8 to 1.25."
)
STEPS = {
    DEMONSTRATION: "Train on real patients: predictor train {name} --data COHORT.",
    NO_MODEL: "Do not use it. More patients, or other predictors, may support a model.",
    TOO_FEW: "Collect patients until there are {needed:,}, by several centres if need be.",
    NO_SIGNAL: "Do not use it. Say what was looked for, and that nothing was found.",
    NOT_VALIDATED: "Train with validation.bootstrap and validation.permutations.",
    MISCALIBRATED: "Do not use its probabilities. More patients, or fewer predictors.",
    READY: "Validate it on patients of another centre before anybody relies on it.",
}
OUTSIDE = "No command validates a model of several states on other patients so far."
ORC = "Ordinal c (ORC), corrected for optimism"
ORC_MEANING = (
    "Of two patients in different states, averaged over the pairs of states, how often the one in "
    "the better state was expected in the better one. 0.5 is chance."
)
RPS = "Ranked probability score explained"
RPS_MEANING = "1 is perfect, 0 no better than the shares of the states; corrected for optimism."
SIZE_LABEL = "Patients"
LEVEL_LABEL = "Evidence"
NEEDED = "Patients that the sample-size criteria ask for"
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
    level = str(manifest["evidence"]["level"])
    counts = _counts(manifest)
    blocks: list[Block] = [
        Paragraph(verdict.headline, "alert" if verdict.code != READY else "warning"),
        Facts(
            (
                _fact(manifest, "orc", ORC, ORC_MEANING),
                _fact(manifest, "scaled_rps", RPS, RPS_MEANING),
            )
        ),
        Facts(
            (
                Fact(LEVEL_LABEL, level, words.EVIDENCE.get(level, "")),
                Fact(SIZE_LABEL, f"{counts['patients']:,}", SIZE.format(**counts)),
            )
        ),
        Listing(verdict.reasons, "Why"),
        Listing(verdict.next_steps, "What must happen next"),
        Paragraph(for_whom(manifest)),
        Paragraph(words.NOT_AN_EFFECT, "quiet"),
        _needed(manifest),
    ]
    return Section("verdict", "Verdict", tuple(blocks))


def figure(manifest: _Row, name: str) -> _Row:
    """A figure of the validation by its name; empty where there is none."""
    rows = {row["name"]: row for row in manifest["validation"]["figures"]}
    found: _Row = rows.get(name, {})
    return found


def corrected(row: _Row) -> str:
    """The corrected figure with its interval, or the cross-validated one where there is none."""
    part = "corrected" if row.get("corrected") is not None else "cross_validated"
    value, low, high = (row.get(key) for key in (part, f"{part}_low", f"{part}_high"))
    if value is None or low is None or high is None:
        return two(value)
    return f"{two(value)} ({two(low)} to {two(high)})"


def _fact(manifest: _Row, name: str, label: str, meaning: str) -> Fact:
    return Fact(label, corrected(figure(manifest, name)), meaning)


def _counts(manifest: _Row) -> dict[str, int]:
    evidence = manifest["evidence"]
    patients = evidence.get("patients") or evidence.get("simulated_patients") or 0
    return {"patients": patients, "needed": manifest["validation"]["sample_size"]["n"]}


def _code(manifest: _Row) -> tuple[str, list[str]]:
    """The first rule that holds, and the states that are miscalibrated."""
    counts, found = _counts(manifest), manifest["validation"]
    off = [label for label, row in _slopes(manifest) if _is_off(row)]
    if manifest["evidence"].get("simulated_patients"):
        return DEMONSTRATION, off
    if manifest["model"]["candidate"] == "prevalence":
        return NO_MODEL, off
    if counts["patients"] < counts["needed"]:
        return TOO_FEW, off
    signal = found["signal"]
    if signal is not None and not signal["found"]:
        return NO_SIGNAL, off
    if signal is None or figure(manifest, "orc").get("corrected") is None:
        return NOT_VALIDATED, off
    return (MISCALIBRATED if off else READY), off


def _slopes(manifest: _Row) -> Iterator[tuple[str, _Row]]:
    for state in manifest["outcome"]["states"]:
        yield state["label"], figure(manifest, f"slope_{state['state']}")


def _is_off(row: _Row) -> bool:
    low, high = row.get("corrected_low"), row.get("corrected_high")
    return low is not None and high is not None and (high < SLOPE[0] or low > SLOPE[1])


def _is_open(row: _Row) -> bool:
    low, high = row.get("corrected_low"), row.get("corrected_high")
    if low is None or high is None:
        return True
    return not _is_off(row) and not (low >= SLOPE[0] and high <= SLOPE[1])


def _reasons(manifest: _Row, off: Sequence[str]) -> Iterator[str]:
    found, size = manifest["validation"], int(manifest["privacy"]["cell_size"])
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
    named = manifest["config"].get("choose", "rule") != "rule"
    yield (NAMED if named else BY_RULE).format(label=manifest["model"]["label"])
    yield found["signal"]["sentence"] if found["signal"] else words.SIGNAL_UNTESTED
    if manifest["model"]["candidate"] == "prevalence":
        return
    rows = dict(_slopes(manifest))
    for label in off:
        yield OFF.format(state=label, slope=corrected(rows[label]))
    if undecided := [label for label, row in rows.items() if _is_open(row)]:
        yield UNDECIDED.format(states=", ".join(undecided))


def _needed(manifest: _Row) -> Table:
    size = manifest["validation"]["sample_size"]
    return Table(
        "verdict-needed",
        NEEDED,
        (Column("name", "Criterion"), Column("n", "Patients", "count")),
        tuple({"name": row["name"].replace("_", " "), "n": row["n"]} for row in size["criteria"]),
        NEEDED_NOTE[size["kind"]].format(**size),
        folded=True,
    )
