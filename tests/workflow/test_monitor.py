"""``predictor monitor``: what raises an alarm, and what must not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor.errors import CohortError, PredictorError
from predictor.fitted.bundle import open_bundle
from predictor.workflow.monitor import monitor, write_monitored


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return second_hospital(open_bundle("remission"), 400)


@pytest.fixture(scope="module")
def later() -> pd.DataFrame:
    return second_hospital(open_bundle("remission"), 300, seed=8)


def test_patients_as_before_raise_no_alarm(reference: pd.DataFrame, later: pd.DataFrame) -> None:
    found = monitor("remission", reference, later)
    assert found.alarms == []
    assert found.known == 300


def test_without_outcomes_inputs_alone_are_compared(
    reference: pd.DataFrame, later: pd.DataFrame
) -> None:
    found = monitor("remission", reference.drop(columns="response"), later.drop(columns="response"))
    assert found.batches == ()
    assert found.alarms == []


def test_outcomes_that_are_not_known_yet_are_left_for_later(
    reference: pd.DataFrame, later: pd.DataFrame
) -> None:
    open_yet = later.copy()
    open_yet.loc[open_yet.index[100:], "response"] = None
    found = monitor("remission", reference, open_yet)
    assert found.known == 100
    assert found.patients == (400, 300)


def test_another_unit_raises_an_alarm_for_that_variable(
    reference: pd.DataFrame, later: pd.DataFrame
) -> None:
    moved = later.assign(c3=later["c3"] * 0.6)
    assert {"variable": "c3", "code": "input_shift"} in monitor(
        "remission", reference, moved
    ).alarms


def test_fewer_events_raise_an_alarm_for_the_outcome(reference: pd.DataFrame) -> None:
    rare = second_hospital(open_bundle("remission"), 400, seed=5, shift=-1.3)
    codes = {alarm["code"] for alarm in monitor("remission", reference, rare).alarms}
    assert "fewer_events_than_expected" in codes
    assert {a["variable"] for a in monitor("remission", reference, rare).alarms} == {"response"}


def test_time_puts_patients_in_order(reference: pd.DataFrame) -> None:
    before = second_hospital(open_bundle("remission"), 300, seed=5)
    after = second_hospital(open_bundle("remission"), 150, seed=6, shift=-2.5)
    both = pd.concat([before, after], ignore_index=True)
    both["patient"] = [f"T{i}" for i in range(len(both))]
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(both)), unit="D")
    both["day"] = days.strftime("%Y-%m-%d")
    in_turn = monitor("remission", reference, both, time="day")
    shuffled = monitor("remission", reference, both.sample(frac=1, random_state=1), time="day")
    assert [row.observed for row in in_turn.batches] == [row.observed for row in shuffled.batches]
    (crossed,) = (chart.at for chart in in_turn.cusums if chart.at is not None)
    assert crossed > 300


def test_page_and_data_say_the_same_and_name_no_patient(
    reference: pd.DataFrame, tmp_path: Path
) -> None:
    rare = second_hospital(open_bundle("remission"), 400, seed=5, shift=-1.3)
    found = monitor("remission", reference, rare)
    write_monitored(found, tmp_path / "m.html")
    write_monitored(found, tmp_path / "m.json")
    told = json.loads((tmp_path / "m.json").read_text("utf-8"))
    assert told["alarms"] == found.alarms
    text = (tmp_path / "m.html").read_text("utf-8")
    assert "fewer events than expected" in text
    assert "S0001" not in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"alpha": 0.0}, "above 0 and below 1"),
        ({"smallest": 1.5}, "above 0 and below 1"),
        ({"batch": 3}, "at least 20"),
        ({"time": "when"}, "no column"),
        ({"time": "patient"}, "neither a date"),
    ],
)
def test_bad_options_are_refused(
    reference: pd.DataFrame, options: dict[str, object], told: str
) -> None:
    with pytest.raises(PredictorError, match=told):
        monitor("remission", reference, reference.tail(100), **options)  # type: ignore[arg-type]


def test_too_few_new_patients_are_refused(reference: pd.DataFrame) -> None:
    with pytest.raises(CohortError, match="20 are needed"):
        monitor("remission", reference, reference.head(12))
