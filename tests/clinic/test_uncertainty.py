"""score() and what predict() makes of it: interval, gaps, distance; held against their laws."""

from __future__ import annotations

import logging
import math
import traceback
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_answers import MOMENTS, REPLICATES, full_bundle
from made_bundles import FULL, LINEAR, preparation
from scipy.special import expit, logit

from predictor.clinic.draws import over_draws
from predictor.clinic.prediction import Prediction, Predictions, predict
from predictor.clinic.uncertainty import LEVEL, score
from predictor.errors import PatientRefused
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.fitted.models import EstimatorModel
from predictor.fitted.replicates import Replicates

NAN = math.nan
QUANTILE = NormalDist().inv_cdf(0.975)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(full_bundle(tmp_path_factory.mktemp("scored") / "b"))


def of_population(count: int, seed: int = 0, gaps: float = 0.0) -> np.ndarray:
    """Patients of the population that the made-up moments describe."""
    rng = np.random.default_rng(seed)
    covariance = MOMENTS.correlation * np.outer(MOMENTS.spread, MOMENTS.spread)
    values = rng.multivariate_normal(MOMENTS.centre, covariance, count)
    values = np.where(MOMENTS.whole, np.round(values), values)
    values = np.clip(values, MOMENTS.low, MOMENTS.high)
    values[rng.random(values.shape) < gaps] = NAN
    return values


def log_odds_of_replicates(values: np.ndarray) -> np.ndarray:
    """Of patients without gaps, shape (patients, replicates), column by column."""
    columns = np.column_stack(
        [
            values[:, 0],
            np.zeros(len(values)),
            values[:, 1],
            values[:, 2],
            values[:, 3] == 0,
            values[:, 3] == 2,
        ]
    )
    return np.stack(
        [
            intercept + (columns * slope).sum(axis=1)
            for intercept, slope in zip(REPLICATES.intercept, REPLICATES.slope, strict=True)
        ],
        axis=1,
    )


class TestIntervalOfACompletePatient:
    def test_is_that_of_mean_and_variance_of_the_replicates(self, bundle: Bundle) -> None:
        values = of_population(60)
        found = score(bundle, values)
        told = log_odds_of_replicates(values)
        reach = QUANTILE * np.sqrt(np.var(told, axis=1, ddof=1))
        low, high = (expit(told.mean(axis=1) + side * reach) for side in (-1, 1))
        assert found.low == pytest.approx(np.minimum(low, found.probability), rel=1e-9)
        assert found.high == pytest.approx(np.maximum(high, found.probability), rel=1e-9)
        assert LEVEL == 0.95

    def test_the_probability_is_that_of_the_model_alone(self, bundle: Bundle) -> None:
        values = of_population(60)
        expected = LINEAR.probability(preparation().apply(values))
        np.testing.assert_allclose(score(bundle, values).probability, expected, rtol=1e-12)

    def test_nothing_is_said_to_widen_it(self, bundle: Bundle) -> None:
        assert (score(bundle, of_population(60)).widening == 0.0).all()

    def test_replicates_that_agree_more_make_it_narrower(self, bundle: Bundle) -> None:
        centre = REPLICATES.slope.mean(axis=0)
        closer = Replicates(
            0.5 * (REPLICATES.intercept + REPLICATES.intercept.mean()),
            0.5 * (REPLICATES.slope + centre),
            REPLICATES.variable,
            REPLICATES.state,
            REPLICATES.missing,
        )
        values = of_population(60)
        wide, narrow = (score(replace(bundle, replicates=r), values) for r in (REPLICATES, closer))
        inside = (wide.low < wide.probability) & (wide.probability < wide.high)
        inside &= (narrow.low < narrow.probability) & (narrow.probability < narrow.high)
        widths = [logit(s.high[inside]) - logit(s.low[inside]) for s in (wide, narrow)]
        np.testing.assert_allclose(widths[1], 0.5 * widths[0], rtol=1e-6)
        assert inside.sum() > 30


