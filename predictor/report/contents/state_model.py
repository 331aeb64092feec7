"""Section *The model itself* of a report on several states: thresholds, coefficients, by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from predictor.explanation.formula import Formula, formula_of
from predictor.fitted.models import LinearModel
from predictor.fitted.state_model import StateModel, state_probabilities
from predictor.fitted.state_part import StatePart
from predictor.report.contents.clinical_text import named, value_text
from predictor.report.contents.equation import what_of
from predictor.report.contents.equation_example import number_by_hand
from predictor.report.contents.profiles import stand_ins
from predictor.report.contents.source import Source
from predictor.report.document import Block, Cell, Column, Paragraph, Section, Table, Verbatim

HOW_ONE = (
    "One sum S over the variables, and a threshold for each state but the worst. The probability "
    "of a state or a better one is 1 / (1 + exp(-(threshold + S))); that of a state alone is the "
    "difference to the next."
)
HOW_SEVERAL = (
    "A sum for each state but the worst, its log-odds against the worst. The probability of a "
    "state is the exponential of its sum over 1 plus the exponentials of all sums; the worst "
    "state has 1 in place of an exponential."
)
SUM = "S ="
SUM_OF = "S({state}) ="
SUMMAND = "    {sign} {size} x {what}"
START = "    {intercept}"
THRESHOLD = "threshold of {state} or better: {value}"
LAST_ONE = "P({state} or better) = 1 / (1 + exp(-(threshold + S)))"
LAST_SEVERAL = "P({state}) = exp(S({state})) / (1 + {sums});  P({worst}) = 1 / (1 + {sums})"
POWER = "exp(S({state}))"
COEFFICIENTS = "Coefficients in the variables' own units"
COEFFICIENTS_NOTE = (
    "A state or answer counts 1 where it is there and 0 where it is not. Missing values are drawn "
    "from what the cohort suggests when the software answers; the stand-in is for a calculation "
    "by hand, which then differs from the software's answer."
)
EXAMPLE = (
    "A made-up patient with the stand-in of every variable. Coefficients as printed above; the "
    "software, with all digits, gives {exact}."
)
EXAMPLE_TITLE = "By hand"
EXAMPLE_SUMS = "Sums and probabilities"
NO_CHART = (
    "A points chart and a nomogram are drawn for models of one event; for several states there is "
    "none so far."
)
PROBABILITY = "P({state}) = {probability:.4f}"
CUMULATIVE = "P({state} or better) = 1 / (1 + exp(-({threshold} + {total}))) = {probability:.4f}"
SHARE = "{state} {probability:.1%}"


def state_model(source: Source) -> Section:
    """The equation with its thresholds, its coefficients, and a worked example.

    Parameters
    ----------
    source
        A bundle of several states, opened.
    """
    part = source.bundle.states
    if part is None:
        return Section("model", "The model itself")
    formulas = formulas_of(source, part.model)
    one = part.model.kind == "proportional_odds"
    title = source.manifest["model"]["label"]
    equation = (
        Paragraph(HOW_ONE if one else HOW_SEVERAL),
        Verbatim("\n".join(_equation(source, part, formulas)), title),
        _coefficients(source, part, formulas),
    )
    return Section(
        "model",
        "The model itself",
        parts=(
            Section("model-equation", "Equation", equation),
            Section("model-points", "Points chart and nomogram", (Paragraph(NO_CHART, "quiet"),)),
            Section("model-example", EXAMPLE_TITLE, tuple(_example(source, part, formulas))),
        ),
    )


def formulas_of(source: Source, model: StateModel) -> list[Formula]:
    """Each sum in the variables' own units, with the digits that are printed."""
    rows = [
        LinearModel(float(intercept), coefficients)
        for intercept, coefficients in zip(
            model.intercepts[-len(model.coefficients) :], model.coefficients, strict=True
        )
    ]
    return [formula_of(row, source.bundle.preparation).rounded() for row in rows]


def thresholds_of(model: StateModel, formula: Formula, best: float) -> list[float]:
    """Thresholds of proportional odds in the variables' own units, worst state first.

    Parameters
    ----------
    model
        Of proportional odds.
    formula
        Its sum with the intercept of the best state.
    best
        That intercept at the cohort's mean.
    """
    return [float(f"{formula.intercept + float(a) - best:.5e}") for a in model.intercepts]


