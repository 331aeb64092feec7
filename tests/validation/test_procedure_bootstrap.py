"""The bootstrap of a procedure: what refitting one resample after the other by hand gives."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from synthetic import COLUMNS, PLAN, candidates_of, patients_of

from predictor.errors import LearningError
from predictor.explanation.contributions import contributions
from predictor.learning.candidates import Candidate
from predictor.learning.procedure import Patients, fit
from predictor.learning.resampling import bootstrap
from predictor.performance.discrimination import auroc
from predictor.validation import procedure_bootstrap
from predictor.validation.procedure_bootstrap import ProcedureBootstrap, bootstrap_procedure

NAMES = tuple(column.name for column in COLUMNS)
SEED = 4
MODELS: dict[str, Any] = {
    "firth": {},
    "ridge": {"penalty": [0.3, 3, 30]},
    "elastic_net": {"penalty": [1, 10], "l1_share": 0.5},
    "random_forest": {"trees": 3, "min_samples_leaf": [3, 8]},
}


def candidate(name: str) -> Candidate:
    return candidates_of(MODELS)[name]


def apparent(chosen: Candidate, patients: Patients) -> np.ndarray:
    fitted = fit(chosen, PLAN, patients, 1)
    return fitted.probability(patients.values[:, chosen.predictors])


def made(
    names: Sequence[str],
    patients: Patients,
    resamples: int = 30,
    unit: np.ndarray | None = None,
    **changes: Any,
) -> ProcedureBootstrap:
    chosen = [candidate(name) for name in names]
    given: dict[str, Any] = {"thresholds": (0.3, 0.5), "seed": SEED, "workers": 1} | changes
    final = apparent(chosen[0], patients)
    return bootstrap_procedure(
        chosen, PLAN, patients, unit, final, NAMES, resamples=resamples, **given
    )


@dataclass
class ByHand:
    """What the refits of a candidate are like, one after the other; one row each."""

    boot: np.ndarray
    test: np.ndarray
    oob: np.ndarray
    probability: np.ndarray
    setting: list[Any]
    size: np.ndarray


def by_hand(name: str, patients: Patients, resamples: int, unit: np.ndarray | None) -> ByHand:
    chosen = candidate(name)
    plan = bootstrap(len(patients.outcome), unit, resamples=resamples, seed=SEED)
    values = patients.values[:, chosen.predictors]
    rows: list[Any] = []
    for count, seed in zip(plan.count, plan.seed, strict=True):
        fitted = fit(chosen, PLAN, patients, int(seed), count)
        p = fitted.probability(values)
        drawn, left = np.repeat(np.arange(len(count)), count), count == 0
        y = patients.outcome
        moved = contributions(fitted.model, fitted.preparation, values[drawn]).values
        size = np.zeros(len(NAMES))
        size[list(chosen.predictors)] = np.abs(moved).mean(axis=0)
        rows.append(
            (
                auroc(y[drawn], p[drawn]),
                auroc(y, p),
                auroc(y[left], p[left]),
                p,
                fitted.setting,
                size,
            )
        )
    boot, test, oob, probability, setting, size = zip(*rows, strict=True)
    return ByHand(*map(np.array, (boot, test, oob, probability)), list(setting), np.array(size))


CASES = [
    ("firth", None),
    ("ridge", None),
    ("elastic_net", None),
    ("one_predictor", None),
    ("random_forest", None),
    ("ridge", 20),
]


@pytest.mark.parametrize(("name", "groups"), CASES)
def test_it_is_what_refits_by_hand_give(name: str, groups: int | None) -> None:
    patients = patients_of(50, seed=2, groups=groups)
    found = made([name], patients, unit=patients.group)
    hand = by_hand(name, patients, 30, patients.group)
    final = apparent(candidate(name), patients)
    close = {"rtol": 0.0, "atol": 1e-6}

    area = found.validation.figure("auroc")
    assert area.apparent == pytest.approx(auroc(patients.outcome, final), abs=1e-9)
    assert area.optimism == pytest.approx((hand.boot - hand.test).mean(), abs=1e-6)
    assert area.harrell == pytest.approx(area.apparent - area.optimism, abs=1e-12)
    assert area.oob == pytest.approx(hand.oob.mean(), abs=1e-6)

    moved = found.instability
    assert moved is not None
    error = np.abs(hand.probability - final).mean(axis=0)
    np.testing.assert_allclose(moved.mean_absolute_error, error, **close)
    across = ((hand.probability >= 0.5) != (final >= 0.5)).mean(axis=0)
    np.testing.assert_allclose(moved.classification[0.5], across, **close)

    sizes = {row.variable: row.mean_absolute_shap for row in found.explanation}
    np.testing.assert_allclose([sizes[v] for v in NAMES], hand.size.mean(axis=0), **close)

    chosen = {choice.name: choice.refits for choice in found.settings if choice.refits}
    named = [", ".join(f"{k} {v:g}" for k, v in setting.items()) for setting in hand.setting]
    expected = {name: named.count(name) for name in set(named) if name}
    assert chosen == expected
    assert found.validation.resamples.used == 30


def test_the_brier_score_of_patients_left_out_is_averaged_per_patient() -> None:
    patients = patients_of(40, seed=3)
    hand = by_hand("firth", patients, 30, None)
    count = bootstrap(40, None, resamples=30, seed=SEED).count
    loss = np.where(count == 0, (hand.probability - patients.outcome) ** 2, np.nan)
    found = made(["firth"], patients).validation.figure("brier")
    assert found.oob == pytest.approx(np.nanmean(np.nanmean(loss, axis=0)), abs=1e-8)


def test_a_variable_that_a_candidate_does_not_use_never_matters() -> None:
    rows = {row.variable: row for row in made(["one_predictor"], patients_of(40)).explanation}
    assert rows["a"].top == 1.0
    assert all(rows[name].mean_absolute_shap == 0.0 == rows[name].top for name in NAMES[1:])


def test_the_range_of_a_patient_holds_the_middle_of_the_refits() -> None:
    patients = patients_of(30, seed=6)
    moved = made(["firth"], patients, resamples=100).instability
    hand = by_hand("firth", patients, 100, None)
    assert moved is not None
    np.testing.assert_allclose(
        [moved.low, moved.high], np.quantile(hand.probability, [0.025, 0.975], axis=0), atol=1e-6
    )


# ---- laws


@pytest.mark.parametrize(
    "names", [["ridge"], ["prevalence", "firth", "ridge"], ["random_forest"]], ids=" ".join
)
def test_the_workers_do_not_matter(names: list[str]) -> None:
    patients = patients_of(40, seed=5)
    one, two = (made(names, patients, workers=workers) for workers in (1, 2))
    assert one.to_dict() == two.to_dict()
    assert one.instability is not None
    assert two.instability is not None
    np.testing.assert_array_equal(
        one.instability.mean_absolute_error, two.instability.mean_absolute_error
    )


def test_the_seed_matters() -> None:
    patients = patients_of(40, seed=5)
    assert made(["firth"], patients).to_dict() != made(["firth"], patients, seed=5).to_dict()


def test_a_choice_among_candidates_is_counted_by_candidate_and_setting() -> None:
    names = ["prevalence", "firth", "ridge"]
    found = made(names, patients_of(40, seed=5))
    assert {choice.name for choice in found.models} == {candidate(name).label for name in names}
    assert sum(choice.refits for choice in found.models) == 30
    assert sum(choice.refits for choice in found.settings) == 30
    ridge = next(choice for choice in found.models if choice.name == "Ridge logistic")
    of_ridge = [c for c in found.settings if c.name.startswith("Ridge logistic: penalty")]
    assert sum(choice.refits for choice in of_ridge) == ridge.refits


def test_nothing_to_choose_and_nothing_to_tune_is_empty() -> None:
    found = made(["firth"], patients_of(40))
    assert found.models == ()
    assert found.settings == ()


def test_rows_of_a_patient_are_drawn_together() -> None:
    # Two rows for each patient, alike: drawn one by one they would be tested by their own twin.
    half = patients_of(30, seed=9, signal=0.0)
    twice = np.repeat(np.arange(30), 2)
    patients = dataclasses.replace(half.take(twice), group=twice)
    together = made(["random_forest"], patients, unit=twice).validation.figure("auroc").oob
    alone = made(["random_forest"], patients).validation.figure("auroc").oob
    assert together is not None
    assert alone is not None
    assert alone > together + 0.1


def test_of_many_patients_some_are_tracked_and_all_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patients = patients_of(40, seed=5)
    everybody = made(["firth"], patients)
    monkeypatch.setattr(procedure_bootstrap, "MOST_TRACKED", 10)
    some, again = made(["firth"], patients), made(["firth"], patients)
    assert some.instability is not None
    assert everybody.instability is not None
    assert again.instability is not None
    assert some.instability.original.size == 10
    assert set(some.instability.original) <= set(everybody.instability.original)
    np.testing.assert_array_equal(some.instability.original, again.instability.original)
    assert some.validation.to_dict() == everybody.validation.to_dict()


def test_progress_goes_up_to_the_end() -> None:
    shares: list[float] = []
    made(["ridge"], patients_of(40), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_json_has_no_nan_and_nothing_of_a_single_patient() -> None:
    patients = patients_of(40, seed=5)
    found = made(["firth"], patients)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert found.instability is not None
    for p in found.instability.original:
        assert repr(float(p)) not in text

    def longest(value: Any) -> int:
        if isinstance(value, dict):
            return max((longest(item) for item in value.values()), default=0)
        if isinstance(value, list):
            return max(len(value), *(longest(item) for item in value), 0)
        return 0

    assert longest(found.to_dict()) < 40


def test_resamples_without_an_event_are_left_out_and_counted() -> None:
    patients = patients_of(20, seed=1)
    patients.outcome[:] = 0
    patients.outcome[0] = 1
    found = made(["ridge"], patients).validation
    # A resample lacks the one event with a probability of (1 - 1 / 20) ** 20, more than a third.
    assert 5 <= found.resamples.one_class <= 18
    assert found.resamples.used + found.resamples.one_class == 30


def test_one_class_is_refused() -> None:
    patients = patients_of(20)
    final = apparent(candidate("firth"), patients)
    one = dataclasses.replace(patients, outcome=np.zeros(20, dtype=np.int8))
    with pytest.raises(LearningError, match="there is one class only"):
        bootstrap_procedure(
            [candidate("firth")], PLAN, one, None, final, NAMES,
            resamples=20, thresholds=(0.5,), seed=1, workers=1,
        )  # fmt: skip
