"""``predictor check``: with a configuration, and by the names of columns alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_commands import runner

from predictor.errors import CohortError, ConfigError
from predictor.workflow.check import check

CONFIG = """\
name: demo
question: {outcome: o, event: 1, horizon: h, population: p}
cohort: {patient: id, columns: {c3: C3}, exclude: [primary_aps]}
predictors: [c3, sex]
baseline: c3
models: {ridge: {}}
validation: {folds: 2}
privacy: {cell_size: 1}
"""
COHORT = "id,C3,sex,primary_aps,o,note\n" + "".join(
    f"P{i},{80 + 7 * i % 11},{('female', 'male')[i % 2]},{int(i == 0)},{int(i % 3 == 0)},x\n"
    for i in range(12)
)


def files(folder: Path, cohort: str = COHORT) -> tuple[Path, Path]:
    (folder / "c.csv").write_text(cohort, encoding="utf-8")
    (folder / "study.yaml").write_text(CONFIG, encoding="utf-8")
    return folder / "c.csv", folder / "study.yaml"


def test_a_usable_cohort_shows_its_flow_and_what_was_held_against_the_rules(
    tmp_path: Path,
) -> None:
    found = check(*files(tmp_path))
    assert found.usable
    assert found.flow[0].patients == 12
    assert found.flow[-1].patients == 11
    assert found.checked == ("id", "C3", "sex", "primary_aps", "o")
    assert found.unchecked == ("note",)


def test_problems_come_with_line_column_rule_and_cell(tmp_path: Path) -> None:
    found = check(*files(tmp_path, COHORT.replace("P4,", "P4,<", 1)))
    assert not found.usable
    assert found.flow == ()
    (problem,) = (p for p in found.problems if p.fatal)
    assert (problem.row, problem.column, problem.code) == (6, "C3", "unreadable_number")
    assert problem.value.startswith("<")
    assert "<" not in problem.message


def test_without_a_configuration_columns_are_known_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id,c3,sex,zzz\nP1,high,female,1\nP2,NaN,male,2\nP3,-4,?,3\n", encoding="utf-8")
    found = check(str(path))
    assert [(p.row, p.column, p.code) for p in found.problems] == [
        (2, "c3", "unreadable_number"),
        (4, "c3", "impossible_value"),
        (4, "sex", "unreadable_state"),
    ]
    assert (found.checked, found.unchecked) == (("c3", "sex"), ("id", "zzz"))
    assert not found.usable


def test_a_comma_is_explained_without_a_configuration_too(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id;c3\nP1;75,5\nP2;80\n", encoding="utf-8")
    (problem,) = check(path).problems
    assert "cohort.decimal" in problem.message


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    cohort, config = files(tmp_path)
    with pytest.raises(CohortError, match="no such file"):
        check(tmp_path / "other.csv", config)
    with pytest.raises(ConfigError, match="no such configuration"):
        check(cohort, "nowhere")


def test_what_must_be_mended_stands_apart_from_what_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "id,day,sledai_2k,c3,sex\na,0,8,0.9,female\na,180,2,x,female\nb,0,<3,80,female\n"
    (tmp_path / "visits.csv").write_text(rows + "b,180,7,80,female\n")
    (tmp_path / "study.yaml").write_text(
        "name: visits\n"
        "question: {outcome: low, event: [1], horizon: 6 months, population: adults}\n"
        "cohort:\n"
        "  visits: {patient: id, time: day}\n"
        "  index: {first: sledai_2k >= 6}\n"
        "  outcome: {rule: sledai_2k <= 4, at: {nearest: 180, within: [90, 365]}}\n"
        "predictors: [c3, sex]\nbaseline: c3\nmodels: {ridge: {}}\n"
    )
    run = runner(monkeypatch, capsys)
    told = run("check", tmp_path / "visits.csv", "--config", tmp_path / "study.yaml").out
    mend, look = told.index("Mend these:"), told.index("Look at these; they stop nothing:")
    # The index visit of b hangs on SLEDAI-2K; nothing hangs on C3 at a's follow-up visit.
    assert mend < told.index("value below a limit") < look < told.index("is not used here")
    done = run(
        "check", tmp_path / "visits.csv", "--config", tmp_path / "study.yaml", "--format", "json"
    )
    assert {problem["table"] for problem in done.json["problems"]} == {None}
