"""Checking a cohort: every rule by its code, all in one pass, no cell in any message."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import build_study, right_cohort

from predictor.cohort.checking import Checked, check_cohort
from predictor.cohort.cohort import FlowStep
from predictor.cohort.reading import read_table, table_from_frame
from predictor.cohort.table import table_of
from predictor.errors import CohortError, PredictorError
from predictor.study import Study, load_study
from predictor.workflow.check import check

Columns = dict[str, list[Any]]


def checked(columns: Columns, study: Study | None = None) -> Checked:
    rows = len(next(iter(columns.values())))
    table = table_of("test", list(columns), list(columns.values()), range(2, rows + 2))
    return check_cohort(study or build_study(), table)


def codes(result: Checked) -> set[str]:
    return {problem.code for problem in result.problems}


def test_a_right_cohort_has_no_problem_and_its_values_in_canonical_units(cohort: Columns) -> None:
    result = checked(cohort)
    assert result.problems == ()
    found = result.usable()
    assert found.names == ("c3", "platelets", "sex", "fever")
    assert found.values[1].tolist() == [82.5, 180.0, found.variables[2].states.index("male"), 1.0]
    assert found.outcome.tolist() == [1, 0] * 6
    assert found.group_kind == "patient"
    assert found.flow == (FlowStep("read", 12), FlowStep("analysed", 12))
    assert (found.patients, found.events, found.simulated) == (12, 6, False)


CELL_PROBLEMS = [
    ("c3", "high", "unreadable_number", True),
    ("c3", "<10", "unreadable_number", True),
    ("c3", "1:320", "unreadable_number", True),
    ("c3", -4.0, "impossible_value", True),
    ("c3", float("inf"), "infinite_value", True),
    ("c3", "75 furlong", "unknown_unit", True),
    ("c3", 0.9, "suspicious_unit", False),
    ("sex", "diverse", "unreadable_state", True),
    ("fever", 2, "unreadable_state", True),
    ("response", "cured", "unknown_state", True),
    ("id", "P00", "duplicate_patient", True),
    ("id", None, "missing_patient", True),
]


@pytest.mark.parametrize(("column", "cell", "code", "fatal"), CELL_PROBLEMS)
def test_each_bad_cell_is_named_with_its_row(
    cohort: Columns, column: str, cell: Any, code: str, fatal: bool
) -> None:
    cohort[column][7] = cell
    result = checked(cohort)
    found = [p for p in result.problems if p.code == code]
    assert [(p.row, p.column, p.fatal) for p in found] == [(9, column, fatal)]
    assert len(result.problems) == 1
    assert (result.cohort is None) is fatal


def test_a_comma_in_a_number_is_explained(cohort: Columns) -> None:
    cohort["c3"][0] = "75,5"
    (problem,) = checked(cohort).problems
    assert "set `cohort.decimal: ','`;" in problem.message
    assert ". If the file writes decimals with a comma" in problem.message
    cohort["c3"] = [str(value).replace(".", ",") for value in right_cohort()["c3"]]
    study = build_study(cohort={"decimal": ","})
    assert checked(cohort, study).usable().digest == checked(right_cohort()).usable().digest


@pytest.mark.parametrize("cell", [-4.0, 1e9, float("inf")])
def test_impossible_values_become_counted_missing_ones_on_request(
    cohort: Columns, cell: float
) -> None:
    cohort["c3"][0] = cohort["c3"][5] = cell
    assert checked(cohort).cohort is None
    found = checked(cohort, build_study(cohort={"impossible": "missing"})).usable()
    assert np.isnan(found.values[:, 0]).tolist() == [i in (0, 5) for i in range(12)]
    (warning,) = found.warnings
    assert (warning.variable, warning.count) == ("c3", 2)
    assert warning.code in ("impossible_value", "infinite_value")
    # unreadable is not impossible: it stays fatal
    cohort["c3"][0] = "high"
    assert checked(cohort, build_study(cohort={"impossible": "missing"})).cohort is None


@pytest.mark.parametrize(
    ("changes", "columns", "code", "column"),
    [
        ({}, {"c3": None}, "missing_column", "c3"),
        ({}, {"response": None}, "missing_column", "response"),
        ({}, {"id": None}, "missing_column", "id"),
        ({"cohort": {"centre": "site"}}, {}, "missing_column", "site"),
        ({"cohort": {"columns": {"c3": "C3_serum"}}}, {}, "missing_column", "C3_serum"),
        ({}, {"c3": [80] * 12}, "constant", "c3"),
        ({}, {"c3": [None] * 12}, "all_missing", "c3"),
        ({}, {"response": ["remission"] * 12}, "one_class", "response"),
        ({}, {"response": ["flare"] * 12}, "one_class", "response"),
        ({}, {"response": [None] * 12}, "no_patients", "response"),
        ({"validation": {"folds": 7}}, {}, "too_few_events", "response"),
        ({"privacy": {"cell_size": 7}}, {}, "too_few_events", "response"),
        (
            {"cohort": {"centre": "site"}, "validation": {"folds": 3}},
            {"site": ["a", "b"] * 6},
            "too_few_groups",
            "response",
        ),
        (
            {"cohort": {"centre": "site"}},
            {"site": ["a", "b"] * 6},  # all events in one centre
            "too_few_groups",
            "response",
        ),
        ({"question": {"event": [1]}}, {}, "undeclared_states", "response"),
        ({"question": {"event": ["remision"]}}, {}, "undeclared_states", "response"),
        ({"question": {"non_event": ["remission"]}}, {}, "undeclared_states", "response"),
        (
            {"cohort": {"centre": "site", "repeated_rows": True}},
            {"id": ["P0", "P0", *[f"P{i}" for i in range(2, 12)]], "site": ["a", "b", "c"] * 4},
            "patient_in_two_centres",
            "id",
        ),
    ],
)
def test_each_bad_column_is_named(
    cohort: Columns, changes: Any, columns: dict[str, Any], code: str, column: str
) -> None:
    for name, cells in columns.items():
        if cells is None:
            del cohort[name]
        else:
            cohort[name] = cells
    result = checked(cohort, build_study(**changes))
    assert [(p.code, p.column, p.row) for p in result.fatal] == [(code, column, None)]


def test_a_misspelt_event_is_not_counted_as_no_event(cohort: Columns) -> None:
    study = build_study(question={"event": ["remission", "low_disease_activty"]})
    (problem,) = checked(cohort, study).problems
    assert problem.code == "undeclared_states"
    assert "did you mean low_disease_activity?" in problem.message


def test_a_binary_outcome_of_the_dictionary_is_read_in_all_its_spellings(cohort: Columns) -> None:
    cohort["relapse"] = ["yes", 0, "1", "no", True, "FALSE", 1.0, "0", "Yes", "n", "true", 0.0]
    for event in ("yes", 1, "1"):
        study = build_study(question={"outcome": "relapse", "event": [event]})
        assert checked(cohort, study).usable().outcome.tolist() == [1, 0] * 6


@pytest.mark.parametrize(
    ("cells", "event", "non_event"),
    [
        ([1, 0], [1], []),
        (["1", "0"], [1], []),
        ([1.0, 0.0], ["1"], []),
        (["1.0", "0.0"], [1], []),
        ([True, False], [1], []),
        (["TRUE", "FALSE"], ["true"], ["false"]),
        ([True, False], ["true"], ["false"]),
        (["R", "n "], ["r"], ["N"]),
        ([2, 1], [2], [1]),
        ([0, 1], [0], []),
    ],
)
def test_an_outcome_of_ones_own_is_met_in_every_spelling(
    cohort: Columns, cells: list[Any], event: list[Any], non_event: list[Any]
) -> None:
    cohort["own"] = cells * 6
    question = {"outcome": "own", "event": event, "non_event": non_event}
    assert checked(cohort, build_study(question=question)).usable().outcome.tolist() == [1, 0] * 6


def test_an_outcome_may_have_its_own_column_and_coding(cohort: Columns) -> None:
    cohort["resp_6m"] = ["R", "F"] * 6
    del cohort["response"]
    mapping = {
        "columns": {"response": "resp_6m"},
        "values": {"response": {"R": "remission", "F": "flare"}},
    }
    found = checked(cohort, build_study(cohort=mapping)).usable()
    assert found.outcome.tolist() == [1, 0] * 6


@pytest.mark.parametrize("missing", [None, "", "NA", float("nan"), pd.NA, "-99", -99])
def test_missing_outcomes_are_counted_and_left_out(cohort: Columns, missing: Any) -> None:
    cohort["response"][0] = cohort["response"][11] = missing
    found = checked(cohort, build_study(cohort={"missing": ["-99"]})).usable()
    assert found.flow[1:] == (FlowStep("excluded: outcome missing", 2), FlowStep("analysed", 10))
    assert found.patients == 10
    assert found.group is not None
    assert len(found.group) == 10


def test_exclusions_are_counted_by_reason_and_each_patient_once(cohort: Columns) -> None:
    cohort["overlap_syndrome"] = ["yes", "yes", *["no"] * 9, None]
    cohort["primary_aps"] = ["yes", "no", "no", "yes", *["no"] * 8]
    cohort["response"][3] = cohort["response"][4] = None
    study = build_study(cohort={"exclude": ["overlap_syndrome", "primary_aps"]})
    found = checked(cohort, study).usable()
    assert [(s.step.split(": ")[-1], s.patients) for s in found.flow] == [
        ("read", 12),
        ("overlap syndrome", 2),
        (study.dictionary.variable("primary_aps").label.lower(), 1),
        ("outcome missing", 1),
        ("analysed", 8),
    ]
    assert ("overlap_syndrome", "exclusion_unknown", 1) in [
        (w.variable, w.code, w.count) for w in found.warnings
    ]


def test_patients_outside_the_population_are_left_out_and_counted(cohort: Columns) -> None:
    cohort["age"] = [17, 12, 18, 40, None, *[50] * 7]
    cohort["overlap_syndrome"] = ["yes", *["no"] * 11]
    study = build_study(
        question={"limits": {"age": [18, None]}}, cohort={"exclude": ["overlap_syndrome"]}
    )
    found = checked(cohort, study).usable()
    assert [(s.step, s.patients) for s in found.flow] == [
        ("read", 12),
        ("excluded: age not at least 18 years", 2),
        ("excluded: overlap syndrome", 0),
        ("analysed", 10),
    ]
    assert found.names == ("c3", "platelets", "sex", "fever")


def test_a_file_without_the_limited_variable_is_warned_of(cohort: Columns) -> None:
    found = checked(cohort, build_study(question={"limits": {"age": [18, None]}})).usable()
    assert found.patients == 12
    assert [(w.variable, w.code) for w in found.warnings] == [("age", "limit_not_checked")]


def big(n: int = 60) -> Columns:
    """A cohort large enough for suspicions, with outcomes in random order."""
    rng = np.random.default_rng(3)
    response = np.where(rng.permutation(n) < n // 2, "remission", "flare")
    return {
        "id": list(range(n)),
        "c3": rng.normal(90, 10, n).round(1).tolist(),
        "platelets": rng.normal(220, 30, n).round().tolist(),
        "sex": rng.choice(["female", "male"], n).tolist(),
        "fever": rng.choice(["no", "yes"], n).tolist(),
        "response": response.tolist(),
    }


def test_the_large_cohort_is_right_too() -> None:
    assert checked(big()).problems == ()


@pytest.mark.parametrize(
    ("name", "of_event", "of_other"),
    [
        ("c3", 60.0, 120.0),  # constant within each outcome
        ("fever", "yes", "no"),
        ("sex", "male", "female"),
        ("platelets", 200, None),  # missingness alone
        ("platelets", None, 200),
    ],
)
def test_a_predictor_that_tells_the_outcome_is_suspected_leakage(
    name: str, of_event: Any, of_other: Any
) -> None:
    columns = big()
    event = [state == "remission" for state in columns["response"]]
    known = columns[name]
    columns[name] = [
        (of_event if e else of_other)
        if isinstance(of_event, str) or None in (of_event, of_other)
        else (of_event if e else of_other) + (value % 7)
        for e, value in zip(event, known, strict=True)
    ]
    if None in (of_event, of_other):
        columns[name] = [
            None if cell is None else k for cell, k in zip(columns[name], known, strict=True)
        ]
    leaking = [p for p in checked(columns).fatal if p.code == "suspected_leakage"]
    assert [(p.variable, p.row) for p in leaking] == [(name, None)]
    accepted = build_study(cohort={"accept_suspected_leakage": [name]})
    found = checked(columns, accepted).usable()
    assert (name, "suspected_leakage") in [(w.variable, w.code) for w in found.warnings]


def test_separation_by_chance_in_a_small_cohort_is_no_leakage() -> None:
    # 2 of the 20 arrangements of 3 and 3 separate
    columns = {name: cells[:6] for name, cells in right_cohort().items()}
    columns["c3"] = [100, 60, 101, 61, 102, 62]
    assert "suspected_leakage" not in codes(checked(columns))


def test_almost_telling_the_outcome_is_a_warning() -> None:
    columns = big()
    event = np.array(columns["response"]) == "remission"
    values = np.where(event, 120.0, 80.0) + np.arange(60) / 10
    values[np.flatnonzero(event)[0]] = 85.45
    columns["c3"] = values.tolist()
    (problem,) = checked(columns).problems
    assert (problem.code, problem.fatal) == ("nearly_separates", False)


@pytest.mark.parametrize("order", ["sorted", "blocks"])
def test_rows_in_an_order_that_tells_the_outcome_are_a_warning(order: str) -> None:
    columns = big()
    response = sorted(columns["response"])
    columns["response"] = (
        response if order == "sorted" else [*response[:15], *response[30:], *response[15:30]]
    )
    assert [(p.code, p.fatal) for p in checked(columns).problems] == [("row_order", False)]


def test_rows_of_one_patient_together_are_no_suspicious_order() -> None:
    columns = {name: [cell for cell in cells for _ in range(4)] for name, cells in big(30).items()}
    study = build_study(cohort={"repeated_rows": True})
    assert codes(checked(columns, study)) == {"identical_rows"}


def test_other_warnings_count_and_do_not_stop(cohort: Columns) -> None:
    for row in range(4):
        cohort["c3"][row] = None
    for name in ("c3", "platelets", "sex", "fever", "response"):
        cohort[name][10] = cohort[name][8]
    del cohort["id"]
    study = build_study(cohort={"patient": None})
    found = checked(cohort, study).usable()
    assert {(w.variable, w.code) for w in found.warnings} == {
        ("c3", "often_missing"),
        ("response", "identical_rows"),
        ("", "no_patient_column"),
    }
    assert found.group is None
    assert found.group_kind == "none"


def test_repeated_rows_of_a_patient_are_one_group(cohort: Columns) -> None:
    cohort["id"] = [f"P{i // 2}" for i in range(12)]
    found = checked(cohort, build_study(cohort={"repeated_rows": True})).usable()
    assert found.group is not None
    assert found.group.tolist() == [i // 2 for i in range(12)]


@pytest.mark.parametrize(
    ("first", "second"), [("P1", "P1 "), (7, "7"), (7.0, 7), (np.int64(7), 7.0)]
)
def test_one_patient_in_two_spellings_is_a_duplicate(
    cohort: Columns, first: Any, second: Any
) -> None:
    cohort["id"][0], cohort["id"][5] = first, second
    assert [(p.code, p.row) for p in checked(cohort).problems] == [("duplicate_patient", 7)]


def test_long_identifiers_that_are_equal_as_floats_are_two_patients(cohort: Columns) -> None:
    cohort["id"][0], cohort["id"][5] = 9007199254740992, 9007199254740993
    assert checked(cohort).problems == ()


def test_ten_problems_are_found_in_one_pass(cohort: Columns) -> None:
    del cohort["platelets"]
    cohort["c3"][0] = "high"
    cohort["c3"][1] = -4
    cohort["c3"][2] = 0.9
    cohort["c3"][3] = float("inf")
    cohort["c3"][4] = "5 furlong"
    cohort["sex"][5] = "?"
    cohort["response"][6] = "cured"
    cohort["id"][7] = "P00"
    cohort["fever"] = ["no"] * 12
    cohort["id"][9] = None
    result = checked(cohort, build_study(validation={"folds": 6}))
    assert Counter(p.code for p in result.problems) == {
        "missing_column": 1,
        "unreadable_number": 1,
        "impossible_value": 1,
        "suspicious_unit": 1,
        "infinite_value": 1,
        "unknown_unit": 1,
        "unreadable_state": 1,
        "unknown_state": 1,
        "duplicate_patient": 1,
        "missing_patient": 1,
        "constant": 1,
        "too_few_events": 1,
        "often_missing": 1,
        "identical_rows": 1,
    }
    with pytest.raises(CohortError, match=r"cannot be used as it is \(11 problems\)") as caught:
        result.usable()
    assert len(caught.value.reasons) == 11


def test_equal_problems_of_a_column_are_listed_once_with_their_count(cohort: Columns) -> None:
    cohort["c3"][:3] = ["seven", "eight", "nine"]
    with pytest.raises(CohortError, match=r"is not a number.*\(3 rows\)") as caught:
        checked(cohort).usable()
    assert len(caught.value.reasons) == 1


def test_simulated_patients_are_known_by_their_column(cohort: Columns) -> None:
    for cell in (1, "1", True, "true", 1.0):
        assert checked({**cohort, "simulated": [cell] * 12}).usable().simulated
    assert not checked({**cohort, "simulated": [0] * 12}).usable().simulated


def test_the_same_patients_have_one_digest_in_every_format(cohort: Columns, tmp_path: Path) -> None:
    cohort["c3"][2] = -99
    cohort["fever"][3] = None
    cohort["id"] = list(range(100, 112))
    frame = pd.DataFrame(cohort)
    study = build_study(cohort={"missing": ["-99"]})
    frame.to_csv(tmp_path / "c.csv", index=False)
    frame.to_csv(tmp_path / "s.csv", index=False, sep=";", encoding="utf-16")
    frame.to_parquet(tmp_path / "c.parquet")
    frame.to_excel(tmp_path / "c.xlsx", index=False)
    tables = [
        read_table(tmp_path / "c.csv", study.config.cohort),
        read_table(
            tmp_path / "s.csv",
            study.config.cohort.model_copy(update={"encoding": "utf-16"}),
        ),
        read_table(tmp_path / "c.parquet", study.config.cohort),
        read_table(tmp_path / "c.xlsx", study.config.cohort),
        table_from_frame(frame),
        table_from_frame(frame.convert_dtypes()),
        table_from_frame(frame.astype({"sex": "category", "platelets": "float32"})),
        table_from_frame(frame.astype(object)),
    ]
    digests = {check_cohort(study, table).usable().digest for table in tables}
    assert len(digests) == 1


def test_the_digest_follows_values_outcome_and_groups(cohort: Columns) -> None:
    before = checked(cohort).usable().digest
    for name, cell in (("c3", 75.1), ("response", "flare"), ("sex", "male")):
        changed = {key: list(cells) for key, cells in cohort.items()}
        changed[name][0] = cell
        assert checked(changed).usable().digest != before
    # names of patients are not part of it
    assert checked({**cohort, "id": [f"Q{i}" for i in range(12)]}).usable().digest == before


PLANTED = ("987654.25", "Zebedee", "zz-top-1", "7e77", "1:98765", "\x00bin")

anything = (
    st.sampled_from(PLANTED)
    | st.none()
    | st.floats()
    | st.integers()
    | st.booleans()
    | st.text(max_size=5)
    | st.sampled_from(
        [98765.4321, 10**5000, b"Zebedee", [1, 2], {"value": "Zebedee"}, pd.NA, pd.NaT]
    )
    | st.sampled_from(["remission", "flare", "female", "yes", "75", "75 mg/dL", "NA"])
)


@settings(max_examples=150)
@given(st.data())
def test_any_table_is_checked_or_refused_and_no_message_holds_a_cell(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 14))
    names = data.draw(
        st.lists(
            st.sampled_from(["id", "c3", "platelets", "sex", "fever", "response", "x", "site"]),
            min_size=1,
            unique=True,
        )
    )
    right = right_cohort()
    columns = {
        name: (right[name] * 2)[:rows]
        if name in right and data.draw(st.booleans())
        else data.draw(st.lists(anything, min_size=rows, max_size=rows))
        for name in names
    }
    study = build_study(cohort=data.draw(st.sampled_from([{}, {"impossible": "missing"}])))
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    try:
        result = check_cohort(study, table_from_frame(frame))
        texts = [problem.message for problem in result.problems]
        cohort = result.usable()
        texts += [f"{w.variable} {w.message}" for w in cohort.warnings]
        assert np.isin(cohort.outcome, [0, 1]).all()
        assert not np.isinf(cohort.values).any()
    except PredictorError as error:
        texts = [str(error)]
    for text in texts:
        assert not any(word in text for word in ("98765", "Zebedee", "zz-top", "7e77"))


@settings(max_examples=150)
@given(st.text(st.sampled_from('id,c3response\n\r"; \t127.5eE+-PremissonflaäNA\x00'), max_size=120))
def test_any_text_as_csv_is_checked_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text("id,c3,platelets,sex,fever,response\n" + text, encoding="utf-8", newline="")
    study = build_study()
    try:
        check_cohort(study, read_table(path, study.config.cohort)).usable()
    except PredictorError as error:
        assert str(error)  # noqa: PT017 - either way is fine


def test_the_sle_cohort_is_86_patients_with_41_events(shared: Path) -> None:
    study = load_study("sle_low_disease_activity")
    path = shared / "data" / "gse65391_response_index.csv"
    found = check_cohort(study, read_table(path, study.config.cohort)).usable()
    assert (found.patients, found.events, found.group_kind) == (86, 41, "patient")
    assert len(found.variables) == 10


def test_the_thiopurine_outcome_hidden_among_the_predictors_is_named(
    shared: Path, root: Path
) -> None:
    from predictor.documents import Document, load_yaml
    from predictor.study import study_from

    path = root / "configs" / "thiopurine_remission.yaml"
    data = shared / "data" / "thiomon.csv"
    assert check(data, path).usable
    config = load_yaml(path).data
    config["predictors"] = [*config["predictors"], "active"]
    study = study_from(Document("with active", config), path.parent)
    result = check_cohort(study, read_table(data, study.config.cohort))
    assert [(p.code, p.column) for p in result.fatal] == [("suspected_leakage", "active")]
    with pytest.raises(
        CohortError, match=r"active: suspected leakage: it tells the outcome exactly"
    ):
        result.usable()
