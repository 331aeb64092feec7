"""The sentences of the section *Performance*, as templates; rules elsewhere choose among them."""

from __future__ import annotations

INTRO = (
    "Apparent figures are those of the model on the {unit} it was made from, and too good. "
    "Cross-validated ones come from models that had not seen the {unit} they predict ({repeats} x "
    "{folds} folds). Corrected ones take off what refitting in bootstrap resamples shows to be "
    "optimism. None of them says how the model does in another place or time."
)
INTRO_SHORT = (
    "Cross-validated figures come from models that had not seen the {unit} they predict. None of "
    "them says how the model does in another place or time."
)
OF_THE_PREVALENCE = (
    "The bundled model gives everybody the prevalence. It cannot tell {unit} apart, so its AUROC "
    "is 0.5 by definition; the other figures are what a better model has to beat. Their corrected "
    "column repeats the prevalence in every resample, and not the comparison that led to it."
)
CROSS_VALIDATED_ONLY = "Nothing was corrected for optimism: the bootstrap was left out."
FIGURES = "Figures of {label}"
EVERYBODY = "Net benefit at {percent} of acting in everybody"
FIGURES_NOTE = (
    "Intervals of cross-validated figures treat the predictions as fixed; those of corrected ones "
    "by .632+ or Harrell's method include refitting. There is none where it would end at its own "
    "estimate. Net benefit is in events found per {one}, less the harm of false positives; "
    "acting in nobody has 0, and the prevalence is the most that can be reached."
)

FLEXIBLE = (
    "{label} can reproduce its own cohort, so that Harrell's method would leave most of the "
    "optimism in: the AUROC and Brier scores are corrected by .632+, and for all other figures the "
    "cross-validated ones stand."
)
SLOPE_ACROSS = (
    "The correction for optimism gives another calibration slope ({harrell}) than cross-validation "
    "({across}), which stands here. The slope of a penalised model is not 1 in its own cohort "
    "({apparent}), so that the two need not agree."
)
SLOPE_UNREADABLE = (
    "The calibration slope is not interpretable: the interval is wider than {widest:g}, because "
    "probabilities hardly differ between the {unit}."
)
CORRECTED_BY = {
    "b632plus": ".632+",
    "b632": ".632",
    "harrell": "Harrell",
    "cross_validated": "cross-validated",
}

ROC = "ROC curves of {label}"
ROC_SEEN = (
    "Sensitivity against 1 - specificity. At a specificity of 80% the cross-validated curve "
    "has a sensitivity of {beyond}, the apparent one of {apparent}; the areas below are {area} and "
    "{apparent_area}. {distance}"
)
ROC_SEEN_APPARENT = (
    "Sensitivity against 1 - specificity, on the cohort itself only: at a specificity of 80% "
    "{apparent}, area {apparent_area}. No test fold held both outcomes, so there is no other curve."
)
ROC_SEEN_CHANCE = "Both curves are the diagonal of chance: everybody has the same probability."
ROC_DISTANCE = (
    "The curves lie close together.",
    "The apparent curve lies higher because of optimism.",
)
ROC_NOTE = (
    "The cross-validated curve is the mean of the curves within test folds, because models of "
    "different folds must not be compared; the area below it is the cross-validated AUROC. Neither "
    "curve has thresholds, from which probabilities of single {unit} could be read."
)

CALIBRATION = "Calibration of {label}, out of fold"
CALIBRATION_SEEN = (
    "Observed share of events against the predicted probability, from {low} to {high}. Where {at} "
    "is predicted, {observed} is observed{band}. {side}{rise}"
)
CALIBRATION_BAND = " (95% interval {low} to {high})"
CALIBRATION_ONE = "Everybody has the same probability, {at}; {observed} had the event{band}."
SIDES = {
    "above": "The curve lies mostly above the diagonal of perfect agreement. ",
    "below": "The curve lies mostly below the diagonal of perfect agreement. ",
    "both": "",
    "on": "The curve lies within 2 percentage points of the diagonal of perfect agreement. ",
}
RISES = {
    "falls": "The curve falls from left to right: higher predictions go with fewer events.",
    "flat": "The curve is nearly flat: higher predictions hardly go with more events.",
    "slow": "The curve rises less than the diagonal: predictions differ too much.",
    "even": "The curve rises about as steeply as the diagonal.",
    "steep": "The curve rises more than the diagonal: predictions differ too little.",
}
CALIBRATION_NOTE = (
    "Lowess of the outcome on the out-of-fold predictions, averaged per {one} over the repeats and "
    "cut to 0% to 100%. The band is the middle 95% of {draws} bootstrap samples of the patients; "
    "it takes the predictions as fixed. There is none where fewer than half of the samples have "
    "predictions on both sides."
)
HISTOGRAM = "Predictions by outcome; bins are joined until they hold no small count"

DECISION = "Decision curve of {label}, out of fold"
DECISION_SEEN = (
    "Net benefit of acting on the model against acting in everybody and in nobody, by the "
    "threshold probability. The interval of the difference from the better of the two lies above 0 "
    "at thresholds {where}; elsewhere the model is not shown to be better."
)
DECISION_SEEN_NOWHERE = (
    "Net benefit of acting on the model against acting in everybody and in nobody, by the "
    "threshold probability. At no threshold does the interval of the difference from the better of "
    "the two lie above 0: the model is not shown to be better at any."
)
DECISION_SEEN_ESTIMATES = (
    "Net benefit of acting on the model against acting in everybody and in nobody, by the "
    "threshold probability. {where} This bundle holds no interval of the difference, without which "
    "that may be noise."
)
DECISION_ESTIMATES = "The estimates of the model lie above both at thresholds {where}."
DECISION_ESTIMATES_NOWHERE = "The estimates of the model lie above both at no threshold."
DECISION_DIFFERENCE = "Model less the better of everybody and nobody (95% interval)"
DECISION_RANGE = "from {low} to {high}"
DECISION_ONE = "of {low}"
DECISION_NOTE = (
    "Net benefit: events found per {one}, less false positives weighted by the odds of the "
    "threshold (Vickers and Elkin). The band is the middle 95% of {draws} bootstrap samples of the "
    "patients. Acting is whatever is done for those whose probability reaches the threshold, which "
    "says how many false positives one event found is worth. Both are for people to set, and "
    "the prediction is a prognosis under treatment, not the effect of one."
)

