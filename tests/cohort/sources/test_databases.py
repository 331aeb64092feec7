"""Databases: read only, one statement, every failure in words that hold no address and no value."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.cohort.sources.database import opened
from predictor.cohort.sources.failures import failure
from predictor.cohort.sources.source import read_source
from predictor.cohort.sources.statement import reading_statement
from predictor.cohort.table import Table
from predictor.config import CohortSource
from predictor.errors import CohortError, MissingExtraError

SECRET = "hunter2-Zwieback"  # noqa: S105 - what must never be shown


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "records.db"
    with sqlite3.connect(path) as made:
        made.execute("create table visits (id integer, crp real, sex text, born text)")
        made.executemany(
            "insert into visits values (?, ?, ?, ?)",
            [(i, i / 4 if i % 5 else None, "female", "1980-01-02") for i in range(1, 41)],
        )
    made.close()
    monkeypatch.setenv("RECORDS", f"sqlite:///{path}?password={SECRET}")
    return path


def read(query: str, folder: Path = Path(), **source: Any) -> Table:
    given_ = {"sql": {"url_env": "RECORDS", "query": query, **source}}
    how = CohortSource.model_validate(given_)
    return read_source(how, folder, how=how)


def test_columns_come_as_the_database_has_them(database: Path) -> None:
    table = read("select * from visits order by id")
    assert table.rows == 40
    assert table.source == "database RECORDS"
    ids, crp = table.columns["id"], table.columns["crp"]
    assert isinstance(ids, np.ndarray)
    assert ids.dtype == np.int64
    assert isinstance(crp, np.ndarray)
    assert np.isnan(crp[4])
    assert crp[3] == 1.0
    assert table.columns["sex"][0] == "female"


def test_signs_that_drivers_treat_as_parameters_stay_as_they_are(database: Path) -> None:
    table = read("select '10%' as share, ':a' as mark, id % 2 as odd from visits where id < 3")
    assert list(table.columns["share"]) == ["10%", "10%"]
    assert list(table.columns["mark"]) == [":a", ":a"]


def test_long_identifiers_keep_every_digit(database: Path) -> None:
    long = 2**53 + 1
    table = read(f"select {long} as id union all select null")
    assert table.columns["id"][0] == long


def test_a_query_may_stand_in_a_file(database: Path, tmp_path: Path) -> None:
    (tmp_path / "visits.sql").write_text("-- all of them; yes\nselect * from visits;\n")
    how = CohortSource.model_validate({"sql": {"url_env": "RECORDS", "query_file": "visits.sql"}})
    assert read_source(how, tmp_path, how=how).rows == 40
    gone = CohortSource.model_validate({"sql": {"url_env": "RECORDS", "query_file": "no.sql"}})
    with pytest.raises(CohortError, match=r"no\.sql: the query cannot be read from this file"):
        read_source(gone, tmp_path, how=gone)


def test_only_the_columns_that_are_needed_are_kept(database: Path) -> None:
    how = CohortSource.model_validate(
        {"sql": {"url_env": "RECORDS", "query": "select * from visits"}}
    )
    assert list(read_source(how, Path(), ["crp", "other"], how=how).columns) == ["crp"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select * from visit", "names a table that is not there"),
        ("select crb from visits", "names a column that is not there"),
        ("select * frm visits", "cannot read the query"),
        ("select nosuch(id) from visits", "a function that the database does not have"),
        ("select * from visits where id < 0", "the query returns no row"),
        ("select id, id from visits", "column names are there twice: id"),
        ("delete from visits", "a query only reads"),
        ("select 1; drop table visits", "a query is one statement"),
        ("with a as (select 1) insert into visits select 1, 2, 3, 4", "holds the word insert"),
        ("select * into other from visits", "holds the word into"),
        ("pragma query_only = off", "a query only reads"),
        ("  -- nothing\n", "the query is empty"),
    ],
)
def test_what_is_wrong_with_a_query_is_said(database: Path, query: str, message: str) -> None:
    before = database.read_bytes()
    with pytest.raises(CohortError, match=message) as caught:
        read(query)
    assert SECRET not in str(caught.value)
    assert str(database) not in str(caught.value)
    assert database.read_bytes() == before


def test_the_database_itself_refuses_to_write(database: Path) -> None:
    with (
        pytest.raises(CohortError, match="the query would write, and the database is only read"),
        opened("RECORDS") as connection,
    ):
        connection.exec_driver_sql("insert into visits values (1, 2, 'male', '')")


def test_a_wrong_path_makes_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDS", f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(CohortError, match="the database file cannot be opened"):
        read("select 1")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.db").write_text("this is no database at all, but a text of some length " * 20)
    monkeypatch.setenv("RECORDS", f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(CohortError, match="no SQLite database, or damaged"):
        read("select * from visits")


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("", CohortError, "holds no address of a database"),
        (SECRET, CohortError, "no address of a database that SQLAlchemy knows"),
        (f"oddbase://a:{SECRET}@b/c", CohortError, "no address of a database that SQLAlchemy"),
        (f"postgresql://a:{SECRET}@b:port/c", CohortError, "no address of a database"),
        (f"mssql+nodriver://a:{SECRET}@b/c", CohortError, "no address of a database"),
        (f"mysql+mysqldb://a:{SECRET}@b/c", MissingExtraError, "Python package MySQLdb, is not"),
    ],
)
def test_an_address_that_leads_nowhere_is_never_repeated(
    monkeypatch: pytest.MonkeyPatch, address: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setenv("RECORDS", address)
    with pytest.raises(error, match=message) as caught:
        read("select 1")
    assert SECRET not in str(caught.value)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECORDS", raising=False)
    with pytest.raises(CohortError, match=r"RECORDS: this environment.*export RECORDS="):
        read("select 1")


class Lost(Exception):  # noqa: N818 - stands for a driver's
    sqlstate = "57P01"


@given(st.text(max_size=80))
def test_no_word_of_a_driver_is_repeated(words: str) -> None:
    said = str(failure(RuntimeError(f"{SECRET} {words} {SECRET}"), "RECORDS"))
    assert SECRET not in said
    assert said.startswith("database RECORDS: ")


def test_a_lost_connection_is_called_so() -> None:
    assert "connection to the database was lost" in str(failure(Lost(SECRET), "RECORDS"))


@given(st.text(alphabet="select *from;'\"`-/\n$()delinsrtup", max_size=60))
def test_whatever_passes_is_one_statement_that_begins_to_read(text: str) -> None:
    try:
        statement = reading_statement(text, "query")
    except CohortError:
        return
    assert not statement.endswith(";")
    assert statement.strip()


@pytest.mark.parametrize(
    "query",
    [
        "select ';' from a",
        'select "delete" from a',
        "select $x$ ; drop $x$ from a",
        "/* insert; */ select last_update from a -- ; delete",
        "(select 1) union (select 2);",
        "with a as (select 1 as b) select b from a;;",
        "values (1), (2)",
    ],
)
def test_a_word_that_only_looks_like_a_command_is_let_through(query: str) -> None:
    assert reading_statement(query, "query") == query.rstrip(";")
