"""Numbers in the sentences of a report, and what stands where a bundle does not hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from predictor.report.document import Paragraph

UNDEFINED = "not defined"
ABSENT = (
    "This bundle does not hold {what}: an earlier version made it, or the step was left out. "
    "Training again with this version adds what is missing."
)
INTERVAL = "{value} ({low} to {high})"

_HALF = 0.005


def absent(what: str) -> Paragraph:
    """The paragraph that stands for something the bundle lacks."""
    return Paragraph(ABSENT.format(what=what), "quiet")


def two(value: float | None) -> str:
    """A number with two decimals.

    >>> two(0.708), two(-0.001), two(-0.25), two(None)
    ('0.71', '0.00', '−0.25', 'not defined')
    """
    if value is None:
        return UNDEFINED
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share in whole percent.

    >>> percent(0.354), percent(0.003), percent(0.999), percent(None)
    ('35%', 'under 1%', 'over 99%', 'not defined')
    """
    if share is None:
        return UNDEFINED
    if 0.0 < share < _HALF:
        return "under 1%"
    return "over 99%" if 1.0 - _HALF < share < 1.0 else f"{100 * share:.0f}%"


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """A figure with its interval, where it has one.

    >>> with_interval({"auroc": 0.71, "auroc_low": 0.6, "auroc_high": 0.8}, "auroc")
    '0.71 (0.60 to 0.80)'
    """
    value, low, high = (row.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    if value is None or low is None or high is None:
        return two(value)
    return INTERVAL.format(value=two(value), low=two(low), high=two(high))


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def counted(manifest: Mapping[str, Any]) -> str:
    """What the numbers of a cohort count: rows where they are not known to be different people."""
    cohort, evidence = manifest.get("cohort", {}), manifest.get("evidence", {})
    people = evidence.get("patients") or evidence.get("simulated_patients")
    several = people is not None and people < cohort.get("patients", 0)
    return "rows" if several or cohort.get("group") == "none" else "patients"