def _equation(source: Source, part: StatePart, formulas: Sequence[Formula]) -> Iterator[str]:
    one = part.model.kind == "proportional_odds"
    for k, formula in enumerate(formulas):
        yield SUM if one else SUM_OF.format(state=part.labels[k + 1])
        if not one:
            yield START.format(intercept=number_by_hand(formula.intercept))
        for term in formula.terms:
            what = what_of(term, source.bundle.variables[term.variable])
            sign = "-" if term.slope < 0 else "+"
            size = number_by_hand(abs(term.slope))
            yield SUMMAND.format(sign=sign, size=size, what=what)
        if not formula.terms:
            yield START.format(intercept="0")
        yield ""
    if one:
        best = float(part.model.intercepts[-1])
        found = thresholds_of(part.model, formulas[0], best)
        for label, value in zip(part.labels[1:], found, strict=True):
            yield THRESHOLD.format(state=label, value=number_by_hand(value))
        yield ""
        yield LAST_ONE.format(state="a state")
        return
    sums = " + ".join(POWER.format(state=label) for label in part.labels[1:])
    yield LAST_SEVERAL.format(state="a state", worst=part.labels[0], sums=sums).replace(
        "S(a state)", "S(this state)"
    )


def _coefficients(source: Source, part: StatePart, formulas: Sequence[Formula]) -> Table:
    bundle = source.bundle
    typical = stand_ins(bundle.variables, bundle.preparation.fill)
    one = part.model.kind == "proportional_odds"
    rows: list[dict[str, Cell]] = []
    for term in formulas[0].terms:
        key = (term.variable, term.state, term.missing)
        row: dict[str, Cell] = {
            "term": what_of(term, bundle.variables[term.variable]),
            "stand_in": value_text(bundle.variables[term.variable], float(typical[term.variable])),
        }
        for k, formula in enumerate(formulas):
            found = {(t.variable, t.state, t.missing): t.slope for t in formula.terms}
            row[f"sum_{k}"] = number_by_hand(found.get(key, 0.0))
        rows.append(row)
    heads = ["Log-odds per unit"] if one else [f"{label}, per unit" for label in part.labels[1:]]
    return Table(
        "model-coefficients",
        COEFFICIENTS,
        (
            Column("term", "Term"),
            *(Column(f"sum_{k}", head, "number") for k, head in enumerate(heads)),
            Column("stand_in", "Stand-in for a missing value"),
        ),
        tuple(rows),
        COEFFICIENTS_NOTE,
        "Nothing moves the states.",
    )


def _example(source: Source, part: StatePart, formulas: Sequence[Formula]) -> Iterator[Block]:
    bundle, model = source.bundle, part.model
    typical = np.asarray(stand_ins(bundle.variables, bundle.preparation.fill), dtype=np.float64)
    exact = model.probability(bundle.preparation.apply(typical[None]))[0]
    told = ", ".join(
        SHARE.format(state=label, probability=share)
        for label, share in zip(part.labels, exact, strict=True)
    )
    yield Paragraph(EXAMPLE.format(exact=told))
    lines: list[str] = []
    totals = []
    one = model.kind == "proportional_odds"
    for k, formula in enumerate(formulas):
        lines.append(SUM if one else SUM_OF.format(state=part.labels[k + 1]))
        total = 0.0 if one else formula.intercept
        if not one:
            lines.append(START.format(intercept=number_by_hand(formula.intercept)))
        for j in formula.used:
            added = float(formula.part(j, typical[j : j + 1])[0])
            total += added
            variable = bundle.variables[j]
            shown = value_text(variable, float(typical[j]))
            lines.append(f"    {added:+.4f}   {named(variable)}: {shown}")
        lines.append(f"    = {total:.4f}")
        totals.append(total)
    if one:
        found = thresholds_of(model, formulas[0], float(model.intercepts[-1]))
        log_odds = np.array(found) + totals[0]
        for label, threshold, value in zip(part.labels[1:], found, log_odds, strict=True):
            lines.append(
                CUMULATIVE.format(
                    state=label,
                    threshold=f"{threshold:.4f}",
                    total=f"{totals[0]:.4f}",
                    probability=float(1.0 / (1.0 + np.exp(-value))),
                )
            )
    else:
        log_odds = np.array(totals)
    for label, share in zip(part.labels, state_probabilities(model.kind, log_odds), strict=True):
        lines.append(PROBABILITY.format(state=label, probability=share))
    yield Verbatim("\n".join(lines), EXAMPLE_SUMS)
