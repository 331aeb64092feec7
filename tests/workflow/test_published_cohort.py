"""``simulate`` and then ``describe``: every printed cell comes back; no outcome, no signal."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from predictor.cohort.checking import check_cohort
from predictor.cohort.published import simulate
from predictor.cohort.reading import table_from_frame
from predictor.documents import Document
from predictor.learning.candidates import candidates
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import repeated_folds
from predictor.performance.discrimination import cross_validated_auroc
from predictor.report.description_text import description_text
from predictor.study import study_from
from predictor.workflow.describe import describe
from predictor.workflow.simulate import simulate_file

# The lines of the four tables as Kaya et al., Lupus Sci Med 2024;11:e001402, prints them, each
# behind the variable that it describes.
PRINTED = {
    1: """\
sex                    | Female, n (%) 16 (51.6)
age                    | Age, years, mean (SD) 30.7 (3.8)
age_at_onset           | Age of disease onset, mean (SD) 27.7 (3.8)
disease_duration       | Disease duration at onset of treatment, years, mean (SD) 1.9 (0.7)
follow_up_years        | Follow-up, years, mean (SD) 3.1 (0.9)
response               | Remission, n (%) 11 (35.4)
response               | Low disease activity, n (%) 14 (45.2)
response               | Flare, n (%) 6 (20.6)
died                   | Alive, n (%) 30 (96.8)
died                   | Dead, n (%) 1 (3.2)
ana                    | ANA (>1/80), n (%) 29 (93.5)
ana                    | ANA (<1/80), n (%) 2 (6.4)
acl_igm                | aCL IGM 2 (6.4)
acl_igg                | aCL IGG 2 (6.4)
anti_b2gpi_igm         | anti-beta2GPI IGM 2 (6.4)
anti_b2gpi_igg         | anti-beta2GPI IGG 2 (6.4)
lupus_anticoagulant    | Lupus anticoagulant 1 (3.2)
""",
    2: """\
indication             | Thrombocytopenia, n (%) 8 (25.8)
indication             | Neutropenia, n (%) 3 (9.6)
indication             | Pancytopenia, n (%) 5 (16.1)
indication             | Haemolytic anaemia, n (%) 4 (12.9)
indication             | Myositis, n (%) 2 (6.4)
indication             | Pericarditis, n (%) 1 (3.2)
indication             | Recurrent infection, n (%) 3 (9.7)
indication             | Peripheral neuropathy, n (%) 2 (6.4)
indication             | Skin manifestations, n (%) 3 (9.7)
adverse_chest_pain     | Non-cardiac thoracic angina, n (%) 4 (12.9)
adverse_fever          | Infusion-related reaction (fever), n (%) 3 (9.7)
adverse_headache       | Infusion-related reaction (headache), n (%) 2 (6.4)
""",
    3: """\
