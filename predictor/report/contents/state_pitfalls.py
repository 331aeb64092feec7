"""Section *Pitfalls* of a report on several states: the checks of an event that apply to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from predictor.report.contents import pitfall_words as words
from predictor.report.contents.pitfalls import FROM_MANIFEST, Told, pitfalls
from predictor.report.contents.source import Source
from predictor.report.document import Section
from predictor.validation import pitfall as rules
from predictor.validation.pitfall import RULES, Pitfall, graded, unassessed

INTRODUCTION = (
    "{checks} checks that a program can make, each with what was found and what it means. Those on "
    "the outcome were made for each state against all others: the event is then to be in that "
    "state, p-values are multiplied by the number of states, and the worst result is told. A check "
    "that is passed proves nothing: most errors of a study are in places where no program looks."
)
NO_BOOTSTRAP = "there is no bootstrap"
NOT_RANKED = "how refits rank the variables is not kept for several states so far"
NAMED = "the model was named beforehand, so there was no choice"
NOT_REPEATED = "the choice is not repeated in the resamples of several states so far"
NO_CENTRES = "figures by centre are not made for several states so far"

FINDINGS: Mapping[str, Mapping[str, str]] = {
    **words.FINDINGS,
    "separation": {
        "passed": "No combination of the predictors separates a state from the others.",
        "note": "Predictors with a state in which everybody or nobody came to be in it: {states}.",
        "warning": "A combination of the predictors separates a state from all others.",
    },
    "events_per_parameter": {
        "": "{patients} patients for {parameters} candidate parameters; {needed} were needed."
    },
    "optimism": {
        "": (
            "The ordinal c is {apparent} apparent and {corrected} corrected; the lowest corrected "
            "calibration slope of a state is {slope}."
        )
    },
    "calibration_drift": {
        "": (
            "Observed less expected share of a state spreads by {spread} percentage points between "
            "test folds, {by_chance} by chance; {drift} are left ({p_value})."
        )
    },
}
"""As for an event, in words of states."""

OWN_RULES: Mapping[str, str] = {
    **RULES,
    "separation": (
        "Warning: some combination of the predictors separates all patients in a state from all "
        "others, so that plain maximum likelihood has no finite solution. Note: a predictor has a "
        "state in which everybody or nobody came to be in a state of the outcome."
    ),
    "calibration_drift": (
        "Spread between test folds of observed less expected share of a state, beyond what folds "
        "drawn anew among patients with the same outcome give (p < 0.01). Warning: more than 0.15. "
        "Note: more than 0.05."
    ),
    "centre_shift": (
        "Standardised difference of each predictor, and of the share of each state, between a "
        "centre and the others. Warning: at least 0.5 beyond chance (p < 0.01 over all of them). "
        "Note: at least 0.25."
    ),
    "events_per_parameter": (
        "Warning: fewer patients than the sample-size criteria ask for, which stand under the "
        "verdict."
    ),
    "optimism": (
        "Warning: a corrected calibration slope of a state below 0.8, or an apparent ordinal c "
        "that is more than 0.05 above the corrected one. Note: below 0.9, or more than 0.02."
    ),
}


def state_pitfalls_section(source: Source) -> Section:
    """The checks of a bundle of several states.

    Parameters
    ----------
    source
        The bundle, opened.
    """
    return pitfalls(source, OF_STATES)


def _size(manifest: Mapping[str, Any]) -> Pitfall:
    size, patients = manifest["validation"]["sample_size"], manifest["cohort"]["patients"]
    figures = {"patients": patients, "parameters": size["parameters"], "needed": size["n"]}
    return graded("events_per_parameter", patients < size["n"], False, figures)


def _optimism(manifest: Mapping[str, Any]) -> Pitfall:
    if manifest["model"]["candidate"] == "prevalence":
        return unassessed("optimism", words.NO_PREDICTORS)
    rows = {row["name"]: row for row in manifest["validation"]["figures"]}
    if rows["orc"].get("corrected") is None:
        return unassessed("optimism", NO_BOOTSTRAP)
    slopes = [
        row["corrected"]
        for name, row in rows.items()
        if name.startswith("slope_") and row.get("corrected") is not None
    ]
    orc = rows["orc"]
    return rules.optimism(orc["apparent"], orc["corrected"], min(slopes, default=None))


def _explanation(manifest: Mapping[str, Any]) -> Pitfall:
    del manifest
    return unassessed("unstable_explanation", NOT_RANKED)


def _failed(manifest: Mapping[str, Any]) -> Pitfall:
    found = manifest["validation"]["resamples"]
    return rules.failed_resamples(found["drawn"], found["used"])


def _choice(manifest: Mapping[str, Any]) -> Pitfall:
    named = manifest["config"].get("choose", "rule") != "rule"
    return unassessed("unstable_choice", NAMED if named else NOT_REPEATED)


def _centres(manifest: Mapping[str, Any]) -> Pitfall:
    del manifest
    return unassessed("centre_performance", NO_CENTRES)


OF_STATES = Told(
    INTRODUCTION,
    FINDINGS,
    OWN_RULES,
    {
        **FROM_MANIFEST,
        "events_per_parameter": _size,
        "optimism": _optimism,
        "unstable_explanation": _explanation,
        "failed_resamples": _failed,
        "unstable_choice": _choice,
        "centre_performance": _centres,
    },
)
