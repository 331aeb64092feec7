"""A training and a bundle on terminals of 80 and 140 columns, complete and never folded badly."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from made_cohorts import cohort, configuration
from made_validation import bootstrap, figure, validation

from predictor import terminal
from predictor.terminal_training import (
    show_bundle,
    show_training,
    show_validation,
    validation_table,
)
from predictor.workflow.train import TrainingRun, train

STYLE = re.compile(r"\x1b\[[0-9;]*m")
QUICK = {"folds": 2, "repeats": 1, "inner_folds": 2, "bootstrap": 30, "permutations": 19}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Screen = Callable[..., str]
"""Calls what it is given and returns what that showed."""


@pytest.fixture(params=[80, 140])
def columns(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def screen(columns: int, monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setattr(
        terminal.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24))
    )
    monkeypatch.setenv("TERM", "xterm-256color")  # rich takes a dumb one for 80 columns wide

    def shown(show: Callable[..., None], *given: Any) -> str:
        with redirect_stdout(_Terminal()) as seen:
            show(*given)
        return STYLE.sub("", seen.getvalue())

    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def ridge(folder: Path) -> TrainingRun:
    found = train(configuration(validation=QUICK), data=cohort(), out=folder / "ridge", workers=1)
    assert found.comparison.chosen.name == "ridge"
    return found


@pytest.fixture(scope="module")
def prevalence(folder: Path) -> TrainingRun:
    noise = cohort()
    noise["out"] = [0, 0, 1] * 20
    given = configuration(validation=QUICK)
    found = train(given, data=noise, out=folder / "prevalence", workers=1)
    assert found.comparison.chosen.name == "prevalence"
    return found


def joined(text: str) -> str:
    """The text without its folding."""
    return " ".join(text.split())


def manifest_of(run: TrainingRun) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.bundle / "manifest.json").read_text(encoding="utf-8"))
    return found


# ---- a training


def test_no_line_is_wider_than_the_terminal(
    ridge: TrainingRun, screen: Screen, columns: int
) -> None:
    lines = [line.rstrip() for line in screen(show_training, ridge).splitlines()]
    # Paths and commands stay whole, so that they can be copied.
    own = [line for line in lines if str(ridge.bundle) not in line]
    assert max(map(len, own)) <= columns


def test_a_training_says_verdict_then_table_then_what_was_found(
    ridge: TrainingRun, screen: Screen
) -> None:
    said = joined(screen(show_training, ridge))
    parts = [
        "EXPLORATORY. 60 patients with 29 events; at least",
        "Patients: 60 read, 60 analysed",
        "Chosen: Ridge logistic",
        "What moves its predictions",
        "Ridge logistic validated by 30 bootstrap resamples",
        "Corrected for optimism",
        "Stability:",
        "Where the choice among the linear models is repeated too",
        "Time:",
        "Bundle:",
    ]
    places = [said.index(part) for part in parts]
    assert places == sorted(places)


def test_the_prevalence_has_a_test_for_signal_and_nothing_to_correct(
    prevalence: TrainingRun, screen: Screen
) -> None:
    said = joined(screen(show_training, prevalence))
    assert "Chosen: Prevalence" in said
    assert "What moves" not in said
    assert "validated by" not in said
    assert "Stability" not in said
    assert said.count("with 19 permutations of") == 2  # in the verdict, and at the end


# ---- a bundle


def test_a_bundle_shows_the_validation_of_its_training(ridge: TrainingRun, screen: Screen) -> None:
    shown = screen(show_bundle, manifest_of(ridge), "runs/tiny")
    part = shown[shown.index("Ridge logistic validated by") :]
    assert "permutations of" in part
    assert part in screen(show_training, ridge)


def test_an_older_bundle_has_no_validation_and_is_shown_all_the_same(
    ridge: TrainingRun, screen: Screen
) -> None:
    old = manifest_of(ridge)
    old["validation"] = {key: old["validation"][key] for key in ("plan", "models")}
    old["evidence"]["statement"] = "60 patients with 29 events."
    said = joined(screen(show_bundle, old, "runs/old"))
    assert "Ridge logistic" in said
    assert "validated by" not in said
    assert "permutations" not in said


# ---- the parts of the validation


def test_every_figure_stands_in_the_table_with_its_numbers(screen: Screen) -> None:
    said = joined(screen(show_validation, validation(), "Ridge logistic"))
    for name in ("AUROC", "slope", "Net benefit at 25%"):
        assert name in said
    for number in ("0.86", "0.71", "0.52 to 0.85", "0.74", "0.55 to 0.91", "0.76", "0.69"):
        assert number in said
    assert "joint" not in said
    assert "…" not in said


def test_a_figure_that_is_not_defined_is_a_dash(screen: Screen) -> None:
    shown = screen(lambda: terminal.print_tables(validation_table([figure("eavg", None)])))
    assert shown.split()[-5:] == ["-"] * 5


def test_extreme_figures_do_not_break_the_table(screen: Screen, columns: int) -> None:
    far = {"corrected": -4.84, "corrected_low": -999.25, "corrected_high": 1234.5}
    rows = [
        figure("calibration_intercept", 123.0, cross_validated=0.0, oob=-98765.0, **far),
        figure("net_benefit_0.125", 99.994, threshold=0.125, harrell=-99.996),
    ]
    found = validation(bootstrap=bootstrap(figures=rows), with_choice=None)
    text = screen(show_validation, found, "Ridge logistic")
    assert max(len(line.rstrip()) for line in text.splitlines()) <= columns
    for number in ("123", "-4.84", "-999 to 1234", "-98765", "99.99", "-100"):
        assert number in text
    assert "…" not in text


@pytest.mark.parametrize("left_out", [0, 12])
def test_resamples_left_out_are_said(screen: Screen, left_out: int) -> None:
    counts = {"drawn": 1000, "used": 1000 - left_out, "one_class": 2, "separated": 9,
              "not_fitted": 1}  # fmt: skip
    found = validation(bootstrap=bootstrap(resamples=counts))
    said = joined(screen(show_validation, found, "Firth logistic"))
    sentence = "12 resamples left out: 2 with one outcome only, 9 separated, 1 not fitted."
    assert (sentence in said) == (left_out > 0)


def test_notes_and_centres_are_said(screen: Screen) -> None:
    found = validation(centres={"sentence": "Each of 3 centres predicted by the others."})
    said = joined(screen(show_validation, found, "Ridge logistic"))
    assert "Each of 3 centres predicted by the others." in said
    assert "Note: Bootstrap: 1000 of the 2000 repetitions" in said


def test_nothing_validated_says_nothing(screen: Screen) -> None:
    nothing = validation(bootstrap=None, with_choice=None, signal=None, notes=[])
    assert screen(show_validation, nothing, "Ridge logistic") == ""