fatigue                | Fatigue, n (%) 29 (93.5%) 17 (54.8%) <0.001
myalgia                | Myalgias, n (%) 25 (80.6%) 11 (35.5%) <0.001
fever                  | Fever, n (%) 21 (67.7%) 11 (35.5%) 0.002
oral_ulcers            | Oral aphthae, n (%) 24 (77.4%) 16 (51.6%) 0.008
dry_mouth              | Dry mouth, n (%) 21 (67.7%) 11 (35.5%) 0.002
dry_eyes               | Dry eyes, n (%) 24 (77.4%) 14 (45.2%) 0.002
petechiae_purpura      | Petechiae/purpura, n (%) 14 (45.1%) 5 (16.1%) 0.008
arthritis              | Arthralgia/arthritis, n (%) 24 (77.4%) 13 (41.9%) <0.001
raynaud                | Raynaud phenomenon, n (%) 18 (58.1%) 9 (29.1%) <0.001
skin_rash              | Skin rash, n (%) 17 (54.8%) 8 (25.8%) 0.004
pleural_effusion       | Pleural effusion, n (%) 14 (45.1%) 6 (19.4%) 0.008
pericardial_effusion   | Pericardial effusion, n (%) 11 (37.9%) 6 (19.4%) 0.031
wbc                    | WBC (×109/L), mean (SD) 4.3 (2.1) 7.3 (1.5) <0.001
neutrophils            | NEU (mm3), mean (SD) 2.6 (0.8) 5.1 (1.2) <0.001
platelets              | PLT (×109/L), mean (SD) 94.5 (65.3) 220.1 (101.2) <0.001
ck                     | CK (IU/L), median (IQR) 60 (53) 28 (47) <0.001
ldh                    | LDH (U/L), median (IQR) 369 (108) 203 (38) <0.001
alt                    | ALT (U/L), mean (SD) 84.8 (101.8) 27.6 (21.4) 0.002
ast                    | AST (U/L), mean (SD) 53 (61) 27.2 (16.2) <0.001
creatinine             | Creatinine (mg/dL), mean (SD) 1.5 (0.7) 1.1 (0.7) 0.008
crp                    | CRP (mg/dL), mean (SD) 96.9 (44.5) 20.5 (18.3) <0.001
total_protein          | Total protein g/L, mean (SD) 65 (8.1) 73 (12.2) <0.001
esr                    | ESR (mm/hour), mean (SD) 82.7 (35.9) 41.2 (25.1) <0.001
proteinuria            | Proteinuria (mg/day), mean (SD) 1018.3 (1315.4) 201.4 (169.6) <0.001
anti_dsdna             | Anti-dsDNA, mean (SD) 64.9 (16.4) 19.1 (10.4) <0.001
c3                     | C3, mean (SD) 75.1 (26.9) 109.8 (30.3) <0.001
c4                     | C4, mean (SD) 14.7 (14.4) 28.2 (16.3) <0.001
""",
    4: """\
glucocorticoid_dose    | Corticosteroid dosage, mg/week, mean (SD) 268.9 (172.6) 47.7 (14.4) <0.001
hydroxychloroquine     | Hydroxychloroquine, n (%) 29 (93.5%) 26 (83.9%) 0.083
methotrexate           | Methotrexate, n (%) 21 (67.7%) 17 (54.8%) 0.344
azathioprine           | Azathioprine, n (%) 24 (77.4%) 19 (61.3%) 0.063
mycophenolate          | Mycophenolate mofetil, n (%) 23 (74.2%) 19 (61.3%) 0.125
cyclophosphamide       | Cyclophosphamide, n (%) 17 (54.8%) 10 (32.3%) 0.016
rituximab              | Rituximab, n (%) 10 (32.3%) 14 (48.2%) 0.125
""",
}
CELL = re.compile(r"(\d+(?:\.\d+)?) \((\d+(?:\.\d+)?)(%?)\)")
P = re.compile(r"(?:<0\.001|\d\.\d{3})$")


@dataclass(frozen=True)
class Printed:
    """One row of the paper; a cell is its two numbers, digit by digit."""

    table: int
    variable: str
    label: str
    line: str
    cells: tuple[tuple[str, str], ...]
    p: str | None

    @property
    def counted(self) -> bool:
        return "(SD)" not in self.line and "(IQR)" not in self.line


def printed_rows() -> Iterator[Printed]:
    for table, text in PRINTED.items():
        for row in text.splitlines():
            variable, line = (part.strip() for part in row.split("|"))
            found = list(CELL.finditer(line))
            label = line[: found[0].start()].strip()
            label = re.sub(r", (n \(%\)|mean \(SD\)|median \(IQR\))$", "", label)
            p = P.search(line)
            yield Printed(
                table,
                variable,
                label,
                line,
                tuple((cell[1], cell[2]) for cell in found),
                p[0] if p else None,
            )


ROWS = tuple(printed_rows())


def to_digits_of(value: str, like: str) -> str:
    digits = Decimal(1).scaleb(-len(like.partition(".")[2]))
    return str(Decimal(value).quantize(digits, ROUND_HALF_UP))


def lines_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of the printed tables, with the number of their table, as cells of text."""
    table = 0
    for line in text.splitlines():
        if title := re.match(r"Table (\d)\. ", line):
            table = int(title[1])
        elif table and line.startswith("  "):
            cells = re.split(r"\s{2,}", line.strip())
            if len(cells) > 1 and CELL.match(cells[1]):
                yield table, cells