CANDIDATES = "AUROC of all candidates, cross-validated"
CANDIDATES_SEEN = (
    "{count} candidates. The largest AUROC has {best}, {best_value}; the chosen one, {chosen}, has "
    "{chosen_value}."
)
CANDIDATES_SEEN_EMPTY = "{count} candidates, none with an AUROC that is defined."
CANDIDATES_TABLE = "All candidates with both baselines, cross-validated"
CANDIDATES_NOTE = (
    "The baselines are the prevalence and one predictor alone. Log loss differences are to the "
    "smallest, with their standard error paired by patient."
)
BY_RULE = (
    "{label} was chosen by the rule: of all candidates within one standard error of the smallest "
    "log loss the simplest. The baselines take part, so that a prevalence can be the answer."
)
CLOSE_OUT = (
    "The choice hangs on little: the log loss of {label} lies {errors:.2f} standard errors above "
    "the smallest, and the rule leaves it out by {share} of a standard error."
)
CLOSE_IN = (
    "The choice hangs on little: the log loss of {label} lies {errors:.2f} standard errors above "
    "the smallest, and the rule lets it take part by {share} of a standard error."
)
BEFOREHAND = (
    "{label} was named beforehand, so that nothing was chosen by its results. The rule, the "
    "simplest within one standard error of the smallest log loss, would have taken {other}."
)
BEFOREHAND_SAME = "{label} was named beforehand; the rule would have taken the same."
CHOSEN = "{label} (chosen)"

SUBGROUPS = "AUROC in subgroups, cross-validated"
SUBGROUPS_SEEN = (
    "AUROC in {shown} subgroups, from {least} in {worst} to {most} in {best}; the line is that of "
    "all, {all}.{hidden}"
)
SUBGROUPS_SEEN_NONE = "No subgroup is large enough for an AUROC.{hidden}"
SUBGROUPS_HIDDEN = " {count} are hidden or too small."
SUBGROUPS_TABLE = "Figures in subgroups, cross-validated"
SUBGROUPS_NOTE = (
    "A figure needs at least {size} people with the event and as many without; a dash stands where "
    "it has fewer and is not defined. Counts are hidden as in Table 1, and figures with them. "
    "Intervals of the AUROC come from its influence curve, on the logit scale (LeDell and "
    "colleagues, Electron J Stat 2015;9:1583), of observed over expected on the log scale, of the "
    "Brier score from its variance over patients; all take the predictions as fixed. "
    "Intervals of subgroups overlap even where a model fails one of them, and several are looked "
    "at: a difference here is a question for external validation, and no difference is no "
    "proof of fairness."
)
SUBGROUPS_OF_THE_PREVALENCE = (
    "Everybody has the same probability, so the AUROC is 0.5 in every subgroup; what can differ is "
    "how many events there are for those that are expected."
)
SUBGROUP = "{label}: {group}"
NO_SUBGROUPS = "None of the predictors is a state or an age, so the cohort gives no subgroups."
HIDDEN = "hidden"

CENTRES_INTRO = (
    "Every centre was predicted by a model from the others (internal-external validation). What "
    "all have in common is a mean by random effects, and a further centre would lie within the "
    "prediction interval."
)
CENTRE = "Centre {number}"
CENTRES_SEEN = "{count} centres, {shown} of them shown. {sentence}"
ONE_CENTRE = (
    "The cohort names no centre, so nothing is known of differences between centres; that is for "
    "external validation."
)
NOT_BY_CENTRE = "Centres were not left out one after the other, see the notes of the validation."

INSTABILITY = "How far other samples of this size would have moved the predictions"
INSTABILITY_SEEN = (
    "Predicted probability of {count} groups of {unit} against the range of the middle 95% of "
    "{refits:,} refitted models. The range is widest around a probability of {at}: {low} to "
    "{high}. On average it is {width:.0f} percentage points wide."
)
INSTABILITY_SEEN_ONE = (
    "Everybody has the same probability, {at}; the middle 95% of {refits:,} refits lie between "
    "{low} and {high}."
)
INSTABILITY_NOTE = (
    "Every mark is the mean of a group of {unit} with similar probability, never one alone "
    "(Riley and Collins, Biom J 2023;65:2200302)."
)
NO_RANGE = "There were too few refits for a range of the predictions."
TOO_FEW_FOR_BINS = "The cohort is too small to show the predictions by groups of several {unit}."
CHANGED = "Refits that put a {one} on the other side of a threshold"

NOT_TESTED = "Whether there is any signal was not tested."
SIGNAL_RULE = "How outcomes were permuted: {rule}"
SIGNAL_OBSERVED = (
    "The observed figure comes from folds made like those of the permuted outcomes, and from as "
    "many repeats; where several candidates are tested it is the largest of theirs. So it is not "
    "the AUROC of the tables, and is to be held against the permuted ones alone."
)
P_VALUE = "{value} ({low} to {high} with more permutations)"
NOTES = "What was not done, or not repeated"
