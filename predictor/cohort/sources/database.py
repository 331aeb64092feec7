"""A database that is only read, and whose address no message, log or result ever shows.

The address stands in an environment variable. Whatever a driver says of a failure may repeat the
address, the user's name or a patient's value; so a failure is recognised by its kind and told in
words of our own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from predictor.cohort.sources.failures import failure
from predictor.cohort.table import Cells, Table, table_of
from predictor.errors import CohortError, MissingExtraError, PredictorError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine
    from sqlalchemy.sql import Select

_BATCH = 20_000
_EXACT = 2**53
"""Whole numbers up to here are exact as a float."""


@contextmanager
def opened(variable: str) -> Iterator[Connection]:
    """Open the database of an environment variable, for one transaction that only reads.

    Parameters
    ----------
    variable
        Name of the environment variable that holds the address.

    Raises
    ------
    CohortError
        If there is no address, no driver, no database, or it fails while it is read.
    MissingExtraError
        If SQLAlchemy or the driver is not installed.
    """
    engine = _engine(variable)
    try:
        with engine.connect() as connection:
            yield connection
            # Nothing was written; a rollback also frees what some databases lock for readers.
            connection.rollback()
    except PredictorError:
        raise
    except Exception as error:  # noqa: BLE001 - drivers fail in their own ways, with the address in their words
        raise failure(error, variable) from None
    finally:
        engine.dispose()


def read_query(connection: Connection, query: str, variable: str) -> Table:
    """Rows of a query, as its columns.

    Parameters
    ----------
    connection
        From :func:`opened`.
    query
        One statement that reads.
    variable
        The environment variable, which names the source in messages.

    Raises
    ------
    CohortError
        If there is no row, or two columns have one name.
    """
    # Without parameters a driver leaves the signs % and : of the query alone.
    streamed = connection.execution_options(
        stream_results=True, max_row_buffer=_BATCH, no_parameters=True
    )
    return _table(streamed.exec_driver_sql(query), variable)


def read_select(connection: Connection, statement: Select[Any], variable: str) -> Table | None:
    """Rows of a statement that the package itself has made; None if there are none."""
    streamed = connection.execution_options(stream_results=True, max_row_buffer=_BATCH)
    header, columns, rows = _columns(streamed.execute(statement))
    return table_of(source_name(variable), header, columns, range(1, rows + 1)) if rows else None


def source_name(variable: str) -> str:
    """What a database is called in messages and results."""
    return f"database {variable}"


def _table(result: CursorResult[Any], variable: str) -> Table:
    header, columns, rows = _columns(result)
    if not rows:
        raise CohortError(
            source_name(variable),
            "the query returns no row",
            "Check its conditions, and that the address is that of the right database.",
        )
    return table_of(source_name(variable), header, columns, range(1, rows + 1))


def _columns(result: CursorResult[Any]) -> tuple[list[str], list[Cells], int]:
    header = list(map(str, result.keys()))
    batches: list[list[Cells]] = [[] for _ in header]
    rows = 0
    while batch := result.fetchmany(_BATCH):
        rows += len(batch)
        for cells, column in zip(batches, zip(*batch, strict=True), strict=True):
            cells.append(_packed(column))
    return header, [_joined(cells) for cells in batches], rows


def _packed(cells: Sequence[object]) -> Cells:
    """Numbers as an array, which takes a tenth of the memory; anything else cell by cell."""
    kinds = set(map(type, cells))
    if kinds <= {float, type(None)} and float in kinds:
        return np.array(cells, dtype=np.float64)
    if kinds == {int}:
        return np.array(cells) if all(-_EXACT < cell < _EXACT for cell in cells) else list(cells)  # type: ignore[operator]
    return list(cells)


def _joined(batches: Sequence[Cells]) -> Cells:
    if not batches:
        return []
    if len({batch.dtype if isinstance(batch, np.ndarray) else None for batch in batches}) == 1:
        first = batches[0]
        if isinstance(first, np.ndarray):
            return np.concatenate([np.asarray(batch) for batch in batches])
    return [cell for batch in batches for cell in _plain(batch)]


def _plain(batch: Cells) -> Sequence[object]:
    if isinstance(batch, np.ndarray):
        listed: list[object] = batch.tolist()
        return listed
    return batch


def _engine(variable: str) -> Engine:
    try:
        import sqlalchemy
        from sqlalchemy.exc import ArgumentError
    except ModuleNotFoundError:
        raise MissingExtraError(
            "cohort",
            "databases are read with SQLAlchemy, which is not installed",
            'Install the extra: pip install "sle-ivig-predictor[sql]".',
        ) from None
    address = os.environ.get(variable, "").strip()
    if not address:
        raise CohortError(
            variable,
            "this environment variable holds no address of a database",
            f"Set it before the command, as SQLAlchemy writes addresses: export {variable}=...",
        )
    try:
        return _made(sqlalchemy.make_url(address))
    except (ArgumentError, ValueError):
        # So are an unknown kind of database and a port that is no number; both are parts of it.
        raise CohortError(
            variable,
            "it holds no address of a database that SQLAlchemy knows",
            "Write it as kind://user:password@server/database, or sqlite:///file.db.",
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            variable,
            f"the driver of this database, the Python package {error.name}, is not installed",
            "Install it beside this package.",
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever drivers say of options
        raise failure(error, variable) from None


def _made(url: URL) -> Engine:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    kind = url.get_backend_name()
    if kind == "sqlite":
        return sqlalchemy.create_engine(
            "sqlite://", creator=_sqlite(url.database or ""), poolclass=NullPool
        )
    if kind == "postgresql" and "psycopg" in url.get_driver_name():
        # A server behind a wall answers nothing at all; waiting for it would look like work.
        url = url.update_query_dict({"connect_timeout": url.query.get("connect_timeout", "20")})
    # hide_parameters: no value of a row in anything that SQLAlchemy itself would say.
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, hide_parameters=True)
    if kind == "postgresql":
        return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    if kind in _READ_ONLY:

        def hold(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute(_READ_ONLY[kind])
            cursor.close()

        sqlalchemy.event.listen(engine, "connect", hold)
    return engine


_READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}


def _sqlite(path: str) -> Any:
    """How an SQLite file is opened: read-only, so that a wrong path makes no empty database."""
    import sqlite3

    plain = unquote(path.removeprefix("file:").partition("?")[0]) if path[:5] == "file:" else path

    def connect() -> sqlite3.Connection:
        address = f"file:{quote(plain)}?mode=ro" if plain not in ("", ":memory:") else ":memory:"
        connection = sqlite3.connect(address, uri=True)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return connect
