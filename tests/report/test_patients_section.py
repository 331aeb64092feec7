"""The section *Patients*: shows what was found; an older bundle says what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_sources import VARIABLES, cohort, source

from predictor.cohort.cohort import Cohort, FlowStep
from predictor.cohort.missingness import missingness
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.table_one import table_one
from predictor.report.contents.patients import patients
from predictor.report.contents.source import Source
from predictor.report.document import (
    Block,
    Figure,
    Listing,
    Paragraph,
    Section,
    Table,
    blocks_of,
    tables_of,
)
from predictor.workflow.findings import plain

FLOW = (FlowStep("read", 171), FlowStep("excluded: overlap", 11), FlowStep("analysed", 160))


def found(flow: tuple[FlowStep, ...] = FLOW, **changes: Any) -> dict[str, Any]:
    values, outcome = cohort()
    content: dict[str, Any] = {
        "source": "c.csv",
        "variables": VARIABLES,
        "values": values,
        "outcome": outcome,
        "group": None,
        "group_kind": "none",
        "patient": None,
        "flow": flow,
        "warnings": (),
        "simulated": False,
    }
    made = Cohort(**(content | changes))
    part = {
        "flow": masked_flow(made.flow, 5),
        "table_one": table_one(made, 5),
        "missing": missingness(made, 5),
    }
    return {"patients": plain(part)}


def opened(more: dict[str, Any] | None = None, **changes: Any) -> Source:
    people: dict[str, Any] = {
        "patients": 160,
        "events": int(cohort()[1].sum()),
        "group": "patient",
        "flow": [{"step": step.step, "patients": step.patients} for step in FLOW],
        "warnings": [],
    }
    people |= changes.pop("cohort", {})
    return source("ridge", findings=False, more=more or {}, cohort=people, **changes)


def part(section: Section, name: str) -> Section:
    (found,) = (one for one in section.parts if one.id == name)
    return found


def table(section: Section, name: str) -> Table:
    (found,) = (one for one in tables_of([section]) if one.id == name)
    return found


def texts(blocks: tuple[Block, ...]) -> str:
    said = [block.text for block in blocks if isinstance(block, Paragraph)]
    return " ".join([*said, *(i for b in blocks if isinstance(b, Listing) for i in b.items)])


def test_sections_have_the_names_that_others_link_to() -> None:
    section = patients(opened(found()))
    assert section.id == "patients"
    assert [one.id for one in section.parts] == [
        "patients-flow",
        "patients-table-one",
        "patients-missing",
    ]
    ids = [one.id for one in tables_of([section])]
    assert len(ids) == len(set(ids))


def test_the_flow_is_drawn_from_its_table_and_told_in_words() -> None:
    (figure,) = (b for b in part(patients(opened(found())), "patients-flow").blocks)
    assert isinstance(figure, Figure)
    assert figure.kind == "flow"
    rows = figure.tables[0].rows
    assert [(r["step"], r["patients"], r["excluded"]) for r in rows] == [
        ("Read", 171, None),
        ("Excluded: overlap", 11, "overlap"),
        ("Analysed", 160, None),
    ]
    assert figure.alternative == "171 read, 11 left out (overlap); 160 analysed."


def test_a_small_exclusion_is_nowhere_in_the_flow() -> None:
    small = (FlowStep("read", 162), FlowStep("excluded: overlap", 2), FlowStep("analysed", 160))
    (figure,) = part(patients(opened(found(small))), "patients-flow").blocks
    assert isinstance(figure, Figure)
    assert "162" not in str(figure)
    assert figure.options["masked"] == "hidden"
    assert figure.alternative.startswith("hidden read, hidden left out (overlap)")


def test_an_older_bundle_has_its_flow_from_the_manifest_with_small_counts_hidden() -> None:
    steps = [{"step": "read", "patients": 163}, {"step": "excluded: x", "patients": 3}]
    steps.append({"step": "analysed", "patients": 160})
    section = patients(opened(cohort={"flow": steps}))
    (figure,) = part(section, "patients-flow").blocks
    assert isinstance(figure, Figure)
    assert [row["patients"] for row in figure.tables[0].rows] == [None, None, 160]
    for name in ("patients-table-one", "patients-missing"):
        (block,) = part(section, name).blocks
        assert isinstance(block, Paragraph)
        assert "does not hold" in block.text


def test_a_manifest_with_hidden_counts_is_taken_as_it_is() -> None:
    section = patients(opened(cohort={"flow": masked_flow(FLOW, 20)}))
    (figure,) = part(section, "patients-flow").blocks
    assert isinstance(figure, Figure)
    assert [row["patients"] for row in figure.tables[0].rows] == [None, None, 160]


def test_a_bundle_without_anything_about_its_cohort_says_so() -> None:
    section = patients(source("ridge", findings=False))
    said = [block.text for block in blocks_of([section]) if isinstance(block, Paragraph)]
    assert len(said) == 4
    assert all("does not hold" in text for text in said)


def test_table_one_shows_what_was_found() -> None:
    more = found()
    made = table(patients(opened(more)), "patients-table-one-table")
    original = more["patients"]["table_one"]
    events = int(cohort()[1].sum())
    assert [column.label for column in made.columns][2:5] == [
        "All (n = 160)",
        f"Remission (n = {events})",
        f"Without it (n = {160 - events})",
    ]
    by_name = {(r["variable"], r["state"], r["statistic"]): r["all"] for r in original["rows"]}
    for row in made.rows:
        statistics = str(row["statistic"]).split("; ")
        parts = [by_name[row["variable"], row["state"], one] for one in statistics]  # type: ignore[index]
        assert row["all"] == "; ".join(parts)
    assert made.rows[0]["statistic"] == "median (quartiles); mean (SD)"
    names = [r["characteristic"] for r in made.rows if "missing" not in str(r["statistic"])]
    assert len(names) == len(set(names))
    assert "p-value" in made.note
    # of no and yes one is enough, and of three states all are needed
    assert [r["characteristic"] for r in made.rows if r["variable"] == "fever" and r["state"]] == [
        "Fever: yes"
    ]
    organs = [r["characteristic"] for r in made.rows if r["variable"] == "organ" and r["state"]]
    assert organs == ["Organ: skin", "Organ: kidney", "Organ: joints or muscle"]
    assert made.rows[0]["characteristic"] == "Complement C3 (mg/dL)"


def test_few_events_leave_one_column() -> None:
    made = table(
        patients(opened(found(outcome=(np.arange(160) < 3).astype(np.int8)))),
        "patients-table-one-table",
    )
    assert [column.key for column in made.columns] == ["characteristic", "statistic", "all"]
    assert "recognisable" in made.note


def test_missing_values_are_drawn_by_variable_and_by_combination() -> None:
    blocks = part(patients(opened(found())), "patients-missing").blocks
    first, second = (block for block in blocks if isinstance(block, Figure))
    assert (first.kind, second.kind) == ("missing", "patterns")
    values, _ = cohort()
    assert [row["missing"] for row in first.tables[0].rows] == np.isnan(values).sum(0).tolist()
    assert first.alternative.startswith("Most often missing: ")
    assert "Complete: 0 of 5" in first.alternative
    assert sum(int(row["patients"] or 0) for row in second.tables[0].rows) == 160


def test_a_complete_cohort_needs_no_figure() -> None:
    values = np.nan_to_num(cohort()[0], nan=1.0)
    blocks = part(patients(opened(found(values=values))), "patients-missing").blocks
    assert "No value of any predictor is missing." in texts(blocks)
    assert not [block for block in blocks if isinstance(block, Figure)]


@pytest.mark.parametrize(("imputation", "word"), [("median", "median"), ("iterative", "chained")])
def test_what_is_filled_in_and_how(imputation: str, word: str) -> None:
    plan = {"preparation": {"imputation": imputation, "missing_indicators": ["score"]}}
    said = texts(part(patients(opened(found(), config=plan)), "patients-missing").blocks)
    assert word in said
    assert "For Score the model is also told" in said


def test_rows_are_not_called_patients() -> None:
    section = patients(opened(found(), cohort={"group": "none"}))
    assert "160 rows were analysed" in texts(section.blocks)
    assert "Rows were counted, not people" in texts(section.blocks)


def test_simulated_patients_are_said_to_be() -> None:
    evidence = {"level": "demonstration", "simulated_patients": 160, "patients": 0}
    assert "nobody here is a real patient" in texts(patients(opened(evidence=evidence)).blocks)


def test_what_was_noticed_is_told_without_small_counts() -> None:
    warnings = [
        {"variable": "c3", "code": "suspicious_unit", "count": 3},
        {"variable": "c3", "code": "suspicious_value", "count": 1200},
        {"variable": "", "code": "no_patient_column", "count": 1},
    ]
    said = texts(patients(opened(cohort={"warnings": warnings})).blocks)
    assert "Complement C3: suspicious unit Complement C3: suspicious value (1,200 rows)" in said
    assert "No patient column" in said


def test_a_variable_that_the_dictionary_no_longer_knows_keeps_its_label() -> None:
    opened_source = opened(found())
    nothing = replace(opened_source.bundle.dictionary, variables={})
    changed = replace(opened_source, bundle=replace(opened_source.bundle, dictionary=nothing))
    made = table(patients(changed), "patients-table-one-table")
    assert made.rows[0]["characteristic"] == "Complement C3"


def test_combinations_that_are_all_rare_are_not_drawn() -> None:
    more = found()
    more["patients"]["missing"]["patterns"] = [
        {"pattern": "other combinations", "patients": None, "share": None, "shown": "fewer than 5"}
    ]
    blocks = part(patients(opened(more)), "patients-missing").blocks
    assert [block.kind for block in blocks if isinstance(block, Figure)] == ["missing"]
    assert "to be shown" in texts(blocks)


def test_an_older_bundle_with_two_words_and_telling_zeros_gets_one_word_and_none() -> None:
    more = found()
    rows = more["patients"]["table_one"]["rows"]
    (missing,) = [r for r in rows if r["variable"] == "c3" and r["statistic"] == "missing, n (%)"]
    missing |= {"all_count": 5, "all": "5 (3.1%)", "event_count": 5, "others_count": 0}
    (state,) = [r for r in rows if r["variable"] == "fever" and r["state"] == "yes"]
    state |= {"others_count": None, "others": "fewer than 5"}
    more["patients"]["missing"]["variables"][0] |= {"missing": None, "shown": "fewer than 5"}
    section = patients(opened(more))
    printed = table(section, "patients-table-one-table").rows
    own = next(r for r in printed if r["variable"] == "c3" and "missing" in str(r["statistic"]))
    assert (own["all"], own["event"], own["others"]) == ("5 (3.1%)", "hidden", "hidden")
    assert own["event_count"] is own["others_count"] is None
    assert "fewer than" not in str(section)


@pytest.mark.parametrize(
    ("excluded", "simulated", "warned"), [(0, 0, True), (0, 160, False), (None, 0, False)]
)
def test_a_file_of_which_nobody_was_left_out_may_be_selected_already(
    excluded: int | None, simulated: int, warned: bool
) -> None:
    steps = [{"step": "read", "patients": 160, "excluded": None, "shown": "160"}]
    steps += [{"step": "excluded: x", "patients": excluded, "excluded": "x", "shown": "0"}]
    steps += [{"step": "analysed", "patients": 160, "excluded": None, "shown": "160"}]
    evidence = {"level": "exploratory", "simulated_patients": simulated}
    section = patients(opened(cohort={"flow": steps}, evidence=evidence))
    told = [b for b in part(section, "patients-flow").blocks if isinstance(b, Paragraph)]
    assert bool(told) == warned
