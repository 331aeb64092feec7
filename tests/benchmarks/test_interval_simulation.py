"""What the simulation of intervals rests on: its populations, its methods, its file of cohorts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from interval_cohorts import (
    EVENTS,
    PREDICTORS,
    STRENGTHS,
    Population,
    covariance,
    draw,
    with_some_gaps,
)
from interval_methods import around, bias_corrected, percentile
from interval_simulation import cells, kept, one
from interval_summary import tables

from predictor.fitted.models import expit
from predictor.performance.discrimination import auroc


@pytest.mark.parametrize("strength", STRENGTHS.values())
class TestPopulation:
    @pytest.mark.slow
    def test_has_its_share_of_events_and_its_auroc(self, strength: float) -> None:
        population = Population(strength)
        random = np.random.default_rng(1)
        values, outcome = population.cohort(random, 200_000)
        assert outcome.mean() == pytest.approx(EVENTS, abs=0.005)
        if strength:
            found = auroc(outcome, population.probability(values))
            assert found == pytest.approx(population.auroc(), abs=0.005)
        else:
            assert population.auroc() == pytest.approx(0.5, abs=1e-12)

    def test_calls_a_fifth_extreme(self, strength: float) -> None:
        values = draw(np.random.default_rng(2), 100_000)
        assert Population(strength).extreme(values).mean() == pytest.approx(0.2, abs=0.01)

    def test_averages_over_what_is_missing(self, strength: float) -> None:
        """Against patients drawn given the known values."""
        population = Population(strength)
        patient = np.array([[1.0, np.nan, -0.5, np.nan, np.nan, 2.0]])
        gaps = np.isnan(patient[0])
        across = covariance()[np.ix_(gaps, ~gaps)] @ np.linalg.inv(covariance()[~gaps][:, ~gaps])
        within = covariance()[gaps][:, gaps] - across @ covariance()[np.ix_(~gaps, gaps)]
        random = np.random.default_rng(3)
        filled = np.repeat(patient, 200_000, axis=0)
        filled[:, gaps] = random.multivariate_normal(across @ patient[0, ~gaps], within, 200_000)
        expected = expit(population.intercept + filled @ population.slopes).mean()
        assert population.probability(patient)[0] == pytest.approx(expected, abs=0.003)


def test_as_many_values_are_missing_as_asked() -> None:
    values = with_some_gaps(np.random.default_rng(4), np.ones((50, PREDICTORS)), 2)
    assert (np.isnan(values).sum(axis=1) == 2).all()


class TestMethods:
    def test_percentile_leaves_out_a_fortieth_on_either_side(self) -> None:
        refits = np.random.default_rng(5).normal(size=(3, 4000))
        low, high = percentile(refits)
        each = expit(refits).T
        assert (each < low).mean(axis=0) == pytest.approx(0.025, abs=1e-3)
        assert (each > high).mean(axis=0) == pytest.approx(0.025, abs=1e-3)

    def test_without_bias_the_corrected_one_is_percentile(self) -> None:
        refits = np.random.default_rng(6).normal(size=(5, 1000))
        found = bias_corrected(refits, np.median(refits, axis=1))
        assert np.allclose(found, percentile(refits), atol=1e-9)

    def test_bias_is_corrected_twice_over(self) -> None:
        """Refits that are normal about 0.3, of a model at 0, tell of what is normal about -0.3."""
        quantiles = np.random.default_rng(7).normal(0.3, 1.0, size=(1, 200_000))
        low, high = bias_corrected(quantiles, np.zeros(1))
        expected = around(np.array([-0.3]), np.ones(1))
        assert [low[0], high[0]] == pytest.approx([expected[0][0], expected[1][0]], abs=0.01)


def test_a_line_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "cell.jsonl"
    path.write_text(json.dumps({"seed": 1}) + "\n" + '{"seed": 2, "fou')
    assert list(kept(path)) == [1]


@pytest.mark.slow
def test_every_part_gives_its_table() -> None:
    settings = {"resamples": 50, "answered": 20}
    chosen = {cell.part: cell for cell in cells(0.01) if cell.patients == 31}
    rows = {
        (cell.part, cell.kind, 31): [one(cell, seed, settings) for seed in (1, 2)]
        for cell in chosen.values()
        if cell.part != "resamples"
    }
    text = tables(rows)
    assert all(f"### {part}" in text for part in ("intervals", "gaps", "unlike"))
    assert "nan" not in text
