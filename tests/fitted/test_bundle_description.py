"""A bundle in a few lines: what a reader wants to know first, and no array."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from made_answers import full_bundle

from predictor.fitted.bundle import load_bundle


def test_a_shipped_model_is_printed_in_the_lines_of_inspect() -> None:
    bundle = load_bundle("remission")
    lines = str(bundle).splitlines()
    assert lines[0] == f"Bundle:      {bundle.path}"
    assert "Predicts:    remission (response), 6 months" in lines
    assert "Predictors:  anti_dsdna, c3, c4, crp, platelets, proteinuria" in lines
    assert any(line.startswith("Evidence:    demonstration. Not for care.") for line in lines)
    assert len(lines) < 15
    assert "Predicts:    relapse (flare at 6 months) (response)" in str(load_bundle("relapse"))


def test_its_repr_is_one_short_line() -> None:
    bundle = load_bundle("remission")
    told = repr(bundle)
    assert told == f"<Bundle 'remission', {bundle.digest[:19]}, {bundle.path}>"


def test_a_manifest_that_says_little_is_no_reason_to_fail(tmp_path: Path) -> None:
    bundle = load_bundle(full_bundle(tmp_path / "b"))
    manifest = {key: value for key, value in bundle.manifest.items() if key != "cohort"}
    assert str(replace(bundle, manifest=manifest)).splitlines() == [
        f"Bundle:      {bundle.path}",
        f"Name:        {bundle.name}",
    ]
