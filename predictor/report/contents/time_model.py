"""Section *The model itself* of a report on a time: hazard ratios, baseline by month, by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from predictor.explanation.formula import Formula, formula_of, significant
from predictor.fitted.hazard_model import HazardModel, monthly
from predictor.fitted.models import LinearModel
from predictor.report.contents.clinical_text import named, value_text
from predictor.report.contents.equation import what_of
from predictor.report.contents.equation_example import number_by_hand
from predictor.report.contents.profiles import stand_ins
from predictor.report.contents.source import Source, cell_size_of
from predictor.report.document import Block, Cell, Column, Paragraph, Section, Table, Verbatim

HOW = (
    "One sum S over the variables for each cause, the log of its hazard ratio against the average "
    "patient. Each cause has a baseline hazard that is constant within each stretch of months "
    "below; a patient's hazard is the baseline times exp(S). Of those whom nothing has happened to "
    "before a stretch, 1 - exp(-sum of the hazards) have one of the events in it, and the share of "
    "a cause in them is that of its hazard in the sum."
)
CAUSES = ("the event", "what competes")
SUM = "S({cause}) ="
START = "    {intercept}"
SUMMAND = "    {sign} {size} x {what}"
LAST = (
    "in each stretch:  h = baseline x exp(S) of each cause, H = sum of h\n"
    "                  event = left x (1 - exp(-H)) x h(the event) / H\n"
    "                  left  = left x exp(-H), beginning with 1"
)
TITLE = "Hazards of {label}"
COEFFICIENTS = "Hazard ratios in the variables' own units"
COEFFICIENTS_NOTE = (
    "Shrunk by the ridge penalty, so without intervals, and no effect of a treatment or of a "
    "change. A state or answer counts 1 where it is there and 0 where it is not. Missing values "
    "are drawn from what the cohort suggests when the software answers; the stand-in is for a "
    "calculation by hand, which then differs from the software's answer."
)
NOTHING_MOVES = "Nothing moves the hazards."
BASELINE = "Growth of the cumulative baseline hazards"
BASELINE_NOTE = (
    "Of the average patient. Known at months with at least {size} patients with that event since "
    "the one before, so that no patient's time can be read from it; constant in between."
)
EXAMPLE = (
    "A made-up patient with the stand-in of every variable. With coefficients and baseline as "
    "printed above the probability of the event within {months} months is {printed:.4f}; the "
    "software, with all digits, gives {exact:.4f}."
)
EXAMPLE_SUMS = "Sums"
EXAMPLE_STEPS = "From stretch to stretch"
ADDED = "    {added:+.4f}   {variable}: {value}"
ALONE = "    {intercept:+.4f}   begins with"
TOTAL = "    = {total:.4f}; hazard ratio exp(S) = {ratio:.4f}"
NO_CHART = (
    "A points chart and a nomogram are drawn for models of one event without a time; here there is "
    "none so far, because a probability depends on two sums where something competes."
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Months in which all baseline hazards are constant.

    Parameters
    ----------
    first, last
        After the end of which month it begins, and with the end of which it ends.
    growth
        Of the cumulative baseline hazard of each cause within it, as printed.
    """

    first: int
    last: int
    growth: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch for one patient, by hand: hazards, and the shares without and with the event."""

    stretch: Stretch
    hazards: tuple[float, ...]
    left: float
    event: float


def time_model(source: Source) -> Section:
    """The equation with its baseline, hazard ratios, and a worked example.

    Parameters
    ----------
    source
        A bundle of a time, opened.
    """
    part = source.bundle.hazards
    if part is None:
        return Section("model", "The model itself")
    formulas, stretches = formulas_of(source, part.model), stretches_of(part.model)
    equation = (
        Paragraph(HOW),
        Verbatim(
            "\n".join(_equation(source, formulas)),
            TITLE.format(label=source.manifest["model"]["label"]),
        ),
        _coefficients(source, formulas),
        _baseline(source, stretches, part.model.causes),
    )
    example = tuple(_example(source, part.model, formulas, stretches))
    return Section(
        "model",
        "The model itself",
        parts=(
            Section("model-equation", "Equation", equation),
            Section("model-points", "Points chart and nomogram", (Paragraph(NO_CHART, "quiet"),)),
            Section("model-example", "By hand", example),
        ),
    )


def formulas_of(source: Source, model: HazardModel) -> list[Formula]:
    """The sum of each cause in the variables' own units, with the digits that are printed."""
    return [
        formula_of(LinearModel(0.0, row), source.bundle.preparation).rounded()
        for row in model.coefficients
    ]


def stretches_of(model: HazardModel) -> list[Stretch]:
    """Stretches of months between which any baseline hazard changes, as printed."""
    each = monthly(model.months, model.hazards)
    ends = sorted({month for own in model.months for month in own})
    return [
        Stretch(first, last, tuple(significant(float(row[first:last].sum()), 6) for row in each))
        for first, last in zip([0, *ends[:-1]], ends, strict=True)
    ]


