"""Moments against scipy's normal distribution and distances; files that nobody should trust."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_answers import CORRELATION, MOMENTS, full_bundle
from made_bundles import forge, reseal
from scipy.spatial.distance import mahalanobis
from scipy.stats import chi2, multivariate_normal, norm

from predictor.errors import BundleError
from predictor.fitted.bundle import load_bundle
from predictor.fitted.moments import FILE, Moments, normal_points

NAN = math.nan
COVARIANCE = CORRELATION * np.outer(MOMENTS.spread, MOMENTS.spread)


def moments(**changes: Any) -> Moments:
    """The made-up ones, of numbers without bounds unless said otherwise."""
    names = ("centre", "spread", "correlation", "distances", "cutoff")
    given = {name: getattr(MOMENTS, name) for name in names}
    free = {
        "low": np.full(4, -np.inf),
        "high": np.full(4, np.inf),
        "whole": np.zeros(4, dtype=bool),
    }
    return Moments(**(given | free | changes))


class TestDistance:
    def test_of_a_complete_patient_is_mahalanobis_per_variable(self) -> None:
        inverse = np.linalg.inv(COVARIANCE)
        rng = np.random.default_rng(1)
        for _ in range(20):
            patient = MOMENTS.centre + rng.normal(size=4) * 2 * MOMENTS.spread
            expected = mahalanobis(patient, MOMENTS.centre, inverse) / math.sqrt(4)
            assert MOMENTS.distance(patient[None])[0] == pytest.approx(expected, rel=1e-12)

    def test_agrees_with_the_density_of_the_normal_distribution(self) -> None:
        density = multivariate_normal(MOMENTS.centre, COVARIANCE)
        patients = density.rvs(30, random_state=2)
        expected = 2 * (density.logpdf(MOMENTS.centre) - density.logpdf(patients))
        np.testing.assert_allclose(4 * MOMENTS.distance(patients) ** 2, expected, rtol=1e-10)

    def test_of_the_typical_patient_is_zero(self) -> None:
        assert MOMENTS.distance(MOMENTS.centre[None])[0] == 0.0

    def test_gaps_do_not_make_rare_patients(self) -> None:
        """As many of the same population lie beyond a distance, whatever is known of them."""
        rng = np.random.default_rng(4)
        patients = rng.multivariate_normal(MOMENTS.centre, COVARIANCE, 20_000)
        cutoff = np.quantile(moments().distance(patients), 0.95)
        for gaps in ([0], [1, 2], [0, 1, 3]):
            some = patients.copy()
            some[:, gaps] = NAN
            assert (moments().distance(some) > cutoff).mean() == pytest.approx(0.05, abs=0.01)

    def test_of_nothing_known_is_zero(self) -> None:
        assert MOMENTS.distance(np.full((1, 4), NAN))[0] == 0.0

    def test_of_nobody_is_nothing(self) -> None:
        assert MOMENTS.distance(np.zeros((0, 4))).shape == (0,)

    @given(
        patient=hnp.arrays(float, 4, elements=st.floats(-1e3, 1e3)),
        further=st.floats(1.01, 100.0),
    )
    def test_grows_along_every_ray_from_the_centre(
        self, patient: np.ndarray, further: float
    ) -> None:
        away = patient - MOMENTS.centre
        near, far = MOMENTS.distance(
            np.stack([MOMENTS.centre + away, MOMENTS.centre + further * away])
        )
        assert far == pytest.approx(further * near, rel=1e-9)

    @given(
        patients=hnp.arrays(float, (7, 4), elements=st.one_of(st.just(NAN), st.floats(-1e4, 1e4)))
    )
    def test_each_patient_has_the_distance_they_have_alone(self, patients: np.ndarray) -> None:
        together = MOMENTS.distance(patients)
        alone = [MOMENTS.distance(patient[None])[0] for patient in patients]
        np.testing.assert_allclose(together, alone, rtol=1e-12)
        assert np.isfinite(together).all()

    def test_many_variables_have_their_patterns_told_apart(self) -> None:
        """More than eight, so that a pattern needs more than one byte."""
        count = 11
        rng = np.random.default_rng(3)
        basis = rng.normal(size=(count, count))
        covariance = basis @ basis.T + np.eye(count)
        scale = np.sqrt(np.diag(covariance))
        many = Moments(
            np.zeros(count),
            scale,
            covariance / np.outer(scale, scale),
            np.full(count, -np.inf),
            np.full(count, np.inf),
            np.zeros(count, dtype=bool),
            np.array([0.0, 1.0]),
            1.0,
        )
        patients = rng.normal(size=(200, count))
        patients[rng.random(patients.shape) < 0.5] = NAN
        for patient, found in zip(patients, many.distance(patients), strict=True):
            known = ~np.isnan(patient)
            part = covariance[np.ix_(known, known)]
            squared = patient[known] @ np.linalg.inv(part) @ patient[known]
            # The cube root is nearly normal, least so where nobody looks: close to the centre.
            expected = by_quantile(squared, known.sum(), count)
            assert found == pytest.approx(expected, rel=0.02 if expected > 0.7 else 0.5)


def by_quantile(squared: float, known: int, variables: int) -> float:
    """The distance that is as rare where all variables are known, by scipy's chi-square."""
    if not known:
        return 0.0
    return math.sqrt(chi2.isf(chi2.sf(squared, known), variables) / variables)


