"""Performance in curves: ROC, calibration, decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from predictor.report.contents import performance_words as words
from predictor.report.contents.numbers_text import absent, counted, percent, two, with_interval
from predictor.report.contents.performance_tables import bootstrap_of, chosen_of, label_of
from predictor.report.contents.source import Source
from predictor.report.contents.standing import SLOPE
from predictor.report.document import Block, Column, Figure, Table

_Row = Mapping[str, Any]
_Rows = Sequence[_Row]

APPARENT, BEYOND = "apparent", "cross-validated"
"""Series of the ROC figure."""

_FALSE_ALARMS = 0.2
_NEAR = 0.02
_FLAT = 0.1
_WORTH = 0.001  # of a net benefit; less is noise in every cohort


def roc(source: Source) -> Iterator[Block]:
    """ROC curves on the cohort itself and out of fold."""
    found = source.findings.get("curves")
    if found is None:
        yield absent("ROC curves")
        return
    apparent, beyond = found["roc"]["apparent"], found["roc"]["cross_validated"]
    rows = [
        {"series": name, **point, "threshold": None}
        for name, points in ((APPARENT, apparent["points"]), (BEYOND, beyond["points"]))
        for point in points
    ]
    texts = {APPARENT: two(apparent["auroc"]), BEYOND: _cross_validated(source)}
    title = words.ROC.format(label=label_of(source))
    table = Table(
        "performance-roc-table",
        title,
        (
            Column("series", "Curve"),
            Column("false_positive_rate", "False positive rate", "number", digits=3),
            Column("true_positive_rate", "True positive rate", "number", digits=3),
        ),
        tuple(rows),
        folded=True,
    )
    yield Figure(
        "performance-roc-figure",
        "roc",
        title,
        _roc_seen(apparent, beyond["points"], texts),
        (table,),
        {"auroc": texts if beyond["points"] else {APPARENT: texts[APPARENT]}},
        note=words.ROC_NOTE.format(unit=counted(source.manifest)),
    )


def _cross_validated(source: Source) -> str:
    """The cross-validated AUROC with its interval."""
    for row in bootstrap_of(source).get("figures", ()):
        if row["name"] == "auroc":
            return with_interval(row, "cross_validated")
    return with_interval(chosen_of(source), "auroc")


def _roc_seen(apparent: _Row, beyond: _Rows, texts: Mapping[str, str]) -> str:
    if not beyond:
        return words.ROC_SEEN_APPARENT.format(
            apparent=percent(_height(apparent["points"])), apparent_area=texts[APPARENT]
        )
    if len(beyond) == len(apparent["points"]) == 2:
        return words.ROC_SEEN_CHANCE
    # Optimism of a few hundredths is what every model has.
    distance = _area(apparent["points"]) - _area(beyond) > 2 * _NEAR
    return words.ROC_SEEN.format(
        beyond=percent(_height(beyond)),
        apparent=percent(_height(apparent["points"])),
        area=texts[BEYOND],
        apparent_area=texts[APPARENT],
        distance=words.ROC_DISTANCE[distance],
    )


def _columns(points: _Rows) -> tuple[list[float], list[float]]:
    return (
        [point["false_positive_rate"] for point in points],
        [point["true_positive_rate"] for point in points],
    )


def _height(points: _Rows) -> float:
    """Sensitivity at the rate of false alarms that is told."""
    return float(np.interp(_FALSE_ALARMS, *_columns(points)))


def _area(points: _Rows) -> float:
    x, y = _columns(points)
    return float(np.trapezoid(y, x))


def calibration(source: Source) -> Iterator[Block]:
    """Smooth calibration curve with its band, and who had which prediction."""
    found = source.findings.get("curves")
    if found is None:
        yield absent("a calibration curve")
        return
    title, unit = words.CALIBRATION.format(label=label_of(source)), counted(source.manifest)
    curve, bins = found["calibration"]["curve"], found["calibration"]["histogram"]
    tables = calibration_tables("performance", title, curve, bins)
    yield Figure(
        "performance-calibration-figure",
        "calibration",
        title,
        _calibration_seen(curve),
        tables,
        {"band": f"{100 * found['level']:g}% interval"},
        note=words.CALIBRATION_NOTE.format(one=unit.removesuffix("s"), draws=found["draws"]),
    )


def calibration_tables(name: str, title: str, curve: _Rows, bins: _Rows) -> tuple[Table, Table]:
    """What a calibration figure draws: the curve with its band, and who had which prediction.

    Parameters
    ----------
    name
        Beginning of the ids.
    title
        Of the curve.
    curve, bins
        As ``findings.json`` has them.
    """
    return (
        Table(
            f"{name}-calibration-table",
            title,
            (
                Column("predicted", "Predicted", "percent"),
                Column("observed", "Observed", "percent"),
                Column("low", "Band from", "percent"),
                Column("high", "to", "percent"),
            ),
            tuple(curve),
            folded=True,
        ),
        Table(
            f"{name}-histogram-table",
            words.HISTOGRAM,
            (
                Column("low", "Predicted from", "percent"),
                Column("high", "to", "percent"),
                Column("events", "With the event", "count"),
                Column("others", "Without", "count"),
            ),
            tuple(bins),
            folded=True,
        ),
    )


def _calibration_seen(curve: _Rows) -> str:
    middle = curve[len(curve) // 2]
    band = ""
    if middle["low"] is not None:
        band = words.CALIBRATION_BAND.format(
            low=percent(middle["low"]), high=percent(middle["high"])
        )
    told = {
        "at": percent(middle["predicted"]),
        "observed": percent(middle["observed"]),
        "band": band,
    }
    if len(curve) == 1:
        return words.CALIBRATION_ONE.format(**told)
    return words.CALIBRATION_SEEN.format(
        low=percent(curve[0]["predicted"]),
        high=percent(curve[-1]["predicted"]),
        side=words.SIDES[side_of(curve)],
        rise=words.RISES[rise_of(curve)],
        **told,
    )


def side_of(curve: _Rows) -> str:
    """On which side of the diagonal a calibration curve lies, for most of its length.

    >>> side_of([{"predicted": x, "observed": x + 0.1} for x in (0.1, 0.2, 0.3)])
    'above'
    """
    away = np.array([row["observed"] - row["predicted"] for row in curve])
    above, below = float((away > _NEAR).mean()), float((away < -_NEAR).mean())
    if above == below == 0.0:
        return "on"
    if below < above / 4:
        return "above"
    return "below" if above < below / 4 else "both"


def rise_of(curve: _Rows) -> str:
    """How a calibration curve rises: the slope of the straight line through its points.

    They lie at even distances, so that each part of the curve counts by its length. Between 0.8 and
    1.25 is what is accepted of a calibration slope.

    >>> rise_of([{"predicted": x, "observed": 0.5 - x} for x in (0.1, 0.2, 0.3)])
    'falls'
    """
    predicted, observed = ([row[key] for row in curve] for key in ("predicted", "observed"))
    slope = float(np.polyfit(predicted, observed, 1)[0])
    if slope < -_FLAT:
        return "falls"
    if slope <= _FLAT:
        return "flat"
    if slope < SLOPE[0]:
        return "slow"
    return "even" if slope <= SLOPE[1] else "steep"


def decision(source: Source) -> Iterator[Block]:
    """Net benefit over thresholds."""
    found = source.findings.get("curves")
    if found is None:
        yield absent("a decision curve")
        return
    title, unit = words.DECISION.format(label=label_of(source)), counted(source.manifest)
    table = Table(
        "performance-decision-table",
        title,
        (
            Column("threshold", "Threshold", "percent"),
            Column("model", "Net benefit of the model (95% interval)", "interval", digits=3),
            Column("treat_all", "Of acting in everybody", "number", digits=3),
            Column("difference", words.DECISION_DIFFERENCE, "interval", digits=3),
        ),
        tuple(_with_difference(row) for row in found["decision"]),
        folded=True,
    )
    yield Figure(
        "performance-decision-figure",
        "decision",
        title,
        _decision_seen(found["decision"]),
        (table,),
        {"band": f"{100 * found['level']:g}% interval"},
        note=words.DECISION_NOTE.format(one=unit.removesuffix("s"), draws=found["draws"]),
    )


def _with_difference(row: _Row) -> _Row:
    """A row with the difference from the better default, which older bundles do not hold."""
    return {"difference": row["model"] - max(row["treat_all"], 0.0), **row}


def _decision_seen(rows: _Rows) -> str:
    tested = all("difference_low" in row for row in rows)
    ranges = [
        (words.DECISION_ONE if low == high else words.DECISION_RANGE).format(
            low=percent(low), high=percent(high)
        )
        for low, high in (shown_between(rows) if tested else better_between(rows))
    ]
    where = ", ".join(ranges)
    if tested:
        return words.DECISION_SEEN.format(where=where) if ranges else words.DECISION_SEEN_NOWHERE
    estimates = words.DECISION_ESTIMATES if ranges else words.DECISION_ESTIMATES_NOWHERE
    return words.DECISION_SEEN_ESTIMATES.format(where=estimates.format(where=where))


def shown_between(rows: _Rows) -> list[tuple[float, float]]:
    """Ranges of thresholds at which the interval of the difference lies above 0.

    >>> row = {"threshold": 0.2, "difference_low": 0.01}
    >>> shown_between([row, {"threshold": 0.3, "difference_low": -0.01}])
    [(0.2, 0.2)]
    """
    return _ranges((row["threshold"], row["difference_low"] > 0.0) for row in rows)


def better_between(rows: _Rows) -> list[tuple[float, float]]:
    """Ranges of thresholds at which the model is better than acting in everybody and in nobody.

    Better by at least 0.001; thresholds apart from the next one stand alone.

    >>> row = {"threshold": 0.2, "model": 0.1, "treat_all": 0.05}
    >>> better_between([row, {**row, "threshold": 0.3}, {**row, "threshold": 0.4, "model": 0.0}])
    [(0.2, 0.3)]
    """
    return _ranges(
        (row["threshold"], row["model"] >= max(row["treat_all"], 0.0) + _WORTH) for row in rows
    )


def _ranges(rows: Iterable[tuple[float, bool]]) -> list[tuple[float, float]]:
    ranges: list[tuple[float, float]] = []
    inside = False
    for threshold, better in rows:
        if better:
            start = ranges.pop()[0] if inside else threshold
            ranges.append((start, threshold))
        inside = better
    return ranges
