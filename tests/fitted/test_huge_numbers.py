"""Bundles with right digests whose numbers nobody can have meant."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import made_bundles
import pytest

from predictor import predict
from predictor.errors import BundleError, PredictorError
from predictor.fitted.bundle import load_bundle, locate_bundle

PATIENTS: tuple[dict[str, object], ...] = (
    {"anti_dsdna": 885, "c3": 69, "c4": 9.5, "crp": 88, "platelets": 75, "proteinuria": 576},
    {"anti_dsdna": 885, "c4": 9.5, "crp": 88},
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(locate_bundle("remission"), tmp_path / "b"))


def _all(folder: Path, name: str, key: str, number: float) -> dict[str, Any]:
    """Every number of an entry replaced by one."""
    before = json.loads((folder / name).read_text(encoding="utf-8"))[key]
    return {key: [number] * len(before) if isinstance(before, list) else number}


@pytest.mark.parametrize(
    ("name", "key", "number"),
    [
        ("model.json", "intercept", 1e308),
        ("model.json", "intercept", -1e9),
        ("model.json", "coefficients", 1e308),
        ("model.json", "coefficients", -1e100),
        ("preparation.json", "fill", 1e308),
        ("preparation.json", "centre", -1e300),
        ("preparation.json", "scale", 1e308),
        ("preparation.json", "scale", 1e-300),
        ("moments.json", "centre", 1e308),
        ("moments.json", "spread", 1e308),
        ("moments.json", "cutoff", 1e308),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused(
    bundle: Path, name: str, key: str, number: float
) -> None:
    made_bundles.forge(bundle, name, **_all(bundle, name, key, number))
    with pytest.raises(BundleError, match=r"too (large|small) to be meant"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    ("name", "key", "number"),
    [
        ("model.json", "intercept", 1e6),
        ("model.json", "coefficients", 1e6),
        ("preparation.json", "fill", 1e100),
        ("preparation.json", "centre", 1e100),
        ("preparation.json", "scale", 1e-100),
        ("moments.json", "centre", 1e100),
        ("moments.json", "spread", 1e100),
        ("moments.json", "low", -1e100),
    ],
)
def test_numbers_at_the_limit_are_answered_or_refused_without_a_warning(
    bundle: Path, name: str, key: str, number: float
) -> None:
    made_bundles.forge(bundle, name, **_all(bundle, name, key, number))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for patient in PATIENTS:
            try:
                found = predict(patient, model=bundle)
            except PredictorError:
                continue
            json.dumps(found.to_dict(), allow_nan=False)
