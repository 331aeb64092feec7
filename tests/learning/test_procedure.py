"""The procedure on some patients: tuned inside, blind outside, robust where data are thin."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from synthetic import COLUMNS, PLAN, candidates_of, patients_of

from predictor.errors import LearningError
from predictor.learning import procedure
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit

NAMES = [*candidates_of()]
LINEAR = ["one_predictor", "firth", "ridge", "elastic_net"]


def predicted(name: str, patients: Patients, plan: Plan = PLAN, **models: Any) -> Any:
    candidate = candidates_of(models or None, len(plan.columns))[name]
    fitted = fit(candidate, plan, patients, seed=5)
    values = patients.values[:, candidate.predictors]
    probability = fitted.probability(values)
    assert np.isfinite(probability).all()
    assert ((probability >= 0) & (probability <= 1)).all()
    return probability


def test_tuning_takes_the_setting_with_the_least_log_loss_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Written out again with scikit-learn's own pieces."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    from predictor.learning.resampling import inner_folds

    patients = patients_of(80)
    values = np.nan_to_num(patients.values[:, :3])
    patients = Patients(values, patients.outcome, None)
    plan = Plan(COLUMNS[:3], "median", (), inner_folds=4)
    candidate = candidates_of({"ridge": {"penalty": [0.01, 1, 30, 300]}}, 3)["ridge"]
    (fold,), _ = inner_folds(patients.outcome, None, np.ones((1, 80)), folds=4, seed=np.array([5]))
    losses = []
    for setting in candidate.grid:
        total = 0.0
        for k in range(4):
            train, test = fold != k, fold == k
            mean, sd = values[train].mean(axis=0), values[train].std(axis=0, ddof=1)
            model = LogisticRegression(C=1 / setting["penalty"], tol=1e-10, max_iter=10_000)
            model.fit((values[train] - mean) / sd, patients.outcome[train])
            p = model.predict_proba((values[test] - mean) / sd)[:, 1]
            total += log_loss(patients.outcome[test], p, labels=[0, 1], normalize=False)
        losses.append(total)
    assert fit(candidate, plan, patients, seed=5).setting == candidate.grid[np.argmin(losses)]


def test_tuning_never_sees_a_patient_outside_the_training_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    real = procedure._fit_all

    def spy(candidate: Any, plan: Any, patients: Patients, settings: Any, seed: int) -> Any:
        seen.append((patients.values[:, 0].copy(), len(settings)))
        return real(candidate, plan, patients, settings, seed)

    monkeypatch.setattr(procedure, "_fit_all", spy)
    patients = patients_of(60)
    patients.values[:, 0] = np.arange(60)  # tells who is who
    train = np.arange(60) % 4 != 0
    fit(candidates_of()["ridge"], PLAN, patients.take(train), seed=1)
    inner, final = seen[:-1], seen[-1]
    allowed = set(np.flatnonzero(train).astype(float))
    assert [count for _, count in inner] == [3] * 3  # three folds, three settings each
    assert final[1] == 1
    assert set(final[0]) == allowed
    for values, _ in inner:
        assert set(values) < allowed
    assert sum(len(allowed) - len(values) for values, _ in inner) == len(allowed)


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_depends_on_its_patients_settings_and_seed_alone(name: str) -> None:
    patients = patients_of()
    assert predicted(name, patients).tobytes() == predicted(name, patients).tobytes()


@pytest.mark.parametrize("name", LINEAR)
def test_order_of_rows_does_not_matter_to_a_linear_fit(name: str) -> None:
    models = {"firth": {}, "ridge": {"penalty": 1}, "elastic_net": {"penalty": 1, "l1_share": 0.5}}
    patients = patients_of(groups=None)
    order = np.random.default_rng(1).permutation(60)
    moved = Patients(patients.values[order], patients.outcome[order], None)
    expected = predicted(name, patients, **models)[order]
    assert predicted(name, moved, **models) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["firth", "ridge", "elastic_net", "hist_gradient_boosting"])
def test_order_of_predictors_does_not_matter(name: str) -> None:
    patients = patients_of()
    order = [2, 0, 3, 1]
    moved = Patients(patients.values[:, order], patients.outcome, None)
    plan = replace(PLAN, columns=tuple(COLUMNS[j] for j in order))
    assert predicted(name, moved, plan) == pytest.approx(predicted(name, patients), abs=1e-8)


def tiny() -> Patients:
    """Twelve patients, four events."""
    patients = patients_of(12, seed=3)
    outcome = np.array([1, 0, 0] * 4, dtype=np.int8)
    return Patients(patients.values, outcome, None)


def separated() -> Patients:
    patients = patients_of(40)
    values = np.nan_to_num(patients.values)
    return Patients(values, (values[:, 0] > 0).astype(np.int8), None)


def constant() -> Patients:
    patients = patients_of(40)
    return Patients(np.full_like(patients.values, 2.0), patients.outcome, None)


def all_missing() -> Patients:
    patients = patients_of(40)
    return Patients(np.full_like(patients.values, np.nan), patients.outcome, None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", [tiny, separated, constant, all_missing])
def test_thin_data_give_finite_probabilities(name: str, case: Any) -> None:
    patients = case()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probability = predicted(name, patients)
    if case in (constant, all_missing):
        # nothing but the prevalence can be learned
        assert probability == pytest.approx(np.full(40, patients.outcome.mean()))


@pytest.mark.parametrize("name", NAMES)
def test_more_predictors_than_patients(name: str) -> None:
    rng = np.random.default_rng(4)
    columns = tuple(Column(f"x{j}") for j in range(50))
    patients = Patients(rng.normal(size=(24, 50)), np.array([0, 1] * 12, dtype=np.int8), None)
    if name == "firth":  # unpenalised directions; it may give up, but by name
        try:
            predicted(name, patients, Plan(columns, "median", (), 3))
        except LearningError as error:
            assert "Firth" in str(error)  # noqa: PT017 - either way is fine
    else:
        predicted(name, patients, Plan(columns, "median", (), 3))


@pytest.mark.parametrize("name", NAMES)
def test_one_predictor_is_enough(name: str) -> None:
    patients = patients_of()
    one = Patients(patients.values[:, :1], patients.outcome, None)
    predicted(name, one, Plan(COLUMNS[:1], "median", (), 3))


@pytest.mark.parametrize("name", NAMES)
def test_iterative_imputation_and_indicators_go_with_every_model(name: str) -> None:
    predicted(name, patients_of(), Plan(COLUMNS, "iterative", ("a", "s"), 3))


def test_inner_folds_shrink_to_what_the_rarer_outcome_can_fill() -> None:
    patients = patients_of(20)
    ridge = candidates_of()["ridge"]
    for events, folds_possible in ((1, False), (2, True)):
        outcome = np.zeros(20, dtype=np.int8)
        outcome[:events] = 1
        fitted = fit(ridge, PLAN, Patients(patients.values, outcome, None), seed=1)
        if not folds_possible:  # nothing can be compared, so the middle of the grid is taken
            assert fitted.setting == ridge.grid[1]


def test_inner_folds_keep_groups_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    patients = patients_of(60, groups=12)
    assert patients.group is not None
    seen: list[Any] = []
    real = procedure._fit_all

    def spy(candidate: Any, plan: Any, part: Patients, settings: Any, seed: int) -> Any:
        seen.append(part.group)
        return real(candidate, plan, part, settings, seed)

    monkeypatch.setattr(procedure, "_fit_all", spy)
    fit(candidates_of()["ridge"], PLAN, patients, seed=1)
    for group in seen[:-1]:
        assert all((group == g).sum() in (0, (patients.group == g).sum()) for g in range(12))


def test_inner_training_folds_with_one_class_are_left_out() -> None:
    # two groups, all events in one: no inner fold can be fitted
    patients = patients_of(20)
    group = np.repeat([0, 1], 10)
    one_sided = Patients(patients.values, (group == 0).astype(np.int8), group)
    ridge = candidates_of()["ridge"]
    assert fit(ridge, PLAN, one_sided, seed=1).setting == ridge.grid[1]


@pytest.mark.parametrize("name", LINEAR)
def test_one_class_is_a_named_failure(name: str) -> None:
    patients = patients_of(20)
    one = Patients(patients.values, np.ones(20, dtype=np.int8), None)
    with pytest.raises(LearningError, match="one class only"):
        fit(candidates_of()[name], PLAN, one, seed=1)


def test_a_fit_that_does_not_converge_fails_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.exceptions import ConvergenceWarning

    class Stubborn:
        def fit(self, *_: Any) -> None:
            warnings.warn("not there yet", ConvergenceWarning, stacklevel=1)

    monkeypatch.setattr(procedure.Candidate, "build", lambda *_: Stubborn())
    with pytest.raises(LearningError, match="Ridge logistic: the fit does not converge"):
        fit(candidates_of()["ridge"], PLAN, patients_of(), seed=1)
