"""Section e of a report: the model itself, so that it can be used and checked without software."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from predictor.clinic.uncertainty import score
from predictor.clinical.variable import Variable
from predictor.explanation.formula import Formula, Term, formula_of, significant
from predictor.explanation.shown import Profiles
from predictor.fitted.models import EstimatorModel, LinearModel, expit
from predictor.report.contents import equation_words as words
from predictor.report.contents.clinical_text import (
    ABSENT,
    IS_STATE,
    named,
    state_text,
    unit_of,
    value_text,
)
from predictor.report.contents.equation_charts import nomogram_part, points_part
from predictor.report.contents.equation_example import (
    example_by_hand,
    example_of_contributions,
    number_by_hand,
)
from predictor.report.contents.profiles import profiles_of, stand_ins
from predictor.report.contents.source import Source
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Listing,
    Paragraph,
    Section,
    Table,
    Verbatim,
)

_MOST_LEFT_OUT = 30
_PROFILES_WITH_GAPS = 50
_FITTED_DIGITS = 2


def the_model(source: Source) -> Section:
    """The equation, a points chart, a nomogram and a worked example.

    Parameters
    ----------
    source
        The bundle, opened.

    Returns
    -------
    Section
        ``model`` with the parts model-equation, model-points, model-nomogram and model-example. Of
        a model that has no equation they say why, and what the bundle holds instead.
    """
    model, profiles = source.bundle.model, profiles_of(source)
    if isinstance(model, LinearModel):
        formula = formula_of(model, source.bundle.preparation)
        parts = (
            _equation(source, formula, profiles),
            points_part(source, formula, profiles),
            nomogram_part(source, formula, profiles),
            example_by_hand(source, formula, profiles),
        )
    else:
        nothing = (Paragraph(words.NO_CHART),)
        parts = (
            _no_equation(source, model, profiles),
            Section("model-points", words.POINTS, nothing),
            Section("model-nomogram", words.NOMOGRAM, nothing),
            example_of_contributions(source, profiles),
        )
    return Section("model", words.TITLE, parts=parts)


def _equation(source: Source, formula: Formula, profiles: Profiles | None) -> Section:
    manifest = source.manifest
    outcome = manifest["outcome"]
    title = words.EQUATION_TITLE.format(outcome=outcome["label"], horizon=outcome["horizon"])
    blocks: list[Block] = [
        Paragraph(words.HOW.format(outcome=outcome["label"])),
        Verbatim(equation_text(formula, source.bundle.variables), title),
        _coefficients(source, formula),
        Paragraph(words.BUNDLE_TELLS, "quiet"),
        Listing(
            tuple(_transformations(source, formula, profiles)),
            words.TRANSFORMATIONS,
        ),
    ]
    if not formula.used:
        probability = float(expit(np.array([formula.intercept]))[0])
        blocks[0] = Paragraph(words.CONSTANT.format(probability=probability))
    return Section("model-equation", words.EQUATION, tuple(blocks))


def equation_text(formula: Formula, variables: tuple[Variable, ...]) -> str:
    """The equation in the variables' units, with the digits that a calculator needs.

    Parameters
    ----------
    formula
        The model.
    variables
        The predictors, in their order.
    """
    printed = formula.rounded()
    lines = [words.HEAD, words.FIRST.format(intercept=number_by_hand(printed.intercept))]
    for term in printed.terms:
        counted = term.state is None and not term.missing
        binary = counted and variables[term.variable].kind == "binary"
        template = words.SUMMAND if counted and not binary else words.CONDITION
        lines.append(
            template.format(
                sign="-" if term.slope < 0 else "+",
                size=number_by_hand(abs(term.slope)),
                what=what_of(term, variables[term.variable]),
            )
        )
    return "\n".join([*lines, "", words.LAST])


def what_of(term: Term, variable: Variable) -> str:
    """What a term stands for."""
    if term.missing:
        return ABSENT.format(label=variable.label)
    if term.state is not None:
        return IS_STATE.format(label=variable.label, state=state_text(variable, term.state))
    if variable.kind == "binary":
        return words.YES.format(label=variable.label)
    return named(variable)


def _coefficients(source: Source, formula: Formula) -> Table:
    bundle = source.bundle
    preparation = bundle.preparation
    rows: list[Mapping[str, Cell]] = []
    slopes = {(t.variable, t.state, t.missing): t.slope for t in formula.terms}
    observed = _observed_spreads(source)
    typical = stand_ins(bundle.variables, preparation.fill)
    # Neither mean nor deviation of a column as it was fitted: with its gaps filled in they tell how
    # many there are, and of a state how many patients have it.
    for k, column in enumerate(preparation.columns):
        variable = bundle.variables[column.variable]
        slope = slopes.get((column.variable, column.state, column.missing), 0.0)
        spread: float | None = None
        if variable.kind == "continuous" and not column.missing:
            fitted = significant(float(preparation.scale[k]), _FITTED_DIGITS)
            spread = observed.get(variable.name) if observed else fitted
        step = spread if variable.kind == "continuous" and not column.missing else 1.0
        rows.append(
            {
                "term": what_of(
                    Term(column.variable, slope, column.state, column.missing), variable
                ),
                "variable": variable.name,
                "unit": unit_of(variable),
                "coefficient": slope,
                "coefficient_text": number_by_hand(slope),
                "odds_ratio": None if step is None else float(np.exp(slope * step)),
                "standard_deviation": spread,
                "stand_in": value_text(variable, float(typical[column.variable])),
            }
        )
    return Table(
        "model-coefficients",
        words.COEFFICIENTS,
        (
            Column("term", "Term"),
            Column("coefficient_text", "Log-odds per unit", "number"),
            Column("standard_deviation", "Standard deviation", "number"),
            Column("odds_ratio", "Odds ratio", "number", 2),
            Column("stand_in", "Stand-in for a missing value"),
        ),
        tuple(rows),
        words.COEFFICIENTS_NOTE.format(
            outcome=source.manifest["outcome"]["label"],
            spread=words.SPREAD_OBSERVED if observed else words.SPREAD_FITTED,
        ),
        words.NO_EFFECT,
    )


def _observed_spreads(source: Source) -> Mapping[str, float]:
    """Standard deviations that Table 1 prints, by variable; empty where there is no Table 1."""
    table = (source.findings.get("patients") or {}).get("table_one") or {}
    return {
        str(row["variable"]): float(row["all_sd"])
        for row in table.get("rows", ())
        if row.get("all_sd") is not None
    }


def _transformations(source: Source, formula: Formula, profiles: Profiles | None) -> Iterator[str]:
    bundle, variables = source.bundle, source.bundle.variables
    if bundle.preparation.columns:
        yield words.STANDARDISED
    yield words.NOTHING_ELSE
    if any(variables[j].kind != "continuous" for j in formula.used):
        yield words.CODING
    unused = [v.label for j, v in enumerate(variables) if j not in formula.used]
    if unused:
        yield words.UNUSED.format(names="; ".join(unused))
    if formula.used:
        yield _gaps(source, formula, profiles)
    if bundle.preparation.regressions and bundle.moments is not None:
        yield words.CHAINED
    yield words.REFUSED


def _gaps(source: Source, formula: Formula, profiles: Profiles | None) -> str:
    """What becomes of a missing value, and how far the calculation by hand is off then."""
    if source.bundle.moments is None:
        chained = bool(source.bundle.preparation.regressions)
        return words.GAPS_PREDICTED if chained else words.GAPS_FILLED
    if profiles is None or len(formula.names) > _MOST_LEFT_OUT:
        return words.GAPS_DRAWN.format(measured=words.GAPS_UNMEASURED)
    complete = profiles.values[:_PROFILES_WITH_GAPS]
    apart = []
    for j in formula.used:
        values = complete.copy()
        values[:, j] = np.nan
        filled = np.where(np.isnan(values), formula.fill, values)
        by_hand = expit(formula.log_odds(filled, np.isnan(values)))
        apart.append(np.abs(by_hand - score(source.bundle, values).probability))
    measured = words.GAPS_MEASURED.format(
        count=len(complete),
        profiles=words.FROM_MOMENTS if profiles.from_moments else words.SYNTHETIC,
        mean=100 * float(np.mean(apart)),
        largest=100 * float(np.max(apart)),
    )
    return words.GAPS_DRAWN.format(measured=measured)


def _no_equation(source: Source, model: EstimatorModel, profiles: Profiles | None) -> Section:
    setting: Mapping[str, Any] = source.manifest["model"].get("setting") or {}
    pairs = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in setting.items())
    holds = [
        words.HOLDS_ESTIMATOR.format(setting=words.SETTING.format(setting=pairs) if pairs else ""),
        words.HOLDS_PREPARATION,
    ]
    if profiles is not None and not profiles.from_moments:
        holds.append(words.HOLDS_CONTRIBUTIONS.format(count=len(profiles.values)))
    holds.append(words.HOLDS_PREDICT)
    return Section(
        "model-equation",
        words.EQUATION,
        (
            Paragraph(words.OTHER[model.kind]),
            Listing(tuple(holds), words.HOLDS),
            Paragraph(words.BUNDLE_TELLS, "quiet"),
        ),
    )
