"""The page and the figure of one patient where a model tells several states."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made_states import STATES, cohort_of_states, configuration_of_states
from run_commands import Run, runner

from predictor import predict
from predictor.clinic.answer import percent
from predictor.workflow.train import train

PATIENT = {"patient": "P1", "age": 40, "sex": "female", "c3": 110, "c4": 20, "sledai_2k": 6}
KINDS = ("proportional_odds", "multinomial")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("states")
    return {
        kind: train(
            configuration_of_states(choose=kind), cohort_of_states(), out=folder / kind, workers=1
        ).bundle
        for kind in KINDS
    }


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_one_patient_tells_every_state_with_its_interval(
    call: Run, bundles: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    patient, out = tmp_path / "patient.json", tmp_path / "patient.html"
    patient.write_text(json.dumps(PATIENT))
    assert call("predict", patient, "--model", bundles[kind], "--report", out).code == 0
    page = out.read_text(encoding="utf-8")
    told = predict(PATIENT, model=bundles[kind])
    head = re.findall(r"<h1>(.*?)</h1>", page)[0]
    for state in told.states:
        assert f"{state.label} {percent(state.probability)}" in head
        assert state.low is not None
        assert state.high is not None
        assert f"interval {percent(state.low)} to {percent(state.high)}" in page
    for words in ("add up to 100%", "What moves it towards remission", "not the effect of a"):
        assert words in page
    assert "of the event" not in page
    assert "the event" not in page.partition("<body")[2]
    assert ("Effects on the log-odds of each state against flare" in page) == (
        kind == "multinomial"
    )


def test_many_patients_get_a_list_with_every_state(
    call: Run, bundles: dict[str, Path], tmp_path: Path
) -> None:
    many, out = tmp_path / "many.csv", tmp_path / "pages"
    many.write_text("patient,age,sex,c3,c4,sledai_2k\nA,40,female,110,20,6\nB,50,male,60,,9\n")
    assert call("predict", many, "--model", bundles["multinomial"], "--report", out).code == 0
    index = (out / "index.html").read_text(encoding="utf-8")
    for state in STATES:
        assert index.count(f"{state.replace('_', ' ')} ") >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_figure_of_one_patient_is_that_of_the_best_state(
    call: Run, bundles: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    patient, out = tmp_path / "patient.json", tmp_path / "patient.png"
    patient.write_text(json.dumps(PATIENT))
    assert call("predict", patient, "--model", bundles[kind], "--waterfall", out).code == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_the_figure_has_an_axis_of_probabilities_only_where_its_scale_gives_them(
    bundles: dict[str, Path],
) -> None:
    from predictor.workflow.waterfall import facts, of_state

    one, several = (predict(PATIENT, model=bundles[kind]) for kind in KINDS)
    assert of_state(one) == {"event": "remission", "against": ""}
    assert of_state(several) == {"event": "remission", "against": "flare"}
    assert facts(one)[1].startswith("All states: remission ")
