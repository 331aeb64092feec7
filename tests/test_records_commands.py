"""``predictor cohort``: the worked example on real visits, what is written, and bad input."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_commands import Run, runner

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.outcome_definitions import load_outcome
from predictor.documents import Document
from predictor.errors import CohortError
from predictor.study import load_study, study_from
from predictor.workflow.cohort import check_visits, make_cohort

STUDY = "sle_from_visits"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def visits(shared: Path) -> Path:
    """The real visits."""
    return shared / "data" / "gse65391_visits.csv"


def test_the_worked_example_is_the_known_cohort(
    run: Run, visits: Path, shared: Path, tmp_path: Path
) -> None:
    done = run("cohort", STUDY, "--data", visits, "--out", "cohort.parquet", "--format", "json")
    assert done.code == 0, done.err
    flow = {step["step"]: step["patients"] for step in done.json["flow"]}
    steps = ("read", "eligible", "indexed", "with follow-up", "analysed")
    assert [flow[step] for step in steps] == [158, 158, 117, 86, 86]
    assert done.json["events"] == 41
    cases = done.json["sensitivity"]
    assert (cases["no_follow_up"], cases["undeterminable"]) == (31, 0)
    assert cases["worst_case"] == pytest.approx(41 / 117)
    assert cases["best_case"] == pytest.approx(72 / 117)

    ours = pd.read_parquet(tmp_path / "cohort.parquet")
    known = pd.read_csv(shared / "data" / "gse65391_response_index.csv")
    both = ours.merge(known, on="subject", suffixes=("", "_known"), validate="one_to_one")
    assert len(ours) == len(both) == len(known) == 86
    assert (both["low_disease_activity"] == both["lda_fu"]).all()
    assert (both["follow_up_days"] == both["followup_days"]).all()
    assert (both["index_time"] == both["cumulative_time"]).all()
    config = load_study(STUDY).config
    for name in config.predictors:
        column = config.cohort.columns.get(name, name)
        value = both[f"{column}_known" if f"{column}_known" in both else column]
        if name == "sex":
            assert (both[name] == value).all()
        else:
            assert np.array_equal(both[name], value, equal_nan=True), name


def test_the_data_dictionary_tells_every_column_of_the_cohort(
    run: Run, visits: Path, tmp_path: Path
) -> None:
    assert run("cohort", STUDY, "--data", visits, "--out", "cohort.csv").code == 0
    told = json.loads((tmp_path / "cohort.dictionary.json").read_text())
    columns = (tmp_path / "cohort.csv").read_text().splitlines()[0].replace('"', "").split(",")
    assert [entry["variable"] for entry in told["variables"]] == columns
    entries = {entry["variable"]: entry for entry in told["variables"]}
    assert entries["platelets"]["unit"] == "10*9/L"
    assert entries["platelets"]["column"] == "platelet_count"
    assert entries["platelets"]["window"] == [-30, 0]
    assert "sledai_low_activity" in entries["low_disease_activity"]["made"]
    assert told["flow"][0] == {"step": "read", "patients": 158}
    assert (
        told["outcome"].pop("definition_digest")
        == load_outcome("sledai_low_activity", load_dictionary()).digest
    )
    assert told["outcome"] == {
        "column": "low_disease_activity",
        "definition": "sledai_low_activity",
        "at": {"nearest": 180, "within": [90, 365]},
    }


def test_training_needs_no_file_between_and_takes_one_that_was_written(
    run: Run, visits: Path, tmp_path: Path
) -> None:
    study = load_study(STUDY)
    direct = check_visits(study, visits).usable()
    assert (direct.patients, direct.events) == (86, 41)
    assert [step.patients for step in direct.flow] == [158, 158, 41, 117, 31, 86, 0, 86]
    assert direct.group_kind == "patient"
    assert direct.sensitivity is not None
    for name in ("cohort.csv", "cohort.parquet"):
        assert run("cohort", STUDY, "--data", visits, "--out", name).code == 0
        written = check_visits(study, tmp_path / name).usable()
        assert written.digest == direct.digest


def test_the_text_tells_flow_and_cases(run: Run, visits: Path) -> None:
    out = " ".join(run("cohort", STUDY, "--data", visits, "--out", "c.csv").out.split())
    assert "117 indexed" in out
    assert "31 outcomes are not known" in out
    assert "61.5%" in out
    assert "35.0%" in out


def test_patients_are_described_and_not_their_visits(run: Run, visits: Path) -> None:
    done = run("describe", visits, "--config", STUDY, "--format", "json")
    assert done.code == 0, done.err
    ages = [row for row in done.json["rows"] if row["variable"] == "age"]
    assert ages
    assert "86" in json.dumps(done.json)


@pytest.mark.slow
def test_924_visits_take_less_than_a_second(visits: Path) -> None:
    study = load_study(STUDY)
    make_cohort(study, visits)  # imports
    start = time.process_time()
    make_cohort(study, visits)
    assert time.process_time() - start < 1


# ---- bad input


CONFIG = """
name: visits
question: {outcome: low, event: [1], horizon: 6 months, population: adults}
cohort:
  visits: {patient: id, time: day}
  index: {first: sledai_2k >= 6}
  outcome: {rule: sledai_2k <= 4, at: {nearest: 180, within: [90, 365]}}
