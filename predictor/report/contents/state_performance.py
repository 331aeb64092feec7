"""Section *Performance* of a report on several states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from predictor.report.contents.figures_table import (
    calibration_columns,
    figures_table,
    signal_lines,
    validation_notes,
    with_choice_marked,
)
from predictor.report.contents.numbers_text import absent, percent
from predictor.report.contents.source import Source
from predictor.report.contents.state_subgroups import state_subgroups
from predictor.report.document import (
    Block,
    Column,
    Figure,
    Listing,
    Paragraph,
    Section,
    Table,
)

LABELS = {
    "orc": "Ordinal c (ORC)",
    "generalised_c": "Generalised c (Harrell)",
    "log_loss": "Log loss",
    "scaled_log_loss": "Log loss explained",
    "rps": "Ranked probability score",
    "scaled_rps": "Ranked probability score explained",
    "brier": "Brier score of all states",
    "scaled_brier": "Brier score explained",
}
INTERCEPT = "Calibration intercept, {state}"
SLOPE = "Calibration slope, {state}"
FIGURES_NOTE = (
    "ORC: the mean of the c statistics of all pairs of states (Van Calster and colleagues, Biom J "
    "2012;54:674), so that a small state counts as much as a large one; generalised c: all pairs "
    "of patients in different states, (Somers' D + 1) / 2. Both order patients by the expected "
    "position of their state, within a test fold; 0.5 is chance. Explained: 1 less the score over "
    "that of the shares of the states. Ranked probability score: over the cumulative "
    "probabilities, divided by the number of states less 1, so that a miss by two states costs "
    "more. Calibration: of each state against all others, out of fold by the mean over the "
    "repeats; 0 and 1 are right. Intervals: cross-validated, over patients without refitting; "
    "corrected over {resamples} refits with their tuning. Both c by .632+, with the spread over "
    "the patients left out, as Harrell's correction leaves them above 0.5 in small cohorts without "
    "signal; all others by Harrell's optimism with the spread over the refits, of slopes its "
    "median, as refits that tell hardly anybody apart have slopes beyond all bounds. An interval "
    "that ends at its figure covers nothing."
    " Where a corrected slope and the cross-validated one are more than 0.25 apart, the "
    "cross-validated one stands in both columns."
)
CANDIDATES = "All candidates by the same folds"
CANDIDATES_NOTE = (
    "Difference: of the log loss to the best, with its standard error over patients. The simplest "
    "candidate within one standard error is taken unless one was named."
)
CALIBRATION = "Calibration of {state} against all other states, out of fold"
CALIBRATION_SEEN = (
    "Predicted probabilities of {state} run from {low} to {high}; the observed share rises from "
    "{first} to {last} along them."
)
CALIBRATION_ONE = "Everybody is given about the same probability of {state}, {low}."
CALIBRATION_NOTE = "Smooth curve (lowess); band: bootstrap over patients, without refitting."
ADD_UP = (
    "Beside this model, a ridge logistic model of each state against all others was fitted in the "
    "same folds. Their probabilities belong to different questions, and they do not add up: the "
    "sum over the states runs from {low} (5%) over {middle} to {high} (95%), and is off by more "
    "than 5 percentage points in {off} of the predictions; {best} and {worst} alone exceed 100% "
    "in {beyond}. Those of this model add up to 100% in every patient."
)
BINARY = "Log loss of each state against all others, out of fold"
HOLDS = (
    "Proportional odds: nothing speaks against them (p = {p_value:.2f}): the multinomial model "
    "fits the cohort better by {statistic:.1f} (twice the log likelihood, both with a penalty of "
    "{penalty:g}), and as much or more in {share} of {cohorts} simulated cohorts in which odds are "
    "proportional. A small cohort shows only gross departures."
)
DEPARTS = (
    "Proportional odds do not hold well (p = {p_value:.3f}): the multinomial model fits the cohort "
    "better by {statistic:.1f} (twice the log likelihood, both with a penalty of {penalty:g}), "
    "which {share} of {cohorts} simulated cohorts with proportional odds reach. A predictor may "
    "act otherwise on one threshold than on another. This is a finding and no gate: which model "
    "is taken is decided by log loss."
)
NO_TEST = "Whether odds are proportional could not be tested."
UNSTABLE = (
    "Refitted to bootstrap resamples, the model gives the same patient probabilities that differ: "
    "{spreads}."
)
SPREAD = "of {state} by {sd:.0f} percentage points on average (standard deviation)"
NO_DECISION = (
    "Net benefit and ROC curves are figures of one event at a threshold and are not shown; a "
    "threshold on one state makes an event of it, which a model of that event answers better. "
    "Centres are not compared for several states so far."
)

_Row = Mapping[str, Any]


def state_performance(source: Source) -> Section:
    """How well the probabilities of the states fit what became of the patients.

    Parameters
    ----------
    source
        A bundle of several states, opened.
    """
    return Section(
        "performance",
        "Performance",
        (Paragraph(NO_DECISION, "quiet"),),
        (
            Section("performance-figures", "Figures", tuple(_figures(source))),
            Section("performance-candidates", "Candidates", (_candidates(source),)),
            Section("performance-calibration", "Calibration by state", tuple(_curves(source))),
            Section("performance-subgroups", "Subgroups", tuple(state_subgroups(source))),
            Section("performance-states", "One question or several", tuple(_binary(source))),
            Section("performance-signal", "Signal and proportional odds", tuple(_tests(source))),
        ),
    )


def state_labels(states: Iterable[_Row]) -> dict[str, str]:
    """What people call each figure, those of the states by the label of the state."""
    found = dict(LABELS)
    for state in states:
        found[f"intercept_{state['state']}"] = INTERCEPT.format(state=state["label"])
        found[f"slope_{state['state']}"] = SLOPE.format(state=state["label"])
    return found


def _figures(source: Source) -> Iterator[Block]:
    manifest = source.manifest
    labels = state_labels(manifest["outcome"]["states"])
    rows = manifest["validation"]["figures"]
    resamples = max((row["resamples"] for row in rows), default=0)
    yield figures_table(
        manifest,
        [{**row, "label": labels.get(row["name"], row["name"])} for row in rows],
        FIGURES_NOTE.format(resamples=resamples),
    )
    spreads = source.findings.get("state_instability") or ()
    names = {s["state"]: s["label"] for s in manifest["outcome"]["states"]}
    if spreads:
        told = ", ".join(
            SPREAD.format(state=names[row["state"]], sd=100 * row["standard_deviation"])
            for row in spreads
        )
        yield Paragraph(UNSTABLE.format(spreads=told))
    yield from validation_notes(manifest)


def _candidates(source: Source) -> Table:
    rows = [
        {key: value for key, value in row.items() if key != "settings"}
        for row in source.manifest["validation"]["models"]
    ]
    return Table(
        "performance-candidates-table",
        CANDIDATES,
        (
            Column("label", "Model"),
            Column("orc", "ORC (95% CI)", "interval"),
            Column("log_loss", "Log loss", "number", 3),
            Column("log_loss_difference", "Difference", "number", 3),
            Column("log_loss_difference_se", "Standard error", "number", 3),
            Column("rps", "Ranked probability score", "number", 3),
            Column("scaled_rps", "Explained", "number"),
        ),
        with_choice_marked(rows),
        CANDIDATES_NOTE,
    )


def _curves(source: Source) -> Iterator[Block]:
    found = source.findings.get("state_curves")
    if found is None:
        yield absent("curves of calibration")
        return
    names = {s["state"]: s["label"] for s in source.manifest["outcome"]["states"]}
    for one in found["states"]:
        label, rows = names[one["state"]], one["curve"]
        ends = {"state": label, "low": percent(rows[0]["predicted"])}
        seen = CALIBRATION_ONE.format(**ends)
        if len(rows) > 1:
            seen = CALIBRATION_SEEN.format(
                **ends,
                high=percent(rows[-1]["predicted"]),
                first=percent(rows[0]["observed"]),
                last=percent(rows[-1]["observed"]),
            )
        identity = f"performance-calibration-{one['state'].replace('_', '-').lower()}"
        yield Figure(
            identity,
            "calibration",
            CALIBRATION.format(state=label),
            seen,
            (
                Table(
                    f"{identity}-curve",
                    CALIBRATION.format(state=label),
                    calibration_columns(),
                    tuple(rows),
                ),
            ),
            {"band": "95% band"},
            CALIBRATION_NOTE,
        )


def _binary(source: Source) -> Iterator[Block]:
    found = source.findings.get("binary")
    if found is None:
        yield absent("the models of one state each")
        return
    states = source.manifest["outcome"]["states"]
    names = {s["state"]: s["label"] for s in states}
    yield Paragraph(
        ADD_UP.format(
            low=percent(found["sum_low"]),
            middle=percent(found["sum_median"]),
            high=percent(found["sum_high"]),
            off=percent(found["share_off"]),
            beyond=percent(found["share_beyond"]),
            best=states[-1]["label"],
            worst=states[0]["label"],
        )
    )
    yield Table(
        "performance-states-table",
        BINARY,
        (
            Column("label", "State"),
            Column("log_loss_states", "This model", "number", 3),
            Column("log_loss_binary", "A model of this state alone", "number", 3),
        ),
        tuple({**row, "label": names[row["state"]]} for row in found["rows"]),
    )


def _tests(source: Source) -> Iterator[Block]:
    found = source.manifest["validation"]
    signal, odds = found["signal"], found["proportional_odds"]
    lines = [] if signal is None else [*signal_lines(signal)]
    if odds is None:
        lines.append(NO_TEST)
    else:
        template = HOLDS if odds["p_value"] > 0.05 else DEPARTS
        lines.append(template.format(share=percent(odds["p_value"]), **odds))
    yield Listing(tuple(lines))
