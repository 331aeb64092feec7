"""TRIPOD+AI and PROBAST+AI for a model of a time.

Items that do not depend on the kind of outcome keep their rules; those that do have rules of
their own here. Of PROBAST+AI a run of a time answers nothing by rule: its judgements rest on
checks that are written for one event without a time, and all are left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from predictor.report.contents import tripod_words as words
from predictor.report.contents.numbers_text import listed
from predictor.report.contents.readiness import corrected, figure
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.source import Source
from predictor.report.contents.time_verdict import marks
from predictor.report.contents.tripod_answers import (
    KEPT,
    building,
    checklist_sections,
    choice,
    flow,
    said,
    specification,
    table_of_patients,
)
from predictor.report.contents.tripod_rules import Rule
from predictor.report.document import Section, Verdict

OUTCOME = (
    "{label}: the time to it from {start}, judged at {months} months. {competing}Patients who were "
    "last seen without any of these are censored then."
)
COMPETING = "It competes with {kinds}, after which it can no longer happen. "
SIZE = (
    "At least {n:,} patients with {events:,} events by the criteria listed under the verdict; "
    "{patients:,} with {had:,} there."
)
HANDLING = (
    "Numbers enter as they are, on one straight line in the log hazard, standardised; none is cut "
    "into groups. States of a predictor enter as indicators against the most frequent one."
)
BUILDING = (
    "Compared: {candidates}. Taken: {model}. A Cox model with a ridge penalty of the event and, "
    "where something competes, one of that; each penalty was tuned by partial likelihood in "
    "{inner} inner folds of each training set. Filling in, scaling, tuning and fitting were "
    "repeated in every fold and resample. The choice among the candidates and the months of the "
    "baseline were not."
)
USE = (
    "All patients were used for development. Internal validation resamples the same patients: "
    "{repeats} times {folds}-fold cross-validation to compare candidates, and {resamples:,} "
    "bootstrap resamples planned to correct the chosen one for optimism."
)
NOT_BY_CENTRE = "Figures by centre are not made for a time so far."
MEASURES = (
    "Discrimination: C index of Wolbers, weighted for censoring, and that of Harrell. Calibration: "
    "intercept and slope at each horizon, and observed cumulative incidence in groups of predicted "
    "risk. Overall: Brier score at each horizon, weighted for censoring, with the share it "
    "explains. Net benefit: none so far."
)
IMBALANCE = "How often the event happens was not changed: no resampling to balance."
FAIRNESS = "Performance in subgroups is not told for a time so far."
OUTPUT = (
    "A probability of the event by each month up to the last horizon, with an interval. No "
    "threshold."
)
FLOW = "{patients:,} analysed, {events:,} of them with the event; follow-up stands under Patients."
TABLE = "Predictors and missing values of all patients; small counts are masked."
NUMBERS = (
    "Development: {patients:,} patients with {events:,} events. Comparison: the same, each patient "
    "predicted by models without the fold of the patient ({folds} folds). Tuning: {inner} inner "
    "folds of each training set. Correction for optimism: {resamples:,} resamples planned, of the "
    "same size."
)
PERFORMANCE = (
    "Corrected for optimism, with 95% intervals: C index {c}; Brier score explained at {last} "
    "months {brier}; calibration slopes {slopes}."
)
SLOPE = "{slope} at {month} months"
SPECIFICATION = (
    "All coefficients and the baseline with a worked example stand in this report; the bundle "
    "{digest} holds the same numbers and predicts without this report."
)


def time_checklists(source: Source, verdict: Verdict) -> tuple[Section, Section]:
    """The two checklists of a bundle of a time.

    Parameters
    ----------
    source
        The bundle, opened.
    verdict
        What must happen next is taken from it.
    """
    return checklist_sections(source, verdict, RULES, {})


def _outcome(facts: Facts) -> Answer:
    outcome = facts.outcome
    kinds = [str(kind).replace("_", " ") for kind in outcome["follow_up"]["competing"]]
    text = OUTCOME.format(
        label=outcome["label"],
        start=outcome.get("time_zero") or words.START_UNKNOWN,
        months=listed([str(month) for month in marks(facts.manifest)]),
        competing=COMPETING.format(kinds=listed(kinds)) if kinds else "",
    )
    return Answer(text, "verdict", "from the study", words.OUTCOME_REMAINS)


def _size(facts: Facts) -> Answer:
    size = facts.validation["sample_size"]
    text = SIZE.format(
        n=size["n"], events=size["events"], patients=facts.patients, had=facts.events
    )
    return Answer(text, "verdict", remains=words.SAMPLE_SIZE_REMAINS)


def _use(facts: Facts) -> Answer:
    plan = facts.plan
    text = USE.format(folds=plan["folds"], repeats=plan["repeats"], resamples=plan["bootstrap"])
    return Answer(text, "performance")


def _numbers(facts: Facts) -> Answer:
    plan = facts.plan
    text = NUMBERS.format(
        patients=facts.patients,
        events=facts.events,
        folds=plan["folds"],
        inner=plan["inner_folds"],
        resamples=plan["bootstrap"],
    )
    return Answer(text, "performance")


def _performance(facts: Facts) -> Answer | None:
    manifest = facts.manifest
    if figure(manifest, "c_index").get("corrected") is None:
        return None
    last = marks(manifest)[-1]
    slopes = [
        SLOPE.format(slope=corrected(figure(manifest, "slope", month)), month=month)
        for month in marks(manifest)
    ]
    text = PERFORMANCE.format(
        c=corrected(figure(manifest, "c_index")),
        last=last,
        brier=corrected(figure(manifest, "scaled_brier", last)),
        slopes=listed(slopes),
    )
    return Answer(text, "performance-figures")


RULES: Mapping[str, Rule] = {
    **KEPT,
    "8a": _outcome,
    "9a": choice,
    "10": _size,
    "12a": _use,
    "12b": said(HANDLING, "model"),
    "12c": building(BUILDING),
    "12d": said(NOT_BY_CENTRE),
    "12e": said(MEASURES, "performance-figures"),
    "13": said(IMBALANCE),
    "14": said(FAIRNESS),
    "15": said(OUTPUT, "model"),
    "20a": flow(FLOW),
    "20b": table_of_patients(TABLE),
    "21": _numbers,
    "22": specification(SPECIFICATION),
    "23a": _performance,
    "23b": said(NOT_BY_CENTRE),
}
"""Item -> rule; an item without one, or whose rule gives None, is for a person."""
