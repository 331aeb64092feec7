"""A few patients are written by hand and many by PyArrow; the file must not tell which."""

from __future__ import annotations

from pathlib import Path

import pytest

from predictor.cohort import published_writing
from predictor.cohort.published import simulate_chunks


@pytest.mark.parametrize("patients", [31, 400])
@pytest.mark.parametrize("scenario", ["literature", "strong"])
def test_few_patients_are_written_byte_for_byte_as_many_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patients: int, scenario: str
) -> None:
    blocks = list(simulate_chunks(patients, seed=3, scenario=scenario))
    published_writing.write_columns(tmp_path / "by_hand.csv", lambda: iter(blocks))
    monkeypatch.setattr(published_writing, "_FEW", 0)
    published_writing.write_columns(tmp_path / "by_pyarrow.csv", lambda: iter(blocks))
    by_hand = (tmp_path / "by_hand.csv").read_bytes()
    assert by_hand == (tmp_path / "by_pyarrow.csv").read_bytes()
    assert by_hand.count(b"\n") == patients + 1