predictors: [c3, sex]
baseline: c3
models: {ridge: {}}
"""


def written(folder: Path, config: str, rows: str) -> tuple[Path, Path]:
    (folder / "study.yaml").write_text(config)
    (folder / "visits.csv").write_text(rows)
    return folder / "study.yaml", folder / "visits.csv"


def refused(run: Run, folder: Path, config: str, rows: str) -> str:
    """Both files are there, nothing else is, and the reasons are told."""
    study, data = written(folder, config, rows)
    done = run("cohort", study, "--data", data, "--out", "cohort.parquet")
    assert done.code == 2, done
    assert done.out == ""
    assert "Traceback" not in done.err
    assert {path.name for path in folder.iterdir()} == {"study.yaml", "visits.csv"}
    return " ".join(done.err.split())


HEADER = "id,day,sledai_2k,c3,sex\n"


def test_all_problems_are_told_at_once_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    rows = "a,0,8,80,female\na,0,9,80,female\n,5,1,80,male\nb,soon,1,80,male\n"
    said = refused(run, tmp_path, CONFIG, HEADER + rows)
    # Days are compared only once all times and patients are known.
    assert "line" not in said
    for code in ("the patient is not named", "this is no number of days"):
        assert code in said
    said = refused(run, tmp_path, CONFIG, HEADER + "a,0,8,80,female\na,0,9,80,male\n")
    for code in ("different values", "share an identifier"):
        assert code in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[90, 365]", "[365, 90]", "ends before it starts"),
        ("[90, 365]", "[0, 365]", "reaches the index visit"),
        ("nearest: 180", "nearest: 30", "nearest lies outside within"),
        ("first: sledai_2k >= 6", "{}", "exactly one of first, last and every"),
        ("rule: sledai_2k <= 4, at", "at", "exactly one of definition and rule"),
        ("rule: sledai_2k <= 4", "rule: sledai <= 4", "Did you mean"),
        ("rule: sledai_2k <= 4", "rule: index.sledai_2k <= 4", "the index visit alone"),
        ("rule: sledai_2k <= 4", "definition: doris_2021", "can never be determined here"),
        (
            "  outcome:",
            "  baseline: {latest_within: [-30, 5]}\n  outcome:",
            "nothing after the index visit",
        ),
        ("  index: {first: sledai_2k >= 6}\n", "", "visits need index and outcome"),
        ("visits: {patient: id, time: day}", "file: x.csv", "can only stand beside visits"),
    ],
)
def test_a_configuration_that_makes_no_sense_says_why(
    run: Run, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in CONFIG
    config = CONFIG.replace(old, new).replace("{{}}", "{}")
    rows = "a,0,8,80,female\na,180,2,80,female\n"
    assert said in refused(run, tmp_path, config, HEADER + rows)


def test_several_broken_rules_of_the_configuration_are_told_together(
    run: Run, tmp_path: Path
) -> None:
    config = CONFIG.replace("[90, 365]", "[365, 90]").replace(
        "  index:", "  baseline: {latest_within: [-30, 5]}\n  index:"
    )
    said = refused(run, tmp_path, config, HEADER)
    assert "ends before it starts" in said
    assert "nothing after the index visit" in said
    config = (
        CONFIG.replace("first: sledai_2k", "first: sledai")
        .replace("<= 4,", "<= ,")
        .replace("  index:", "  baseline: {variables: {c4: {latest_within: [-9, 0]}}}\n  index:")
    )
    said = refused(run, tmp_path, config, HEADER)
    for part in ("line 6", "Did you mean 'sledai_2k'", "line 7", "'c4' is no predictor"):
        assert part in said


def test_a_table_without_visits_is_told(run: Run, tmp_path: Path) -> None:
    assert "there are no patients in it" in refused(run, tmp_path, CONFIG, HEADER)


def test_a_cohort_of_rows_has_no_visits(run: Run) -> None:
    done = run("cohort", "remission", "--out", "c.csv")
    assert done.code == 2
    assert "has no visits" in done.err


def test_a_file_that_is_read_is_not_written_over(run: Run, tmp_path: Path) -> None:
    study, data = written(tmp_path, CONFIG, HEADER + "a,0,8,80,female\na,180,2,80,female\n")
    done = run("cohort", study, "--data", data, "--out", data)
    assert done.code == 2
    assert "this file is read" in done.err
    assert run("cohort", study, "--data", data, "--out", "cohort.txt").code == 2


def test_every_keeps_the_rows_of_a_patient_together() -> None:
    changes: dict[str, Any] = {
        "name": "v",
        "question": {"outcome": "low", "event": 1, "horizon": "h", "population": "p"},
        "cohort": {
            "visits": {"patient": "id", "time": "day"},
            "index": {"every": "sledai_2k >= 6"},
            "outcome": {"rule": "sledai_2k <= 4", "at": {"nearest": 180, "within": [90, 365]}},
        },
        "predictors": ["c3", "sledai_2k"],
        "baseline": "c3",
        "models": {"ridge": {}},
        "validation": {"folds": 2},
    }
    study = study_from(Document("test", changes), Path())
    rng = np.random.default_rng(1)
    days = np.tile(np.arange(0, 900, 90), 30)
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(30), 10),
            "day": days,
            "sledai_2k": rng.integers(0, 13, len(days)),
            "c3": rng.uniform(60, 120, len(days)),
        }
    )
    cohort = check_visits(study, frame).usable()
    assert cohort.group_kind == "patient"
    assert cohort.group is not None
    assert cohort.patients > 30 >= len(np.unique(cohort.group))


# ---- what people read


GOOD = (
    "id,day,sledai_2k,c3,sex\n"
    "=1+1,0,8,80,female\n=1+1,180,2,80,female\n"
    "@b,0,8,0.9,female\n@b,180,7,80,female\n"
)


def test_no_identifier_is_a_formula_in_a_spreadsheet(run: Run, tmp_path: Path) -> None:
    study, data = written(tmp_path, CONFIG, GOOD)
    assert run("cohort", study, "--data", data, "--out", "c.csv").code == 0
    assert pd.read_csv(tmp_path / "c.csv")["id"].tolist() == ["'=1+1", "'@b"]
    assert run("cohort", study, "--data", data, "--out", "c.parquet").code == 0
    assert pd.read_parquet(tmp_path / "c.parquet")["id"].tolist() == ["=1+1", "@b"]


def test_what_to_look_at_stands_apart_and_reads_as_sentences(run: Run, tmp_path: Path) -> None:
    study, data = written(tmp_path, CONFIG, GOOD)
    done = run("cohort", study, "--data", data, "--out", "c.csv")
    assert "To look at; none of it stopped the work" in done.out
    assert "        1  c3: the value is outside" in done.out


def test_what_an_infusion_does_to_the_outcome_is_told_once(run: Run, visits: Path) -> None:
    done = run("cohort", STUDY, "--data", visits, "--out", "c.csv")
    assert done.out.count("within 90 days of the last infusion") == 1
    told = run("cohort", STUDY, "--data", visits, "--out", "c.csv", "--format", "json").json
    (caution,) = told["cautions"]
    assert caution["code"] == "after_treatment"
    assert caution["where"] == "sledai_increased_dna_binding"


def test_a_dose_that_looks_like_another_unit_is_told(run: Run, tmp_path: Path) -> None:
    config = CONFIG.replace("rule: sledai_2k <= 4", "rule: glucocorticoid_dose <= 5")
    rows = (
        "id,day,sledai_2k,c3,sex,glucocorticoid_dose\n"
        "a,0,8,80,female,70\na,180,2,80,female,0\nb,0,8,80,female,70\nb,180,2,80,female,35\n"
    )
    study, data = written(tmp_path, config, rows)
    done = run("cohort", study, "--data", data, "--out", "c.csv")
    assert done.code == 0, done.err
    assert "glucocorticoid_dose, which is counted in mg/week" in done.out


def test_an_event_that_never_comes_out_is_refused_with_what_does(run: Run, tmp_path: Path) -> None:
    config = CONFIG.replace("event: [1]", "event: [banana], non_event: [0]")
    said = refused(run, tmp_path, config, GOOD)
    assert "banana is nothing that can come out here: the rule yields 1, 0" in said


def test_points_of_a_score_as_milligrams_are_refused(
    run: Run, visits: Path, tmp_path: Path
) -> None:
    text = (load_study(STUDY).folder / f"{STUDY}.yaml").read_text()
    config = text.replace("definition: sledai_low_activity", "rule: proteinuria < 500")
    (tmp_path / "study.yaml").write_text(config)
    done = run("cohort", "study.yaml", "--data", visits, "--out", "c.csv")
    assert done.code == 2
    assert "points of a score" in " ".join(done.err.split())
    done = run("check", visits, "--config", "study.yaml", "--format", "json")
    assert done.code == 1
    assert [p["code"] for p in done.json["problems"]].count("score_points") == 1
    with pytest.raises(CohortError, match="points of a score"):
        check_visits(load_study(tmp_path / "study.yaml"), visits).usable()
