"""What a model of a time is ready for, by the rules of every verdict that apply to it."""

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
SIMULATED = "Every patient is simulated; the figures say nothing about real ones."
SIZE = (
    "{patients:,} patients with {events:,} events; the sample-size criteria ask for {needed:,} "
    "with {needed_events:,}."
)
BY_RULE = (
    "Chosen: {label}, the simplest within one standard error of the best Brier score at the last "
    "horizon."
)
NAMED = "Chosen: {label}, named beforehand."
OFF = (
    "The calibration slope at {month} months is {slope}, and its interval does not reach 0.8 to "
    "1.25."
)
UNDECIDED = (
    "Whether the probabilities at {months} months are right is open: the interval of their "
    "calibration slope reaches beyond 0.8 to 1.25."
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
NEEDED = "Patients that the sample-size criteria ask for"
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
    level, last = str(manifest["evidence"]["level"]), marks(manifest)[-1]
    size = counts(manifest)
    blocks: list[Block] = [
        Paragraph(verdict.headline, "alert" if verdict.code != READY else "warning"),
        Facts(
            (
                Fact(C_INDEX, corrected(figure(manifest, "c_index")), C_MEANING),
                Fact(
                    BRIER.format(month=last),
                    corrected(figure(manifest, "scaled_brier", last)),
                    BRIER_MEANING,
                ),
            )
        ),
        Facts(
            (
                Fact("Evidence", level, words.EVIDENCE.get(level, "")),
                Fact("Patients", f"{size['patients']:,}", SIZE.format(**size)),
            )
        ),
        Listing(verdict.reasons, "Why"),
        Listing(verdict.next_steps, "What must happen next"),
        Paragraph(for_whom(manifest)),
        Paragraph(words.NOT_AN_EFFECT, "quiet"),
        _needed(manifest),
    ]
    return Section("verdict", "Verdict", tuple(blocks))


def marks(manifest: _Row) -> tuple[int, ...]:
    """Months at which the model is judged."""
    return tuple(manifest["outcome"]["follow_up"]["horizon_months"])


def figure(manifest: _Row, name: str, month: int | None = None) -> _Row:
    """A figure of the validation by name and month; empty where there is none."""
    rows = {(row["name"], row["month"]): row for row in manifest["validation"]["figures"]}
    found: _Row = rows.get((name, month), {})
    return found


def corrected(row: _Row) -> str:
    """The corrected figure with its interval, or the cross-validated one where there is none."""
    part = "corrected" if row.get("corrected") is not None else "cross_validated"
    value, low, high = (row.get(key) for key in (part, f"{part}_low", f"{part}_high"))
    if value is None or low is None or high is None:
        return two(value)
    return f"{two(value)} ({two(low)} to {two(high)})"


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
    size, found = counts(manifest), manifest["validation"]
    off = [month for month in marks(manifest) if _is_off(figure(manifest, "slope", month))]
    signal = found["signal"]
    if manifest["evidence"].get("simulated_patients"):
        return DEMONSTRATION, off
    if manifest["model"]["candidate"] == "prevalence":
        return NO_MODEL, off
    if size["patients"] < size["needed"] or size["events"] < size["needed_events"]:
        return TOO_FEW, off
    if signal is not None and not signal["found"]:
        return NO_SIGNAL, off
    if signal is None or figure(manifest, "c_index").get("corrected") is None:
        return NOT_VALIDATED, off
    return (MISCALIBRATED if off else READY), off


def _is_off(row: _Row) -> bool:
    low, high = row.get("corrected_low"), row.get("corrected_high")
    return low is not None and high is not None and (high < SLOPE[0] or low > SLOPE[1])


def _is_open(row: _Row) -> bool:
    low, high = row.get("corrected_low"), row.get("corrected_high")
    if low is None or high is None:
        return True
    return not _is_off(row) and not (low >= SLOPE[0] and high <= SLOPE[1])


def _reasons(manifest: _Row, off: Sequence[int]) -> Iterator[str]:
    found = manifest["validation"]
    if manifest["evidence"].get("simulated_patients"):
        yield SIMULATED
    yield SIZE.format(**counts(manifest))
    named = manifest["config"].get("choose", "rule") != "rule"
    yield (NAMED if named else BY_RULE).format(label=manifest["model"]["label"])
    yield found["signal"]["sentence"] if found["signal"] else words.SIGNAL_UNTESTED
    if manifest["model"]["candidate"] == "prevalence":
        return
    for month in off:
        yield OFF.format(month=month, slope=corrected(figure(manifest, "slope", month)))
    undecided = [m for m in marks(manifest) if _is_open(figure(manifest, "slope", m))]
    if undecided:
        yield UNDECIDED.format(months=listed([str(month) for month in undecided]))


def _needed(manifest: _Row) -> Table:
    size = manifest["validation"]["sample_size"]
    return Table(
        "verdict-needed",
        NEEDED,
        (Column("name", "Criterion"), Column("n", "Patients", "count")),
        tuple(size["criteria"]),
        NEEDED_NOTE.format(
            parameters=size["parameters"],
            rate=size["events_per_year"],
            years=size["mean_follow_up_years"],
        ),
        folded=True,
    )
