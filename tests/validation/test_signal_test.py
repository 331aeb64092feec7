"""The permutation test of a procedure: valid where there is nothing, and awake where there is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import stats
from synthetic import PLAN, candidates_of, patients_of

from predictor.errors import LearningError
from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.refitting import Refit
from predictor.learning.resampling import inner_folds
from predictor.learning.splits import derived_seed
from predictor.performance.discrimination import auroc
from predictor.validation import signal_test as module
from predictor.validation.permutation import Signal
from predictor.validation.signal_test import areas_within_folds, signal_test

MODELS: dict[str, Any] = {
    "firth": {},
    "ridge": {"penalty": [1, 10]},
    "random_forest": {"trees": 3, "min_samples_leaf": 3},
}


def candidates(*names: str, count: int = 4) -> list[Candidate]:
    there = candidates_of(MODELS, count)
    return [there[name] for name in names]


def asked(patients: Patients, *names: str, kind: str = "none", **changes: Any) -> Signal:
    given: dict[str, Any] = {
        "folds": 3,
        "repeats": 1,
        "permutations": 19,
        "seed": 1,
        "workers": 1,
    }
    plan = changes.pop("plan", PLAN)
    count = len(plan.columns)
    return signal_test(
        candidates(*(names or ("firth",)), count=count), plan, patients, kind, **(given | changes)
    )


def noise(n: int, seed: int) -> tuple[Patients, Plan]:
    """Two numbers that have nothing to do with the outcome."""
    rng = np.random.default_rng(seed)
    outcome = (rng.permutation(n) < n // 3).astype(np.int8)
    return Patients(rng.normal(size=(n, 2)), outcome, None), dataclasses.replace(
        PLAN, columns=(Column("a"), Column("b"))
    )


# ---- the figure


def test_the_figure_is_the_mean_auroc_within_test_folds_by_hand() -> None:
    patients, seed = patients_of(45, seed=2), 7
    (one,) = candidates("ridge")
    values = patients.values[:, one.predictors]
    repeats = []
    for r in range(2):
        whole = np.array([derived_seed(seed, r, 9, 0)])
        fold, number = inner_folds(
            patients.outcome, None, np.ones((1, 45), dtype=int), folds=3, seed=whole
        )
        areas = []
        for k in range(number[0]):
            test = fold[0] == k
            fitted = fit(one, PLAN, patients, derived_seed(int(whole[0]), k), (~test).astype(int))
            areas.append(auroc(patients.outcome[test], fitted.probability(values)[test]))
        repeats.append(np.mean(areas))
    found = asked(patients, "ridge", repeats=2, seed=seed)
    assert found.observed == pytest.approx(np.mean(repeats), abs=1e-9)
    assert found.statistic == "AUROC within test folds of Ridge logistic"


def test_of_several_candidates_the_best_counts_in_every_permutation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    areas = {
        "firth": np.array([0.6, 0.9] + [0.5] * 18),
        "ridge": np.array([0.7, 0.2] + [0.69] * 18),
        "random_forest": np.full(20, np.nan),
    }
    monkeypatch.setattr(module, "_areas", lambda candidate, *_: areas[candidate.name])
    found = asked(patients_of(40), "prevalence", "firth", "ridge", "random_forest")
    assert found.observed == 0.7
    assert found.p_value == 2 / 20  # the one permutation that Firth is better in
    assert found.statistic == (
        "largest AUROC within test folds among Firth logistic, Ridge logistic and Random forest"
    )


def test_a_fold_without_both_outcomes_has_no_figure() -> None:
    outcome = np.array([[0, 1, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]], dtype=np.int8)
    count = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0]], dtype=np.int32)
    p = np.array([[0.5, 0.5, 0.2, 0.9]] * 3)
    nothing = np.zeros(3, dtype=np.int64)
    usable = np.array([True, True, False])
    fits = Refit(count, outcome, p, usable, ~usable, nothing, nothing, np.zeros((3, 1)))
    np.testing.assert_array_equal(areas_within_folds(fits), [1.0, np.nan, np.nan])


# ---- the real outcomes are handled as one more permutation


def stacked(patients: Patients, outcome: np.ndarray, seed: int = 1) -> np.ndarray:
    (one,) = candidates("firth")
    return module._areas(one, PLAN, patients, outcome, 3, (seed, 0), 1)


def test_the_figure_of_one_outcome_does_not_depend_on_the_others() -> None:
    patients = patients_of(40, seed=4)
    rng = np.random.default_rng(0)
    outcome = np.stack([rng.permutation(patients.outcome) for _ in range(6)])
    both = stacked(patients, outcome)
    outcome[2:] = outcome[1]
    np.testing.assert_allclose(stacked(patients, outcome)[:2], both[:2], atol=1e-12)


def test_the_order_of_the_patients_changes_nothing_in_distribution() -> None:
    patients = patients_of(36, seed=8, signal=1.0)
    order = np.random.default_rng(3).permutation(36)
    there = stacked(patients, np.tile(patients.outcome, (200, 1)))
    turned = patients.take(order)
    here = stacked(turned, np.tile(turned.outcome, (200, 1)), seed=2)
    assert stats.ks_2samp(there, here).pvalue > 0.01


@pytest.mark.slow
def test_without_signal_the_real_figure_takes_any_place_among_the_permuted_ones() -> None:
    # With 19 permutations and figures that hardly ever tie, the p-value is 1/20, ..., 20/20.
    found = [
        asked(patients, plan=plan, seed=seed, folds=2).p_value
        for seed in range(60)
        for patients, plan in [noise(24, seed)]
    ]
    places = np.round(np.array(found) * 20).astype(int)
    quarters = np.bincount((places - 1) // 5, minlength=4)
    assert stats.chisquare(quarters).pvalue > 0.01
    # "Signal" is found in no more than one of twenty, but for chance.
    assert stats.binomtest(int((places == 1).sum()), 60, 0.05).pvalue > 0.01


def test_a_strong_signal_is_found_however_few_permutations() -> None:
    patients = patients_of(60, seed=1, signal=4.0)
    found = asked(patients, "firth", "ridge")
    assert found.p_value == 1 / 20
    assert found.found
    assert found.observed > 0.8


# ---- who may exchange outcomes with whom


@pytest.mark.slow
def test_rows_of_a_patient_stay_together_so_that_repeats_are_no_signal() -> None:
    # Six rows for each patient, who is known by a number, and whose outcome never changes.
    plan = dataclasses.replace(PLAN, columns=(Column("a"),))
    p_values: dict[str, list[float]] = {"patient": [], "none": []}
    for seed in range(15):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(12), 6)
        outcome = rng.permutation([0, 1] * 6).astype(np.int8)[who]
        values = rng.normal(size=12)[who][:, None]
        for kind, p in p_values.items():
            group = who if kind == "patient" else None
            p.append(asked(Patients(values, outcome, group), plan=plan, kind=kind).p_value)
    assert np.mean(np.array(p_values["patient"]) <= 0.05) <= 0.2
    assert np.mean(np.array(p_values["none"]) <= 0.05) >= 0.4


@pytest.mark.slow
def test_telling_centres_apart_is_no_signal() -> None:
    plan = dataclasses.replace(PLAN, columns=(Column("a"),))
    p_values: dict[str, list[float]] = {"centre": [], "none": []}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        centre = np.repeat(np.arange(6), 12)
        outcome = (rng.random(72) < np.linspace(0.15, 0.85, 6)[centre]).astype(np.int8)
        values = (centre + rng.normal(0, 0.3, 72))[:, None]
        for kind, p in p_values.items():
            group = centre if kind == "centre" else None
            p.append(asked(Patients(values, outcome, group), plan=plan, kind=kind).p_value)
    assert np.mean(np.array(p_values["centre"]) <= 0.05) <= 0.3
    assert np.mean(np.array(p_values["none"]) <= 0.05) >= 0.9


def test_the_rule_says_who_exchanged_outcomes() -> None:
    patients = patients_of(40, groups=4)
    assert "within a centre only" in asked(patients, kind="centre").rule
    alone = dataclasses.replace(patients, group=np.arange(40))
    assert asked(alone, kind="patient").rule.startswith("Every patient may exchange")


def test_patients_within_centres_keep_their_rows_together() -> None:
    patients = patients_of(48, groups=2)
    centre, who = np.repeat([0, 1], 24), np.repeat(np.arange(16), 3)
    within = dataclasses.replace(patients, group=centre)
    rule = asked(within, kind="centre", patient=who).rule
    assert "outcomes of all their rows together" in rule
    assert "within a centre only" in rule


# ---- what it depends on, and what it refuses


@pytest.mark.parametrize("names", [("firth", "ridge"), ("random_forest",)], ids=" ".join)
def test_the_workers_do_not_matter(names: tuple[str, ...]) -> None:
    patients = patients_of(30, seed=5)
    given: dict[str, Any] = {"folds": 2}
    one, two = (asked(patients, *names, workers=workers, **given) for workers in (1, 2))
    assert one == two


def test_candidates_that_were_left_out_are_named_in_the_sentence() -> None:
    found = asked(patients_of(40), not_repeated=("Random forest",))
    assert "permutations of the procedure without Random forest" in found.sentence


def test_progress_goes_up_to_the_end() -> None:
    shares: list[float] = []
    asked(patients_of(40), "firth", "ridge", repeats=2, progress=shares.append)
    assert shares == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_too_few_patients_for_any_small_p_value_are_refused() -> None:
    patients = patients_of(12).take(np.arange(6))
    patients.outcome[:] = [0, 0, 0, 0, 0, 1]
    with pytest.raises(LearningError, match="6 different ways only"):
        asked(patients)


def test_too_few_permutations_are_refused() -> None:
    with pytest.raises(LearningError, match="with 18 permutations no p-value can reach"):
        asked(patients_of(40), permutations=18)


def test_folds_that_have_no_auroc_are_refused() -> None:
    # One event among 40: no test fold of two has it while the training part has one as well.
    patients = patients_of(40)
    patients.outcome[:] = 0
    patients.outcome[0] = 1
    with pytest.raises(LearningError, match="figure of the real cohort is not defined"):
        asked(patients, folds=2)
