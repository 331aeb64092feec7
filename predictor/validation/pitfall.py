"""What every check of a pitfall is made of, and the rules that need no patient.

A check gives a status by a rule that is stated with it. ``warning``: whoever uses the model must
know before anything else. ``note``: worth knowing. ``passed``: looked for and not found, which is
no proof that it is not there. ``not assessed``: with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["passed", "note", "warning", "not assessed"]
Value: TypeAlias = float | int | str | bool | None

CODES = (
    "leakage",
    "separation",
    "events_per_parameter",
    "optimism",
    "calibration_drift",
    "unstable_explanation",
    "imputation",
    "centre_shift",
    "row_order",
    "rows_for_patients",
    "telling_gaps",
    "copied_rows",
    "nearly_constant",
    "alike_predictors",
    "tuning_edge",
    "failed_resamples",
    "unstable_choice",
    "centre_performance",
    "cut_short",
    "other_filling",
)
"""In the order of the report: those of every report first, then what else is worth looking for."""

SLOPE_WARNING, SLOPE_NOTE = 0.8, 0.9
AUROC_WARNING, AUROC_NOTE = 0.05, 0.02
TOP_WARNING, TOP_NOTE = 0.5, 0.8
FAILED_WARNING, FAILED_NOTE = 0.1, 0.01
CHOSEN_NOTE = 0.5
FILLED_WARNING = 0.2
RATIO = (0.8, 1.25)
AUROC_OF_CENTRES = 0.5
TOP = 3

RULES: Mapping[str, str] = {
    "leakage": (
        "Warning: one predictor, or whether it is missing, tells the outcome exactly or almost "
        "(AUROC of 0.98) beyond chance (p < 0.001). Note: one predictor alone has an AUROC of at "
        "least 0.9 beyond chance (p < 0.001 over all predictors)."
    ),
    "separation": (
        "Warning: some combination of the predictors separates all patients with the event from "
        "all without it, so that plain maximum likelihood has no finite solution. Note: a "
        "predictor has a state in which everybody or nobody had the event."
    ),
    "events_per_parameter": (
        "Warning: fewer patients or events than the sample-size criteria of Riley and colleagues "
        "ask for."
    ),
    "optimism": (
        "Warning: a corrected calibration slope below 0.8, or an apparent AUROC that is more than "
        "0.05 above the corrected one. Note: below 0.9, or more than 0.02. A figure that is "
        "reported cross-validated, because its correction is not trusted, is judged as it stands."
    ),
    "calibration_drift": (
        "Spread between test folds of observed less expected share of events, beyond what folds "
        "drawn anew among patients with the same outcome give (p < 0.01). Warning: more than 0.15. "
        "Note: more than 0.05."
    ),
    "unstable_explanation": (
        "Of the three variables that matter most, the one that bootstrap refits put among the "
        "first three least often. Warning: in less than half of the refits. Note: in less than 80%."
    ),
    "imputation": (
        "Warning: more than 20% of the values of a predictor of the model were filled in. Note: "
        "more than 5%."
    ),
    "centre_shift": (
        "Standardised difference of each predictor, and of the share of events, between a centre "
        "and the others. Warning: at least 0.5 beyond chance (p < 0.01 over all of them). Note: at "
        "least 0.25."
    ),
    "row_order": (
        "Rank-sum test and runs test of the outcome along the rows, one row a patient, within "
        "centres, the smaller p-value doubled. Warning: p < 0.001. Note: p < 0.01."
    ),
    "rows_for_patients": (
        "Warning: no column names the patient, or rows of one patient may stand in different folds."
    ),
    "telling_gaps": (
        "Fisher's exact test of the outcome against whether a predictor is missing, times the "
        "number of predictors. Warning: p < 0.001. Note: p < 0.01."
    ),
    "copied_rows": (
        "Warning: rows of different patients agree in every predictor and the outcome where chance "
        "would give fewer than 0.01 such pairs."
    ),
    "nearly_constant": "Note: more than 95% of the known values of a predictor are the same.",
    "alike_predictors": "Note: two predictors have a rank correlation of at least 0.9.",
    "tuning_edge": (
        "Note: at least half of the folds chose the lowest or highest value of a setting that has "
        "three or more."
    ),
    "failed_resamples": (
        "Warning: more than 10% of the bootstrap refits failed. Note: more than 1%."
    ),
    "unstable_choice": (
        "Note: the model that was chosen is chosen in less than half of the bootstrap resamples."
    ),
    "centre_performance": (
        "Warning: in a further centre the AUROC may well be below 0.5. Note: observed over "
        "expected events may well lie outside 0.8 to 1.25 (95% prediction intervals)."
    ),
    "cut_short": "Note: a part of the validation was left out, shortened or not repeated.",
    "other_filling": (
        "Note: predictors of the model have missing values that validation filled in otherwise "
        "than predict() does. Warning: in more than 20% of the patients."
    ),
}


@dataclass(frozen=True, slots=True)
class Pitfall:
    """The result of one check.

    Parameters
    ----------
    code
        One of ``CODES``.
    status
        By the rule in ``RULES``.
    figures
        The numbers that the rule was held against.
    rows
        Details, such as one row for each predictor concerned; no patient among them.
    reason
        Why it was not assessed; empty otherwise.
    """

    code: str
    status: Status
    figures: Mapping[str, Value] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Value]] = ()
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "code": self.code,
            "status": self.status,
            "figures": dict(self.figures),
            "rows": [dict(row) for row in self.rows],
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pitfall:
        """The inverse of `to_dict`."""
        return cls(
            code=str(data["code"]),
            status=data["status"],
            figures=dict(data.get("figures", {})),
            rows=tuple(data.get("rows", ())),
            reason=str(data.get("reason", "")),
        )


def unassessed(code: str, reason: str) -> Pitfall:
    """A check that could not be made."""
    return Pitfall(code, "not assessed", reason=reason)


def graded(
    code: str, warning: bool, note: bool, figures: Mapping[str, Value], *rows: Any
) -> Pitfall:
    """A check with the status that its conditions give, the weightier first."""
    status: Status = "warning" if warning else "note" if note else "passed"
    return Pitfall(code, status, figures, rows)


def events_per_parameter(
    patients: int, events: int, parameters: int, needed: int, needed_events: float, enough: bool
) -> Pitfall:
    """Whether there are as many patients as the sample-size criteria ask for.

    >>> events_per_parameter(31, 11, 6, 473, 168.0, False).figures["per_parameter"]
    1.8333333333333333
    """
    fewer = min(events, patients - events)
    figures: dict[str, Value] = {
        "patients": patients,
        "events": events,
        "parameters": parameters,
        "per_parameter": fewer / parameters if parameters else None,
        "needed": needed,
        "needed_events": needed_events,
    }
    return graded("events_per_parameter", not enough, False, figures)


def optimism(apparent: float | None, corrected: float | None, slope: float | None) -> Pitfall:
    """Whether apparent performance is much better than corrected performance.

    Parameters
    ----------
    apparent, corrected
        AUROC as the table of the figures prints it, by whatever method it was corrected; the
        optimism of one method does not belong to the corrected value of another.
    slope
        Calibration slope, corrected.

    Examples
    --------
    >>> optimism(0.81, 0.80, 0.85).status
    'note'
    """
    apart = None if apparent is None or corrected is None else apparent - corrected
    if apart is None and slope is None:
        return unassessed("optimism", "neither AUROC nor calibration slope could be corrected")
    too_good = 0.0 if apart is None else apart
    shrunk = 1.0 if slope is None else slope
    return graded(
        "optimism",
        too_good > AUROC_WARNING or shrunk < SLOPE_WARNING,
        too_good > AUROC_NOTE or shrunk < SLOPE_NOTE,
        {"apparent": apparent, "corrected": corrected, "slope": slope},
    )


def unstable_explanation(
    importance: Sequence[tuple[str, float]], top: Mapping[str, float], refits: int
) -> Pitfall:
    """Whether the variables that matter most matter most in the refits, too.

    Parameters
    ----------
    importance
        Variable and mean |SHAP| in the final model.
    top
        Variable -> share of refits in which it is among the first three.
    refits
        Refits behind that.

    Examples
    --------
    >>> unstable_explanation(
    ...     [("a", 3.0), ("b", 2.0), ("c", 1.0), ("d", 0.1)], {"a": 0.9, "b": 0.9, "c": 0.4}, 100
    ... ).figures["share"]
    0.4
    """
    code = "unstable_explanation"
    if not top:
        return unassessed(code, "there are no bootstrap refits to compare with")
    if len(importance) <= TOP:
        return unassessed(code, "with three variables or fewer, all of them are the first three")
    first = sorted((row for row in importance if row[1] > 0.0), key=lambda row: -row[1])[:TOP]
    if not first:
        return unassessed(code, "no variable contributes to the model")
    shares = {name: float(top.get(name, 0.0)) for name, _ in first}
    least = min(shares, key=lambda name: shares[name])
    share = shares[least]
    figures: dict[str, Value] = {"variable": least, "share": share, "refits": refits}
    rows = [{"variable": name, "share": part} for name, part in shares.items()]
    return graded(code, share < TOP_WARNING, share < TOP_NOTE, figures, *rows)


def failed_resamples(drawn: int, used: int) -> Pitfall:
    """Whether many bootstrap refits are missing from the corrected figures.

    >>> failed_resamples(1000, 850).status
    'warning'
    """
    if not drawn:
        return unassessed("failed_resamples", "no bootstrap resample was drawn")
    share = (drawn - used) / drawn
    figures = {"drawn": drawn, "failed": drawn - used, "share": share}
    return graded("failed_resamples", share > FAILED_WARNING, share > FAILED_NOTE, figures)


def unstable_choice(chosen: str, shares: Mapping[str, float]) -> Pitfall:
    """Whether resamples would have chosen the same model; ``shares`` by name of the model.

    >>> unstable_choice("Ridge", {"Firth": 0.6, "Ridge": 0.4}).figures["other"]
    'Firth'
    """
    if not shares:
        reason = "there was no choice that could be repeated in resamples"
        return unassessed("unstable_choice", reason)
    share = shares.get(chosen, 0.0)
    others = {name: part for name, part in shares.items() if name != chosen}
    other = max(others, key=lambda name: others[name]) if others else None
    figures: dict[str, Value] = {
        "model": chosen,
        "share": share,
        "other": other,
        "other_share": others[other] if other else None,
    }
    return graded("unstable_choice", False, share < CHOSEN_NOTE, figures)


def centre_performance(
    auroc: tuple[float, float] | None, ratio: tuple[float, float] | None
) -> Pitfall:
    """Whether performance differs between centres so much that a further one may be let down.

    Parameters
    ----------
    auroc, ratio
        95% prediction interval of the AUROC, and of observed over expected events, in a further
        centre; None where there is none.

    Examples
    --------
    >>> centre_performance((0.6, 0.9), (0.5, 1.5)).status
    'note'
    """
    if auroc is None and ratio is None:
        reason = "there are no prediction intervals over centres"
        return unassessed("centre_performance", reason)
    low = auroc[0] if auroc else None
    outside = ratio is not None and (ratio[0] < RATIO[0] or ratio[1] > RATIO[1])
    figures: dict[str, Value] = {
        "auroc_low": low,
        "auroc_high": auroc[1] if auroc else None,
        "ratio_low": ratio[0] if ratio else None,
        "ratio_high": ratio[1] if ratio else None,
    }
    below = low is not None and low < AUROC_OF_CENTRES
    return graded("centre_performance", below, outside, figures)


def rows_for_patients(named: bool, together: bool) -> Pitfall:
    """Whether it is known who a row belongs to, and rows of one patient stay in one fold.

    >>> rows_for_patients(named=True, together=False).status
    'warning'
    """
    figures = {"named": named, "together": together}
    return graded("rows_for_patients", not (named and together), False, figures)


def cut_short(notes: Sequence[str]) -> Pitfall:
    """Whether the run says that a part of its validation is missing.

    >>> cut_short(["No test for signal."]).rows
    ({'note': 'No test for signal.'},)
    """
    rows = [{"note": note} for note in notes]
    return graded("cut_short", False, bool(notes), {"notes": len(notes)}, *rows)


def other_filling(drawn: bool, patients: float | None) -> Pitfall:
    """Whether what was validated with missing values is what is used with them.

    Parameters
    ----------
    drawn
        Whether predict() averages over draws of a missing value, where validation fills in one.
    patients
        Share of the patients in whom a predictor of the model is missing; None where it is hidden,
        which a share of 0 is not.

    Examples
    --------
    >>> other_filling(drawn=True, patients=0.51).status
    'warning'
    """
    if not drawn:
        return graded("other_filling", False, False, {"drawn": drawn})
    if patients == 0.0:
        reason = "no value of a predictor of the model is missing"
        return unassessed("other_filling", reason)
    figures: dict[str, Value] = {"drawn": drawn, "patients": patients}
    much = patients is not None and patients > FILLED_WARNING
    return graded("other_filling", much, True, figures)
