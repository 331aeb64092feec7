"""TRIPOD+AI and PROBAST+AI for a model of several states.

Items that do not depend on the kind of outcome keep their rules; those that do have rules of
their own here, and so have the questions of PROBAST+AI in `state_probast`.
"""

from __future__ import annotations

from collections.abc import Mapping

from predictor.report.contents import tripod_words as words
from predictor.report.contents.readiness import corrected, figure
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.source import Source
from predictor.report.contents.state_probast import RULES as PROBAST
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
    "{name} in ordered states, worst first: {states}; {horizon} from {start}. The states exclude "
    "each other and every patient is in one of them."
)
SIZE = "At least {n:,} patients by the criteria listed under the verdict; {patients:,} there."
HANDLING = (
    "Numbers enter as they are, on one straight line on the log-odds scale, standardised; none is "
    "cut into groups. States of a predictor enter as indicators against the most frequent one."
)
BUILDING = (
    "Compared: {candidates}. Taken: {model}. The penalty was tuned by log loss in {inner} inner "
    "folds of each training set; filling in, scaling, tuning and fitting were repeated in every "
    "fold and resample. The choice among the candidates was not."
)
USE = (
    "All patients were used for development. Internal validation resamples the same patients: "
    "{repeats} times {folds}-fold cross-validation, stratified by state, to compare candidates, "
    "and {resamples:,} bootstrap resamples to correct the chosen one for optimism."
)
NOT_BY_CENTRE = "Figures by centre are not made for several states so far."
MEASURES = (
    "Discrimination: ordinal c (ORC) and generalised c. Calibration: intercept, slope and smooth "
    "curve of each state against all others. Overall: log loss, ranked probability score and Brier "
    "score of all states, with the share they explain. Net benefit: none, as it is a figure of one "
    "event. Proportional odds were tested by parametric bootstrap."
)
IMBALANCE = "The shares of the states were not changed: no resampling to balance, no weights."
FAIRNESS = "Performance is told in subgroups of the patients; small ones are masked."
NO_FAIRNESS = "No subgroup is large enough for figures of its own, so performance is told in none."
OUTPUT = "A probability of each state with an interval; together they add up to 1. No threshold."
FLOW = "{patients:,} analysed; how many in which state stands under Patients."
TABLE = "Predictors and missing values by state; small counts are masked."
NUMBERS = (
    "Development: {patients:,} patients. Comparison: the same, each patient predicted by models "
    "without the fold of the patient ({folds} folds). Tuning: {inner} inner folds of each training "
    "set. Correction for optimism: {resamples:,} resamples of the same size."
)
PERFORMANCE = (
    "Corrected for optimism, with 95% intervals: ORC {orc}; ranked probability score explained "
    "{rps}; calibration slopes {slopes}."
)
SLOPE = "{state} {slope}"
SPECIFICATION = (
    "All thresholds and coefficients with a worked example stand in this report; the bundle "
    "{digest} holds the same numbers and predicts without this report."
)


def state_checklists(source: Source, verdict: Verdict) -> tuple[Section, Section]:
    """The two checklists of a bundle of several states.

    Parameters
    ----------
    source
        The bundle, opened.
    verdict
        What must happen next is taken from it.
    """
    return checklist_sections(source, verdict, RULES, PROBAST)


def _resamples(facts: Facts) -> int:
    return max((row["resamples"] for row in facts.validation["figures"]), default=0)


def _outcome(facts: Facts) -> Answer:
    outcome = facts.outcome
    text = OUTCOME.format(
        name=outcome["name"],
        states=", ".join(state["label"] for state in outcome["states"]),
        horizon=outcome["horizon"],
        start=outcome.get("time_zero") or words.START_UNKNOWN,
    )
    return Answer(text, "verdict", "from the study", words.OUTCOME_REMAINS)


def _size(facts: Facts) -> Answer:
    text = SIZE.format(n=facts.validation["sample_size"]["n"], patients=facts.patients)
    return Answer(text, "verdict", remains=words.SAMPLE_SIZE_REMAINS)


def _use(facts: Facts) -> Answer:
    plan = facts.plan
    text = USE.format(folds=plan["folds"], repeats=plan["repeats"], resamples=_resamples(facts))
    return Answer(text, "performance")


def _fairness(facts: Facts) -> Answer | None:
    if "subgroups" not in facts.findings:
        return None
    rows = facts.findings["subgroups"]["rows"]
    text = FAIRNESS if any(row["states"] for row in rows) else NO_FAIRNESS
    if not rows:
        text = words.NO_SUBGROUPS
    return Answer(text, "performance-subgroups", remains=words.FAIRNESS_REMAINS)


def _numbers(facts: Facts) -> Answer:
    plan = facts.plan
    text = NUMBERS.format(
        patients=facts.patients,
        folds=plan["folds"],
        inner=plan["inner_folds"],
        resamples=_resamples(facts),
    )
    return Answer(text, "performance")


def _performance(facts: Facts) -> Answer | None:
    if not _resamples(facts):
        return None
    slopes = [
        SLOPE.format(
            state=state["label"],
            slope=corrected(figure(facts.manifest, f"slope_{state['state']}")),
        )
        for state in facts.outcome["states"]
    ]
    text = PERFORMANCE.format(
        orc=corrected(figure(facts.manifest, "orc")),
        rps=corrected(figure(facts.manifest, "scaled_rps")),
        slopes=", ".join(slopes),
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
    "14": _fairness,
    "15": said(OUTPUT, "model"),
    "20a": flow(FLOW),
    "20b": table_of_patients(TABLE),
    "21": _numbers,
    "22": specification(SPECIFICATION),
    "23a": _performance,
    "23b": said(NOT_BY_CENTRE),
}
"""Item -> rule; an item without one, or whose rule gives None, is for a person."""
