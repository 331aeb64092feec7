"""A training from a database: its address is in nothing that is written, printed or logged."""

from __future__ import annotations

import io
import logging
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_cohorts import cohort, configuration
from postgres_server import PASSWORD, USER, running
from run_commands import Run, runner

SECRET = "hunter2-Zwieback"  # noqa: S105 - what must never be shown
QUERY = "select * from cohort order by pid"
GONE = """select n, case when n = 60000 then pg_terminate_backend(pg_backend_pid()) end as gone
from generate_series(1, 100000) as n"""


def write_study(folder: Path, query: str = QUERY, **changes: Any) -> Path:
    source = {
        "sql": {"url_env": "RECORDS_AT", "query": query},
        "patient": "pid",
        "columns": {"sledai_2k": "activity"},
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(configuration(cohort=source, **changes), sort_keys=False))
    return path


def fill(url: str) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        cohort().to_sql("cohort", connection, index=False)
    engine.dispose()


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and what is inside of archives."""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            yield str(path), data
            if zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    yield from ((f"{path}:{n}", archive.read(n)) for n in archive.namelist())


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_address_is_in_nothing_that_a_training_leaves(
    here: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    command: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere = tmp_path_factory.mktemp("records") / f"{SECRET}.db"
    fill(f"sqlite:///{elsewhere}")
    monkeypatch.setenv("RECORDS_AT", f"sqlite:///{elsewhere}?password={SECRET}")
    tracking = {"enabled": True, "uri": f"sqlite:///{here}/mlflow.db", "experiment": "secrets"}
    config = write_study(here, tracking=tracking)
    caplog.set_level(logging.DEBUG)
    done = command("train", config, "--out", here / "run", "--workers", "1", "--format", "json")
    assert done.code == 0, done.err
    assert done.json["models"]
    for text in (done.out, done.err, caplog.text):
        assert SECRET not in text
    found = list(contents(here))
    assert any(b"RECORDS_AT" in data for _, data in found)  # its name is there, and where
    assert not [name for name, data in found if SECRET.encode() in data]
    checked = command("check", "--config", config)
    assert checked.code == 0, checked.out + checked.err
    assert "can be used" in checked.out
    assert SECRET not in checked.out + checked.err


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select * from cohort where c3 > 1e9", "the query returns no row"),
        ("select * from nowhere", "names a table that is not there"),
        ("drop table cohort", "a query only reads"),
    ],
)
@pytest.mark.parametrize("words", [("train",), ("check", "--config")])
def test_a_failure_ends_with_2_in_one_sentence_and_nothing_written(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Run,
    words: tuple[str, ...],
    query: str,
    message: str,
) -> None:
    fill(f"sqlite:///{here}/c.db")
    monkeypatch.setenv("RECORDS_AT", f"sqlite:///{here}/c.db?key={SECRET}")
    config = write_study(here, query)
    before = {path: path.read_bytes() for path in here.iterdir()}
    done = command(*words, config)
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert SECRET not in done.err + done.out
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "this environment variable holds no address of a database"),
        (f"mysql+mysqldb://reader:{SECRET}@server/db", "MySQLdb, is not installed"),
        (f"{SECRET}", "holds no address of a database that SQLAlchemy knows"),
        (f"sqlite:///{SECRET}/gone.db", "the database file cannot be opened"),
    ],
)
def test_an_address_that_leads_nowhere_ends_with_2_and_is_not_repeated(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: Run, address: str, message: str
) -> None:
    monkeypatch.setenv("RECORDS_AT", address)
    done = command("train", write_study(here))
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert SECRET not in done.err + done.out
    assert [path.name for path in here.rglob("*") if path.is_file()] == ["study.yaml"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as url:
        fill(url)
        yield url


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "message"),
    [
        (QUERY.replace("cohort", "cohrot"), "names a table that is not there"),
        (QUERY.replace("pid", "pidd"), "names a column that is not there"),
        ("select * from cohort where c3 > 1e9", "the query returns no row"),
        ("select setval(pg_get_serial_sequence('counted', 'id'), 7)", "the query would write"),
        ("select 1 / (c3 - c3)::int from cohort", "fails at a value of the database"),
        (GONE, "the connection to the database was lost. Nothing was written"),
    ],
)
def test_a_real_server_fails_in_our_words(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Run,
    server: str,
    query: str,
    message: str,
) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(server)
    with engine.begin() as connection:
        connection.execute(sa.text("create table if not exists counted (id serial)"))
        before = connection.execute(sa.text("select last_value from counted_id_seq")).scalar()
    monkeypatch.setenv("RECORDS_AT", server)
    done = command("train", write_study(here, query), "--out", here / "run")
    assert done.code == 2
    assert message in " ".join(done.err.split())
    for word in (PASSWORD, USER, "Traceback", "127.0.0.1"):
        assert word not in done.err + done.out
    assert not (here / "run").exists()
    with engine.begin() as connection:
        after = connection.execute(sa.text("select last_value from counted_id_seq")).scalar()
        assert connection.execute(sa.text("select count(*) from cohort")).scalar() == 60
    engine.dispose()
    assert after == before


@pytest.mark.slow
def test_a_server_that_refuses_or_is_gone_is_told_apart(
    here: Path, monkeypatch: pytest.MonkeyPatch, command: Run, server: str
) -> None:
    config = write_study(here)
    for address, message in (
        (server.replace(PASSWORD, SECRET), "refuses the user or the password"),
        (server.replace("127.0.0.1:", "127.0.0.1:1"), "the database cannot be reached"),
        (server + "x", "the database cannot be reached"),
    ):
        monkeypatch.setenv("RECORDS_AT", address)
        done = command("train", config)
        assert done.code == 2
        assert message in " ".join(done.err.split())
        for word in (PASSWORD, SECRET, USER, "Traceback", "127.0.0.1"):
            assert word not in done.err + done.out


@pytest.mark.slow
def test_a_training_from_a_real_server_keeps_its_password(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Run,
    server: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("RECORDS_AT", server)
    caplog.set_level(logging.DEBUG)
    config = write_study(
        here, tracking={"enabled": True, "uri": f"sqlite:///{here}/mlflow.db", "experiment": "s"}
    )
    done = command("train", config, "--out", here / "run", "--workers", "1")
    assert done.code == 0, done.err
    for word in (PASSWORD, f"{USER}:", server.rsplit("@", 1)[-1]):
        assert word not in done.out + done.err + caplog.text
        assert not [name for name, data in contents(here) if word.encode() in data]
    assert os.environ["RECORDS_AT"] == server
