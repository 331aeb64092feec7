"""Whether a query is one statement that only reads, told before a database sees it.

The database is asked to hold a read-only transaction as well; this check is what is left where a
database has none, and it says what is wrong in words about the query.
"""

from __future__ import annotations

import re

from predictor.errors import CohortError

# What cannot hold a statement: comments, text and quoted names. Comments of PostgreSQL may be
# nested; the innermost are taken out first.
_LINE_COMMENT = r"--[^\n]*"
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"
_OPAQUE = re.compile(rf"(?P<comment>{_LINE_COMMENT}|/\*.*?\*/)|(?P<quoted>{_QUOTED})", re.DOTALL)
_READS = ("select", "with", "values", "table")
_WRITES = re.compile(r"\b(insert|update|delete|merge|into|drop|alter|truncate)\b")


def reading_statement(query: str, where: str) -> str:
    """Return a query without the semicolon at its end.

    Parameters
    ----------
    query
        What the configuration says.
    where
        Its key, or its file.

    Raises
    ------
    CohortError
        If it is empty, more than one statement, or one that writes.

    Examples
    --------
    >>> reading_statement("select ';' as mark from visits;", "cohort.sql.query")
    "select ';' as mark from visits"
    """
    text = query.strip()
    bare = _OPAQUE.sub(lambda found: " " if found["comment"] else "''", text).casefold().strip()
    while bare.endswith(";"):
        bare = bare[:-1].rstrip()
    words = bare.lstrip("( \n\t").split(maxsplit=1)
    if not words:
        raise CohortError(where, "the query is empty", "Write one that begins with select.")
    if ";" in bare:
        raise CohortError(
            where, "a query is one statement", "Keep the one that reads, without semicolons."
        )
    if not re.match(rf"({'|'.join(_READS)})\b", words[0]):
        raise CohortError(
            where, "a query only reads", "Write one that begins with select, with or values."
        )
    if written := _WRITES.search(bare):
        raise CohortError(
            where,
            f"a query only reads, and this one holds the word {written[0]}",
            "Leave it out; quote it where it is the name of a column.",
        )
    return text.rstrip("; \t\r\n")
