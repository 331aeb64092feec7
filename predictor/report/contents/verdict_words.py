"""The sentences of the verdict, as templates; which of them stands is decided elsewhere."""

from __future__ import annotations

from predictor.report.contents.standing import (
    DEMONSTRATION,
    MISCALIBRATED,
    NO_MODEL,
    NO_SIGNAL,
    NOT_BETTER,
    NOT_VALIDATED,
    READY,
    TOO_FEW,
)

HEADLINES = {
    DEMONSTRATION: (
        "A demonstration on {patients:,} simulated patients, not for care: it shows how the "
        "software works and says nothing about real patients."
    ),
    NO_MODEL: (
        "No model: everybody gets the prevalence of {outcome}, because no candidate does better "
        "by more than its standard error."
    ),
    TOO_FEW: (
        "Too few patients: an exploration of {patients:,} with {events:,} events, where at least "
        "{needed:,} with {needed_events:,} are needed. It is ready for planning a study, and for "
        "nothing else."
    ),
    NO_SIGNAL: (
        "No signal: in {patients:,} patients the predictors say no more about {outcome} than "
        "chance would. There is nothing to validate elsewhere."
    ),
    NOT_VALIDATED: (
        "Not validated: how well {model} does for other patients of the same kind is not known."
    ),
    NOT_BETTER: (
        "Not ready: {model} does not clearly do better than giving everybody the prevalence of "
        "{outcome}."
    ),
    MISCALIBRATED: "Not ready: the probabilities of {model} are {faults}.",
    READY: (
        "Ready for external validation: {model} is worth testing in patients of another place or "
        "time, and decides nothing about a patient before that."
    ),
}

READY_BUT = (
    "Ready for external validation once the warnings below are answered: {model} decides nothing "
    "about a patient before either."
)
NO_MODEL_NAMED = (
    "No model: everybody gets the prevalence of {outcome}, because the configuration names it."
)

FAULTS = {
    "too_extreme": "too extreme (high ones too high, low ones too low)",
    "too_alike": "too much alike (high ones too low, low ones too high)",
    "too_high": "too high on average",
    "too_low": "too low on average",
}
FAR_FAULT = "{points:.0f} percentage points away from what is observed, on average"

SIMULATED = "Every patient behind it is simulated."
IF_REAL = "With real patients this would read: {headline}"
SIZE = "{verdict}"
SIZE_UNKNOWN = "The bundle does not say how many patients were needed."
ROWS = "Rows were taken for patients; if a patient has several, every figure is too good."
SIGNAL_UNTESTED = "Whether there is signal has not been tested."
PARTLY_TESTED = "The candidates that were not tested might find some."
INCONCLUSIVE = "In so few patients that does not mean that there is none."
UNCORRECTED = "No figure is corrected for optimism."
NO_AUROC = "The corrected AUROC is not defined."
NO_SLOPE = "The corrected calibration slope is not defined."
CHANCE = "The interval of the corrected AUROC, {interval}, reaches chance (0.50)."
RULE_TAKES_PREVALENCE = (
    "{model} was named beforehand; the rule of choice takes the prevalence, because no candidate "
    "is better by more than its standard error."
)
CALIBRATED = (
    "Calibration holds within the cohort: the calibration slope is {slope}, and its whole interval "
    "lies within 0.80 to 1.25."
)
UNDECIDED = (
    "Calibration cannot be judged: the calibration slope is {slope}; only an interval within 0.80 "
    "to 1.25 shows that it holds."
)
UNDECIDED_WITHOUT_SIGNAL = (
    "Calibration cannot be judged: the calibration slope is {slope}, but there may be no signal "
    "behind it, and then a slope says nothing."
)
SLOPE_UNREADABLE = (
    "The calibration slope (interval {interval}) is not interpretable: probabilities hardly differ "
    "between patients, so that their slope can be anything."
)
SLOPE_CROSS_VALIDATED = (
    "The calibration slope is the cross-validated one, because the correction for optimism gives "
    "another that lies more than 0.25 away; they need not agree where a penalty shrinks the model."
)
SLOPE_OF_FLEXIBLE = (
    "The calibration slope is the cross-validated one, because a correction for optimism flatters "
    "a model that can reproduce its own cohort."
)
SLOPE_OFF = "The calibration slope is {slope}; 0.80 to 1.25 is accepted."
RATIO_OFF = "Observed over expected events are {ratio}; 0.80 to 1.25 is accepted."
FAR_OFF = (
    "Probabilities lie {points:.0f} percentage points from the smooth calibration curve on "
    "average; 10 are accepted."
)
WARNINGS = "Automatic checks that ended in a warning: {names}."
NONE_BETTER = "No candidate is better than the prevalence by more than its standard error."

