"""Descriptive tables of a whole cohort: rows, published p-values, groups, masks, bad input."""

from __future__ import annotations

import csv
import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from predictor.clinical.dictionary import AFTER, load_dictionary
from predictor.cohort.describe import describe_table
from predictor.cohort.described_columns import ColumnRules
from predictor.cohort.description import Description, Row
from predictor.cohort.summaries import p_text
from predictor.cohort.table import Table
from predictor.cohort.table_maker import holm_adjusted
from predictor.errors import CohortError, PredictorError

DICTIONARY = load_dictionary()

# Rows of the paper -> variables of the dictionary.
ROWS = {
    "Fatigue": "fatigue",
    "Myalgias": "myalgia",
    "Fever": "fever",
    "Oral aphthae": "oral_ulcers",
    "Dry mouth": "dry_mouth",
    "Dry eyes": "dry_eyes",
    "Arthralgia/arthritis": "arthritis",
    "Skin rash": "skin_rash",
    "Pleural effusion": "pleural_effusion",
    "Methotrexate": "methotrexate",
    "Azathioprine": "azathioprine",
    "Mycophenolate mofetil": "mycophenolate",
    "Cyclophosphamide": "cyclophosphamide",
    "Rituximab": "rituximab",
}


def table_of(**columns) -> Table:
    rows = len(next(iter(columns.values())))
    assert {len(cells) for cells in columns.values()} == {rows}
    return Table("cohort.csv", columns, range(2, rows + 2))


def row_of(description: Description, variable: str, table: int | None = None) -> Row:
    found = [r for n, r in description.rows() if r.variable == variable and table in (None, n)]
    assert len(found) == 1, f"{variable}: {len(found)} rows"
    return found[0]


@pytest.fixture
def cohort() -> Table:
    rng = np.random.default_rng(11)
    n = 31
    return table_of(
        patient=[f"P{i}" for i in range(n)],
        sex=["female"] * 16 + ["male"] * 15,
        age=rng.normal(31, 4, n).round(),
        response=["remission"] * 11 + ["low_disease_activity"] * 14 + ["flare"] * 6,
        died=["no"] * 30 + ["yes"],
        indication=["thrombocytopenia"] * 20 + ["myositis"] * 8 + ["pericarditis"] * 3,
        fever=["yes"] * 21 + ["no"] * 10,
        fever_after=["yes"] * 11 + ["no"] * 20,
        c3=rng.normal(75, 20, n).round(),
        c3_after=rng.normal(110, 20, n).round(),
        ck=rng.lognormal(4, 1, n).round(),
        ck_after=rng.lognormal(3, 1, n).round(),
        hydroxychloroquine=["yes"] * 29 + ["no"] * 2,
        hydroxychloroquine_after=["yes"] * 26 + ["no"] * 5,
        weight=rng.normal(65, 8, n).round(),
    )


def test_the_published_two_by_two_tables_give_the_published_p(shared):
    with (shared / "paper" / "rows_binary.csv").open(encoding="utf-8") as stream:
        printed = {row["row"]: row for row in csv.DictReader(stream) if row["verdict"] == "exact"}
    assert set(printed) == set(ROWS)
    columns: dict[str, list[int]] = {}
    for name, variable in ROWS.items():
        row = printed[name]
        if row["both_a"]:
            cells = [int(row[k]) for k in ("both_a", "before_only_b", "after_only_c", "neither_d")]
        else:  # myalgia: the audit leaves two tables, of which nobody acquires it in this one
            cells = [11, 14, 0, 6]
        columns[variable] = np.repeat([1, 1, 0, 0], cells).tolist()
        columns[variable + AFTER] = np.repeat([1, 0, 1, 0], cells).tolist()
    description = describe_table(table_of(**columns), DICTIONARY)
    for name, variable in ROWS.items():
        row, expected = row_of(description, variable), printed[name]
        assert p_text(row.p_value) == expected["printed_p"], name
        assert row.test == "exact McNemar"
        assert (row.before.count, row.after.count) == (
            int(expected["before_n"]),
            int(expected["after_n"]),
        )


