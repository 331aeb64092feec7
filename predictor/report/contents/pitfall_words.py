"""The sentences of the pitfalls, as templates by check and status."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "leakage": "Leakage suspicion",
    "separation": "Separation",
    "events_per_parameter": "Events per parameter",
    "optimism": "Optimism",
    "calibration_drift": "Calibration drift across folds",
    "unstable_explanation": "Unstable explanation",
    "imputation": "Imputation above 20%",
    "centre_shift": "Shift between centres",
    "row_order": "Outcome by order of rows",
    "rows_for_patients": "Rows taken for patients",
    "telling_gaps": "Missing values that tell the outcome",
    "copied_rows": "Copied rows",
    "nearly_constant": "Nearly constant predictors",
    "alike_predictors": "Predictors that say the same",
    "tuning_edge": "Tuning at the edge of its grid",
    "failed_resamples": "Failed bootstrap refits",
    "unstable_choice": "Unstable choice of the model",
    "centre_performance": "Performance in a further centre",
    "cut_short": "Validation cut short",
    "other_filling": "Validated otherwise than used",
}

FINDINGS: Mapping[str, Mapping[str, str]] = {
    "leakage": {
        "passed": (
            "No predictor alone tells the outcome. The strongest, {variable}, has an AUROC of "
            "{auroc}."
        ),
        "note": "{variable} alone has an AUROC of {auroc}.",
        "warning": (
            "Predictors that tell the outcome exactly or almost, by their value or by being "
            "missing: {suspected}."
        ),
    },
    "separation": {
        "passed": "No combination of the predictors separates events from the others.",
        "note": "Predictors with a state in which everybody or nobody had the event: {states}.",
        "warning": "A combination of the predictors separates all events from all others.",
    },
    "events_per_parameter": {
        "passed": (
            "{patients} patients with {events} events for {parameters} candidate parameters, "
            "{per_parameter} of the rarer outcome each; {needed} patients with {needed_events} "
            "events were needed."
        ),
        "warning": (
            "{patients} patients with {events} events for {parameters} candidate parameters, "
            "{per_parameter} of the rarer outcome each; {needed} patients with {needed_events} "
            "events were needed."
        ),
    },
    "optimism": {
        "": (
            "The AUROC is {apparent} apparent and {corrected} {auroc_by}; {slope_by} calibration "
            "slope {slope}."
        )
    },
    "calibration_drift": {
        "": (
            "Observed less expected share of events spreads by {spread} percentage points between "
            "test folds, {by_chance} by chance; {drift} are left ({p_value})."
        )
    },
    "unstable_explanation": {
        "": (
            "Of the three variables that matter most, {variable} is least sure to be one: it is "
            "among the first three in {share} of {refits} refits."
        )
    },
    "imputation": {
        "passed": "No predictor of the model had more than 5% of its values filled in.",
        "note": "At most {share} of the values of a predictor were filled in ({variable}).",
        "warning": (
            "Predictors of which more than 20% of the values were filled in: {above}; the most, "
            "{share}, of {variable}."
        ),
    },
    "centre_shift": {
        "passed": (
            "Of {centres} centres, {compared} were compared with the others; none differs by a "
            "quarter of a standard deviation beyond chance."
        ),
        "note": "The largest difference is {smd} standard deviations, of {variable}.",
        "warning": "The largest difference is {smd} standard deviations, of {variable}.",
    },
    "row_order": {"": "{p_value}; trend {trend_p}, runs {runs_p}."},
    "rows_for_patients": {
        "passed": "A column names the patient, and a patient's rows stay in one fold.",
        "warning": "It is not known, or not used, which rows belong to the same patient.",
    },
    "telling_gaps": {
        "passed": (
            "Of {predictors} predictors with gaps, for none does being missing go with the outcome "
            "beyond the limit set ({p_value})."
        ),
        "note": "Whether {variable} is missing goes with the outcome ({p_value}).",
        "warning": "Whether {variable} is missing goes with the outcome ({p_value}).",
    },
    "copied_rows": {
        "passed": "No two patients agree in every predictor and the outcome.",
        "warning": "Rows that repeat one of another patient: {copies}.",
    },
    "nearly_constant": {
        "passed": "Every predictor varies.",
        "note": "Predictors that hardly vary: {predictors}.",
    },
    "alike_predictors": {
        "passed": "The largest rank correlation of two predictors is {largest}.",
        "note": "Pairs with a rank correlation of at least 0.9: {pairs}.",
    },
    "tuning_edge": {
        "passed": "At most {share} of {folds} folds chose the edge of the grid.",
        "note": "{share} of {folds} folds chose the edge of the grid.",
    },
    "failed_resamples": {"": "{failed} of {drawn} bootstrap refits failed ({share})."},
    "unstable_choice": {
        "": "{model} is chosen in {share} of the resamples; next comes {other} with {other_share}."
    },
    "centre_performance": {
        "": (
            "In a further centre the AUROC is expected between {auroc_low} and {auroc_high}, "
            "observed over expected events between {ratio_low} and {ratio_high}."
        )
    },
    "cut_short": {
        "passed": "Everything was done that the configuration asks for.",
        "note": "Parts that were left out, shortened or not repeated: {notes}.",
    },
    "other_filling": {
        "passed": "Validation and predict() fill in a missing value alike.",
        "": (
            "In {patients} of the patients a predictor of the model is missing. Validation filled "
            "in one value; predict() draws 40 and averages their probabilities."
        ),
    },
}
"""Check -> status -> what was found; the empty status stands for every one."""

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "leakage": {
        "passed": "That proves no predictor to be from before time zero; only its source does.",
        "": (
            "Ask when and from what it was measured. If it is known only with or after the "
            "outcome, every figure of this report is void."
        ),
    },
    "separation": {
        "passed": "Coefficients are not driven to infinity by this cohort.",
        "note": (
            "The weight of such a state rests on the penalty and not on the data; more patients "
            "could turn it round."
        ),
        "warning": (
            "The size of the coefficients comes from the penalty and not from the data; "
            "probabilities near 0 and 1 are not to be believed."
        ),
    },
    "events_per_parameter": {
        "passed": "The cohort can carry a model of this size.",
        "warning": (
            "The cohort cannot carry a model of this size: coefficients and probabilities would "
            "change a lot in another sample."
        ),
    },
    "optimism": {
        "passed": "Fitting and testing on the same patients flatters the model little.",
        "": (
            "The model has learned part of its sample by heart. Believe the corrected figures, and "
            "not the apparent ones."
        ),
    },
    "calibration_drift": {
        "passed": "Models of different folds agree on the level of risk.",
        "": (
            "Models from parts of this cohort do not agree on the level of risk; with few patients "
            "that is the rule. Probabilities are to be recalibrated where the model goes next."
        ),
    },
    "unstable_explanation": {
        "passed": "Another sample would very likely name the same variables first.",
        "": (
            "Another sample might name other variables first. Do not read the order of the "
            "variables as a finding."
        ),
    },
    "imputation": {
        "passed": "What the model learned was measured.",
        "note": "Part of what the model learned was filled in and not measured.",
        "warning": (
            "Much of what the model learned was filled in and not measured; its weight is "
            "uncertain, and figures are too good if the gaps are not there by chance."
        ),
    },
    "centre_shift": {
        "passed": "Centres have patients of the same kind, as far as these predictors tell.",
        "": (
            "Centres have other patients. Part of what predicts may be the place; look at the "
            "figures of each centre before the model goes to a further one."
        ),
    },
    "row_order": {
        "passed": "The order of the rows goes with the outcome not beyond the limit set (0.01).",
        "": (
            "The order of the rows tells the outcome. It is not used, but ask why: sorted by "
            "outcome, two sources put together, or a change over time."
        ),
    },
    "rows_for_patients": {
        "passed": "Nobody is trained on and tested on at once.",
        "warning": (
            "If a patient has several rows, the same person is trained on and tested on, and every "
            "figure is too good. Name the patient in cohort.patient."
        ),
    },
    "telling_gaps": {
        "passed": "Gaps may still depend on what was not recorded.",
        "": (
            "That something was not measured may have to do with how ill the patient was. Where "
            "it is measured for other reasons, the model will not hold."
        ),
    },
    "copied_rows": {
        "passed": "No sign of patients who were entered twice.",
        "warning": (
            "The same patient may be there twice under two names, and then be trained on and "
            "tested on at once."
        ),
    },
    "nearly_constant": {
        "passed": "Each can carry information.",
        "note": "What such a predictor adds rests on very few patients.",
    },
    "alike_predictors": {
        "passed": (
            "No pair is beyond the limit set (0.9); below it, too, related predictors share weight."
        ),
        "note": (
            "How the weight is shared between them is arbitrary, in the coefficients and in the "
            "explanation; look at them together."
        ),
    },
    "tuning_edge": {
        "passed": "The grid was wide enough.",
        "note": (
            "A wider grid might do better. At the strongest penalty it also means that the "
            "predictors help little."
        ),
    },
    "failed_resamples": {
        "passed": "Corrected figures rest on nearly all refits.",
        "": (
            "Refits that fail are the difficult ones; figures that leave them out are too good and "
            "their intervals too narrow."
        ),
    },
    "unstable_choice": {
        "passed": "Most resamples make the same choice.",
        "note": "Another sample would often have led to another model.",
    },
    "centre_performance": {
        "passed": "No centre is expected to be let down.",
        "": "Validate and recalibrate in every centre before use there is thought of.",
    },
    "cut_short": {
        "passed": "No figure is missing for want of time.",
        "note": "What was left out is not known to be harmless.",
    },
    "other_filling": {
        "passed": "What was validated is what is used.",
        "": (
            "For patients with a missing value, what was validated is not quite what is used; the "
            "figures hold for patients in whom everything is measured."
        ),
    },
}
"""Check -> status -> what it means; the empty status stands for all that have none."""

SMALL_DRIFT = (
    "Models of different folds differ in the level of risk beyond chance, but by less than 5 "
    "percentage points."
)
"""In place of what is said where folds agree, as these do not."""

CORRECTED = "corrected"
CROSS_VALIDATED = "cross-validated"
STANDS_FOR: Mapping[str, str] = {"states": "uniform_states"}
"""Field of a template -> figure behind it, where the two have different names."""

NOT_ASSESSED = "Not assessed: {reason}."
NO_FINDINGS = "this bundle does not hold what only the patients can tell; train again to find it"
NO_PART = "the bundle does not hold what it needs"
OTHER_VERSION = "it was judged by figures of another version; train again with this one"
NO_PREDICTORS = "the chosen model has no predictors"
UNKNOWN_MEANING = "Nothing can be said about it from this bundle."
NOTHING_MEANING = "There is nothing to judge here."
NOT_SHOWN = "not shown"
FEWER = "fewer than {cell_size}"
SHARE_OF_EVENTS = "the share of events"

OF_STATE = "{told} State: {state}."
"""Of several states the one whose result is told."""
INTRODUCTION = (
    "{checks} checks that a program can make, each with what was found and what it means. A check "
    "that is passed proves nothing: most errors of a study are in places where no program looks."
)
WARNING_LABEL = "Warnings"
NOTE_LABEL = "Notes"
PASSED_LABEL = "Passed"
UNASSESSED_LABEL = "Not assessed"
WARNING_MEANING = "To be answered before anything else is done with the model."
NOTE_MEANING = "Worth knowing."
PASSED_MEANING = "Looked for and not found."
UNASSESSED_MEANING = "With the reason beside them."

DETAILS: Mapping[str, str] = {
    "leakage": "Predictors under suspicion",
    "unstable_explanation": "The three that matter most, and how often refits agree",
    "imputation": "Share of values that were filled in",
    "centre_shift": "Differences between a centre and the others",
    "telling_gaps": "Predictors whose gaps go with the outcome",
    "nearly_constant": "Predictors that hardly vary",
    "alike_predictors": "Pairs that say the same",
    "tuning_edge": "Settings at the edge of their grid",
    "cut_short": "What was left out",
}
DETAIL_NOTE = "What would tell a count of fewer than {cell_size} patients is not shown."
RULES_CAPTION = "By which rule each check is judged"

LABELS: Mapping[str, str] = {
    "variable": "Predictor",
    "code": "Suspicion",
    "share": "Share",
    "centre": "Centre",
    "smd": "Difference (standard deviations)",
    "first": "Predictor",
    "second": "Says the same",
    "correlation": "Rank correlation",
    "setting": "Setting",
    "end": "End of the grid",
    "value": "Value",
    "note": "Note",
}
SUSPICIONS: Mapping[str, str] = {
    "suspected_leakage": "tells the outcome exactly",
    "nearly_separates": "tells the outcome almost exactly",
}

SECTIONS: Mapping[str, str] = {
    "events_per_parameter": "verdict",
    "optimism": "performance-figures",
    "calibration_drift": "performance-calibration",
    "unstable_explanation": "explanation-importance",
    "imputation": "patients-missing",
    "telling_gaps": "patients-missing",
    "centre_shift": "performance-centres",
    "centre_performance": "performance-centres",
    "rows_for_patients": "patients-flow",
    "copied_rows": "patients-flow",
    "nearly_constant": "patients-table-one",
    "alike_predictors": "explanation-importance",
    "unstable_choice": "performance-candidates",
    "failed_resamples": "performance-figures",
    "other_filling": "patients-missing",
}
"""Check -> section of the report with the evidence, where it has no table of its own."""