class TestGaps:
    def test_the_probability_is_the_mean_over_the_draws(self, bundle: Bundle) -> None:
        values = of_population(80, gaps=0.4)
        found = score(bundle, values)
        for patient, probability in zip(values, found.probability, strict=True):
            drawn = MOMENTS.draws(patient[None], 40)[0]
            absent = np.tile(np.isnan(patient), (40, 1))
            each = LINEAR.probability(preparation().design(drawn, absent))
            assert probability == pytest.approx(each.mean(), rel=1e-12)

    def test_the_reasons_add_up_to_the_mean_probability(self, bundle: Bundle) -> None:
        found = score(bundle, of_population(500, gaps=0.4))
        total = found.base_value + found.values.sum(axis=1)
        np.testing.assert_allclose(expit(total), found.probability, rtol=0, atol=1e-12)

    def test_what_was_measured_keeps_the_reason_it_has_in_every_draw(self, bundle: Bundle) -> None:
        values = of_population(200)
        values[:, 1] = NAN
        complete = np.where(np.isnan(values), 30.0, values)
        found, without = score(bundle, values), score(bundle, complete)
        np.testing.assert_allclose(found.values[:, [0, 2, 3]], without.values[:, [0, 2, 3]])

    def test_they_never_make_it_narrower_than_measuring_what_is_expected(
        self, bundle: Bundle
    ) -> None:
        values = of_population(500, gaps=0.4)
        values = values[np.isnan(values).any(axis=1)]
        found = over_draws(bundle, MOMENTS, values)
        assert (found.spread >= found.known_spread).all()
        scored = score(bundle, values)
        assert (scored.widening >= 0.0).all()
        assert scored.widening.max() > 0.1

    def test_the_more_is_missing_the_wider_it_is_on_average(self, bundle: Bundle) -> None:
        """For one patient it can be otherwise: an odd value that is known makes it wide too."""
        complete = of_population(1500)
        spreads, widths = [], []
        for gaps in ([], [1], [1, 0], [1, 0, 3], [1, 0, 3, 2]):
            values = complete.copy()
            values[:, gaps] = NAN
            found = score(bundle, values)
            widths.append(float((found.high - found.low).mean()))
            if gaps:
                spreads.append(float(over_draws(bundle, MOMENTS, values).spread.mean()))
        assert spreads == sorted(spreads)
        assert widths == sorted(widths)
        assert widths[-1] > 1.5 * widths[0]

    def test_a_value_that_others_tell_widens_less(self, bundle: Bundle) -> None:
        """C3 goes with the marker in these moments; in others it goes with nothing."""
        alone = replace(MOMENTS, correlation=np.eye(4))
        values = of_population(300)
        values[:, 0] = NAN
        told, untold = (
            score(replace(bundle, moments=m), values).widening.mean() for m in (MOMENTS, alone)
        )
        assert told < untold

    def test_a_gap_that_the_model_does_not_look_at_changes_nothing(self, bundle: Bundle) -> None:
        blind = replace(LINEAR, coefficients=LINEAR.coefficients * [1, 1, 0, 1, 1, 1])
        slope = REPLICATES.slope * [1, 1, 0, 1, 1, 1]
        replicates = Replicates(
            REPLICATES.intercept,
            slope,
            REPLICATES.variable,
            REPLICATES.state,
            REPLICATES.missing,
        )
        without = replace(bundle, model=blind, replicates=replicates)
        complete, gap = of_population(50), of_population(50)
        gap[:, 1] = NAN
        one, other = score(without, complete), score(without, gap)
        np.testing.assert_allclose(other.probability, one.probability, rtol=1e-9)
        np.testing.assert_allclose(other.low, one.low, rtol=1e-6)
        np.testing.assert_allclose(other.widening, 0.0, atol=1e-9)

    def test_without_moments_a_typical_value_stands_in(self, bundle: Bundle) -> None:
        bare = replace(bundle, moments=None)
        values = of_population(50, gaps=0.4)
        found = score(bare, values)
        expected = LINEAR.probability(preparation().apply(values))
        np.testing.assert_allclose(found.probability, expected, rtol=1e-12)
        assert found.distance is None
        assert (found.widening == 0.0).all()
        filled = preparation().impute(values)
        variance = REPLICATES.variance(filled, np.isnan(values))
        width = logit(found.high) - logit(found.low)
        # Wider only where it is extended to the probability.
        assert (width >= 2 * QUANTILE * np.sqrt(variance) * (1 - 1e-6)).all()


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    from sklearn.ensemble import RandomForestClassifier

    values = of_population(200, seed=9)
    outcome = (values[:, 0] + np.random.default_rng(0).normal(0, 15, 200) > 90).astype(int)
    trees = RandomForestClassifier(9, min_samples_leaf=8, random_state=0)
    fitted = trees.fit(preparation().apply(values), outcome)
    folder = tmp_path_factory.mktemp("scored") / "forest"
    return load_bundle(full_bundle(folder, EstimatorModel(fitted, "forest"), replicates=None))


