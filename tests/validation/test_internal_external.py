"""Leaving out centres: as by hand, blind to the centre left out, honest when it is small."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from predictor.errors import LearningError
from predictor.learning.candidates import Candidate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.splits import derived_seed
from predictor.performance.evaluation import evaluate
from predictor.validation.centre_figures import (
    EQUAL,
    FEW,
    NO_SLOPE,
    NO_SPREAD,
    NOTHING_EXPECTED,
    ONE_CLASS,
    SEPARATED,
    Figure,
    backward,
    figures_of,
    forward,
)
from predictor.validation.internal_external import InternalExternal, internal_external
from predictor.validation.random_effects import random_effects

COLUMNS = (Column("a"), Column("b"), Column("c"), Column("s", ("none", "mild", "severe")))
PLAN = Plan(COLUMNS, "median", (), inner_folds=3)
EVERYTHING = (0, 1, 2, 3)
CANDIDATES = {
    "prevalence": Candidate("prevalence", "Prevalence", EVERYTHING),
    "ridge": Candidate(
        "ridge", "Ridge", EVERYTHING, ({"penalty": 10.0}, {"penalty": 1.0}, {"penalty": 0.1})
    ),
    "one penalty": Candidate("ridge", "Ridge", EVERYTHING, ({"penalty": 2.0},)),
    "random_forest": Candidate(
        "random_forest", "Forest", EVERYTHING, ({"min_samples_leaf": 3},), {"n_estimators": 10}
    ),
}
NAMES = ("auroc", "calibration_intercept", "calibration_slope", "observed_expected", "brier")


def cohort(sizes: tuple[int, ...] = (40, 30, 25, 35), seed: int = 3) -> tuple[Patients, np.ndarray]:
    """Three numbers, a nominal variable, and centres that differ in how frequent the event is."""
    rng = np.random.default_rng(seed)
    centre = rng.permutation(np.repeat(np.arange(len(sizes)) * 3 + 5, sizes))
    n = centre.size
    values = np.column_stack([rng.normal(size=(n, 3)), rng.choice(3, n)]).astype(float)
    risk = 1 / (1 + np.exp(-(1.3 * values[:, 0] + 0.15 * (centre - 9))))
    outcome = (rng.random(n) < risk).astype(np.int8)
    values[rng.random((n, 4)) < 0.08] = np.nan
    return Patients(values, outcome, None), centre


def run(patients: Patients, centre: np.ndarray, model: str = "ridge", **options: Any) -> Any:
    settings: dict[str, Any] = {"seed": 11, "workers": 1, "thresholds": (0.25, 0.5)} | options
    return internal_external(CANDIDATES[model], PLAN, patients, centre, **settings)


@pytest.fixture(scope="module")
def small() -> tuple[Patients, np.ndarray]:
    return cohort()


@pytest.fixture(scope="module")
def found(small: tuple[Patients, np.ndarray]) -> InternalExternal:
    result: InternalExternal = run(*small)
    return result


# ---- the fits


@pytest.mark.parametrize("model", ["one penalty", "random_forest"])
def test_each_centre_is_predicted_by_a_fit_on_all_the_others(
    small: tuple[Patients, np.ndarray], model: str
) -> None:
    patients, centre = small
    candidate, result = CANDIDATES[model], run(patients, centre, model)
    for k, code in enumerate(np.unique(centre)):
        out = centre == code
        by_hand = fit(candidate, PLAN, patients.take(~out), derived_seed(11, 1, 0, k))
        probability = by_hand.probability(patients.values[out][:, candidate.predictors])
        expected = figures_of(patients.outcome[out], probability, 0.95)
        row = result.centres[k]
        assert (row.centre, row.n) == (code, out.sum())
        assert row.events == patients.outcome[out].sum()
        for figure, other in zip(row.figures, expected, strict=True):
            assert figure.value == pytest.approx(other.value, abs=1e-6)
            assert figure.error == pytest.approx(other.error, abs=1e-5)


def test_the_outcomes_of_a_centre_do_not_reach_its_own_predictions(
    small: tuple[Patients, np.ndarray], found: InternalExternal
) -> None:
    patients, centre = small
    turned = patients.outcome.copy()
    turned[centre == 5] = 1 - turned[centre == 5]
    other = run(Patients(patients.values, turned, None), centre)
    before, after = found.centres[0].figure("auroc"), other.centres[0].figure("auroc")
    assert after.value == pytest.approx(1 - (before.value or 0))
    assert other.centres[1].figure("auroc").value != found.centres[1].figure("auroc").value


def test_the_number_of_workers_changes_nothing(small: tuple[Patients, np.ndarray]) -> None:
    one, two = run(*small, "random_forest"), run(*small, "random_forest", workers=2)
    assert one.to_dict(0) == two.to_dict(0)


def test_the_seed_decides_the_rest(small: tuple[Patients, np.ndarray]) -> None:
    first, second = run(*small, "random_forest"), run(*small, "random_forest", seed=12)
    assert first.to_dict(0) != second.to_dict(0)


# ---- the summary


def test_the_summary_is_that_of_the_rows_on_their_scales(found: InternalExternal) -> None:
    for name in NAMES:
        scale = found.summary(name).scale
        rows = [row.figure(name) for row in found.centres]
        positions = [forward(scale, row.value or 0.0) for row in rows]
        variances = [(row.error or 0.0) ** 2 for row in rows]
        expected = random_effects(positions, variances)
        effect = found.summary(name).effect
        assert effect is not None
        assert effect.mean == pytest.approx(backward(scale, expected.mean))
        assert effect.low == pytest.approx(backward(scale, expected.low))
        assert effect.prediction_high == pytest.approx(
            backward(scale, expected.prediction_high or 0.0)
        )
        assert effect.tau2 == expected.tau2
        assert found.summary(name).left_out == 0
    scales = {name: found.summary(name).scale for name in NAMES}
    assert scales == {
        "auroc": "log-odds",
        "calibration_intercept": "plain",
        "calibration_slope": "plain",
        "observed_expected": "logarithm",
        "brier": "log-odds",
    }


def test_the_net_benefit_counts_every_patient_once(
    small: tuple[Patients, np.ndarray], found: InternalExternal
) -> None:
    patients, _ = small
    for i, threshold in enumerate((0.25, 0.5)):
        over_all = found.net_benefit[i]
        assert over_all.threshold == threshold
        weighted = sum(row.n * row.net_benefit[i].model for row in found.centres)
        assert over_all.model == pytest.approx(weighted / len(patients.outcome))


def test_centres_that_are_too_small_stay_as_rows_and_are_counted() -> None:
    patients, centre = cohort((40, 30, 2, 1, 4))
    outcome = patients.outcome.copy()
    outcome[centre == 17] = 0  # four patients of one class
    outcome[centre == 11] = [0, 1]
    result = run(Patients(patients.values, outcome, None), centre)
    assert [row.n for row in result.centres] == [40, 30, 2, 1, 4]
    single, uniform = result.centres[3], result.centres[4]
    assert single.figure("auroc").value is None
    assert single.figure("brier").error is None
    assert uniform.figure("auroc").reason == ONE_CLASS
    assert uniform.figure("observed_expected").value == 0
    assert uniform.figure("brier").error is not None
    assert result.summary("auroc").left_out == 3
    assert result.summary("brier").left_out == 1
    assert result.summary("auroc").effect is not None
    assert result.summary("auroc").effect.centres == 2
    assert "3 centres are too small or too uniform" in result.sentence


def test_the_prevalence_has_no_summary_of_its_ranking(small: tuple[Patients, np.ndarray]) -> None:
    result = run(*small, "prevalence")
    assert result.summary("auroc").effect is None
    assert result.summary("calibration_slope").effect is None
    assert result.summary("observed_expected").effect is not None
    assert result.centres[0].figure("auroc").reason == EQUAL
    assert "no centre is large enough" in result.sentence


# ---- the figures of one centre


def predictions(n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    probability = rng.uniform(0.05, 0.95, n)
    return (rng.random(n) < probability**1.3).astype(np.int8), probability


def of(outcome: Any, probability: Any) -> dict[str, Figure]:
    y = np.asarray(outcome, dtype=np.int8)
    return {f.name: f for f in figures_of(y, np.asarray(probability, dtype=float), 0.95)}


def test_figures_and_intervals_are_those_of_evaluate() -> None:
    y, p = predictions()
    got, expected = of(y, p), evaluate(y, p)
    assert expected.recalibration is not None
    for name, estimate in {
        "auroc": expected.auroc_logit,
        "calibration_intercept": expected.calibration_intercept,
        "calibration_slope": expected.recalibration.slope,
        "observed_expected": expected.observed_expected,
    }.items():
        assert estimate is not None
        assert (got[name].value, got[name].low, got[name].high) == pytest.approx(
            (estimate.value, estimate.low, estimate.high)
        )
        assert got[name].reason is None


def test_the_interval_of_the_brier_score_by_hand() -> None:
    y, p = predictions()
    squares = (y - p) ** 2
    value, error = squares.mean(), stats.sem(squares)
    got = of(y, p)["brier"]
    logit = math.log(value / (1 - value))
    reach = stats.norm.ppf(0.975) * error / (value * (1 - value))
    assert got.value == pytest.approx(value)
    assert got.low == pytest.approx(1 / (1 + math.exp(reach - logit)))
    assert got.high == pytest.approx(1 / (1 + math.exp(-reach - logit)))


@pytest.mark.parametrize(
    ("outcome", "probability", "reasons"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3], dict.fromkeys(NAMES[:4], ONE_CLASS)),
        ([1, 1], [0.3, 0.4], dict.fromkeys(NAMES[:4], ONE_CLASS)),
        ([0, 1, 0, 1], [0.3] * 4, {"auroc": EQUAL, "calibration_slope": EQUAL}),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], {"auroc": SEPARATED, "calibration_slope": NO_SLOPE}),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], {"auroc": SEPARATED, "calibration_slope": NO_SLOPE}),
        ([0, 1, 0, 0], [0.1, 0.2, 0.3, 0.15], {"auroc": FEW}),
        ([0], [0.4], {"brier": NO_SPREAD, "auroc": ONE_CLASS}),
        ([0, 1], [0.5, 0.5], {"brier": NO_SPREAD, "auroc": FEW}),
        ([0, 1, 0], [0.0, 0.0, 0.0], {"observed_expected": NOTHING_EXPECTED}),
        ([0, 0, 1], [0.0, 0.0, 1.0], {"brier": NO_SPREAD, "auroc": SEPARATED}),
    ],
)
def test_what_a_centre_cannot_tell_is_none_with_a_reason(
    outcome: Any, probability: Any, reasons: dict[str, str]
) -> None:
    got = of(outcome, probability)
    assert tuple(got) == NAMES
    for name, reason in reasons.items():
        assert got[name].reason == reason
        assert got[name].error is None
        assert got[name].low is None
        assert got[name].high is None
    for figure in got.values():
        assert (figure.reason is None) == (figure.error is not None)
        assert figure.value is None or math.isfinite(figure.value)


# ---- what leaves


def test_small_centres_are_masked_with_a_second_one() -> None:
    patients, centre = cohort((40, 30, 25, 4))
    result = run(patients, centre)
    data = result.to_dict(5)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    hidden = [row for row in data["centres"] if row["masked"]]
    assert data["masked"] == len(hidden) >= 2
    assert hidden[-1]["centre"] == 14
    for row in hidden:
        assert row["n"] is None
        assert row["events"] is None
        assert row["net_benefit"] == []
        assert all(row[name] is None for name in NAMES)
        assert all(row[f"{name}_reason"] == "masked" for name in NAMES)
    shown = [row for row in data["centres"] if not row["masked"]]
    assert all(row["n"] > 5 for row in shown)
    assert len(data["centres"]) == 4


def test_a_cell_size_of_0_masks_nothing(found: InternalExternal) -> None:
    data = found.to_dict(0)
    assert data["masked"] == 0
    assert [row["n"] for row in data["centres"]] == [40, 30, 25, 35]
    assert {"auroc", "auroc_low", "auroc_high", "auroc_reason"} <= set(data["centres"][0])
    assert [s["figure"] for s in data["summaries"]] == list(NAMES)
    assert data["summaries"][0]["centres"] == 4


def test_centres_go_by_their_codes_unless_names_are_given(found: InternalExternal) -> None:
    assert [row["centre"] for row in found.to_dict(0)["centres"]] == [5, 8, 11, 14]
    named = found.to_dict(0, {5: "A", 8: "B", 11: "C", 14: "D"})
    assert [row["centre"] for row in named["centres"]] == ["A", "B", "C", "D"]


def test_the_sentence_says_mean_and_range(found: InternalExternal) -> None:
    effect = found.summary("auroc").effect
    assert effect is not None
    assert found.sentence == (
        "Each of 4 centres predicted by a model from the others: AUROC "
        f"{effect.mean:.2f} (95% interval {effect.low:.2f} to {effect.high:.2f}); in a further "
        f"centre {effect.prediction_low:.2f} to {effect.prediction_high:.2f}."
    )


# ---- groups, refusals


def test_rows_of_a_patient_count_once_when_masking_and_are_mentioned() -> None:
    patients, centre = cohort()
    order = np.argsort(centre, kind="stable")
    repeated = Patients(
        patients.values[order], patients.outcome[order], np.arange(len(centre)) // 5
    )
    result = run(repeated, centre[order])
    assert [row.size[0] for row in result.centres] == [8, 6, 5, 7]
    assert [row.n for row in result.centres] == [40, 30, 25, 35]
    assert "too narrow" in result.notes[0]
    centres = Patients(repeated.values, repeated.outcome, centre[order])
    assert run(centres, centre[order]).notes == ()


def test_a_patient_in_two_centres_is_refused(small: tuple[Patients, np.ndarray]) -> None:
    patients, centre = small
    group = np.arange(len(centre)) // 2
    with pytest.raises(LearningError, match="a patient is in more than one centre"):
        run(Patients(patients.values, patients.outcome, group), centre)


@pytest.mark.parametrize(
    ("centres", "mixed", "words"),
    [(1, 1, r"is 1 \(of 1\)"), (4, 1, r"is 1 \(of 4\)"), (4, 0, r"are none \(of 4\)")],
)
def test_two_centres_with_both_outcomes_are_needed(centres: int, mixed: int, words: str) -> None:
    patients, centre = cohort((20,) * centres)
    outcome = ((centre - 5) // 3 % 2).astype(np.int8)
    if mixed:
        outcome[centre == 5] = [0, 1] * 10
    with pytest.raises(LearningError, match=f"two centres with patients with .* and there {words}"):
        run(Patients(patients.values, outcome, None), centre)


def test_two_centres_are_enough_and_say_how_little_they_tell() -> None:
    result = run(*cohort((45, 40)))
    effect = result.summary("auroc").effect
    assert effect.centres == 2
    assert effect.prediction_low is None
    assert "one degree of freedom" in result.summary("auroc").to_dict()["note"]
    assert "further centre" not in result.sentence
