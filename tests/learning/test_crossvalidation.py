"""Out-of-fold predictions: nothing leaks, nothing depends on the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from synthetic import FAST, PLAN, candidates_of, patients_of

from predictor.cohort.checking import check_cohort
from predictor.cohort.reading import read_table
from predictor.learning.crossvalidation import OutOfFold, cross_validate
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import RepeatedFolds, repeated_folds
from predictor.performance.discrimination import cross_validated_auroc
from predictor.study import load_study


def folds_of(patients: Patients, repeats: int = 2, folds: int = 4) -> RepeatedFolds:
    return repeated_folds(patients.outcome, patients.group, folds=folds, repeats=repeats, seed=9)


def run(
    patients: Patients, names: list[str] | None = None, workers: int = 1, **options: Any
) -> dict[str, OutOfFold]:
    models = options.pop("models", FAST)
    found = candidates_of(models)
    chosen = [found[name] for name in names or found]
    folds = options.pop("folds", None) or folds_of(patients)
    results = cross_validate(chosen, PLAN, patients, folds, workers=workers, **options)
    return {result.candidate.name: result for result in results}


def test_one_and_two_workers_give_the_same_numbers() -> None:
    patients = patients_of()
    names = ["firth", "ridge", "elastic_net", "random_forest"]
    one, two = run(patients, names), run(patients, names, workers=2)
    for name in one:
        assert one[name].probability.tobytes() == two[name].probability.tobytes()
        assert one[name].settings == two[name].settings


def test_every_patient_is_predicted_once_in_each_repeat_and_progress_reaches_the_end() -> None:
    told: list[tuple[float, str]] = []
    results = run(
        patients_of(),
        ["prevalence", "random_forest"],
        progress=lambda share, what: told.append((share, what)),
    )
    for result in results.values():
        assert result.probability.shape == (2, 60)
        assert np.isfinite(result.probability).all()
        assert len(result.settings) == 8
        assert result.seconds > 0
    shares = [share for share, _ in told]
    assert len(told) == 1 + 8  # the linear family is fitted in all folds at once
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert {what for _, what in told} == {"Prevalence", "Random forest"}


@pytest.mark.parametrize("name", list(candidates_of()))
def test_a_patient_does_not_influence_the_model_that_predicts_the_same_fold(name: str) -> None:
    """Values and outcome of one test patient change nobody else of that fold."""
    patients = patients_of()
    folds = folds_of(patients, repeats=1)
    before = run(patients, [name], folds=folds)[name].probability[0]
    values, outcome = patients.values.copy(), patients.outcome.copy()
    values[0], outcome[0] = [9.0, -9.0, np.nan, 3.0], 1 - outcome[0]
    after = run(Patients(values, outcome, None), [name], folds=folds)[name].probability[0]
    same = folds.fold[0] == folds.fold[0, 0]
    same[0] = False
    assert after[same].tobytes() == before[same].tobytes()
    assert (
        after[folds.fold[0] != folds.fold[0, 0]] != before[folds.fold[0] != folds.fold[0, 0]]
    ).any()


def test_predictions_follow_permuted_rows() -> None:
    models = {"firth": {}, "ridge": {"penalty": 1}, "elastic_net": {"penalty": 1, "l1_share": 0.5}}
    patients = patients_of()
    folds = folds_of(patients)
    order = np.random.default_rng(0).permutation(60)
    moved = Patients(patients.values[order], patients.outcome[order], None)
    moved_folds = RepeatedFolds(folds.fold[:, order], folds.seed)
    before = run(patients, models=models, folds=folds)
    after = run(moved, models=models, folds=moved_folds)
    for name in before:
        expected = before[name].probability[:, order]
        assert after[name].probability == pytest.approx(expected, abs=1e-8), name


def test_the_prevalence_is_that_of_the_training_folds() -> None:
    patients = patients_of()
    folds = folds_of(patients)
    probability = run(patients, ["prevalence"], folds=folds)["prevalence"].probability
    for r in range(2):
        for k in range(4):
            test = folds.fold[r] == k
            expected = patients.outcome[~test].mean()
            assert probability[r, test] == pytest.approx(np.full(test.sum(), expected))


def test_groups_are_predicted_by_models_that_have_not_seen_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from predictor.learning import crossvalidation

    patients = patients_of(groups=15)
    folds = folds_of(patients)
    tasks = iter([(r, k) for r, k in folds.tasks])
    real = crossvalidation.fit

    def spy(candidate: Any, plan: Any, everybody: Patients, seed: int, count: Any) -> Any:
        r, k = next(tasks)
        assert everybody.group is not None
        training = set(everybody.group[count > 0])
        assert not training & set(everybody.group[folds.fold[r] == k])
        return real(candidate, plan, everybody, seed, count)

    monkeypatch.setattr(crossvalidation, "fit", spy)
    run(patients, ["random_forest"], folds=folds)
    assert next(tasks, None) is None


def shuffled(name: str, models: dict[str, Any], n: int, draws: int) -> np.ndarray:
    """AUROC of cohorts whose outcome has nothing to do with the predictors."""
    areas = []
    for draw in range(draws):
        patients = patients_of(n, seed=draw)
        outcome = np.random.default_rng(1000 + draw).permutation(patients.outcome)
        patients = Patients(patients.values, outcome, None)
        folds = repeated_folds(outcome, None, folds=4, repeats=1, seed=draw)
        probability = run(patients, [name], models=models, folds=folds)[name].probability
        areas.append(cross_validated_auroc(outcome, probability, folds.fold).value)
    return np.array(areas)


@pytest.mark.parametrize("name", list(candidates_of()))
def test_a_shuffled_outcome_gives_an_auroc_near_one_half(name: str) -> None:
    areas = shuffled(name, FAST, n=60, draws=8)
    # Four standard errors of the mean of 8 cohorts; one AUROC of 60 patients has about 0.09.
    assert abs(areas.mean() - 0.5) < 4 * 0.09 / np.sqrt(8)
    if name == "prevalence":
        assert areas.tolist() == [0.5] * 8


@pytest.mark.slow
@pytest.mark.parametrize("name", list(candidates_of())[1:])
def test_a_shuffled_outcome_gives_an_auroc_of_one_half_on_average(name: str) -> None:
    areas = shuffled(name, FAST, n=80, draws=40)
    error = areas.std(ddof=1) / np.sqrt(40)
    assert error < 0.03
    assert abs(areas.mean() - 0.5) < 4 * error


@pytest.mark.parametrize("name", ["ridge", "random_forest", "hist_gradient_boosting"])
def test_signal_is_found(name: str) -> None:
    patients = patients_of(150, signal=3.0)
    folds = folds_of(patients, repeats=1)
    probability = run(patients, [name], folds=folds)[name].probability
    assert cross_validated_auroc(patients.outcome, probability, folds.fold).value > 0.75


@pytest.mark.slow  # its import alone takes seconds in each worker
def test_additive_models_run_in_workers_where_installed() -> None:
    pytest.importorskip("interpret")
    patients = patients_of(40)
    result = run(patients, ["ebm"], workers=2, models={"ebm": {}}, folds=folds_of(patients, 1, 2))
    assert np.isfinite(result["ebm"].probability).all()


def test_the_sle_cohort_is_predicted_as_by_scikit_learn_alone(shared: Path) -> None:
    """An independent pipeline on the same folds; C is 1 / penalty on columns divided by n - 1."""
    study = load_study("sle_low_disease_activity")
    path = shared / "data" / "gse65391_response_index.csv"
    cohort = check_cohort(study, read_table(path, study.config.cohort)).usable()
    patients = Patients(cohort.values, cohort.outcome, cohort.group)
    columns = tuple(column_of(variable) for variable in cohort.variables)
    ridge = candidates_of({"ridge": {"penalty": 5}}, len(columns))["ridge"]
    folds = repeated_folds(cohort.outcome, cohort.group, folds=5, repeats=2, seed=20241120)
    (ours,) = cross_validate([ridge], Plan(columns, "median", (), 5), patients, folds, workers=1)

    nominal = [j for j, c in enumerate(columns) if c.states]
    numbers = [j for j, c in enumerate(columns) if not c.states]
    expected = np.empty_like(ours.probability)
    for r in range(2):
        for k in range(5):
            test = folds.fold[r] == k
            n = int((~test).sum())
            # StandardScaler divides by n: columns are larger by sqrt(n / (n - 1)), so the same
            # penalty on coefficients of our columns is C = (n - 1) / n / 5 on theirs.
            prepare = ColumnTransformer(
                [
                    ("numbers", SimpleImputer(strategy="median"), numbers),
                    (
                        "states",
                        make_pipeline(
                            SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first")
                        ),
                        nominal,
                    ),
                ]
            )
            model = make_pipeline(
                prepare,
                StandardScaler(),
                LogisticRegression(C=(n - 1) / n / 5, tol=1e-12, max_iter=100_000),
            )
            model.fit(cohort.values[~test], cohort.outcome[~test])
            expected[r, test] = model.predict_proba(cohort.values[test])[:, 1]
    assert ours.probability == pytest.approx(expected, abs=1e-6)