class TestPercentile:
    def test_is_the_share_of_the_cohort_that_is_nearer(self) -> None:
        found = MOMENTS.percentile(np.array([0.2, 1.1, 2.0]))
        assert found == pytest.approx([0.0, 0.5, 1.0], abs=1e-12)

    def test_ends_at_nobody_and_everybody(self) -> None:
        assert MOMENTS.percentile(np.array([0.0, 1e9])).tolist() == [0.0, 1.0]

    @given(st.lists(st.floats(0, 10), min_size=2, max_size=20))
    def test_never_falls_with_distance(self, distances: list[float]) -> None:
        found = MOMENTS.percentile(np.sort(distances))
        assert (np.diff(found) >= 0).all()
        assert ((found >= 0) & (found <= 1)).all()


class TestNormalPoints:
    @pytest.mark.parametrize(("count", "dimensions"), [(40, 1), (40, 6), (200, 3)])
    def test_each_dimension_holds_the_same_quantiles(self, count: int, dimensions: int) -> None:
        points = normal_points(count, dimensions)
        assert points.shape == (count, dimensions)
        expected = norm.ppf((np.arange(count) + 0.5) / count)
        for column in points.T:
            np.testing.assert_allclose(np.sort(column), expected, atol=1e-8)

    def test_dimensions_hardly_go_together(self) -> None:
        correlation = np.corrcoef(normal_points(40, 10).T)
        assert np.abs(correlation - np.eye(10)).max() < 0.1

    def test_they_are_always_the_same_and_nobody_can_change_them(self) -> None:
        np.testing.assert_array_equal(normal_points(40, 3), normal_points(40, 3))
        with pytest.raises(ValueError, match="read-only"):
            normal_points(40, 3)[0] = 0.0

    def test_a_further_dimension_leaves_the_others(self) -> None:
        np.testing.assert_array_equal(normal_points(40, 5)[:, :3], normal_points(40, 3))


