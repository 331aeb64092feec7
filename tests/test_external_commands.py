"""``predictor validate``, ``update`` and ``monitor`` as people, programs and cron call them."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_hospitals import second_hospital
from run_commands import Run, runner

from predictor.fitted.bundle import open_bundle


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference, a file like it, and one that the model is wrong about."""
    folder = tmp_path_factory.mktemp("hospitals")
    bundle = open_bundle("remission")
    second_hospital(bundle, 260).to_csv(folder / "reference.csv", index=False)
    second_hospital(bundle, 200, seed=2).to_csv(folder / "alike.csv", index=False)
    wrong = second_hospital(bundle, 300, seed=3, shift=-1.2, slope=0.6)
    wrong.to_csv(folder / "wrong.csv", index=False)
    return folder


def test_validate_prints_the_figures_of_the_contract(call: Run, files: Path) -> None:
    found = call("validate", "remission", files / "alike.csv", "--dry-run", "--format", "json").json
    for key in ("auroc", "auroc_low", "auroc_high", "brier", "scaled_brier", "calibration_slope"):
        assert found[key] is not None, key
    assert {"n", "events", "excluded", "net_benefit", "eavg", "observed_expected"} <= set(found)
    assert found["n"] == 200
    assert found["net_benefit"][0].keys() >= {"threshold", "model", "treat_all"}


def test_validate_says_where_it_was_recorded_and_what_it_means(
    call: Run, files: Path, tmp_path: Path
) -> None:
    done = call("validate", "remission", files / "alike.csv", "--out", tmp_path / "second")
    assert done.code == 0
    assert "Membership C statistic" in done.out
    assert f"Recorded as version 2: {tmp_path / 'second'}" in done.out
    shipped = call("validate", "remission", files / "alike.csv")
    assert "Not recorded: this model came with the package" in shipped.out


def test_updating_asks_for_a_place_and_tells_what_is_next(
    call: Run, files: Path, tmp_path: Path
) -> None:
    assert call("update", "remission", files / "wrong.csv").code == 2
    done = call("update", "remission", files / "wrong.csv", "--out", tmp_path / "new")
    assert done.code == 0
    assert "A new intercept: likelihood ratio" in done.out
    assert f"predictor validate {tmp_path / 'new'} COHORT" in done.out
    found = call(
        "update", "remission", files / "wrong.csv", "--out", tmp_path / "b", "--format", "json"
    ).json
    assert found["method"] in ("intercept", "logistic")
    assert found["gained"] is True


def test_cron_hears_of_an_alarm_by_the_exit_code(call: Run, files: Path, tmp_path: Path) -> None:
    options = ("--reference", files / "reference.csv", "--new")
    quiet = call("monitor", "remission", *options, files / "alike.csv")
    assert quiet.code == 0
    assert "No alarm." in quiet.out
    page = tmp_path / "october.html"
    loud = call("monitor", "remission", *options, files / "wrong.csv", "--out", page)
    assert loud.code == 1
    assert "fewer events than expected" in loud.out
    assert page.stat().st_size > 10_000
    told = call("monitor", "remission", *options, files / "wrong.csv", "--format", "json")
    assert told.code == 1
    assert {"variable": "response", "code": "fewer_events_than_expected"} in told.json["alarms"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("validate", "remission", "nowhere.csv"), "no such file"),
        (("validate", "no-such-model", "nowhere.csv"), "no such bundle"),
        (("update", "remission", "nowhere.csv", "--out", "x"), "no such file"),
        (("monitor", "remission", "--reference", "a.csv", "--new", "b.csv"), "no such file"),
        (("validate", "remission", "a.csv", "--dry-run", "--out", "x"), "nothing to hold"),
        (("check", "a.csv", "--model", "remission", "--config", "b"), "and not with --config"),
        (("check", "--model", "remission"), "--model goes with a cohort file"),
        (("check", "a.csv", "--mapping", "b.yaml"), "--mapping goes with --model"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    call: Run, words: tuple[str, ...], said: str
) -> None:
    done = call(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["validate", "update", "monitor"])
def test_every_command_has_an_example(call: Run, name: str) -> None:
    assert f"predictor {name} runs/first" in call(name, "--help").out
