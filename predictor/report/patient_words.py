"""The sentences of one patient's page, as templates: those of the answer, in its order."""

from __future__ import annotations

CHECKS = {
    "suspicious_unit": "check the unit: {names}.",
    "suspicious_value": "check the value: {names}.",
}
DETAIL = "{label} {value} ({message})"
CONTRADICTED = (
    "CONTRADICTED by its calibration range: of patients of the cohort with such a score, {low} to "
    "{high} had the event (no confidence interval). Do not rely on the number above."
)

TITLE = "{question}: {probability}"
PATIENT = "Patient {patient}"

NUMBER = "This patient"
INTERVAL = "{level} interval"
RANGE = "Calibration range"
NO_INTERVAL = "Interval"
BOUNDS = "{low} to {high}"
METHOD = "Made by {method}."
WIDER = "Made by {method}; missing values make it {points} percentage points wider."
RANGE_MEANING = (
    "Of patients of the cohort with such a score, so many had the event; no confidence interval."
)
RANGE_BESIDE = (
    "Of patients of the cohort with such a score, so many had the event; no confidence interval. "
    "The number of this patient lies outside it."
)
RANGE_AVERAGED = (
    "Of patients of the cohort with such a score, so many had the event; no confidence interval. "
    "Averaged over what was not measured."
)
NONE = "none"
NONE_MEANING = "This model carries none, so how uncertain the percentage is stays unknown."
AVERAGE = "A patient with average values"
SHARE = "{share} of the cohort had the event."
EVENT = "Predicted probability of the event."

MONTHS = "By month"
MONTH = "Month"
MONTHS_NOTE = "Months since time zero; the last one is the number above."
REASONS = "What moves it"
FIGURE = "From a patient with average values to this one"
FIGURE_NOTE = (
    "Largest first. Orange to the right raises the prediction, blue to the left lowers it; effects "
    "on the {scale}. This describes the model, not causes."
)
SEEN = (
    "Steps from a patient with average values, {reference}, to this one, {probability}. The "
    "largest are {steps}."
)
NO_STEPS = "none"
STEP = "{label} ({value}) {effect:+.2f}"
OTHERS = "{count} further variables together"
NOTHING = "Nothing moves it: no value of this patient changes what this model predicts."
START, END = "Patient with average values", "This patient"
VALUE = "{value}, {standing}"
WITH_TYPICAL = "{value}; typical {typical}"
TABLE = "Every variable"

VALUES = "About this patient’s values"
WARNING = "Warning: {label} {message}"
MORE_WARNINGS = "{count} more warnings; predictor predict --format json lists all."
GENERAL_WARNING = "Warning: {message}"
IMPUTED = "Not measured, drawn from what the cohort suggests: {names}."
INSIDE = "Like the patients of the cohort: {share} of them lie nearer to its middle."

BEHIND = "What stands behind it"
EVIDENCE = "Evidence: {level}. {statement}"
PROGNOSIS = (
    "This is the prognosis of patients treated as those of the cohort were ({population}). It is "
    "not the effect of a treatment, and no answer to whether this patient needs one."
)
MODEL = "Model {name}, version {version}, {digest}. Written on {day}."

INDEX_TITLE = "{question}: {count} patients"
NOBODY = "No patient was given a prediction"
INDEX_ORDER = (
    "In the order of the file. Nobody comes first: a high probability is no reason for a "
    "treatment, and a low one none against it."
)
IS_OUTSIDE = "OUTSIDE what the model knows"
IS_CONTRADICTED = "contradicted by its calibration range"
SOME_WARNINGS = "{count} warnings"
ONE_WARNING = "1 warning"
SOME_MISSING = "{count} values not measured"
ONE_MISSING = "1 value not measured"
REASON = "{label} {message}"
