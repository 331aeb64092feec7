"""What a set of predictions is too small or too uniform to tell, in sentences.

Every figure that is missing from a result has a limit here that says why, and so has every figure
that is printed although it should not be trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.performance.calibration import LOG_ODDS_CLIP
from predictor.performance.classification import Classification

# Events and non-events that an external validation needs at least: Vergouwe et al., J Clin
# Epidemiol 2005;58:475-483, and Collins, Ogundimu and Altman, Stat Med 2016;35:214-226.
FEW_EVENTS = 100
# The same for a smooth calibration curve: Van Calster et al., J Clin Epidemiol 2016;74:167-176.
FEW_FOR_A_CURVE = 200
# Below this the large-sample theory of the intervals has nothing to stand on; a convention.
VERY_FEW_EVENTS = 10
FEW_DISTINCT = 10

SLOPE = ("calibration_slope", "joint_intercept")
LOGISTIC = ("logistic_eavg", "logistic_e50", "logistic_e90", "logistic_emax")
SMOOTH = ("eavg", "e50", "e90", "emax")
AUROC_INTERVAL = ("auroc_low", "auroc_high", "auroc_logit_low", "auroc_logit_high")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limit:
    """One reason why figures are missing or not to be trusted.

    Parameters
    ----------
    code
        Stable machine-readable name, such as ``"few_events"``.
    figures
        Keys of the result it speaks of; a key stands for its interval too.
    message
        The reason, as a sentence. It holds counts and thresholds, never a patient's value.
    """

    code: str
    figures: tuple[str, ...]
    message: str

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"code": self.code, "figures": list(self.figures), "message": self.message}


@dataclass(frozen=True, slots=True)
class Defined:
    """Which of the figures that can be undefined were found.

    Parameters
    ----------
    slope
        Calibration slope, intercept beside it, and logistic recalibration curve.
    observed_expected
        Observed divided by expected events.
    spiegelhalter
        Spiegelhalter's statistic.
    brier_interval
        Interval of the Brier score.
    """

    slope: bool
    observed_expected: bool
    spiegelhalter: bool
    brier_interval: bool


def limits_of(
    outcome: Floats, probability: Floats, defined: Defined, rows: Sequence[Classification] = ()
) -> tuple[Limit, ...]:
    """Every limit that holds, the most important first.

    Parameters
    ----------
    outcome, probability : shape (n,)
        Already checked.
    defined
        What could be computed.
    rows
        Classification at the chosen thresholds.
    """
    events = int(outcome.sum())
    others = outcome.size - events
    if events and others:
        found = [
            *_few(events, others),
            *_order(outcome, probability, defined),
            *_spread(probability),
        ]
    else:
        found = [_one_class(outcome.size, events)]
    return (
        *found,
        *_extremes(outcome, probability),
        *_without_variance(defined),
        *_empty_cells(rows),
    )


def _one_class(n: int, events: int) -> Limit:
    who = "Every patient has" if events else "No patient has"
    return Limit(
        "one_class",
        (
            "auroc",
            "auroc_logit",
            "scaled_brier",
            "calibration_intercept",
            *SLOPE,
            "observed_expected",
            *SMOOTH,
            *LOGISTIC,
            "curve",
            "specificity" if events else "sensitivity",
            *(() if events else ("standardised",)),
        ),
        f"{who} the event ({n} patients). Discrimination, calibration and whatever compares "
        "patients with and without the event are not defined.",
    )


def _few(events: int, others: int) -> Iterator[Limit]:
    smaller = min(events, others)
    verb = "is" if events == 1 else "are"
    counts = f"There {verb} {_counted(events, 'event')} and {_counted(others, 'non-event')}"
    if smaller < VERY_FEW_EVENTS:
        yield Limit(
            "very_few_events",
            ("auroc", "auroc_logit", "calibration_intercept", *SLOPE, "observed_expected"),
            f"{counts}. With fewer than {VERY_FEW_EVENTS} of either, the figures mean little and "
            "even their intervals cannot be relied on.",
        )
    elif smaller < FEW_EVENTS:
        yield Limit(
            "few_events",
            ("auroc", "auroc_logit", "calibration_intercept", *SLOPE, "observed_expected"),
            f"{counts}. At least {FEW_EVENTS} of each are recommended; read the intervals rather "
            "than the values.",
        )
    if smaller < FEW_FOR_A_CURVE:
        yield Limit(
            "uncertain_curve",
            (*SMOOTH, *LOGISTIC, "curve"),
            f"Calibration curves call for at least {FEW_FOR_A_CURVE} events and as many "
            "non-events. With fewer, E-average, E50, E90 and Emax are too large even for a "
            "model that is right.",
        )
    if smaller == 1:
        one = "event" if events == 1 else "non-event"
        yield Limit("one_event", AUROC_INTERVAL, f"With a single {one} the AUROC has no interval.")


def _order(outcome: Floats, probability: Floats, defined: Defined) -> Iterator[Limit]:
    """Predictions that order nobody, or everybody, so that intervals or the slope are missing."""
    events, others = probability[outcome == 1.0], probability[outcome == 0.0]
    if probability.min() == probability.max():
        yield Limit(
            "equal_predictions",
            (*AUROC_INTERVAL, *SLOPE, *LOGISTIC),
            "All predictions are equal: the AUROC of 0.5 has no interval, and there is no "
            "calibration slope.",
        )
        return
    right, wrong = events.min() >= others.max(), others.min() >= events.max()
    if events.min() > others.max() or others.min() > events.max():
        yield Limit(
            "separation",
            (*AUROC_INTERVAL, *SLOPE, *LOGISTIC),
            f"Every event is predicted {'higher' if right else 'lower'} than every non-event: the "
            f"AUROC of {1 if right else 0} has no interval, and the calibration slope is infinite.",
        )
    elif right or wrong:
        yield Limit(
            "separation",
            (*SLOPE, *LOGISTIC),
            f"No event is predicted {'lower' if right else 'higher'} than any non-event: the "
            "calibration slope is infinite.",
        )
    elif not defined.slope:
        yield Limit(
            "slope_not_found",
            (*SLOPE, *LOGISTIC),
            "The predictions hardly differ in their log-odds, or come so close to separating "
            "events from non-events that no finite calibration slope was found.",
        )


def _spread(probability: Floats) -> Iterator[Limit]:
    distinct = np.unique(probability).size
    if distinct < FEW_DISTINCT:
        value = "one value" if distinct == 1 else f"{distinct} different values"
        yield Limit(
            "few_distinct_predictions",
            (*SMOOTH, "curve"),
            f"The predictions take {value} only, and the smooth curve has no more points.",
        )


def _extremes(outcome: Floats, probability: Floats) -> Iterator[Limit]:
    extreme = int(np.count_nonzero(np.minimum(probability, 1.0 - probability) < LOG_ODDS_CLIP))
    if not extreme:
        return
    yield Limit(
        "extreme_predictions",
        ("calibration_intercept", *SLOPE, *LOGISTIC),
        f"{_counted(extreme, 'prediction')} of 0 or 1, or closer than {LOG_ODDS_CLIP:g} to it: "
        "certainty has infinite log-odds, so that distance is taken in calibration intercept and "
        "slope.",
    )
    failed = int(np.count_nonzero(probability == 1.0 - outcome))
    if failed:
        yield Limit(
            "certainty_failed",
            ("log_loss", "spiegelhalter_z", "spiegelhalter_p"),
            f"{_counted(failed, 'prediction')} of exactly 0 or 1 did not come true. The log loss "
            "would be infinite; 1e-15 is taken in place of 0.",
        )


def _without_variance(defined: Defined) -> Iterator[Limit]:
    if not defined.brier_interval:
        yield Limit(
            "no_brier_interval",
            ("brier_low", "brier_high"),
            "The squared differences of prediction and outcome do not vary: the Brier score has "
            "no interval.",
        )
    if not defined.spiegelhalter:
        yield Limit(
            "no_spiegelhalter",
            ("spiegelhalter_z", "spiegelhalter_p"),
            "Every prediction is 0, 0.5 or 1, or next to it: Spiegelhalter's statistic is not "
            "defined.",
        )
    if not defined.observed_expected:
        yield Limit(
            "no_expected_events",
            ("observed_expected",),
            "Every prediction is 0, or next to it: observed / expected events is not defined.",
        )


def _empty_cells(rows: Sequence[Classification]) -> Iterator[Limit]:
    nobody = {
        "positive": [row.threshold for row in rows if row.positive_predictive_value is None],
        "negative": [row.threshold for row in rows if row.negative_predictive_value is None],
    }
    for sign, thresholds in nobody.items():
        if thresholds:
            listed = ", ".join(f"{threshold:g}" for threshold in thresholds)
            yield Limit(
                f"nobody_{sign}",
                (f"{sign}_predictive_value",),
                f"Nobody is {sign} at the threshold {listed}: the {sign} predictive value is not "
                "defined there.",
            )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
