"""``predictor monitor``: what raises an alarm, and what must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_hospitals import by_another_assay, in_g_per_l, second_hospital, with_gaps

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


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["1", "nan"], "neither a date"),
        (["1", "inf"], "neither a date"),
        (["yesterday", "1"], "neither a date"),
        (["2026-01-01", "3"], "dates and numbers, which have no common order"),
    ],
)
def test_times_without_an_order_are_refused(
    reference: pd.DataFrame, cells: list[str], said: str
) -> None:
    new = second_hospital(open_bundle("remission"), 60, seed=5)
    new["at"] = np.resize(cells, 60)
    with pytest.raises(CohortError, match=said):
        monitor("remission", reference, new, time="at")


def test_the_hour_of_a_day_counts_however_it_is_written(reference: pd.DataFrame) -> None:
    new = second_hospital(open_bundle("remission"), 120, seed=5)
    moments = pd.date_range("2026-01-01T00:00", periods=120, freq="h")
    text = list(moments.strftime("%Y-%m-%dT%H:%M"))
    mixed = [m.to_pydatetime() if i % 2 else text[i] for i, m in enumerate(moments)]

    def observed(times: list[Any]) -> list[int]:
        table = new.assign(at=pd.Series(times, dtype=object)).iloc[::-1]
        return [row.observed for row in monitor("remission", reference, table, time="at").batches]

    assert observed(text) == observed(mixed) == observed(list(range(120)))


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
        ({"alpha": 0.0}, "from 0.001 to 0.5"),
        ({"alpha": 0.9}, "from 0.001 to 0.5"),
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


def test_half_of_the_false_alarms_is_left_to_the_inputs_where_outcomes_are_known(
    reference: pd.DataFrame, later: pd.DataFrame
) -> None:
    both = monitor("remission", reference, later, alpha=0.04)
    assert both.parts == {"shifts": 0.02, "batches": 0.01, "cusum": 0.01}
    inputs = monitor("remission", reference, later.drop(columns="response"), alpha=0.04)
    assert inputs.parts == {"shifts": 0.04, "batches": 0.0, "cusum": 0.0}


DRIFTS = {
    "unit": (in_g_per_l, {"variable": "c3", "code": "input_shift"}),
    "assay": (by_another_assay, {"variable": "anti_dsdna", "code": "input_shift"}),
    "gaps": (with_gaps, {"variable": "crp", "code": "missingness_shift"}),
}


@pytest.mark.parametrize(("drift", "alarm"), DRIFTS.values(), ids=list(DRIFTS))
def test_a_drift_is_found_in_a_hundred_patients(
    drift: Callable[[pd.DataFrame], pd.DataFrame],
    alarm: dict[str, str],
    reference: pd.DataFrame,
    later: pd.DataFrame,
) -> None:
    assert alarm in monitor("remission", reference, drift(later.head(100))).alarms


def test_a_unit_that_slipped_in_some_patients_is_told(
    reference: pd.DataFrame, later: pd.DataFrame
) -> None:
    some = later.assign(
        c3=later["c3"].where(np.arange(300) % 10 != 0, later["c3"] / 100).clip(lower=0.1)
    )
    told = {row["variable"]: row for row in monitor("remission", reference, some).warnings}
    assert "looks like g/L" in told["c3"]["message"]
    assert told["c3"]["count"] >= 30


@pytest.mark.slow
def test_nothing_new_raises_an_alarm_no_more_often_than_stated() -> None:
    # Also where any distance is alarming: Holm, limits and CUSUM alone keep what is stated.
    bundle, files, alpha = open_bundle("remission"), 400, 0.1
    alarms = 0
    for seed in range(files):
        before = second_hospital(bundle, 150, seed=10_000 + seed)
        after = second_hospital(bundle, 300, seed=20_000 + seed)
        found = monitor("remission", before, after, alpha=alpha, smallest=1e-9)
        alarms += bool(found.alarms)
    assert 0 < alarms <= files * alpha + 2 * np.sqrt(files * alpha * (1 - alpha))


@pytest.mark.slow
def test_halved_odds_are_found_in_four_hundred_patients_nearly_always() -> None:
    bundle = open_bundle("remission")
    before = second_hospital(bundle, 200, seed=1)
    found = [
        monitor("remission", before, second_hospital(bundle, 400, seed=s, shift=-np.log(2))).alarms
        for s in range(100, 140)
    ]
    codes = [{alarm["code"] for alarm in alarms} for alarms in found]
    assert sum("fewer_events_than_expected" in told for told in codes) >= 32


def test_an_error_names_the_one_of_two_files_that_it_is_about(
    reference: pd.DataFrame, later: pd.DataFrame, tmp_path: Path
) -> None:
    for name, table in (("old", reference), ("new", later.drop(columns="c3"))):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(CohortError, match=r"new\.csv: it cannot be used as it is"):
        monitor("remission", tmp_path / "old.csv", tmp_path / "new.csv")


def test_csv_and_parquet_say_the_same(
    reference: pd.DataFrame, later: pd.DataFrame, tmp_path: Path
) -> None:
    said = []
    for suffix, write in ((".csv", pd.DataFrame.to_csv), (".parquet", pd.DataFrame.to_parquet)):
        files = [tmp_path / f"{name}{suffix}" for name in ("old", "new")]
        for table, path in zip((reference, later), files, strict=True):
            write(table, path, index=False)
        told = monitor("remission", *files).to_dict()
        said.append({key: told[key] for key in ("shifts", "batches", "cusum", "alarms")})
    assert said[0] == said[1]


def test_too_few_new_patients_are_refused(reference: pd.DataFrame) -> None:
    for few in (5, 19):
        with pytest.raises(CohortError, match="20 are needed"):
            monitor("remission", reference, reference.head(few))
    with pytest.raises(CohortError, match="there are no patients in it"):
        monitor("remission", reference, reference.head(0))
