"""Sentences of the section on the model itself."""

from __future__ import annotations

from collections.abc import Mapping

from predictor.fitted.models import EstimatorKind

TITLE = "The model itself"
EQUATION, POINTS = "The equation", "Points chart"
NOMOGRAM, EXAMPLE = "Nomogram", "A worked example by hand"

HOW = (
    "The model is one sum. Multiply each value, in the unit that stands beside it, with its "
    "coefficient, add everything up to the log-odds of {outcome}, and turn these into the "
    "probability with the last line. A pocket calculator is enough: the printed digits give the "
    "probability of predict() to 0.0001 as long as nothing is missing."
)
CONSTANT = (
    "The model gives every patient the same probability, {probability:.1%}: no variable changes it."
)
EQUATION_TITLE = "Log-odds and probability of {outcome} ({horizon})"
HEAD = "log-odds ="
FIRST = "    {intercept}"
SUMMAND = "  {sign} {size} × {what}"
CONDITION = "  {sign} {size} if {what}"
LAST = "probability = 1 / (1 + exp(-log-odds))"
YES = "{label} is yes"

TRANSFORMATIONS = "What happens to the values before, and what does not"
STANDARDISED = (
    "Before the fit every column was centred and divided by its standard deviation, gaps filled "
    "in. In the coefficients above this is undone, so values go in as they are measured."
)
NOTHING_ELSE = (
    "There is no other transformation: no logarithm, no spline, no cut-off, and no product of two "
    "variables."
)
CODING = (
    "Yes counts as 1 and no as 0; a state counts as 1 where the patient has it, otherwise as 0."
)
UNUSED = "Without any weight in this model, whatever their value: {names}."
GAPS_DRAWN = (
    "A missing value: predict() draws it 40 times from what is known of the cohort given the "
    "patient's other values (moments.json) and takes the mean of the probabilities. By hand, take "
    "the stand-in of the table instead. {measured}"
)
GAPS_MEASURED = (
    "Over {count} {profiles} with one value left out after the other, that differs from predict() "
    "by {mean:.1f} percentage points on average and by {largest:.1f} at most, so a patient with a "
    "gap needs the software."
)
GAPS_UNMEASURED = "That is near predict() but not the same."
GAPS_FILLED = "A missing value: the stand-in of the table takes its place, in predict() too."
GAPS_PREDICTED = (
    "A missing value: predict() takes the regressions of preparation.json for it; the stand-in of "
    "the table is what they start from, so by hand it is only near."
)
CHAINED = (
    "Missing values of the cohort were imputed before the fit, by the chained regressions of "
    "preparation.json."
)
REFUSED = (
    "What the sum does not do: refuse a patient outside the population or with an exclusion "
    "criterion, refuse impossible values, convert units, give an interval, and say whether the "
    "patient is like those of the cohort. predict() does."
)

COEFFICIENTS = "Coefficients, and what was learned of each variable before the fit"
COEFFICIENTS_NOTE = (
    "Odds ratio: by how much the odds of {outcome} are multiplied, of a number when the value is "
    "one standard deviation higher, of a yes, a state or a gap when it is there instead of not. It "
    "is a property of this model, not an effect of treatment or cause. Standard deviation: "
    "{spread}."
)
SPREAD_OBSERVED = "as in Table 1, of the values that were measured"
SPREAD_FITTED = "of the values the model was fitted to, gaps filled in, to two figures"
BUNDLE_TELLS = (
    "Means and standard deviations with the gaps filled in are not printed. The bundle holds them "
    "exactly (preparation.json, moments.json), as predict() needs them. From them one can work out "
    "how many patients have a state and how many have no value, also where this report hides that, "
    "and from its other files nearly so; and so can who has an answer of predict(), the lines that "
    "training prints or the MLflow record, as contributions are measured from those means. Who may "
    "not know those counts should get the report and nothing else."
)

FIRST_THE_VERDICT = "{verdict} The chart shows what the model computes; it is not for care."
POINTS_HOW = (
    "To work out the model without a calculator: look up the points of each value, add them up, "
    "and read the probability from the second table. A point is worth {unit:g} of log-odds. Values "
    "beyond a scale: {beyond}."
)
BEYOND = "{label}, one point {more} for each further {step}"
LIMITED = "The model answers for its population only, so no scale goes beyond its limits: {limits}."
LIMIT = "{label} {limit}"
MORE, FEWER = "more", "less"
BEYOND_NONE = "there are none"
POINTS_GAPS = (
    "Not measured: take the line that says so where a variable has one, otherwise the points of "
    "its stand-in in the table of coefficients. predict() draws missing values instead, so with a "
    "gap the chart can be farther off than stated here."
)
POINTS_GAPS_FILLED = (
    "Not measured: take the line that says so where a variable has one, otherwise the points of "
    "its stand-in in the table of coefficients, as predict() does with this model."
)
BOUND = "At most"
BOUND_MEANING = (
    "No patient whose values lie inside the chart gets a probability that is farther from that of "
    "the model."
)
MEASURED = "On average"
MEASURED_MEANING = (
    "Mean difference from the model over {count} {profiles}; the largest among them is "
    "{largest:.1f} percentage points."
)
APART = "{apart:.1f} percentage points"
AUROC = "AUROC"
AUROC_VALUE = "{points:.3f} instead of {model:.3f}"
AUROC_MEANING = (
    "Of the points and of the model, both apparent: in the patients they were made from. The Brier "
    "score is {brier_points:.4f} instead of {brier:.4f}."
)
TOO_COARSE = (
    "Rounding to whole points loses too much of this model: the probability of some profiles moves "
    "by {largest:.1f} percentage points, {mean:.1f} on average. Use the nomogram or the equation "
    "instead."
)
UNUSABLE = (
    "There is none: the effects of this model are so large that with whole points the probability "
    "of the profiles would move by {mean:.1f} percentage points on average and by {largest:.1f} at "
    "most. Use the equation."
)
CHART = "Points, and the values of each variable that have them"
CHART_OF = "Points, and the values of each variable that have them: chart {number} of {tables}"
LIST = "Points of each value, one after the other"
CHART_NOTE = "From the first number to below the second; of whole numbers, both included."
FROM_BELOW = "{low} to below {high}"
FROM_TO = "{low} to {high}"
TOTALS = "Probability of each total of points"
TOTALS_NOTE = "Fewer points mean {low} or less, more points mean {high} or more."

