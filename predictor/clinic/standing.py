"""What a bundle says of its cohort: its validation in one line, and how many had the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINE = "Validation by resampling its cohort: AUROC {area:.2f} ({interval}0.5 is chance)."
_STATES = "Validation by resampling: ordinal c {area:.2f} ({interval}0.5 is chance)."
_INTERVAL = "95% interval {low:.2f} to {high:.2f}; "


def validation_line(manifest: Mapping[str, Any]) -> str | None:
    """Corrected AUROC, or ordinal c of several states, with interval; None where there is none.

    Parameters
    ----------
    manifest
        Of a bundle; one of an earlier version knows nothing of this.
    """
    several = isinstance(manifest.get("outcome"), Mapping) and manifest["outcome"].get("states")
    name, template = ("orc", _STATES) if several else ("auroc", _LINE)
    found: Any = manifest
    for part in ("validation",) if several else ("validation", "bootstrap"):
        found = found.get(part) if isinstance(found, Mapping) else None
    figures = found.get("figures") if isinstance(found, Mapping) else None
    for row in figures if isinstance(figures, list) else ():
        if not isinstance(row, Mapping) or row.get("name") != name:
            continue
        area, low, high = (row.get(f"corrected{side}") for side in ("", "_low", "_high"))
        if _is_number(area):
            known = _is_number(low) and _is_number(high)
            interval = _INTERVAL.format(low=low, high=high) if known else ""
            return template.format(area=area, interval=interval)
    return None


def cohort_share(manifest: Mapping[str, Any]) -> float | None:
    """Share of the cohort that had the event; None where the manifest does not tell.

    Parameters
    ----------
    manifest
        Of a bundle.
    """
    cohort = manifest.get("cohort")
    if not isinstance(cohort, Mapping):
        return None
    patients: Any = cohort.get("patients")
    events: Any = cohort.get("events")
    if not _is_number(patients) or not _is_number(events) or not 0 <= events <= patients > 0:
        return None
    return float(events / patients)


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)
