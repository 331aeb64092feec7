"""What a model of several states or of a time is ready for: the rules, and the section of them.

Both are judged alike: are there enough patients, is there signal, are there corrected figures, and
does every calibration slope reach what is accepted. What they are judged by stands with each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.contents import verdict_words as words
from predictor.report.contents.numbers_text import with_interval
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
    Column,
    Fact,
    Facts,
    Listing,
    Paragraph,
    Section,
    Table,
    Verdict,
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
SIMULATED = "Every patient is simulated; the figures say nothing about real ones."
NAMED = "Chosen: {label}, named beforehand."
SIZE_LABEL = "Patients"
LEVEL_LABEL = "Evidence"
NEEDED = "Patients that the sample-size criteria ask for"

_Row = Mapping[str, Any]


def figure(manifest: _Row, name: str, month: int | None = None) -> _Row:
    """A figure of the validation by its name, and month where it has one; empty if there is none.

    >>> figure({"validation": {"figures": [{"name": "orc", "apparent": 0.7}]}}, "orc")["apparent"]
    0.7
    """
    rows = {(row["name"], row.get("month")): row for row in manifest["validation"]["figures"]}
    found: _Row = rows.get((name, month), {})
    return found


def corrected(row: _Row) -> str:
    """The corrected figure with its interval, or the cross-validated one where there is none."""
    part = "corrected" if row.get("corrected") is not None else "cross_validated"
    return with_interval(row, part)


def slope_is_off(row: _Row) -> bool:
    """Whether no slope in the interval of the corrected one is accepted.

    >>> slope_is_off({"corrected_low": 0.3, "corrected_high": 0.7})
    True
    """
    low, high = row.get("corrected_low"), row.get("corrected_high")
    return low is not None and high is not None and (high < SLOPE[0] or low > SLOPE[1])


def slope_is_open(row: _Row) -> bool:
    """Whether some slopes in the interval are accepted and others not, or there is none.

    >>> slope_is_open({"corrected_low": 0.7, "corrected_high": 1.0}), slope_is_open({})
    (True, True)
    """
    low, high = row.get("corrected_low"), row.get("corrected_high")
    if low is None or high is None:
        return True
    return not slope_is_off(row) and not (low >= SLOPE[0] and high <= SLOPE[1])


def readiness(manifest: _Row, ranking: str, *, enough: bool, off: bool) -> str:
    """The first rule that holds.

    Parameters
    ----------
    manifest
        Of the bundle.
    ranking
        Name of the figure of discrimination, without which a model is not validated.
    enough
        Whether there are as many patients as the sample-size criteria ask for.
    off
        Whether any calibration slope is off.

    Returns
    -------
    One of :data:`predictor.report.contents.standing.CODES`.
    """
    signal = manifest["validation"]["signal"]
    if manifest["evidence"].get("simulated_patients"):
        return DEMONSTRATION
    if manifest["model"]["candidate"] == "prevalence":
        return NO_MODEL
    if not enough:
        return TOO_FEW
    if signal is not None and not signal["found"]:
        return NO_SIGNAL
    if signal is None or figure(manifest, ranking).get("corrected") is None:
        return NOT_VALIDATED
    return MISCALIBRATED if off else READY


def choice_and_signal(manifest: _Row, by_rule: str) -> Iterator[str]:
    """How the model was chosen, and whether there is signal.

    Parameters
    ----------
    manifest
        Of the bundle.
    by_rule
        Sentence on the rule of choice, with a place for the ``label`` of the model.
    """
    named = manifest["config"].get("choose", "rule") != "rule"
    yield (NAMED if named else by_rule).format(label=manifest["model"]["label"])
    signal = manifest["validation"]["signal"]
    yield signal["sentence"] if signal else words.SIGNAL_UNTESTED


def readiness_section(
    source: Source, verdict: Verdict, figures: tuple[Fact, ...], size: Fact, needed: Table
) -> Section:
    """The first section of the page.

    Parameters
    ----------
    source
        The bundle, opened.
    verdict
        What it is ready for.
    figures
        Those that matter most.
    size
        How many patients there are.
    needed
        From :func:`needed_table`.
    """
    manifest = source.manifest
    level = str(manifest["evidence"]["level"])
    blocks = (
        Paragraph(verdict.headline, "alert" if verdict.code != READY else "warning"),
        Facts(figures),
        Facts((Fact(LEVEL_LABEL, level, words.EVIDENCE.get(level, "")), size)),
        Listing(verdict.reasons, "Why"),
        Listing(verdict.next_steps, "What must happen next"),
        Paragraph(for_whom(manifest)),
        Paragraph(words.NOT_AN_EFFECT, "quiet"),
        needed,
    )
    return Section("verdict", "Verdict", blocks)


def needed_table(rows: tuple[_Row, ...], note: str) -> Table:
    """Each sample-size criterion under ``name``, and under ``n`` the patients that it asks for."""
    columns = (Column("name", "Criterion"), Column("n", "Patients", "count"))
    return Table("verdict-needed", NEEDED, columns, rows, note, folded=True)
