"""How good predictions of a time are: discrimination, calibration and Brier score at each horizon.

Formulas are in `predictor.performance.time_scores`. Cross-validated C indices compare patients of
one test fold and are averaged; everything else uses out-of-fold predictions averaged per patient.
Corrected values take off the optimism of bootstrap refits (Harrell); their intervals are those of
the bootstrap's own apparent values, moved by the optimism (Noma et al., Stat Med 2021;40:5691).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.learning.resampling import bootstrap
from predictor.learning.splits import RepeatedFolds
from predictor.performance.incidence import at_risk, cumulative_incidence
from predictor.performance.time_scores import (
    brier_at,
    calibration_at,
    harrell_c,
    risk_groups,
    weights,
    wolbers_c,
)
from predictor.validation.reported import trusted_slope
from predictor.validation.time_months import happened, risk_marks, told_marks

Floats = NDArray[np.float64]
Ends = NDArray[np.integer]

C_INDEX, HARRELL = "c_index", "c_harrell"
_DRAWS = 200
_LEVEL = (0.025, 0.975)
_FEWEST = 20
_FINE = 20

Found = Mapping[str, float]
Interval = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class TimeFigure:
    """One figure, three ways: each is value, low and high, None where undefined.

    Parameters
    ----------
    name
        ``c_index`` (Wolbers; Uno's where nothing competes), ``c_harrell``, or ``brier``,
        ``scaled_brier``, ``intercept`` or ``slope``.
    month
        Horizon; None for the C indices, which end with the last.
    apparent, cross_validated, corrected
        See the module.
    """

    name: str
    month: int | None
    apparent: float | None
    cross_validated: Interval
    corrected: Interval

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {"name": self.name, "month": self.month, "apparent": self.apparent}
        for way in ("cross_validated", "corrected"):
            value, low, high = getattr(self, way)
            found |= {way: value, f"{way}_low": low, f"{way}_high": high}
        return found


@dataclass(frozen=True, slots=True)
class Timed:
    """Who is predicted.

    Parameters
    ----------
    months, ends : shape (n,)
        Follow-up and how it ended.
    group : shape (n,), optional
        What stays whole when patients are drawn.
    marks
        Horizons.
    """

    months: Floats
    ends: Ends
    group: NDArray[np.int64] | None
    marks: tuple[int, ...]


def measured(who: Timed, probability: Floats) -> dict[str, float]:
    """Every figure of predictions; NaN where undefined.

    Parameters
    ----------
    who
        Patients.
    probability : shape (n, marks)
        Of the event by each horizon.
    """
    last = float(who.marks[-1])
    found = {
        C_INDEX: wolbers_c(who.months, who.ends, probability[:, -1], last),
        HARRELL: harrell_c(who.months, who.ends, probability[:, -1], last),
    }
    return found | _at_marks(who, probability)


def _at_marks(who: Timed, probability: Floats) -> dict[str, float]:
    found: dict[str, float] = {}
    everybody = cumulative_incidence(who.months, who.ends)
    for k, month in enumerate(who.marks):
        told = (who.months, who.ends, probability[:, k], float(month))
        if not (who.months >= month).any():
            found |= {f"{name}_{month}": float("nan") for name in _NAMES}
            continue
        brier = brier_at(*told)
        share = np.full(len(who.months), everybody.at(month)[0])
        reference = brier_at(who.months, who.ends, share, float(month))
        intercept, slope = calibration_at(*told)
        scaled = 1.0 - brier / reference if reference > 0 else float("nan")
        values = (brier, scaled, intercept, slope)
        found |= {f"{name}_{month}": v for name, v in zip(_NAMES, values, strict=True)}
    return found


_NAMES = ("brier", "scaled_brier", "intercept", "slope")


def cross_validated(
    who: Timed, probability: Floats, folds: RepeatedFolds, seed: int
) -> dict[str, Interval]:
    """Figures of out-of-fold predictions with intervals from drawing patients anew.

    Parameters
    ----------
    who
        Patients.
    probability : shape (repeats, n, marks)
        Out of fold.
    folds
        The plan.
    seed
        Of the draws.
    """
    everybody = np.arange(len(who.months))
    value = _out_of_fold(who, probability, folds.fold, everybody)
    drawn = bootstrap(len(who.months), who.group, resamples=_DRAWS, seed=seed)
    # C indices of a few repeats tell how far they move; all of them would take long.
    some = slice(0, 2)
    rows = []
    for count in drawn.count:
        rows_of = np.repeat(everybody, count)
        mean = probability.mean(axis=0)[rows_of]
        own = _of(who, rows_of)
        rows.append(
            _c_within(own, probability[some][:, rows_of], folds.fold[some][:, rows_of])
            | _at_marks(own, mean)
        )
    return {name: _with_spread(v, [row[name] for row in rows]) for name, v in value.items()}


def _out_of_fold(
    who: Timed, probability: Floats, fold: NDArray[np.int64], rows: NDArray[np.intp]
) -> dict[str, float]:
    own = _of(who, rows)
    return _c_within(own, probability[:, rows], fold[:, rows]) | _at_marks(
        own, probability.mean(axis=0)[rows]
    )


def _c_within(who: Timed, probability: Floats, fold: NDArray[np.int64]) -> dict[str, float]:
    last = float(who.marks[-1])
    found: dict[str, list[float]] = {C_INDEX: [], HARRELL: []}
    for r, row in enumerate(fold):
        for k in np.unique(row):
            test = row == k
            risk = probability[r, test, -1]
            told = (who.months[test], who.ends[test], risk, last)
            found[C_INDEX].append(wolbers_c(*told))
            found[HARRELL].append(harrell_c(*told))
    return {
        name: float(np.nanmean(each)) if not np.isnan(each).all() else float("nan")
        for name, each in found.items()
    }


def _with_spread(value: float, draws: Sequence[float]) -> Interval:
    known = np.array([draw for draw in draws if np.isfinite(draw)])
    if not np.isfinite(value):
        return None, None, None
    if len(known) < _FEWEST:
        return value, None, None
    reach = 1.959963984540054 * float(known.std(ddof=1))
    return value, value - reach, value + reach


def _of(who: Timed, rows: NDArray[np.intp]) -> Timed:
    return Timed(who.months[rows], who.ends[rows], None, who.marks)


def figures(
    who: Timed,
    apparent: Floats,
    out_of_fold: Mapping[str, Interval],
    refits: Sequence[tuple[Floats, NDArray[np.integer]]],
) -> tuple[TimeFigure, ...]:
    """Every figure of the chosen model, three ways.

    Parameters
    ----------
    who
        Patients.
    apparent : shape (n, marks)
        Predictions of the final fit.
    out_of_fold
        From :func:`cross_validated`.
    refits
        Of each bootstrap resample: predictions of everybody, and how often each was drawn.
    """
    value = measured(who, apparent)
    own: dict[str, list[float]] = {name: [] for name in value}
    optimism: dict[str, list[float]] = {name: [] for name in value}
    for probability, count in refits:
        rows = np.repeat(np.arange(len(count)), count)
        inside, outside = measured(_of(who, rows), probability[rows]), measured(who, probability)
        for name in value:
            own[name].append(inside[name])
            optimism[name].append(inside[name] - outside[name])
    found = []
    for name, one in value.items():
        kind, _, month = name.rpartition("_") if name[-1].isdigit() else (name, "", "")
        corrected = _corrected(one, own[name], optimism[name])
        if kind == "slope":
            corrected = trusted_slope(corrected, out_of_fold[name])
        found.append(
            TimeFigure(
                kind,
                int(month) if month else None,
                one if np.isfinite(one) else None,
                out_of_fold[name],
                corrected,
            )
        )
    return tuple(found)


def _corrected(value: float, own: Sequence[float], optimism: Sequence[float]) -> Interval:
    both = np.array([own, optimism])
    both = both[:, np.isfinite(both).all(axis=0)]
    if both.shape[1] < _FEWEST or not np.isfinite(value):
        return None, None, None
    less = float(both[1].mean())
    low, high = (float(edge) - less for edge in np.quantile(both[0], _LEVEL))
    return value - less, low, high


def loss(who: Timed, probability: Floats) -> Floats:
    """Part of each patient in the Brier score at the last horizon, shape (n,).

    Parameters
    ----------
    who
        Patients.
    probability : shape (n, marks)
    """
    month = float(who.marks[-1])
    had = (who.months <= month) & (who.ends == 1)
    weight = weights(who.months, who.ends, month)
    return np.asarray(weight * (had - probability[:, -1]) ** 2)


def followed(who: Timed, cell_size: int, *, competing: bool) -> list[dict[str, Any]]:
    """What is known at each horizon: who is still followed, and the cumulative incidences.

    An incidence that would tell of few events since the horizon before is None, and so is a number
    that would tell, by subtraction too, of few who left.

    Parameters
    ----------
    who
        Patients.
    cell_size
        A smaller number of patients is not told.
    competing
        Whether events compete.
    """
    kinds = (1, 2) if competing else (1,)
    last = who.marks[-1]
    counts = {kind: happened(who.months, who.ends == kind, last) for kind in kinds}
    told = {kind: told_marks(counts[kind], who.marks, cell_size) for kind in kinds}
    event = cumulative_incidence(who.months, who.ends)
    other = cumulative_incidence(who.months, who.ends, 2)
    rows = []
    at_risk_told = risk_marks(who.months, who.ends, who.marks, cell_size)
    for month in who.marks:
        value, low, high = event.at(month) if month in told[1] else (None, None, None)
        rows.append(
            {
                "month": month,
                "at_risk": at_risk(who.months, month) if month in at_risk_told else None,
                "incidence": value,
                "incidence_low": low,
                "incidence_high": high,
                "competing": other.at(month)[0] if month in told.get(2, ()) else None,
            }
        )
    return rows


def calibration_groups(who: Timed, probability: Floats, cell_size: int) -> list[dict[str, Any]]:
    """Observed against predicted at each horizon, by groups of out-of-fold predictions.

    Parameters
    ----------
    who
        Patients.
    probability : shape (n, marks)
        Out of fold, averaged over the repeats.
    cell_size
        Each of at most five groups has at least so many patients with the event by the horizon,
        and so many without; a horizon without such a group has no row.
    """
    rows = []
    for k, month in enumerate(who.marks):
        events = int(((who.ends == 1) & (who.months <= month)).sum())
        number = max(2, min(5, events // 10))
        # Fine groups, joined to ones of about as many events: of equal size, those of low risk
        # would have too few, and joining these would leave a single one.
        fewest = max(cell_size, 2, min(events, len(who.ends) - events) // number)
        told = risk_groups(who.months, who.ends, probability[:, k], float(month), _FINE, fewest)
        rows += [{"month": month, **group.to_dict()} for group in told]
    return rows
