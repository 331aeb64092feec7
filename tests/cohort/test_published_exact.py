"""The rebuilt 31 patients against every printed cell, typed here from the paper once more."""

from __future__ import annotations

import csv
import math
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.values import read_column
from predictor.cohort.published import SimulatedCohort, simulate

# Kaya et al., Lupus Sci Med 2024;11:e001402. Column: state, printed count.
TABLE_1 = {
    "sex": ("female", 16),
    "response": [("remission", 11), ("low_disease_activity", 14), ("flare", 6)],
    "died": (1, 1),
    "ana": (1, 29),
    "acl_igm": (1, 2),
    "acl_igg": (1, 2),
    "anti_b2gpi_igm": (1, 2),
    "anti_b2gpi_igg": (1, 2),
    "lupus_anticoagulant": (1, 1),
}
TABLE_1_MEANS = {
    "age": ("30.7", "3.8"),
    "age_at_onset": ("27.7", "3.8"),
    "disease_duration": ("1.9", "0.7"),
    "follow_up_years": ("3.1", "0.9"),
}
TABLE_2 = {
    "indication": [
        ("thrombocytopenia", 8),
        ("neutropenia", 3),
        ("pancytopenia", 5),
        ("haemolytic_anaemia", 4),
        ("myositis", 2),
        ("pericarditis", 1),
        ("recurrent_infection", 3),
        ("peripheral_neuropathy", 2),
        ("skin_manifestations", 3),
    ],
    "adverse_chest_pain": (1, 4),
    "adverse_fever": (1, 3),
    "adverse_headache": (1, 2),
}
# Column: before, after, printed p; None where the audit found it out of reach.
FINDINGS = {
    "fatigue": (29, 17, "<0.001"),
    "myalgia": (25, 11, "<0.001"),
    "fever": (21, 11, "0.002"),
    "oral_ulcers": (24, 16, "0.008"),
    "dry_mouth": (21, 11, "0.002"),
    "dry_eyes": (24, 14, "0.002"),
    "petechiae_purpura": (14, 5, None),
    "arthritis": (24, 13, "<0.001"),
    "raynaud": (18, 9, None),
    "skin_rash": (17, 8, "0.004"),
    "pleural_effusion": (14, 6, "0.008"),
    "pericardial_effusion": (11, 6, None),
    "hydroxychloroquine": (29, 26, None),
    "methotrexate": (21, 17, "0.344"),
    "azathioprine": (24, 19, "0.063"),
    "mycophenolate": (23, 19, "0.125"),
    "cyclophosphamide": (17, 10, "0.016"),
    "rituximab": (10, 14, "0.125"),
}
MEANS = {
    "wbc": (("4.3", "2.1"), ("7.3", "1.5"), "<0.001"),
    "neutrophils": (("2.6", "0.8"), ("5.1", "1.2"), "<0.001"),
    "platelets": (("94.5", "65.3"), ("220.1", "101.2"), "<0.001"),
    "alt": (("84.8", "101.8"), ("27.6", "21.4"), "0.002"),
    "ast": (("53.0", "61.0"), ("27.2", "16.2"), None),
    "creatinine": (("1.5", "0.7"), ("1.1", "0.7"), "0.008"),
    "crp": (("96.9", "44.5"), ("20.5", "18.3"), "<0.001"),
    "total_protein": (("65.0", "8.1"), ("73.0", "12.2"), "<0.001"),
    "esr": (("82.7", "35.9"), ("41.2", "25.1"), "<0.001"),
    "proteinuria": (("1018.3", "1315.4"), ("201.4", "169.6"), "<0.001"),
    "anti_dsdna": (("64.9", "16.4"), ("19.1", "10.4"), "<0.001"),
    "c3": (("75.1", "26.9"), ("109.8", "30.3"), "<0.001"),
    "c4": (("14.7", "14.4"), ("28.2", "16.3"), "<0.001"),
    "glucocorticoid_dose": (("268.9", "172.6"), ("47.7", "14.4"), "<0.001"),
}
MEDIANS = {"ck": (("60", "53"), ("28", "47")), "ldh": (("369", "108"), ("203", "38"))}

CLINICAL_SLEDAI = (
    "fever",
    "oral_ulcers",
    "petechiae_purpura",
    "arthritis",
    "skin_rash",
    "pleural_effusion",
    "pericardial_effusion",
)


def printed(value: float, like: str) -> str:
    digits = Decimal(1).scaleb(-len(like.partition(".")[2]))
    return str(Decimal(repr(float(value))).quantize(digits, ROUND_HALF_UP))


def printed_p(p: float) -> str:
    return "<0.001" if p < 0.001 else printed(p, "0.000")


