"""The engine: the same results whoever does the work, and failures that are counted."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest
from synthetic import PLAN, candidates_of, patients_of

from predictor.explanation.contributions import contributions
from predictor.learning import refitting
from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, fit
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import BootstrapPlan, Resamples, bootstrap

FIELDS = ("count", "outcome", "probability", "usable", "separated", "candidate", "setting")
TREES = ["random_forest", "hist_gradient_boosting"]


def everything(fits: Refit) -> Refit:
    """A measure that keeps all; of this module, so that a process can find it."""
    return fits


def offered(*names: str) -> list[Candidate]:
    return [candidates_of()[name] for name in names]


def joined(parts: Sequence[Refit]) -> dict[str, Any]:
    names = (*FIELDS, "mean_absolute_shap")
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def assert_identical(one: dict[str, Any], two: dict[str, Any]) -> None:
    for name, values in one.items():
        assert np.array_equal(values, two[name], equal_nan=True), name


class TestAnyNumberOfWorkers:
    @pytest.mark.parametrize("names", [("ridge",), ("prevalence", "firth", "ridge", "elastic_net")])
    def test_gives_the_same_bits_for_the_linear_family(self, names: tuple[str, ...]) -> None:
        patients = patients_of(40)
        resamples = bootstrap(40, None, resamples=50, seed=2)
        one, two, three = (
            joined(refit(offered(*names), PLAN, patients, resamples, everything, workers=w))
            for w in (1, 2, 3)
        )
        assert_identical(one, two)
        assert_identical(one, three)
        assert (one["count"] == resamples.count).all()

    @pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
    def test_and_any_backend(self, backend: str) -> None:
        patients = patients_of(40)
        resamples = bootstrap(40, None, resamples=33, seed=2)
        expected = joined(refit(offered("ridge"), PLAN, patients, resamples, everything, workers=1))
        with joblib.parallel_config(backend=backend):
            found = refit(offered("ridge"), PLAN, patients, resamples, len_of_chunk, workers=2)
            whole = refit(offered("ridge"), PLAN, patients, resamples, everything, workers=2)
        assert sum(found) == 33
        assert_identical(expected, joined(whole))

    def test_gives_the_same_bits_for_forests_in_processes(self) -> None:
        patients = patients_of(40)
        resamples = bootstrap(40, None, resamples=4, seed=2)
        one, two = (
            joined(
                refit(
                    offered("random_forest"),
                    PLAN,
                    patients,
                    resamples,
                    everything,
                    explain=True,
                    workers=w,
                )
            )
            for w in (1, 2)
        )
        assert_identical(one, two)
        assert one["usable"].all()


@contextmanager
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # shap on Python 3.11, when it is imported; nobody is shown these by default
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield


def len_of_chunk(fits: Refit) -> int:
    return len(fits.usable)


class TestOneAtATime:
    @pytest.mark.parametrize("name", TREES)
    def test_a_fit_is_the_procedure_with_counts(self, name: str) -> None:
        patients, (candidate,) = patients_of(40), offered(name)
        resamples = bootstrap(40, None, resamples=3, seed=2)
        found = joined(refit([candidate], PLAN, patients, resamples, everything, workers=1))
        for b in range(3):
            one = fit(candidate, PLAN, patients, int(resamples.seed[b]), resamples.count[b])
            assert (found["probability"][b] == one.probability(patients.values)).all()
            assert candidate.grid[found["setting"][b]] == one.setting
        assert np.isnan(found["mean_absolute_shap"]).all()

    def test_shap_values_are_those_of_the_patients_of_the_resample(self) -> None:
        patients, (candidate,) = patients_of(40), offered("hist_gradient_boosting")
        resamples = bootstrap(40, None, resamples=2, seed=2)
        found = joined(
            refit([candidate], PLAN, patients, resamples, everything, explain=True, workers=1)
        )
        for b in range(2):
            one = fit(candidate, PLAN, patients, int(resamples.seed[b]), resamples.count[b])
            drawn = patients.values[np.repeat(np.arange(40), resamples.count[b])]
            moved = contributions(one.model, one.preparation, drawn).values
            expected = np.abs(moved).mean(axis=0)
            assert found["mean_absolute_shap"][b] == pytest.approx(expected)

    def test_chained_imputation_is_fitted_one_at_a_time(self) -> None:
        patients, (candidate,) = patients_of(40), offered("ridge")
        plan = replace(PLAN, imputation="iterative")
        resamples = bootstrap(40, None, resamples=2, seed=2)
        found = joined(refit([candidate], plan, patients, resamples, everything, workers=1))
        for b in range(2):
            one = fit(candidate, plan, patients, int(resamples.seed[b]), resamples.count[b])
            assert (found["probability"][b] == one.probability(patients.values)).all()

    def test_several_candidates_are_refused(self) -> None:
        resamples = bootstrap(40, None, resamples=2, seed=2)
        both = offered("ridge", "random_forest")
        with pytest.raises(ValueError, match="linear family only"):
            refit(both, PLAN, patients_of(40), resamples, everything)


def odd_patients(n: int = 50) -> Patients:
    """Gaps, a nominal variable with a rare state, yes and no, and a column that never varies."""
    rng = np.random.default_rng(7)
    made = patients_of(n)
    values = np.column_stack(
        [made.values[:, 0], np.full(n, 7.1), rng.integers(0, 2, n), made.values[:, 3]]
    )
    return replace(made, values=values.astype(float))


ODD = replace(
    PLAN,
    columns=(
        Column("a"),
        Column("fixed"),
        Column("yes", (), 0.0, 1.0, binary=True),
        PLAN.columns[3],
    ),
    missing_indicators=("a", "s"),
)


class TestFormula:
    @pytest.mark.parametrize(
        "name", ["prevalence", "one_predictor", "firth", "ridge", "elastic_net"]
    )
    def test_is_the_fit_of_the_procedure_in_that_resample(self, name: str) -> None:
        """Fitted by the procedure to the patients as often as they count, one after the other."""
        patients, (candidate,) = odd_patients(), offered(name)
        resamples = bootstrap(50, None, resamples=12, seed=5)
        parts = refit([candidate], ODD, patients, resamples, everything, workers=1)
        absent = np.isnan(patients.values)
        checked, b = 0, 0
        for part in parts:
            assert part.formula is not None
            for row, usable in enumerate(part.usable):
                if usable:
                    one = fit(candidate, ODD, patients, int(resamples.seed[b]), resamples.count[b])
                    own = list(candidate.predictors)
                    # Each resample fills gaps with its own typical values.
                    filled = np.where(absent, 0.0, patients.values)
                    filled[:, own] = one.preparation.impute(patients.values[:, own])
                    found = part.formula.log_odds(filled, absent)[:, row]
                    design = one.preparation.apply(patients.values[:, own])
                    expected = one.model.output(design)
                    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)
                    # The same through the columns of the candidate alone.
                    alone = part.formula.of(own).log_odds(filled[:, own], absent[:, own])[:, row]
                    np.testing.assert_allclose(alone, found, rtol=0, atol=1e-9)
                    checked += 1
                b += 1
        assert b == 12
        assert checked >= 8

    def test_gives_the_probabilities_of_patients_without_gaps(self) -> None:
        made = odd_patients()
        patients = replace(made, values=np.where(np.isnan(made.values), 1.0, made.values))
        resamples = bootstrap(50, None, resamples=9, seed=5)
        for part in refit(offered("ridge"), ODD, patients, resamples, everything, workers=1):
            assert part.formula is not None
            nothing = np.zeros(patients.values.shape, dtype=bool)
            log_odds = part.formula.log_odds(patients.values, nothing).T
            np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), part.probability, atol=1e-12)

    def test_a_failed_fit_has_none(self) -> None:
        patients = odd_patients(40)
        count = np.ones((2, 40), dtype=np.int32)
        count[0] = 2 * patients.outcome
        resamples = Resamples(count, np.arange(2))
        parts = refit(offered("ridge"), ODD, patients, resamples, everything, workers=1)
        intercepts = np.concatenate([p.formula.intercept for p in parts if p.formula is not None])
        assert np.isnan(intercepts).tolist() == [True, False]

    @pytest.mark.parametrize("name", TREES)
    def test_other_models_have_none(self, name: str) -> None:
        resamples = bootstrap(40, None, resamples=1, seed=2)
        (part,) = refit(offered(name), PLAN, patients_of(40), resamples, everything, workers=1)
        assert part.formula is None


class TestFailures:
    @pytest.mark.parametrize("name", ["prevalence", "firth", "ridge", "elastic_net", *TREES])
    def test_one_class_is_counted_without_a_word(self, name: str) -> None:
        patients = patients_of(40)
        count = np.ones((3, 40), dtype=np.int32)
        count[0] = 2 * patients.outcome
        count[2] = 1 - patients.outcome
        resamples = Resamples(count, np.arange(3))
        with no_warning():
            found = joined(
                refit(offered(name), PLAN, patients, resamples, everything, workers=1, explain=True)
            )
        assert found["usable"].tolist() == [False, True, False]
        assert np.isnan(found["probability"][[0, 2]]).all()
        assert np.isnan(found["mean_absolute_shap"][[0, 2]]).all()
        assert np.isfinite(found["probability"][1]).all()

    @pytest.mark.parametrize("name", ["ridge", *TREES])
    @pytest.mark.parametrize("events", [1, 2])
    def test_one_or_two_events_are_enough_for_a_fit(self, name: str, events: int) -> None:
        patients = patients_of(30)
        outcome = np.zeros(30, dtype=np.int8)
        outcome[:events] = 1
        patients = replace(patients, outcome=outcome)
        resamples = bootstrap(30, None, resamples=6, seed=0)
        has_event = resamples.count @ outcome > 0
        with no_warning():
            found = joined(refit(offered(name), PLAN, patients, resamples, everything, workers=1))
        assert (found["usable"] == has_event).all()
        assert 0 < has_event.sum() < 6

    def test_no_resamples_give_nothing(self) -> None:
        nothing = bootstrap(40, None, resamples=0, seed=0)
        assert refit(offered("ridge"), PLAN, patients_of(40), nothing, everything) == []


class TestOutcomes:
    @pytest.mark.parametrize("name", ["ridge", "random_forest"])
    def test_permuted_ones_are_fitted_like_own_ones(self, name: str) -> None:
        patients = patients_of(40)
        rng = np.random.default_rng(1)
        permuted = np.stack([rng.permutation(patients.outcome) for _ in range(3)])
        all_of_them = Resamples(np.ones((3, 40), dtype=np.int32), np.arange(3))
        found = joined(
            refit(
                offered(name),
                PLAN,
                patients,
                all_of_them,
                everything,
                outcome=permuted,
                workers=1,
            )
        )
        assert (found["outcome"] == permuted).all()
        for b in range(3):
            own = Patients(patients.values, permuted[b], None)
            alone = joined(
                refit(offered(name), PLAN, own, all_of_them.part(b, b + 1), everything, workers=1)
            )
            assert found["setting"][b] == alone["setting"][0]
            assert found["probability"][b] == pytest.approx(alone["probability"][0], abs=1e-9)


def test_a_plan_that_draws_later_gives_the_same() -> None:
    patients = patients_of(40)
    drawn = bootstrap(40, None, resamples=70, seed=3)
    plan = BootstrapPlan(40, None, 70, 3)
    one, two = (
        joined(refit(offered("ridge"), PLAN, patients, resamples, everything, workers=2))
        for resamples in (drawn, plan)
    )
    assert_identical(one, two)


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    resamples = bootstrap(40, None, resamples=40, seed=3)
    refit(offered("ridge"), PLAN, patients_of(40), resamples, everything, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 10


def test_a_chunk_holds_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refitting, "_MOST_PREDICTIONS", 100)
    resamples = bootstrap(40, None, resamples=11, seed=3)
    sizes = refit(offered("prevalence"), PLAN, patients_of(40), resamples, len_of_chunk)
    assert max(sizes) <= 2
    assert sum(sizes) == 11


_LARGE = """
import resource
import numpy as np
from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import refit
from predictor.learning.resampling import bootstrap

rng = np.random.default_rng(0)
n, q = 100_000, 16
values = rng.normal(size=(n, q))
outcome = (rng.random(n) < 1 / (1 + np.exp(-values[:, 0]))).astype(np.int8)
values[rng.random((n, q)) < 0.1] = np.nan
grid = tuple({{"penalty": 10.0**e, "l1_share": 0.5}} for e in range(3, -4, -1))
candidate = Candidate("{name}", "it", tuple(range(q)), grid if "{name}" != "firth" else ({{}},))
plan = Plan(tuple(Column(f"x{{j}}") for j in range(q)), "median", (), 5)
found = refit(
    [candidate], plan, Patients(values, outcome, None),
    bootstrap(n, None, resamples=2, seed=0), lambda fits: fits.usable.all(), workers=2,
)
assert all(found)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["firth", "ridge", "elastic_net"])
def test_a_hundred_thousand_patients_stay_below_a_gigabyte(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LARGE.format(name=name)], capture_output=True, text=True, check=True
    )
    kilobytes = int(done.stdout)
    assert kilobytes < 1_000_000