class TestDraws:
    def test_one_gap_by_hand(self) -> None:
        """Two variables: mean rho * z, variance 1 - rho^2, in standard deviations."""
        two = Moments(
            np.array([10.0, 100.0]),
            np.array([2.0, 20.0]),
            np.array([[1.0, 0.6], [0.6, 1.0]]),
            np.full(2, -np.inf),
            np.full(2, np.inf),
            np.zeros(2, dtype=bool),
            np.array([0.0, 1.0]),
            1.0,
        )
        drawn = two.draws(np.array([[13.0, NAN]]), 40)
        assert drawn.shape == (1, 40, 2)
        assert (drawn[0, :, 0] == 13.0).all()
        quantiles = norm.ppf((np.arange(40) + 0.5) / 40)
        expected = 100.0 + 20.0 * (0.6 * 1.5 + 0.8 * quantiles)
        np.testing.assert_allclose(np.sort(drawn[0, :, 1]), expected, rtol=1e-8)

    @pytest.mark.parametrize(
        "missing", [(0,), (3,), (0, 1), (1, 2, 3), (0, 1, 2, 3)], ids=lambda gaps: f"{gaps}"
    )
    def test_mean_and_covariance_are_those_of_the_conditional_normal_distribution(
        self, missing: tuple[int, ...]
    ) -> None:
        patient = np.array([60.0, 45.0, 0.1, 1.4])
        gaps = list(missing)
        known = [j for j in range(4) if j not in missing]
        expected = MOMENTS.centre[gaps]
        covariance = COVARIANCE[np.ix_(gaps, gaps)]
        if known:
            across = COVARIANCE[np.ix_(gaps, known)]
            inverse = np.linalg.inv(COVARIANCE[np.ix_(known, known)])
            expected = expected + across @ inverse @ (patient - MOMENTS.centre)[known]
            covariance = covariance - across @ inverse @ across.T
        patient[gaps] = NAN
        drawn = moments().draws(patient[None], 20_000)[0]
        np.testing.assert_array_equal(drawn[:, known], np.tile(patient[known], (20_000, 1)))
        np.testing.assert_allclose(drawn[:, gaps].mean(axis=0), expected, rtol=1e-8)
        scale = np.sqrt(np.diag(covariance))
        found = np.atleast_2d(np.cov(drawn[:, gaps].T)) / np.outer(scale, scale)
        np.testing.assert_allclose(found, covariance / np.outer(scale, scale), atol=0.03)

    def test_the_conditional_mean_is_where_the_joint_density_is_highest(self) -> None:
        """An independent source: scipy's density, searched by small steps."""
        density = multivariate_normal(MOMENTS.centre, COVARIANCE)
        patient = np.array([NAN, 20.0, 0.9, 0.2])
        middle = moments().draws(patient[None], 40)[0].mean(axis=0)
        best = density.logpdf(middle)
        for step in (-0.5, 0.5):
            assert density.logpdf(middle + np.array([step, 0, 0, 0])) < best

    def test_bounds_hold_and_whole_numbers_stay_whole(self) -> None:
        drawn = MOMENTS.draws(np.full((1, 4), NAN), 500)[0]
        assert set(np.unique(drawn[:, 2])) == {0.0, 1.0}
        assert set(np.unique(drawn[:, 3])) == {0.0, 1.0, 2.0}
        narrow = moments(low=np.array([80.0, -np.inf, 0, 0]), high=np.array([95.0, 40, 1, 2]))
        drawn = narrow.draws(np.full((1, 4), NAN), 500)[0]
        assert (drawn[:, 0].min(), drawn[:, 0].max(), drawn[:, 1].max()) == (80.0, 95.0, 40.0)

    def test_the_same_values_are_completed_in_the_same_way(self) -> None:
        patient = np.array([[NAN, 30.0, NAN, 1.0]])
        np.testing.assert_array_equal(MOMENTS.draws(patient, 40), MOMENTS.draws(patient, 40))

    def test_nobody_and_nothing_missing_are_no_trouble(self) -> None:
        assert MOMENTS.draws(np.zeros((0, 4)), 40).shape == (0, 40, 4)
        complete = np.array([[80.0, 30.0, 1.0, 2.0]])
        np.testing.assert_array_equal(
            MOMENTS.draws(complete, 3), np.repeat(complete[:, None], 3, axis=1)
        )

    @given(
        patients=hnp.arrays(float, (6, 4), elements=st.one_of(st.just(NAN), st.floats(-1e4, 1e4)))
    )
    def test_what_is_known_stays_and_every_gap_is_filled(self, patients: np.ndarray) -> None:
        drawn = MOMENTS.draws(patients, 8)
        assert np.isfinite(drawn).all()
        for i in range(8):
            known = ~np.isnan(patients)
            np.testing.assert_array_equal(drawn[:, i][known], patients[known])

    def test_variables_that_nearly_repeat_each_other_can_be_drawn(self) -> None:
        """Age is age at onset and duration together; what remains of it is rounding."""
        almost = np.array([[1.0, 1 - 2e-7], [1 - 2e-7, 1.0]])
        twins = moments(
            centre=np.zeros(4),
            spread=np.ones(4),
            correlation=np.kron(np.eye(2), almost),
        )
        drawn = twins.draws(np.array([[1.0, NAN, NAN, NAN]]), 40)[0]
        np.testing.assert_allclose(drawn[:, 1], 1.0, atol=2e-3)
        assert np.isfinite(drawn).all()
        Moments.from_dict(twins.to_dict(), 4)


