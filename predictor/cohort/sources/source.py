"""One door to every source: whatever the records lie in, they leave it as cells by column."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from predictor.cohort.reading import read_table
from predictor.cohort.table import Table
from predictor.errors import CohortError, ConfigError

if TYPE_CHECKING:
    from predictor.config import CohortSource
    from predictor.config_sources import OmopSource, RedcapSource, SqlSource


class Located(Protocol):
    """A part of a configuration that says where records are; one of these is given."""

    @property
    def file(self) -> str | None:
        """A CSV, Excel or Parquet file."""

    @property
    def sql(self) -> SqlSource | None:
        """A query to a database."""

    @property
    def redcap(self) -> RedcapSource | None:
        """The export of a REDCap project."""

    @property
    def omop(self) -> OmopSource | None:
        """Tables of the OMOP common data model."""


def read_source(
    source: Located,
    base: Path,
    columns: Collection[str] | None = None,
    *,
    how: CohortSource,
    data: Path | None = None,
) -> Table:
    """Read records from where a configuration says they are.

    Parameters
    ----------
    source
        The place: ``cohort`` itself, or ``cohort.visits``.
    base
        Folder that paths are relative to.
    columns
        Columns that are needed; None for all. One that is not there is simply not in the table.
    how
        The part ``cohort``, which says how files are written.
    data
        A file instead of the one that is named; with ``redcap``, another export.

    Raises
    ------
    CohortError, ConfigError, MissingExtraError
        If the place cannot be read, with what to do about it.
    """
    table = _read(source, base, columns, how, data)
    if columns is None:
        return table
    wanted = {name: cells for name, cells in table.columns.items() if name in columns}
    return Table(table.source, wanted, table.numbers)


def _read(
    source: Located,
    base: Path,
    columns: Collection[str] | None,
    how: CohortSource,
    data: Path | None,
) -> Table:
    if source.redcap is not None:
        from predictor.cohort.sources.redcap import read_redcap

        return read_redcap(source.redcap, base, how, data)
    if data is not None:
        return read_table(data, how, columns)
    if source.sql is not None:
        return _of_query(source.sql, base)
    if source.omop is not None:
        from predictor.cohort.sources.omop import read_omop

        return read_omop(source.omop, base, how.decimal)
    if source.file is None:
        raise ConfigError("cohort.file", "no cohort is named", "Name one, or give --data FILE.")
    return read_table(base / source.file, how, columns)


def _of_query(source: SqlSource, base: Path) -> Table:
    from predictor.cohort.sources.database import opened, read_query
    from predictor.cohort.sources.statement import reading_statement

    where, query = "sql.query", source.query
    if source.query_file is not None:
        path = base / source.query_file
        where = str(path)
        try:
            query = path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            raise CohortError(
                where, "the query cannot be read from this file", "Check `query_file`."
            ) from None
    statement = reading_statement(query or "", where)
    with opened(source.url_env) as connection:
        return read_query(connection, statement, source.url_env)
