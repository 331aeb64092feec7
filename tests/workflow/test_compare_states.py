"""Runs of several states side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_states import cohort_of_states, configuration_of_states
from run_commands import Run, runner

from predictor.errors import PredictorError
from predictor.workflow.compare import compare_runs
from predictor.workflow.train import train


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("states")
    first, second = (
        train(
            configuration_of_states(choose=kind, name=kind),
            cohort_of_states(),
            out=folder / kind,
            workers=1,
        ).bundle
        for kind in ("proportional_odds", "multinomial")
    )
    return first, second


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_two_runs_of_the_same_states_are_set_side_by_side(
    call: Run, bundles: tuple[Path, Path], tmp_path: Path
) -> None:
    done = call("compare", *bundles, "--out", tmp_path / "c.html")
    assert done.code == 0
    assert "Ordinal c (ORC)" in done.out
    assert "AUROC" not in done.out
    assert "Events" not in done.out
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "Ranked probability score explained" in page
    data = call("compare", *bundles, "--format", "json").json
    assert data["comparable"]
    for bundle, row in zip(bundles, data["runs"], strict=True):
        manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
        figures = {one["name"]: one for one in manifest["validation"]["figures"]}
        assert row["orc"] == figures["orc"]["corrected"]
        assert row["orc_low"] == figures["orc"]["corrected_low"]
        assert row["scaled_rps"] == figures["scaled_rps"]["corrected"]


def test_a_bundle_and_its_report_are_one_run(bundles: tuple[Path, Path]) -> None:
    found = compare_runs([bundles[0], bundles[0] / "report.json"]).rows()
    assert {k: v for k, v in found[0].items() if k != "name"} == {
        k: v for k, v in found[1].items() if k != "name"
    }


def test_states_and_an_event_are_not_set_side_by_side(bundles: tuple[Path, Path]) -> None:
    with pytest.raises(PredictorError, match="several states among themselves"):
        compare_runs([bundles[0], "remission"])