class TestForest:
    def test_probability_and_reasons_are_means_over_the_draws(self, forest: Bundle) -> None:
        values = of_population(20, gaps=0.3)
        found = score(forest, values)
        assert found.scale == "probability"
        for patient, probability in zip(values, found.probability, strict=True):
            drawn = MOMENTS.draws(patient[None], 40)[0]
            absent = np.tile(np.isnan(patient), (40, 1))
            each = forest.model.probability(forest.preparation.design(drawn, absent))
            assert probability == pytest.approx(each.mean(), abs=1e-12)
        total = found.base_value + found.values.sum(axis=1)
        np.testing.assert_allclose(total, found.probability, atol=1e-9)

    @pytest.mark.parametrize("gaps", [0.0, 1.0])
    def test_one_patient_alone(self, gaps: float, forest: Bundle) -> None:
        values = of_population(1)
        values[0, 0] = NAN if gaps else values[0, 0]
        found = score(forest, values)
        assert found.low is found.high is found.widening is None
        assert 0.0 <= found.probability[0] <= 1.0

    def test_the_answer_says_that_there_is_no_interval(self, forest: Bundle) -> None:
        answer = predict(FULL | {"marker": None}, forest)
        assert answer.interval is None
        assert answer.to_dict()["interval"] is None
        assert [w.code for w in answer.warnings] == ["no_interval"]
        assert answer.applicability is not None


