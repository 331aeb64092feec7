"""A worked example: one made-up patient through the equation, line by line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np

from predictor.clinic.patient import shown_value
from predictor.clinic.uncertainty import score
from predictor.clinical.variable import Variable
from predictor.explanation.formula import DIGITS, Formula, Term
from predictor.explanation.shown import Profiles
from predictor.fitted.preparation import Values
from predictor.report.contents import equation_words as words
from predictor.report.contents.clinical_text import IS_STATE, named, state_text, value_text
from predictor.report.contents.equation_charts import nomogram_of, points_of
from predictor.report.contents.profiles import fitting
from predictor.report.contents.source import Source
from predictor.report.document import Block, Cell, Column, Paragraph, Section, Table, Verbatim

TYPICAL = 0.5
"""Quantile of the probability whose profile is worked through."""

_DECIMALS = 4
_AGREES = 0.0005


def example_by_hand(source: Source, formula: Formula, profiles: Profiles | None) -> Section:
    """The sum of one profile, done as a person with a pocket calculator does it."""
    values = _values(source, profiles)
    if values is None:
        values = fitting(source.bundle.variables, source.bundle.preparation.fill)
    # With six digits and four decimals, as printed: what a reader gets, not what a program gets.
    rows, log_odds = _steps(formula.rounded(), values, source.bundle.variables)
    power = round(math.exp(-log_odds), _DECIMALS)
    denominator = round(1.0 + power, _DECIMALS)
    by_hand = round(1.0 / denominator, _DECIMALS)
    predicted = float(score(source.bundle, values[None]).probability[0])
    apart = abs(by_hand - predicted)
    agrees = words.AGREES if apart < _AGREES else words.DIFFERS
    finish = words.FINISH.format(
        log_odds=log_odds,
        minus=-log_odds,
        power=power,
        denominator=denominator,
        probability=by_hand,
    )
    blocks: list[Block] = [
        Paragraph(words.EXAMPLE_HOW.format(who=_who(profiles))),
        Table(
            "model-example-steps",
            words.STEPS,
            (
                Column("label", "Line"),
                Column("value_text", "Value"),
                Column("coefficient_text", "Coefficient", "number"),
                Column("product", "Product", "number", _DECIMALS),
                Column("sum", "Sum so far", "number", _DECIMALS),
            ),
            tuple(rows),
            words.STEPS_NOTE,
        ),
        Verbatim(finish, words.FINISH_TITLE),
        Paragraph(agrees.format(by_hand=by_hand, predicted=predicted, apart=apart)),
    ]
    blocks.extend(_by_charts(source, formula, profiles, values))
    blocks.append(_as_patient(source.bundle.variables, values))
    return Section("model-example", words.EXAMPLE, tuple(blocks))


def _values(source: Source, profiles: Profiles | None) -> Values | None:
    """Values of the profile that is worked through; None where there is none."""
    if profiles is None or not len(profiles.values):
        return None
    filled: Values = source.bundle.preparation.impute(profiles.values[[profiles.at(TYPICAL)]])
    return np.asarray(filled[0])


def _who(profiles: Profiles | None) -> str:
    if profiles is None:
        return words.STAND_IN
    named_so = words.FROM_MOMENTS if profiles.from_moments else words.SYNTHETIC
    return words.PROFILE.format(count=len(profiles.values), profiles=named_so)


def _steps(
    formula: Formula, values: Values, variables: tuple[Variable, ...]
) -> tuple[list[Mapping[str, Cell]], float]:
    """A line for the intercept and for each term, rounded on the way; and their sum."""
    total = round(formula.intercept, _DECIMALS)
    rows: list[Mapping[str, Cell]] = [
        {
            "label": words.START,
            "value_text": "",
            "value": None,
            "coefficient": formula.intercept,
            "coefficient_text": number_by_hand(formula.intercept),
            "product": total,
            "sum": total,
        }
    ]
    for term in formula.terms:
        if term.missing:
            continue  # the example has no gaps
        variable, value = variables[term.variable], float(values[term.variable])
        factor = value if term.state is None else float(value == term.state)
        product = round(term.slope * factor, _DECIMALS)
        total = round(total + product, _DECIMALS)
        rows.append(
            {
                "label": _label(term, variable),
                "value_text": value_text(variable, value),
                "value": factor,
                "coefficient": term.slope,
                "coefficient_text": number_by_hand(term.slope),
                "product": product,
                "sum": total,
            }
        )
    return rows, total


def number_by_hand(number: float) -> str:
    """Six significant digits, never as a power of ten, for which a calculator may have no key.

    >>> number_by_hand(-0.0127890281), number_by_hand(3.29190564e-06), number_by_hand(2.0)
    ('-0.012789', '0.00000329191', '2')
    """
    return f"{Decimal(f'{number:.{DIGITS}g}'):f}"


def _label(term: Term, variable: Variable) -> str:
    if term.state is None:
        return named(variable)
    return IS_STATE.format(label=variable.label, state=state_text(variable, term.state))


def _by_charts(
    source: Source, formula: Formula, profiles: Profiles | None, values: Values
) -> Iterator[Block]:
    """The same patient by points chart and nomogram."""
    chart = points_of(source, formula, profiles)
    scales = nomogram_of(source, formula)
    if chart is None or scales is None:
        return
    points, total = chart.points(values[None]), scales.points(values[None]).sum(axis=1)
    yield Paragraph(
        words.WITH_POINTS.format(
            points=int(points[0]),
            by_points=float(chart.probability(points)[0]),
            total=float(total[0]),
            by_total=float(scales.probability(total)[0]),
        )
    )


def _as_patient(variables: tuple[Variable, ...], values: Values) -> Verbatim:
    given = {v.name: shown_value(v, float(x)) for v, x in zip(variables, values, strict=True)}
    return Verbatim(
        json.dumps(given, indent=2, ensure_ascii=False), words.SAME_PATIENT, folded=True
    )


def example_of_contributions(source: Source, profiles: Profiles | None) -> Section:
    """Of a model without equation: reference and contributions of one profile add up."""
    if profiles is None:
        return Section("model-example", words.EXAMPLE, (Paragraph(words.NO_EXAMPLE),))
    variables, row = source.bundle.variables, profiles.at(TYPICAL)
    # Of a complete profile this is what predict() answers, without loading its explainer.
    design = source.bundle.preparation.apply(profiles.values[[row]])
    predicted = float(source.bundle.model.probability(design)[0])
    rows: list[Mapping[str, Cell]] = [
        {
            "label": words.REFERENCE,
            "value_text": "",
            "contribution": profiles.base_value,
            "sum": profiles.base_value,
        }
    ]
    total, parts = profiles.base_value, profiles.contributions[row]
    for j in np.argsort(-np.abs(parts), kind="stable").tolist():
        total += float(parts[j])
        rows.append(
            {
                "label": variables[j].label,
                "value_text": value_text(variables[j], float(profiles.values[row, j])),
                "contribution": float(parts[j]),
                "sum": total,
            }
        )
    who = words.OTHER_EXAMPLE.format(who=_who(profiles), predicted=predicted)
    table = Table(
        "model-example-steps",
        words.OTHER_STEPS.format(scale=profiles.scale),
        (
            Column("label", "Line"),
            Column("value_text", "Value"),
            Column("contribution", "Contribution", "number", _DECIMALS),
            Column("sum", "Sum so far", "number", _DECIMALS),
        ),
        tuple(rows),
        words.PROBABILITY_END if profiles.scale == "probability" else words.ODDS_END,
    )
    patient = _as_patient(variables, profiles.values[row])
    return Section("model-example", words.EXAMPLE, (Paragraph(who), table, patient))