def assert_every_printed_cell(cohort: SimulatedCohort) -> None:
    columns = cohort.columns
    for name, cells in {**TABLE_1, **TABLE_2}.items():
        for state, count in cells if isinstance(cells, list) else [cells]:
            assert (columns[name] == state).sum() == count, (name, state)
    for name, moments in TABLE_1_MEANS.items():
        assert_moments(columns[name], moments, name)
    for name, (before, after, p) in FINDINGS.items():
        first, then = columns[name], columns[f"{name}_after"]
        assert (first.sum(), then.sum()) == (before, after), name
        lost, gained = int((first > then).sum()), int((first < then).sum())
        if p is not None:
            exact = stats.binomtest(lost, lost + gained).pvalue
            assert printed_p(exact) == p, (name, lost, gained)
    for name, (before, after, p) in MEANS.items():
        first, then = columns[name], columns[f"{name}_after"]
        assert_moments(first, before, name)
        assert_moments(then, after, f"{name}_after")
        if p is not None:
            assert printed_p(stats.ttest_rel(first, then).pvalue) == p, name
    for name, (before, after) in MEDIANS.items():
        first, then = columns[name], columns[f"{name}_after"]
        assert_quartiles(first, before, name)
        assert_quartiles(then, after, name)
        assert stats.wilcoxon(first, then).pvalue < 0.001, name


def assert_moments(values: np.ndarray, moments: tuple[str, str], name: str) -> None:
    found = printed(values.mean(), moments[0]), printed(values.std(ddof=1), moments[1])
    assert found == moments, name


def assert_quartiles(values: np.ndarray, printed_as: tuple[str, str], name: str) -> None:
    # Whatever the definition: R's types 6 (SPSS, Minitab), 7 (numpy, Excel), 2 and 8.
    for method in ("weibull", "linear", "averaged_inverted_cdf", "median_unbiased"):
        low, middle, high = np.percentile(values, [25, 50, 75], method=method)
        assert (str(round(middle)), str(round(high - low))) == printed_as, (name, method)
        assert middle == round(middle)
        assert high - low == pytest.approx(round(high - low), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_31_patients_print_every_cell_of_the_four_tables(seed: int) -> None:
    assert_every_printed_cell(simulate(31, seed=seed))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["none", "literature", "strong"])
def test_200_seeds_print_every_cell_under_each_scenario(scenario: str) -> None:
    for seed in range(200):
        assert_every_printed_cell(simulate(31, seed=seed, scenario=scenario))


@pytest.mark.parametrize("scenario", ["none", "strong"])
def test_the_tables_do_not_depend_on_the_scenario(scenario: str) -> None:
    assert_every_printed_cell(simulate(31, seed=77, scenario=scenario))


@pytest.fixture(scope="module")
def cohorts() -> list[SimulatedCohort]:
    return [simulate(31, seed=seed, scenario="literature") for seed in range(40)]


def test_every_value_is_read_without_a_problem_by_the_dictionary(
    cohorts: list[SimulatedCohort],
) -> None:
    dictionary = load_dictionary()
    for cohort in cohorts:
        for name, cells in cohort.columns.items():
            if name in ("patient", "simulated"):
                continue
            assert name in dictionary
            reading = read_column(list(cells), dictionary.variable(name))
            assert not reading.problems, name


def test_values_are_clinically_possible(cohorts: list[SimulatedCohort]) -> None:
    for cohort in cohorts:
        columns = cohort.columns
        for name in (*MEANS, *MEDIANS):
            assert columns[name].min() > 0
            assert columns[f"{name}_after"].min() > 0
        assert (columns["age_at_onset"] < columns["age"]).all()
        assert (columns["age_at_onset"] + columns["disease_duration"] <= columns["age"]).all()
        assert (columns["neutrophils"] < columns["wbc"]).all()
        assert (columns["neutrophils_after"] < columns["wbc_after"]).all()
        for name in ("age", "age_at_onset", "platelets", "esr", "c3", "ck", "proteinuria"):
            assert (columns[name] == np.rint(columns[name])).all()
        assert (columns["follow_up_years"] >= 0.5).all()  # all were seen after six months


def test_values_are_as_skewed_as_an_sd_above_the_mean_demands(
    cohorts: list[SimulatedCohort],
) -> None:
    for cohort in cohorts:
        for name in ("alt", "ast", "proteinuria", "c4"):
            values = cohort.columns[name]
            assert stats.skew(values) > 1
            assert np.median(values) < 0.85 * values.mean()