def test_each_variable_stands_in_the_table_of_the_paper(cohort):
    description = describe_table(cohort, DICTIONARY)
    places = {(number, row.variable) for number, row in description.rows()}
    assert places == {
        (1, "sex"), (1, "age"), (1, "response"), (1, "died"), (1, "weight"), (2, "indication"),
        (3, "fever"), (3, "c3"), (3, "ck"), (4, "hydroxychloroquine"),
    }  # fmt: skip
    assert description.unknown == ("patient",)
    assert description.absent == {}
    assert row_of(description, "ck").statistic == "median (IQR)"
    assert row_of(description, "ck").test == "Wilcoxon signed-rank"
    assert row_of(description, "c3").statistic == "mean (SD)"
    assert row_of(description, "c3").test == "paired t"
    assert row_of(description, "sex").before.text == "16 (51.6%)"
    assert [r.label for n, r in description.rows() if r.variable == "died"] == ["Alive", "Dead"]


def test_a_row_has_the_keys_other_people_rely_on(cohort):
    data = describe_table(cohort, DICTIONARY, by="response", tests="recommended").to_dict()
    text = json.dumps(data, allow_nan=False)
    assert "NaN" not in text
    keys = {"table", "variable", "statistic", "before", "after", "test", "p_value", "n", "missing"}
    for row in data["rows"]:
        assert keys <= set(row)


def test_figures_of_a_row_are_those_of_scipy_on_complete_pairs(cohort):
    from scipy.stats import ttest_rel

    columns = {name: list(cells) for name, cells in cohort.columns.items()}
    columns["c3"][0] = ""
    columns["c3_after"][1] = None
    row = row_of(describe_table(table_of(**columns), DICTIONARY), "c3")
    before = np.array(cohort.columns["c3"])[2:]
    after = np.array(cohort.columns["c3_after"])[2:]
    assert (row.before.n, row.before.missing) == (29, 2)
    assert row.before.mean == pytest.approx(before.mean())
    assert row.after.sd == pytest.approx(after.std(ddof=1))
    assert row.p_value == pytest.approx(ttest_rel(before, after).pvalue)


def test_without_follow_up_the_paired_tables_are_left_out_and_nothing_is_lost(cohort):
    columns = {n: c for n, c in cohort.columns.items() if not n.endswith(AFTER)}
    description = describe_table(table_of(**columns), DICTIONARY)
    assert list(description.absent) == [3, 4]
    assert "no values after treatment" in description.absent[3]
    assert {number for number, row in description.rows() if row.variable == "c3"} == {1}
    assert row_of(description, "ck").statistic == "median (IQR)"  # as its own table would


def test_what_the_paper_does_not_list_is_described_too():
    rng = np.random.default_rng(2)
    n = 40
    description = describe_table(
        table_of(
            albumin=rng.normal(3.5, 0.4, n),
            albumin_after=rng.normal(4, 0.4, n),
            haemoglobin=rng.normal(11, 2, n),
            ivig_courses=rng.integers(1, 7, n),
            lupus_anticoagulant=["no"] * n,
            lupus_anticoagulant_after=["no"] * n,
        ),
        DICTIONARY,
    )
    places = [(number, row.variable) for number, row in description.rows()]
    assert places == [
        (1, "lupus_anticoagulant"), (1, "haemoglobin"), (1, "ivig_courses"),
        (3, "lupus_anticoagulant"), (3, "albumin"),
    ]  # fmt: skip
    unchanged = row_of(description, "lupus_anticoagulant", 3)
    assert (unchanged.p_value, unchanged.reason) == (None, "no patient changed")


def test_what_another_row_implies_needs_no_row_of_its_own(cohort):
    binary = [1] * 11 + [0] * 20
    both = describe_table(table_of(**cohort.columns, remission=binary), DICTIONARY)
    assert "remission" not in {row.variable for _, row in both.rows()}
    assert "remission" not in both.unknown
    alone = describe_table(table_of(remission=binary), DICTIONARY)
    assert row_of(alone, "remission").before.text == "11 (35.5%)"


