"""Each check of a pitfall fires on a cohort made so that it must, and rarely on a clean one.

False alarms are counted over many clean cohorts of made-up patients; the rates that these
simulations allow are written beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.cohort.cohort import Cohort
from predictor.validation import cohort_pitfalls as checks
from predictor.validation.cohort_pitfalls import People
from predictor.validation.pitfall import Pitfall

Floats = NDArray[np.float64]
CELL = 5


def variable(name: str, kind: str = "continuous", states: tuple[str, ...] = ()) -> Variable:
    entry = {"name": name, "label": name, "kind": kind, "time": "baseline", "source": "made up"}
    if kind == "continuous":
        entry["unit"] = "1"
    if states:
        entry["states"] = states  # type: ignore[assignment]
    return Variable.from_dict(entry)


NUMBERS = tuple(variable(f"x{j}") for j in range(6))
GOOD = ("passed", "not assessed")


def people(
    n: int = 200, seed: int = 1, strength: float = 1.0, centres: int = 0, variables: int = 6
) -> People:
    """Clean patients: numbers without gaps, an outcome that depends on the first of them."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, variables))
    chance = 1.0 / (1.0 + np.exp(0.7 - strength * values[:, 0]))
    outcome = (generator.random(n) < chance).astype(float)
    centre = generator.integers(0, centres, n) if centres else None
    return People(values, outcome, centre)


def cohort_of(made: People, patient: NDArray[np.int64] | None = None) -> Cohort:
    return Cohort(
        source="made",
        variables=NUMBERS[: made.values.shape[1]],
        values=made.values,
        outcome=made.outcome.astype(np.int8),
        group=made.centre,
        group_kind="none" if made.centre is None else "centre",
        patient=patient,
        flow=(),
        warnings=(),
        simulated=False,
    )


def alarms(check: Callable[[People], Pitfall], cohorts: int = 300, **made: Any) -> float:
    """Share of clean cohorts that are not let pass."""
    found = [check(people(seed=seed, **made)).status for seed in range(cohorts)]
    return float(np.mean([status not in GOOD for status in found]))


def of_leakage(made: People) -> Pitfall:
    return checks.leakage(made, NUMBERS, CELL)


def of_gaps(made: People) -> Pitfall:
    """Ten percent of the values are missing at random."""
    generator = np.random.default_rng(int(made.outcome.sum()))
    values = np.where(generator.random(made.values.shape) < 0.1, np.nan, made.values)
    return checks.telling_gaps(replace(made, values=values), NUMBERS, CELL)


def of_centres(made: People) -> Pitfall:
    return checks.centre_shift(made, NUMBERS, CELL)


# --- leakage ---------------------------------------------------------------------------------


def test_a_predictor_that_tells_the_outcome_is_suspected() -> None:
    made = people()
    made.values[:, 2] = made.outcome + np.linspace(0, 0.5, 200)
    found = of_leakage(made)
    assert found.status == "warning"
    assert found.figures == {"variable": "x2", "auroc": 1.0, "suspected": 1}
    assert found.rows == ({"variable": "x2", "code": "suspected_leakage"},)


def test_whether_a_predictor_is_missing_can_leak_too() -> None:
    made = people()
    made.values[made.outcome == 0, 3] = np.nan
    assert of_leakage(made).status == "warning"


def test_a_very_strong_predictor_is_noted() -> None:
    made = people()
    made.values[:, 1] = made.outcome + np.random.default_rng(3).normal(0, 0.45, 200)
    found = of_leakage(made)
    assert found.status == "note"
    assert 0.9 < float(found.figures["auroc"] or 0) < 0.98


@pytest.mark.parametrize("n", [31, 200])
def test_predictors_without_leakage_are_let_pass(n: int) -> None:
    # 0.1% by the rule; a predictor of some strength can look like a very strong one by chance.
    assert alarms(of_leakage, cohorts=100, n=n, strength=0.0) == 0.0


def test_the_strength_of_a_rare_state_is_not_shown() -> None:
    made = people(40)
    made.values[:] = 0.0
    made.values[np.flatnonzero(made.outcome)[:3], 0] = 1.0
    found = checks.leakage(made, [variable("rare", "binary"), *NUMBERS[1:]], CELL)
    assert found.figures["variable"] == "rare"
    assert found.figures["auroc"] is None


# --- imputation ------------------------------------------------------------------------------