# ------------------------------------------------------------------------------------------- files

DATA = MOMENTS.to_dict()


def test_moments_are_read_again_bit_for_bit() -> None:
    text = json.dumps(DATA, allow_nan=False)
    again = Moments.from_dict(json.loads(text), 4)
    for name in ("centre", "spread", "correlation", "low", "high", "whole", "distances"):
        np.testing.assert_array_equal(getattr(again, name), getattr(MOMENTS, name))
    assert again.cutoff == MOMENTS.cutoff
    patient = np.array([[60.0, NAN, 1.0, NAN]])
    np.testing.assert_array_equal(again.draws(patient, 40), MOMENTS.draws(patient, 40))


def test_moments_of_no_variable_are_read_again() -> None:
    """A model of the prevalence alone has none."""
    none = Moments(*(np.zeros(0),) * 2, np.zeros((0, 0)), *(np.zeros(0),) * 2,
                   np.zeros(0, dtype=bool), np.array([0.0, 1.0]), 1.0)  # fmt: skip
    again = Moments.from_dict(none.to_dict(), 0)
    assert again.distance(np.zeros((3, 0))).tolist() == [0.0, 0.0, 0.0]
    assert again.draws(np.zeros((3, 0)), 5).shape == (3, 5, 0)


NOT_POSITIVE = [[1.0, 0.9, 0, 0], [0.9, 1.0, 0.9, 0], [0, 0.9, 1.0, 0], [0, 0, 0, 1.0]]
ALMOST_ONE = [[1.0, 1.0, 0, 0], [1.0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]]
LOPSIDED = [[1.0, 0.5, 0, 0], [0.1, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]]
NO_CORRELATION = [[4.0, 0.5, 0, 0], [0.5, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]]

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "centre too short": ({"centre": [1.0, 2.0, 3.0]}, "differ in length"),
    "centre of text": ({"centre": ["1", 2.0, 3.0, 4.0]}, "a list of numbers"),
    "centre of flags": ({"centre": [True, 2.0, 3.0, 4.0]}, "a list of numbers"),
    "centre infinite": ({"centre": [10**400, 2.0, 3.0, 4.0]}, "not finite"),
    "centre null": ({"centre": None}, "a list of numbers"),
    "spread zero": ({"spread": [0.0, 1.0, 1.0, 1.0]}, "a spread is not positive"),
    "spread negative": ({"spread": [-1.0, 1.0, 1.0, 1.0]}, "a spread is not positive"),
    "correlation in three rows": ({"correlation": np.eye(4).tolist()[:3]}, "differ in length"),
    "correlation with a short row": (
        {"correlation": [*np.eye(4).tolist()[:3], [0.0, 1.0]]},
        "differ in length",
    ),
    "correlation of a mapping": ({"correlation": {"0": [1.0]}}, "differ in length"),
    "correlation lopsided": ({"correlation": LOPSIDED}, "not symmetric"),
    "correlation not positive": ({"correlation": NOT_POSITIVE}, "contradicts itself"),
    "two variables as one": ({"correlation": ALMOST_ONE}, "contradicts itself"),
    "a covariance": ({"correlation": NO_CORRELATION}, "no correlation"),
    "low too short": ({"low": [None]}, "differ in length"),
    "low of text": ({"low": ["1", None, None, None]}, "a list of numbers"),
    "bounds reversed": ({"low": [600.0, None, 0.0, 0.0]}, "bounds are reversed"),
    "whole of numbers": ({"whole": [0, 0, 1, 1]}, "a flag"),
    "whole too short": ({"whole": [True]}, "differ in length"),
    "one distance": ({"distances": [1.0]}, "distances must rise"),
    "distances falling": ({"distances": [0.0, 2.0, 1.0]}, "distances must rise"),
    "a distance below zero": ({"distances": [-1.0, 2.0]}, "distances must rise"),
    "cutoff of text": ({"cutoff": "1.0"}, "a list of numbers"),
    "cutoff null": ({"cutoff": None}, "a list of numbers"),
    "cutoff below zero": ({"cutoff": -1.0}, "cut-off"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_no_training_writes_is_refused(case: str) -> None:
    changes, rule = BROKEN[case]
    with pytest.raises(BundleError, match=rf"moments\.json: in the moments .*{rule}"):
        Moments.from_dict(copy.deepcopy(DATA) | changes, 4)


@pytest.mark.parametrize("name", DATA)
def test_a_missing_entry_is_refused(name: str) -> None:
    data = {key: value for key, value in DATA.items() if key != name}
    with pytest.raises(BundleError, match="the moments are incomplete"):
        Moments.from_dict(data, 4)


@pytest.mark.parametrize("data", [None, [], 5, "moments", [DATA]])
def test_what_is_no_mapping_is_refused(data: object) -> None:
    with pytest.raises(BundleError, match="a mapping was expected"):
        Moments.from_dict(data, 4)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=16,
)


