"""SLEDAI-2K from its items: by hand, by law, and against the scores recorded for real children."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.outcome_definitions import load_outcome
from predictor.clinical.sledai import (
    clinical_sledai_2k,
    completed,
    derivable,
    items_of,
    sledai_2k,
    sledai_scores,
)
from predictor.clinical.values import read_column

DICTIONARY = load_dictionary()
ITEMS = tuple(sledai_scores().points)
NAN = math.nan

# Gladman, Ibanez and Urowitz 2002, the printed sheet.
WEIGHTS = {
    8: """seizure psychosis organic_brain_syndrome visual_disturbance cranial_nerve_disorder
          lupus_headache cva vasculitis""",
    4: "arthritis myositis urinary_casts haematuria proteinuria pyuria",
    2: "rash alopecia mucosal_ulcers pleurisy pericarditis low_complement increased_dna_binding",
    1: "fever thrombocytopenia leukopenia",
}

# Where the file of GSE65391 has another name than the item.
COLUMNS = {"sledai_haematuria": "hematuria", "sledai_rash": "new_rash"}


def columns(**present: float) -> dict[str, np.ndarray]:
    return {name: np.array([present.get(name.removeprefix("sledai_"), 0.0)]) for name in ITEMS}


def test_the_weights_are_those_of_the_printed_sheet():
    expected = {f"sledai_{item}": n for n, items in WEIGHTS.items() for item in items.split()}
    assert dict(sledai_scores().points) == expected
    assert sum(expected.values()) == DICTIONARY.variable("sledai_2k").plausible.high == 105
    clinical = items_of("clinical_sledai_2k")
    assert set(expected) - set(clinical) == {
        "sledai_low_complement",
        "sledai_increased_dna_binding",
    }
    assert sum(clinical.values()) == DICTIONARY.variable("clinical_sledai_2k").plausible.high == 101


def test_one_item_adds_its_points():
    assert sledai_2k(columns(seizure=1)).tolist() == [8]
    assert sledai_2k(columns(seizure=1, fever=1, arthritis=1)).tolist() == [13]
    assert sledai_2k(columns(low_complement=1, rash=1)).tolist() == [4]
    assert clinical_sledai_2k(columns(low_complement=1, rash=1)).tolist() == [2]


def test_an_item_without_an_entry_is_missing_or_no_as_declared():
    items = columns(rash=1, fever=NAN)
    assert np.isnan(sledai_2k(items)).all()
    assert sledai_2k(items, absent="no").tolist() == [2]
    assert sledai_2k({"sledai_rash": np.array([1.0])}, absent="no").tolist() == [2]
    assert np.isnan(sledai_2k({"sledai_rash": np.array([1.0])})).all()
    serological = columns(rash=1, low_complement=NAN)
    assert np.isnan(sledai_2k(serological)).all()
    assert clinical_sledai_2k(serological).tolist() == [2]


def test_without_any_item_there_is_no_sum():
    with pytest.raises(ValueError, match="at least one item"):
        sledai_2k({"c3": np.zeros(2)})


def test_a_score_is_computed_where_it_is_not_recorded():
    items = columns(rash=1, low_complement=1)
    assert derivable(items) == {"sledai_2k", "clinical_sledai_2k"}
    assert completed(items)["clinical_sledai_2k"].tolist() == [2]
    assert completed({**items, "sledai_2k": np.array([7.0])})["sledai_2k"].tolist() == [7]
    assert completed({**items, "sledai_2k": np.array([NAN])})["sledai_2k"].tolist() == [4]
    without = {name: column for name, column in items.items() if name != "sledai_fever"}
    assert derivable(without) == set()
    assert completed(without) == without
    serology = {n: c for n, c in items.items() if n != "sledai_low_complement"}
    assert derivable(serology) == {"clinical_sledai_2k"}


@given(st.lists(st.sets(st.sampled_from(ITEMS)), min_size=1, max_size=6))
def test_the_sum_is_that_of_the_points_whatever_the_order(visits):
    points = sledai_scores().points
    found = {name: np.array([float(name in visit) for visit in visits]) for name in reversed(ITEMS)}
    assert sledai_2k(found).tolist() == [sum(points[name] for name in visit) for visit in visits]
    assert (clinical_sledai_2k(found) <= sledai_2k(found)).all()


# ---- real children


@pytest.fixture(scope="module")
def visits(shared: Path) -> list[dict[str, str]]:
    with (shared / "data" / "gse65391_visits.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def items(visits: list[dict[str, str]]) -> dict[str, np.ndarray]:
    """The items as the file has them: their points, 0 or 1, 2, 4, 8."""
    found = {}
    for name in ITEMS:
        column = COLUMNS.get(name, name.removeprefix("sledai_"))
        reading = read_column([visit[column] for visit in visits], DICTIONARY.variable(name))
        assert not reading.problems, name
        found[name] = reading.values
    return found


def test_the_sum_of_the_items_is_the_recorded_score_of_real_visits(visits, items):
    recorded = np.array([float(visit["sledai"]) for visit in visits])
    differing = np.flatnonzero(sledai_2k(items) != recorded)
    # Positions in the file, from 0: 919 of 924 visits agree.
    assert differing.tolist() == [389, 514, 548, 575, 823]
    assert 1 - len(differing) / len(visits) >= 0.99
    clinical = np.array([float(visit["csledai"]) for visit in visits])
    assert clinical_sledai_2k(items).tolist() == clinical.tolist()


@pytest.mark.parametrize(
    ("definition", "column", "events"),
    [("sledai_low_activity", "lda_fu", 41), ("sledai_remission", "remission_fu", 39)],
)
def test_the_definitions_give_the_outcomes_of_the_example_cohort(
    shared, visits, items, definition, column, events
):
    place = {(v["subject"], float(v["cumulative_time"])): row for row, v in enumerate(visits)}
    with (shared / "data" / "gse65391_response_index.csv").open(encoding="utf-8") as stream:
        patients = list(csv.DictReader(stream))
    rows = np.array(
        [
            place[p["subject"], float(p["cumulative_time"]) + float(p["followup_days"])]
            for p in patients
        ]
    )
    recorded = np.array([float(visit["sledai"]) for visit in visits])
    follow_up = {name: values[rows] for name, values in {**items, "sledai_2k": recorded}.items()}
    truth = load_outcome(definition, DICTIONARY).truth(follow_up)
    assert truth.tolist() == [int(float(p[column])) for p in patients]
    assert (len(truth), int(truth.sum())) == (86, events)
    if definition == "sledai_low_activity":
        three = load_outcome("sledai_response", DICTIONARY)
        found = three.state(follow_up)
        remission = [int(float(p["remission_fu"])) for p in patients]
        assert (found == three.state_names.index("remission")).astype(int).tolist() == remission
        assert (found >= 0).all()
