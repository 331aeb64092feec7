"""The sentences that answer signalling questions of PROBAST+AI, as templates.

Those that begin with one of the tool's answers are given by a rule; the others are facts only.
"""

from __future__ import annotations

from collections.abc import Mapping

NONE = "none"

SIMULATED = "No: the patients are simulated, and nobody was observed."
INCLUDED = (
    "Facts: meant for {population}; limits: {limits}; criteria that patients were left out for: "
    "{exclusions}. Nobody was left out for a missing predictor."
)
INCLUDED_REMAINS = "Whether those who are left stand for the patients the model is meant for."
PREPROCESSING = (
    "Yes: the same code converted, filled in, encoded and scaled the values of every patient, by "
    "what it had learned from the training patients alone."
)
AVAILABLE = (
    "Probably yes: the dictionary marks none of the {predictors} candidate predictors as measured "
    "after time zero; one that it marks so is refused."
)
AVAILABLE_REMAINS = "Whether every value was really measured by then."
DEFINED = "Facts: the event is {name} being {event}."
DEFINED_REMAINS = "Whether that is a standard definition, set beforehand and assessed accurately."
OUTCOME_APART = "Facts: the outcome is not among the predictors."
NO_LEAKAGE = (
    "Facts: the outcome is not among the predictors, and no predictor tells it exactly or almost."
)
LEAKAGE = "Probably no: a predictor tells the outcome exactly or almost, see the pitfalls."
BLIND_REMAINS = "Whether those who assessed the outcome knew or used the predictors."
START_UNKNOWN = "a time zero that the configuration does not name"
INTERVAL = "Facts: {horizon}, counted from {start}."
INTERVAL_REMAINS = "Whether that is neither too short nor too long, and the same for all."
ENOUGH = "Yes: {verdict}"
TOO_FEW = "No: {verdict}"
STRAIGHT = (
    "No information: no number was cut into groups, but each has one straight line on the log-odds "
    "scale, and whether its relation is straight was not examined."
)
NOTHING_HANDLED = "Everybody gets the prevalence; no predictor enters."
SHAPES = "Yes: no number was cut into groups beforehand, and the model finds shapes itself."
NO_GAPS = "Yes: no value of a predictor of the model is missing."
FEW_GAPS = "Probably yes: gaps were filled in {method} inside each training set, once."
MANY_GAPS = (
    "Probably no: more than 20% of the values of a predictor are missing and were filled in "
    "{method}, once; multiple imputation is preferred."
)
GAPS = (
    "Facts: gaps were filled in {method} inside each training set, once; this bundle does not say "
    "how many there were."
)
IMPUTATION: Mapping[str, str] = {
    "median": "by the median or most frequent state",
    "mean": "by the mean or most frequent state",
    "iterative": "by chained regressions",
}
NOT_CHANGED = "The share of events was not changed: no resampling, no weights."
NOTHING_FITTED = "Everybody gets the prevalence; there is nothing to fit too closely."
SHRUNK = "Yes: {how}; what is left was measured, the {by} calibration slope is {slope}."
UNSHRUNK = (
    "Probably yes: {how}, which is no shrinkage against overfitting; what is left was measured, "
    "the {by} calibration slope is {slope}."
)
SHRUNK_BADLY = (
    "Probably no: {how}; the {by} calibration slope, {slope}, lies outside {low:.2f} to "
    "{high:.2f}, so predictions are still too extreme or too much alike."
)
SHRUNK_UNSURE = (
    "No information: {how}; the interval of the {by} calibration slope, {slope}, reaches "
    "beyond {low:.2f} to {high:.2f}, so what is left cannot be judged."
)
SHRUNK_NO_INTERVAL = (
    "No information: {how}; the {by} calibration slope, {slope}, has no interval, so what is left "
    "cannot be judged."
)
SHRUNK_BY: Mapping[bool, str] = {False: "corrected", True: "cross-validated"}
SHRUNK_NO_SIGNAL = (
    "No information: {how}; no signal was shown, so the {by} calibration slope, {slope}, "
    "tells little of what is left."
)
SHRUNK_UNKNOWN = "No information: {how}; what is left was not measured by a bootstrap."
NOT_SHRUNK = ("one_predictor", "firth")
"""Candidates whose penalty removes bias in small samples and does not answer for overfitting."""
SHRINKAGE: Mapping[str, str] = {
    "one_predictor": "one predictor named beforehand, with Firth's penalty",
    "firth": "Firth's penalty, and no selection of predictors by their p-values",
    "ridge": "a ridge penalty tuned in inner folds",
    "elastic_net": "an elastic net penalty tuned in inner folds",
    "ebm": "shallow steps averaged over many rounds",
    "random_forest": "trees with a smallest leaf tuned in inner folds, averaged",
    "hist_gradient_boosting": "small trees and a learning rate tuned in inner folds",
}
BEYOND = (
    "Yes: {repeats} times {folds}-fold cross-validation and {resamples:,} bootstrap resamples; "
    "apparent figures stand beside the corrected ones. No other patients were tried."
)
BEYOND_FOLDS = "Yes: {repeats} times {folds}-fold cross-validation. No other patients were tried."
PRECISE = (
    "Probably yes: {events:,} events and {others:,} others, at least {least} of each; the "
    "intervals say how precise the figures are."
)
IMPRECISE = (
    "Probably no: {events:,} events and {others:,} others, where at least {least} of each are "
    "commonly asked for; the intervals are wide."
)
PEOPLE_UNKNOWN = (
    "Probably no: no column names the patient, so rows of one person may be in training and test."
)
NOT_LEAKED = (
    "Yes: filling in, scaling and tuning saw the training part only, and {whole} in a fold."
)
WHOLE: Mapping[str, str] = {
    "patient": "rows of a patient stay whole",
    "centre": "patients of a centre stay whole",
    "none": "every patient has one row",
}
CHOICE_LEFT_OUT = "The choice of the model was not repeated"
REPEATED_NAMED = (
    "Yes: filling in, scaling, tuning and fitting were repeated in each resample, and there was no "
    "choice, as the model was named beforehand."
)
REPEATED = (
    "Yes: filling in, scaling, tuning and fitting were repeated in each resample, and in a second "
    "set of figures the choice among the candidates as well."
)
NOT_REPEATED = (
    "Probably no: filling in, scaling, tuning and fitting were repeated in each resample, but the "
    "choice among the candidates was not, or not among all."
)
REPEATED_FOLDS = (
    "Probably no: every step was repeated in each fold, but not the choice among the candidates, "
    "which was made by the same folds."
)
MEASURED = (
    "Yes: discrimination (AUROC), calibration (intercept, slope, observed over expected, curve), "
    "Brier score and net benefit, corrected for optimism with intervals."
)
MEASURED_BUT = (
    "Probably yes: discrimination (AUROC), calibration (intercept, slope, observed over expected), "
    "Brier score and net benefit, corrected for optimism; but {lacks}."
)
LACKS_CURVES = "this bundle holds no calibration curve"
LACKS_INTERVALS = "intervals of some of them end at the estimate and do not cover its uncertainty"
LACKS_CORRECTION = "cross-validated instead of corrected: {names}"
LACKS_ANY_INTERVAL = "without interval: {names}"
MEASURED_FOLDS = (
    "Probably yes: discrimination, calibration and Brier score by cross-validation; no figure is "
    "corrected for optimism by a bootstrap."
)
