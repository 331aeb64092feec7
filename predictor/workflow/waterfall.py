"""``predictor predict --waterfall``: one patient's answer as a figure."""

from __future__ import annotations

from pathlib import Path

from predictor.clinic.answer import shown_value
from predictor.clinic.prediction import Prediction
from predictor.errors import PredictorError
from predictor.fitted.models import Scale
from predictor.report.figures import WaterfallRow, waterfall_figure


def write_waterfall(prediction: Prediction, path: Path) -> None:
    """Draw what moves one prediction away from the reference.

    Raises
    ------
    PredictorError
        If the suffix is not .png or the place cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise PredictorError(str(path), "the figure is written as .png", "Change the suffix.")
    rows = [
        WaterfallRow(
            part.label,
            "" if part.value is None else shown_value(part),
            part.contribution,
            imputed=part.value is None,
        )
        for part in prediction.contributions
    ]
    scale: Scale = "probability" if prediction.scale == "probability" else "log-odds"
    image = waterfall_figure(
        rows,
        base_value=prediction.base_value,
        scale=scale,
        probability=prediction.probability,
        reference_probability=prediction.reference_probability,
        title=f"{prediction.label}, {prediction.horizon}",
    )
    try:
        path.write_bytes(image)
    except OSError as error:
        raise PredictorError(str(path), f"cannot be written ({error.strerror})") from None
