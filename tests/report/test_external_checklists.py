"""Both checklists of a bundle that was tried on others, or came about by an update."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor.checklists import load_checklist
from predictor.fitted.bundle import open_bundle
from predictor.fitted.revision import revise_bundle
from predictor.report.contents.checklists import items
from predictor.report.contents.external_rules import with_others
from predictor.report.contents.report import report_of
from predictor.report.contents.run_facts import Facts
from predictor.report.contents.source import Source, open_source
from predictor.report.document import Item
from predictor.report.page.anchors import anchors
from predictor.workflow.update import update
from predictor.workflow.validate import validate

IZMIR = """
name: izmir
setting: {differs_by: centre, description: "Second hospital"}
cohort: {patient: patient, centre: clinic}
"""


def answered(source: Source, name: str) -> dict[str, Item]:
    return {item.number: item for item in items(source, name)}


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    """Of 300, the last 40 have no CRP."""
    table = second_hospital(open_bundle("remission"), 300)
    table["clinic"] = np.repeat(["a", "b", "c"], 100)
    table.loc[table.index[-40:], "crp"] = np.nan
    return table


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, as if it had been made from people."""
    place = tmp_path_factory.mktemp("real") / "model"
    told = {**open_bundle("remission").manifest["evidence"], "level": "exploratory"}
    config = dict(open_bundle("remission").manifest["config"])
    config["cohort"] = {"file": "cohort.csv", "patient": "patient"}
    config["reporting"] = {"probast": {"D1.1": "Yes: a prospective registry."}}
    told |= {"patients": 500, "events": 161, "simulated_patients": 0}
    revise_bundle(open_bundle("remission"), place, {"evidence": told, "config": config})
    return place


