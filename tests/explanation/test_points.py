"""Formula, points chart and nomogram say what the model says, within what they state."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_bundles import LINEAR, PREDICTORS, preparation, save

from predictor.clinic.patient import shown_value
from predictor.clinic.prediction import predict
from predictor.clinical.variable import Range, Variable
from predictor.explanation.chart_ends import charted, within
from predictor.explanation.formula import formula_of, significant
from predictor.explanation.nomogram import nomogram, readable_marks
from predictor.explanation.points import (
    LARGE_LOSS,
    LENGTHS,
    SMALL_LOSS,
    loss,
    points_chart,
    shortest_chart,
    widest,
)
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.fitted.models import LinearModel, expit
from predictor.fitted.preparation import DesignColumn, Preparation
from predictor.learning.procedure import Fitted

Fit = Callable[..., Fitted]

FITTED = ["one_predictor", "firth", "ridge", "elastic_net"]


def random_patients(
    prepared: Preparation, variables: tuple[Variable, ...], seed: int, n: int = 1000
) -> np.ndarray:
    """Complete patients with values anywhere inside the charts."""
    generator = np.random.default_rng(seed)
    columns = []
    for j, variable in enumerate(variables):
        if variable.kind == "continuous":
            low, high = charted(prepared, variables, j)
            column = generator.uniform(low, high, n)
            # The chart of whole numbers ends at whole numbers.
            whole = np.round(column).clip(np.ceil(low), np.floor(high))
            columns.append(whole if variable.integer else column)
        else:
            columns.append(generator.integers(0, len(variable.states), n).astype(float))
    return np.column_stack(columns)


def predicted(values: np.ndarray, bundle: Bundle) -> np.ndarray:
    """What ``predict()`` answers for complete patients."""
    answers = []
    for row in values:
        given_values = zip(bundle.variables, row, strict=True)
        patient = {v.name: shown_value(v, float(x)) for v, x in given_values}
        answers.append(predict(patient, bundle).probability)
    return np.array(answers)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with a number, a gap that counts, a yes or no and states."""
    return load_bundle(save(tmp_path_factory.mktemp("made") / "bundle"))


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return load_bundle("remission")


@pytest.fixture(scope="module", params=["made", "shipped"])
def bundle(request: pytest.FixtureRequest) -> Bundle:
    found: Bundle = request.getfixturevalue(request.param)
    return found


def test_chart_and_nomogram_reproduce_predict_for_1000_random_patients(bundle: Bundle) -> None:
    assert isinstance(bundle.model, LinearModel)
    formula = formula_of(bundle.model, bundle.preparation)
    values = random_patients(bundle.preparation, bundle.variables, seed=1)
    answers = predicted(values, bundle)
    np.testing.assert_allclose(expit(formula.log_odds(values)), answers, atol=1e-12)
    for length in LENGTHS:
        chart = points_chart(formula, bundle.preparation, bundle.variables, length)
        assert chart is not None
        points = chart.points(values)
        assert ((chart.range[0] <= points) & (points <= chart.range[1])).all()
        apart = np.abs(chart.probability(points) - answers)
        assert apart.max() <= chart.largest_difference
        assert apart.max() > chart.largest_difference / 20
    scales = nomogram(formula, bundle.preparation, bundle.variables)
    assert scales is not None
    apart = np.abs(scales.probability(scales.points(values).sum(axis=1)) - answers)
    assert apart.max() <= scales.largest_difference < 0.05


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("seed", [2, 3])
def test_fitted_models_are_reproduced_with_and_without_gaps(
    name: str, seed: int, fit_to_cohort: Fit, variables: tuple[Variable, ...]
) -> None:
    fitted = fit_to_cohort(name)
    model, prepared = fitted.model, fitted.preparation
    assert isinstance(model, LinearModel)
    own = variables[: len(prepared.names)]
    formula = formula_of(model, prepared)
    values = random_patients(prepared, own, seed)
    # Where the bundle has no moments, a gap is the stand-in value: exact in both.
    if name != "one_predictor":
        gap = np.random.default_rng(seed).random(len(values)) < 0.2
        values[gap, 0] = np.nan
    filled, absent = prepared.impute(values), np.isnan(values)
    answers = model.probability(prepared.apply(values))
    np.testing.assert_allclose(expit(formula.log_odds(filled, absent)), answers, atol=1e-12)
    chart = points_chart(formula, prepared, own, 20)
    scales = nomogram(formula, prepared, own)
    assert chart is not None
    assert scales is not None
    apart = np.abs(chart.probability(chart.points(filled, absent)) - answers)
    assert apart.max() <= chart.largest_difference
    total = scales.points(filled, absent).sum(axis=1)
    assert np.abs(scales.probability(total) - answers).max() <= scales.largest_difference