NOMOGRAM_HOW = (
    "For paper and ruler: on the scale of each variable find the patient's value, read the points "
    "straight above it, add them up, and find the sum on the scale of total points; straight below "
    "it stands the probability. Nothing is cut into stretches here. Read to the nearest whole "
    "point on every scale, the probability lies at most {error:.1f} percentage points from the "
    "model's."
)
NOMOGRAM_MEASURED = (
    "Over {count} {profiles} such readings differ from the model by {mean:.1f} percentage points "
    "on average and by {largest:.1f} at most."
)
NOMOGRAM_COARSE = (
    "The effects of this model are so large that half a point on each scale can be too much: check "
    "what you read by the equation."
)
NOMOGRAM_TITLE = "Nomogram of the probability of {outcome}"
NOMOGRAM_ALTERNATIVE = (
    "{count} scales of points from 0 to 100. The longest is that of {longest}, which alone spans "
    "{most:.0f} points; the shortest is that of {shortest} with {least:.0f}. Totals run from 0 "
    "points, a probability of {low}, to {total:.0f} points, a probability of {high}."
)
NOMOGRAM_MARKS = "Marks of the scales"
NOMOGRAM_TOTALS = "Total of points and probability"

EXAMPLE_HOW = (
    "{who} Every line can be done with a pocket calculator, and each result is rounded to four "
    "decimals before the next line, as one does by hand."
)
PROFILE = (
    "A synthetic profile in the middle of the cohort, no real patient: the one with the median "
    "probability of {count} {profiles}."
)
STAND_IN = "A made-up patient with the typical value of each variable."
STEPS = "The sum, line by line"
STEPS_NOTE = "The last sum is the patient's log-odds."
START = "Intercept"
FINISH_TITLE = "From log-odds to probability"
FINISH = """\
log-odds = {log_odds:.4f}
exp({minus:.4f}) = {power:.4f}
1 + {power:.4f} = {denominator:.4f}
probability = 1 / {denominator:.4f} = {probability:.4f}"""
AGREES = (
    "By hand {by_hand:.4f}; predict() answers {predicted:.4f}. The difference is below 0.0005, "
    "which is the rounding of the lines."
)
DIFFERS = (
    "By hand {by_hand:.4f}; predict() answers {predicted:.4f}. The difference is {apart:.4f}, more "
    "than rounding explains: do not use the equation by hand, and please report this."
)
WITH_POINTS = (
    "With the points chart: {points} points, {by_points:.1%}. With the nomogram: {total:.0f} "
    "points, {by_total:.1%}."
)
SAME_PATIENT = "The same patient for `predictor predict`"

OTHER: Mapping[EstimatorKind, str] = {
    "forest": (
        "A random forest has no equation: its probability is the mean over many decision trees. "
        "Written out these would fill a book that nobody can check by hand. For the same reason "
        "there is no points chart and no nomogram."
    ),
    "boosting": (
        "Gradient boosting has no equation: its log-odds are a sum over many decision trees, each "
        "made to mend those before it. Written out they would fill a book that nobody can check by "
        "hand. For the same reason there is no points chart and no nomogram."
    ),
    "additive": (
        "An explainable boosting machine is a sum of step functions, one for each variable and "
        "some for pairs of variables, and no formula: its tables have hundreds of steps. What it "
        "does over each variable is drawn in the part on dependence. There is no points chart "
        "and no nomogram, as they cannot show pairs of variables."
    ),
}
HOLDS = "What the bundle holds instead"
HOLDS_ESTIMATOR = (
    "estimator.skops: the fitted model, complete{setting}. It is loaded against a fixed list of "
    "types and runs nothing from inside the file."
)
SETTING = " (setting: {setting})"
HOLDS_PREPARATION = (
    "preparation.json: stand-ins for missing values, columns, centres and scales, as numbers."
)
HOLDS_CONTRIBUTIONS = (
    "findings.json: {count} synthetic profiles with their exact contributions, so that the "
    "explanation can be drawn again without the model."
)
HOLDS_PREDICT = "`predictor predict` answers for a patient from these files alone, without network."
NO_CHART = "There is none for this kind of model; the equation's part says why."
NO_EFFECT = "There is none: no variable changes the probability."
TOO_MANY = (
    "There is none: {count} variables have a weight in this model, too many for a chart on paper. "
    "Use the equation in a spreadsheet, or predict()."
)
NO_EXAMPLE = (
    "This bundle was made by an earlier version and holds no profiles, so there is no patient to "
    "show. A training with this version keeps some."
)
OTHER_EXAMPLE = (
    "{who} The model cannot be computed by hand. What can be checked is that reference and "
    "contributions add up to its answer, {predicted:.4f}."
)
OTHER_STEPS = "From the reference to this profile, on the scale of {scale}"
REFERENCE = "Reference: the average prediction"
ODDS_END = "The last sum is the log-odds; 1 / (1 + exp(-log-odds)) is the probability."
PROBABILITY_END = "The last sum is the probability."

SYNTHETIC = "synthetic profiles"
FROM_MOMENTS = "synthetic profiles drawn from the bundle's moments"
