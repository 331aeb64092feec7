"""``findings.json``: written by every training, strict JSON, without a patient, and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import made_cohorts
import numpy as np
import pytest

import predictor
from predictor.errors import BundleError
from predictor.fitted.seal import json_bytes
from predictor.report.contents.patients import patients
from predictor.report.contents.performance import performance
from predictor.report.contents.source import FINDINGS, open_source
from predictor.report.document import Paragraph, blocks_of
from predictor.workflow.findings import plain

PARTS = {"patients", "curves", "subgroups", "instability", "ranks"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("findings")
    path = made_cohorts.write(folder)
    return predictor.train(path, out=folder / "bundle", workers=1).bundle


def test_a_training_keeps_what_it_found(bundle: Path) -> None:
    source = open_source(bundle)
    assert source.findings.keys() >= PARTS
    assert FINDINGS in source.manifest["files"]
    assert source.tracking == {}
    json_bytes(source.findings)  # allows no NaN


def test_no_value_of_a_patient_is_in_it(bundle: Path) -> None:
    text = (bundle / FINDINGS).read_text(encoding="utf-8")
    table = made_cohorts.cohort()
    assert "PLANT-" not in text
    assert "REMARK" not in text
    for name in ("age", "c3", "c4"):
        measured = {repr(float(value)) for value in table[name].dropna()}
        # A short number can stand there by chance.
        assert not [value for value in measured if len(value) > 6 and value in text], name


def test_every_part_of_the_two_sections_is_there(bundle: Path) -> None:
    source = open_source(bundle)
    said = [
        block.text
        for block in blocks_of([patients(source), performance(source)])
        if isinstance(block, Paragraph)
    ]
    assert not [text for text in said if "does not hold" in text]


def test_ranks_are_those_of_the_bundled_model(bundle: Path) -> None:
    ranks = open_source(bundle).findings["ranks"]
    names = list(dict.fromkeys(row["variable"] for row in ranks))
    assert set(names) == set(made_cohorts.PREDICTORS)
    for name in names:
        assert sum(r["share"] for r in ranks if r["variable"] == name) == pytest.approx(1)


def test_a_bundle_without_findings_opens_with_none(root: Path) -> None:
    source = open_source(root / "models" / "relapse")
    if FINDINGS not in source.manifest["files"]:
        assert source.findings == {}
    assert source.bundle.name == source.manifest["name"]


def test_tracking_is_read_where_a_run_was_sent(bundle: Path) -> None:
    path = bundle / "tracking.json"
    try:
        path.write_text('{"run_id": "7"}', encoding="utf-8")
        assert open_source(bundle).tracking == {"run_id": "7"}
        path.write_text("[1]", encoding="utf-8")
        with pytest.raises(BundleError, match="no JSON object"):
            open_source(bundle)
        path.write_text("{", encoding="utf-8")
        with pytest.raises(BundleError, match="damaged"):
            open_source(bundle)
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(BundleError, match="cannot be read"):
            open_source(bundle)
    finally:
        path.unlink(missing_ok=True)


def test_altered_findings_are_refused(bundle: Path) -> None:
    path = bundle / FINDINGS
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b'"curves"', b'"Curves"'))
        with pytest.raises(BundleError, match="altered"):
            open_source(bundle)
    finally:
        path.write_bytes(before)


def test_plain_data_has_neither_numpy_nor_nan() -> None:
    made: Any = plain(
        {"a": np.arange(2), 3: (np.float64(1.5), float("inf")), "b": {"c": np.bool_(True)}}
    )
    assert made == {"a": [0, 1], "3": [1.5, None], "b": {"c": True}}
    assert json.loads(json_bytes(made)) == made
