"""The procedure in all resamples at once against the procedure one resample at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import STATES, candidates_of

from predictor.errors import LearningError
from predictor.explanation.contributions import contributions
from predictor.learning import linear_family
from predictor.learning.candidates import Candidate
from predictor.learning.choice import choose, differences
from predictor.learning.linear_family import BATCHED, LinearRefits, fit_resamples, is_batched
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.resampling import (
    Resamples,
    bootstrap,
    inner_folds,
    summed_by_unit,
    units_of,
)
from predictor.performance.scores import log_loss_per_patient

COLUMNS = (
    Column("a"),
    Column("b"),
    Column("yes", (), 0.0, 1.0, binary=True),
    Column("s", STATES),
    Column("c"),
)
MODELS: dict[str, Any] = {
    "firth": {},
    "ridge": {"penalty": [0.01, 0.1, 1, 10, 100]},
    "elastic_net": {"penalty": [0.3, 3, 10, 30], "l1_share": [0.5, 0.9]},
}
LINEAR = sorted(BATCHED)


def cohort(
    n: int, seed: int, *, groups: int | None = None, signal: float = 1.5, missing: float = 0.15
) -> Patients:
    """Numbers, a yes or no, a nominal variable with a rare state, and gaps in all of them."""
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.normal(size=(n, 2)),
            rng.random(n) < 0.3,
            rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05]),
            rng.integers(0, 4, n),
        ]
    ).astype(float)
    outcome = (rng.random(n) < 1 / (1 + np.exp(-signal * values[:, 0]))).astype(np.int8)
    outcome[:6] = [0, 1] * 3
    values[rng.random(values.shape) < missing] = np.nan
    return Patients(values, outcome, None if groups is None else rng.integers(0, groups, n))


def plan_of(indicators: tuple[str, ...] = ("b", "s"), inner: int = 4) -> Plan:
    return Plan(COLUMNS, "median", indicators, inner)


def candidates() -> dict[str, Candidate]:
    return candidates_of(MODELS, len(COLUMNS))


def assert_equals_one_at_a_time(
    found: LinearRefits, candidate: Candidate, plan: Plan, patients: Patients, resamples: Resamples
) -> None:
    own = list(candidate.predictors)
    for b in range(len(resamples)):
        one = fit(candidate, plan, patients, int(resamples.seed[b]), resamples.count[b])
        assert found.usable[b]
        assert candidate.grid[found.setting[b]] == one.setting
        expected = one.probability(patients.values[:, own])
        assert found.probability[b] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize(
    ("n", "groups", "indicators"),
    [(30, None, ()), (60, None, ("b", "s")), (45, 12, ("a", "yes")), (20, None, ("c",))],
)
def test_equals_the_procedure_one_resample_at_a_time(
    name: str, n: int, groups: int | None, indicators: tuple[str, ...]
) -> None:
    patients, plan = cohort(n, n, groups=groups), plan_of(indicators)
    resamples = bootstrap(n, patients.group, resamples=6, seed=n)
    candidate = candidates()[name]
    found = fit_resamples([candidate], plan, patients, resamples)
    assert_equals_one_at_a_time(found, candidate, plan, patients, resamples)


@pytest.mark.slow
@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("seed", range(5))
def test_equals_the_procedure_in_very_many_resamples(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(18, 90))
    groups = None if seed % 2 else n // 3
    patients = cohort(n, seed, groups=groups, signal=rng.choice([0, 1, 4]))
    plan = plan_of(tuple(c.name for c in COLUMNS if rng.random() < 0.4), 5)
    resamples = bootstrap(n, patients.group, resamples=120, seed=seed)
    usable = (resamples.count @ patients.outcome > 0) & (
        resamples.count @ (1 - patients.outcome) > 0
    )
    resamples = Resamples(resamples.count[usable], resamples.seed[usable])
    candidate = candidates()[name]
    found = fit_resamples([candidate], plan, patients, resamples)
    assert_equals_one_at_a_time(found, candidate, plan, patients, resamples)


def test_firth_leaves_the_saddle_points_of_its_likelihood() -> None:
    """In this resample plain steps came to one and were still there after 200 of them."""
    patients, plan = cohort(70, 4, groups=23, signal=4), plan_of(("yes", "c"))
    resamples = bootstrap(70, patients.group, resamples=1, seed=4, first=115)
    candidate = candidates()["firth"]
    found = fit_resamples([candidate], plan, patients, resamples)
    assert_equals_one_at_a_time(found, candidate, plan, patients, resamples)


def test_coefficients_and_shap_values_are_those_of_the_single_fit() -> None:
    patients, plan = cohort(50, 3), plan_of()
    resamples = bootstrap(50, None, resamples=8, seed=1)
    candidate = candidates()["ridge"]
    found = fit_resamples([candidate], plan, patients, resamples)
    names = [column.name for column in found.universe.columns]
    for b in range(8):
        one = fit(candidate, plan, patients, int(resamples.seed[b]), resamples.count[b])
        kept = [names.index(column.name) for column in one.preparation.columns]
        assert found.coefficients[b, kept] == pytest.approx(one.model.coefficients, abs=1e-7)
        assert found.intercept[b] == pytest.approx(one.model.intercept, abs=1e-7)
        others = np.setdiff1d(np.arange(len(names)), kept)
        assert (found.coefficients[b, others] == 0).all()
        rows = np.repeat(np.arange(50), resamples.count[b])
        moved = contributions(one.model, one.preparation, patients.values[rows]).values
        expected = np.abs(moved).mean(axis=0)
        assert found.mean_absolute_shap[b] == pytest.approx(expected, abs=1e-7)


class TestChoice:
    """Among candidates, in each resample, on its inner folds."""

    @staticmethod
    def by_hand(
        offered: Sequence[Candidate], plan: Plan, patients: Patients, count: Any, seed: int
    ) -> tuple[int, int]:
        """Candidate and setting by the rule, from fits one at a time."""
        own_fold, number = inner_folds(
            patients.outcome, patients.group, count[None], folds=plan.inner_folds,
            seed=np.array([seed]),
        )  # fmt: skip
        fold = own_fold[0]
        losses, best = [], []
        for candidate in offered:
            own = list(candidate.predictors)
            loss = np.zeros((len(candidate.grid), len(count)))
            for i, setting in enumerate(candidate.grid):
                alone = replace(candidate, grid=(setting,))
                for k in range(number[0]):
                    train, test = count * (fold != k), fold == k
                    one = fit(alone, plan, patients, seed, train)
                    p = one.probability(patients.values[test][:, own])
                    loss[i, test] = log_loss_per_patient(patients.outcome[test], p)
            loss *= count
            best.append(int(loss.sum(axis=1).argmin()))
            losses.append(loss[best[-1]])
        unit = units_of(patients.group, len(count))
        size = summed_by_unit(count.astype(float), unit)
        summed = np.stack([summed_by_unit(loss, unit) for loss in losses])
        taken = int(choose(*differences(summed, size)))
        return taken, best[taken]

    @pytest.mark.parametrize("groups", [None, 15])
    def test_is_the_rule_applied_to_fits_one_at_a_time(self, groups: int | None) -> None:
        patients, plan = cohort(40, 5, groups=groups, signal=2.5), plan_of(inner=3)
        offered = [candidates()[name] for name in sorted(BATCHED, key=_rank)]
        resamples = bootstrap(40, patients.group, resamples=8, seed=3)
        found = fit_resamples(offered, plan, patients, resamples)
        chosen = set()
        for b in range(8):
            seed, count = int(resamples.seed[b]), resamples.count[b]
            taken, setting = self.by_hand(offered, plan, patients, count, seed)
            assert (found.candidate[b], found.setting[b]) == (taken, setting)
            alone = replace(offered[taken], grid=(offered[taken].grid[setting],))
            one = fit(alone, plan, patients, seed, count)
            expected = one.probability(patients.values[:, list(alone.predictors)])
            assert found.probability[b] == pytest.approx(expected, abs=1e-6)
            chosen.add(taken)
        assert len(chosen) > 1  # otherwise this would not test much

    def test_takes_the_prevalence_where_nothing_can_be_compared(self) -> None:
        patients = cohort(12, 1)
        outcome = np.zeros(12, dtype=np.int8)
        outcome[0] = 1
        patients = replace(patients, outcome=outcome)
        count = np.ones((2, 12), dtype=np.int32)
        count[1, 0] = 4
        offered = [candidates()[name] for name in ("prevalence", "ridge")]
        found = fit_resamples(offered, plan_of(), patients, Resamples(count, np.arange(2)))
        assert found.candidate.tolist() == [0, 0]
        share = [1 / 12, 4 / 15]
        assert found.probability[:, 0] == pytest.approx(share)
        alone = fit_resamples(offered[1:], plan_of(), patients, Resamples(count, np.arange(2)))
        assert alone.setting.tolist() == [2, 2]  # the middle of five
        assert alone.usable.all()


def _rank(name: str) -> int:
    return candidates()[name].rank


class TestHonesty:
    def test_patients_outside_a_resample_have_no_influence_on_it(self) -> None:
        patients, plan = cohort(40, 2), plan_of()
        resamples = bootstrap(40, None, resamples=1, seed=1)
        absent = resamples.count[0] == 0
        values = patients.values.copy()
        values[absent] = [1e12, -1e12, 1, 3, 77]
        outcome = np.where(absent, 1 - patients.outcome, patients.outcome).astype(np.int8)
        others = Patients(values, outcome, None)
        for name in LINEAR:
            one = fit_resamples([candidates()[name]], plan, patients, resamples)
            two = fit_resamples([candidates()[name]], plan, others, resamples)
            assert one.setting == two.setting
            assert (one.probability[:, ~absent] == two.probability[:, ~absent]).all()

    def test_outcomes_that_stand_in_are_as_good_as_own_ones(self) -> None:
        patients, plan = cohort(40, 2), plan_of()
        rng = np.random.default_rng(0)
        permuted = np.stack([rng.permutation(patients.outcome) for _ in range(5)])
        everybody = Resamples(np.ones((5, 40), dtype=np.int32), np.arange(5))
        offered = [candidates()[name] for name in ("prevalence", "firth", "ridge")]
        found = fit_resamples(offered, plan, patients, everybody, permuted)
        for b in range(5):
            own = Patients(patients.values, permuted[b], None)
            alone = fit_resamples(offered, plan, own, everybody.part(b, b + 1))
            assert found.candidate[b] == alone.candidate[0]
            assert found.setting[b] == alone.setting[0]
            assert found.probability[b] == pytest.approx(alone.probability[0], abs=1e-9)


class TestFailures:
    @pytest.mark.parametrize("name", LINEAR)
    def test_one_class_is_not_usable_and_disturbs_nobody(self, name: str) -> None:
        patients, plan = cohort(30, 4), plan_of()
        good = bootstrap(30, None, resamples=3, seed=1)
        count = good.count.copy()
        count[1] = 2 * patients.outcome
        mixed = Resamples(np.concatenate([count, 1 - patients.outcome[None]]), np.arange(4))
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found = fit_resamples([candidates()[name]], plan, patients, mixed)
        assert found.usable.tolist() == [True, False, True, False]
        assert np.isnan(found.probability[[1, 3]]).all()
        assert np.isnan(found.mean_absolute_shap[[1, 3]]).all()
        assert np.isfinite(found.probability[[0, 2]]).all()
        for b in (1, 3):
            with pytest.raises(LearningError, match="one class only"):
                fit(candidates()[name], plan, patients, 0, mixed.count[b])

    def test_an_empty_resample_is_not_usable(self) -> None:
        patients = cohort(20, 4)
        nobody = Resamples(np.zeros((1, 20), dtype=np.int32), np.zeros(1, dtype=np.int64))
        found = fit_resamples([candidates()["ridge"]], plan_of(), patients, nobody)
        assert not found.usable.any()

    @pytest.mark.parametrize("correction", ["flic", "none"])
    @pytest.mark.parametrize("name", ["firth", "one_predictor", "ridge", "elastic_net"])
    def test_without_a_varying_predictor_there_is_the_prevalence(
        self, name: str, correction: str
    ) -> None:
        candidate = candidates()[name]
        if name == "firth":
            candidate = replace(candidate, fixed={"intercept_correction": correction})
        values = np.tile([1.0, 2.0, 0.0, 3.0, np.nan], (10, 1))
        patients = Patients(values, np.array([0, 0, 1, 0, 1] * 2, dtype=np.int8), None)
        resamples = bootstrap(10, None, resamples=3, seed=2)
        found = fit_resamples([candidate], plan_of(), patients, resamples)
        share = resamples.count @ patients.outcome / 10
        assert found.probability[:, 0] == pytest.approx(share)
        one = fit(candidate, plan_of(), patients, 0, resamples.count[0])
        assert one.probability(values)[0] == pytest.approx(share[0])


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(3, 14),
    exponent=st.sampled_from([-12, 0, 12]),
    missing=st.sampled_from([0.0, 0.5, 1.0]),
)
@settings(max_examples=60)
def test_hostile_cohorts_give_probabilities_or_none_and_no_warning(
    seed: int, n: int, exponent: int, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    patients = cohort(max(n, 6), seed, missing=missing)
    values, outcome = patients.values[:n], patients.outcome[:n]
    values[:, 0] *= 10.0**exponent
    values[rng.integers(n), 1] = 1e12
    own = Patients(values, outcome, rng.integers(0, 3, n) if seed % 2 else None)
    resamples = bootstrap(n, own.group, resamples=5, seed=seed % 1000)
    offered = [candidates()[name] for name in sorted(BATCHED, key=_rank)]
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        found = fit_resamples(offered, plan_of(inner=3), own, resamples)
        alone = [fit_resamples([c], plan_of(inner=3), own, resamples) for c in offered]
    for fits in (found, *alone):
        good = fits.probability[fits.usable]
        assert ((good >= 0) & (good <= 1)).all()
        assert np.isnan(fits.probability[~fits.usable]).all()
        events = resamples.count @ outcome
        both = (events > 0) & (events < resamples.count.sum(axis=1))
        assert (fits.usable == both).all()


def test_small_stacks_give_the_same_as_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    patients, plan = cohort(40, 6), plan_of()
    resamples = bootstrap(40, None, resamples=12, seed=1)
    offered = [candidates()[name] for name in ("one_predictor", "ridge", "elastic_net")]
    large = fit_resamples(offered, plan, patients, resamples)
    monkeypatch.setattr(linear_family, "_MOST_NUMBERS", 1)
    small = fit_resamples(offered, plan, patients, resamples)
    assert (small.candidate == large.candidate).all()
    assert (small.setting == large.setting).all()
    assert small.probability == pytest.approx(large.probability, abs=1e-9)


def test_chained_imputation_and_trees_are_left_to_the_others() -> None:
    everything = candidates_of(None, len(COLUMNS))
    iterative = replace(plan_of(), imputation="iterative")
    for name, candidate in everything.items():
        assert is_batched(candidate, plan_of()) == (name in BATCHED)
        assert not is_batched(candidate, iterative)


@pytest.mark.parametrize("name", LINEAR)
def test_means_fill_gaps_as_they_do_one_resample_at_a_time(name: str) -> None:
    patients, plan = cohort(40, 3, missing=0.3), replace(plan_of(), imputation="mean")
    resamples = bootstrap(40, None, resamples=4, seed=3)
    candidate = candidates()[name]
    found = fit_resamples([candidate], plan, patients, resamples)
    assert_equals_one_at_a_time(found, candidate, plan, patients, resamples)
