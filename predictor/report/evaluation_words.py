"""What the figures of an evaluation say, in sentences for a reader who is no statistician."""

from __future__ import annotations

from collections.abc import Iterator

from predictor.cohort.summaries import number_text
from predictor.performance.decision import DecisionCurve
from predictor.performance.estimate import Estimate
from predictor.performance.evaluation import Evaluation

_SAME = 1e-12
_MOST_RANGES = 3


def sentences(evaluation: Evaluation) -> Iterator[str]:
    """One sentence or two for discrimination, calibration and usefulness, as far as defined."""
    if evaluation.auroc is not None and evaluation.curve is not None:
        yield _discrimination(evaluation.auroc, evaluation.curve.predicted.size, evaluation.n)
    if evaluation.calibration_intercept is not None and evaluation.observed_expected is not None:
        yield _on_average(
            evaluation, evaluation.calibration_intercept, evaluation.observed_expected
        )
    if evaluation.recalibration is not None:
        yield _spread(evaluation.recalibration.slope)
    if evaluation.curve is not None:
        points = number_text(100 * evaluation.curve.smooth_errors.eavg, 1)
        yield f"By the smooth curve, a probability is off by {points} percentage points on average."
    yield _usefulness(evaluation.decision)


def _discrimination(auroc: Estimate, different: int, n: int) -> str:
    if different == 1:
        return "Every row has the same probability, which tells nobody apart."
    share = number_text(100 * auroc.value, 0)
    ties = "" if different == n else " (a tie counts as half)"
    text = (
        f"In {share}% of pairs of a patient with the event and one without, the one with it has "
        f"the higher probability{ties}."
    )
    if auroc.value == 0.0 or (auroc.high is not None and auroc.high < 0.5):
        return f"{text} That is less than chance: is the event the one that is meant?"
    if auroc.low is not None and auroc.low <= 0.5:
        return f"{text} Chance gives 50%, which the interval includes."
    return text


def _on_average(evaluation: Evaluation, intercept: Estimate, ratio: Estimate) -> str:
    expected = evaluation.events / ratio.value
    text = f"{expected:,.1f} events were expected and {evaluation.events:,} seen:"
    if intercept.low is not None and intercept.low > 0.0:
        return f"{text} the probabilities are too low on average."
    if intercept.high is not None and intercept.high < 0.0:
        return f"{text} the probabilities are too high on average."
    return f"{text} no clear sign that the probabilities are too high or too low on average."


def _spread(slope: Estimate) -> str:
    if slope.high is not None and slope.high < 0.0:
        return "The higher the probability, the rarer the event: the order is reversed."
    if slope.low is not None and slope.high is not None and slope.high < 1.0:
        if slope.low <= 0.0:
            return (
                "The probabilities are too extreme, and a higher one does not clearly mean more "
                "events (the interval of the slope includes 0)."
            )
        return (
            "The probabilities are too extreme (slope below 1): the high ones too high, the low "
            "ones too low."
        )
    if slope.low is not None and slope.low > 1.0:
        return "The probabilities are too much alike (slope above 1): they could differ more."
    return "No clear sign that the probabilities are too extreme or too much alike (slope)."


def _usefulness(curve: DecisionCurve) -> str:
    better = [
        row.model > max(row.treat_all, row.treat_none) + _SAME and row.model > _SAME
        for row in curve.rows
    ]
    ranges: list[list[float]] = []
    for i, row in enumerate(curve.rows):
        if not better[i]:
            continue
        if i and better[i - 1]:
            ranges[-1][1] = row.threshold
        else:
            ranges.append([row.threshold, row.threshold])
    if not ranges:
        return (
            "At no threshold is acting on the probabilities worth more than acting on everybody "
            "or on nobody (net benefit)."
        )
    widest = sorted(ranges, key=lambda ends: ends[0] - ends[1])[:_MOST_RANGES]
    named = [
        threshold_text(low) if low == high else f"{threshold_text(low)} to {threshold_text(high)}"
        for low, high in sorted(widest)
    ]
    more = "" if len(ranges) <= _MOST_RANGES else " and some others"
    return (
        "Acting on the probabilities is worth more than acting on everybody or on nobody (net "
        f"benefit) at thresholds of {', '.join(named)}{more}."
    )


def threshold_text(threshold: float) -> str:
    """A threshold in percent.

    >>> threshold_text(0.25), threshold_text(0.125), threshold_text(1 / 3)
    ('25%', '12.5%', '33.33%')
    """
    return f"{100 * threshold:.4g}%"
