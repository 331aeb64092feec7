"""``predictor outcomes`` as people and programs call it, and the page that describes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_commands import Run, runner

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.outcome_definitions import load_outcome, outcome_names
from predictor.terminal_outcomes import outcome_lines

DICTIONARY = load_dictionary()


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_all_definitions_are_listed_with_their_source(call: Run) -> None:
    done = call("outcomes")
    assert done.code == 0
    assert all(name in done.out for name in outcome_names())
    assert "Franklyn K 2016" in done.out
    assert "severe, mild_moderate, none" in done.out


def test_one_definition_is_shown_as_a_reader_expects_it(call: Run) -> None:
    done = call("outcomes", "lldas")
    assert done.code == 0
    order = [
        "Lupus low disease activity state (LLDAS) (lldas)",
        "The outcome is there where\n  sledai_2k <= 4\n  and not (sledai_urinary_casts or",
        "  and glucocorticoid_dose / 7 <= 7.5\n",
        "Needs\n  sledai_2k ",
        "SLEDAI-2K; or all 24 items of the score",
        "Glucocorticoid dose (prednisone equivalent) (mg/week)",
        "Where something is missing\n  A variable without an entry makes the outcome",
        "Take care\n  sledai_increased_dna_binding, within 90 days of the last",
        "Note\n",
        "Reference\n  Franklyn K, et al. Definition and initial validation",
        "doi:10.1136/annrheumdis-2015-207726",
    ]
    places = [done.out.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)


def test_states_and_confirmation_are_shown_where_there_are_some(call: Run) -> None:
    shown = call("outcomes", "thrombocytopenia_response").out
    assert "  complete: platelets >= 100 and not bleeding\n" in shown
    assert "  none: none of these holds\n" in shown
    assert "at a visit at least 7 days later" in shown
    assert "index.platelets  Platelets (10*9/L), at the index visit\n" in shown
    assert "States" not in call("outcomes", "doris_2021").out


def test_json_holds_the_definition_and_what_its_variables_are(call: Run) -> None:
    found = call("outcomes", "doris_2021", "--format", "json").json
    assert found["rule"] == load_outcome("doris_2021", DICTIONARY).rule.text
    assert found["requires"] == [
        "clinical_sledai_2k",
        "pga",
        "glucocorticoid_dose",
        "maintenance_treatment",
    ]
    assert found["reference"]["doi"] == "10.1136/lupus-2021-000538"
    assert found["missing"]["assumed"] == {}
    assert found["variables"]["glucocorticoid_dose"]["unit"] == "mg/wk"
    assert found["states"] is None
    listed = call("outcomes", "--format", "json").json["outcomes"]
    assert [outcome["name"] for outcome in listed] == list(outcome_names())
    assert found in listed


def test_a_definition_of_ones_own_is_shown_too(call: Run, tmp_path: Path) -> None:
    own = tmp_path / "quiet.yaml"
    own.write_text(
        "label: Quiet\nreference: {authors: We, title: T, journal: this study, year: 2026}\n"
        "rule: c3 >= 80 and esr < 20\n",
        encoding="utf-8",
    )
    shown = call("outcomes", own).out
    assert "Quiet (quiet)" in shown
    assert "c3   Complement C3 (mg/dL)" in shown
    assert "esr, within 28 days of the last infusion" in shown


def test_what_does_not_exist_is_refused_with_the_nearest_name(call: Run) -> None:
    done = call("outcomes", "doris")
    assert (done.code, done.out) == (2, "")
    assert "there is no outcome definition 'doris'. Did you mean 'doris_2021'?" in done.err
    assert call("outcomes", "missing.yaml").code == 2


@pytest.mark.parametrize("name", outcome_names())
def test_the_page_shows_every_rule_as_the_command_prints_it(name: str, root: Path) -> None:
    page = (root / "docs" / "outcomes.md").read_text(encoding="utf-8")
    lines = list(outcome_lines(load_outcome(name, DICTIONARY), DICTIONARY))
    rule = lines[lines.index("The outcome is there where") + 1 :]
    rule = rule[: rule.index("")]
    assert f"### `{name}`" in page
    assert "\n".join(["```text", *rule, "```"]) in page


def test_the_units_of_the_numbers_stand_beside_the_rule(call: Run, tmp_path: Path) -> None:
    shown = call("outcomes", "doris_2021").out
    assert "Units of the numbers\n" in shown
    assert "  glucocorticoid_dose: mg/week\n" in shown
    own = tmp_path / "own.yaml"
    own.write_text(
        "label: Low dose\nreference: {authors: We, title: T, journal: this study, year: 2026}\n"
        "rule: glucocorticoid_dose <= 5\n"
    )
    assert "looks like mg/day" in " ".join(call("outcomes", own).out.split())
    (caution,) = call("outcomes", own, "--format", "json").json["cautions"]
    assert caution["code"] == "suspicious_unit"