def by_hand(stretches: Sequence[Stretch], ratios: Sequence[float]) -> list[Step]:
    """The cumulative incidence of the event, step by step.

    Parameters
    ----------
    stretches
        Baseline.
    ratios
        Hazard ratio of each cause against the average patient.

    Examples
    --------
    >>> [round(step.event, 4) for step in by_hand([Stretch(0, 6, (0.1, 0.3))], (1.0, 1.0))]
    [0.0824]
    """
    found, left, event = [], 1.0, 0.0
    for stretch in stretches:
        hazards = tuple(g * ratio for g, ratio in zip(stretch.growth, ratios, strict=True))
        total = sum(hazards)
        if total > 0:
            event += left * float(-np.expm1(-total)) * hazards[0] / total
        left *= float(np.exp(-total))
        found.append(Step(stretch, hazards, left, event))
    return found


def _equation(source: Source, formulas: Sequence[Formula]) -> Iterator[str]:
    for cause, formula in zip(CAUSES, formulas, strict=False):
        yield SUM.format(cause=cause)
        yield START.format(intercept=number_by_hand(formula.intercept))
        for term in formula.terms:
            yield SUMMAND.format(
                sign="-" if term.slope < 0 else "+",
                size=number_by_hand(abs(term.slope)),
                what=what_of(term, source.bundle.variables[term.variable]),
            )
        yield ""
    yield LAST


def _coefficients(source: Source, formulas: Sequence[Formula]) -> Table:
    bundle = source.bundle
    typical = stand_ins(bundle.variables, bundle.preparation.fill)
    slopes = [{(t.variable, t.state, t.missing): t.slope for t in f.terms} for f in formulas]
    terms = {(t.variable, t.state, t.missing): t for formula in formulas for t in formula.terms}
    rows: list[dict[str, Cell]] = []
    for key, term in sorted(terms.items(), key=lambda item: item[0][0]):
        variable = bundle.variables[term.variable]
        row: dict[str, Cell] = {
            "term": what_of(term, variable),
            "stand_in": value_text(variable, float(typical[term.variable])),
        }
        for k, own in enumerate(slopes):
            slope = own.get(key, 0.0)
            row |= {f"ratio_{k}": float(np.exp(slope)), f"slope_{k}": number_by_hand(slope)}
        rows.append(row)
    columns = [Column("term", "Term")]
    for k, cause in enumerate(CAUSES[: len(formulas)]):
        columns.append(Column(f"ratio_{k}", f"Hazard ratio, {cause}", "number", 3))
        columns.append(Column(f"slope_{k}", f"Its log, {cause}", "number"))
    return Table(
        "model-coefficients",
        COEFFICIENTS,
        (*columns, Column("stand_in", "Stand-in for a missing value")),
        tuple(rows),
        COEFFICIENTS_NOTE,
        NOTHING_MOVES,
    )


def _baseline(source: Source, stretches: Sequence[Stretch], causes: int) -> Table:
    size = cell_size_of(source.manifest)
    return Table(
        "model-baseline",
        BASELINE,
        (
            Column("first", "After month", "count"),
            Column("last", "to month", "count"),
            *(Column(f"growth_{k}", f"Growth, {CAUSES[k]}", "number") for k in range(causes)),
        ),
        tuple(
            {
                "first": one.first,
                "last": one.last,
                **{f"growth_{k}": number_by_hand(g) for k, g in enumerate(one.growth)},
            }
            for one in stretches
        ),
        BASELINE_NOTE.format(size=size),
    )


def _example(
    source: Source, model: HazardModel, formulas: Sequence[Formula], stretches: Sequence[Stretch]
) -> Iterator[Block]:
    bundle = source.bundle
    typical = np.asarray(stand_ins(bundle.variables, bundle.preparation.fill), dtype=np.float64)
    design = bundle.preparation.apply(typical[None])
    exact = float(model.incidence(model.log_ratio(design))[0, 0, -1])
    lines: list[str] = []
    ratios = []
    for cause, formula in zip(CAUSES, formulas, strict=False):
        total = formula.intercept
        lines += [SUM.format(cause=cause), ALONE.format(intercept=total)]
        for j in formula.used:
            added = float(formula.part(j, typical[j : j + 1])[0])
            total += added
            shown = value_text(bundle.variables[j], float(typical[j]))
            lines.append(
                ADDED.format(added=added, variable=named(bundle.variables[j]), value=shown)
            )
        ratios.append(float(np.exp(total)))
        lines.append(TOTAL.format(total=total, ratio=ratios[-1]))
    steps = by_hand(stretches, ratios)
    printed = steps[-1].event
    yield Paragraph(EXAMPLE.format(months=model.horizon, printed=printed, exact=exact))
    yield Verbatim("\n".join(lines), EXAMPLE_SUMS)
    yield Table(
        "model-example-steps",
        EXAMPLE_STEPS,
        (
            Column("last", "Until month", "count"),
            *(Column(f"hazard_{k}", f"h, {CAUSES[k]}", "number", 5) for k in range(model.causes)),
            Column("left", "Left", "number", 4),
            Column("event", "Event so far", "number", 4),
        ),
        tuple(
            {
                "last": step.stretch.last,
                **{f"hazard_{k}": hazard for k, hazard in enumerate(step.hazards)},
                "left": step.left,
                "event": step.event,
            }
            for step in steps
        ),
        folded=True,
    )
