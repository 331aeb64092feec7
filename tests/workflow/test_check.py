"""``predictor check``: with a configuration, for a model, and by the names of columns alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from made_hospitals import second_hospital
from run_commands import runner

from predictor.errors import CohortError, ConfigError
from predictor.fitted.bundle import open_bundle
from predictor.workflow.check import check, check_for
from predictor.workflow.validate import validate

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


class TestForAModel:
    """Patients from elsewhere, by the rules that ``predictor validate`` goes by."""

    @pytest.fixture
    def table(self) -> pd.DataFrame:
        return second_hospital(open_bundle("remission"), 60)

    def test_what_validate_can_read_is_usable(self, table: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "there.csv"
        table.to_csv(path, index=False)
        found = check_for("remission", path)
        assert found.usable
        assert found.flow[-1].patients == 60
        assert {"c3", "response"} <= set(found.checked)

    def test_what_it_refuses_is_shown_with_row_and_cell(
        self, table: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "there.csv"
        cells = table.astype(object)
        cells.loc[3, "c3"] = 9000
        cells.to_csv(path, index=False)
        found = check_for("remission", path)
        assert not found.usable
        (problem,) = (p for p in found.problems if p.fatal)
        assert (problem.row, problem.column, problem.code) == (5, "c3", "impossible_value")
        assert problem.value == "9000"
        with pytest.raises(CohortError, match=r"there\.csv: it cannot be used as it is"):
            validate("remission", path, record=False)

    def test_a_mapping_says_what_is_called_otherwise(
        self, table: pd.DataFrame, tmp_path: Path
    ) -> None:
        path, mapping = tmp_path / "there.csv", tmp_path / "there.yaml"
        table.rename(columns={"c3": "complement"}).to_csv(path, index=False)
        mapping.write_text(
            "cohort: {patient: patient, columns: {c3: complement}, units: {c3: mg/dL}}", "utf-8"
        )
        assert not check_for("remission", path).usable
        assert check_for("remission", path, mapping).usable

    def test_without_outcomes_it_does_for_monitoring_and_says_so(
        self, table: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "there.csv"
        table.drop(columns="response").to_csv(path, index=False)
        found = check_for("remission", path)
        assert found.usable
        (told,) = (p for p in found.problems if p.code == "no_outcome")
        assert "`predictor monitor` needs none" in told.message
        path = tmp_path / "with.csv"
        table.to_csv(path, index=False)
        assert not any(p.code == "no_outcome" for p in check_for("remission", path).problems)