class TestTheSameAnswer:
    def test_twice_is_the_same_to_the_last_bit(self, bundle: Bundle) -> None:
        patient = FULL | {"marker": None}
        assert predict(patient, bundle).to_dict() == predict(patient, bundle).to_dict()

    def test_a_table_twice_is_the_same_to_the_last_bit(self, bundle: Bundle) -> None:
        values = of_population(2000, gaps=0.3)
        one, two = score(bundle, values), score(bundle, values.copy())
        for name in ("probability", "values", "low", "high", "widening", "distance"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))

    def test_a_bundle_written_and_read_again_says_the_same(
        self, bundle: Bundle, tmp_path: Path
    ) -> None:
        again = load_bundle(full_bundle(tmp_path / "b"))
        patient = FULL | {"marker": None}
        assert predict(patient, again).to_dict() == predict(patient, bundle).to_dict()

    def test_alone_and_in_a_table_the_probability_is_the_same_to_the_last_bit(
        self, bundle: Bundle
    ) -> None:
        values = of_population(10_000)
        together = score(bundle, values)
        for count in (1, 2, 3, 4, 5, 8, 100):
            few = score(bundle, values[:count])
            np.testing.assert_array_equal(few.probability, together.probability[:count])
            np.testing.assert_array_equal(few.values, together.values[:count])
        same = score(bundle, np.tile(values[:1], (37, 1)))
        assert len(set(same.probability.tolist())) == 1

    @pytest.mark.parametrize("gaps", [0.0, 0.3])
    def test_the_rest_differs_in_the_last_bits_at_most(self, gaps: float, bundle: Bundle) -> None:
        """Products of matrices add in an order that depends on how many rows there are.

        A fixed order would make them several times slower, for digits that nobody reads.
        """
        values = of_population(10_000, gaps=gaps)
        together = score(bundle, values)
        for i in range(0, 10_000, 97):
            alone = score(bundle, values[i : i + 1])
            for name in ("probability", "values", "low", "high", "widening", "distance"):
                found, expected = getattr(alone, name)[0], getattr(together, name)[i]
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)

    def test_the_order_of_the_patients_does_not_matter(self, bundle: Bundle) -> None:
        values = of_population(300, gaps=0.3)
        order = np.random.default_rng(0).permutation(300)
        one, two = score(bundle, values), score(bundle, values[order])
        np.testing.assert_allclose(two.probability, one.probability[order], rtol=1e-12)
        np.testing.assert_allclose(two.high, one.high[order], rtol=1e-12)

    def test_parts_of_a_table_fit_together(
        self, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        values = of_population(100, gaps=0.4)
        whole = score(bundle, values)
        monkeypatch.setattr("predictor.clinic.uncertainty._MOST_ROWS", 280)
        parts = score(bundle, values)
        for name in ("probability", "values", "low", "high", "widening"):
            found, expected = getattr(parts, name), getattr(whole, name)
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)

    def test_nobody(self, bundle: Bundle) -> None:
        found = score(bundle, np.zeros((0, 4)))
        assert found.probability.shape == found.low.shape == found.distance.shape == (0,)


entries = st.one_of(st.just(NAN), st.floats(1.0, 500.0))


@given(
    values=hnp.arrays(float, (5, 2), elements=entries),
    states=hnp.arrays(float, 5, elements=st.sampled_from([NAN, 0.0, 1.0])),
    organs=hnp.arrays(float, 5, elements=st.sampled_from([NAN, 0.0, 1.0, 2.0])),
)
def test_any_patient_has_an_interval_around_the_probability(
    values: np.ndarray, states: np.ndarray, organs: np.ndarray, bundle: Bundle
) -> None:
    found = score(bundle, np.column_stack([values, states, organs]))
    assert (found.low >= 0.0).all()
    assert (found.low <= found.probability).all()
    assert (found.probability <= found.high).all()
    assert (found.high <= 1.0).all()
    assert (found.widening >= 0.0).all()
    assert (found.widening <= found.high - found.low).all()
    total = found.base_value + found.values.sum(axis=1)
    np.testing.assert_allclose(expit(total), found.probability, rtol=0, atol=1e-9)
    assert np.isfinite(found.distance).all()


