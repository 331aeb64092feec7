"""The checklists of a report: which items TRIPOD+AI and PROBAST+AI have, in our own words.

They are data (``report/checklists/*.yaml``) and are read from the lowest floor, because a
configuration answers their items by number long before there is a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from predictor.documents import load_yaml

_FOLDER = Path(__file__).resolve().parent / "report" / "checklists"

CHECKLISTS: Mapping[str, str] = {"tripod": "tripod_ai.yaml", "probast": "probast_ai.yaml"}
"""Name in a configuration, and id of the section in a report -> file."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One item of a checklist.

    Parameters
    ----------
    number
        As printed; items of PROBAST+AI with D or E before it, for development and evaluation.
    part
        Part of the checklist that it belongs to.
    concerns
        ``D`` for developing a model, ``E`` for evaluating one, ``DE`` for both.
    asks
        What it asks, in our own words.
    """

    number: str
    part: str
    concerns: str
    asks: str


@dataclass(frozen=True, slots=True)
class Published:
    """A checklist as it is published.

    Parameters
    ----------
    name
        ``tripod`` or ``probast``.
    title, source, note
        What it is called, where it stands, and what to know when reading ours.
    items
        In the printed order.
    """

    name: str
    title: str
    source: str
    note: str
    items: tuple[Asked, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Numbers of the items, in order."""
        return tuple(item.number for item in self.items)


@cache
def load_checklist(name: str) -> Published:
    """Read one of the checklists.

    Parameters
    ----------
    name
        ``tripod`` or ``probast``.

    Examples
    --------
    >>> load_checklist("tripod").numbers[:4]
    ('1', '2', '3a', '3b')
    """
    data: Any = load_yaml(_FOLDER / CHECKLISTS[name]).data
    items = tuple(Asked(**entry) for entry in data["items"])
    return Published(name, data["title"], data["source"], data["note"], items)
