"""The bundle as an MLflow model: a folder with our bundle, one script and a signature, no pickle.

What MLflow stores is the bundle itself, a script of three lines (:mod:`.pyfunc_model`), and the
columns. Loading runs the script, which loads the bundle with all its checks.

Requirements name this package and the libraries whose versions matter, pinned. This package is
not on the public index, so an environment made by ``mlflow models serve`` must be told where its
wheel is (``PIP_FIND_LINKS=FOLDER``), or serve from an environment that has it already
(``--env-manager local``).
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import predictor.tracking.telemetry  # noqa: F401

# isort: split
# (mlflow only after the line above, which switches its telemetry off)
import mlflow.pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import AnyType

from predictor.clinical.cells import SIMULATED
from predictor.fitted.bundle import Bundle
from predictor.tracking import pyfunc_model
from predictor.tracking.record import bundle_files
from predictor.tracking.scoring_model import columns, outputs

DISTRIBUTION = "sle-ivig-predictor"

_ALWAYS = ("mlflow", "numpy", "pandas", "pyyaml")
_FOR_ESTIMATORS = ("scikit-learn", "scipy", "skops")
_FOR_ADDITIVE = "interpret-core"


def signature(bundle: Bundle) -> ModelSignature:
    """Columns in and out: every predictor in any form that ``predict`` reads, and its answer.

    Exclusion criteria of the study are columns too, and the mark of simulated patients: MLflow
    drops what the signature does not name, and a patient who must not be given a number would
    then get one. The types of the answer are doubles and texts, which Spark takes as they are.
    """
    names = [*(variable.name for variable in columns(bundle)), SIMULATED]
    inputs = [ColSpec(AnyType(), name, required=False) for name in names]
    told = [
        ColSpec(DataType.string if text else DataType.double, name)
        for name, text in outputs(bundle).items()
    ]
    return ModelSignature(Schema(inputs), Schema(told))


def requirements(bundle: Bundle, version: str) -> list[str]:
    """Pinned requirements of a process that loads this model.

    The versions are those that trained the bundle, because only these are known to give its
    numbers; where the bundle does not say, those that are installed here.
    """
    trained = {
        name.lower().replace("_", "-"): str(found)
        for name, found in bundle.manifest.get("environment", {}).get("packages", {}).items()
    }
    names = [*_ALWAYS]
    if bundle.manifest["model"]["kind"] == "estimator":
        names += _FOR_ESTIMATORS
        if getattr(bundle.model, "kind", "") == "additive":
            names.append(_FOR_ADDITIVE)
    pinned = {name: trained.get(name) or metadata.version(name) for name in names}
    return [f"{DISTRIBUTION}=={version}", *(f"{name}=={pinned[name]}" for name in names)]


def write_model(
    bundle: Bundle, folder: Path, *, version: str, run_id: str, model_id: str, location: str
) -> None:
    """Write the MLflow model of a bundle.

    Parameters
    ----------
    bundle
        The loaded bundle.
    folder
        An empty folder for working in; the model is made in its subfolder ``model``.
    version
        Version of this package.
    run_id, model_id, location
        What the store said when the model was announced: run, model and where its files go.
    """
    staged = folder / "bundle"
    for name in bundle_files(bundle.path):
        target = staged / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path / name, target)
    described: dict[str, Any] = {"model_digest": bundle.digest, "predictor_version": version}
    mlflow.pyfunc.save_model(
        path=str(folder / "model"),
        python_model=str(Path(pyfunc_model.__file__)),
        artifacts={"bundle": str(staged)},
        signature=signature(bundle),
        pip_requirements=requirements(bundle, version),
        mlflow_model=Model(
            artifact_path=location,
            run_id=run_id,
            model_uuid=model_id,
            model_id=model_id,
            metadata=described,
        ),
    )
    for cache in (folder / "model").rglob("__pycache__"):
        shutil.rmtree(cache)
