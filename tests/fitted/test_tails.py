"""Probabilities next to 0 and 1, held against SciPy and against their own log-odds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special

from predictor import predict
from predictor.clinic.prediction import Prediction
from predictor.fitted.models import expit, mean_over_draws

# Measured values, some of them missing, far from every patient of the shipped models.
FAR = (
    ("remission", {"anti_dsdna": 885, "c4": 8, "crp": 44, "platelets": 158, "proteinuria": 672}),
    (
        "remission",
        {"anti_dsdna": 885, "c3": 69, "c4": 9.5, "crp": 88, "platelets": 75, "proteinuria": 576},
    ),
    ("remission", {"anti_dsdna": 3000, "c3": 40, "c4": 3, "crp": 300, "platelets": 700}),
    ("relapse", {"c3": 62, "c4": 9, "crp": 8, "platelets": 1500}),
    ("relapse", {"anti_dsdna": 60, "c3": 62, "c4": 9, "crp": 8, "platelets": 1500}),
)


def test_probabilities_have_all_their_digits_on_both_sides() -> None:
    log_odds = np.linspace(-744.0, 744.0, 29_761)
    # An exponential magnifies the rounding of its argument: 744 ulp at most, below 2e-13.
    expected = np.exp(special.log_expit(log_odds))
    assert expit(log_odds) == pytest.approx(expected, rel=2e-13, abs=1e-310)
    assert (expit(log_odds)[log_odds > -740] > 0).all()


@pytest.mark.parametrize("middle", [-2000.0, -600.0, -40.0, 0.0, 40.0, 600.0, 2000.0])
@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0, 400.0])
def test_means_over_draws_are_those_of_their_logarithms(middle: float, spread: float) -> None:
    each = np.random.default_rng(7).normal(middle, spread, (25, 40))
    probability, output = mean_over_draws(each)
    above = special.logsumexp(special.log_expit(each), axis=1)
    below = special.logsumexp(special.log_expit(-each), axis=1)
    assert output == pytest.approx(above - below, rel=1e-12, abs=1e-12)
    expected = np.exp(above - math.log(40))
    assert probability == pytest.approx(expected, rel=1e-10, abs=1e-300)
    assert np.isfinite(output).all()


def test_a_patient_has_the_same_mean_alone_and_among_others() -> None:
    each = np.random.default_rng(8).normal(-300.0, 300.0, (200, 40))
    together = mean_over_draws(each)
    for i, alone in enumerate(each):
        for one, all_of_them in zip(mean_over_draws(alone[None, :]), together, strict=True):
            assert one[0] == all_of_them[i]


@pytest.mark.parametrize(("model", "patient"), FAR)
def test_the_reasons_add_up_to_the_log_odds_of_the_probability(
    model: str, patient: dict[str, Any]
) -> None:
    found = predict(patient, model=model)
    assert isinstance(found, Prediction)
    assert 0.0 < found.probability < 1.0
    output = found.base_value + math.fsum(part.contribution for part in found.contributions)
    if found.probability < 0.5:
        log_odds = math.log(found.probability) - math.log1p(-found.probability)
        assert output == pytest.approx(log_odds, abs=1e-6)
    else:  # a double next to 1 has lost the digits that the output still has
        assert found.probability == pytest.approx(1.0 / (1.0 + math.exp(-output)), rel=1e-15)
    assert found.interval is not None
    assert found.interval.low <= found.probability <= found.interval.high
