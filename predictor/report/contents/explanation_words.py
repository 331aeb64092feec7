"""Sentences of the section on the explanation."""

from __future__ import annotations

from collections.abc import Mapping

TITLE = "Explanation"
IMPORTANCE, BEESWARM = "Which variables matter", "What each value does"
DEPENDENCE, DIRECTION = "Variable by variable", "Direction against clinical expectation"
EXAMPLES = "Example patients"

WHAT = (
    "A contribution is how far a patient's value moves the {scale} of {outcome} away from the "
    "average prediction; with that average, all contributions add up to the prediction. They are "
    "exact SHAP values of this kind of model, nothing is sampled; in models of trees they follow "
    "the paths of the patients it was made from. They describe the model and not causes, and least "
    "of all the effect of a treatment."
)
WHAT_LINEAR = (
    "A contribution is how far a patient's value moves the {scale} of {outcome} away from a "
    "typical patient, who has the stand-in of each variable (in the table of coefficients); with "
    "the typical patient's {scale}, all contributions add up to the prediction. They are exact, "
    "nothing is sampled. predict() and the mean sizes below measure from the cohort's average "
    "instead, which moves all contributions of a variable by the same amount. Contributions "
    "describe the model and not causes, and least of all the effect of a treatment."
)
TELLING = (
    "Without a figure here, as their mean contribution would tell a number of patients that Table "
    "1 hides: {names}."
)
NO_EFFECT = "No variable changes what this model predicts, so there is nothing to explain."

IMPORTANCE_TITLE = "Mean absolute contribution to the {scale}"
AVERAGED = "Mean over {patients:,} {unit} of the cohort."
AVERAGED_SOME = "Mean over {patients:,} of the {of:,} {unit} of the cohort, drawn by seed."
REFITTED = (
    "Range over refits: the middle {level:.0%} of {refits:,} refits in bootstrap resamples, with "
    "preparation and tuning repeated. It is no confidence interval: a mean of absolute "
    "contributions grows with the noise of a refit, so the model's own value can lie below the "
    "range."
)
NOT_REFITTED = "There is no range over refits: this model was not refitted in bootstrap resamples."
IMPORTANCE_ALTERNATIVE = (
    "Bars, the longest first. {first} moves the prediction most, by {value:.2f} on average{among}; "
    "{last} moves it least of the {count} shown, by {least:.2f}."
)
AMONG = " (between {low:.2f} and {high:.2f} in {level:.0%} of the refits)"
FURTHER = "{count} further variables with smaller effects are in importance.csv."

RANKS_TITLE = "How often each variable takes each place over the refits"
RANKS_ALTERNATIVE = (
    "A field for each variable and place, the darker the more refits. {first} is first in "
    "{share:.0%} of the refits{second}."
)
RANKS_SECOND = ", {label} in {share:.0%}"
SETTLED = "{label} comes first in {share:.0%} of the refits: the first place is settled."
SETTLED_NO_SIGNAL = (
    "{label} comes first in {share:.0%} of the refits: the most stable place, in a model for which "
    "no signal was shown. A place that is stable is no finding about patients."
)
UNSETTLED = (
    "Which variable comes first is not settled: {label} does in {share:.0%} of the refits{second}. "
    "Another cohort of the same size could well give another order."
)
SURE = 0.8

PROFILES = (
    "Drawn are {count} synthetic profiles, which follow the cohort's distributions and "
    "correlations between the 5th and the 95th percentile. No dot is a real patient."
)
MOMENTS = (
    "Drawn are {count} synthetic profiles from the bundle's means and correlations, as this bundle "
    "was made by an earlier version that kept no others. No dot is a real patient, and skewed "
    "distributions look more even than they are."
)
REAL = (
    "Drawn are real patients, as the study's configuration (explanation.patients) or whoever wrote "
    "this report (--patients) allows. Each variable is sorted by itself, so no row of a patient is "
    "in it. Keep this report as you would keep their data."
)
NO_PROFILES = "profiles to draw effects from"

AXIS = "Contribution to the {scale}"
BEESWARM_TITLE = "Contributions of the values of each variable"
BEESWARM_ALTERNATIVE = (
    "A row of dots for each of {count} variables, the further right the more a value raises the "
    "prediction, coloured from low to high values. {sentences}"
)
BEESWARM_RAISES = "High values of {label} lie to the right."
BEESWARM_LOWERS = "High values of {label} lie to the left."
BEESWARM_NEITHER = "High and low values of {label} lie on both sides."
BEESWARM_STATES = "A state has no order; its colour is its place in the dictionary: {names}."
LARGEST = "The {count} variables with the largest effects are drawn."

