"""A state of few patients: its number stands nowhere in what is shared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_states import cohort_of_states, configuration_of_states

from predictor import predict
from predictor.workflow.train import train

SIZE = 30


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = configuration_of_states(choose="multinomial", privacy={"cell_size": SIZE})
    run = train(config, cohort_of_states(), out=tmp_path_factory.mktemp("s") / "b", workers=1)
    counts = [row["patients"] for row in run.to_dict()["states"]]
    assert sum(count < SIZE for count in counts) >= 1  # type: ignore[operator]
    return run.bundle


def test_manifest_and_evidence_hide_small_states_and_what_would_tell_them(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    shown = [state["patients"] for state in manifest["outcome"]["states"]]
    assert shown.count(None) >= 2
    assert manifest["cohort"]["events"] == shown[-1]
    assert manifest["evidence"]["events"] == shown[-1]
    assert "(hidden)" in manifest["evidence"]["statement"]
    names = [row["name"] for row in manifest["validation"]["sample_size"]["criteria"]]
    assert names == ["optimism of R-squared"]


def test_verdict_patients_and_checklists_say_that_they_are_hidden(bundle: Path) -> None:
    page = (bundle / "report.html").read_text(encoding="utf-8")
    assert f"A state has fewer than {SIZE} patients" in page
    counts = cohort_of_states()["state"].value_counts()
    for state, count in counts.items():
        label = str(state).replace("_", " ")
        assert f"{label} ({count})" not in page
        assert f"{label} {count}" not in page
        assert f"{label} (n = {count})" not in page


def test_the_answer_is_given_all_the_same(bundle: Path) -> None:
    patient = {"age": 40, "sex": "female", "c3": 110, "c4": 20, "sledai_2k": 6}
    assert "hidden" in str(predict(patient, model=bundle).evidence["statement"])
