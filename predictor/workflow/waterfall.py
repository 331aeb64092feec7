"""``predictor predict --waterfall``: one patient's answer as a figure."""

from __future__ import annotations

from pathlib import Path

from predictor.clinic.answer import shown_value
from predictor.clinic.prediction import Prediction
from predictor.fitted.models import Scale
from predictor.report.figures import WaterfallRow, waterfall_figure
from predictor.workflow.files import check_suffix, write_file

SUFFIX = ".png"


def write_waterfall(prediction: Prediction, path: Path) -> None:
    """Draw what moves one prediction away from the reference.

    Raises
    ------
    PredictorError
        If the suffix is not .png or the place cannot be written.
    """
    check_suffix(path, SUFFIX)
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
    write_file(path, image)
