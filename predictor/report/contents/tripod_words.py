"""The sentences that answer items of TRIPOD+AI, as templates; which one stands is decided by rules.

What is called ``REMAINS`` is what a run cannot know of an item that it answers in part.
"""

from __future__ import annotations

from collections.abc import Mapping

NONE = "none"

TITLE = (
    "A title that says it: development and internal validation of a model that predicts {label} "
    "({horizon}) in {population}."
)
TITLE_REMAINS = "The title of the publication."
PURPOSE = "It is meant for {population} and predicts {label} ({horizon}): prognosis, no diagnosis."
PURPOSE_REMAINS = "Its place in the course of care, its purpose and its users."
AIMS = (
    "A model is developed ({model}) and validated internally, in the patients it was made from. "
    "It is not evaluated in others."
)
SOURCES = "One data set for development and internal validation: {file}."
SOURCES_SIMULATED = (
    "Simulated patients, rebuilt from published tables. No real patient is behind any figure."
)
SOURCES_MARKED = (
    "One data set whose patients are marked as simulated: {file}. No real patient is behind any "
    "figure."
)
SOURCES_REMAIN = "Design of the source, why it was used, and whom its patients stand for."
NO_DATES = "The patients are simulated, so there are no dates."
NO_SETTING = "The patients are simulated, so there is no setting."
SETTING = "{centres} centres."
SETTING_REMAINS = "The kind of care, and where the centres are."
ELIGIBILITY = (
    "Population: {population}. Limits: {limits}. Criteria that patients were left out for: "
    "{exclusions}. A missing outcome excludes, a missing predictor does not."
)
NO_TREATMENTS = "The patients are simulated, so none was treated."
CHECKING = (
    "Every value was converted to one unit by the dictionary and held against the range in which "
    "it is plausible; {impossible}. Repeated patients, copies of rows, and predictors that tell "
    "the outcome were looked for. The same rules hold for everybody."
)
IMPOSSIBLE = {
    "refuse": "an impossible value stops the run",
    "missing": "impossible values were counted and taken for missing",
}
CHECKING_REMAINS = (
    "What was done before the data reached this program, and whether alike in all groups."
)
OUTCOME = (
    "Event: {name} is {event}. Horizon: {horizon}, counted from {start}. The outcome is not among "
    "the predictors."
)
START_UNKNOWN = "a time zero that the configuration does not name"
OUTCOME_REMAINS = "How and by whom it was assessed, why it was chosen, and whether alike in all."
NO_ASSESSORS = "The patients are simulated, so nobody assessed them."
CHOICE = (
    "{predictors} candidate predictors were named in the configuration before any fit; none was "
    "chosen by its relation to the outcome before modelling. {kept}"
)
SELECTED = "The penalty can set a coefficient to zero, inside each fold and resample anew."
NOT_SELECTED = "The model keeps all of them."
ONE_PREDICTOR = "The chosen model uses one of them, named beforehand."
NO_PREDICTOR = "The chosen model, the prevalence, uses none."
CHOICE_REMAINS = "Why these: literature, earlier models, or what was there."
PREDICTORS = (
    "{names}. The dictionary marks none of them as measured after time zero; one that it marks so "
    "is refused. Units, plausible ranges and their sources stand in the manifest."
)
PREDICTORS_REMAIN = "How and when each was measured, and whether blind to the outcome."
SAMPLE_SIZE = (
    "{verdict} By the criteria of Riley and colleagues for {parameters} candidate parameters; "
    "assumed: {assumed}."
)
ANTICIPATED = "an AUROC of {auroc}, anticipated in the configuration"
SAMPLE_SIZE_REMAINS = "How the number of patients came about."
MISSING = (
    "Missing values of predictors were filled in: {method}, learned inside each training set. No "
    "patient was left out for them."
)
NO_GAPS = "No value of a candidate predictor is missing."
GAPS_UNUSED = (
    "Some candidate predictors have missing values; the chosen model, the prevalence, uses none of "
    "them. No patient was left out for them."
)
OUTCOME_LEFT_OUT = "Patients without an outcome were left out."
NOBODY_LEFT_OUT = "Nobody was left out for a missing outcome."
IMPUTATION = {
    "median": "by the median, or the most frequent state (one imputation)",
    "mean": "by the mean of a number, or the most frequent state (one imputation)",
    "iterative": "by chained regressions on the other predictors (one imputation)",
}
INDICATORS = "Being missing is itself a predictor for: {names}."
MISSING_REMAINS = "Why values are missing."
USE = (
    "All patients were used for development. Internal validation resamples the same patients: "
    "{repeats} times {folds}-fold cross-validation to compare candidates, {resamples:,} bootstrap "
    "resamples to correct the chosen one for optimism. Nobody was set aside, as a split would "
    "waste patients."
)
USE_FOLDS = (
    "All patients were used for development. Internal validation resamples the same patients by "
    "{repeats} times {folds}-fold cross-validation; there is no bootstrap."
)
HANDLING = (
    "Numbers enter as they are, on one straight line on the log-odds scale, standardised; none is "
    "cut into groups. States enter as indicators against the most frequent one."
)
HANDLING_NONE = (
    "The chosen model, the prevalence, has no predictor. How the other candidates take them stands "
    "with the comparison."
)
HANDLING_TREES = (
    "Numbers enter in their clinical unit; the model finds shapes and thresholds itself. States "
    "enter as indicators."
)
BUILDING = (
    "Compared: {candidates}. {chosen} Settings were tuned by log loss in {inner} inner folds of "
    "each training set; filling in, scaling, tuning and fitting were repeated in every fold and "
    "resample."
)
NAMED = "{model} was named beforehand."
BY_RULE = (
    "{model} was taken by rule: the simplest model within one paired standard error of the "
    "smallest log loss."
)
BUILDING_REMAINS = "Why these candidates."
NO_CENTRES = "No centre is named, so differences between centres were not examined."
CLUSTERS = (
    "Centres stay whole in all folds. Each was left out in turn and predicted by a model from the "
    "others; figures were summarised by random effects with prediction intervals."
)
CLUSTERS_UNTESTED = (
    "Centres stay whole in all folds. They could not be left out one by one, so differences "
    "between them were not measured."
)
MEASURES = (
    "Discrimination: AUROC. Calibration: intercept, slope, observed over expected events, "
    "E-average. Overall: Brier and scaled Brier score. Clinical use: net benefit at {thresholds}. "
    "{each} {curves} Models were compared by log loss, paired by patient."
)
EACH = "Each is told as apparent, cross-validated and corrected for optimism."
EACH_BUT = (
    "Each is told as apparent, cross-validated and corrected for optimism; not corrected, because "
    "the correction is not trusted: {names}."
)
EACH_FOLDS = "Each is told as cross-validated; nothing was corrected for optimism."
CURVES = "ROC, calibration and decision curves are drawn."
NO_CURVES = "This bundle holds no ROC, calibration or decision curve."
NO_UPDATING = "No existing model was evaluated or updated."
PREDICTED = (
    "Patients were predicted by models refitted without them (sle-ivig-predictor {version})."
)
DRAWN = (
    "Where a value was missing, one was filled in; predict() draws 40 for a new patient and "
    "averages their probabilities, so with missing values what was validated is not quite what is "
    "used."
)
NO_IMBALANCE = "The share of events was not changed: no resampling, no weights."
FLIC = (
    "The share of events was not changed: no resampling, no weights. The intercept is corrected so "
    "that predictions average to the observed share (FLIC)."
)
FAIRNESS = "Performance is told in subgroups of the patients; small ones are masked."
FAIRNESS_CONSTANT = (
    "Everybody has the same probability, so subgroups can differ only in how many events there "
    "are for those that are expected; small ones are masked."
)
NO_SUBGROUPS = (
    "None of the predictors is a state or an age, so performance was examined in no subgroup."
)
FAIRNESS_REMAINS = "What was done about fairness, and why."
OUTPUT = (
    "A probability with a range. Nothing is classified; {thresholds} are thresholds at which net "
    "benefit is told, set in the configuration before the run."
)
SAME_DATA = "Development and internal validation use the same patients; there are no others."
NO_ETHICS = "The patients are simulated, so no approval is needed."
SHARED = (
    "The patients are simulated and anybody can make them again: predictor simulate --patients "
    "{patients} --seed {seed} --scenario {scenario}."
)
CODE = (
    "Made with sle-ivig-predictor {version} (commit of the folder it ran in: {commit}); the "
    "configuration stands in this report."
)
COMMIT_UNKNOWN = "not known"
CODE_REMAINS = "Where the code can be had, and under which licence."
FLOW = "{patients:,} analysed, {events:,} with the event and {others:,} without it."
FLOW_REMAINS = "How long patients were followed."
FLOW_BEFORE = (
    "Nobody was left out of the file, so it may hold patients who were selected already: how many "
    "were looked at and why the others are not in it. How long patients were followed."
)
TABLE_ONE = "Predictors, events and missing values by outcome; small counts are masked."
TABLE_ONE_REMAINS = "Dates, treatments and follow-up, and differences between demographic groups."
NUMBERS = (
    "Development: {patients:,} patients with {events:,} events. Comparison: the same, each patient "
    "predicted by models without the fold of the patient ({folds} folds). Tuning: {inner} inner "
    "folds of each training set. Correction for optimism: {resamples:,} resamples of the same size."
)
FORMULA = (
    "The full equation with every transformation and a worked example stand in this report; the "
    "bundle {digest} holds the same numbers and predicts without this report."
)
ONE_NUMBER = (
    "Everybody gets the same probability, which stands in this report; there is nothing else to "
    "specify. The bundle {digest} holds it."
)
NO_FORMULA = (
    "The model is no formula; the bundle {digest} holds it and predicts with it, on the command "
    "line, from Python or over HTTP."
)
SPECIFICATION_REMAINS = "What restricts access to the model and its use."
PERFORMANCE = "Corrected for optimism{interval}: {figures}."
PERFORMANCE_OUT_OF_FOLD = "Cross-validated and not corrected{interval}: {figures}."
WITH_INTERVALS = ", with 95% interval"
SOME_INTERVALS = ", with 95% interval where one is given"
NO_INTERVALS = ", without interval"
FIGURE_NAMES: Mapping[str, str] = {
    "auroc": "AUROC {value}",
    "calibration_slope": "calibration slope {value}",
    "brier": "Brier score {value}",
}
LIMITS_REMAIN = "What the limits of the study do to bias, precision and generalisability."
POOR_INPUT = (
    "A missing predictor is filled in and named in the answer; a patient of whom more than "
    "{share:.0%} of the predictors are missing gets none. Impossible values and unknown units are "
    "refused, suspicious ones are warned of."
)
USERS = (
    "Values are entered by hand, from a file or from FHIR, with their unit; no other handling is "
    "needed. Explanations are given in clinical variables."
)
USERS_REMAIN = "Who the users are and what they must know."
NEXT_REMAINS = "For whom and where the model is expected to hold, and what else is to be studied."
