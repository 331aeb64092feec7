"""Small bundles made by hand, of made-up numbers, for the tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from predictor.clinical.variable import Range, Variable
from predictor.fitted.bundle import save_bundle
from predictor.fitted.models import LinearModel, Model
from predictor.fitted.preparation import DesignColumn, Preparation, Regression
from predictor.fitted.seal import digest_of, json_bytes, model_digest, sealed


def variable(name: str, kind: str = "continuous", **given: Any) -> Variable:
    number = kind == "continuous"
    entry: dict[str, Any] = {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "kind": kind,
        "unit": "mg/dL" if number else None,
        "units": {"mg/dL": 1.0, "g/L": 100.0} if number else {},
        "refused_units": {},
        "states": ("no", "yes") if kind == "binary" else (),
        "reference": None,
        "plausible": Range(1.0, 500.0) if number else None,
        "suspicious": Range(10.0, 300.0) if number else None,
        "unit_slips": ("g/L",) if number else (),
        "integer": False,
        "time": "baseline",
        "exclusion": False,
        "loinc": (),
        "source": "made for a test",
        "note": "",
    }
    return Variable(**(entry | given))


C3 = variable("c3", label="Complement C3")
UNBOUNDED = variable("marker", plausible=None, suspicious=None, unit_slips=())
FEVER = variable("fever", "binary")
ORGAN = variable("organ", "nominal", states=("skin", "kidney", "joints"))
PREDICTORS = (C3, UNBOUNDED, FEVER, ORGAN)
OVERLAP = variable("overlap", "binary", label="Overlap syndrome", exclusion=True)
UNUSED = variable("esr", label="Sedimentation rate")

FULL = {"patient": "P07", "c3": 75, "marker": 40, "fever": "yes", "organ": "kidney"}


def manifest(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": "made-up",
        "outcome": {
            "name": "remission",
            "label": "remission",
            "event": ["remission"],
            "horizon": "6 months",
            "population": "made-up patients",
            "time_zero": "first infusion",
        },
        "predictors": [v.name for v in PREDICTORS],
        "prediction": {"most_missing": 0.5},
        "evidence": {
            "level": "exploratory",
            "patients": 31,
            "events": 11,
            "simulated_patients": 0,
            "statement": "31 patients with 11 events.",
        },
        "model": {"version": "1", "label": "Ridge logistic", "setting": {"penalty": 1.0}},
        "dictionary": {v.name: v.to_dict() for v in (*PREDICTORS, OVERLAP, UNUSED)},
        "created": "2026-01-01T00:00:00+00:00",
    }
    return content | changes


def preparation(*, iterative: bool = False) -> Preparation:
    steps = (
        Regression(0, (1,), 20.0, (1.1,), 1.0, 500.0),
        Regression(1, (0,), 1.0, (0.4,), None, None),
    )
    return Preparation(
        names=tuple(v.name for v in PREDICTORS),
        fill=np.array([90.0, 35.0, 0.0, 1.0]),
        regressions=steps if iterative else (),
        columns=(
            DesignColumn("c3", 0),
            DesignColumn("c3 missing", 0, missing=True),
            DesignColumn("marker", 1),
            DesignColumn("fever", 2),
            DesignColumn("organ=skin", 3, state=0),
            DesignColumn("organ=joints", 3, state=2),
        ),
        centre=np.array([91.3, 0.07, 33.7, 0.3, 0.4, 0.2]),
        scale=np.array([20.1, 0.3, 11.9, 0.46, 0.5, 0.41]),
    )


LINEAR = LinearModel(-0.613, np.array([0.81, 0.13, -0.4, 0.3, 0.5, -0.7]))


def save(folder: Path, model: Model = LINEAR, *, iterative: bool = False, **changes: Any) -> Path:
    prepared = preparation(iterative=iterative)
    files = {"comparison.csv": b"name,auroc\nridge,0.73\n", "figures/beeswarm.png": b"\x89PNG\r\n"}
    save_bundle(folder, manifest(**changes), prepared, model, files)
    return folder


def reseal(folder: Path, **changes: Any) -> None:
    """Make every digest right again after a file was changed, as a forger would."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text()) | changes
    files = {name: digest_of((folder / name).read_bytes()) for name in content["files"]}
    content["files"] = files
    content["model"] = {**content["model"], "digest": model_digest(files)}
    content.pop("manifest_digest", None)
    path.write_bytes(sealed(content))


def forge(folder: Path, name: str, **changes: Any) -> None:
    """Change entries of a JSON file of a bundle, and every digest with it."""
    content = json.loads((folder / name).read_text())
    (folder / name).write_bytes(json_bytes(content | changes))
    reseal(folder)