@pytest.fixture(scope="module")
def tried(model: Path, patients: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("tried")
    mapping = folder / "izmir.yaml"
    mapping.write_text(IZMIR, encoding="utf-8")
    validate(model, patients, mapping=mapping, out=folder / "model")
    return open_source(folder / "model")


@pytest.fixture(scope="module")
def updated(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    wrong = second_hospital(open_bundle("remission"), 300, seed=3, shift=-1.2, slope=0.6)
    place = tmp_path_factory.mktemp("updated") / "model"
    update(model, wrong, method="logistic", out=place)
    return open_source(place)


@pytest.mark.parametrize(
    ("number", "words", "section"),
    [
        ("1", "development and external validation", "verdict"),
        ("4", "nothing refitted: izmir (300 patients of another centre", "external"),
        ("10", "473 patients with 153 events needed", "verdict"),
        ("10", "The intervals of izmir are", "verdict"),
        ("11", "In other patients missing values were drawn as for an answer", "patients-missing"),
        ("12e", "In other patients predictions are fixed", "performance-figures"),
        ("12f", "changed nothing of the model", ""),
        ("12g", "Other patients got the probabilities that predict() gives", "reproduce"),
        ("16", "izmir is of another centre.", "external-1-mix"),
        ("20a", "Evaluation: izmir (300 patients", "patients-flow"),
        ("20c", "Predictors of izmir stand beside", "external-1-mix"),
        ("21", "Evaluation: izmir", "performance"),
        ("23b", "Centres of izmir are told apart", "external"),
    ],
)
def test_tripod_items_tell_of_the_other_patients(
    tried: Source, number: str, words: str, section: str
) -> None:
    item = answered(tried, "tripod")[number]
    assert words in item.answer
    assert item.section == section


def test_performance_elsewhere_stands_behind_that_of_the_development(tried: Source) -> None:
    (entry,) = tried.external
    told = answered(tried, "tripod")["23a"].answer
    assert told.startswith("Corrected for optimism")
    auroc = "{auroc:.2f} ({auroc_low:.2f} to {auroc_high:.2f})".format(**entry)
    assert f"izmir: AUROC {auroc}" in told


def test_nothing_says_any_more_that_there_are_no_others(tried: Source) -> None:
    text = " ".join(item.answer for name in ("tripod", "probast") for item in items(tried, name))
    for said in ("there are no others", "No other patients were tried", "not evaluated in others"):
        assert said not in text
    before = replace(tried, external=())
    text = " ".join(item.answer for name in ("tripod", "probast") for item in items(before, name))
    assert "there are no others" in text
    assert "No other patients were tried" in text


@pytest.mark.parametrize(
    ("number", "start"),
    [
        ("E1.3", "Facts: izmir (300 patients of another centre"),
        ("E2.2", "Yes: the bundle filled in"),
        ("E3.1", "Facts: the event is response being remission"),
        ("E4.1", "Yes: the model as it is was tried on patients who took no part"),
        ("E4.3", "Probably yes: gaps in izmir"),
        ("E4.5", "Probably yes: they are not the cohort of the development"),
        ("E4.7", "Yes: in other patients discrimination"),
    ],
)
def test_probast_questions_on_evaluation_are_about_the_other_patients(
    tried: Source, number: str, start: str
) -> None:
    assert answered(tried, "probast")[number].answer.startswith(start)


def test_enough_patients_are_judged_by_the_precision_that_was_reached(tried: Source) -> None:
    (entry,) = tried.external
    rule = answered(tried, "probast")["E4.2"].answer
    assert rule.startswith("Probably yes" if entry["precise_enough"] else "Probably no")
    for enough, start in ((True, "Probably yes: izmir is precise"), (False, "Probably no: of izm")):
        other = replace(tried, external=({**entry, "precise_enough": enough},))
        assert answered(other, "probast")["E4.2"].answer.startswith(start)


def test_what_is_told_of_the_development_is_not_taken_over(tried: Source) -> None:
    assert answered(tried, "probast")["D1.1"].answer.startswith("Yes: a prospective registry")
    assert answered(tried, "probast")["E1.1"].answered == "for a person"
    before = answered(replace(tried, external=()), "probast")["E1.1"]
    assert before.answer.startswith("Taken from D1.1")


def test_simulated_patients_are_no_evaluation(tried: Source) -> None:
    entry = {**tried.external[0], "simulated": True}
    found = answered(replace(tried, external=(entry,)), "probast")
    assert found["E1.1"].answer.startswith("No: the patients are simulated")
    assert found["E4.1"].answer.startswith("Probably yes: beside resampling")


def test_patients_who_may_be_the_model_s_own_count_as_nobody_else(tried: Source) -> None:
    entry = {**tried.external[0], "too_alike": True}
    again = replace(tried, external=(entry,))
    found = answered(again, "probast")
    assert found["E4.1"].answer.startswith("Probably no: the means of izmir lie closer")
    assert found["E4.5"].answer.startswith("Probably no: the means of izmir lie closer")
    assert answered(again, "tripod")["1"].answer != answered(tried, "tripod")["1"].answer
    # Beside other patients they spoil what is said of their own cohort alone.
    found = answered(replace(tried, external=(*tried.external, entry)), "probast")
    assert found["E4.1"].answer.startswith("Yes")
    assert found["E4.5"].answer.startswith("Probably no")


def test_many_gaps_and_several_rows_of_a_patient_weaken_the_answer(tried: Source) -> None:
    entry = {**tried.external[0], "absent": ["crp"], "repeated_rows": True}
    found = answered(replace(tried, external=(entry,)), "probast")
    assert found["E4.3"].answer.startswith("Probably no: in izmir more than 20%")
    assert "several rows" in found["E4.7"].answer


def test_an_update_is_told_and_no_training_is_claimed(updated: Source) -> None:
    tripod, probast = answered(updated, "tripod"), answered(updated, "probast")
    assert "updating of a model" in tripod["1"].answer
    assert "was updated: new intercept and slope, by 300 patients" in tripod["4"].answer
    assert "not been evaluated in anybody else since" in tripod["4"].answer
    assert "new intercept and slope" in tripod["12f"].answer
    rows = {row["figure"]: row for row in updated.manifest["update"]["figures"]}
    assert f"{rows['log_loss']['before']:.3f} by the old model" in tripod["24"].answer
    assert probast["E4.6"].answer.startswith("Yes: the whole update")
    text = " ".join(item.answer for item in (*tripod.values(), *probast.values()))
    for said in ("cross-validation", "No existing model was", "models refitted without them"):
        assert said not in text


def test_an_update_that_was_tried_elsewhere_tells_both(updated: Source, tried: Source) -> None:
    found = answered(replace(updated, external=tried.external), "tripod")
    assert "It was evaluated in others since: izmir" in found["4"].answer
    assert "was updated" in found["12f"].answer
    assert "by the old model" in found["24"].answer


def test_every_rule_belongs_to_an_item_and_every_section_is_there(
    tried: Source, updated: Source
) -> None:
    for name in ("tripod", "probast"):
        for source in (tried, updated):
            rules = with_others(name, {}, Facts.of(source))
            assert set(rules) <= set(load_checklist(name).numbers)
    for source in (tried, updated):
        there = set(anchors(report_of(source)))
        for name in ("tripod", "probast"):
            assert {item.section for item in items(source, name) if item.section} <= there
