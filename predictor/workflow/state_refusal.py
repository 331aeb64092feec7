"""What is not made for answers that tell months says so, and what to do."""

from __future__ import annotations

from predictor.clinic.results import Prediction
from predictor.errors import PredictorError


def refuse_months(prediction: Prediction, option: str) -> None:
    """Say that something is not drawn for months; see PredictorError."""
    if prediction.by_month:
        raise PredictorError(
            option,
            "it is made for the answer of a model of one event so far, and this one tells months",
            "The answer itself and --format json hold every month; --report draws its reasons.",
        )
