"""What a run of several states says to the signalling questions of PROBAST+AI, by rules.

Questions that do not depend on the kind of outcome keep the rules of an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.report.contents import probast_rules as of_event
from predictor.report.contents import probast_words as words
from predictor.report.contents.numbers_text import listed
from predictor.report.contents.probast_rules import ENOUGH_EVENTS, Rule
from predictor.report.contents.readiness import corrected, figure
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.source import cell_size_of
from predictor.report.contents.standing import SLOPE

DEFINED = "Facts: the outcome is {name}, in ordered states, worst first: {states}."
ENOUGH = "Yes: {patients:,} patients, where the criteria under the verdict ask for {needed:,}."
TOO_FEW = "No: {patients:,} patients, where the criteria under the verdict ask for {needed:,}."
NOT_CHANGED = "The shares of the states were not changed: no resampling, no weights."
EVERYBODY = "Everybody gets the shares of the states; no predictor enters."
NOTHING_FITTED = "Everybody gets the shares of the states; there is nothing to fit too closely."
RIDGE = "a ridge penalty tuned in inner folds"
SHRUNK = "Yes: {how}; what is left was measured, the corrected calibration slopes are {slopes}."
SHRUNK_BADLY = (
    "Probably no: {how}; of the corrected calibration slopes, {slopes}, those of {states} lie "
    "outside {low:.2f} to {high:.2f}."
)
SHRUNK_UNSURE = (
    "No information: {how}; intervals of the corrected calibration slopes, {slopes}, reach beyond "
    "{low:.2f} to {high:.2f}, so what is left cannot be judged."
)
OF_STATE = "{slope} of {state}"
PRECISE = (
    "Probably yes: at least {least} patients in each state; the intervals say how precise the "
    "figures are."
)
IMPRECISE = (
    "Probably no: {count} patients in the state {state}, where at least {least} of each are "
    "commonly asked for; the intervals are wide."
)
IMPRECISE_HIDDEN = (
    "Probably no: a state has fewer than {size} patients, where at least {least} of each are "
    "commonly asked for; the intervals are wide."
)
MEASURED = (
    "Probably yes: discrimination (ordinal c), calibration (intercept, slope and curve of each "
    "state), ranked probability score, Brier score and log loss, corrected for optimism with "
    "intervals; but no net benefit, which is a figure of one event."
)
MEASURED_FOLDS = (
    "Probably yes: discrimination, calibration of each state and scores by cross-validation; no "
    "figure is corrected for optimism by a bootstrap."
)


def _defined(facts: Facts) -> Answer:
    if facts.simulated:
        return Answer(words.SIMULATED)
    states = listed([str(state["label"]) for state in facts.outcome["states"]])
    text = DEFINED.format(name=facts.outcome["name"], states=states)
    return Answer(text, "verdict", remains=words.DEFINED_REMAINS)


def _enough(facts: Facts) -> Answer:
    needed = int(facts.validation["sample_size"]["n"])
    template = ENOUGH if facts.patients >= needed else TOO_FEW
    return Answer(template.format(patients=facts.patients, needed=needed), "verdict")


def _handling(facts: Facts) -> Answer:
    if facts.constant:
        return Answer(EVERYBODY, by="not applicable")
    return Answer(words.STRAIGHT, "model")


def _not_changed(facts: Facts) -> Answer:
    del facts
    return Answer(NOT_CHANGED, by="not applicable")


def _overfitting(facts: Facts) -> Answer:
    if facts.constant:
        return Answer(NOTHING_FITTED, by="not applicable")
    rows = {
        str(s["label"]): figure(facts.manifest, f"slope_{s['state']}")
        for s in facts.outcome["states"]
    }
    if any(row.get("corrected") is None for row in rows.values()):
        return Answer(words.SHRUNK_UNKNOWN.format(how=RIDGE), "performance-figures")
    slopes = [OF_STATE.format(slope=corrected(row), state=name) for name, row in rows.items()]
    off = [name for name, row in rows.items() if not SLOPE[0] <= row["corrected"] <= SLOPE[1]]
    template = SHRUNK
    if off:
        template = SHRUNK_BADLY
    elif any(_unsure(row) for row in rows.values()):
        template = SHRUNK_UNSURE
    text = template.format(
        how=RIDGE, slopes=listed(slopes), states=listed(off), low=SLOPE[0], high=SLOPE[1]
    )
    return Answer(text, "performance-figures")


def _unsure(row: Mapping[str, Any]) -> bool:
    low, high = row.get("corrected_low"), row.get("corrected_high")
    return low is None or high is None or low < SLOPE[0] or high > SLOPE[1]


def _beyond_apparent(facts: Facts) -> Answer:
    plan, used = facts.plan, _used(facts)
    template = words.BEYOND if used else words.BEYOND_FOLDS
    text = template.format(folds=plan["folds"], repeats=plan["repeats"], resamples=used)
    return Answer(text, "performance-figures")


def _enough_to_evaluate(facts: Facts) -> Answer:
    states = facts.outcome["states"]
    size = cell_size_of(facts.manifest)
    told = {"least": ENOUGH_EVENTS, "size": size}
    if any(state["patients"] is None for state in states):
        return Answer(IMPRECISE_HIDDEN.format(**told), "performance-figures")
    fewest = min(states, key=lambda state: int(state["patients"]))
    template = PRECISE if fewest["patients"] >= ENOUGH_EVENTS else IMPRECISE
    text = template.format(count=fewest["patients"], state=fewest["label"], **told)
    return Answer(text, "performance-figures")


def _repeated(facts: Facts) -> Answer:
    if facts.config.get("choose", "rule") != "rule":
        return Answer(words.REPEATED_NAMED, "performance-figures")
    text = words.NOT_REPEATED if _used(facts) else words.REPEATED_FOLDS
    return Answer(text, "performance-figures")


def _measured(facts: Facts) -> Answer:
    return Answer(MEASURED if _used(facts) else MEASURED_FOLDS, "performance")


def _used(facts: Facts) -> int:
    """Bootstrap refits behind the corrected figures."""
    return int(facts.validation["resamples"]["used"])


RULES: Mapping[str, Rule] = {
    **of_event.RULES,
    "D3.1": _defined,
    "E3.1": _defined,
    "D4.1": _enough,
    "D4.2": _handling,
    "D4.4": _not_changed,
    "E4.4": _not_changed,
    "D4.5": _overfitting,
    "E4.1": _beyond_apparent,
    "E4.2": _enough_to_evaluate,
    "E4.6": _repeated,
    "E4.7": _measured,
}
"""Question -> rule, all of them."""
