"""Where a definition comes from, so that a reader can look it up."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from predictor.clinical.names import suggestion

KEYS = ("authors", "title", "journal", "year", "pages", "doi")
_NEEDED = ("authors", "title", "journal", "year")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_TEXT = "{authors}. {title}. {journal} {year}{pages}{doi}"


@dataclass(frozen=True, slots=True)
class Citation:
    """One publication.

    Parameters
    ----------
    authors, title, journal, year
        As printed; two authors at most, then "et al."
    pages
        Volume and pages.
    doi
        Digital object identifier; empty where there is none.

    Examples
    --------
    >>> print(Citation("Gladman DD, et al.", "SLEDAI-2K", "J Rheumatol", 2002, "29:288-291"))
    Gladman DD, et al. SLEDAI-2K. J Rheumatol 2002;29:288-291
    """

    authors: str
    title: str
    journal: str
    year: int
    pages: str = ""
    doi: str = ""

    def __str__(self) -> str:
        return _TEXT.format(
            authors=self.authors.rstrip("."),
            title=self.title.rstrip("."),
            journal=self.journal,
            year=self.year,
            pages=f";{self.pages}" if self.pages else "",
            doi=f". doi:{self.doi}" if self.doi else "",
        )

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {key: getattr(self, key) for key in KEYS}


def read_citation(raw: object, problem: Callable[[str], None]) -> Citation | None:
    """Read a citation from plain data.

    Parameters
    ----------
    raw
        A mapping of the keys of ``Citation``.
    problem
        Is told each broken rule.

    Returns
    -------
    The citation; None when a rule is broken.
    """
    if not isinstance(raw, Mapping):
        problem(f"a citation is a mapping of {', '.join(KEYS)}")
        return None
    found = []
    for key in raw:
        if key not in KEYS:
            hint = suggestion(str(key), KEYS) or f"Known: {', '.join(KEYS)}."
            found.append(f"unknown key {str(key)[:40]!r} in a citation. {hint}")
    found += [f"a citation needs {key!r}" for key in _NEEDED if raw.get(key) in (None, "")]
    year = raw.get("year")
    if year is not None and (not isinstance(year, int) or not 1800 <= year <= 2100):
        found.append("'year' of a citation is a number such as 2016")
    texts = {key: raw.get(key) or "" for key in KEYS if key != "year"}
    found += [
        f"{key!r} of a citation is text" for key, v in texts.items() if not isinstance(v, str)
    ]
    doi = texts["doi"]
    if isinstance(doi, str) and doi and not _DOI.fullmatch(doi):
        found.append("'doi' of a citation begins with 10. and holds a /")
    for message in found:
        problem(message)
    if found or not isinstance(year, int):
        return None
    return Citation(year=year, **{key: str(text).strip() for key, text in texts.items()})
