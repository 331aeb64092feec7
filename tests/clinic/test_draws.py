"""Means over draws: held against working every drawn patient out by itself."""

from __future__ import annotations

import made_bundles
import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.clinic.draws import DRAWS, over_draws
from predictor.explanation.contributions import contributions
from predictor.fitted.bundle import Bundle, load_bundle, save_bundle
from predictor.fitted.models import expit
from predictor.fitted.moments import Moments
from predictor.fitted.replicates import Replicates


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    rng = np.random.default_rng(3)
    replicates = Replicates(
        intercept=rng.normal(-0.6, 0.3, 40),
        slope=rng.normal([0.04, 0.3, 0.01, -0.8, 0.7, -1.0], 0.05, (40, 6)),
        variable=np.array([0, 0, 1, 2, 3, 3]),
        state=np.array([-1, -1, -1, -1, 0, 2]),
        missing=np.array([False, True, False, False, False, False]),
    )
    moments = Moments(
        centre=np.array([91.3, 33.7, 0.3, 1.0]),
        spread=np.array([20.1, 11.9, 0.46, 0.7]),
        correlation=np.eye(4) * 0.6 + 0.4,
        low=np.array([1.0, -np.inf, 0.0, 0.0]),
        high=np.array([500.0, np.inf, 1.0, 2.0]),
        whole=np.array([False, False, True, True]),
        distances=np.linspace(0.2, 2.0, 21),
        cutoff=1.6,
    )
    folder = tmp_path_factory.mktemp("draws") / "b"
    made = made_bundles
    save_bundle(
        folder,
        made.manifest(),
        made.preparation(),
        made.LINEAR,
        {},
        moments=moments,
        replicates=replicates,
    )
    return load_bundle(folder)


@pytest.fixture(scope="module")
def patients() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    numbers = rng.normal([90.0, 33.0], [20.0, 11.0], (90, 2))
    states = rng.integers(0, [2, 3], (90, 2))
    values = np.column_stack([numbers, states])
    values[rng.random(values.shape) < 0.4] = np.nan
    return values[np.isnan(values).any(axis=1)]


def test_a_linear_model_is_averaged_as_if_every_draw_were_a_patient(
    bundle: Bundle, patients: NDArray[np.float64]
) -> None:
    assert bundle.moments is not None
    assert bundle.replicates is not None
    found = over_draws(bundle, bundle.moments, patients)
    absent = np.isnan(patients)
    for i, each in enumerate(bundle.moments.draws(patients, DRAWS)):
        gaps = np.tile(absent[i], (DRAWS, 1))
        drawn = contributions(bundle.model, bundle.preparation, each, absent=gaps)
        probability = expit(drawn.output).mean()
        assert found.probability[i] == pytest.approx(probability, rel=1e-12)
        # What was measured keeps its reasons; the sum is that of the mean probability.
        known = ~absent[i]
        assert found.values[i, known] == pytest.approx(drawn.values[0, known], rel=1e-9, abs=1e-12)
        output = np.log(probability / (1.0 - probability))
        assert drawn.base_value + found.values[i].sum() == pytest.approx(output, abs=1e-12)
        # The law of total variance: over replicates within draws, and over draws.
        told = bundle.replicates.log_odds(each, gaps)
        total = told.var(axis=1, ddof=1).mean() + told.mean(axis=1).var()
        assert found.spread[i] == pytest.approx(total, rel=1e-9)


def test_without_the_gap_the_variance_is_that_of_the_mean_patient(
    bundle: Bundle, patients: NDArray[np.float64]
) -> None:
    assert bundle.moments is not None
    assert bundle.replicates is not None
    found = over_draws(bundle, bundle.moments, patients)
    assert (found.known_spread <= found.spread).all()
    numbers = ~np.isnan(patients[:, 2:]).any(axis=1)
    middle = bundle.moments.draws(patients[numbers], DRAWS).mean(axis=1)
    expected = bundle.replicates.variance(middle, np.isnan(patients[numbers]))
    assert found.known_spread[numbers] == pytest.approx(expected, rel=1e-9)


def test_patients_come_grouped_by_their_gaps(bundle: Bundle, patients: NDArray[np.float64]) -> None:
    assert bundle.moments is not None
    groups = list(bundle.moments.drawn(patients, 3))
    assert sorted(np.concatenate([some.rows for some in groups])) == list(range(len(patients)))
    for some in groups:
        absent = np.isnan(patients[some.rows])
        assert (np.flatnonzero(absent[0]) == some.gaps).all()
        assert (absent == absent[0]).all()
        assert some.values.shape == (len(some.rows), 3, len(some.gaps))
