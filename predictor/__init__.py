"""Predict remission and relapse of SLE after IVIG, with honest numbers from small cohorts.

``import predictor`` costs next to nothing: every public name is fetched when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from predictor.clinic.prediction import Prediction, predict
    from predictor.errors import PatientRefused, PredictorError
    from predictor.fitted.bundle import open_bundle as load_model
    from predictor.performance.evaluation import evaluate
    from predictor.tracking.registry import fetch_model
    from predictor.workflow.train import train

_HOMES = {
    "PatientRefused": ("predictor.errors", "PatientRefused"),
    "Prediction": ("predictor.clinic.prediction", "Prediction"),
    "PredictorError": ("predictor.errors", "PredictorError"),
    "evaluate": ("predictor.performance.evaluation", "evaluate"),
    "fetch_model": ("predictor.tracking.registry", "fetch_model"),
    "load_model": ("predictor.fitted.bundle", "open_bundle"),
    "predict": ("predictor.clinic.prediction", "predict"),
    "train": ("predictor.workflow.train", "train"),
}

__all__ = [
    "PatientRefused",
    "Prediction",
    "PredictorError",
    "__version__",
    "evaluate",
    "fetch_model",
    "load_model",
    "predict",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'predictor' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
