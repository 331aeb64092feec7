"""What a bundle says of its own validation, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINE = "Validation by resampling its cohort: AUROC {area} ({interval}0.5 is chance)."
_INTERVAL = "95% interval {low:.2f} to {high:.2f}; "


def validation_line(manifest: Mapping[str, Any]) -> str | None:
    """Corrected AUROC of the model with its interval; None where there is none.

    Parameters
    ----------
    manifest
        Of a bundle; one of an earlier version knows nothing of this.
    """
    found = manifest.get("validation")
    bootstrap = found.get("bootstrap") if isinstance(found, Mapping) else None
    if not isinstance(bootstrap, Mapping):
        return None
    for row in bootstrap.get("figures", ()):
        if row.get("name") == "auroc" and isinstance(row.get("corrected"), float):
            low, high = row.get("corrected_low"), row.get("corrected_high")
            known = isinstance(low, float) and isinstance(high, float)
            interval = _INTERVAL.format(low=low, high=high) if known else ""
            return _LINE.format(area=f"{row['corrected']:.2f}", interval=interval)
    return None
