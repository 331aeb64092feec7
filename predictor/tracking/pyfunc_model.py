"""What MLflow stores as the model's code, and runs when the model is loaded."""

from __future__ import annotations

import mlflow.models

from predictor.tracking.scoring_model import ScoringModel

mlflow.models.set_model(ScoringModel())
