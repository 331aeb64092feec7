"""When an event is to be expected of one patient: by month, as data and as lines.

A missing value is drawn several times given the patient's other values; probabilities and log
hazard ratio are means over the draws. The interval of each month takes in 95% of the bootstrap
replicates, each of which looks at one of the draws, and is extended to the probability where that
lies outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from predictor.clinic.answer import percent
from predictor.clinic.draws import DRAWS
from predictor.clinic.uncertainty import LEVEL, Scored
from predictor.errors import BundleError
from predictor.fitted.hazard_model import HazardPart
from predictor.fitted.preparation import Values

if TYPE_CHECKING:
    from predictor.fitted.bundle import Bundle

METHOD = "bootstrap"
SCALE = "log-hazard"
"""The log of the hazard ratio of the event against the average patient."""

_MOST_NUMBERS = 4_000_000
_SHOWN = 4
_BY = "By month: {months}."
_MONTH = "{month} {probability}{interval}"
_INTERVAL = " ({low} to {high})"
_VALIDATION = "Validation by resampling: C index {c:.2f} ({interval}0.5 is chance)."
_OF_C = "95% interval {low:.2f} to {high:.2f}; "


@dataclass(frozen=True, slots=True)
class MonthAnswer:
    """What is to be expected by the end of one month after time zero.

    Parameters
    ----------
    month
        Counted from 1.
    probability
        Of the event by then; those with a competing event first never have it.
    low, high
        Bounds of the interval; None where the bundle supports none.
    marked
        Whether the model was judged at this month.
    """

    month: int
    probability: float
    low: float | None
    high: float | None
    marked: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "month": self.month,
            "probability": self.probability,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True, slots=True)
class TimeScored:
    """Answers for some patients.

    Parameters
    ----------
    last
        What is told of the last month, as of an event.
    probability : shape (patients, months)
    low, high : shape (patients, months) or None
    """

    last: Scored
    probability: Values
    low: Values | None
    high: Values | None


def score_times(bundle: Bundle, values: Values) -> TimeScored:
    """Answer for some patients.

    Parameters
    ----------
    bundle
        Of a time.
    values : shape (patients, variables)
        NaN for missing.

    Raises
    ------
    BundleError
        If it tells no time, or its numbers make an answer that is none.
    """
    part = bundle.hazards
    if part is None:
        raise BundleError(str(bundle.path), "it tells no time", "Use predict().")
    replicates = 1 if part.replicates is None else len(part.replicates)
    each = max(replicates, DRAWS) * part.model.causes * part.model.horizon
    step = max(1, _MOST_NUMBERS // each)
    pieces = [
        _score(bundle, part, values[start : start + step]) for start in range(0, len(values), step)
    ]
    joined = _joined(pieces)
    parts = (joined.probability, joined.last.values, joined.low, joined.high, joined.last.distance)
    if not all(one is None or np.isfinite(one).all() for one in parts):
        rule = "its numbers lead to an answer that is not finite"
        raise BundleError(str(bundle.path), rule, "Get the bundle again, or train anew.")
    return joined


def month_answers(part: HazardPart, found: TimeScored, i: int) -> tuple[MonthAnswer, ...]:
    """Every month of one patient, from the first to the horizon.

    Parameters
    ----------
    part, found
        The model and its answers.
    i
        Number of the patient.
    """
    probability = found.probability[i].tolist()
    low, high = (
        [None] * len(probability) if bound is None else bound[i].tolist()
        for bound in (found.low, found.high)
    )
    return tuple(
        MonthAnswer(month + 1, probability[month], low[month], high[month], month + 1 in part.marks)
        for month in range(len(probability))
    )


def month_line(months: Sequence[MonthAnswer]) -> str:
    """The months at which the model was judged, but for the last, which stands above.

    >>> month_line([MonthAnswer(12, 0.2, 0.1, 0.3, True), MonthAnswer(24, 0.4, 0.2, 0.6, True)])
    'By month: 12 20% (10% to 30%).'
    """
    told = [
        _MONTH.format(
            month=answer.month,
            probability=percent(answer.probability),
            interval=""
            if answer.low is None or answer.high is None
            else _INTERVAL.format(low=percent(answer.low), high=percent(answer.high)),
        )
        for answer in months[:-1]
        if answer.marked
    ]
    return _BY.format(months=", ".join(told[-_SHOWN:])) if told else ""


def validation_of_time(manifest: Mapping[str, Any]) -> str | None:
    """Corrected C index of the model in one line; None where there is none."""
    found = manifest.get("validation")
    rows = found.get("figures") if isinstance(found, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("name") == "c_index":
            c, low, high = (row.get(f"corrected{side}") for side in ("", "_low", "_high"))
            if not isinstance(c, float):
                return None
            known = isinstance(low, float) and isinstance(high, float)
            interval = _OF_C.format(low=low, high=high) if known else ""
            return _VALIDATION.format(c=c, interval=interval)
    return None


def _score(bundle: Bundle, part: HazardPart, values: Values) -> TimeScored:
    model, preparation = part.model, bundle.preparation
    n, width = values.shape
    absent = np.isnan(values)
    gaps = absent.any(axis=1)
    known = preparation.impute(values)
    filled = known[:, None]
    if gaps.any() and bundle.moments is not None:
        filled = np.repeat(filled, DRAWS, axis=1)
        filled[gaps] = bundle.moments.draws(values[gaps], DRAWS)
    draws = filled.shape[1]
    flat = preparation.design(filled.reshape(n * draws, width), np.repeat(absent, draws, axis=0))
    every = model.incidence(model.log_ratio(flat))[:, 0]
    probability = every.reshape(n, draws, -1).mean(axis=1)
    each = preparation.fold(flat * model.coefficients[0])
    parts = each.reshape(n, draws, width).mean(axis=1)
    reference = model.incidence(np.zeros((1, model.causes)))[0, 0, -1]
    low = high = None
    widening = np.zeros(n)
    if part.replicates is not None:
        low, high = _interval(part, flat.reshape(n, draws, -1), probability)
        if draws > 1:
            design = preparation.design(known, absent)
            alone = _interval(part, design[:, None], probability)
            wider = (high - low)[:, -1] - (alone[1] - alone[0])[:, -1]
            widening = np.where(gaps, np.maximum(wider, 0.0), 0.0)
    last = Scored(
        probability=probability[:, -1],
        base_value=0.0,
        reference_probability=float(reference),
        values=parts,
        scale=SCALE,
        low=None if low is None else low[:, -1],
        high=None if high is None else high[:, -1],
        widening=widening,
        distance=None if bundle.moments is None else bundle.moments.distance(values),
        level=LEVEL,
        method=METHOD,
    )
    return TimeScored(last, probability, low, high)


def _interval(part: HazardPart, design: Values, probability: Values) -> tuple[Values, Values]:
    if part.replicates is None:
        return probability, probability
    every = part.replicates.of_event(design, part.model)
    edge = (1.0 - LEVEL) / 2
    low, high = np.quantile(every, [edge, 1.0 - edge], axis=1)
    return np.minimum(low, probability), np.maximum(high, probability)


def _joined(pieces: Sequence[TimeScored]) -> TimeScored:
    def rows(found: Sequence[Values | None]) -> Values | None:
        there = [one for one in found if one is not None]
        return np.concatenate(there) if there else None

    last = [piece.last for piece in pieces]
    return TimeScored(
        Scored(
            np.concatenate([one.probability for one in last]),
            last[0].base_value,
            last[0].reference_probability,
            np.concatenate([one.values for one in last]),
            SCALE,
            rows([one.low for one in last]),
            rows([one.high for one in last]),
            rows([one.widening for one in last]),
            rows([one.distance for one in last]),
            LEVEL,
            METHOD,
        ),
        np.concatenate([piece.probability for piece in pieces]),
        rows([piece.low for piece in pieces]),
        rows([piece.high for piece in pieces]),
    )
