"""Logistic regression over draws of what is missing, against another optimiser and by laws."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from predictor.errors import LearningError
from predictor.fitted.models import expit
from predictor.learning.fit_over_draws import Formula, Gaps, fit_over_draws, log_likelihood
from predictor.learning.newton import newton_logistic


def with_gaps(n: int = 300, draws: int = 8, seed: int = 2) -> tuple[Formula, np.ndarray]:
    """Two columns and a known part; every other patient has draws that lie far apart."""
    rng = np.random.default_rng(seed)
    columns, known = rng.standard_normal((n, 2)), 0.3 * rng.standard_normal(n)
    place = np.where(np.arange(n) % 2 == 0, np.arange(n) // 2, -1)
    some = place >= 0
    drawn = columns[some][:, None] + rng.standard_normal((some.sum(), draws, 2))
    drawn_known = known[some][:, None] + 1.5 * rng.standard_normal((some.sum(), draws))
    formula = Formula(columns, known, Gaps(place, drawn, drawn_known), drawn, drawn_known)
    p = expit(formula.log_odds(np.array([-0.4, 1.6, -0.8])))
    return formula, (rng.random(n) < p).astype(float)


def mean_probability(formula: Formula, position: np.ndarray) -> np.ndarray:
    """The probability, by its definition."""
    assert formula.gaps is not None
    assert formula.drawn_columns is not None
    assert formula.drawn_known is not None
    p = 1 / (1 + np.exp(-(formula.known + position[0] + formula.columns @ position[1:])))
    each = formula.drawn_known + position[0] + formula.drawn_columns @ position[1:]
    for row, place in enumerate(formula.gaps.place):
        if place >= 0:
            p[row] = (1 / (1 + np.exp(-each[place]))).mean()
    return np.asarray(p)


@pytest.mark.parametrize("penalty", [0.0, 6.0])
def test_the_likelihood_of_the_mean_probability_is_maximised(penalty: float) -> None:
    formula, outcome = with_gaps()

    def lost(position: np.ndarray) -> float:
        p = mean_probability(formula, position)
        found = outcome * np.log(p) + (1 - outcome) * np.log(1 - p)
        return float(-found.sum() + 0.5 * penalty * (position[1:] ** 2).sum())

    best = scipy.optimize.minimize(lost, np.zeros(3), method="BFGS", options={"gtol": 1e-6})
    found = fit_over_draws(formula, outcome, "here", penalty=penalty)
    assert found == pytest.approx(best.x, abs=1e-4)
    assert lost(found) <= best.fun + 1e-9
    rough = fit_over_draws(formula, outcome, "here", penalty=penalty, start=np.zeros(3))
    assert rough == pytest.approx(found, abs=1e-7)


def test_slopes_are_the_differences_of_the_log_odds() -> None:
    formula, _ = with_gaps(40)
    for position in (np.array([0.2, -0.7, 0.5]), np.array([30.0, 4.0, -9.0])):
        slopes = formula.slopes(position)
        for k, step in enumerate(1e-5 * np.eye(3)):
            ahead, behind = formula.log_odds(position + step), formula.log_odds(position - step)
            assert slopes[:, k] == pytest.approx((ahead - behind) / 2e-5, rel=1e-4, abs=1e-6)


def test_equal_draws_are_a_patient_without_gaps() -> None:
    formula, outcome = with_gaps()
    assert formula.gaps is not None
    some = formula.gaps.place >= 0
    columns = np.repeat(formula.columns[some][:, None], 5, axis=1)
    known = np.repeat(formula.known[some][:, None], 5, axis=1)
    same = Formula(
        formula.columns, formula.known, Gaps(formula.gaps.place, columns, known), columns, known
    )
    alone = newton_logistic(formula.columns, outcome, offset=formula.known)
    wanted = np.r_[alone.intercept, alone.coefficients]
    assert fit_over_draws(same, outcome, "here") == pytest.approx(wanted, abs=1e-8)
    plain = fit_over_draws(Formula(formula.columns, formula.known), outcome, "here")
    assert plain.tolist() == wanted.tolist()


def test_a_patient_named_twice_counts_twice() -> None:
    formula, outcome = with_gaps(120)
    assert formula.gaps is not None
    which = np.repeat(np.arange(120), 2)
    twice = Formula(
        formula.columns[which],
        formula.known[which],
        formula.gaps.rows(which),
        formula.drawn_columns,
        formula.drawn_known,
    )
    once = fit_over_draws(formula, outcome, "here", penalty=2.0)
    again = fit_over_draws(twice, outcome[which], "here", penalty=4.0)
    assert again == pytest.approx(once, abs=1e-7)


def test_separated_outcomes_have_no_estimate() -> None:
    formula, _ = with_gaps()
    start = np.zeros(3)
    split = (formula.slopes(start)[:, 1] > 0).astype(float)
    with pytest.raises(LearningError, match="separate"):
        fit_over_draws(formula, split, "here")


def test_the_log_likelihood_is_that_of_the_probabilities() -> None:
    log_odds, outcome = np.array([0.3, -2.0, 700.0]), np.array([1.0, 0.0, 1.0])
    assert log_likelihood(log_odds, outcome) == pytest.approx(
        np.log(expit(np.array([0.3, 2.0]))).sum()
    )
