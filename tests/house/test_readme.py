"""README and docs say what is so: commands exist, programs run, transcripts are real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_lines import blocks, command_lines, complaint
from small_bundle import write_bundle
from transcripts import comparable, printed_lines

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
TEXTS = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]

SET_UP = [
    "python -m pip install -c constraints.txt . && predictor train remission",
    (
        'python -m pip install -c constraints.txt ".[test]" '
        "&& python -m pytest -n auto --dist loadfile"
    ),
]

BUNDLE = "runs/sle-low-disease-activity"

# Three folds, one repeat and one model, so that the README's program can run in seconds.
QUICK = """
name: quick
question: {outcome: lda_fu, event: [1], horizon: 6 months, population: nobody}
cohort: {patient: subject}
predictors: [age, sex, c3]
baseline: age
models: {ridge: {penalty: [1, 10]}}
validation: {folds: 3, repeats: 1, bootstrap: 20, permutations: 19}
"""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def names(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", TEXTS, ids=names)
def test_every_command_of_a_text_exists_with_its_options(path: Path) -> None:
    wrong = {line: found for line in command_lines(text(path)) if (found := complaint(line))}
    assert not wrong


def test_the_readme_shows_every_command_that_a_reader_meets_first() -> None:
    shown = {line.split()[1] for line in command_lines(text(README))}
    assert {"init", "check", "train", "predict", "inspect", "variables"} <= shown


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    assert [line for line in text(README).splitlines() if "pip install" in line] == SET_UP


def test_ci_runs_the_test_command_of_the_readme_and_no_copy_of_it() -> None:
    pattern = re.search(r"grep -m 1 -E '([^']+)'", text(ROOT / ".ci" / "run"))
    assert pattern is not None
    found = [line for line in text(README).splitlines() if re.match(pattern[1], line)]
    assert found == SET_UP[1:]


def test_intended_use_population_and_limits_come_before_installing() -> None:
    before, _, _ = text(README).partition(SET_UP[0])
    for said in ("**Intended use.**", "**Population.**", "**Limits.**", "It is not for care"):
        assert said in before
    plain = " ".join(before.replace("*", "").split())
    assert "No patient-level data of IVIG in SLE are public" in plain
    assert "not the effect of a treatment" in plain


@pytest.mark.parametrize("path", TEXTS, ids=names)
def test_every_link_within_the_repository_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", text(path)):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", TEXTS, ids=names)
def test_the_words_are_those_of_the_field(path: Path) -> None:
    # Design section 7; and nobody "benefits" or is "eligible" because a prediction is high.
    # The flow of a cohort, printed as it is, counts who is eligible for a study.
    prose = re.sub(r"^ +\d+  eligible$", "", text(path), flags=re.MULTILINE)
    found = re.findall(
        r"\b(ground truth|accuracy|inference|eligible|benefits? from)\b", prose, re.IGNORECASE
    )
    assert not found


def test_the_example_patient_is_the_same_in_every_block() -> None:
    (patient,) = (json.loads(block) for block in blocks(text(README), "json"))
    program = blocks(text(README), "python")[0]
    for name, value in patient.items():
        if name not in ("patient", "platelets"):
            assert f'"{name}": {json.dumps(value)}' in program


def run(program: str, folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_program_of_the_readme_predicts(tmp_path: Path) -> None:
    write_bundle(tmp_path / BUNDLE)
    output = run(blocks(text(README), "python")[0], tmp_path)
    assert "Complement C3" in output
    assert "impossible_value c3" in output


def test_a_bundle_can_be_computed_by_hand(tmp_path: Path) -> None:
    write_bundle(tmp_path / BUNDLE)
    by_hand = run(blocks(text(ROOT / "docs" / "bundle.md"), "python")[0], tmp_path)
    answer = run(blocks(text(README), "python")[0] + "print(answer.probability)", tmp_path)
    assert float(by_hand) == pytest.approx(float(answer.splitlines()[-1]), abs=1e-12)


@pytest.mark.slow
def test_the_program_of_the_readme_trains(
    tmp_path: Path, made_up_cohort: Callable[[Path, str], None]
) -> None:
    made_up_cohort(tmp_path / "gse65391_response_index.csv", "subject,age,sex,c3,lda_fu")
    # An existing path wins over a shipped name, so this study takes the place of the long one.
    (tmp_path / "sle_low_disease_activity").write_text(QUICK, encoding="utf-8")
    output = run(blocks(text(README), "python")[1], tmp_path)
    assert output.splitlines()[0].startswith("Prevalence 0.5")
    assert "runs/quick" in output


def test_the_derivation_of_the_index_visits_is_exact(shared: Path, tmp_path: Path) -> None:
    import pandas as pd

    shutil.copy(shared / "data" / "gse65391_visits.csv", tmp_path)
    run(blocks(text(ROOT / "docs" / "data.md"), "python")[0], tmp_path)
    derived = pd.read_csv(tmp_path / "gse65391_response_index.csv")
    given = pd.read_csv(shared / "data" / "gse65391_response_index.csv")
    assert len(derived) == 86
    for column in set(derived.columns) & set(given.columns):
        pd.testing.assert_series_equal(derived[column], given[column], obj=column)
    assert {"lda_fu", "remission_fu", "sledai_le4_fu", "followup_days"} <= set(given.columns)


@pytest.mark.slow
def test_the_transcripts_of_the_readme_are_what_is_printed(shared: Path, tmp_path: Path) -> None:
    """The whole example, as a reader would run it in an empty folder; some minutes long."""
    shutil.copy(shared / "data" / "gse65391_response_index.csv", tmp_path)
    readme = text(README)
    (tmp_path / "patient.json").write_text(blocks(readme, "json")[0], encoding="utf-8")
    (tmp_path / "wrong.json").write_text(
        '{"plateletts": 210, "c3": -45, "c4": "low", "sex": "F"}', encoding="utf-8"
    )
    for transcript in blocks(readme, "console"):
        command, *expected = transcript.splitlines()
        printed = printed_lines(command, tmp_path)
        missing = [
            line
            for line in map(comparable, expected)
            if line and not line.startswith("[...") and line not in printed
        ]
        assert not missing, command
