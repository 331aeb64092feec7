"""The same visits from a file, a database, REDCap and OMOP tables end in the same cohort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import visits_everywhere
import yaml
from postgres_server import running

from predictor.cohort.cohort import Cohort
from predictor.study import load_study
from predictor.workflow.cohort import check_visits
from predictor.workflow.variables import redcap_csv


def cohort(config: Path) -> Cohort:
    return check_visits(load_study(config), None).usable()


@pytest.fixture
def expected(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """The cohort from a CSV file."""
    folder = tmp_path_factory.mktemp("csv")
    found = cohort(visits_everywhere.write_study(folder, visits_everywhere.write_csv(folder)))
    assert found.patients > 12
    assert 3 < found.events < found.patients - 3
    return found


def same(found: Cohort, expected: Cohort) -> None:
    assert found.digest == expected.digest
    assert found.flow == expected.flow


SQL = {"sql": {"url_env": "VISITS_AT", "query": visits_everywhere.QUERY}}
OMOP = {"omop": {"url_env": "VISITS_AT", "concepts": "concepts.yaml"}}


def of_omop(folder: Path) -> Path:
    (folder / "concepts.yaml").write_text(yaml.safe_dump(visits_everywhere.CONCEPTS))
    return visits_everywhere.write_study(folder, OMOP, patient="person_id")


def test_sqlite_ends_in_the_cohort_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Cohort
) -> None:
    url = f"sqlite:///{tmp_path}/visits.db"
    visits_everywhere.filled(url, visits_everywhere.fill_table)
    monkeypatch.setenv("VISITS_AT", url)
    same(cohort(visits_everywhere.write_study(tmp_path, SQL)), expected)


def test_omop_tables_end_in_the_cohort_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Cohort
) -> None:
    url = f"sqlite:///{tmp_path}/omop.db"
    visits_everywhere.filled(url, visits_everywhere.fill_omop)
    monkeypatch.setenv("VISITS_AT", url)
    same(cohort(of_omop(tmp_path)), expected)


def test_a_redcap_project_of_our_dictionary_ends_in_the_cohort_of_the_file(
    tmp_path: Path, expected: Cohort
) -> None:
    place = visits_everywhere.write_redcap(tmp_path, redcap_csv())
    config = visits_everywhere.write_study(tmp_path, place)
    study: dict[str, Any] = yaml.safe_load(config.read_text())
    assert "columns" not in study["cohort"]
    same(cohort(config), expected)


def test_repetitions_of_a_foreign_redcap_project_end_in_the_cohort_of_the_file(
    tmp_path: Path, expected: Cohort
) -> None:
    place = visits_everywhere.write_repeated_redcap(tmp_path)
    same(cohort(visits_everywhere.write_study(tmp_path, place)), expected)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as url:
        visits_everywhere.filled(url, visits_everywhere.fill_table)
        visits_everywhere.filled(url, visits_everywhere.fill_omop)
        yield url


@pytest.mark.slow
def test_postgresql_ends_in_the_cohort_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Cohort, server: str
) -> None:
    monkeypatch.setenv("VISITS_AT", server)
    same(cohort(visits_everywhere.write_study(tmp_path, SQL)), expected)


@pytest.mark.slow
def test_omop_tables_in_postgresql_end_in_the_cohort_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Cohort, server: str
) -> None:
    monkeypatch.setenv("VISITS_AT", server)
    same(cohort(of_omop(tmp_path)), expected)
