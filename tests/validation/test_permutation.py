"""Permutation: exact where the null holds, by enumeration and by simulation; refusals; words."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from predictor.errors import LearningError
from predictor.performance.discrimination import auroc
from predictor.validation.permutation import (
    PermutedOutcomes,
    Signal,
    permutation_p,
    permuted_outcomes,
    signal,
)


def draw(outcome: Any, group: Any = None, kind: str = "none", **options: Any) -> PermutedOutcomes:
    codes = None if group is None else np.asarray(group, dtype=np.int64)
    settings = {"permutations": 19, "seed": 0} | options
    return permuted_outcomes(np.asarray(outcome, dtype=np.int8), codes, kind, **settings)


def found(p_value: float, permutations: int = 199, **changes: Any) -> Signal:
    hits = round(p_value * (permutations + 1)) - 1
    figures = np.r_[np.ones(hits), np.zeros(permutations - hits)]
    return signal("AUROC", 0.8, figures, "rule", **changes)


# ---- the p-value


@pytest.mark.parametrize(
    ("permuted", "p"),
    [
        ([0.1] * 19, 1 / 20),
        ([0.9] * 19, 1.0),
        ([0.7] + [0.1] * 18, 2 / 20),  # a tie is a hit
        ([0.7 - 1e-13] + [0.1] * 18, 2 / 20),  # also one by rounding
        ([0.7 - 1e-11] + [0.1] * 18, 1 / 20),
        ([float("nan")] * 2 + [0.1] * 17, 3 / 20),
    ],
)
def test_the_p_value_by_hand(permuted: list[float], p: float) -> None:
    assert permutation_p(0.7, permuted) == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize("observed", [float("nan"), float("inf")])
def test_a_real_figure_that_is_not_defined_is_refused(observed: float) -> None:
    with pytest.raises(LearningError, match="figure of the real cohort is not defined"):
        permutation_p(observed, [0.1] * 19)


def test_no_permutation_is_refused() -> None:
    with pytest.raises(LearningError, match="there is no permutation to compare with"):
        permutation_p(0.5, [])


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_monte_carlo_interval_is_that_of_clopper_and_pearson(hits: int, missed: int) -> None:
    permutations = hits + missed
    if not permutations:
        return
    got = signal("AUROC", 0.8, np.r_[np.ones(hits), np.zeros(missed)], "rule")
    expected = stats.binomtest(hits, permutations).proportion_ci(0.95, method="exact")
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert got.low <= got.p_value <= got.high


# ---- who exchanges with whom


def test_single_patients_keep_the_number_of_events_and_take_every_order() -> None:
    outcome = np.array([1, 1, 1, 0, 0, 0])
    drawn = draw(outcome, permutations=4000).outcome
    assert drawn.shape == (4000, 6)
    assert drawn.dtype == np.int8
    orders = Counter(map(bytes, drawn))
    assert len(orders) == math.comb(6, 3)
    # uniform over the 20 orders: chi-square with 19 degrees of freedom
    assert stats.chisquare(list(orders.values())).pvalue > 0.001


def test_the_p_value_agrees_with_the_enumeration_of_all_orders() -> None:
    rng = np.random.default_rng(8)
    score = rng.normal(size=8)
    outcome = np.array([0, 1, 0, 0, 1, 0, 1, 0])
    observed = auroc(outcome, score)
    every = []
    for events in itertools.combinations(range(8), 3):
        other = np.zeros(8, int)
        other[list(events)] = 1
        every.append(auroc(other, score))
    exact = np.mean(np.array(every) >= observed - 1e-12)
    drawn = draw(outcome, permutations=2000)
    got = signal("AUROC", observed, [auroc(y, score) for y in drawn.outcome], drawn.rule)
    assert got.low <= exact <= got.high


def test_codes_that_name_every_patient_once_change_nothing() -> None:
    outcome = np.r_[np.ones(5), np.zeros(7)]
    plain, named = draw(outcome), draw(outcome, np.arange(12)[::-1], "patient")
    assert "Every patient may exchange" in named.rule
    assert "Rows are taken for patients" in plain.rule
    assert (named.outcome.sum(axis=1) == 5).all()


def test_rows_that_are_taken_for_patients_are_permuted_whatever_the_codes() -> None:
    outcome = np.r_[np.ones(5), np.zeros(5)]
    drawn = draw(outcome, np.repeat([0, 1], 5), "none")
    assert (drawn.outcome == draw(outcome).outcome).all()


def test_outcomes_stay_in_their_centre() -> None:
    rng = np.random.default_rng(1)
    centre = rng.integers(0, 4, 60) * 7
    outcome = (rng.random(60) < 0.2 + 0.02 * centre).astype(np.int8)
    drawn = draw(outcome, centre, "centre", permutations=50)
    for code in np.unique(centre):
        assert (drawn.outcome[:, centre == code].sum(axis=1) == outcome[centre == code].sum()).all()
    assert len({bytes(row) for row in drawn.outcome}) > 40
    assert "within a centre only, because" in drawn.rule


def histories(outcome: Any, patient: Any) -> Counter[tuple[int, ...]]:
    return Counter(tuple(outcome[patient == code].tolist()) for code in np.unique(patient))


def test_patients_exchange_all_their_rows_in_their_order() -> None:
    patient = np.array([5, 5, 2, 2, 9, 9, 1, 7, 5, 3, 3, 4, 4, 0, 0])
    outcome = np.array([1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1])
    drawn = draw(outcome, patient, "patient", permutations=400)
    for row in drawn.outcome:
        assert histories(row, patient) == histories(outcome, patient)
        # the only patient with three rows has nobody to exchange with
        assert row[patient == 5].tolist() == [1, 0, 0]
    # (1,1) (0,1) (0,0) (1,1) (0,1) among five patients: 30 ways; 0 and 1 among two: 2 ways
    orders = Counter(map(bytes, drawn.outcome))
    assert len(orders) == 60
    assert "all their rows together" in drawn.rule


def test_repeated_rows_within_centres_stay_whole_and_inside() -> None:
    patient = np.repeat(np.arange(24), 2)
    centre = patient // 8
    rng = np.random.default_rng(4)
    outcome = rng.integers(0, 2, 48).astype(np.int8)
    drawn = draw(outcome, centre, "centre", patient=patient)
    for row in drawn.outcome:
        for code in range(3):
            inside = centre == code
            assert histories(row[inside], patient[inside]) == histories(
                outcome[inside], patient[inside]
            )
    assert "within a centre only" in drawn.rule
    assert "all their rows together" in drawn.rule


def test_a_patient_in_two_centres_is_refused() -> None:
    with pytest.raises(LearningError, match="a patient is in more than one centre"):
        draw([0, 1] * 10, [0, 1] * 10, "centre", patient=np.repeat(np.arange(10), 2))


def test_the_same_seed_gives_the_same_and_a_longer_run_continues_a_shorter_one() -> None:
    outcome, group = np.tile([0, 1, 1], 20), np.repeat(np.arange(6), 10)
    short = draw(outcome, group, "centre", seed=3).outcome
    long = draw(outcome, group, "centre", seed=3, permutations=60).outcome
    assert (short == long[:19]).all()
    assert (short != draw(outcome, group, "centre", seed=4).outcome).any()


# ---- where no p-value could be reached


@pytest.mark.parametrize(
    ("outcome", "group", "kind", "ways"),
    [
        ([1, 1, 0, 0, 0], None, "none", "10 different ways"),
        ([1] * 30, None, "none", "1 different way "),
        ([1] * 15 + [0] * 15, [0] * 15 + [1] * 15, "centre", "1 different way "),  # one class each
        ([1, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 2, 2], "centre", "9 different ways"),
        ([0, 1] * 20, np.repeat(np.arange(20), 2), "patient", "1 different way "),  # all alike
        ([0] * 10 + [1] * 10, np.repeat([0, 1], 10), "patient", "2 different ways"),
        (
            [0, 1, 0, 1, 0, 1, 1],
            [0, 1, 1, 2, 2, 2, 2],  # 1, 2 and 4 rows: nobody to exchange with
            "patient",
            "1 different way ",
        ),
    ],
)
def test_too_few_ways_are_refused_with_their_number(
    outcome: Any, group: Any, kind: str, ways: str
) -> None:
    with pytest.raises(LearningError, match=f"can stand in {ways}"):
        draw(outcome, group, kind)


def test_20_ways_are_just_enough() -> None:
    assert draw([1, 1, 1, 0, 0, 0]).outcome.shape == (19, 6)
    with pytest.raises(LearningError, match="can stand in 15 different ways only"):
        draw([1, 1, 0, 0, 0, 0])


@pytest.mark.parametrize("permutations", [-1, 0, 18])
def test_fewer_than_19_permutations_are_refused(permutations: int) -> None:
    with pytest.raises(LearningError, match=r"no p-value can reach 0\.05\. Ask for at least 19"):
        draw([0, 1] * 10, permutations=permutations)


def test_groups_that_are_missing_or_of_unknown_kind_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="needs the groups"):
        draw([0, 1] * 10, None, "centre")
    with pytest.raises(ValueError, match="kind must be"):
        draw([0, 1] * 10, np.arange(20), "hospital")


# ---- exactness


def rejections(cohorts: int, make: Any, *, kind: str, permutations: int = 19) -> np.ndarray:
    """P-values of a cheap figure over cohorts in which predictor and outcome are unrelated."""
    values = []
    for number in range(cohorts):
        predictor, outcome, group = make(np.random.default_rng((77, number)))
        try:
            drawn = permuted_outcomes(outcome, group, kind, permutations=permutations, seed=number)
        except LearningError:
            values.append(1.0)
            continue
        figures = drawn.outcome @ predictor  # higher in events, as their number is fixed
        values.append(permutation_p(float(outcome @ predictor), figures))
    return np.array(values)


def at_most(p_values: np.ndarray, alpha: float) -> bool:
    """Whether the rate of p <= alpha agrees with at most alpha (exact one-sided test at 0.001)."""
    hits = int((p_values <= alpha).sum())
    return bool(stats.binomtest(hits, p_values.size, alpha, alternative="greater").pvalue > 0.001)


def single(rng: np.random.Generator) -> Any:
    return rng.normal(size=31), rng.permutation(np.r_[np.ones(11), np.zeros(20)]).astype("i1"), None


def tied(rng: np.random.Generator) -> Any:
    return (
        rng.integers(0, 2, 12).astype(float),
        rng.permutation([1] * 4 + [0] * 8).astype("i1"),
        None,
    )


def repeated(rng: np.random.Generator) -> Any:
    patient = np.repeat(np.arange(14), rng.integers(2, 4, 14))
    predictor, risk = rng.normal(size=14), rng.random(14)
    outcome = (rng.random(patient.size) < np.where(risk > 0.5, 0.95, 0.05)[patient]).astype("i1")
    return predictor[patient], outcome, patient


def centres(rng: np.random.Generator) -> Any:
    centre = rng.integers(0, 3, 45)
    outcome = (rng.random(45) < np.array([0.1, 0.4, 0.8])[centre]).astype("i1")
    return rng.normal(size=45) + centre, outcome, centre


@pytest.mark.parametrize(
    ("make", "kind"),
    [(single, "none"), (tied, "none"), (repeated, "patient"), (centres, "centre")],
    ids=["patients", "ties", "repeated rows", "centres"],
)
def test_p_values_are_no_smaller_than_chance_allows_where_nothing_is_related(
    make: Any, kind: str
) -> None:
    p_values = rejections(800, make, kind=kind)
    for alpha in (0.05, 0.1, 0.2, 0.5, 0.8):
        assert at_most(p_values, alpha)


def test_without_ties_the_p_value_is_uniform() -> None:
    ranks = np.round(rejections(800, single, kind="none") * 20).astype(int)
    assert stats.chisquare(np.bincount(ranks, minlength=21)[1:]).pvalue > 0.001


@pytest.mark.parametrize("make", [repeated, centres], ids=["repeated rows", "centres"])
def test_exchanging_single_rows_would_find_signal_where_there_is_none(make: Any) -> None:
    # Why the rules exist: the same cohorts, permuted as if rows stood alone.
    assert not at_most(rejections(300, make, kind="none"), 0.05)


def test_a_strong_predictor_is_found() -> None:
    def related(rng: np.random.Generator) -> Any:
        predictor = rng.normal(size=31)
        return predictor, (predictor + 0.7 * rng.normal(size=31) > 0.4).astype("i1"), None

    assert (rejections(100, related, kind="none") <= 0.05).mean() > 0.9


# ---- what people and scripts read


@pytest.mark.parametrize(
    ("p", "permutations", "words"),
    [
        (0.31, 199, "No signal found: p = 0.31 with 199 permutations of the whole procedure."),
        (0.001, 1999, "Signal found: p = 0.001 with 1,999 permutations of the whole procedure."),
        (1.0, 199, "No signal found: p = 1 with 199 permutations of the whole procedure."),
    ],
)
def test_the_sentence(p: float, permutations: int, words: str) -> None:
    assert found(p, permutations).sentence == words


def test_a_p_value_that_more_permutations_could_move_says_so() -> None:
    said = found(0.05).sentence
    assert said.startswith("Signal found: p = 0.05 with 199 permutations of the whole procedure. ")
    low, high = stats.binomtest(9, 199).proportion_ci(0.95)
    assert said.endswith(f"they leave p between {low:.2g} and {high:.2g}.")


def test_few_permutations_that_could_tell_otherwise_decide_nothing() -> None:
    assert found(0.125, 39).sentence.startswith("Not decided: p = 0.12 with 39 permutations")
    assert found(0.125, 999).sentence.startswith("No signal found")


def test_rounding_does_not_carry_a_p_value_over_the_border() -> None:
    just_above = found(0.0501, 9999)
    assert just_above.p_value == 0.0501
    assert not just_above.found
    assert just_above.sentence.startswith("No signal found: p = 0.0501 with")


@pytest.mark.parametrize(("hits", "permutations"), [(0, 19), (9, 199), (49, 999), (499, 9999)])
def test_exactly_five_percent_is_a_signal(hits: int, permutations: int) -> None:
    figures = np.r_[np.ones(hits), np.zeros(permutations - hits)]
    assert signal("AUROC", 1.0, figures, "rule").found
    figures[hits] = 1.0
    assert not signal("AUROC", 1.0, figures, "rule").found


def test_what_was_not_repeated_is_said() -> None:
    partial = found(0.01, not_repeated=("tuning", "the choice of model"))
    assert partial.repeated == "the procedure without tuning and the choice of model"
    assert "permutations of the procedure without tuning and the choice of model." in (
        partial.sentence
    )


def test_the_json_is_complete_and_defined() -> None:
    got = signal("AUROC", 0.8, [0.5, float("nan")] * 20, "who exchanged").to_dict()
    assert json.loads(json.dumps(got, allow_nan=False)) == got
    assert got["undefined"] == 20
    assert got["p_value"] == 21 / 41
    assert got["found"] is False
    assert got["rule"] == "who exchanged"
    assert got["repeated"] == "the whole procedure"