def differences(text: str) -> set[tuple[str, str]]:
    """Printed figures that a description does not give: table and figure."""
    found = set()
    described = list(lines_of(text))
    assert [table for table, _ in described] == [row.table for row in ROWS]
    for row, (_, cells) in zip(ROWS, described, strict=True):
        times = ("before", "after") if len(row.cells) == 2 else ("",)
        for time, wanted, cell in zip(times, row.cells, cells[1:], strict=False):
            numbers = CELL.fullmatch(cell)
            assert numbers is not None, (row, cell)
            first, second = (
                to_digits_of(numbers[i + 1], like=wanted[i]) == wanted[i] for i in range(2)
            )
            # Counts, means and medians without exception; of what follows them only percentages.
            assert first, (row.label, time, cell)
            assert second or row.counted, (row.label, time, cell)
            if not second:
                found.add((str(row.table), f"{row.label} {time}".strip()))
        if row.p is not None and cells[3] != row.p:
            found.add((str(row.table), f"{row.label}, p"))
    return found


def listed_differences(cohort: Path, seed: int, scenario: str) -> tuple[str, set[tuple[str, str]]]:
    """What ``describe`` prints of a rebuilt cohort, and what ``simulate`` says it cannot give."""
    done = simulate_file(cohort, patients=31, seed=seed, scenario=scenario)
    about_words = {"CRP, unit", "NEU, unit", "age, onset, duration and follow-up"}
    listed = {
        (figure.table, figure.figure)
        for figure in done.simulation.not_reproducible
        if figure.table.isdigit() and figure.figure not in about_words
    }
    return description_text(describe(cohort)), listed


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_printed_cell_comes_back_but_for_those_that_are_listed(
    seed: int, tmp_path: Path
) -> None:
    text, listed = listed_differences(tmp_path / "cohort.csv", seed, "literature")
    assert differences(text) == listed
    assert len(listed) == 21  # 5 p-values and 16 percentages


@pytest.mark.slow
def test_200_seeds_give_every_printed_cell(tmp_path: Path) -> None:
    for seed in range(200):
        scenario = ("literature", "none", "strong")[seed % 3]
        text, listed = listed_differences(tmp_path / "cohort.csv", seed, scenario)
        assert differences(text) == listed, seed


