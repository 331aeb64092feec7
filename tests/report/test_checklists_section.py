"""Checklists are answered by what the run knows; what it does not know is left to people."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_standings
import pytest

from predictor.checklists import load_checklist
from predictor.report.contents import pitfall_words, probast_rules, tripod_rules
from predictor.report.contents.checklists import checklists, items
from predictor.report.contents.pitfalls import found_in, pitfalls
from predictor.report.contents.report import report_of
from predictor.report.contents.source import Source, open_source
from predictor.report.contents.verdict import verdict_of
from predictor.report.document import Checklist, Checks, Facts, Item, Listing, blocks_of
from predictor.report.page.anchors import anchors

ONLY_PEOPLE = ["2", "3a", "3c", "18a", "18b", "18c", "18d", "19", "25"]
"""What no run of whatever study can know, counted by hand in the published list."""


@pytest.fixture(scope="module")
def shipped(root: Path) -> Source:
    return open_source(root / "models" / "remission")


def changed(source: Source, *, findings: Mapping[str, Any] | None = None, **parts: Any) -> Source:
    """The same bundle with parts of its manifest changed: ``config__choose=...`` goes deeper."""
    manifest = copy.deepcopy(dict(source.manifest))
    for path, value in parts.items():
        *way, last = path.split("__")
        place = manifest
        for key in way:
            place = place[key]
        place[last] = value
    return replace(source, manifest=manifest, findings=findings or source.findings)


def real(source: Source, **parts: Any) -> Source:
    """The same as if its patients were real ones from a file."""
    return changed(
        source,
        evidence__simulated_patients=0,
        evidence__patients=500,
        config__cohort__published=None,
        cohort__file="cohort.csv",
        **parts,
    )


def answered(source: Source, name: str) -> dict[str, Item]:
    return {item.number: item for item in items(source, name)}


@pytest.mark.parametrize("name", ["tripod", "probast"])
def test_every_item_stands_once_in_the_printed_order(shipped: Source, name: str) -> None:
    section = checklists(shipped)[["tripod", "probast"].index(name)]
    assert section.id == name
    (checklist,) = (block for block in section.blocks if isinstance(block, Checklist))
    assert tuple(item.number for item in checklist.items) == load_checklist(name).numbers


def test_every_rule_belongs_to_an_item() -> None:
    assert set(tripod_rules.RULES) <= set(load_checklist("tripod").numbers)
    assert set(probast_rules.RULES) <= set(load_checklist("probast").numbers)


def test_what_only_people_know_has_no_rule(shipped: Source) -> None:
    assert not set(ONLY_PEOPLE) & set(tripod_rules.RULES)
    found = answered(real(shipped), "tripod")
    for number in [*ONLY_PEOPLE, "5b", "6a", "6c", "8b", "8c", "9c", "17", "18e"]:
        assert (found[number].answered, found[number].answer) == ("for a person", "")


def test_simulated_patients_have_no_ethics_and_no_dates(shipped: Source) -> None:
    found = answered(shipped, "tripod")
    for number in ("5b", "6a", "6c", "8b", "8c", "9c", "17"):
        assert found[number].answered == "not applicable"
        assert "simulated" in found[number].answer


@pytest.mark.parametrize(
    ("number", "words", "section"),
    [
        ("1", "predicts remission (6 months) in adults with SLE", "verdict"),
        ("4", "A model is developed (Firth logistic)", "verdict"),
        ("6b", "Limits: age at least 18", "patients-flow"),
        ("8a", "response is remission. Horizon: 6 months, counted from first infusion", "verdict"),
        ("9a", "6 candidate predictors", "model"),
        ("9b", "Complement C3 (mg/dL)", "patients-table-one"),
        ("10", "473 patients with 153 events needed: enough", "verdict"),
        ("11", "No value of a candidate predictor is missing", "patients-missing"),
        ("12a", "10 times 5-fold cross-validation", "performance"),
        ("12c", "Firth logistic was taken by rule", "performance-candidates"),
        ("12e", "net benefit at 0.25, 0.5, 0.75", "performance-figures"),
        ("13", "FLIC", ""),
        ("18e", "predictor simulate --patients 500 --seed 1 --scenario strong", "reproduce"),
        ("20a", "500 analysed, 161 with the event and 339 without it", "patients-flow"),
        ("23a", "AUROC 0.83 (0.79 to 0.88)", "performance-figures"),
        ("27a", "more than 50% of the predictors", "model"),
    ],
)
def test_tripod_items_say_what_the_manifest_says(
    shipped: Source, number: str, words: str, section: str
) -> None:
    item = answered(shipped, "tripod")[number]
    assert words in item.answer
    assert item.section == section


CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    ("tripod", "12c", {"validation__choice__named_beforehand": True}, "was named beforehand"),
    ("tripod", "12a", {"validation__bootstrap": None}, "there is no bootstrap"),
    ("tripod", "12b", {"model__kind": "estimator"}, "finds shapes and thresholds itself"),
    ("tripod", "12d", {"cohort__group": "centre"}, "Centres stay whole in all folds"),
    ("tripod", "9a", {"model__candidate": "elastic_net"}, "can set a coefficient to zero"),
    ("tripod", "22", {"model__kind": "estimator"}, "The model is no formula"),
    ("tripod", "7", {"config__cohort__impossible": "missing"}, "taken for missing"),
    ("probast", "D4.1", {"validation__sample_size__enough": False}, "No: 500 simulated"),
    ("probast", "D4.2", {"model__kind": "estimator"}, "Yes: no number was cut"),
    ("probast", "D4.2", {"model__candidate": "prevalence"}, "no predictor enters"),
    ("tripod", "12b", {"model__candidate": "prevalence"}, "the prevalence, has no predictor"),
    ("tripod", "22", {"model__candidate": "prevalence"}, "Everybody gets the same probability"),
    (
        "tripod",
        "11",
        {"cohort__flow": [{"step": "excluded: outcome missing", "patients": None}]},
        "Patients without an outcome were left out.",
    ),
    ("probast", "D4.5", {"model__candidate": "ridge"}, "a ridge penalty tuned"),
    ("probast", "D4.5", {"validation__bootstrap": None}, "was not measured by a bootstrap"),
    ("probast", "D4.5", {"model__candidate": "prevalence"}, "nothing to fit too closely"),
    ("probast", "E4.1", {"validation__bootstrap": None}, "5-fold cross-validation. No other"),
    ("probast", "E4.2", {"cohort__events": 60}, "Probably no: 60 events and 440 others"),
    ("probast", "E4.5", {"config__cohort__patient": None}, "Probably no: no column names"),
    ("probast", "E4.5", {"cohort__group": "centre"}, "patients of a centre stay whole"),
    ("probast", "E4.6", {"validation__with_choice": None}, "Probably no: filling in"),
    (
        "probast",
        "E4.6",
        {"validation__notes": ["The choice of the model was not repeated in the resamples."]},
        "Probably no: filling in",
    ),
    ("probast", "E4.6", {"validation__choice__named_beforehand": True}, "there was no choice"),
    ("probast", "E4.7", {"validation__bootstrap": None}, "no figure is corrected"),
]


@pytest.mark.parametrize(("name", "number", "parts", "words"), CHANGES)
def test_answers_follow_the_run(
    shipped: Source, name: str, number: str, parts: dict[str, Any], words: str
) -> None:
    assert words not in answered(shipped, name)[number].answer
    assert words in answered(changed(shipped, **parts), name)[number].answer


def test_only_firths_intercept_is_corrected(shipped: Source) -> None:
    ridge = answered(changed(shipped, model__candidate="ridge"), "tripod")["13"].answer
    assert ridge == "The share of events was not changed: no resampling, no weights."
    none = changed(shipped, config__models__firth={"intercept_correction": "none"})
    assert answered(none, "tripod")["13"].answer == ridge


@pytest.mark.parametrize(
    ("status", "share", "words"),
    [
        ("passed", 0.0, "Yes: no value"),
        ("note", 0.1, "Probably yes: gaps were filled in by the median"),
        ("note", None, "Probably yes: gaps"),
        ("warning", 0.3, "Probably no: more than 20%"),
    ],
)
def test_gaps_are_judged_by_what_was_found(
    shipped: Source, status: str, share: float | None, words: str
) -> None:
    check = {"code": "imputation", "status": status, "figures": {"share": share}}
    found = answered(changed(shipped, findings={"pitfalls": {"checks": [check]}}), "probast")
    assert found["D4.3"].answer.startswith(words)
    assert found["E4.3"].answer == found["D4.3"].answer


def test_a_predictor_that_tells_the_outcome_answers_for_independence(shipped: Source) -> None:
    for status, words in (("warning", "Probably no"), ("passed", "Facts: the outcome is not")):
        check = {"code": "leakage", "status": status, "figures": {}}
        source = changed(shipped, findings={"pitfalls": {"checks": [check]}})
        assert answered(source, "probast")["D3.3"].answer.startswith(words)


def test_people_answer_what_is_theirs_and_complete_what_is_the_runs(shipped: Source) -> None:
    told = {"tripod": {"18a": "Nobody paid.", "9a": "They are what was measured.", "17": "EK 1."}}
    found = answered(changed(shipped, config__reporting=told), "tripod")
    assert found["18a"].answer == "Nobody paid."
    assert found["18a"].answered == "from the study"
    assert found["9a"].answer.startswith("6 candidate predictors")
    assert found["9a"].answer.endswith("They are what was measured.")
    assert found["9a"].remains == ""
    assert found["17"].answer == "EK 1."  # a person has the last word, also where it did not apply


def test_what_is_said_of_development_holds_for_its_internal_evaluation(shipped: Source) -> None:
    told = {"probast": {"D2.1": "Yes: one laboratory.", "D2.3": "Yes.", "E2.3": "Probably yes."}}
    found = answered(real(shipped, config__reporting=told), "probast")
    assert found["E2.1"].answer == "Taken from D2.1: Yes: one laboratory."
    assert found["E2.3"].answer == "Probably yes."
    assert found["E3.2"].answered == "for a person"


def test_what_is_taken_over_is_counted_apart_from_what_was_stated(shipped: Source) -> None:
    told = {"probast": {"D1.1": "Probably yes.", "D1.3": "Yes."}}
    source = real(shipped, config__reporting=told)
    (counts,) = (b for b in checklists(source)[1].blocks if isinstance(b, Facts))
    values = {fact.label: int(fact.value.split(" of ")[0]) for fact in counts.facts}
    # The time between predictors and outcome is stated too, and leaves a part open.
    assert values["From the study"] == 2
    assert values["Taken over"] == 2
    assert sum(values.values()) == len(load_checklist("probast").numbers)
    assert answered(source, "probast")["E1.1"].answer == "Taken from D1.1: Probably yes."
    both = answered(source, "probast")["E1.3"].answer
    assert both.startswith("Taken from D1.3: Yes. (By rule: Facts:")
    (counts,) = (b for b in checklists(real(shipped))[1].blocks if isinstance(b, Facts))
    assert "Taken over" not in {fact.label for fact in counts.facts}


def test_a_slope_that_is_cross_validated_is_nowhere_called_corrected(shipped: Source) -> None:
    bootstrap = copy.deepcopy(dict(shipped.manifest["validation"]["bootstrap"]))
    for row in bootstrap["figures"]:
        if row["name"] == "calibration_slope":
            row.update(corrected=0.56, corrected_by="cross_validated")
            row.update(corrected_low=None, corrected_high=None)
    source = changed(shipped, findings={"curves": {}}, validation__bootstrap=bootstrap)
    tripod, probast = answered(source, "tripod"), answered(source, "probast")
    assert tripod["23a"].answer.startswith("Corrected for optimism, with 95% interval")
    assert tripod["23a"].answer.endswith(
        "Cross-validated and not corrected, without interval: calibration slope 0.56."
    )
    assert "not corrected" in tripod["12e"].answer
    assert "calibration slope" in tripod["12e"].answer
    assert "cross-validated calibration slope, 0.56, lies outside" in probast["D4.5"].answer
    told = probast["E4.7"].answer
    assert told.startswith("Probably yes")
    assert "cross-validated instead of corrected: calibration slope; without interval:" in told
    (check,) = (one for one in found_in(source) if one.code == "optimism")
    assert check.figures["slope_by"] == "cross-validated"
    assert check.figures["auroc_by"] == "corrected"
    (checks,) = (b for b in pitfalls(source).blocks if isinstance(b, Checks))
    (said,) = (one.finding for one in checks.checks if one.code == "optimism")
    assert said.endswith("cross-validated calibration slope 0.56.")


def test_a_slope_without_interval_cannot_be_judged(shipped: Source) -> None:
    row = {"name": "calibration_slope", "corrected": 0.97, "corrected_by": "cross_validated"}
    row |= {"corrected_low": None, "corrected_high": None}
    source = changed(shipped, validation__bootstrap__figures=[row])
    answer = answered(source, "probast")["D4.5"].answer
    assert "the cross-validated calibration slope, 0.97, has no interval" in answer


def test_the_time_of_predictors_is_told_as_the_dictionary_tells_it(shipped: Source) -> None:
    # Without a word about time an entry counts as baseline, so no mark can be claimed.
    assert "marks none of them as measured after" in answered(shipped, "tripod")["9b"].answer
    assert "marks none of the 6" in answered(shipped, "probast")["D2.4"].answer


def test_an_assessor_may_decide_otherwise_than_a_rule(shipped: Source) -> None:
    told = {"probast": {"D4.2": "Probably no."}}
    item = answered(changed(shipped, config__reporting=told), "probast")["D4.2"]
    assert item.answer.startswith("Probably no. (By rule: No information: no number was cut")
    assert item.answered == "from the study"


def test_what_is_open_is_listed_and_counted(shipped: Source) -> None:
    source = real(shipped)
    tripod, _ = checklists(source)
    whole, partly = (block for block in tripod.blocks if isinstance(block, Listing))
    open_items = [i for i in items(source, "tripod") if i.answered == "for a person"]
    assert whole.title == f"Left for a person: {len(open_items)} of 52"
    assert [line.partition(":")[0] for line in whole.items] == [i.number for i in open_items]
    assert partly.title.startswith("Answered in part: ")
    assert "10: How the number of patients came about." in partly.items


@pytest.mark.parametrize("name", ["tripod", "probast"])
def test_an_older_bundle_leaves_more_to_people_and_breaks_nothing(name: str) -> None:
    bare = made_standings.source(made_standings.manifest())
    found = answered(bare, name)
    assert tuple(found) == load_checklist(name).numbers
    assert sum(item.answered == "for a person" for item in found.values()) > 10
    assert answered(made_standings.source(made_standings.prevalence()), name)


def test_no_template_is_left_unfilled(shipped: Source) -> None:
    for source in (shipped, real(shipped)):
        for name in ("tripod", "probast"):
            for item in items(source, name):
                assert "{" not in item.answer
                assert not re.search(r"\bNone\b(?! of the)", item.answer)
                assert not item.answer or item.answer.endswith("."), item.number


def test_every_evidence_is_a_place_in_the_report(shipped: Source) -> None:
    report = report_of(shipped)
    linked = {
        entry.section
        for block in blocks_of(report.sections)
        if isinstance(block, Checklist | Checks)
        for entry in (block.items if isinstance(block, Checklist) else block.checks)
    }
    assert linked - {""} <= set(anchors(report))


def test_what_is_to_be_studied_next_is_what_the_verdict_says(shipped: Source) -> None:
    sources = (
        shipped,
        made_standings.source(made_standings.manifest()),
        made_standings.source(made_standings.manifest(31, 11, enough=False)),
        made_standings.source(made_standings.prevalence()),
    )
    for source in sources:
        warnings = [
            pitfall_words.NAMES[one.code] for one in found_in(source) if one.status == "warning"
        ]
        steps = verdict_of(source, warnings).next_steps
        assert answered(source, "tripod")["27c"].answer == " ".join(steps)
    assert "xternal" not in answered(sources[2], "tripod")["27c"].answer


def test_only_curves_that_are_there_are_claimed(shipped: Source) -> None:
    without = replace(shipped, findings={})
    drawn = changed(shipped, findings={"curves": {}})
    assert (
        "holds no ROC, calibration or decision curve" in answered(without, "tripod")["12e"].answer
    )
    assert "curves are drawn" in answered(drawn, "tripod")["12e"].answer
    assert answered(without, "tripod")["15"].section == "performance-figures"
    assert answered(drawn, "tripod")["15"].section == "performance-decision"
    told = answered(without, "probast")["E4.7"].answer
    assert told.startswith("Probably yes")
    assert told.endswith("but this bundle holds no calibration curve.")
    folds = changed(drawn, validation__bootstrap=None)
    assert "nothing was corrected" in answered(folds, "tripod")["12e"].answer


def test_an_interval_that_ends_at_its_estimate_is_no_full_measure(shipped: Source) -> None:
    bootstrap = copy.deepcopy(dict(shipped.manifest["validation"]["bootstrap"]))
    for row in bootstrap["figures"]:
        row.update(corrected=0.2, corrected_low=0.1, corrected_high=0.3)
    sound = changed(shipped, findings={"curves": {}}, validation__bootstrap=bootstrap)
    assert answered(sound, "probast")["E4.7"].answer.startswith("Yes: discrimination")
    bootstrap["figures"][1]["corrected_high"] = 0.2
    cut = changed(shipped, findings={"curves": {}}, validation__bootstrap=bootstrap)
    told = answered(cut, "probast")["E4.7"].answer
    assert told.startswith("Probably yes")
    assert "end at the estimate" in told


@pytest.mark.parametrize(
    ("missing", "candidate", "words"),
    [
        (0, "firth", "No value of a candidate predictor is missing. Nobody was left out"),
        (7, "firth", "filled in: by the median"),
        (None, "firth", "filled in: by the median"),
        (7, "prevalence", "uses none of them"),
    ],
)
def test_gaps_are_told_as_they_were(
    shipped: Source, missing: int | None, candidate: str, words: str
) -> None:
    found = {"patients": {"missing": {"variables": [{"variable": "c3", "missing": missing}]}}}
    item = answered(changed(shipped, findings=found, model__candidate=candidate), "tripod")["11"]
    assert words in item.answer
    assert bool(item.remains) == (missing != 0)


def test_subgroups_are_claimed_only_where_there_are_some(shipped: Source) -> None:
    none = changed(shipped, findings={"subgroups": {"rows": []}})
    assert "in no subgroup" in answered(none, "tripod")["14"].answer
    some = {"subgroups": {"rows": [{"group": "yes", "n": 50}]}}
    assert "told in subgroups" in answered(changed(shipped, findings=some), "tripod")["14"].answer
    constant = changed(shipped, findings=some, model__candidate="prevalence")
    assert "same probability" in answered(constant, "tripod")["14"].answer


def test_items_answered_in_part_are_counted_apart(shipped: Source) -> None:
    for number, name in enumerate(("tripod", "probast")):
        found = items(real(shipped), name)
        (counts,) = (b for b in checklists(real(shipped))[number].blocks if isinstance(b, Facts))
        told = {fact.label: int(fact.value.split(" of ")[0]) for fact in counts.facts}
        assert sum(told.values()) == len(found)
        assert told["In part"] == sum(bool(item.remains) for item in found) > 0
        whole = [i for i in found if i.answered == "from the run" and not i.remains]
        assert told["From the run"] == len(whole)


@pytest.mark.parametrize(
    ("candidate", "slope", "signal", "words"),
    [
        ("ridge", (0.97, 0.85, 1.10), True, "Yes: a ridge penalty"),
        ("firth", (0.97, 0.85, 1.10), True, "Probably yes: Firth's penalty"),
        ("ridge", (0.97, -0.65, 2.17), True, "No information: a ridge penalty"),
        ("ridge", (0.97, None, None), True, "No information: a ridge penalty"),
        ("ridge", (0.97, 0.85, 1.10), False, "No information: a ridge penalty"),
        ("firth", (0.64, 0.50, 0.90), True, "Probably no: Firth's penalty"),
        ("ridge", (11.43, -4.7, 21.1), True, "Probably no: a ridge penalty"),
    ],
)
def test_overfitting_is_answered_for_only_where_the_slope_can_be_judged(
    shipped: Source,
    candidate: str,
    slope: tuple[float, float | None, float | None],
    signal: bool,
    words: str,
) -> None:
    value, low, high = slope
    row = {"name": "calibration_slope", "corrected": value}
    row |= {"corrected_low": low, "corrected_high": high}
    source = changed(
        shipped,
        model__candidate=candidate,
        validation__bootstrap__figures=[row],
        validation__signal__found=signal,
    )
    item = answered(source, "probast")["D4.5"]
    assert item.answer.startswith(words)
    assert ("no shrinkage" in item.answer) == words.startswith("Probably yes")


def test_an_answer_against_the_rule_is_flagged(shipped: Source) -> None:
    told = {"probast": {"E1.2": "Yes: prospective", "D2.2": "Yes.", "D4.2": "No information."}}
    found = answered(changed(shipped, config__reporting=told), "probast")
    assert found["E1.2"].answer.startswith("Yes: prospective (Contradicts the rule: No: the pat")
    assert "say why it stands" in found["E1.2"].remains
    for number in ("D2.2", "D4.2"):
        assert "Contradicts" not in found[number].answer
        assert found[number].remains == ""


def test_draws_that_were_not_validated_are_told(shipped: Source) -> None:
    for missing, drawn in ((7, True), (0, False)):
        rows = {"patients": {"missing": {"variables": [{"variable": "c3", "missing": missing}]}}}
        item = answered(changed(shipped, findings=rows), "tripod")["12g"]
        assert ("predict() draws 40" in item.answer) == drawn
        assert "same code" not in item.answer


def test_the_flow_before_the_file_is_open_where_the_file_left_nobody_out(shipped: Source) -> None:
    steps = [{"step": "read", "patients": 500}, {"step": "analysed", "patients": 500}]
    alone = answered(real(shipped, cohort__flow=steps), "tripod")["20a"]
    assert "selected already" in alone.remains
    steps.insert(1, {"step": "excluded: overlap", "patients": None})
    assert "selected" not in answered(real(shipped, cohort__flow=steps), "tripod")["20a"].remains
