"""simulate, describe and samplesize on the command line: results, exit codes, bad input."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_commands import Finished, Run, runner

SCENARIO = """\
description: made for a test
effects:
  complement:
    when: {when}
    odds_ratio: 0.5
{source}
"""
SOURCE = '    source: "invented for a test"'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    return runner(monkeypatch, capsys)


def assert_refused(done: Finished, message: str, folder: Path, left: set[str]) -> None:
    """Exit code 2, one clear message on stderr, nothing on stdout, nothing half-written."""
    assert done.code == 2, done
    assert done.out == ""
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert {path.name for path in folder.iterdir()} == left


# ---- simulate


def test_simulate_writes_the_cohort_and_says_what_it_is_not(run: Run, tmp_path: Path) -> None:
    done = run("simulate", "--out", "cohort.csv")
    assert (done.code, done.err) == (0, "")
    text = " ".join(done.out.split())
    assert "Wrote cohort.csv: 31 simulated patients, none of them real." in text
    assert "Scenario literature" in text
    assert "What gave way to something more important: - consistency:" in text
    assert "- Table 3, Raynaud phenomenon, p, printed <0.001: no change of nine patients" in text
    assert "- Text, patients included, printed 34, five excluded: 34 less 5 is 29" in text
    with (tmp_path / "cohort.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 31
    assert {row["simulated"] for row in rows} == {"1"}


def test_simulate_as_json_tells_the_same_as_data(run: Run) -> None:
    found = run(
        "simulate",
        *("--patients", 50, "--seed", 7, "--scenario", "none"),
        *("--out", "c.parquet", "--format", "json"),
    ).json
    assert (found["file"], found["patients"], found["seed"]) == ("c.parquet", 50, 7)
    assert (found["simulated"], found["scenario"]) == (True, "none")
    assert found["true_auroc"] == {"remission": 0.5, "relapse": 0.5}
    assert set(found["true_auroc_error"]) == {"remission", "relapse"}
    assert all(isinstance(sentence, str) for sentence in found["gave_way"])
    keys = {"table", "figure", "printed", "why_not"}
    assert all(set(figure) == keys for figure in found["not_reproducible"])


def test_a_seed_gives_the_same_file_and_another_another(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a.csv", 3), ("b.csv", 3), ("c.csv", 4)):
        assert run("simulate", "--seed", seed, "--out", name).code == 0
    a, b, c = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert a == b != c


def test_a_scenario_of_one_s_own_is_a_file(run: Run, tmp_path: Path) -> None:
    text = SCENARIO.format(when="c3 < 80", source=SOURCE)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    found = run("simulate", "--scenario", "mine.yaml", "--out", "c.csv", "--format", "json").json
    assert found["scenario"] == "mine"
    assert found["true_auroc"]["remission"] > 0.5


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        (
            SCENARIO.format(when="c33 < 80", source=SOURCE),
            "line 4, effects.complement.when: unknown variable 'c33'. Did you mean 'c3'?",
        ),
        (
            SCENARIO.format(when="sledai_2k > 10", source=SOURCE),
            "the rebuilt cohort has no sledai_2k before treatment; the study prints none",
        ),
        (
            SCENARIO.format(when="c3_after > 10", source=SOURCE),
            "the rebuilt cohort has no c3_after before treatment",
        ),
        (
            SCENARIO.format(when="c3 < 80", source=""),
            "line 3, effects.complement.source: an effect needs a 'source'",
        ),
        (SCENARIO.format(when="c3 < 80", source="    source: ' '"), "an effect needs a 'source'"),
        (
            SCENARIO.format(when="c33 < 80", source=""),
            "2 problems in this scenario",
        ),
        ("effects: [1]", "'effects' must be a mapping; write {} for no effect"),
        ("effects: {a: {when: c3 < 80, odds_ratio: -1, source: x}}", "odds_ratio must be a number"),
        ("effects: {", "mine.yaml"),
    ],
)
def test_a_scenario_that_breaks_a_rule_is_refused_with_its_line(
    run: Run, tmp_path: Path, scenario: str, message: str
) -> None:
    (tmp_path / "mine.yaml").write_text(scenario, encoding="utf-8")
    done = run("simulate", "--scenario", "mine.yaml", "--out", "cohort.csv")
    assert_refused(done, message, tmp_path, {"mine.yaml"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--patients", 0, "--out", "c.csv"), "0 cannot hold three outcomes"),
        (("--patients", 2, "--out", "c.csv"), "2 cannot hold three outcomes"),
        (("--patients", -5, "--out", "c.csv"), "-5 cannot hold three outcomes"),
        (("--patients", "many", "--out", "c.csv"), "'many' is not a valid integer"),
        (("--patients", 3.5, "--out", "c.csv"), "'3.5' is not a valid integer"),
        (("--seed", -1, "--out", "c.csv"), "seed: it must not be negative"),
        (("--out", "c.xlsx"), "a cohort is not written as .xlsx. Use .csv or .parquet."),
        (("--out", "cohort"), "a cohort is not written as a file without suffix"),
        (("--out", "no/such/c.csv"), "the file cannot be written (No such file or directory)"),
        (("--out", "."), "a cohort is not written as"),
        (("--scenario", "literatur", "--out", "c.csv"), "Did you mean 'literature'?"),
        (("--scenario", "x" * 5000, "--out", "c.csv"), "there is no such scenario"),
        (("--scenario", ".", "--out", "c.csv"), ".: this is a folder"),
        (("--patients", 31), "Missing option '--out'"),
        (("--out", "c.csv", "--format", "xml"), "'xml' is not one of 'text', 'json'"),
    ],
)
def test_simulate_refuses_what_it_cannot_do(
    run: Run, tmp_path: Path, words: tuple[object, ...], message: str
) -> None:
    assert_refused(run("simulate", *words), message, tmp_path, set())


def test_a_folder_is_no_file_to_write(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.csv").mkdir()
    done = run("simulate", "--out", "c.csv")
    assert_refused(done, "this is a folder, a file was expected", tmp_path, {"c.csv"})


def test_a_fault_leaves_an_earlier_file_as_it_was(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("mine", encoding="utf-8")
    done = run("simulate", "--patients", 2, "--out", "c.csv")
    assert_refused(done, "cannot hold three outcomes", tmp_path, {"c.csv"})
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == "mine"


def test_an_interruption_leaves_no_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictor.cohort import published

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(published, "draw_patients", interrupted)
    done = run("simulate", "--patients", 100, "--out", "c.csv")
    assert done.code == 130
    assert not list(tmp_path.iterdir())


# ---- describe


@pytest.fixture
def cohort(run: Run, tmp_path: Path) -> Path:
    assert run("simulate", "--out", "cohort.csv").code == 0
    return tmp_path / "cohort.csv"


def test_describe_prints_the_four_tables_and_calls_the_patients_simulated(
    run: Run, cohort: Path
) -> None:
    done = run("describe", cohort.name)
    assert (done.code, done.err) == (0, "")
    assert "These patients are simulated" in done.out
    for title in ("Table 1. ", "Table 2. ", "Table 3. ", "Table 4. "):
        assert title in done.out


def test_describe_as_json_has_the_rows_of_the_contract(run: Run, cohort: Path) -> None:
    done = run("describe", cohort.name, "--by", "response", "--format", "json")
    keys = {"table", "variable", "statistic", "before", "after", "test", "p_value"}
    rows = done.json["rows"]
    assert all(keys <= set(row) for row in rows)
    assert {row["table"] for row in rows} == {1, 2, 3, 4, 5}
    assert done.err == ""


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".html", ".json"])
def test_describe_also_writes_a_file(run: Run, cohort: Path, suffix: str) -> None:
    done = run("describe", cohort.name, "--out", f"tables{suffix}")
    assert done.code == 0
    assert (cohort.parent / f"tables{suffix}").stat().st_size > 1000


def test_recommended_tests_come_with_effects_and_adjusted_p(run: Run, cohort: Path) -> None:
    rows = run("describe", cohort.name, "--tests", "recommended", "--format", "json").json["rows"]
    fever = next(row for row in rows if row["variable"] == "fever")
    assert fever["effect"]["low"] < fever["effect"]["value"] < fever["effect"]["high"]
    assert fever["p_adjusted"] >= fever["p_value"]


def test_a_cohort_without_follow_up_is_described_and_table_3_is_said_to_be_left_out(
    run: Run, cohort: Path
) -> None:
    import pandas as pd

    frame = pd.read_csv(cohort)
    baseline = cohort.with_name("baseline.csv")
    frame[[name for name in frame if not name.endswith("_after")]].to_csv(baseline, index=False)
    done = run("describe", baseline.name)
    assert done.code == 0
    text = " ".join(done.out.split())
    for table in (3, 4):
        assert (
            f"Table {table} is left out: the cohort has no values after treatment "
            "(columns named NAME_after)" in text
        )
    assert "Table 3. " not in done.out
    found = run("describe", baseline.name, "--format", "json").json
    assert [part["table"] for part in found["left_out"]] == [3, 4]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none.csv",), "no such file"),
        (("cohort.csv", "--by", "respnse"), "Did you mean response?"),
        (("cohort.csv", "--by", "c3"), "c3: it is a number and has no states"),
        (("cohort.csv", "--tests", "bayes"), "'bayes' is not one of 'paper', 'recommended'"),
        (("cohort.csv", "--cell-size", 0), "0 is not in the range x>=1"),
        (("cohort.csv", "--config", "nowhere"), "no such configuration"),
        (("cohort.csv", "--out", "tables.pdf"), "it is written as .txt, .md, .csv, .html or .json"),
        (("cohort.csv", "--out", "no/such/tables.md"), "cannot be written"),
        ((".",), ".: this is a folder"),
    ],
)
def test_describe_refuses_what_it_cannot_do(
    run: Run, cohort: Path, words: tuple[object, ...], message: str
) -> None:
    assert_refused(run("describe", *words), message, cohort.parent, {"cohort.csv"})


def test_a_table_of_something_else_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("price,shop\n1,a\n2,b\n", encoding="utf-8")
    done = run("describe", "prices.csv")
    assert_refused(done, "no column is named like a variable", tmp_path, {"prices.csv"})


# ---- samplesize


def test_samplesize_prints_the_published_example(run: Run) -> None:
    # Riley et al., BMJ 2020;368:m441: 24 parameters, prevalence 0.174, Cox-Snell R2 0.288
    words = ("samplesize", "--prevalence", 0.174, "--parameters", 24, "--r2", 0.288)
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert "662" in done.out
    found = run(*words, "--format", "json").json
    assert (found["n"], round(found["events"], 1), round(found["epp"], 1)) == (662, 115.2, 4.8)
    assert [(c["name"], c["n"]) for c in found["criteria"]] == [
        ("shrinkage", 623),
        ("optimism", 662),
        ("overall_risk", 221),
    ]
    assert all({"name", "n", "shrinkage"} <= set(c) for c in found["criteria"])


def test_samplesize_holds_what_there_is_against_what_is_needed(run: Run) -> None:
    words = ("samplesize", "--prevalence", 0.355, "--parameters", 6, "--patients", 31)
    found = run(*words, "--auroc", 0.7, "--format", "json").json
    assert found["verdict"].startswith(
        f"31 patients with 11 events; at least {found['n']:,} patients with "
    )
    assert found["validation"] is not None
    assert found["verdict"] in " ".join(run(*words, "--auroc", 0.7).out.split())
    assert (
        run(*words, "--events", 12, "--format", "json")
        .json["verdict"]
        .startswith("31 patients with 12 events; ")
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--parameters", 6), "Missing option '--prevalence'"),
        (("--prevalence", 0.3), "Missing option '--parameters'"),
        (("--prevalence", 0, "--parameters", 6), "prevalence: it must lie above 0 and below 1"),
        (("--prevalence", 1.2, "--parameters", 6), "prevalence: it must lie above 0 and below 1"),
        (("--prevalence", "nan", "--parameters", 6), "prevalence: it must lie above 0"),
        (("--prevalence", 0.3, "--parameters", 0), "parameters: it must be a whole number"),
        (("--prevalence", 0.3, "--parameters", 1.5), "'1.5' is not a valid integer"),
        (
            ("--prevalence", 0.3, "--parameters", 6, "--auroc", 0.7, "--r2", 0.1),
            "give one of --auroc, --r2 and --nagelkerke",
        ),
        (("--prevalence", 0.3, "--parameters", 6, "--auroc", 0.5), "it must lie above 0.5"),
        (("--prevalence", 0.3, "--parameters", 6, "--auroc", "nan"), "it must lie above 0.5"),
        (("--prevalence", 0.3, "--parameters", 6, "--r2", 0.9), "R-squared: it must lie above 0"),
        (("--prevalence", 0.3, "--parameters", 6, "--r2", 0), "R-squared: it must lie above 0"),
        (("--prevalence", 0.3, "--parameters", 6, "--nagelkerke", 1), "Nagelkerke R-squared"),
        (("--prevalence", 0.3, "--parameters", 6, "--events", 3), "--events needs --patients"),
        (
            ("--prevalence", 0.3, "--parameters", 6, "--patients", 5, "--events", 6),
            "there cannot be more events than patients",
        ),
        (("--prevalence", 0.3, "--parameters", 6, "--patients", 0), "there must be at least one"),
    ],
)
def test_samplesize_refuses_what_is_out_of_range(
    run: Run, tmp_path: Path, words: tuple[object, ...], message: str
) -> None:
    assert_refused(run("samplesize", *words), message, tmp_path, set())


# ---- as a process of its own


def test_the_three_commands_work_as_processes_and_keep_stdout_for_the_result(
    root: Path, tmp_path: Path
) -> None:
    def process(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "predictor", *words],
            cwd=tmp_path,
            env={"PYTHONPATH": str(root), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    simulated = process("simulate", "--out", "c.csv", "--format", "json")
    assert json.loads(simulated.stdout)["patients"] == 31
    described = process("describe", "c.csv", "--format", "json")
    assert json.loads(described.stdout)["simulated"] is True
    asked = process("samplesize", "--prevalence", "0.355", "--parameters", "6", "--format", "json")
    assert json.loads(asked.stdout)["n"] > 31
    assert [p.returncode for p in (simulated, described, asked)] == [0, 0, 0]
    refused = process("simulate", "--patients", "0", "--out", "d.csv")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert not (tmp_path / "d.csv").exists()


# ---- variables


def test_variables_of_visits_are_listed_apart(run: Run) -> None:
    listed = run("variables").out
    assert listed.index("glucocorticoid_dose") < listed.index("Besides, for visits")
    assert listed.index("Besides, for visits") < listed.index("sledai_seizure")
    found = json.loads(run("variables", "--format", "json").out)
    assert list(found) == ["dictionary", "variables", "included"]
    names = {entry["name"] for entry in found["included"]}
    assert "sledai_seizure" in names
    assert not names & {entry["name"] for entry in found["variables"]}


def test_variables_as_a_redcap_data_dictionary(run: Run) -> None:
    done = run("variables", "--format", "redcap")
    assert (done.code, done.err) == (0, "")
    rows = list(csv.reader(done.out.splitlines()))
    assert {len(row) for row in rows} == {18}
    assert rows[0][0] == "Variable / Field Name"
    assert rows[1][0] == "patient"


def test_variables_as_an_empty_cohort_file(run: Run, tmp_path: Path) -> None:
    done = run("variables", "--format", "template", "--config", "remission")
    assert done.out == (
        "patient,anti_dsdna,c3,c4,crp,platelets,proteinuria,age,overlap_syndrome,"
        "drug_induced_lupus,primary_aps,response\n"
    )
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--config", "remission"), "--config goes with --format redcap or template"),
        (("--format", "template", "--config", "nobody"), "no such configuration"),
        (("--format", "redcap", "--dictionary", "nobody.yaml"), "no such file"),
        (("--format", "csv"), "'csv' is not one of"),
    ],
)
def test_variables_that_cannot_be_written_are_refused(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    assert_refused(run("variables", *words), message, tmp_path, set())