def test_findings_kept_as_numbers_are_read_like_text(cohort):
    numbers = np.array([1.0, 0.0, np.nan, 3.0, 1.0, 3.0])
    texts = ["1", "0", "", "3", "1", "3"]
    one, other = (describe_table(table_of(fever=c), DICTIONARY) for c in (numbers, texts))
    assert row_of(one, "fever").before == row_of(other, "fever").before
    assert one.left_out == other.left_out
    assert [(c.code, c.count) for c in one.left_out] == [("unreadable_state", 2)]


def test_by_response_gives_the_baseline_of_each_state(cohort):
    description = describe_table(cohort, DICTIONARY, by="response")
    table = description.tables[-1]
    assert (table.number, table.shape) == (5, "groups")
    assert {name: n for name, (_, n) in table.groups.items()} == {
        "remission": 11,
        "low_disease_activity": 14,
        "flare": 6,
    }
    names = [row.variable for row in table.rows]
    assert not {"response", "died", "c3_after"} & set(names)  # not baseline
    c3 = row_of(description, "c3", 5)
    values = np.array(cohort.columns["c3"])
    assert c3.groups["flare"].mean == pytest.approx(values[25:].mean())
    assert c3.p_value is None
    assert "no test between groups" in c3.reason


def test_recommended_adds_effects_intervals_and_holm_over_all_before_after_rows(cohort):
    from scipy.stats import kruskal

    description = describe_table(cohort, DICTIONARY, by="response", tests="recommended")
    paired = [row for n, row in description.rows() if n in (3, 4)]
    assert [row.p_adjusted for row in paired] == holm_adjusted([row.p_value for row in paired])
    for row in paired:
        assert row.effect.low <= row.effect.value <= row.effect.high
    assert row_of(description, "fever", 3).effect.name == "risk difference"
    assert row_of(description, "c3", 3).effect.name == "mean difference"
    skewed = row_of(description, "ck", 3)
    assert skewed.effect.name == "Hodges-Lehmann estimate"
    assert skewed.test == "exact Wilcoxon signed-rank"
    assert skewed.statistic == "median (quartiles)"
    values = np.array(cohort.columns["c3"])
    expected = kruskal(values[:11], values[11:25], values[25:]).pvalue
    assert row_of(description, "c3", 5).p_value == pytest.approx(expected)


def test_holm_is_that_of_r():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.005, 0.5), "holm") -> 0.040 0.060 0.060 0.025 0.500
    found = holm_adjusted([0.01, 0.02, 0.03, 0.005, 0.5])
    assert found == pytest.approx([0.04, 0.06, 0.06, 0.025, 0.5])
    assert holm_adjusted([]) == []


def test_patients_may_be_grouped_by_any_column_of_few_values(cohort):
    columns = {**cohort.columns, "clinic": [1.0] * 10 + [2.0] * 20 + [None]}
    description = describe_table(table_of(**columns), DICTIONARY, by="clinic")
    assert description.tables[-1].groups == {"1": ("1", 10), "2": ("2", 20)}
    assert any("1 patients without a known clinic" in note for note in description.notes)


def test_the_order_of_the_patients_changes_nothing(cohort):
    order = np.random.default_rng(0).permutation(31)
    turned = {name: [cells[i] for i in order] for name, cells in cohort.columns.items()}
    one, other = (
        describe_table(table, DICTIONARY, by="response", tests="recommended").to_dict()
        for table in (cohort, table_of(**turned))
    )
    for a, b in zip(one["rows"], other["rows"], strict=True):
        assert a["p_value"] == pytest.approx(b["p_value"])
        assert (a["before"], a["after"]) == (b["before"], b["after"])


def test_unreadable_cells_are_left_out_and_counted_never_guessed(cohort):
    columns = {name: list(cells) for name, cells in cohort.columns.items()}
    columns["c3"][:3] = ["<10", "1:320", "-5"]
    description = describe_table(table_of(**columns), DICTIONARY)
    assert row_of(description, "c3").before.n == 28
    assert [(c.variable, c.code, c.count) for c in description.left_out] == [
        ("c3", "impossible_value", 1),
        ("c3", "unreadable_number", 2),
    ]


