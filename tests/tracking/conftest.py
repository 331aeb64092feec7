"""A small bundle, and stores that are migrated already."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_validation import validation

from predictor.clinical.variable import Range, Variable
from predictor.fitted.bundle import save_bundle
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation


def _variable(name: str, kind: str, **given: Any) -> Variable:
    continuous = kind == "continuous"
    entry: dict[str, Any] = {
        "name": name,
        "label": name.upper(),
        "kind": kind,
        "unit": "mg/dL" if continuous else None,
        "units": {"mg/dL": 1.0, "g/L": 100.0} if continuous else {},
        "refused_units": {},
        "states": () if continuous else ("no", "yes"),
        "reference": None,
        "plausible": Range(1.0, 500.0) if continuous else None,
        "suspicious": None,
        "unit_slips": (),
        "integer": False,
        "time": "baseline",
        "exclusion": False,
        "loinc": (),
        "source": "made for a test",
        "note": "",
    }
    return Variable(**(entry | given))


VARIABLES = (
    _variable("c3", "continuous"),
    _variable("creatinine", "continuous"),
    _variable("fever", "binary"),
    _variable("indication", "nominal", states=("renal", "skin", "blood")),
)

EXCLUSION = _variable("overlap", "binary", exclusion=True)


def manifest(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format_version": 1,
        "name": "a test",
        "outcome": {
            "name": "remission",
            "label": "Remission",
            "column": "response",
            "event": ["remission"],
            "horizon": "6 months",
            "population": "patients of a test",
        },
        "config": {
            "name": "a test",
            "models": {"ridge": {"penalty": [0.1, 1.0]}, "firth": {}},
            "validation": {"bootstrap": 1000, "permutations": 200},
            "tracking": {"uri": "http://ann:secret-word@mlflow.example:5000"},
            "cohort": {"values": {"sex": {"♀": "female", "♂": "male"}}},
        },
        "dictionary": {v.name: v.to_dict() for v in (*VARIABLES, EXCLUSION)},
        "predictors": [v.name for v in VARIABLES],
        "cohort": {
            "digest": "sha256:" + "ab" * 32,
            "file": "cohort.csv",
            "patients": 31,
            "events": 11,
            "schema": [
                {"column": v.name, "kind": v.kind, "unit": v.unit, "values": [71.0625, 93.4375]}
                for v in VARIABLES
            ],
            "flow": [{"step": "read", "patients": 33}, {"step": "first infusion", "patients": 31}],
            "warnings": [{"variable": "c3", "code": "suspicious_unit", "count": 2}],
        },
        "evidence": {
            "level": "cross-validated",
            "events_per_parameter": 2.75,
            "statement": "Made for a test.",
        },
        "validation": {
            "models": [
                {
                    "name": "prevalence",
                    "chosen": False,
                    "auroc": 0.5,
                    "auroc_low": None,
                    "auroc_high": None,
                    "log_loss": 0.65,
                    "calibration_slope": None,
                },
                {
                    "name": "ridge",
                    "chosen": True,
                    "auroc": 0.73,
                    "auroc_low": 0.61,
                    "auroc_high": 0.83,
                    "log_loss": 0.60,
                    "calibration_slope": 0.9,
                    "calibration_slope_low": 0.4,
                    "calibration_slope_high": 1.4,
                    "seconds": 1.5,
                    "parameters": {"penalty": 1.0},
                },
            ],
            **validation(),
        },
        "environment": {
            "python": "3.11.2",
            "packages": {"numpy": np.__version__},
            "git_commit": "0123456789abcdef0123456789abcdef01234567",
        },
        "created": "2026-01-01T00:00:00+00:00",
        "timings": {"validation": 2.5},
        "model": {"version": "1"},
        "prediction": {"most_missing": 0.8},
    }
    return content | changes


def build_bundle(folder: Path, **changes: Any) -> Path:
    preparation = Preparation(
        names=tuple(v.name for v in VARIABLES),
        fill=np.array([90.0, 1.0, 0.0, 1.0]),
        regressions=(),
        columns=(
            DesignColumn("c3", 0),
            DesignColumn("creatinine", 1),
            DesignColumn("fever", 2),
            DesignColumn("indication=skin", 3, state=1),
            DesignColumn("indication=blood", 3, state=2),
        ),
        centre=np.array([90.0, 1.0, 0.3, 0.4, 0.2]),
        scale=np.array([20.0, 0.5, 0.4, 0.5, 0.4]),
    )
    model = LinearModel(-0.6, np.array([0.8, -0.4, 0.3, 0.5, -0.7]))
    files = {
        "comparison.csv": b"name,auroc\nridge,0.73\n",
        "importance.csv": b"variable,importance\nc3,0.8\n",
        "validation.csv": b"procedure,name,corrected\nchosen,auroc,0.74\n",
        "figures/beeswarm.png": b"\x89PNG\r\n\x1a\n",
    }
    save_bundle(folder, manifest(**changes), preparation, model, files)
    return folder


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "bundle", **changes: Any) -> Path:
        return build_bundle(tmp_path / name, **changes)

    return make


@pytest.fixture(scope="module")
def stored_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the MLflow model of a bundle, as it is before a store has it."""
    from predictor.fitted.bundle import load_bundle
    from predictor.tracking.logged_model import write_model

    folder = tmp_path_factory.mktemp("model")
    loaded = load_bundle(build_bundle(folder / "trained"))
    write_model(loaded, folder, version="0.1.0", run_id="r", model_id="m-1", location=str(folder))
    return folder / "model"


@pytest.fixture
def bundle(make_bundle: Callable[..., Path]) -> Path:
    return make_bundle()


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Making the tables takes seconds, copying the file a millisecond.
    from predictor.tracking.client import session

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    with session(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def store(_migrated: Path, tmp_path: Path) -> str:
    """Address of an empty, migrated SQLite store of this test alone."""
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copyfile(_migrated, folder / "mlflow.db")
    return f"sqlite:///{folder / 'mlflow.db'}"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("URI", "USERNAME", "PASSWORD", "TOKEN", "AUTH"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where MLflow looks for stored credentials
    monkeypatch.chdir(tmp_path)