@given(
    name=st.sampled_from(sorted(DATA)),
    entry=anything | st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
)
def test_any_entry_is_refused_or_makes_moments(name: str, entry: Any) -> None:
    try:
        found = Moments.from_dict(DATA | {name: entry}, 4)
    except BundleError as error:
        assert "moments" in str(error)  # noqa: PT017 - or none at all
    else:
        patients = np.array([[60.0, NAN, 1.0, NAN], [50.0, 40.0, 0.0, 2.0]])
        assert np.isfinite(found.distance(patients)).all()
        assert np.isfinite(found.draws(patients, 5)).all()


# ---------------------------------------------------------------------------------- in the bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return full_bundle(tmp_path / "b")


def test_a_bundle_keeps_the_moments(bundle: Path) -> None:
    found = load_bundle(bundle).moments
    assert found is not None
    assert found.to_dict() == DATA


def test_the_moments_belong_to_what_the_models_digest_covers(bundle: Path, tmp_path: Path) -> None:
    bare = full_bundle(tmp_path / "bare", moments=None)
    assert load_bundle(bare).digest != load_bundle(bundle).digest


@pytest.mark.parametrize("how", ["missing", "cut", "altered", "empty"])
def test_moments_that_were_changed_after_writing_are_refused_by_name(
    how: str, bundle: Path
) -> None:
    path = bundle / FILE
    data = path.read_bytes()
    changed = {"cut": data[:-1], "altered": data.replace(b"9", b"8", 1), "empty": b""}
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[how])
    with pytest.raises(BundleError, match=r"moments\.json"):
        load_bundle(bundle)


@pytest.mark.parametrize("case", ["spread zero", "cutoff null", "correlation not positive"])
def test_forged_moments_with_right_digests_are_refused_by_name(case: str, bundle: Path) -> None:
    changes, rule = BROKEN[case]
    forge(bundle, FILE, **changes)
    with pytest.raises(BundleError, match=rf"moments\.json: in the moments .*{rule}"):
        load_bundle(bundle)


@pytest.mark.parametrize("content", ['{"centre": [NaN]}', "[" * 5000, "{", "\x00", ""])
def test_a_file_that_is_no_json_is_refused_by_name(content: str, bundle: Path) -> None:
    (bundle / FILE).write_text(content)
    reseal(bundle)
    with pytest.raises(BundleError, match=r"moments\.json: the file is damaged"):
        load_bundle(bundle)


def test_moments_of_other_predictors_are_refused(tmp_path: Path) -> None:
    three = Moments.from_dict(
        {
            **DATA,
            **{name: DATA[name][:3] for name in ("centre", "spread", "low", "high", "whole")},
            "correlation": [row[:3] for row in DATA["correlation"][:3]],
        },
        3,
    )
    with pytest.raises(BundleError, match=r"moments\.json: .*differ in length"):
        load_bundle(full_bundle(tmp_path / "b", moments=three))