@given(seed=st.integers(0, 2**32 - 1), length=st.sampled_from(LENGTHS))
def test_any_linear_model_is_reproduced_within_the_bound(seed: int, length: int) -> None:
    generator = np.random.default_rng(seed)
    prepared = preparation()
    coefficients = generator.normal(size=6) * generator.choice([0.0, 0.01, 1.0, 5.0], 6)
    model = LinearModel(float(generator.normal()), coefficients)
    formula = formula_of(model, prepared)
    values = random_patients(prepared, PREDICTORS, seed, 200)
    chart = points_chart(formula, prepared, PREDICTORS, length)
    scales = nomogram(formula, prepared, PREDICTORS)
    if not coefficients.any():
        assert chart is None
        assert scales is None
        return
    assert chart is not None
    assert scales is not None
    exact = model.probability(prepared.apply(values))
    apart = np.abs(chart.probability(chart.points(values)) - exact)
    assert apart.max() <= chart.largest_difference + 1e-12
    read = scales.probability(scales.points(values).sum(axis=1))
    assert np.abs(read - exact).max() <= scales.largest_difference + 1e-12


def test_charts_offer_no_value_outside_the_limits_of_the_population(bundle: Bundle) -> None:
    assert isinstance(bundle.model, LinearModel)
    formula = formula_of(bundle.model, bundle.preparation)
    numbers = [j for j in formula.used if bundle.variables[j].kind == "continuous"]
    limits = {}
    for j in numbers:
        low, high = charted(bundle.preparation, bundle.variables, j)
        limits[bundle.variables[j].name] = Range(low + 0.3137 * (high - low), high - 0.21 * high)
    variables = within(bundle.variables, limits)
    values = random_patients(bundle.preparation, variables, seed=6)
    exact = expit(formula.log_odds(values))
    for length in LENGTHS:
        chart = points_chart(formula, bundle.preparation, variables, length)
        assert chart is not None
        for scale in chart.scales:
            limit = limits.get(bundle.variables[scale.variable].name)
            for stretch in scale.numbers:
                assert limit is not None
                assert limit.contains(stretch.low)
                assert limit.contains(stretch.high)
        apart = np.abs(chart.probability(chart.points(values)) - exact)
        assert apart.max() <= chart.largest_difference
    scales = nomogram(formula, bundle.preparation, variables)
    assert scales is not None
    for mark in scales.marks:
        if mark.value is not None and not mark.missing:
            assert limits[bundle.variables[mark.variable].name].contains(mark.value)
    apart = np.abs(scales.probability(scales.points(values).sum(axis=1)) - exact)
    assert apart.max() <= scales.largest_difference


def test_a_chart_offers_no_impossible_value(bundle: Bundle) -> None:
    assert isinstance(bundle.model, LinearModel)
    formula = formula_of(bundle.model, bundle.preparation)
    for length in LENGTHS:
        chart = points_chart(formula, bundle.preparation, bundle.variables, length)
        assert chart is not None
        for scale in chart.scales:
            plausible = bundle.variables[scale.variable].plausible
            for stretch in scale.numbers if plausible else ():
                assert plausible.contains(stretch.low)
                assert plausible.contains(stretch.high)


def test_a_point_goes_on_beyond_the_chart() -> None:
    formula = formula_of(LINEAR, preparation())
    chart = points_chart(formula, preparation(), PREDICTORS, 20)
    assert chart is not None
    scale = next(s for s in chart.scales if s.variable == 1)
    last, step = scale.numbers[-1], scale.step
    assert last.high is not None
    assert step is not None
    assert not scale.rises  # its coefficient is negative: the last stretch has no points
    outside = np.array([last.high + 0.01 * step, last.high + 0.99 * step, last.high + 1.01 * step])
    points = scale.points(outside, np.zeros(3, dtype=bool))
    assert points.tolist() == [last.points - 1, last.points - 1, last.points - 2]


def test_far_outside_the_chart_the_points_still_follow_the_model(shipped: Bundle) -> None:
    assert isinstance(shipped.model, LinearModel)
    formula = formula_of(shipped.model, shipped.preparation)
    chart = points_chart(formula, shipped.preparation, shipped.variables, 20)
    assert chart is not None
    for scale in chart.scales:
        low, high = charted(shipped.preparation, shipped.variables, scale.variable)
        values = np.linspace(high, high + 10 * (high - low), 500)
        points = scale.points(values, np.zeros(500, dtype=bool))
        exact = formula.part(scale.variable, values)
        # Its step is rounded to four digits: one part in two thousand of what lies beyond.
        beyond = np.abs(exact - exact[0]) / 2000
        rest = exact - chart.unit * points
        assert (rest >= scale.error[0] - 0.05 * chart.unit - beyond).all()
        assert (rest <= scale.error[1] + 0.05 * chart.unit + beyond).all()


