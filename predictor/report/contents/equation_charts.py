"""The points chart and the nomogram of a linear model, with what rounding loses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from predictor.clinic.answer import percent
from predictor.clinical.variable import Variable
from predictor.explanation.chart_ends import within
from predictor.explanation.formula import Formula
from predictor.explanation.nomogram import LONGEST, PROBABILITIES, Mark, Nomogram, nomogram
from predictor.explanation.points import LARGE_LOSS, PointScale, PointsChart, Stretch, loss
from predictor.explanation.shown import Profiles, chart_of
from predictor.fitted.models import expit
from predictor.report.contents import equation_words as words
from predictor.report.contents.clinical_text import (
    NOT_MEASURED,
    QUANTITY,
    named,
    number_text,
    state_text,
    unit_of,
)
from predictor.report.contents.source import Source
from predictor.report.contents.standing import READY, standing
from predictor.report.contents.verdict import verdict_of
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Figure,
    Paragraph,
    Section,
    Table,
)

MOST_CHARTED = 30
"""Variables that a chart on paper can have."""

UNUSABLE = 0.05
"""Mean difference from which there is no points chart; five times that of a single profile."""

_RARE = 0.01
_MOST_TOTALS = 120
_MOST_COLUMNS = 6
_POINTS = "_points"  # no variable can have this name
_TICKS_DIGITS = 2


def points_part(source: Source, formula: Formula, profiles: Profiles | None) -> Section:
    """Whole points for each stretch of a value, and the probability of each total."""
    blocks = tuple(_points_blocks(source, formula, profiles))
    return Section("model-points", words.POINTS, blocks)


def _points_blocks(source: Source, formula: Formula, profiles: Profiles | None) -> Iterator[Block]:
    chart = points_of(source, formula, profiles)
    if chart is None:
        yield _no_chart(formula)
        return
    preparation, variables = source.bundle.preparation, source.bundle.variables
    if profiles is not None:
        found = loss(chart, formula, preparation.impute(profiles.values))
        points = {"largest": 100 * found.largest, "mean": 100 * found.mean}
        if found.mean > UNUSABLE or found.largest > 5 * UNUSABLE:
            yield Paragraph(words.UNUSABLE.format(**points))
            return
        if not found.small:
            yield Paragraph(words.TOO_COARSE.format(**points), "warning")
    yield _verdict_above(source)
    yield Paragraph(words.POINTS_HOW.format(unit=chart.unit, beyond=_beyond(chart, variables)))
    yield from _limited(source, formula)
    yield from _chart_tables(chart, variables)
    yield _totals_table(chart)
    yield Facts(tuple(_losses(source, chart, formula, profiles)))
    filled = source.bundle.moments is None and not preparation.regressions
    yield Paragraph(words.POINTS_GAPS_FILLED if filled else words.POINTS_GAPS, "quiet")


def _verdict_above(source: Source) -> Paragraph:
    """The verdict once more, as a chart is what people cut out of a report."""
    headline = verdict_of(source).headline
    ready = standing(source.manifest).code == READY
    return Paragraph(
        words.FIRST_THE_VERDICT.format(verdict=headline), "plain" if ready else "alert"
    )


def points_of(source: Source, formula: Formula, profiles: Profiles | None) -> PointsChart | None:
    """The chart that the report prints; None where nothing, or too much, has an effect."""
    bundle = source.bundle
    if len(formula.used) > MOST_CHARTED:
        return None
    values = None if profiles is None else profiles.values
    variables = within(bundle.variables, bundle.limits)
    return chart_of(formula, bundle.preparation, variables, values)


def nomogram_of(source: Source, formula: Formula) -> Nomogram | None:
    """The nomogram that the report draws; None where nothing has an effect."""
    bundle = source.bundle
    return nomogram(formula, bundle.preparation, within(bundle.variables, bundle.limits))


def _no_chart(formula: Formula) -> Paragraph:
    if not formula.used:
        return Paragraph(words.NO_EFFECT)
    return Paragraph(words.TOO_MANY.format(count=len(formula.used)))


def _beyond(chart: PointsChart, variables: tuple[Variable, ...]) -> str:
    """How points go on outside the scales."""
    texts = []
    for scale in chart.scales:
        variable = variables[scale.variable]
        if scale.step is None or not np.isfinite(scale.step):
            continue
        number, unit = number_text(scale.step), unit_of(variable)
        step = QUANTITY.format(number=number, unit=unit) if unit else number
        more = words.MORE if scale.rises else words.FEWER
        texts.append(words.BEYOND.format(label=variable.label, more=more, step=step))
    return "; ".join(texts) or words.BEYOND_NONE


def _chart_tables(chart: PointsChart, variables: tuple[Variable, ...]) -> Iterator[Table]:
    """One column for each variable, in as many tables as a page's width asks for, and a list."""
    tables = -(-len(chart.scales) // _MOST_COLUMNS)
    each = -(-len(chart.scales) // tables)
    for number in range(tables):
        name = "model-points-chart" if tables == 1 else f"model-points-chart-{number + 1}"
        title = words.CHART if tables == 1 else words.CHART_OF
        yield _side_by_side(
            chart.scales[number * each : (number + 1) * each],
            variables,
            name,
            title.format(number=number + 1, tables=tables),
        )
    rows = [
        (variables[scale.variable], stretch)
        for scale in chart.scales
        for stretch in scale.stretches
    ]
    yield Table(
        "model-points-list",
        words.LIST,
        (
            Column("label", "Variable"),
            Column("value", "Value"),
            Column("points", "Points", "count"),
        ),
        tuple(
            {
                "variable": variable.name,
                "label": named(variable),
                "value": _stretch_text(stretch, variable),
                "low": stretch.low,
                "high": stretch.high,
                "points": stretch.points,
            }
            for variable, stretch in rows
        ),
        words.CHART_NOTE,
        folded=True,
    )


def _side_by_side(
    scales: Sequence[PointScale], variables: tuple[Variable, ...], name: str, title: str
) -> Table:
    """A line for each number of points; a cell holds the values that have so many."""
    lines: dict[int, dict[str, Cell]] = {}
    for scale in scales:
        variable = variables[scale.variable]
        for stretch in scale.stretches:
            text = _stretch_text(stretch, variable, short=True)
            line = lines.setdefault(stretch.points, {_POINTS: stretch.points})
            before = line.get(variable.name)
            line[variable.name] = f"{before}, {text}" if before else text
    used = [variables[scale.variable] for scale in scales]
    return Table(
        name,
        title,
        (Column(_POINTS, "Points", "count"), *(Column(v.name, named(v)) for v in used)),
        tuple({v.name: "" for v in used} | lines[points] for points in sorted(lines)),
        words.CHART_NOTE,
    )


def _stretch_text(stretch: Stretch, variable: Variable, *, short: bool = False) -> str:
    if stretch.missing:
        return NOT_MEASURED
    if stretch.state is not None:
        return state_text(variable, stretch.state)
    low, high = stretch.low or 0.0, stretch.high or 0.0
    if low == high:
        return number_text(low)
    template = words.FROM_TO if variable.integer or short else words.FROM_BELOW
    return template.format(low=number_text(low), high=number_text(high))


def _totals_table(chart: PointsChart) -> Table:
    """Every total between a probability of 1% and of 99%, as far as the chart reaches."""
    fewest, most = chart.range
    totals = np.arange(fewest, most + 1)
    probability = chart.probability(totals)
    shown = (probability >= _RARE) & (probability <= 1.0 - _RARE)
    if not shown.any():
        shown[:] = True
    step = -(-int(shown.sum()) // _MOST_TOTALS)
    totals, probability = totals[shown][::step], probability[shown][::step]
    ends = percent(float(probability[0])), percent(float(probability[-1]))
    return Table(
        "model-points-totals",
        words.TOTALS,
        (Column("points", "Points", "count"), Column("probability", "Probability", "percent", 1)),
        tuple(
            {"points": int(total), "probability": float(p)}
            for total, p in zip(totals, probability, strict=True)
        ),
        words.TOTALS_NOTE.format(low=ends[0], high=ends[1]),
        folded=True,
    )


def _losses(
    source: Source, chart: PointsChart, formula: Formula, profiles: Profiles | None
) -> Iterator[Fact]:
    yield Fact(
        words.BOUND, words.APART.format(apart=100 * chart.largest_difference), words.BOUND_MEANING
    )
    if profiles is not None:
        values = source.bundle.preparation.impute(profiles.values)
        found = loss(chart, formula, values)
        meaning = words.MEASURED_MEANING.format(
            count=len(values),
            profiles=words.FROM_MOMENTS if profiles.from_moments else words.SYNTHETIC,
            largest=100 * found.largest,
        )
        yield Fact(words.MEASURED, words.APART.format(apart=100 * found.mean), meaning)
    figures: Mapping[str, Any] = (source.findings.get("profiles") or {}).get("points") or {}
    if figures and _is_of(figures, chart, source, formula, profiles):
        value = words.AUROC_VALUE.format(points=figures["auroc_points"], model=figures["auroc"])
        meaning = words.AUROC_MEANING.format(
            brier_points=figures["brier_points"], brier=figures["brier"]
        )
        yield Fact(words.AUROC, value, meaning)


def _is_of(
    figures: Mapping[str, Any],
    chart: PointsChart,
    source: Source,
    formula: Formula,
    profiles: Profiles | None,
) -> bool:
    """Whether figures are of this chart; another version may have made another of the model."""
    offset = figures.get("offset")
    if offset is None:  # made before charts ended at the limits of the population
        values = None if profiles is None else profiles.values
        earlier = chart_of(formula, source.bundle.preparation, source.bundle.variables, values)
        return figures["unit"] == chart.unit and earlier == chart
    return figures["unit"] == chart.unit and math.isclose(offset, chart.offset, rel_tol=1e-6)


def _limited(source: Source, formula: Formula) -> Iterator[Paragraph]:
    """Where a scale ends because the population does."""
    bundle = source.bundle
    used = [bundle.variables[j] for j in formula.used]
    ends = [
        words.LIMIT.format(label=variable.label, limit=bundle.limits[variable.name])
        for variable in used
        if variable.name in bundle.limits
    ]
    if ends:
        yield Paragraph(words.LIMITED.format(limits="; ".join(ends)), "quiet")


def nomogram_part(source: Source, formula: Formula, profiles: Profiles | None) -> Section:
    """Scales to read points from, and the probability of their sum."""
    bundle = source.bundle
    found = nomogram_of(source, formula)
    if found is None or len(formula.used) > MOST_CHARTED:
        return Section("model-nomogram", words.NOMOGRAM, (_no_chart(formula),))
    marks = Table(
        "model-nomogram-marks",
        words.NOMOGRAM_MARKS,
        (
            Column("label", "Variable"),
            Column("value_label", "Value"),
            Column("points", "Points", "number", _TICKS_DIGITS),
        ),
        tuple(_mark(mark, bundle.variables[mark.variable]) for mark in found.marks),
    )
    totals = Table(
        "model-nomogram-totals",
        words.NOMOGRAM_TOTALS,
        (
            Column("total_points", "Total points", "number", _TICKS_DIGITS),
            Column("probability", "Probability", "percent", 1),
        ),
        tuple(_totals(found)),
    )
    outcome = source.manifest["outcome"]
    figure = Figure(
        "model-nomogram-figure",
        "nomogram",
        words.NOMOGRAM_TITLE.format(outcome=outcome["label"]),
        _alternative(found, bundle.variables),
        (marks, totals),
        {"points_max": LONGEST, "rounding_error": found.largest_difference},
    )
    how = words.NOMOGRAM_HOW.format(error=100 * found.largest_difference)
    blocks: tuple[Block, ...] = (
        _verdict_above(source),
        Paragraph(how),
        *_limited(source, formula),
        *_read_by_ruler(source, found, profiles),
        figure,
    )
    return Section("model-nomogram", words.NOMOGRAM, blocks)


def _read_by_ruler(
    source: Source, found: Nomogram, profiles: Profiles | None
) -> Iterator[Paragraph]:
    """What reading whole points loses over the profiles."""
    if profiles is None:
        return
    values = source.bundle.preparation.impute(profiles.values)
    read = found.probability(found.points(values).sum(axis=1))
    apart = np.abs(read - expit(found.formula.log_odds(values)))
    yield Paragraph(
        words.NOMOGRAM_MEASURED.format(
            count=len(values),
            profiles=words.FROM_MOMENTS if profiles.from_moments else words.SYNTHETIC,
            mean=100 * float(apart.mean()),
            largest=100 * float(apart.max()),
        )
    )
    if apart.max() > LARGE_LOSS:
        yield Paragraph(words.NOMOGRAM_COARSE, "warning")


def _mark(mark: Mark, variable: Variable) -> Mapping[str, Cell]:
    if mark.missing:
        text: str = NOT_MEASURED
    elif mark.state is not None:
        text = state_text(variable, mark.state)
    else:
        text = number_text(mark.value or 0.0)
    return {
        "variable": variable.name,
        "label": named(variable),
        "value": mark.value if mark.state is None else mark.state,
        "value_label": text,
        "points": mark.points,
    }


def _totals(found: Nomogram) -> Iterator[Mapping[str, Cell]]:
    """Round probabilities between no points and all of them, and both ends."""
    inside = [found.total(p) for p in PROBABILITIES]
    # Up to a round number that the largest sum of whole points lies below, each rounded up.
    most = 10.0 * math.ceil((found.most + len(found.base) / 2) / 10.0)
    for total in sorted({0.0, most, *(t for t in inside if 0.0 < t < most)}):
        probability = float(found.probability(np.array([total]))[0])
        yield {"total_points": total, "probability": probability}


def _alternative(found: Nomogram, variables: tuple[Variable, ...]) -> str:
    spans = {
        j: max(m.points for m in found.marks if m.variable == j)
        - min(m.points for m in found.marks if m.variable == j)
        for j in found.base
    }
    longest, shortest = max(spans, key=spans.__getitem__), min(spans, key=spans.__getitem__)
    ends = found.probability(np.array([0.0, found.most]))
    return words.NOMOGRAM_ALTERNATIVE.format(
        count=len(spans),
        longest=variables[longest].label,
        most=spans[longest],
        shortest=variables[shortest].label,
        least=spans[shortest],
        total=found.most,
        low=percent(float(ends[0])),
        high=percent(float(ends[1])),
    )
