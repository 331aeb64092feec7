"""The evaluation of predictions as a reader sees it: figures, what they say, what they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from predictor.cohort.prediction_cells import printable
from predictor.cohort.summaries import number_text, p_text, percent_text
from predictor.performance.classification import Proportion
from predictor.performance.estimate import Difference, Estimate
from predictor.performance.evaluation import Evaluation
from predictor.performance.paired import PairedComparison
from predictor.performance.smooth import CalibrationCurve
from predictor.report.description_layout import SIMULATED
from predictor.report.evaluation_words import sentences, threshold_text
from predictor.report.text_table import folded_tables, text_table
from predictor.validation.evaluated import NOTE, Evaluated
from predictor.validation.subgroups import Subgroup, Subgroups

Rows = Sequence[Sequence[str]]

WIDE = 140
"""Columns of a text that goes to no terminal."""
UNDEFINED = "-"
MASKED = "masked"

_LONGEST_HEAD = 14

_LEFT_OUT = {
    "missing_outcome": "without an outcome",
    "missing_probability": "without a probability",
}
_LIMITS = {
    "one_class": "One class only, so that most figures are not defined",
    "very_few_events": "Fewer than 10 events or non-events, so that nothing can be relied on",
    "few_events": "Fewer than 100 events or non-events, so that the intervals matter most",
    "equal_predictions": "All predictions equal, so that there is no slope",
    "separation": "Events and non-events separated, so that there is no slope",
    "slope_not_found": "No calibration slope found",
}
"""Limits of the figures that subgroups have, in the words of a list."""


def evaluation_text(evaluated: Evaluated, width: int = WIDE) -> Iterator[str]:
    """Parts of the text, from the top.

    Parameters
    ----------
    evaluated
        What was found.
    width
        Columns that tables may take.

    Yields
    ------
    A sentence, a table of several lines, or nothing for an empty line.
    """
    yield from _head(evaluated)
    yield ""
    yield figures_table(evaluated.evaluation)
    yield ""
    yield from sentences(evaluated.evaluation)
    if evaluated.evaluation.classification:
        yield ""
        yield from _at_thresholds(evaluated, width)
    if evaluated.subgroups is not None:
        yield ""
        yield from _subgroups(evaluated, width)
    if evaluated.comparison is not None and evaluated.second is not None:
        yield ""
        yield from _comparison(evaluated, evaluated.second, evaluated.comparison, width)
    yield ""
    yield from _foot(evaluated)


def _head(evaluated: Evaluated) -> Iterator[str]:
    columns, read, found = evaluated.columns, evaluated.predictions, evaluated.evaluation
    outcome = printable(columns.outcome)
    of = ""
    if evaluated.patients is not None and evaluated.patients != found.n:
        of = f" of {evaluated.patients:,} patients"
    rows = "patients" if evaluated.patients == found.n else "rows"
    yield (
        f"{printable(read.source)}: {found.n:,} {rows}{of}, {found.events:,} with the event "
        f"({percent_text(found.events, found.n)}%). Outcome {outcome}, probability "
        f"{printable(columns.probability)}."
    )
    if read.simulated:
        yield SIMULATED
    if columns.event is not None:
        others = ", ".join(map(printable, read.other_states)) or "nothing else"
        yield f"Event: {outcome} is {printable(columns.event)}. No event: {others}."
    if read.left_out:
        gone = ", ".join(f"{part.rows:,} {_LEFT_OUT[part.code]}" for part in read.left_out)
        yield f"Left out of {read.read:,} rows: {gone}."
    for warning in read.warnings:
        yield f"Warning: {warning.message} [{warning.code}]"
    yield NOTE


def figures_table(evaluation: Evaluation) -> str:
    """AUROC, scores and calibration under each other, with intervals and what is perfect."""
    prevalence = evaluation.events / evaluation.n
    slope = None if evaluation.recalibration is None else evaluation.recalibration.slope
    rows = [
        ("AUROC", *_estimate(evaluation.auroc), "1 (chance 0.5)"),
        (
            "Brier score",
            *_estimate(evaluation.brier),
            f"0 (prevalence {number_text(prevalence * (1 - prevalence), 3)})",
        ),
        ("Scaled Brier score", _number(evaluation.scaled_brier), "", "1 (prevalence 0)"),
        ("Calibration intercept", *_estimate(evaluation.calibration_intercept), "0"),
        ("Calibration slope", *_estimate(slope), "1"),
        ("Observed / expected events", *_estimate(evaluation.observed_expected), "1"),
        *_distances(evaluation.curve),
    ]
    return text_table(("Figure", "Value", "95% interval", "Perfect"), rows)


def _distances(curve: CalibrationCurve | None) -> Iterator[tuple[str, str, str, str]]:
    """Distances of the probabilities from the smooth curve."""
    errors = None if curve is None else curve.smooth_errors
    yield "Smooth curve: E-average", _number(errors.eavg if errors else None), "", "0"
    yield "  E50", _number(errors.e50 if errors else None), "", "0"
    yield "  E90", _number(errors.e90 if errors else None), "", "0"
    yield "  Emax", _number(errors.emax if errors else None), "", "0"


def _at_thresholds(evaluated: Evaluated, width: int) -> Iterator[str]:
    yield "Rows at or above a threshold counted as positive, in percent with 95% interval:"
    rows = [
        (
            threshold_text(row.threshold),
            *map(
                _share,
                (
                    row.sensitivity,
                    row.specificity,
                    row.positive_predictive_value,
                    row.negative_predictive_value,
                ),
            ),
        )
        for row in evaluated.evaluation.classification
    ]
    header = ("Threshold", "Sensitivity", "Specificity", "PPV", "NPV")
    yield from folded_tables(header, rows, width)
    yield ""
    yield "Net benefit of acting on the positive rows, and interventions avoided:"
    useful = [
        (
            threshold_text(row.threshold),
            f"{row.true_positives + row.false_positives:,}",
            number_text(row.model, 3),
            number_text(row.treat_all, 3),
            number_text(100 * row.interventions_avoided, 1),
        )
        for row in evaluated.at_thresholds.rows
    ]
    header = ("Threshold", "Positive", "Net benefit", "On everybody", "Avoided per 100")
    yield from folded_tables(header, useful, width)


def _subgroups(evaluated: Evaluated, width: int) -> Iterator[str]:
    subgroups = evaluated.subgroups
    if subgroups is None:
        return
    header = ("Subgroup", "Rows", "Events", "AUROC", "Scaled Brier", "Cal. slope", "O/E")
    yield f"By {printable(subgroups.by)}:"
    yield from folded_tables(header, [_subgroup(group) for group in subgroups.groups], width)
    if any(group.masked for group in subgroups.groups):
        yield (
            f"Masked: subgroups with fewer than {subgroups.cell_size} patients, events or "
            "non-events, and others where their numbers could be worked out from these."
        )
    for sentence, names in _limits_of_subgroups(subgroups).items():
        yield f"{sentence}: {', '.join(names)}."


def _limits_of_subgroups(subgroups: Subgroups) -> dict[str, list[str]]:
    """What limits the figures of the table, and in which subgroups."""
    found: dict[str, list[str]] = {}
    for group in subgroups.groups:
        codes = {limit.code for limit in group.evaluation.limits} if group.evaluation else set()
        for code, sentence in _LIMITS.items():
            if code in codes:
                found.setdefault(sentence, []).append(printable(group.name))
    return found


def _subgroup(group: Subgroup) -> tuple[str, ...]:
    name, found = printable(group.name), group.evaluation
    if found is None:
        return (name, MASKED, MASKED, *[""] * 4)
    slope = None if found.recalibration is None else found.recalibration.slope
    return (
        name,
        f"{found.n:,}",
        f"{found.events:,}",
        _short(found.auroc),
        _number(found.scaled_brier, 2),
        _short(slope),
        _short(found.observed_expected),
    )


def _comparison(
    evaluated: Evaluated, second: Evaluation, found: PairedComparison, width: int
) -> Iterator[str]:
    first = evaluated.evaluation
    columns = evaluated.columns
    names = [printable(str(x), _LONGEST_HEAD) for x in (columns.probability, columns.compare)]
    areas = [None if e.auroc is None else e.auroc.value for e in (first, second)]
    rows = [
        _difference("AUROC", areas[0], areas[1], found.auroc),
        _difference("Brier score", first.brier.value, second.brier.value, found.brier),
        _difference("Log loss", first.log_loss, second.log_loss, found.log_loss),
    ]
    for row, own in zip(found.net_benefit, evaluated.at_thresholds.rows, strict=True):
        figure = f"Net benefit at {threshold_text(row.threshold)}"
        other = own.model - row.difference.value
        rows.append(_difference(figure, own.model, other, row.difference))
    yield f"{names[0]} less {names[1]}, paired by row:"
    header = ("Figure", *names, "Difference", "95% interval", "p-value")
    yield from folded_tables(header, rows, width)
    yield (
        f"{names[0]} is the better where the difference of AUROC or net benefit is above 0, of "
        "Brier score or log loss below 0. The p-values are not adjusted for their number."
    )


def _difference(
    figure: str, first: float | None, second: float | None, found: Difference | None
) -> tuple[str, ...]:
    interval, p_value = UNDEFINED, None
    if found is not None and found.low is not None and found.high is not None:
        interval, p_value = f"{_number(found.low)} to {_number(found.high)}", found.p_value
    value = None if found is None else found.value
    return figure, _number(first), _number(second), _number(value), interval, p_text(p_value)


def _foot(evaluated: Evaluated) -> Iterator[str]:
    for limit in evaluated.evaluation.limits:
        yield f"Limit: {limit.message} [{limit.code}]"
    yield (
        "Intervals: DeLong for the AUROC, Wald for Brier score and calibration, Wilson for shares. "
        "Smooth curve: lowess. docs/validation.md explains each figure."
    )


def _number(value: float | None, digits: int = 3) -> str:
    return UNDEFINED if value is None else number_text(value, digits)


def _estimate(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None:
        return UNDEFINED, UNDEFINED
    if estimate.low is None or estimate.high is None:
        return _number(estimate.value), UNDEFINED
    return _number(estimate.value), f"{_number(estimate.low)} to {_number(estimate.high)}"


def _short(estimate: Estimate | None) -> str:
    """A figure with its interval in one cell."""
    if estimate is None:
        return UNDEFINED
    value = number_text(estimate.value, 2)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({number_text(estimate.low, 2)} to {number_text(estimate.high, 2)})"


def _share(share: Proportion | None) -> str:
    if share is None:
        return UNDEFINED
    low, high = share.wilson.low, share.wilson.high
    value, *bounds = (
        "?" if x is None else number_text(100 * x, 0) for x in (share.wilson.value, low, high)
    )
    return f"{value} ({bounds[0]} to {bounds[1]})"
