"""OMOP tables by concept: units, comparisons, coded values, periods, and lists that break rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.sources.omop import read_omop
from predictor.cohort.sources.omop_concepts import load_concepts
from predictor.config_sources import OmopSource
from predictor.errors import CohortError, ConfigError, PredictorError

TABLES = {
    "person": "person_id, gender_concept_id, year_of_birth, month_of_birth, day_of_birth",
    "measurement": (
        "person_id, measurement_date, measurement_concept_id, value_as_number, "
        "value_as_concept_id, unit_concept_id, operator_concept_id"
    ),
    "visit_occurrence": "person_id, visit_start_date, visit_concept_id",
    "condition_occurrence": (
        "person_id, condition_start_date, condition_end_date, condition_concept_id"
    ),
    "drug_exposure": (
        "person_id, drug_exposure_start_date, drug_exposure_end_date, drug_concept_id"
    ),
    "concept_ancestor": "ancestor_concept_id, descendant_concept_id",
}
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "person": [(1, 8532, 1980, 6, 15), (2, 8507, 1990, None, None), (3, 0, None, None, None)],
    "measurement": [
        (1, "2020-01-10", 10, 75.0, None, 8840, None),
        (1, "2020-01-10", 11, None, 91, None, None),
        (1, "2020-03-01", 10, 0.9, None, 8636, 4172703),
        (1, "2020-03-01", 10, 80.0, None, 8840, None),
        (2, "2020-01-05", 12, 5.0, None, None, 4171756),
        (2, "2020-01-05", 12, 5.0, None, None, 4171756),
        (2, "2020-02-05", 12, None, None, None, None),
        (3, "2020-01-05", 99, 1.0, None, None, None),
    ],
    "visit_occurrence": [(2, "2020-02-20", 9202), (3, "2020-02-20", 32037)],
    "condition_occurrence": [(1, "2020-02-01", "2020-02-02", 20)],
    "drug_exposure": [(2, "2020-01-01", "2020-02-10", 31)],
    "concept_ancestor": [(30, 31), (30, 30)],
}
LIST: dict[str, Any] = {
    "variables": {
        "c3": {"measurement": [10], "units": {8840: "mg/dL", 8636: "g/L"}},
        "lupus_anticoagulant": {"measurement": 11, "values": {91: True, 92: "no"}},
        "crp": {"measurement": [12], "unit": "mg/L"},
        "primary_aps": {"condition": [20]},
        "hydroxychloroquine": {"drug": [30], "descendants": True, "absent": False, "grace": 10},
        "sex": {"person": "gender_concept_id", "values": {8532: "female", 8507: "male"}},
        "age": {"person": "birth"},
    },
    "visits": [9202],
}


def fill(folder: Path, rows: dict[str, list[tuple[Any, ...]]]) -> str:
    url = f"sqlite:///{folder}/omop.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for name, columns in TABLES.items():
            connection.exec_driver_sql(f"create table {name} ({columns})")
            for row in rows.get(name, []):
                marks = ", ".join("?" * len(row))
                statement = f"insert into {name} values ({marks})"  # noqa: S608 - names of ours
                connection.exec_driver_sql(statement, row)
    engine.dispose()
    return url


def read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, concepts: Any = None, **rows: Any
) -> dict[str, list[object]]:
    monkeypatch.setenv("OMOP_AT", fill(folder, {**ROWS, **rows}))
    (folder / "concepts.yaml").write_text(yaml.safe_dump(concepts or LIST))
    table = read_omop(OmopSource(url_env="OMOP_AT", concepts="concepts.yaml"), folder)
    return {name: list(cells) for name, cells in table.columns.items()}


def test_a_row_is_a_patient_and_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(tmp_path, monkeypatch)
    assert list(zip(found["person_id"], found["visit_date"], strict=True)) == [
        (1, "2020-01-10"),
        (1, "2020-03-01"),
        (1, "2020-03-01"),  # two results of one day that differ: nothing is chosen here
        (2, "2020-01-05"),
        (2, "2020-02-20"),  # a visit of a listed kind, without any result
    ]
    assert found["c3"] == ["75.0 mg/dL", "0.9 g/L", "80.0 mg/dL", None, None]
    assert found["crp"] == [None, None, None, "<5.0 mg/L", None]
    assert found["lupus_anticoagulant"] == ["yes", None, None, None, None]


def test_nothing_recorded_is_a_no_only_where_the_list_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(tmp_path, monkeypatch)
    assert found["primary_aps"] == [None, "yes", "yes", None, None]  # from its first day on
    assert found["hydroxychloroquine"] == ["no", "no", "no", "yes", "yes"]  # ten days of grace


def test_a_diagnosis_can_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"condition": [20], "ends": True, "absent": "no"}
    concepts = {**LIST, "variables": {**LIST["variables"], "primary_aps": entry}}
    assert read(tmp_path, monkeypatch, concepts)["primary_aps"] == ["no"] * 5


def test_persons_are_told_on_every_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(tmp_path, monkeypatch)
    assert found["sex"] == ["female", "female", "female", "male", "male"]
    ages = found["age"]
    assert ages[0] == pytest.approx((14453) / 365.25)  # days from 1980-06-15 to 2020-01-10
    assert ages[3] == pytest.approx(10780 / 365.25)  # from the middle of 1990


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ((1, "2020-01-10", 10, 75.0, None, 8713, None), r"c3: unit concept 8713 \(1 results\)"),
        ((1, "2020-01-10", 10, 75.0, None, None, 7), r"c3: operator concept 7"),
        ((1, "2020-01-10", 11, None, 93, None, None), r"lupus_anticoagulant: value concept 93"),
    ],
)
def test_what_the_list_does_not_know_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(CohortError, match=message):
        read(tmp_path, monkeypatch, measurement=[*ROWS["measurement"], result])


def test_a_database_without_listed_results_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CohortError, match="no measurement and no visit of the listed concepts"):
        read(tmp_path, monkeypatch, measurement=[], visit_occurrence=[])


def test_a_date_in_another_form_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(1, "10.1.2020", 10, 75.0, None, 8840, None)]
    with pytest.raises(CohortError, match="a date is not written as year") as caught:
        read(tmp_path, monkeypatch, measurement=rows)
    assert "10.1" not in str(caught.value)


@pytest.mark.parametrize(
    ("concepts", "message"),
    [
        ({"variables": {}}, "is a mapping with 'variables'"),
        ([1], "is a mapping with 'variables'"),
        ({**LIST, "visit": [1]}, "unknown key 'visit'. Did you mean 'visits'"),
        ({"variables": {"c3": {"measurment": [1]}}}, "name one of measurement, condition"),
        ({"variables": {"c3": {"measurement": [1], "drug": [2]}}}, "name one of measurement"),
        ({"variables": {"c3": {"measurement": ["x"]}}}, "concepts are whole numbers"),
        ({"variables": {"c3": {"measurement": []}}}, "concepts are whole numbers"),
        ({"variables": {"c3": {"measurement": [1], "unit": 3}}}, "text is needed"),
        ({"variables": {"c3": {"measurement": [1], "units": {"x": "y"}}}}, "a concept and a word"),
        ({"variables": {"c3": {"measurement": [1], "grace": 3}}}, "unknown key 'grace'"),
        ({"variables": {"a": {"drug": [1], "absent": "yes"}}}, "is no or missing"),
        ({"variables": {"a": {"drug": [1], "grace": -3}}}, "a number of days"),
        ({"variables": {"a": {"drug": [1], "descendants": "x"}}}, "true or false"),
        ({"variables": {"a": {"person": "drop table"}}}, "a column of the table person"),
        (
            {"variables": {"a": {"drug": [1]}, "b": {"drug": [2, 1]}}},
            "concept 1 belongs to a already",
        ),
    ],
)
def test_a_list_that_breaks_a_rule_is_refused(tmp_path: Path, concepts: Any, message: str) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(concepts))
    with pytest.raises(ConfigError, match=r"concept list") as caught:
        load_concepts(tmp_path / "c.yaml")
    assert message in str(caught.value)


plain = st.one_of(st.none(), st.booleans(), st.integers(-5, 9), st.text(max_size=5), st.floats())
data = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["variables", "c3", "measurement", "drug", "person", "units", "absent", "visits"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(data)
def test_whatever_a_list_says_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, concepts: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(concepts))
    try:
        load_concepts(path)
    except PredictorError as error:
        assert str(error)  # noqa: PT017 - either end is right; what must not be is another error