def test_units_and_names_of_a_configuration_hold_for_the_value_after_treatment_too():
    table = table_of(C3=[0.75, 0.9], komplement_after=[1.0, 1.2])
    rules = ColumnRules({"c3": "C3", "c3_after": "komplement_after"}, {"c3": "g/L"})
    row = row_of(describe_table(table, DICTIONARY, rules=rules), "c3")
    assert (row.before.mean, row.after.mean) == (82.5, 110.0)


def test_patients_with_an_exclusion_criterion_are_left_out_and_counted(cohort):
    columns = {**cohort.columns, "primary_aps": ["yes"] * 2 + ["no"] * 29}
    description = describe_table(table_of(**columns), DICTIONARY, exclude=["primary_aps"])
    assert description.patients == 29
    assert any(
        note.startswith("2 patients outside the population or with an exclusion")
        for note in description.notes
    )


def test_simulated_patients_are_called_simulated(cohort):
    assert not describe_table(cohort, DICTIONARY).simulated
    columns = {**cohort.columns, "simulated": np.ones(31)}
    assert describe_table(table_of(**columns), DICTIONARY).simulated


def test_small_counts_are_masked_with_what_would_give_them_away(cohort):
    description = describe_table(cohort, DICTIONARY, by="response", cell_size=5)
    data = json.dumps(description.to_dict())
    indications = {r.state: r.before for n, r in description.rows() if r.variable == "indication"}
    assert indications["pericarditis"].text == "<5"
    assert indications["myositis"].text == "hidden"  # else 31 - 20 - 8 = 3
    drug = row_of(description, "hydroxychloroquine", 4)
    assert drug.before.text == ">26"
    assert (drug.p_value, drug.changed) == (None, None)
    assert "masked" in drug.reason
    assert '"before_only": 3' not in data
    with pytest.raises(CohortError, match="cell size: it must be at least 1"):
        describe_table(cohort, DICTIONARY, cell_size=0)


def test_a_group_of_few_patients_is_masked_whole(cohort):
    columns = {**cohort.columns, "clinic": ["A"] * 3 + ["B"] * 28}
    table = describe_table(table_of(**columns), DICTIONARY, by="clinic", cell_size=5).tables[-1]
    assert table.groups["A"] == ("A", None)
    assert {row.groups["A"].text for row in table.rows} == {"<5 patients"}
    assert {row.groups["A"].n for row in table.rows} == {None}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": "respnse"}, "Did you mean response?"),
        ({"by": "c3"}, "c3: it is a number and has no states"),
        ({"by": "patient"}, "31 different values, which is no grouping"),
        ({"tests": "bayes"}, "'bayes' is not known"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(cohort, given, message):
    with pytest.raises(CohortError, match=message):
        describe_table(cohort, DICTIONARY, **given)


def test_a_table_without_a_known_column_is_refused():
    with pytest.raises(CohortError, match="no column is named like a variable"):
        describe_table(table_of(a=[1], b=[2]), DICTIONARY)


def test_groups_without_a_patient_are_refused(cohort):
    columns = {**cohort.columns, "response": ["unclear"] * 31}
    with pytest.raises(CohortError, match="no patient has a known state"):
        describe_table(table_of(**columns), DICTIONARY, by="response")


CELL = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-10, 200),
    st.booleans(),
    st.text(max_size=6),
    st.sampled_from(["yes", "no", "female", "remission", "flare", "<5", "80", "=1+1"]),
)
NAMES = ["sex", "c3", "c3_after", "fever", "fever_after", "response", "ck", "ck_after", "other"]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.data())
def test_whatever_the_cells_only_our_errors_leave_and_no_warning(data):
    rows = data.draw(st.integers(1, 8))
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    columns = {name: data.draw(st.lists(CELL, min_size=rows, max_size=rows)) for name in names}
    by = data.draw(st.sampled_from([None, "response", "other"]))
    tests = data.draw(st.sampled_from(["paper", "recommended"]))
    cell_size = data.draw(st.sampled_from([None, 3]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = describe_table(
                Table("t", columns, range(1, rows + 1)),
                DICTIONARY,
                by=by,
                tests=tests,
                cell_size=cell_size,
            )
        except PredictorError:
            return
        json.dumps(found.to_dict(), allow_nan=False)
