"""The order of patients by the probability of one of several states."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_states import cohort_of_states, configuration_of_states
from run_commands import Run, runner

from predictor import predict
from predictor.errors import BundleError
from predictor.workflow.candidates import candidates_file, candidates_json
from predictor.workflow.train import train

COHORT = (
    "patient,age,sex,c3,c4,sledai_2k\nA,40,female,110,20,6\nB,50,male,60,22,9\nC,45,male,80,21,8\n"
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("states") / "bundle"
    config = configuration_of_states(choose="multinomial")
    return train(config, cohort_of_states(), out=out, workers=1).bundle


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    path = tmp_path / "cohort.csv"
    path.write_text(COHORT)
    return path


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize(("state", "place"), [(None, 2), ("remission", 2), ("flare", 0)])
def test_the_best_state_orders_and_the_worst_one_never(
    bundle: Path, cohort: Path, state: str | None, place: int
) -> None:
    if not place:
        with pytest.raises(BundleError, match="those who fare worst"):
            candidates_file(cohort, bundle, state=state)
        return
    found = candidates_file(cohort, bundle, state=state)
    shown = {c.patient: c for c in [*found.candidates, *found.outside]}
    rows = [line.split(",") for line in COHORT.splitlines()]
    for row in rows[1:]:
        told = predict(dict(zip(rows[0], row, strict=True)), model=bundle).states[place]
        one = shown[row[0]]
        assert one.probability == pytest.approx(told.probability, abs=1e-9)
        assert one.low == pytest.approx(told.low, abs=1e-9)
    ranked = [c.probability for c in found.candidates]
    assert ranked == sorted(ranked, reverse=True)


def test_a_state_between_says_that_better_ones_stand_further_down(
    bundle: Path, cohort: Path
) -> None:
    found = candidates_json(candidates_file(cohort, bundle, state="low_disease_activity"))
    assert any("stands further down" in note for note in found["notes"])
    best = candidates_json(candidates_file(cohort, bundle))
    assert not any("stands further down" in note for note in best["notes"])


def test_the_command_names_the_state_and_refuses_one_that_is_not_there(
    call: Run, bundle: Path, cohort: Path, tmp_path: Path
) -> None:
    done = call("candidates", bundle, cohort, "--out", tmp_path / "c.html")
    assert "Patients in the order of predicted remission, 6 months" in done.out
    assert "predicted remission" in (tmp_path / "c.html").read_text(encoding="utf-8")
    wrong = call("candidates", bundle, cohort, "--state", "cure")
    assert wrong.code == 2
    assert "Name one of low_disease_activity, remission" in wrong.err
    event = call("candidates", "remission", cohort, "--state", "remission", "--demonstration")
    assert event.code == 2
    assert "Leave --state out" in event.err