def test_more_than_a_fifth_filled_in_is_a_warning() -> None:
    made = people()
    made.values[:60, 4] = np.nan
    made.values[:20, 5] = np.nan
    found = checks.imputation(made, NUMBERS, range(6), CELL)
    assert found.status == "warning"
    assert found.figures == {"variable": "x4", "share": 0.3, "above": 1, "patients": 0.3}
    assert found.rows == ({"variable": "x4", "share": 0.3}, {"variable": "x5", "share": 0.1})


def test_only_predictors_of_the_model_count() -> None:
    made = people()
    made.values[:60, 4] = np.nan
    assert checks.imputation(made, NUMBERS, [0, 1], CELL).status == "passed"


def test_a_few_gaps_are_noted_and_few_patients_not_counted() -> None:
    made = people(40)
    made.values[:3, 0] = np.nan
    found = checks.imputation(made, NUMBERS, range(6), CELL)
    assert found.status == "note"
    assert found.figures["share"] is None
    assert found.figures["patients"] is None
    assert found.rows == ({"variable": "x0", "share": None},)


@pytest.mark.parametrize("n", [15, 36, 79, 80, 200])
def test_whether_one_or_four_values_were_filled_in_makes_no_difference(n: int) -> None:
    found = []
    for missing in range(1, CELL):
        made = people(n)
        made.values[:missing, 0] = np.nan
        made.values[-20 if n > 50 else n :, 1] = np.nan  # a count that is shown
        found.append(checks.imputation(made, NUMBERS, range(6), CELL))
    assert all(each == found[0] for each in found)
    assert found[0].figures["patients"] is None


def test_without_gaps_nothing_is_filled_in() -> None:
    found = checks.imputation(people(), NUMBERS, range(6), CELL)
    assert found.status == "passed"
    assert found.figures["share"] == 0.0


# --- gaps that tell --------------------------------------------------------------------------