def test_indications_agree_with_blood_counts_and_findings(cohorts: list[SimulatedCohort]) -> None:
    low_platelets, all_petechiae = 0, 0
    for cohort in cohorts:
        columns, indication = cohort.columns, cohort.columns["indication"]
        few = np.isin(indication, ["thrombocytopenia", "pancytopenia"])
        assert columns["platelets"][few].max() < 100
        assert columns["wbc"][indication == "pancytopenia"].max() < 4
        assert columns["neutrophils"][indication == "neutropenia"].max() < 2
        assert columns["ck"][indication == "myositis"].min() > 145
        assert columns["skin_rash"][indication == "skin_manifestations"].all()
        assert columns["pericardial_effusion"][indication == "pericarditis"].all()
        low_platelets += columns["petechiae_purpura"][few].sum()
        all_petechiae += columns["petechiae_purpura"].sum()
    assert low_platelets / all_petechiae > 0.7  # petechiae mostly where platelets are few


def test_remission_is_without_active_findings_after_treatment(
    cohorts: list[SimulatedCohort],
) -> None:
    for cohort in cohorts:
        columns = cohort.columns
        remission = columns["remission"] == 1
        assert (remission == (columns["response"] == "remission")).all()
        assert ((columns["relapse"] == 1) == (columns["response"] == "flare")).all()
        for name in CLINICAL_SLEDAI:
            assert not columns[f"{name}_after"][remission].any(), name
        assert columns["proteinuria_after"][remission].max() <= 500
        assert columns["platelets_after"][remission].min() >= 100
        assert columns["wbc_after"][remission].min() >= 3
        assert (columns["response"][columns["died"] == 1] == "flare").all()


def test_nobody_acquires_a_finding_where_the_printed_p_says_so(
    cohorts: list[SimulatedCohort],
) -> None:
    acquired = {"methotrexate": 3, "rituximab": 4}
    for cohort in cohorts:
        for name in FINDINGS:
            gained = (cohort.columns[f"{name}_after"] > cohort.columns[name]).sum()
            assert gained == acquired.get(name, 0), name


def test_a_seed_gives_the_same_patients_and_another_seed_others() -> None:
    first, again, other = (simulate(31, seed=seed).columns for seed in (5, 5, 6))
    assert all((first[name] == again[name]).all() for name in first)
    assert not (first["c3"] == other["c3"]).all()


def test_what_gave_way_names_findings_that_the_margins_force_on_low_disease_activity() -> None:
    cohort = simulate(31, seed=1)
    assert "fever in 5, oral_ulcers in 10, arthritis in 7, skin_rash in 2" in cohort.gave_way[0]
    low_or_flare = cohort.columns["response"] != "flare"
    assert cohort.columns["fever_after"][low_or_flare].sum() >= 5


def test_the_printed_figures_out_of_reach_are_the_audit_s() -> None:
    listed = simulate(31, seed=1).not_reproducible
    p_values = {item.figure for item in listed if item.figure.endswith(", p")}
    assert p_values == {
        "Petechiae/purpura, p",
        "Raynaud phenomenon, p",
        "Pericardial effusion, p",
        "Hydroxychloroquine, p",
        "AST (U/L), p",
    }
    assert "Table 4, Rituximab after, printed 14 (48.2)" in "\n".join(map(str, listed))


def test_typed_and_stored_figures_agree_with_the_paper_s_rows(shared: Path) -> None:
    with (shared / "paper" / "rows_binary.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(FINDINGS)
    columns = simulate(31, seed=3).columns
    for row, (name, (before, after, p)) in zip(rows, FINDINGS.items(), strict=True):
        assert (int(row["before_n"]), int(row["after_n"])) == (before, after)
        assert (row["printed_p"] == p) == (row["verdict"] == "exact"), row["row"]
        if row["before_only_b"]:
            lost = int((columns[name] > columns[f"{name}_after"]).sum())
            assert lost == int(row["before_only_b"])
    with (shared / "paper" / "rows_lab.csv").open(encoding="utf-8") as stream:
        laboratory = list(csv.DictReader(stream))
    for row, (name, (before, after, p)) in zip(laboratory, MEANS.items(), strict=True):
        wanted = [float(x) for x in (*before, *after)]
        keys = ("before_mean", "before_sd", "after_mean", "after_sd")
        assert [float(row[key]) for key in keys] == wanted, name
        assert (p is None) == (row["feasible_paired_t"] == "False")
        if row["r_lo_slack"]:
            r = np.corrcoef(columns[name], columns[f"{name}_after"])[0, 1]
            assert float(row["r_lo_slack"]) <= r <= float(row["r_hi_slack"]), name
    assert math.isclose(np.mean([row["verdict"] == "exact" for row in rows]), 14 / 18)
