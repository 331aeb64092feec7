"""The sentences of both checklists about patients who took no part in making a model."""

from __future__ import annotations

from collections.abc import Mapping

NAMED = "{name} ({n:,} {who} {origin}, {events:,} with the event)"
PATIENTS, SIMULATED_PATIENTS = "patients", "simulated patients"
ORIGIN: Mapping[tuple[str, ...], str] = {
    (): "of the same source",
    ("centre",): "of another centre",
    ("period",): "of another period",
    ("centre", "period"): "of another centre and period",
}

TITLE = (
    "A title that says it: development and {kind} validation of a model that predicts {label} "
    "({horizon}) in {population}."
)
EXTERNAL, INTERNAL = "external", "internal"
AIMS = (
    "A model is developed ({model}), validated internally, and evaluated in patients who took no "
    "part in making it, with nothing refitted: {named}."
)
SOURCES = "Evaluated in other patients: {named}; files {files}."
SIZE = "Other patients: {named}."
PRECISE = "The intervals of {name} are as narrow as an external validation needs."
IMPRECISE = (
    "The intervals of {name} are wider than an external validation needs; it would take up to "
    "{needed:,} such patients."
)
IMPRECISE_UNKNOWN = "The intervals of {name} are wider than an external validation needs."
GAPS = (
    "In other patients missing values were drawn as for an answer; who lacked more than "
    "{share:.0%} of the predictors was left out and counted."
)
ABSENT = "Not measured at all in {name}: {variables}."
MEASURES = (
    "In other patients predictions are fixed: the same figures, with DeLong's interval for the "
    "AUROC; case mix by the membership and the model-based C statistic."
)
NOT_UPDATED = "The evaluation in other patients changed nothing of the model."
PREDICTED = (
    "Other patients got the probabilities that predict() gives by the bundle (sle-ivig-predictor "
    "{versions})."
)
DIFFERENCES = "{name} is {origin}. {mix} Outcome, horizon and eligibility are the model's own."
MIX = "Means that differ by 0.25 standard deviations or more: {variables}."
MIX_ALIKE = "No mean differs by 0.25 standard deviations or more."
MIX_UNKNOWN = "The bundle holds nothing to compare its predictors with."
DIFFERENCES_REMAIN = "How care and the assessment of predictors and outcome differ."
BESIDE = "Predictors of {names} stand beside those of the development, with missing values."
BESIDE_REMAINS = "How the outcome is distributed beside the development data, and why."
NUMBERS = "Evaluation: {named}."
PERFORMANCE = "In other patients, with 95% interval: {told}."
FIGURES = "{name}: AUROC {auroc}, observed over expected {ratio}, calibration slope {slope}"
NOT_DEFINED = "not defined"
INTERVAL = "{value:.2f} ({low:.2f} to {high:.2f})"
CENTRES = "Centres of {names} are told apart, with a summary by random effects."

UPDATED = "An existing model ({name}, version {version}) was updated: {what}, by {n} patients."
FEWER = "fewer than {size}"
UPDATE_TITLE = (
    "A title that says it: updating of a model that predicts {label} ({horizon}) in {population}."
)
UPDATE_FIGURES = (
    "AUROC, calibration intercept and slope, Brier score and log loss before and after the update, "
    "the latter freed of optimism; which change was needed, by likelihood ratio tests or as it was "
    "asked for."
)
UPDATE_PREDICTED = (
    "Patients of the update were predicted by the old model as it was, and by the updated one."
)
UPDATE_AIMS = "{updated} {evaluated}"
UPDATE_EVALUATED = "It was evaluated in others since: {named}."
UPDATE_NOT_EVALUATED = "It has not been evaluated in anybody else since."
UPDATE_USE = (
    "The new patients were used for the update alone. Its gain is freed of optimism by {resamples} "
    "bootstrap resamples with the whole procedure repeated."
)
UPDATE_GAIN = (
    "Log loss on the patients of the update: {before:.3f} by the old model, {corrected:.3f} by the "
    "updated one, freed of optimism."
)
UPDATE_GAIN_UNKNOWN = "What the update gained could not be freed of optimism."

INCLUDED = (
    "Facts: {named}. Left out by the model's own limits and criteria, for a missing outcome, or "
    "with too many predictors missing; the flow stands with each."
)
PREPROCESSING = (
    "Yes: the bundle filled in, encoded and scaled the values of every patient by what it had "
    "learned from the patients of the development alone."
)
BEYOND = "Yes: the model as it is was tried on patients who took no part in making it: {named}."
BEYOND_SIMULATED = (
    "Probably yes: beside resampling, the model was tried on simulated patients alone, who "
    "validate nothing: {named}."
)
UPDATE_BEYOND = (
    "Yes: figures after the update are freed of optimism by {resamples} resamples. Nobody else was "
    "tried since."
)
ENOUGH = "Probably yes: {name} is precise enough, with {events:,} events and {others:,} others."
TOO_FEW = (
    "Probably no: of {name}, {events:,} events and {others:,} others, where at least 100 of each "
    "are commonly asked for; the intervals are wide."
)
NO_GAPS = "Yes: no value of a predictor is missing in {names}."
FEW_GAPS = (
    "Probably yes: gaps in {names} were filled in by draws, given what was measured, as for an "
    "answer."
)
MANY_GAPS = (
    "Probably no: in {names} more than 20% of the values of a predictor are missing; they were "
    "filled in by draws, given what was measured, as for an answer."
)
NOT_THE_SAME = (
    "Probably yes: they are not the cohort of the development, and nothing was learned from them. "
    "The bundle holds no identifiers by which single patients could be found again."
)
MAYBE_THE_SAME = (
    "Probably no: the means of {names} lie closer to those of the development than the means of "
    "one in 10,000 other cohorts would, as where the same patients are given again."
)
NOT_THE_SAME_REMAINS = "Whether single patients are in both."
UPDATE_REPEATED = (
    "Yes: the whole update, with its closed test and penalty, was repeated in each of {resamples} "
    "resamples."
)
MEASURED = (
    "Yes: in other patients discrimination (AUROC), calibration (intercept, slope, observed over "
    "expected, curve), Brier score and net benefit, with intervals."
)
MEASURED_REPEATED = (
    "Probably yes: in other patients discrimination (AUROC), calibration (intercept, slope, "
    "observed over expected, curve), Brier score and net benefit; but patients of {names} have "
    "several rows, so that the intervals are too narrow."
)
UPDATE_MEASURED = (
    "Probably yes: AUROC, calibration intercept and slope, Brier score and log loss before and "
    "after the update, freed of optimism; without intervals, curves and net benefit."
)
