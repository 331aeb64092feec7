"""The shipped dictionary against design section 3 and the paper; the rules of a dictionary file."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from predictor.clinical.dictionary import Dictionary, Range, Variable, load_dictionary, nearest
from predictor.clinical.entries import is_loinc
from predictor.clinical.values import read_value
from predictor.errors import DictionaryError

DICTIONARY = load_dictionary()

# Design section 3, word for word.
NAMED = """
sex, age, age_at_onset, disease_duration, weight; sledai_2k, pga; fatigue, fever, myalgia,
oral_ulcers, dry_mouth, dry_eyes, petechiae_purpura, arthritis, raynaud, skin_rash,
pleural_effusion, pericardial_effusion, neurological; anti_dsdna, c3, c4, crp, esr, wbc,
neutrophils, platelets, haemoglobin, creatinine, albumin, proteinuria, alt, ast, ldh, ck,
total_protein, ana, acl_igm, acl_igg, anti_b2gpi_igm, anti_b2gpi_igg, lupus_anticoagulant;
glucocorticoid_dose, hydroxychloroquine, methotrexate, azathioprine, mycophenolate,
cyclophosphamide, rituximab; indication; ivig_courses, ivig_dose; overlap_syndrome,
drug_induced_lupus, primary_aps; response; remission; relapse
"""
# Tables 1 and 2 of Kaya 2024 describe these too, so `predictor describe` needs them.
PRINTED_BESIDES = [
    "follow_up_years",
    "died",
    "adverse_chest_pain",
    "adverse_fever",
    "adverse_headache",
]
NAMES = NAMED.replace(";", ",").replace("\n", " ").replace(" ", "").split(",")

CANONICAL_UNITS = {
    "IU/mL": ["anti_dsdna"],
    "mg/dL": ["c3", "c4", "creatinine"],
    "mg/L": ["crp"],
    "mm/h": ["esr"],
    "10*9/L": ["wbc", "neutrophils", "platelets"],
    "g/dL": ["haemoglobin", "albumin"],
    "g/L": ["total_protein"],
    "mg/day": ["proteinuria"],
    "U/L": ["alt", "ast", "ldh", "ck"],
    "mg/week": ["glucocorticoid_dose"],
    "years": ["age", "age_at_onset", "disease_duration"],
}

# Kaya et al. 2024, Methods; the two printing slips of the paper put right, and without the low
# ends that it prints of five results (5 for CRP and ESR, 1 for proteinuria, 3 for ALT, 5 for AST).
PAPER_RANGES = {
    "crp": (None, 10),
    "esr": (None, 20),
    "alt": (None, 35),
    "ast": (None, 35),
    "ldh": (135, 248),
    "creatinine": (0.8, 1.2),
    "proteinuria": (None, 150),
    "ck": (35, 145),
    "total_protein": (66, 83),
    "wbc": (3.5, 10.5),
    "platelets": (150, 450),
    "neutrophils": (2, 7.5),
    "c3": (80, 180),
    "c4": (16, 48),
    "anti_dsdna": (None, 20),
}

# Kaya et al. 2024, Tables 3 and 4: means before and after treatment.
PAPER_MEANS = {
    "wbc": (4.3, 7.3),
    "neutrophils": (2.6, 5.1),
    "platelets": (94.5, 220.1),
    "ck": (60, 28),
    "ldh": (369, 203),
    "alt": (84.8, 27.6),
    "ast": (53, 27.2),
    "creatinine": (1.5, 1.1),
    "crp": (96.9, 20.5),
    "total_protein": (65, 73),
    "esr": (82.7, 41.2),
    "proteinuria": (1018.3, 201.4),
    "anti_dsdna": (64.9, 19.1),
    "c3": (75.1, 109.8),
    "c4": (14.7, 28.2),
    "glucocorticoid_dose": (268.9, 47.7),
    "age": (30.7,),
    "age_at_onset": (27.7,),
    "disease_duration": (1.9,),
    "follow_up_years": (3.1,),
    "ivig_dose": (2.0,),
    "ivig_courses": (1, 6),
}


def test_the_dictionary_has_the_variables_of_the_design_and_of_the_tables_and_no_other():
    # A titre and a concentration of the same antibodies are two variables.
    names = [*NAMES, *PRINTED_BESIDES, "anti_dsdna_titre"]
    assert sorted(DICTIONARY.variables) == sorted(names)


@pytest.mark.parametrize(("unit", "names"), CANONICAL_UNITS.items())
def test_a_bare_number_means_the_unit_of_the_design(unit, names):
    from predictor.clinical.units import canonical_unit

    assert {DICTIONARY.variable(name).unit for name in names} == {canonical_unit(unit)}


@pytest.mark.parametrize(("name", "ends"), PAPER_RANGES.items())
def test_reference_ranges_are_those_of_the_paper(name, ends):
    assert DICTIONARY.variable(name).reference == Range(*ends)


@pytest.mark.parametrize(("name", "values"), PAPER_MEANS.items())
def test_the_published_means_are_unsuspicious(name, values):
    variable = DICTIONARY.variable(name)
    for value in values:
        assert variable.plausible.contains(value)
        assert variable.suspicious.contains(value)


def test_only_what_is_known_before_the_first_infusion_may_predict():
    later = {name for name, v in DICTIONARY.variables.items() if v.time != "baseline"}
    assert later == {"ivig_courses", "response", "remission", "relapse", *PRINTED_BESIDES}
    for name in ("ivig_courses", *PRINTED_BESIDES):
        assert DICTIONARY.variable(name).time == "follow_up"


def test_the_outcome_has_the_three_states_of_the_study():
    response = DICTIONARY.variable("response")
    assert response.states == ("remission", "low_disease_activity", "flare")
    assert response.time == "outcome"


def test_the_exclusion_criteria_are_those_of_the_study():
    excluded = {name for name, v in DICTIONARY.variables.items() if v.exclusion}
    assert excluded == {"overlap_syndrome", "drug_induced_lupus", "primary_aps"}


def test_indications_are_the_nine_of_table_2():
    assert len(DICTIONARY.variable("indication").states) == 9


def test_every_range_has_a_source_and_every_measurement_a_plausible_range():
    for variable in DICTIONARY.variables.values():
        if variable.kind == "continuous":
            assert variable.plausible, variable.name
            assert variable.source, variable.name


def test_loinc_codes_are_valid_and_belong_to_one_variable():
    codes = [code for v in DICTIONARY.variables.values() for code in v.loinc]
    assert len(codes) == len(set(codes))
    assert all(is_loinc(code) for code in codes)
    laboratory = (
        "c3 c4 crp esr wbc neutrophils platelets haemoglobin creatinine albumin alt ast ldh "
        "anti_dsdna ana acl_igm acl_igg anti_b2gpi_igm anti_b2gpi_igg"
    )
    assert all(DICTIONARY.variable(name).loinc for name in laboratory.split())


@pytest.mark.parametrize("code", ["4485-8", "4485", "44859", "a-1", "", "4485-9 ", "12345678-9"])
def test_a_slip_in_a_loinc_code_is_found(code):
    assert not is_loinc(code)


def test_a_follow_up_value_is_derived_from_its_baseline():
    before, after = DICTIONARY.variable("c3"), DICTIONARY.variable("c3_after")
    assert after.time == "follow_up"
    assert after.label == "Complement C3 after treatment"
    assert (after.unit, after.units, after.plausible) == (
        before.unit,
        before.units,
        before.plausible,
    )
    assert "c3_after" in DICTIONARY


@pytest.mark.parametrize("name", ["response_after", "ivig_courses_after", "c3_after_after", "x", 3])
def test_what_has_no_follow_up_value_is_unknown(name):
    assert name not in DICTIONARY


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DictionaryError, match=r"no variable 'hemoglobin'\. Did you mean 'haemo"):
        DICTIONARY.variable("hemoglobin")
    with pytest.raises(DictionaryError, match="Did you mean 'haemoglobin_after'"):
        DICTIONARY.variable("hemoglobin_after")
    with pytest.raises(DictionaryError, match="predictor variables"):
        DICTIONARY.variable("zzzz")


def test_nearest_overlooks_case_spaces_and_hyphens():
    assert nearest("SLEDAI-2K", DICTIONARY.variables) == "sledai_2k"
    assert nearest("Anti dsDNA", DICTIONARY.variables) == "anti_dsdna"
    assert nearest("", []) is None


def test_a_variable_survives_json():
    for variable in DICTIONARY.variables.values():
        for one in (
            variable,
            *([DICTIONARY.variable("c3_after")] if variable.name == "c3" else []),
        ):
            assert Variable.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_a_dictionary_survives_json():
    assert Dictionary.from_dict(json.loads(json.dumps(DICTIONARY.to_dict()))) == DICTIONARY


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"plausible": [500, 0]}, "reversed"),
        ({"units": {"mg/dL": 2}}, "two factors"),
        ({"kind": "number"}, "must be one of continuous, binary, nominal"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"label": None}, "needs the key 'label'"),
    ],
)
def test_altered_data_of_a_variable_are_refused(change, match):
    with pytest.raises(DictionaryError, match=match):
        Variable.from_dict({**DICTIONARY.variable("c3").to_dict(), **change})


@pytest.mark.parametrize("data", [None, [], {}, {"name": 3}, "c3"])
def test_what_is_no_entry_at_all_is_refused(data):
    with pytest.raises(DictionaryError, match="must be a mapping with a name"):
        Variable.from_dict(data)


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


OWN = """\
name: thiopurine
variables:
  mcv:
    label: Mean corpuscular volume
    kind: continuous
    unit: fL
    reference: [80, 96]
    plausible: [30, 200]
    source: laboratory handbook
  remission: {label: Remission, kind: binary, time: outcome}
  route: {label: Route, kind: nominal, states: [oral, parenteral]}