def test_the_two_commands_print_what_was_compared(root: Path, tmp_path: Path) -> None:
    def predictor(*words: str) -> str:
        finished = subprocess.run(
            [sys.executable, "-m", "predictor", *words],
            cwd=tmp_path,
            env={"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    said = " ".join(predictor("simulate", "--patients", "31", "--out", "cohort.csv").split())
    missed = differences(predictor("describe", "cohort.csv"))
    assert len(missed) == 21
    for table, figure in missed:
        assert f"- Table {table}, {figure}, printed " in said


def test_the_rows_stand_in_the_order_of_the_paper_under_its_variables(tmp_path: Path) -> None:
    simulate_file(tmp_path / "c.csv", patients=31, seed=9, scenario="literature")
    described = [(table, row.variable) for table, row in describe(tmp_path / "c.csv").rows()]
    assert described == [(row.table, row.variable) for row in ROWS]


@pytest.mark.parametrize("column", ["sex", "indication", "fever_after", "c3", "ck_after", "alt"])
def test_the_comparison_notices_one_changed_patient(column: str, tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    listed_differences(path, 1, "literature")
    frame = pd.read_csv(path)
    if column == "ck_after":  # a median bears one; a new value in the middle it does not
        frame.loc[frame[column].rank(method="first") == 16, column] += 2
    elif frame[column].dtype.kind in "if":
        at = frame[column].idxmax()
        frame.loc[at, column] = 0 if column == "fever_after" else frame.loc[at, column] + 30
    else:
        frame.loc[0, column] = frame[column][frame[column] != frame.loc[0, column]].iloc[0]
    frame.to_csv(path, index=False)
    with pytest.raises(AssertionError, match="assert False"):
        differences(description_text(describe(path)))


def test_the_typed_lines_are_those_of_the_paper(shared: Path) -> None:
    (path,) = (shared / "paper").glob("*.txt")
    lines = set(path.read_text(encoding="utf-8").splitlines())
    assert [row.line for row in ROWS if row.line not in lines] == []


def test_the_typed_cells_are_those_of_the_audited_rows(shared: Path) -> None:
    with (shared / "paper" / "rows_binary.csv").open(encoding="utf-8") as stream:
        binary = {row["row"]: row for row in csv.DictReader(stream)}
    counted = [row for row in ROWS if row.p and row.counted]
    assert [row.label for row in counted] == list(binary)
    for row in counted:
        audited = binary[row.label]
        keys = (("before_n", "before_pct"), ("after_n", "after_pct"))
        assert row.cells == tuple((audited[n], audited[pct]) for n, pct in keys)
        assert row.p == audited["printed_p"]
    with (shared / "paper" / "rows_lab.csv").open(encoding="utf-8") as stream:
        laboratory = list(csv.DictReader(stream))
    means = [row for row in ROWS if row.p and "mean (SD)" in row.line]
    for row, audited in zip(means, laboratory, strict=True):
        keys = ("before_mean", "before_sd", "after_mean", "after_sd")
        assert [float(x) for cell in row.cells for x in cell] == [float(audited[k]) for k in keys]
        assert row.p == audited["printed_p"]


# ---- no dependence, no discrimination

COHORTS = 50
Z = 3.0
Areas = dict[str, NDArray[np.float64]]


def study(outcome: str, models: dict[str, object]) -> dict[str, object]:
    return {
        "name": "no-signal",
        "question": {
            "outcome": outcome,
            "event": [1],
            "horizon": "6 months",
            "population": "simulated patients",
        },
        "cohort": {"patient": "patient"},
        "predictors": ["anti_dsdna", "c3", "c4", "crp", "platelets", "proteinuria"],
        "baseline": "platelets",
        "models": models,
    }


def areas(outcome: str, models: dict[str, object], scenario: str, cohorts: int) -> Areas:
    """Cross-validated AUROC (pairs within a fold) of every model in every cohort of 31."""
    checked = study_from(Document("study", study(outcome, models)), Path.cwd())
    named = [c for c in candidates(checked.config) if c.name != "prevalence"]
    found: dict[str, list[float]] = {candidate.name: [] for candidate in named}
    for seed in range(cohorts):
        columns = simulate(31, seed=seed, scenario=scenario).columns
        cohort = check_cohort(checked, table_from_frame(pd.DataFrame(dict(columns)))).usable()
        plan = Plan(tuple(column_of(v) for v in cohort.variables), "median", (), 3)
        folds = repeated_folds(cohort.outcome, cohort.group, folds=5, repeats=1, seed=seed)
        patients = Patients(cohort.values, cohort.outcome, cohort.group)
        with threadpool_limits(1):
            predicted = cross_validate(named, plan, patients, folds, workers=1)
        for model in predicted:
            area = cross_validated_auroc(cohort.outcome, model.probability, folds.fold)
            found[model.candidate.name].append(area.value)
    return {name: np.array(values) for name, values in found.items()}


def monte_carlo_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def assert_no_signal(found: Areas) -> None:
    for name, values in found.items():
        error = monte_carlo_error(values)
        assert error < 0.03, name  # small enough to notice a leak
        assert abs(values.mean() - 0.5) < Z * error, (name, values.mean(), error)


@pytest.mark.slow
def test_without_dependence_no_linear_model_discriminates() -> None:
    models = {"firth": {}, "ridge": {"penalty": [10.0]}}
    found = areas("remission", models, "none", COHORTS)
    assert {name: len(values) for name, values in found.items()} == {
        "one_predictor": COHORTS,
        "firth": COHORTS,
        "ridge": COHORTS,
    }
    assert_no_signal(found)


def test_with_strong_dependence_the_same_procedure_finds_it() -> None:
    found = areas("remission", {"firth": {}}, "strong", 20)["firth"]
    assert found.mean() - 0.5 > 4 * monte_carlo_error(found)


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["remission", "relapse"])
def test_without_dependence_tuning_finds_nothing_either(outcome: str) -> None:
    models: dict[str, object] = {"firth": {}, "ridge": {}, "elastic_net": {"l1_share": [0.5]}}
    assert_no_signal(areas(outcome, models, "none", COHORTS))


@pytest.mark.slow
def test_without_dependence_no_forest_discriminates() -> None:
    models: dict[str, object] = {"random_forest": {"trees": 30, "min_samples_leaf": [3]}}
    assert_no_signal(areas("remission", models, "none", COHORTS))
