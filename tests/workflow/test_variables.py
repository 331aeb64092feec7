"""What another centre collects by: a REDCap data dictionary and an empty cohort file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.units import convert
from predictor.clinical.values import read_value
from predictor.errors import PredictorError
from predictor.fitted.bundle import load_bundle
from predictor.workflow.check import check
from predictor.workflow.variables import REDCAP_COLUMNS, redcap_csv, template_csv

CHOICES = "Choices, Calculations, OR Slider Labels"

CONFIG = """\
name: mine
question: {{outcome: {outcome}, event: [{event}], horizon: 6 months, population: ours{more}}}
cohort:
  file: cohort.csv
  patient: code
  centre: hospital
  columns: {{c3: complement, haemoglobin: hb}}
  units: {{haemoglobin: g/L, proteinuria: g/d}}
  values: {{sex: {{F: female, M: male, "?": ""}}, fever: {{J: "yes", N: "no"}}}}
  exclude: [overlap_syndrome]
predictors: [sex, c3, haemoglobin, proteinuria, fever, sledai_2k]
baseline: c3
models: {{firth: {{}}}}
"""


def rows(content: bytes) -> dict[str, dict[str, str]]:
    reader = csv.DictReader(io.StringIO(content.decode()))
    assert tuple(reader.fieldnames or ()) == REDCAP_COLUMNS
    return {row["Variable / Field Name"]: row for row in reader}


def config(
    folder: Path, outcome: str = "response", event: str = "remission", more: str = ""
) -> str:
    path = folder / "study.yaml"
    path.write_text(CONFIG.format(outcome=outcome, event=event, more=more), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def fields() -> dict[str, dict[str, str]]:
    return rows(redcap_csv())


def test_the_columns_are_the_eighteen_of_redcap() -> None:
    # As written in the manual of REDCap and read by REDCapR and redcapAPI.
    assert len(REDCAP_COLUMNS) == 18
    assert REDCAP_COLUMNS[0] == "Variable / Field Name"
    assert REDCAP_COLUMNS[7] == "Text Validation Type OR Show Slider Number"
    assert REDCAP_COLUMNS[11] == "Branching Logic (Show field only if...)"
    assert REDCAP_COLUMNS[-1] == "Field Annotation"


def test_every_variable_is_a_field_and_the_record_comes_first(
    fields: dict[str, dict[str, str]],
) -> None:
    names = list(fields)
    assert names[0] == "patient"
    assert set(names[1:]) == set(load_dictionary().variables)
    assert fields["patient"]["Field Type"] == "text"
    assert "No name" in fields["patient"]["Field Note"]


def test_the_fields_of_a_form_stand_together(fields: dict[str, dict[str, str]]) -> None:
    forms = [row["Form Name"] for row in fields.values()]
    assert list(dict.fromkeys(forms)) == ["baseline", "follow_up"]
    assert sorted(forms) == forms


def test_a_measurement_is_a_number_within_its_plausible_range(
    fields: dict[str, dict[str, str]],
) -> None:
    c3 = fields["c3"]
    assert c3["Field Type"] == "text"
    assert c3["Field Label"] == "Complement C3"
    assert c3["Field Note"] == "mg/dL; reference 80 to 180"
    assert c3["Text Validation Type OR Show Slider Number"] == "number"
    assert (c3["Text Validation Min"], c3["Text Validation Max"]) == ("0.1", "500")
    assert c3["Field Annotation"] == "LOINC 4485-9"
    score = fields["sledai_2k"]
    assert score["Text Validation Type OR Show Slider Number"] == "integer"
    assert (score["Text Validation Min"], score["Text Validation Max"]) == ("0", "105")


def test_limits_are_plain_numbers_inside_the_plausible_range(
    fields: dict[str, dict[str, str]],
) -> None:
    for variable in load_dictionary().variables.values():
        row = fields[variable.name]
        ends = [row["Text Validation Min"], row["Text Validation Max"]]
        assert bool(ends[0]) == (variable.kind == "continuous")
        for end in filter(None, ends):
            assert "e" not in end
            assert not read_value(end, variable).problems


def test_states_are_choices_that_the_dictionary_reads(fields: dict[str, dict[str, str]]) -> None:
    sex = fields["sex"]
    assert sex["Field Type"] == "radio"
    column = "Choices, Calculations, OR Slider Labels"
    assert sex[column] == "female, Female | male, Male"
    assert fields["fever"]["Field Type"] == "yesno"
    for variable in load_dictionary().variables.values():
        for choice in filter(None, fields[variable.name][column].split(" | ")):
            raw = choice.split(", ")[0]
            assert read_value(raw, variable).value is not None
    fever = load_dictionary().variable("fever")
    assert [read_value(raw, fever).value for raw in ("1", "0")] == [1.0, 0.0]  # as yesno exports


def test_a_study_restricts_the_fields_and_names_them_as_its_file_does(tmp_path: Path) -> None:
    found = rows(redcap_csv(config=config(tmp_path)))
    assert list(found) == [
        "code",
        "hospital",
        "sex",
        "complement",
        "hb",
        "proteinuria",
        "fever",
        "sledai_2k",
        "overlap_syndrome",
        "drug_induced_lupus",
        "primary_aps",
        "response",
    ]
    choices = "Choices, Calculations, OR Slider Labels"
    assert found["sex"][choices] == "F, Female | M, Male"
    assert (found["fever"]["Field Type"], found["fever"][choices]) == ("radio", "J, Yes | N, No")
    assert found["response"]["Form Name"] == "follow_up"
    assert found["response"][choices].startswith("remission, Remission | low_disease_activity, Low")
    assert found["overlap_syndrome"]["Section Header"] == "Exclusion criteria of the study"


def test_limits_are_in_the_unit_of_the_file(tmp_path: Path) -> None:
    hb = rows(redcap_csv(config=config(tmp_path)))["hb"]
    assert hb["Field Note"] == "g/L"
    assert (hb["Text Validation Min"], hb["Text Validation Max"]) == ("10", "270")
    haemoglobin = load_dictionary().variable("haemoglobin")
    assert haemoglobin.plausible is not None
    assert convert(270, "g/L", haemoglobin) == haemoglobin.plausible.high


def test_an_outcome_of_ones_own_has_the_codes_of_the_question(tmp_path: Path) -> None:
    path = config(tmp_path, "doris", "full", ", non_event: [partial, none]")
    found = rows(redcap_csv(config=path))["doris"]
    assert found["Field Type"] == "radio"
    assert found["Choices, Calculations, OR Slider Labels"] == (
        "full, Full | partial, Partial | none, None"
    )


def test_a_name_that_redcap_does_not_take_is_refused(tmp_path: Path) -> None:
    path = Path(config(tmp_path))
    text = path.read_text()
    for name in ("C3 (mg/dL)", "c3__x", "c3_", "3c", "x" * 101):
        path.write_text(text.replace("complement", f'"{name}"'))
        with pytest.raises(PredictorError, match="small letters, digits and single underscores"):
            redcap_csv(config=str(path))
        assert name in template_csv(config=str(path)).decode()


def test_the_template_is_a_header_that_check_reads(tmp_path: Path) -> None:
    path = config(tmp_path)
    header = template_csv(config=path).decode()
    assert header == (
        "code,hospital,sex,complement,hb,proteinuria,fever,sledai_2k,overlap_syndrome,"
        "drug_induced_lupus,primary_aps,response\n"
    )
    patients = "".join(
        f"P{n},A{n % 10},{'FM'[n % 3 > 0]},{60 + n},{110 + n % 7},0.{1 + n % 9},{'JN'[n % 5 > 2]},"
        f"{n % 11},no,,no,{('remission', 'flare')[n * n % 7 < 3]}\n"
        for n in range(60)
    )
    (tmp_path / "cohort.csv").write_text(header + patients)
    found = check(tmp_path / "cohort.csv", path)
    assert [p for p in found.problems if p.fatal] == []
    # The study leaves nobody out by these; its model refuses by them all the same.
    assert found.unchecked == ("drug_induced_lupus", "primary_aps")


def test_the_template_of_the_dictionary_has_every_variable() -> None:
    header = template_csv().decode().strip().split(",")
    assert header[0] == "patient"
    assert set(header[1:]) == set(load_dictionary().variables)
    shipped = template_csv(config="remission").decode()
    assert shipped == (
        "patient,anti_dsdna,c3,c4,crp,platelets,proteinuria,age,overlap_syndrome,"
        "drug_induced_lupus,primary_aps,response\n"
    )


@pytest.mark.parametrize("name", ["remission", "relapse"])
def test_what_the_model_of_a_study_asks_is_collected(name: str) -> None:
    bundle = load_bundle(name)
    asked = {variable.name for variable in (*bundle.variables, *bundle.criteria)}
    assert asked
    assert asked <= set(template_csv(config=name).decode().strip().split(","))
    assert asked <= set(rows(redcap_csv(config=name)))


@pytest.mark.parametrize(
    ("config", "outcome", "choices"),
    [
        ("sle_low_disease_activity", "lda_fu", ("radio", "1, Yes | 0, No")),
        ("thiopurine_remission", "remission", ("yesno", "")),
    ],
)
def test_who_had_no_event_can_be_recorded(
    config: str, outcome: str, choices: tuple[str, str]
) -> None:
    field = rows(redcap_csv(config=config))[outcome]
    assert (field["Field Type"], field[CHOICES]) == choices


@pytest.mark.parametrize(
    ("event", "more", "choices"),
    [
        ("1", "", "1, Yes | 0, No"),
        ("0", "", "0, Yes | 1, No"),  # the field is named after the event
        ("1", ", non_event: [0]", "1, Yes | 0, No"),
        ("1", ", non_event: [0, 2]", "1, 1 | 0, 0 | 2, 2"),
    ],
)
def test_an_outcome_of_zero_and_one_has_both(
    tmp_path: Path, event: str, more: str, choices: str
) -> None:
    path = config(tmp_path, "doris", event, more)
    assert rows(redcap_csv(config=path))["doris"][CHOICES] == choices


def test_an_outcome_with_codes_of_the_file_has_these(tmp_path: Path) -> None:
    path = Path(config(tmp_path, "doris", "1"))
    coding = '  values: {doris: {J: "1", N: "0", "?": ""}, '
    path.write_text(path.read_text().replace("  values: {", coding))
    assert rows(redcap_csv(config=str(path)))["doris"][CHOICES] == "J, Yes | N, No"


def test_a_form_speaks_of_the_time_zero_of_its_study(tmp_path: Path) -> None:
    def headers(config: str | None) -> list[str]:
        found = [row["Section Header"] for row in rows(redcap_csv(config=config)).values()]
        return [header for header in found if header.startswith("Known")]

    assert headers("remission") == ["Known by time zero (first infusion), nothing later"]
    assert headers("sle_low_disease_activity") == [
        "Known by time zero (index visit), nothing later"
    ]
    assert headers("thiopurine_remission") == ["Known by time zero, nothing later"]
    for name in (None, "sle_low_disease_activity", "thiopurine_remission", config(tmp_path)):
        assert "infusion" not in redcap_csv(config=name).decode().replace("infusion reaction", "")


def test_a_study_names_its_dictionary_itself(tmp_path: Path) -> None:
    with pytest.raises(PredictorError, match="names its dictionary itself"):
        template_csv(tmp_path / "d.yaml", config(tmp_path))


def test_a_dictionary_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("variables:\n  cold: {label: Cold, kind: continuous, unit: Cel}\n")
    cold = rows(redcap_csv(path))["cold"]
    assert cold["Field Note"] == "Cel"
    assert cold["Text Validation Min"] == ""
    assert template_csv(path) == b"patient,cold\n"
