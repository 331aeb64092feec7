"""The calibration range in a bundle: saved, sealed, loaded, and missing in bundles without one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_bundles import LINEAR, forge, manifest, preparation, save

from predictor.errors import BundleError
from predictor.fitted.bundle import load_bundle, save_bundle
from predictor.fitted.seal import MODEL_FILES, model_digest
from predictor.fitted.venn_abers import FILE, VennAbers

MADE = VennAbers(np.linspace(0.0, 0.8, 101), np.linspace(0.1, 1.0, 101))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_bundle(tmp_path / "b", manifest(), preparation(), LINEAR, {}, calibration=MADE)
    return tmp_path / "b"


def test_a_range_is_loaded_as_it_was_saved(folder: Path) -> None:
    found = load_bundle(folder).calibration
    assert found is not None
    np.testing.assert_array_equal(found.low, MADE.low)
    np.testing.assert_array_equal(found.high, MADE.high)


def test_a_bundle_without_a_range_loads_and_keeps_its_digest(tmp_path: Path) -> None:
    bundle = load_bundle(save(tmp_path / "b"))
    assert bundle.calibration is None
    before = [name for name in MODEL_FILES if name != FILE]
    files = bundle.manifest["files"]
    assert bundle.digest == model_digest({n: files[n] for n in before if n in files})


def test_the_digest_of_the_model_covers_the_range(folder: Path, tmp_path: Path) -> None:
    without = load_bundle(save(tmp_path / "without")).digest
    assert load_bundle(folder).digest != without
    content = json.loads((folder / FILE).read_text())
    content["low"][50] = content["low"][49]
    (folder / FILE).write_text(json.dumps(content))
    with pytest.raises(BundleError, match=f"{FILE}: the file was altered"):
        load_bundle(folder)


def test_an_impossible_range_is_refused_even_with_right_digests(folder: Path) -> None:
    forge(folder, FILE, low=[1.0] * 101)
    with pytest.raises(BundleError, match="a bound on the wrong side") as found:
        load_bundle(folder)
    assert FILE in str(found.value)


def test_a_damaged_range_is_refused_even_with_right_digests(folder: Path) -> None:
    forge(folder, FILE, high=None)
    with pytest.raises(BundleError, match="a list of numbers was expected"):
        load_bundle(folder)
