"""What an update takes from its patients, against the answers that the model itself gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_hospitals import second_hospital

from predictor.clinic.uncertainty import score
from predictor.cohort.cohort import Cohort
from predictor.cohort.elsewhere import read_elsewhere
from predictor.errors import CohortError
from predictor.fitted.bundle import Bundle, open_bundle
from predictor.fitted.models import LinearModel, expit, mean_over_draws
from predictor.fitted.replicates import Replicates
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.updating import Change, Method, change_by
from predictor.workflow.other_patients import open_elsewhere
from predictor.workflow.update_patients import check_one_row_each, patients_of, updated_replicates


def some_with_gaps(patients: int = 120) -> tuple[Bundle, Cohort]:
    bundle = open_bundle("remission")
    table = second_hospital(bundle, patients, shift=-0.8, slope=0.6)
    table.loc[table.index[::3], "c3"] = np.nan
    table.loc[table.index[::4], ["c4", "platelets"]] = np.nan
    study, cells = open_elsewhere(bundle, table, None)
    return bundle, read_elsewhere(bundle, study, cells)


def test_log_odds_are_those_of_the_answers() -> None:
    bundle, cohort = some_with_gaps()
    patients = patients_of(bundle, cohort, 1)
    answers = score(bundle, cohort.values).probability
    assert expit(patients.log_odds) == pytest.approx(answers, abs=1e-12)
    assert patients.gaps is not None
    gaps = np.isnan(cohort.values).any(axis=1)
    assert (patients.gaps.place >= 0).tolist() == gaps.tolist()


def test_without_gaps_or_moments_nothing_is_drawn() -> None:
    bundle, cohort = some_with_gaps()
    whole = ~np.isnan(cohort.values).any(axis=1)
    few = replace(cohort, values=cohort.values[whole], outcome=cohort.outcome[whole], patient=None)
    assert patients_of(bundle, few, 1).gaps is None
    earlier = replace(bundle, moments=None, replicates=None)
    patients = patients_of(earlier, cohort, 1)
    assert patients.gaps is None
    answers = score(earlier, cohort.values).probability
    assert expit(patients.log_odds) == pytest.approx(answers, abs=1e-12)


@pytest.mark.parametrize("method", ["intercept", "logistic", "refit"])
def test_each_replicate_is_updated_by_what_it_answers(method: Method) -> None:
    """Replicates equal to the model become what their resample makes of the model."""
    bundle, cohort = some_with_gaps()
    old, model, preparation = bundle.replicates, bundle.model, bundle.preparation
    assert old is not None
    assert isinstance(model, LinearModel)
    slope = model.coefficients / preparation.scale
    intercept = model.intercept - float(slope @ preparation.centre)
    alike = Replicates(
        np.full(3, intercept), np.tile(slope, (3, 1)), old.variable, old.state, old.missing
    )
    patients = patients_of(bundle, cohort, 1)
    plan = BootstrapPlan(cohort.patients, None, 6, 5)
    penalty = 20.0 if method == "refit" else None
    asked = Change(method, 0.0, 1.0, np.zeros_like(slope), penalty)
    found = updated_replicates(replace(bundle, replicates=alike), cohort, patients, asked, plan)
    assert found is not None
    assert len(found) == 6
    assert bundle.moments is not None
    drawn = bundle.moments.draws(cohort.values, 40)
    absent = np.isnan(cohort.values)[:, None] & np.ones((1, 40, 1), dtype=bool)
    width = drawn.shape[2]
    each = found.log_odds(drawn.reshape(-1, width), absent.reshape(-1, width))
    for number, times in enumerate(plan.part(0, 6).count):
        mine = patients.rows(np.repeat(np.arange(cohort.patients), times))
        change = change_by(method, mine, (20.0,))
        answered = mean_over_draws(each[:, number].reshape(-1, 40))[1]
        assert answered == pytest.approx(change.log_odds(patients), abs=1e-6)


def test_several_rows_are_counted_by_patient() -> None:
    _, cohort = some_with_gaps(40)
    check_one_row_each(replace(cohort, patient=None), "file.csv")
    check_one_row_each(replace(cohort, patient=np.arange(40)), "file.csv")
    with pytest.raises(CohortError, match="10 of 20 patients have several rows"):
        check_one_row_each(replace(cohort, patient=np.arange(30) % 20), "x")
