"""Which of its corrections a figure is reported with, read from a manifest of whatever age.

Training keeps all of them beside each other (:mod:`predictor.validation.corrected`); a reader needs
one, and one that is not flattering:

- A model that can reproduce its own cohort, as a random forest does, keeps an optimism that
  Harrell's method does not see, because half of each resample is in the cohort it is tried on. Its
  AUROC and Brier scores are reported by .632+ (Efron and Tibshirani, JASA 1997;92:548), the rest
  out of fold.
- The calibration slope of a penalised model is not 1 in its own cohort, so that its mean optimism
  need not be a correction of anything. Where Harrell's and the cross-validated one are apart by
  more than the slope may be off at all, the cross-validated one is reported.
- An interval that ends at its own estimate is none: the shift carried it past, and it was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Harrell's slope stands where the cross-validated one is no farther away.
SLOPES_AGREE = 0.25
#: A slope with a wider interval says that the linear predictor hardly varies, and nothing else.
WIDEST_SLOPE = 5.0

CROSS_VALIDATED = "cross_validated"
B632PLUS = "b632plus"

# Share of an interval's width within which an estimate lies at its end.
_AT_THE_END = 0.025
# Figures that end there by what they are.
_EDGES: Mapping[str, tuple[float, ...]] = {
    "auroc": (0.0, 1.0),
    "brier": (0.0, 1.0),
    "scaled_brier": (1.0,),
    "eavg": (0.0, 1.0),
}

_Row = Mapping[str, Any]
Bounds = tuple[float | None, float | None, float | None]


def with_reported(manifest: _Row) -> _Row:
    """The same manifest, each corrected figure by the correction that is reported.

    Parameters
    ----------
    manifest
        Content of ``manifest.json``, of whatever age; it is left as it is.

    Returns
    -------
    Mapping
        The manifest itself where it holds no corrected figure. Doing it twice changes nothing.
    """
    validation = manifest.get("validation") or {}
    bootstrap = validation.get("bootstrap") or {}
    if not bootstrap.get("figures"):
        return manifest
    flexible = is_flexible(manifest)
    figures = [reported(row, flexible=flexible) for row in bootstrap["figures"]]
    validation = {**validation, "bootstrap": {**bootstrap, "figures": figures}}
    return {**manifest, "validation": validation}


def is_flexible(manifest: _Row) -> bool:
    """Whether the model is no formula, so that it may reproduce its own cohort.

    >>> is_flexible({"model": {"kind": "estimator"}}), is_flexible({"model": {}})
    (True, False)
    """
    return bool((manifest.get("model") or {}).get("kind", "linear") != "linear")


def reported(row: _Row, *, flexible: bool) -> dict[str, Any]:
    """A figure, ``corrected`` by the correction that is reported.

    Parameters
    ----------
    row
        As :class:`predictor.validation.corrected.CorrectedFigure` has it.
    flexible
        Whether the model may reproduce its own cohort.

    Examples
    --------
    >>> brier = {"name": "brier", "corrected": 0.20, "corrected_by": "harrell", "b632plus": 0.24}
    >>> reported(brier, flexible=True)["corrected"], reported(brier, flexible=False)["corrected"]
    (0.24, 0.2)
    """
    found = dict(row)
    if flexible and row.get(B632PLUS) is not None:
        if row.get("corrected_by") != B632PLUS:
            found |= {
                "corrected": row[B632PLUS],
                "corrected_by": B632PLUS,
                "corrected_low": None,
                "corrected_high": None,
            }
    elif row.get(CROSS_VALIDATED) is not None and (flexible or _slopes_apart(row)):
        found |= {
            "corrected": row[CROSS_VALIDATED],
            "corrected_by": CROSS_VALIDATED,
            "corrected_low": row.get("cross_validated_low"),
            "corrected_high": row.get("cross_validated_high"),
        }
    elif flexible and row.get("corrected_by") != B632PLUS:  # nothing that does not flatter
        found |= {"corrected": None, "corrected_low": None, "corrected_high": None}
    if _ends_at_estimate(found):
        found |= {"corrected_low": None, "corrected_high": None}
    return found


def trusted_slope(corrected: Bounds, cross_validated: Bounds) -> Bounds:
    """A calibration slope with its interval, by the correction that is reported.

    Parameters
    ----------
    corrected, cross_validated
        Value, low and high; None where not defined.

    Returns
    -------
    The cross-validated one where the two are apart by more than a slope may be off at all.

    Examples
    --------
    >>> trusted_slope((8.8, 5.9, 10.6), (1.7, 0.6, 3.5)), trusted_slope((0.9, 0, 1), (0.8, 0, 1))
    ((1.7, 0.6, 3.5), (0.9, 0, 1))
    """
    (value, *_), (beside, *_) = corrected, cross_validated
    apart = value is not None and beside is not None and abs(value - beside) > SLOPES_AGREE
    return cross_validated if apart else corrected


def slope_is_readable(low: float | None, high: float | None) -> bool:
    """Whether a calibration slope with this interval says anything.

    >>> slope_is_readable(-21.2, 0.3), slope_is_readable(0.8, 1.2), slope_is_readable(None, None)
    (False, True, True)
    """
    return low is None or high is None or high - low <= WIDEST_SLOPE


def _slopes_apart(row: _Row) -> bool:
    if row.get("name") != "calibration_slope" or row.get("corrected") is None:
        return False
    return abs(float(row["corrected"]) - float(row[CROSS_VALIDATED])) > SLOPES_AGREE


def _ends_at_estimate(row: _Row) -> bool:
    value, low, high = (row.get(f"corrected{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return False
    if value in _EDGES.get(str(row.get("name")), ()):
        return False
    near = _AT_THE_END * (high - low)
    return bool(value - low <= near or high - value <= near)
