"""AUROC against R, by hand and by its laws."""

from __future__ import annotations

import csv
import math
from itertools import product
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from predictor.performance.discrimination import Estimate, auroc, cross_validated_auroc

Floats = NDArray[np.float64]


def reference(shared: Path, metric: str) -> dict[str, str]:
    with (shared / "reference" / "predictions_metrics.csv").open(newline="") as file:
        return next(row for row in csv.DictReader(file) if row["metric"] == metric)


def predictions(shared: Path) -> tuple[Floats, Floats]:
    table = np.loadtxt(shared / "reference" / "predictions.csv", delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1]


@st.composite
def scored_patients(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Outcomes of both classes with tied scores."""
    outcome = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=25))]
    size = len(outcome)
    return outcome, draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))


def scheme(
    seed: int, *, n: int = 40, folds: int = 4, repeats: int = 3
) -> tuple[NDArray[np.int_], Floats, NDArray[np.int_]]:
    """A cohort with scores of some merit, tested in balanced folds."""
    rng = np.random.default_rng(seed)
    outcome = np.arange(n) % 2
    probability = 1 / (1 + np.exp(-outcome - rng.normal(size=(repeats, n))))
    fold = np.empty((repeats, n), dtype=int)
    for repeat, state in product(range(repeats), (0, 1)):
        rows = rng.permutation(np.flatnonzero(outcome == state))
        fold[repeat, rows] = np.arange(rows.size) % folds
    return outcome, probability, fold


class TestAuroc:
    @pytest.mark.parametrize("metric", ["auroc_delong", "mannwhitney_auc", "c_somers2"])
    def test_equals_r(self, shared: Path, metric: str) -> None:
        expected = float(reference(shared, metric)["value"])
        assert auroc(*predictions(shared)) == pytest.approx(expected, abs=1e-10)

    @given(scored_patients())
    def test_is_the_share_of_won_pairs(self, patients: tuple[list[int], list[int]]) -> None:
        outcome, score = patients
        pairs = [
            1.0 if a > b else 0.5 if a == b else 0.0
            for (a, ya), (b, yb) in product(zip(score, outcome, strict=True), repeat=2)
            if ya == 1 and yb == 0
        ]
        assert auroc(outcome, score) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)

    @given(scored_patients())
    def test_depends_on_order_alone(self, patients: tuple[list[int], list[int]]) -> None:
        outcome, score = patients
        assert auroc(outcome, np.exp(score)) == auroc(outcome, score)
        reversed_order = auroc(outcome, [-s for s in score])
        assert reversed_order == pytest.approx(1 - auroc(outcome, score), abs=1e-12)

    def test_constant_score_gives_exactly_one_half(self) -> None:
        for events in range(1, 50):
            assert auroc([1] * events + [0] * (50 - events), [0.3] * 50) == 0.5

    def test_infinite_scores_are_ordered_too(self) -> None:
        assert auroc([0, 0, 1, 1], [-math.inf, 0.0, 0.0, math.inf]) == 0.875

    @pytest.mark.parametrize(
        ("outcome", "score", "message"),
        [
            ([1, 1], [0.2, 0.3], "one class only"),
            ([0, 0], [0.2, 0.3], "one class only"),
            ([0, 1, 1], [0.2, 0.3], "shape"),
            ([0, 1], [0.2, math.nan], "missing values"),
            ([0, math.nan], [0.2, 0.3], "must be 0 .* or 1"),
            ([0, 2], [0.2, 0.3], "must be 0 .* or 1"),
            ([[0, 1]], [[0.2, 0.3]], "one column"),
            ([], [], "at least one patient"),
            (["yes", "no"], [0.2, 0.3], "outcome must consist of numbers"),
            ([0, 1], ["high", "low"], "score must consist of numbers"),
        ],
    )
    def test_refuses(self, outcome: object, score: object, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            auroc(outcome, score)  # type: ignore[arg-type]


class TestCrossValidatedAuroc:
    def test_by_hand(self) -> None:
        # Two folds of four, all four patients of a fold scored differently.
        #   fold 0: events .9 .4, others .5 .1 -> won pairs 3 of 4, AUROC 3/4
        #   fold 1: events .8 .7, others .6 .2 -> won pairs 4 of 4, AUROC 1
        # Estimate 7/8. Share of won comparisons less 7/8, for events then others:
        #   fold 0: 1/8 -3/8   -3/8  1/8     fold 1: 1/8 1/8   1/8 1/8
        # Each divided by (2 of its class in the fold x 2 folds); squares add up to
        #   (2 (1 + 9) / 64 + 4 / 64) / 16 = 24 / 1024; small-sample factor 4/3 -> 1/32
        outcome = [1, 1, 0, 0, 1, 1, 0, 0]
        probability = [[0.9, 0.4, 0.5, 0.1, 0.8, 0.7, 0.6, 0.2]]
        fold = [[0, 0, 0, 0, 1, 1, 1, 1]]
        reach = 1.959963984540054 * math.sqrt(1 / 32) / (7 / 64)
        low, high = (1 / (1 + math.exp(-(math.log(7) + side * reach))) for side in (-1, 1))

        estimate = cross_validated_auroc(outcome, probability, fold)

        assert estimate.value == 7 / 8
        assert (estimate.low, estimate.high) == (pytest.approx(low), pytest.approx(high))

    def test_groups_by_hand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("predictor.performance.discrimination.FEWEST_GROUPS", 2)
        # As above; each fold's two events are one group and its two others another:
        # sums in fold 0 -1/4 and -1/4, in fold 1 +1/4 and +1/4, each over 4;
        # squares 4 x 1/256; two groups of either class -> factor 2 -> 1/32 again
        outcome = [1, 1, 0, 0, 1, 1, 0, 0]
        probability = [[0.9, 0.4, 0.5, 0.1, 0.8, 0.7, 0.6, 0.2]]
        fold = [[0, 0, 0, 0, 1, 1, 1, 1]]
        grouped = cross_validated_auroc(outcome, probability, fold, group=list("aabbccdd"))
        alone = cross_validated_auroc(outcome, probability, fold)
        assert (grouped.low, grouped.high) == (pytest.approx(alone.low), pytest.approx(alone.high))

    def test_a_few_centres_give_no_interval(self) -> None:
        outcome, probability, fold = scheme(3)
        few = cross_validated_auroc(outcome, probability, fold, group=np.arange(40) % 9)
        assert (few.low, few.high) == (None, None)
        enough = cross_validated_auroc(outcome, probability, fold, group=np.arange(40) % 10)
        assert enough.low is not None
        assert few.value == enough.value

    def test_one_fold_has_delongs_variance(self, shared: Path) -> None:
        outcome, probability = predictions(shared)
        row = reference(shared, "auroc_logit_delong")
        estimate = cross_validated_auroc(outcome, probability[None], np.zeros((1, 332), dtype=int))
        assert estimate.value == pytest.approx(float(row["value"]), abs=1e-10)
        assert estimate.low == pytest.approx(float(row["lower"]), abs=1e-10)
        assert estimate.high == pytest.approx(float(row["upper"]), abs=1e-10)

    def test_repeating_a_repeat_changes_nothing(self) -> None:
        outcome, probability, fold = scheme(1, repeats=1)
        once = cross_validated_auroc(outcome, probability, fold)
        thrice = cross_validated_auroc(outcome, probability.repeat(3, 0), fold.repeat(3, 0))
        assert thrice.value == pytest.approx(once.value)
        assert (thrice.low, thrice.high) == (pytest.approx(once.low), pytest.approx(once.high))

    @given(st.integers(0, 2**32 - 1))
    def test_order_of_patients_and_names_of_folds_do_not_matter(self, seed: int) -> None:
        outcome, probability, fold = scheme(seed)
        order = np.random.default_rng(seed).permutation(outcome.size)
        before = cross_validated_auroc(outcome, probability, fold, group=np.arange(40) // 2)
        after = cross_validated_auroc(
            outcome[order], probability[:, order], 7 - fold[:, order], group=order // 2
        )
        assert after.value == pytest.approx(before.value, abs=1e-12)
        assert (after.low, after.high) == (pytest.approx(before.low), pytest.approx(before.high))

    @given(st.integers(0, 2**32 - 1))
    def test_monotone_transform_within_a_fold_does_not_matter(self, seed: int) -> None:
        outcome, probability, fold = scheme(seed)
        power = np.array([0.5, 1.0, 2.0, 3.0])[fold]
        before = cross_validated_auroc(outcome, probability, fold)
        assert cross_validated_auroc(outcome, probability**power, fold) == before

    def test_patients_of_different_folds_are_not_compared(self) -> None:
        # Within folds perfect, pooled worthless.
        estimate = cross_validated_auroc([0, 1, 0, 1], [[0.7, 0.8, 0.1, 0.2]], [[0, 0, 1, 1]])
        assert estimate == Estimate(1.0, None, None)

    def test_every_patient_twice_as_one_group_is_every_patient_once(self) -> None:
        outcome, probability, fold = scheme(5)
        once = cross_validated_auroc(outcome, probability, fold)
        twice = cross_validated_auroc(
            np.tile(outcome, 2),
            np.tile(probability, 2),
            np.tile(fold, 2),
            group=np.tile(np.arange(outcome.size), 2),
        )
        assert twice.value == pytest.approx(once.value)
        assert (twice.low, twice.high) == (pytest.approx(once.low), pytest.approx(once.high))

    def test_constant_prediction_gives_exactly_one_half_without_interval(self) -> None:
        outcome, _, fold = scheme(2)
        # Each fold has its own training prevalence.
        assert cross_validated_auroc(outcome, fold / 10, fold) == Estimate(0.5, None, None)

    def test_folds_with_one_class_are_left_out(self) -> None:
        outcome, probability, fold = scheme(3, repeats=1)
        more = cross_validated_auroc(
            np.r_[outcome, 1, 1], np.c_[probability, 0.1, 0.2], np.c_[fold, 9, 9]
        )
        assert more.value == cross_validated_auroc(outcome, probability, fold).value

    def test_one_event_has_no_interval(self) -> None:
        estimate = cross_validated_auroc([1, 0, 0], [[0.5, 0.2, 0.6]], [[0, 0, 0]])
        assert estimate == Estimate(0.5, None, None)

    def test_higher_level_gives_a_wider_interval(self) -> None:
        wide = cross_validated_auroc(*scheme(4), level=0.99)
        narrow = cross_validated_auroc(*scheme(4), level=0.8)
        assert wide.low is not None
        assert wide.high is not None
        assert narrow.low is not None
        assert narrow.high is not None
        assert 0 < wide.low < narrow.low < narrow.high < wide.high < 1

    @pytest.mark.parametrize(
        ("outcome", "probability", "fold", "message"),
        [
            ([0, 1], [[0.1, 0.2]], [[0, 1]], "no test fold"),
            ([0, 0], [[0.1, 0.2]], [[0, 0]], "one class only"),
            ([0, 1], [0.1, 0.2], [0, 0], r"shape \(repeats, 2\)"),
            ([0, 1], [[0.1, 0.2, 0.3]], [[0, 0]], "probability has shape"),
            ([0, 1], [[0.1, 1.2]], [[0, 0]], "between 0 and 1"),
            ([0, 1], [[0.1, math.nan]], [[0, 0]], "missing values"),
            ([0, 1], [[0.1, 0.2]], [[0.5, 0.5]], "whole numbers"),
        ],
    )
    def test_refuses(
        self, outcome: object, probability: object, fold: object, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            cross_validated_auroc(outcome, probability, fold)  # type: ignore[arg-type]

    def test_refuses_groups_of_another_length(self) -> None:
        with pytest.raises(ValueError, match="group has shape"):
            cross_validated_auroc([0, 1], [[0.1, 0.2]], [[0, 0]], group=["a"])

    def test_refuses_a_level_in_percent(self) -> None:
        with pytest.raises(ValueError, match=r"for example 0\.95"):
            cross_validated_auroc(*scheme(0), level=95)

    @pytest.mark.parametrize("separation", [0.0, 0.8])
    def test_interval_covers_the_truth_of_a_fixed_score(self, separation: float) -> None:
        # Two normal distributions: the AUROC is known. With 300 cohorts and true coverage 95%,
        # fewer than 275 (91.7%) happen with probability 0.005.
        truth = NormalDist().cdf(separation / math.sqrt(2))
        covered = 0
        for seed in range(300):
            outcome, _, fold = scheme(seed, n=60, folds=5, repeats=2)
            score = np.random.default_rng([seed, 1]).normal(outcome * separation)
            probability = np.tile(1 / (1 + np.exp(-score)), (2, 1))
            estimate = cross_validated_auroc(outcome, probability, fold)
            assert estimate.low is not None
            assert estimate.high is not None
            covered += estimate.low <= truth <= estimate.high
        assert covered >= 275