class TestPredict:
    def test_the_interval_and_the_place_among_the_cohort_are_answered(self, bundle: Bundle) -> None:
        answer = predict(FULL | {"marker": None}, bundle)
        found = score(bundle, np.array([[75.0, NAN, 1.0, 1.0]]))
        assert answer.interval is not None
        assert answer.interval.low == found.low[0] < answer.probability < answer.interval.high
        assert answer.interval.level == 0.95
        assert answer.interval.method == "bootstrap"
        assert answer.interval.widening == found.widening[0] > 0.0
        assert answer.applicability is not None
        assert answer.applicability.inside
        percentile = MOMENTS.percentile(found.distance)[0]
        assert answer.applicability.distance_percentile == percentile
        assert not answer.warnings

    def test_a_bundle_without_replicates_says_that_it_has_no_interval(self, bundle: Bundle) -> None:
        bare = replace(bundle, replicates=None)
        answer = predict(FULL, bare)
        assert answer.interval is None
        assert answer.to_dict()["interval"] is None
        assert [(w.code, w.where) for w in answer.warnings] == [("no_interval", "")]
        assert "Warning: this model comes without an interval." in str(answer)

    def test_the_typical_patient_is_inside_at_the_lowest_percentile(self, bundle: Bundle) -> None:
        typical = {"c3": 91.3, "marker": 33.7, "fever": "no", "organ": "kidney"}
        answer = predict(typical, bundle)
        assert answer.applicability is not None
        assert answer.applicability.inside
        assert answer.applicability.distance_percentile < 0.3
        assert "OUTSIDE" not in str(answer)

    def test_the_farther_a_patient_the_higher_the_percentile(self, bundle: Bundle) -> None:
        found = [
            predict(FULL | {"c3": c3, "marker": 33.7}, bundle).applicability
            for c3 in (90, 120, 150, 180, 250, 400)
        ]
        percentiles = [a.distance_percentile for a in found if a is not None]
        assert percentiles == sorted(percentiles)
        assert [a.inside for a in found if a is not None] == sorted(
            (a.inside for a in found if a is not None), reverse=True
        )
        assert (percentiles[0] < 0.8, percentiles[-1]) == (True, 1.0)

    def test_who_is_outside_reads_it_in_the_first_line(self, bundle: Bundle) -> None:
        answer = predict(FULL | {"c3": 480, "marker": 200}, bundle)
        assert answer.applicability is not None
        assert not answer.applicability.inside
        assert str(answer).splitlines()[0].startswith("OUTSIDE what the model knows")
        assert len(str(answer).splitlines()) <= 25

    def test_two_values_that_contradict_each_other_are_unlike_the_cohort(
        self, bundle: Bundle
    ) -> None:
        """Each alone is ordinary; C3 and the marker rise and fall together."""
        together = MOMENTS.centre + MOMENTS.spread * [1.6, 1.6, 0, 0]
        apart = MOMENTS.centre + MOMENTS.spread * [1.6, -1.6, 0, 0]
        near, far = score(bundle, np.stack([together, apart])).distance
        assert far > 1.5 * near

    def test_a_data_frame_has_the_same_answers(self, bundle: Bundle) -> None:
        frame = pd.DataFrame([FULL, FULL | {"marker": None}, FULL | {"c3": 300}])
        answers = predict(frame, bundle)
        assert isinstance(answers, Predictions)
        for row, answer in zip(frame.to_dict("records"), answers, strict=True):
            alone = predict(row, bundle)
            assert isinstance(alone, Prediction)
            assert alone.interval is not None
            assert answer.interval is not None
            assert answer.interval.low == pytest.approx(alone.interval.low, rel=1e-12)
            assert answer.applicability is not None
            assert alone.applicability is not None
            assert answer.applicability.inside == alone.applicability.inside
            expected = alone.applicability.distance_percentile
            assert answer.applicability.distance_percentile == pytest.approx(expected, abs=1e-12)


BAD: dict[str, Any] = {
    "a number": "8731.5",
    "a number with a comma": "8731,5",
    "a number with a unit": "8731.5 mg/dL",
    "infinity": math.inf,
    "text": "QZ8731",
    "a list": [8731.5],
    "a unit that is none": {"value": 87.315, "unit": "QZ8731"},
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("variable", ["c3", "fever", "organ", "patient"])
def test_no_value_of_a_patient_is_in_a_log_or_an_error(
    variable: str, case: str, bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        try:
            predict(FULL | {variable: BAD[case]}, bundle)
        except PatientRefused as refused:
            told = [str(refused), repr(refused.__cause__), *traceback.format_exception(refused)]
    assert told or variable == "patient"  # where a number or text may stand
    # The last lines of a traceback are the error; those before it are lines of programs.
    assert not [line for line in told if "8731" in line]
    assert not caplog.records


def test_an_answer_is_not_logged(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        str(predict(FULL | {"patient": "QZ8731", "c3": 87.31, "marker": None}, bundle))
    assert not caplog.records
