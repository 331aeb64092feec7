"""The sentences of pitfalls whose figure is hidden, as it would tell a small count."""

from __future__ import annotations

from collections.abc import Mapping

HIDING: Mapping[str, str] = {
    "leakage": "auroc",
    "imputation": "share",
    "telling_gaps": "p_value",
    "centre_shift": "smd",
    "other_filling": "patients",
}
"""Check -> figure that is hidden where it would tell a small count."""

HIDDEN: Mapping[str, Mapping[str, str]] = {
    "leakage": {
        "passed": "No predictor alone tells the outcome.",
        "note": "{variable} alone has an AUROC of at least 0.9.",
    },
    "imputation": {
        "note": "Some values of {variable} were filled in; how many is hidden.",
        "warning": "Some values of {variable} were filled in; how many is hidden.",
    },
    "telling_gaps": {
        "passed": (
            "Of {predictors} predictors with gaps, for none does being missing go with the outcome "
            "beyond the limit set."
        ),
        "note": "Whether {variable} is missing goes with the outcome.",
        "warning": "Whether {variable} is missing goes with the outcome.",
    },
    "centre_shift": {
        "note": "The largest difference is one of {variable}.",
        "warning": "The largest difference is one of {variable}.",
    },
    "other_filling": {
        "note": (
            "In some patients a predictor of the model is missing. Validation filled in one value; "
            "predict() draws 40 and averages their probabilities."
        ),
    },
}
"""Check -> status -> what was found where the figure is hidden."""
