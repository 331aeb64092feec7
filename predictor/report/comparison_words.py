"""The sentences of a comparison of runs, as templates; rules elsewhere choose among them."""

from __future__ import annotations

UNKNOWN = "not known"
NUMBERED = "{name} ({number})"
OF_RUNS = "{names}: {what}"
OF_COLUMN = "{label} (column {column})"
CORRECTED = "corrected"
CROSS_VALIDATED = "cross-validated"

TITLE = "Comparison of {count} runs"
SUBTITLE = "{names}"

COMPARABLE = (
    "The {count} runs ask one question of the same patients: their figures can be set beside "
    "each other."
)
NONE = (
    "None of the {count} runs can be compared with another: they ask different questions, or ask "
    "them of different patients."
)
PARTLY = (
    "Of the {count} runs only those with the same letter can be compared: the others ask different "
    "questions, or ask them of different patients."
)

ASKED = {
    "label": "the name of the event",
    "event": "the states that count as the event",
    "states": "the states",
    "horizon": "the horizon",
    "population": "the population",
    "time_zero": "time zero",
    "limits": "the limits of the population",
}

CAUTIONS = {
    "other_outcome": (
        "The outcomes are different ({outcomes}). How well one is predicted says nothing about how "
        "well another is."
    ),
    "other_definition": (
        "The outcome has one name and several definitions: they differ in {what}."
    ),
    "other_cohort": (
        "The cohorts are different by their digests ({cohorts}). Every figure depends on how "
        "frequent the event is and how different the patients are from each other, so one and the "
        "same model has other figures in another cohort."
    ),
    "unknown_cohort": (
        "Which patients stand behind {names} is not known, so nothing is compared with it."
    ),
    "simulated": (
        "Simulated patients stand behind {names}: such figures say nothing about real ones."
    ),
    "not_corrected": (
        "The figures of {names} are cross-validated only, those of the others corrected for "
        "optimism: the first do not count what choosing and tuning cost."
    ),
    "not_corrected_figure": (
        "{figure} of {names}: cross-validated and not corrected, for the reason that the report "
        "gives."
    ),
    "same_model": "{names} hold the same model.",
    "same_patients": (
        "The same patients stand behind all of them, so intervals that overlap do not show that "
        "two models are equally good; and the best of several figures is too good, because it was "
        "taken for being the best. A test of the difference needs the predictions: predictor "
        "evaluate --compare."
    ),
}

KINDS = "{states}: several states; {others}: one event. Their figures have nothing in common"
KINDS_NEXT = "Compare runs of several states among themselves."

TABLE = "The runs"
FIGURES_TABLE = "Their figures"
TABLE_NOTE = (
    "Figures with 95% interval, corrected for optimism where the run did so. Runs with the same "
    "letter can be compared with each other. Nothing is put in order: the order is that in which "
    "the runs were named."
)
WHAT_EACH_SAYS = "What each run says of itself"

FIGURE_TITLES = {
    "auroc": "AUROC",
    "calibration_slope": "Calibration slope",
    "brier": "Brier score",
    "orc": "Ordinal c (ORC)",
    "scaled_rps": "Ranked probability score explained",
    "log_loss": "Log loss",
}
FIGURE_NOTES = {
    "auroc": "0.5 is what chance reaches, 1 the best possible.",
    "calibration_slope": "1 is the best possible; below it probabilities are too extreme.",
    "brier": "0 is the best possible; how low it can get depends on how frequent the event is.",
    "orc": "0.5 is what chance reaches, 1 the best possible.",
    "scaled_rps": "0 is what the shares of the states reach, 1 the best possible.",
    "log_loss": "0 is the best possible; how low it can get depends on the shares of the states.",
}
FIGURE_SEEN = "{figure} with 95% interval in a row for each run. {values}."
ONE_VALUE = "{name}: {value}"
GROUP = "{letter}: {label}, cohort {cohort}"