def test_gaps_that_go_with_the_outcome_are_found() -> None:
    made = people()
    sick = np.flatnonzero(made.outcome)
    made.values[sick[: len(sick) // 2], 3] = np.nan
    found = checks.telling_gaps(made, NUMBERS, CELL)
    assert found.status == "warning"
    assert found.figures["variable"] == "x3"
    assert found.rows == ({"variable": "x3"},)


def test_the_p_value_of_a_small_table_is_not_shown() -> None:
    made = people(60)
    made.values[np.flatnonzero(made.outcome == 0)[:3], 3] = np.nan
    found = checks.telling_gaps(made, NUMBERS, CELL)
    assert found.figures["p_value"] is None


def test_without_gaps_there_is_nothing_to_test() -> None:
    assert checks.telling_gaps(people(), NUMBERS, CELL).reason == "no predictor has missing values"


@pytest.mark.parametrize("n", [31, 200])
def test_gaps_at_random_are_let_pass(n: int) -> None:
    assert alarms(of_gaps, n=n) <= 0.02  # 1% by the rule, less as Fisher's test is exact


# --- order of the rows -----------------------------------------------------------------------


def test_an_outcome_sorted_along_the_rows_is_found() -> None:
    made = people()
    found = checks.row_order(replace(made, outcome=np.sort(made.outcome)))
    assert found.status == "warning"
    assert float(found.figures["trend_p"] or 1) < 1e-10


def test_an_outcome_in_blocks_is_found_by_its_runs() -> None:
    outcome = np.tile(np.repeat([0.0, 1.0], 10), 10)
    found = checks.row_order(replace(people(), outcome=outcome))
    assert found.status == "warning"
    assert float(found.figures["trend_p"] or 0) > 0.01 > float(found.figures["runs_p"] or 1)


def test_centres_one_after_the_other_are_no_order() -> None:
    generator = np.random.default_rng(4)
    centre = np.repeat([0, 1], 150)
    outcome = (generator.random(300) < np.where(centre == 0, 0.2, 0.7)).astype(float)
    made = replace(people(300), outcome=outcome)
    assert checks.row_order(made).status == "warning"
    assert checks.row_order(replace(made, centre=centre)).status == "passed"


@pytest.mark.parametrize(("n", "centres"), [(31, 0), (31, 3), (200, 0), (200, 4)])
def test_rows_in_any_order_are_let_pass(n: int, centres: int) -> None:
    assert alarms(checks.row_order, n=n, centres=centres) <= 0.02  # 1% by the rule


def test_further_rows_of_a_patient_are_no_further_evidence() -> None:
    made = people(60)
    several = People(*(np.repeat(part, 6, axis=0) for part in (made.values, made.outcome)), None)
    assert checks.row_order(several).status == "warning"
    repeated = cohort_of(several, patient=np.repeat(np.arange(60), 6))
    assert checks.row_order(People.of(repeated)).figures == checks.row_order(made).figures


# --- centres ---------------------------------------------------------------------------------


def test_a_centre_with_other_patients_is_found() -> None:
    made = people(300, centres=3)
    assert made.centre is not None
    made.values[made.centre == 1, 4] += 1.0
    found = of_centres(made)
    assert found.status == "warning"
    assert found.figures["variable"] == "x4"
    assert float(found.figures["smd"] or 0) == pytest.approx(1.0, abs=0.3)


def test_a_centre_with_more_events_is_found() -> None:
    made = people(400, centres=2)
    assert made.centre is not None
    made.outcome[made.centre == 1] = np.arange((made.centre == 1).sum()) % 5 > 0
    found = of_centres(made)
    assert found.status == "warning"
    assert found.rows[0]["variable"] is None


def test_states_differ_between_centres_too() -> None:
    made = people(300, centres=2)
    assert made.centre is not None
    made.values[:, 0] = np.where(made.centre == 0, 0, np.arange(300) % 3)
    nominal = (variable("kind", "nominal", ("a", "b", "c")), *NUMBERS[1:])
    found = checks.centre_shift(made, nominal, CELL)
    assert found.status == "warning"
    assert found.rows[0]["variable"] == "kind"


def test_small_centres_are_neither_named_nor_found_by_subtraction() -> None:
    made = people(100)
    centre = np.where(np.arange(100) < 4, 7, 8)
    assert checks.centre_shift(replace(made, centre=centre), NUMBERS, CELL).reason.startswith(
        "every centre is smaller"
    )


def test_without_centres_nothing_is_compared() -> None:
    assert of_centres(people()).status == "not assessed"
    one = replace(people(), centre=np.zeros(200, dtype=np.int64))
    assert of_centres(one).reason == "there is one centre only"


@pytest.mark.parametrize(("n", "centres"), [(60, 2), (300, 4)])
def test_centres_with_the_same_patients_are_let_pass(n: int, centres: int) -> None:
    assert alarms(of_centres, n=n, centres=centres) <= 0.02  # 1% by the rule, approximately


# --- copies, constants, likeness -------------------------------------------------------------


def test_a_patient_who_is_there_twice_is_found() -> None:
    made = people()
    made.values[-8:], made.outcome[-8:] = made.values[:8], made.outcome[:8]
    found = checks.copied_rows(cohort_of(made), CELL)
    assert found.status == "warning"
    assert found.figures["copies"] == 8


def test_few_copies_are_not_counted() -> None:
    made = people()
    made.values[-1], made.outcome[-1] = made.values[0], made.outcome[0]
    found = checks.copied_rows(cohort_of(made), CELL)
    assert (found.status, found.figures["copies"]) == ("warning", None)


def test_rows_of_one_patient_may_be_alike() -> None:
    made = people()
    made.values[-8:], made.outcome[-8:] = made.values[:8], made.outcome[:8]
    patient = np.concatenate([np.arange(192), np.arange(8)])
    assert checks.copied_rows(cohort_of(made, patient), CELL).status == "passed"


def test_patients_who_agree_by_chance_are_no_copies() -> None:
    made = people()
    rough = replace(made, values=(made.values[:, :3] > 0).astype(float))
    assert checks.copied_rows(cohort_of(rough), CELL).status == "not assessed"


def test_a_cohort_without_copies_is_let_pass() -> None:
    assert alarms(lambda made: checks.copied_rows(cohort_of(made), CELL), cohorts=50) == 0.0


def test_a_predictor_that_hardly_varies_is_noted() -> None:
    made = people()
    made.values[:, 2] = 0.0
    made.values[:6, 2] = 1.0
    found = checks.nearly_constant(made, NUMBERS, CELL)
    assert found.status == "note"
    assert found.rows == ({"variable": "x2", "share": 0.97},)
    made.values[:4, 2] = 0.0
    assert checks.nearly_constant(made, NUMBERS, CELL).rows[0]["share"] is None
    assert checks.nearly_constant(people(), NUMBERS, CELL).status == "passed"


def test_two_predictors_that_say_the_same_are_noted() -> None:
    made = people()
    made.values[:, 5] = np.exp(made.values[:, 1])
    found = checks.alike_predictors(made, NUMBERS)
    assert found.status == "note"
    assert found.rows == ({"first": "x1", "second": "x5", "correlation": 1.0},)
    assert checks.alike_predictors(people(), NUMBERS).status == "passed"
    assert checks.alike_predictors(people(variables=1), NUMBERS[:1]).status == "not assessed"