"""


def test_a_researchers_own_dictionary_is_read(tmp_path):
    own = load_dictionary(write(tmp_path, OWN))
    assert own.name == "thiopurine"
    assert list(own.variables) == ["mcv", "remission", "route"]
    assert own.variable("mcv").units == {"fL": 1.0}
    assert own.variable("remission").states == ("no", "yes")
    assert own.variable("mcv_after").time == "follow_up"


def test_a_dictionary_can_add_to_the_shipped_one(tmp_path):
    own = load_dictionary(
        write(
            tmp_path,
            "extends: sle_ivig\nvariables:\n"
            "  lymphocytes: {label: Lymphocytes, kind: continuous, unit: 10*9/L, "
            "plausible: [0, 500], source: handbook}\n"
            "  c3: {reference: [90, 180]}\n",
        )
    )
    assert set(own.variables) == {*DICTIONARY.variables, "lymphocytes"}
    assert own.variable("c3").reference == Range(90, 180)
    assert own.variable("c3").units == DICTIONARY.variable("c3").units
    assert own.name == "own"


def test_another_unit_does_not_inherit_ranges_of_the_old_one(tmp_path):
    text = (
        "extends: sle_ivig\nvariables:\n  c3: {label: C3, kind: continuous, unit: g/L, "
        "plausible: [0, 5], source: handbook}\n"
    )
    c3 = load_dictionary(write(tmp_path, text)).variable("c3")
    assert c3.reference is None
    assert c3.units == {"g/L": 1.0}


def test_what_is_included_is_known_and_in_no_list():
    assert "sledai_seizure" in DICTIONARY
    assert "sledai_seizure_after" in DICTIONARY
    assert "sledai_seizure" not in DICTIONARY.variables
    assert DICTIONARY.variable("clinical_sledai_2k").plausible == Range(0, 101)
    assert DICTIONARY.variable("sledai_fever_after").time == "follow_up"
    with pytest.raises(DictionaryError, match="Did you mean 'sledai_psychosis'"):
        DICTIONARY.variable("sledai_psychosys")


def test_what_is_included_is_listed_where_it_is_asked_for():
    assert set(DICTIONARY.holding(["bleeding", "c3"])) - set(DICTIONARY.variables) == {"bleeding"}
    assert DICTIONARY.holding(["c3", "no such"]) == DICTIONARY.variables


def test_an_own_dictionary_includes_what_the_shipped_one_includes(tmp_path):
    text = "extends: sle_ivig\nvariables:\n  bleeding: {label: Any bleeding}\n"
    own = load_dictionary(write(tmp_path, text))
    assert own.variable("bleeding").label == "Any bleeding"
    assert own.variable("bleeding").kind == "binary"
    assert "bleeding" in own.variables
    assert "bleeding" not in own.included
    assert own.variable("sledai_fever").points == 1
    alone = "includes: sle_visits\nvariables:\n  mcv: {label: MCV, kind: binary}\n"
    assert load_dictionary(write(tmp_path, alone)).variable("sledai_cva").points == 8


def test_no_code_belongs_to_a_listed_and_an_included_variable():
    codes = [
        code for v in {**DICTIONARY.variables, **DICTIONARY.included}.values() for code in v.loinc
    ]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        (8, 1, None),
        (8.0, 1, None),
        (" 8.0 ", 1, None),
        (1, 1, None),
        ("yes", 1, None),
        (0, 0, None),
        (4, None, "nor its points"),
        ("80", None, "nor its points"),
        (None, None, None),
    ],
)
def test_an_item_is_read_from_its_points_too(raw, value, problem):
    reading = read_value(raw, DICTIONARY.variable("sledai_seizure"))
    assert reading.value == value
    assert (reading.problems == ()) == (problem is None)
    if problem:
        assert problem in reading.problems[0].message


def test_points_survive_json_and_are_left_out_elsewhere():
    seizure = DICTIONARY.variable("sledai_seizure")
    assert Variable.from_dict(json.loads(json.dumps(seizure.to_dict()))) == seizure
    assert "points" not in DICTIONARY.variable("fever").to_dict()


def test_shared_dictionary_is_read_once():
    assert load_dictionary() is load_dictionary()


C3 = "label: C3, kind: continuous, unit: mg/dL, source: handbook"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("- c3\n", "is a mapping with 'variables'"),
        ("variables: {}\n", "at least one variable"),
        ("variabels: {}\n", "line 1: unknown key 'variabels'. Did you mean 'variables'"),
        ("extends: sle_ivg\nvariables: {a: {label: A, kind: binary}}\n", "Did you mean 'sle_ivig'"),
        ("includes: sle_visit\nvariables: {}\n", "Did you mean 'sle_visits'"),
        (
            "variables:\n  a: {label: A, kind: binary, points: 0}\n",
            "'points' is a whole number of at least 1",
        ),
        (
            "variables:\n  a: {label: A, kind: continuous, unit: g/L, points: 2}\n",
            "a continuous variable has no 'points'",
        ),
        ("variables:\n  c3: 5\n", "line 2: c3: an entry is a mapping"),
        ("variables:\n  C3: {label: C3, kind: binary}\n", "'C3' cannot name a variable"),
        ("variables:\n  c3_after: {label: C3, kind: binary}\n", "kept for follow-up values"),
        ("variables:\n  c3: {label: C3}\n", "'kind' must be one of continuous"),
        ("variables:\n  c3: {label: C3, kind: continous}\n", "Did you mean 'continuous'"),
        ("variables:\n  c3: {kind: binary}\n", "needs the key 'label'"),
        ("variables:\n  c3: {label: C3, kind: continuous}\n", "needs the key 'unit'"),
        (
            f"variables:\n  c3:\n    {C3.replace(', ', chr(10) + '    ')}\n    refrence: [1, 2]\n",
            "line 7: c3: unknown key 'refrence'. Did you mean 'reference'",
        ),
        (f"variables:\n  c3: {{{C3}, plausible: [5, 1]}}\n", "'plausible' is reversed"),
        (f"variables:\n  c3: {{{C3}, plausible: [5, 5]}}\n", "'plausible' is reversed"),
        (f"variables:\n  c3: {{{C3}, plausible: [1]}}\n", "must be .low, high., two numbers"),
        (f"variables:\n  c3: {{{C3}, plausible: [a, 5]}}\n", "must be .low, high., two numbers"),
        (f"variables:\n  c3: {{{C3}, plausible: [true, 5]}}\n", "two numbers"),
        (f"variables:\n  c3: {{{C3}, plausible: [null, null]}}\n", "open on both sides"),
        (
            f"variables:\n  c3: {{{C3}, plausible: [5, 50], suspicious: [1, 40]}}\n",
            "suspicious range 1 to 40 reaches outside the plausible one 5 to 50",
        ),
        (
            f"variables:\n  c3: {{{C3}, plausible: [5, 50], suspicious: [null, 40]}}\n",
            "suspicious range at most 40 reaches outside",
        ),
        (
            f"variables:\n  c3: {{{C3}, plausible: [5, 50], reference: [8, 60]}}\n",
            "reference range 8 to 60 reaches outside",
        ),
        (
            "variables:\n  c3: {label: C3, kind: continuous, unit: mg/dL, plausible: [1, 2]}\n",
            "ranges need a source",
        ),
        (f"variables:\n  c3: {{{C3}, units: {{g/L: -100}}}}\n", "the factor of 'g/L' must be"),
        (f"variables:\n  c3: {{{C3}, units: {{g/L: 1/0}}}}\n", "the factor of 'g/L' must be"),
        (f"variables:\n  c3: {{{C3}, units: {{mg/dl: 10}}}}\n", "'mg/dL' has two factors"),
        (f"variables:\n  c3: {{{C3}, units: [g/L]}}\n", "'units' must be a mapping"),
        (f"variables:\n  c3: {{{C3}, unit_slips: [g/L]}}\n", "neither among units nor"),
        (
            f"variables:\n  c3: {{{C3}, units: {{g/L: 100}}, refused_units: {{g/l: no way}}}}\n",
            "both accepted and refused",
        ),
        (f"variables:\n  c3: {{{C3}, refused_units: {{g/l: 5}}}}\n", "a sentence that says why"),
        (f"variables:\n  c3: {{{C3}, states: [a, b]}}\n", "a continuous variable has no 'states'"),
        (f"variables:\n  c3: {{{C3}, integer: maybe}}\n", "'integer' must be true or false"),
        (f"variables:\n  c3: {{{C3}, time: tomorrow}}\n", "'time' must be one of baseline"),
        (f"variables:\n  c3: {{{C3}, loinc: [4485-8]}}\n", "'4485-8' is no LOINC code"),
        (f"variables:\n  c3: {{{C3}, loinc: 4485-9}}\n", "'loinc' must be a list"),
        ("variables:\n  s: {label: S, kind: nominal}\n", "at least two states"),
        ("variables:\n  s: {label: S, kind: nominal, states: [a, A]}\n", "two states are the same"),
        ("variables:\n  s: {label: S, kind: nominal, states: [yes, no]}\n", 'write "yes" or "no"'),
        ("variables:\n  s: {label: S, kind: nominal, states: [1, 2]}\n", "put it in quotes"),
        ("variables:\n  s: {label: S, kind: binary, states: [a, b]}\n", "binary variable are no"),
        ("variables:\n  s: {label: S, kind: binary, unit: mg/dL}\n", "has no 'unit'"),
        (
            "variables:\n  s: {label: S, kind: nominal, states: [a, b], exclusion: true}\n",
            "an exclusion criterion is binary",
        ),
        (
            "variables:\n"
            + "".join(f"  {n}: {{label: N, kind: binary, loinc: [4485-9]}}\n" for n in "ab"),
            "line 3: b: LOINC 4485-9 belongs to a already",
        ),
    ],
)
def test_a_broken_dictionary_is_refused_with_place_and_rule(tmp_path, text, match):
    with pytest.raises(DictionaryError, match=match):
        load_dictionary(write(tmp_path, text))


def test_all_problems_of_a_dictionary_are_listed_at_once(tmp_path):
    text = "variables:\n  a: {label: A, kind: binry}\n  b: {kind: binary, unti: x}\n"
    with pytest.raises(DictionaryError, match="3 problems in this dictionary") as caught:
        load_dictionary(write(tmp_path, text))
    places = [reason.where.rsplit(", ", 1)[-1] for reason in caught.value.reasons]
    assert places == ["line 2", "line 3", "line 3"]


def test_a_missing_file_is_named(tmp_path):
    from predictor.errors import DocumentError

    with pytest.raises(DocumentError, match=r"gone\.yaml: no such file"):
        load_dictionary(tmp_path / "gone.yaml")


def test_no_code_of_this_room_names_a_variable(root):
    for file in sorted((root / "predictor" / "clinical").glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        words = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        }
        # "neutrophils" and "platelets" are also words inside units ("platelets/uL").
        assert words & set(NAMES) <= {"neutrophils", "platelets"}, file.name


def test_a_variable_from_a_bundle_needs_no_yaml():
    code = (
        "import sys, json\n"
        "from predictor.clinical.dictionary import Variable\n"
        "from predictor.clinical.values import read_value\n"
        "v = Variable.from_dict(json.loads(sys.argv[1]))\n"
        "assert read_value('0.75 g/L', v).value == 75.0\n"
        "heavy = {'yaml', 'pandas', 'sklearn', 'scipy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    data = json.dumps(DICTIONARY.variable("c3").to_dict())
    subprocess.run([sys.executable, "-c", code, data], check=True)