def test_variables_without_a_coefficient_are_in_no_chart() -> None:
    model = LinearModel(-0.5, np.array([0.8, 0.0, 0.0, 0.0, 0.0, 0.0]))
    formula = formula_of(model, preparation())
    chart = points_chart(formula, preparation(), PREDICTORS, 10)
    assert chart is not None
    assert formula.used == (0,)
    assert [scale.variable for scale in chart.scales] == [0]


def test_a_model_without_any_effect_has_no_chart() -> None:
    formula = formula_of(LinearModel(-0.5, np.zeros(6)), preparation())
    assert points_chart(formula, preparation(), PREDICTORS, 10) is None
    assert nomogram(formula, preparation(), PREDICTORS) is None
    assert shortest_chart(formula, preparation(), PREDICTORS, np.ones((3, 4))) is None


def test_a_gap_alone_can_have_points() -> None:
    model = LinearModel(-0.5, np.array([0.0, 0.9, 0.0, 0.0, 0.0, 0.0]))
    formula = formula_of(model, preparation())
    chart = points_chart(formula, preparation(), PREDICTORS, 10)
    assert chart is not None
    values = np.array([[80.0, 1.0, 0.0, 0.0], [90.0, 1.0, 0.0, 0.0]])
    absent = np.array([[False] * 4, [True, False, False, False]])
    assert chart.points(values, absent).tolist() == [0, 10]


def test_stretches_of_whole_numbers_are_whole_numbers(
    fit_to_cohort: Fit, variables: tuple[Variable, ...]
) -> None:
    fitted = fit_to_cohort("ridge")
    assert isinstance(fitted.model, LinearModel)
    formula = formula_of(fitted.model, fitted.preparation)
    chart = points_chart(formula, fitted.preparation, variables, 10)
    assert chart is not None
    scale = next(s for s in chart.scales if s.variable == 1)
    ends = [(s.low, s.high) for s in scale.numbers]
    assert all(low == int(low) and high == int(high) for low, high in ends if low and high)
    assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(ends) if a[1])


def test_a_longer_chart_loses_less_and_the_shortest_good_one_is_taken(shipped: Bundle) -> None:
    assert isinstance(shipped.model, LinearModel)
    formula = formula_of(shipped.model, shipped.preparation)
    values = random_patients(shipped.preparation, shipped.variables, seed=4)
    losses = []
    for length in LENGTHS:
        chart = points_chart(formula, shipped.preparation, shipped.variables, length)
        assert chart is not None
        losses.append(loss(chart, formula, values))
    means = [each.mean for each in losses]
    assert means == sorted(means, reverse=True)
    taken = shortest_chart(formula, shipped.preparation, shipped.variables, values)
    assert taken is not None
    found = loss(taken, formula, values)
    good = [e for e in losses if e.mean <= SMALL_LOSS and e.largest <= LARGE_LOSS]
    assert found == (good or losses[-1:])[0]
    assert found.mean <= found.largest <= taken.largest_difference


def test_printed_digits_are_enough_for_four_decimals(shipped: Bundle) -> None:
    assert isinstance(shipped.model, LinearModel)
    formula = formula_of(shipped.model, shipped.preparation)
    values = random_patients(shipped.preparation, shipped.variables, seed=5)
    printed = expit(formula.rounded().log_odds(values))
    np.testing.assert_allclose(printed, expit(formula.log_odds(values)), atol=5e-5)


def test_formula_by_hand() -> None:
    one = Preparation(
        ("x",), np.array([2.0]), (), (DesignColumn("x", 0),), np.array([10.0]), np.array([4.0])
    )
    formula = formula_of(LinearModel(-1.0, np.array([0.8])), one)
    # -1 + 0.8 (x - 10) / 4 = -3 + 0.2 x
    assert formula.intercept == pytest.approx(-3.0)
    assert formula.slope(0) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("low", "high", "first", "last"), [(0, 1, 0, 1), (-3.1, 3.1, -3, 3), (0.1, 155.4, 20, 140)]
)
def test_marks_are_round_and_inside(low: float, high: float, first: float, last: float) -> None:
    marks = readable_marks(low, high)
    assert (marks[0], marks[-1]) == (first, last)
    assert 5 <= len(marks) <= 9


def test_two_log_odds_lie_apart_the_farthest_around_one_half() -> None:
    centres = np.linspace(-4, 4, 4001)
    apart = expit(centres + 0.15) - expit(centres - 0.15)
    assert widest(0.3) == pytest.approx(float(apart.max()), abs=1e-9)


def test_significant_digits() -> None:
    assert significant(0.00012345678, 3) == 0.000123