DEPENDENCE_TITLE = "{label}: contribution by value"
CURVE = (
    "The contribution of {label} {moves} from {first:+.2f} at {low} to {last:+.2f} at {high}."
    "{turns} {reference}"
)
RISES, FALLS, GOES = "rises", "falls", "goes without clear direction"
TURNS = " It is zero near {zero}."
WITHIN = "The reference range is shaded: {reference} {unit}."
OF_ADULTS = (
    "The population is not limited to adults, and the dictionary's reference ranges are those of "
    "adults unless one says otherwise: for children they do not hold."
)
UNDRAWN = (
    "No profile has these states, as Table 1 hides how many patients do; what they add stands in "
    "the next part: {states}."
)
STATE_OF = "{label}: {state}"
NO_REFERENCE = "The dictionary states no reference range."
STATES = "A bar for the mean contribution of each state of {label}: {bars}."
BAR = "{state} {contribution:+.2f}"
BAND = "The band holds nine in ten profiles with such a value; they differ in their other values."

DIRECTION_TABLE = "What higher values, or a yes, do to the probability of {outcome}"
FOUND: Mapping[str | None, str] = {
    "raises": "raise it",
    "lowers": "lower it",
    "neither": "not monotone, no one direction",
    "nothing": "no effect",
    None: "states without order",
}
EXPECTED: Mapping[str | None, str] = {
    "raises": "raise it",
    "lowers": "lower it",
    None: "not stated",
}
AGREES, DISAGREES = "agrees", "disagrees"
OPEN, NOT_STATED = "cannot be told", "not stated"
NONE_STATED = (
    "The dictionary states no expected direction for {outcome}, so there is nothing to hold the "
    "model against. A clinician who knows one can add it with its source (docs/configuration.md)."
)
NONE_TOLD = (
    "The dictionary states directions for {outcome}, {count} of them for variables of this model; "
    "but the model is not monotone in any of these, or they have no effect, so it can neither "
    "agree nor disagree."
)
ALL_AGREE = (
    "All {count} directions that the dictionary expects for {outcome} are those of the model. "
    "That makes the model plausible, not right."
)
ONE_AGREES = (
    "The one direction that the dictionary expects for {outcome} is that of the model. That makes "
    "the model plausible, not right."
)
INVENTED = (
    "The patients of this cohort are simulated: their effects were put in by a scenario, so "
    "neither agreement nor disagreement says anything about real patients."
)
SOME_DISAGREE = "Of {stated} expected directions the model disagrees with {count}:"
DISAGREEMENT = (
    "{label}: the dictionary expects that higher values {expected} the probability of {outcome} "
    "({source}); in this model they {found} it{refits}. Check unit and coding of the column first. "
    "If these are right, chance in a small cohort, a treatment that was given because of the "
    "value, or a variable that goes with it can turn a direction around."
)
BINARY_DISAGREEMENT = (
    "{label}: the dictionary expects that a yes {expected} the probability of {outcome} "
    "({source}); in this model it {found} it{refits}. Check the coding of the column first. If it "
    "is right, chance in a small cohort, a treatment that was given because of the finding, or a "
    "variable that goes with it can turn a direction around."
)
RAISE_IT: Mapping[str, str] = {"raises": "raise", "lowers": "lower"}
IN_REFITS = ", in {share:.0%} of its bootstrap refits too"
UNSTABLE = (
    "The direction itself is uncertain, as fewer than {share:.0%} of the refits have the same, for "
    "{names}."
)

EXAMPLE = (
    "Three synthetic profiles: at the 10th, 50th and 90th percentile of the probability among "
    "{count}. None of them is a real patient."
)
EXAMPLE_TITLE = "{which} probability: {probability}"
WHICH: Mapping[float, str] = {0.1: "Low", 0.5: "Typical", 0.9: "High"}
EXAMPLE_ALTERNATIVE = (
    "Steps from {start}, and a probability of {reference}, to this profile with {probability}. The "
    "largest are {steps}."
)
STEP = "{label} ({value}) {contribution:+.2f}"
OTHERS = "{count} others together"
START_AVERAGE, START_TYPICAL = "the average prediction", "a patient with typical values"
AVERAGE, TYPICAL, THIS = "Average prediction", "Typical values", "This profile"