STEPS = {
    DEMONSTRATION: (
        "Train on real patients: predictor train CONFIG --data COHORT.",
        "Cite none of these figures as a finding about patients.",
    ),
    NO_MODEL: ("Report that no candidate was better than the prevalence; there is no formula.",),
    TOO_FEW: (
        (
            "Collect patients until at least {needed:,} with {needed_events:,} events are "
            "analysed, or ask for fewer predictors."
        ),
        "Report it as an exploration, with this verdict and without a recommendation for care.",
    ),
    NO_SIGNAL: (
        (
            "Report that no signal was found; more patients of the same kind are unlikely to "
            "change it."
        ),
        (
            "Look for other predictors, measured before time zero, or for an outcome that is "
            "measured better."
        ),
    ),
    NOT_VALIDATED: (),
    NOT_BETTER: (
        "Report the comparison with the prevalence beside the model.",
        "Look for predictors that say more, before any external validation.",
    ),
    MISCALIBRATED: (
        (
            "Train again with fewer predictors or a penalised candidate, and validate again; "
            "calibration comes before external validation."
        ),
    ),
    READY: (
        (
            "Validate it, unchanged, in at least {outside:,} patients of another place or time (so "
            "many make the intervals of observed/expected and slope 0.2 and of the AUROC 0.1 wide)."
        ),
        "Until then no decision about a patient rests on it.",
    ),
}

BEFORE_ALL = "First answer the warnings under Pitfalls: {names}."
GIVE_PATIENTS = (
    "Say which rows belong to the same patient (cohort.patient in the configuration) and train "
    "again."
)
GIVE_BOOTSTRAP = "Train again with validation.bootstrap, 1,000 by default."
GIVE_PERMUTATIONS = "Train again with validation.permutations, 200 by default."
GIVE_SIZE = "Train again with this version, which holds the cohort against what is needed."
OUTSIDE_UNKNOWN = "Validate it, unchanged, in patients of another place or time."

FOR_WHOM = "It predicts {outcome}, {horizon}{time_zero}, for {population}{limits}."
COUNTED_FROM = " from {time_zero}"
WITHIN = "; {label} {limit}"
NOT_AN_EFFECT = (
    "A probability is the prognosis of patients treated as those of the cohort were. It is not "
    "the effect of a treatment, and says nothing about who needs one."
)

AUROC_LABEL = "AUROC, corrected for optimism"
AUROC_MEANING = (
    "In {share:.0%} of pairs of a patient with the event and one without, the one with it has "
    "the higher probability; 50% is chance."
)
SLOPE_LABEL = "Calibration slope, corrected for optimism"
SLOPE_LABEL_ACROSS = "Calibration slope, cross-validated"
NOT_INTERPRETABLE = "not interpretable"
SLOPE_MEANING = "1 is ideal; below it probabilities are too extreme, above it too much alike."
WIDTH_LABEL = "Range of one patient's probability"
WIDTH_VALUE = "{points:.0f} percentage points"
WIDTH_MEANING = (
    "Mean width of the range that holds 95% of the probabilities which {refits:,} refits give the "
    "same patient: how far an answer depends on who happened to be in the cohort."
)
PREVALENCE_LABEL = "Prevalence that everybody gets"
PREVALENCE_MEANING = "{events:,} events of {rows:,}; the interval is exact."
UNDEFINED = "not known"
UNDEFINED_MEANING = "The bundle does not hold it."

EVIDENCE_LABEL = "Level of evidence"
EVIDENCE = {
    "demonstration": "Simulated patients; nothing here is about real ones.",
    "exploratory": "Real patients, but too few, without signal, or without corrected figures.",
    "internally validated": (
        "Enough patients, signal found, figures corrected for optimism; nobody else was tried."
    ),
}
SIZE_LABEL = "Patients"
SIZE_VALUE = "{patients:,} with {events:,} events"
SIZE_VALUE_SIMULATED = "{patients:,} simulated, with {events:,} events"
SIZE_ENOUGH = "At least {needed:,} with {needed_events:,} events are needed{assumed}: enough."
SIZE_SHORT = "At least {needed:,} with {needed_events:,} events are needed{assumed}."
ASSUMING = " (assuming {assumed})"
