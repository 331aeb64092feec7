"""From visits to a trained model of a time: the file between them, and the real visits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from predictor.cohort.time_outcome import DAYS_OF_MONTH
from predictor.documents import load_yaml
from predictor.performance.incidence import cumulative_incidence
from predictor.report.cohort_text import cohort_text
from predictor.shipped import shipped_folder
from predictor.study import load_study, study_from
from predictor.workflow.check import check
from predictor.workflow.cohort import check_visits, make_cohort, write_cohort_file

STUDY = "sle_relapse_from_visits"


@pytest.fixture(scope="module")
def visits(shared: Path) -> Path:
    return shared / "data" / "gse65391_visits.csv"


def by_pandas(visits: Path) -> pd.DataFrame:
    """The same rule, one patient after the other."""
    frame = pd.read_csv(visits).dropna(subset=["subject"])
    found = []
    for name, own in frame.groupby("subject"):
        rows = own.sort_values("cumulative_time")
        active = rows.index[rows.sledai >= 6]
        if not len(active):
            continue
        since = rows.loc[active[0] :]
        low = since[since.sledai <= 4]
        if low.empty:
            continue
        index = low.iloc[0]
        after = since[since.cumulative_time > index.cumulative_time]
        if after.empty:
            continue
        flares = after[(after.sledai - index.sledai >= 4) | (after.sledai >= 6)]
        end = flares.iloc[0] if len(flares) else after.iloc[-1]
        found.append(
            {
                "subject": name,
                "index_time": index.cumulative_time,
                "days": end.cumulative_time - index.cumulative_time,
                "end": "relapse" if len(flares) else "last_visit",
                "c3": index.c3,
            }
        )
    return pd.DataFrame(found).sort_values("subject").reset_index(drop=True)


def test_the_real_visits_give_what_a_loop_over_patients_gives(visits: Path, tmp_path: Path) -> None:
    done = write_cohort_file(STUDY, visits, out=tmp_path / "cohort.parquet")
    expected = by_pandas(visits)
    made = pd.read_parquet(done.path).sort_values("subject").reset_index(drop=True)
    assert made.subject.tolist() == expected.subject.tolist()
    assert made.end.tolist() == expected.end.tolist()
    np.testing.assert_allclose(made.months * DAYS_OF_MONTH, expected.days)
    np.testing.assert_array_equal(made.index_time, expected.index_time)
    counted = done.to_dict()
    assert (counted["rows"], counted["events"]) == (61, 38)
    assert counted["ends"] == {"event": 38, "competing": 0, "censored": 23, "median_days": 186.0}
    assert counted["sensitivity"] is None


def test_the_cohort_file_is_read_back_as_it_was_made(visits: Path, tmp_path: Path) -> None:
    study = load_study(STUDY)
    whole = check_visits(study, visits).usable()
    for name in ("cohort.parquet", "cohort.csv"):
        done = write_cohort_file(STUDY, visits, out=tmp_path / name)
        again = check_visits(study, done.path).usable()
        np.testing.assert_allclose(again.months, whole.months)
        np.testing.assert_array_equal(again.outcome, whole.outcome)
        np.testing.assert_array_equal(again.values, whole.values)
        described = json.loads(done.dictionary.read_text())["variables"]
        entries = {entry["variable"]: entry for entry in described}
        assert entries["months"]["unit"] == "mo"
        assert entries["end"]["states"] == ["relapse", "last_visit"]
        assert "the first later visit with the rule" in entries["months"]["made"]


def test_the_share_without_a_relapse_is_that_of_another_library(visits: Path) -> None:
    survival = pytest.importorskip("sksurv.nonparametric", reason="no extra survival")
    own = check_visits(load_study(STUDY), visits).usable()
    expected = by_pandas(visits)
    time, share = survival.kaplan_meier_estimator(
        (expected.end == "relapse").to_numpy(), (expected.days / DAYS_OF_MONTH).to_numpy()
    )
    assert own.months is not None
    curve = cumulative_incidence(own.months, own.outcome)
    for month in (3, 6, 12):
        known = share[np.searchsorted(time, month, side="right") - 1]
        assert 1 - curve.at(month)[0] == pytest.approx(known)


def test_the_check_of_visits_tells_the_flow_of_a_time(visits: Path) -> None:
    found = check(visits, STUDY)
    assert found.usable
    assert [step.patients for step in found.flow][-1] == 61


def test_every_visit_can_be_an_index_visit_and_its_patient_stays_whole(visits: Path) -> None:
    folder = shipped_folder("configs")
    assert folder is not None
    document = load_yaml(folder / f"{STUDY}.yaml")
    document.data["cohort"]["index"] = {"every": "sledai_2k <= 4"}
    study = study_from(document, folder)
    made: Any = make_cohort(study, visits)
    assert made.unit == "visits"
    cohort = check_visits(study, visits).usable()
    assert cohort.group_kind == "patient"
    assert cohort.patients > 61


def test_the_page_shows_what_the_command_prints(visits: Path, tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "time_to_relapse.md"
    shown = " ".join(page.read_text(encoding="utf-8").split())
    done = write_cohort_file(STUDY, visits, out=tmp_path / "cohort.parquet").to_dict()
    done |= {"file": "cohort.parquet", "dictionary": "cohort.dictionary.json"}
    # The head, every step and how the follow-up ended; warnings are other pages' matter.
    lines = list(cohort_text(done))[: len(done["flow"]) + 2]
    assert "Followed up to" in lines[-1]
    assert " ".join(" ".join(lines).split()) in shown


def test_a_cohort_of_an_event_tells_no_ends(visits: Path) -> None:
    made = make_cohort(load_study("sle_from_visits"), visits).to_dict()
    assert "ends" not in made
    assert made["sensitivity"]["known"] == made["rows"]
