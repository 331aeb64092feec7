"""Summaries that a centre may have handed out before: two of overlapping patients tell too much."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.workflow.exchange import SUMMARY, ExchangeError, read_sealed

_LARGEST = 1_000_000


def of_other_patients(out: Path, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Files of the same model and centre, and of other patients.

    Parameters
    ----------
    out
        Where a summary goes; itself, if it is there, and all beside it are looked at.
    found
        The summary.

    Returns
    -------
    Their names, in order.
    """
    beside = sorted(out.parent.glob("*.json"))
    small = (path for path in beside if path.is_file() and path.stat().st_size <= _LARGEST)
    return tuple(path.name for path in small if _overlaps(path, found))


def _overlaps(path: Path, found: Mapping[str, Any]) -> bool:
    try:
        other = read_sealed(path, SUMMARY)
        model, centre = other["model"]["digest"], other["centre"]
        same = (model, centre["name"]) == (found["model"]["digest"], found["centre"]["name"])
        return bool(same and centre["cohort_digest"] != found["centre"]["cohort_digest"])
    except (ExchangeError, KeyError, TypeError):
        return False
