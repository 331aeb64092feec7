"""What went wrong with a database, told by its kind: never in the words of the driver.

Those may hold the address, the user, or a patient's value. PostgreSQL names kinds by SQLSTATE codes
(https://www.postgresql.org/docs/current/errcodes-appendix.html), MySQL by numbers, SQLite in
sentences of which only the beginning is looked at.
"""

from __future__ import annotations

import re

from predictor.errors import CohortError

_LOST = (
    "the connection to the database was lost",
    "Nothing was written. See that it runs and can be reached, then start again.",
)
_REFUSED = ("the database refuses the user or the password", "Check the address in it.")
_UNREACHED = (
    "the database cannot be reached",
    "Check server, port and name of the database in the address, and that the database runs.",
)
_TABLE = (
    "the query names a table that is not there",
    "Check its name, its schema, and that the address is that of the right database.",
)
_COLUMN = ("the query names a column that is not there", "Check the names of the columns.")
_SYNTAX = ("the database cannot read the query", "Check its syntax in the database's own client.")
_WRITE = (
    "the query would write, and the database is only read",
    "Write one that only reads.",
)
_RIGHTS = ("the user may not read what the query names", "Ask for the right to select from it.")
_TIME = ("the database ended the query, which took too long", "Ask for fewer rows or columns.")
_LOCKED = ("the database is locked by somebody who writes", "Start again a little later.")
_DAMAGED = ("the file is no SQLite database, or damaged", "Check the path in the address.")
_NO_FILE = ("the database file cannot be opened", "Check the path in the address.")
_FUNCTION = ("the query calls a function that the database does not have", "Check its name.")
_VALUE = (
    "the query fails at a value of the database",
    "Try it in the database's own client; a conversion in it may not fit every row.",
)
_OTHER = (
    "the database reports a failure",
    (
        "Try the query in the database's own client; its words are not repeated here, because "
        "they may hold the address or values of patients."
    ),
)

_BY_STATE = (
    ("42P01", _TABLE),
    ("3F000", _TABLE),
    ("42703", _COLUMN),
    ("42883", _FUNCTION),
    ("42501", _RIGHTS),
    ("42", _SYNTAX),
    ("25006", _WRITE),
    ("0A000", _WRITE),
    ("28", _REFUSED),
    ("3D000", _UNREACHED),
    ("57014", _TIME),
    ("57", _LOST),
    ("08", _LOST),
    ("22", _VALUE),
)
_BY_NUMBER = {
    1044: _REFUSED,
    1045: _REFUSED,
    1049: _UNREACHED,
    2002: _UNREACHED,
    2003: _UNREACHED,
    2005: _UNREACHED,
    2006: _LOST,
    2013: _LOST,
    1054: _COLUMN,
    1064: _SYNTAX,
    1142: _RIGHTS,
    1146: _TABLE,
    1792: _WRITE,
}
_BY_WORDS = (
    ("no such table", _TABLE),
    ("unknown database", _TABLE),
    ("no such column", _COLUMN),
    ("no such function", _FUNCTION),
    ("attempt to write", _WRITE),
    ("database is locked", _LOCKED),
    ("unable to open database file", _NO_FILE),
    ("file is not a database", _DAMAGED),
    ("database disk image is malformed", _DAMAGED),
    ("disk i/o error", _LOST),
    ("near ", _SYNTAX),
    ("incomplete input", _SYNTAX),
    ("unrecognized token", _SYNTAX),
    ("interrupted", _TIME),
)


def failure(error: BaseException, variable: str) -> CohortError:
    """Return what to say about a failure of a database or its driver.

    Parameters
    ----------
    error
        What SQLAlchemy or the driver raised.
    variable
        The environment variable, which stands for the database in the message.
    """
    rule, next_step = _told(error)
    return CohortError(f"database {variable}", rule, next_step)


def _told(error: BaseException) -> tuple[str, str]:
    cause = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if isinstance(state, str):
        return next((told for code, told in _BY_STATE if state.startswith(code)), _OTHER)
    first = cause.args[0] if cause.args else None
    if isinstance(first, int) and first in _BY_NUMBER:
        return _BY_NUMBER[first]
    words = first.casefold() if isinstance(first, str) else ""
    return next((told for start, told in _BY_WORDS if words.startswith(start)), _sign(error, words))


def _sign(error: BaseException, words: str) -> tuple[str, str]:
    """What a failure without code most likely is."""
    if re.search(r"password|authentication", words):
        return _REFUSED
    if getattr(error, "connection_invalidated", False) or "consuming input failed" in words:
        return _LOST
    if re.search(r"\b(connect|connection|host|server|resolve)", words):
        return _LOST if re.search(r"closed|terminat|lost|reset", words) else _UNREACHED
    return _OTHER
