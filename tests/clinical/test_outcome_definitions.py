"""Outcome definitions: the shipped rules case by case, own files, what is undeterminable."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor.clinical.dictionary import load_dictionary
from predictor.clinical.outcome_definitions import (
    load_outcome,
    outcome_names,
    refuse_undeterminable,
    requirements_unmet,
)
from predictor.clinical.outcome_reading import KEYS, read_definition
from predictor.clinical.sledai import sledai_scores
from predictor.documents import Document
from predictor.errors import OutcomeError

DICTIONARY = load_dictionary()
NAN = math.nan

REFERENCE = "reference: {authors: A B, title: T, journal: J, year: 2020, doi: 10.1000/x}\n"
OWN = "label: Mine\n" + REFERENCE + "rule: c3 >= 80 and pga < 1\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", outcome_names())
def test_every_shipped_definition_is_whole(name):
    found = load_outcome(name, DICTIONARY)
    assert found.name == name
    assert found.label
    assert found.requires
    assert not found.rule.cautions
    assert requirements_unmet(found, set()) != ()
    assert requirements_unmet(found, found.variables) == ()
    assert found.to_dict()["rule"] == found.rule.text


def test_a_definition_of_ones_own_is_read(tmp_path):
    found = load_outcome(written(tmp_path, OWN), DICTIONARY)
    assert (found.name, found.label, found.requires) == ("mine", "Mine", ("c3", "pga"))
    truth = found.truth({"c3": np.array([90, 70, 90, NAN]), "pga": np.array([0, NAN, NAN, 0.5])})
    assert truth.tolist() == [1, 0, -1, -1]


def test_a_definition_the_data_can_never_determine_is_refused_by_name(tmp_path):
    found = load_outcome(written(tmp_path, OWN), DICTIONARY)
    assert requirements_unmet(found, {"c3"}) == ("pga",)
    refuse_undeterminable(found, {"c3", "pga"}, "study.yaml")
    with pytest.raises(OutcomeError, match="mine can never be determined: not recorded are pga"):
        refuse_undeterminable(found, {"c3"}, "study.yaml")


def test_an_unknown_definition_is_refused_with_the_nearest_name():
    with pytest.raises(OutcomeError, match="Did you mean 'sledai_low_activity'"):
        load_outcome("sledai_low_activty", DICTIONARY)


# ---- the shipped rules, case by case

ITEMS = tuple(sledai_scores().points)
QUIET = dict.fromkeys(ITEMS, 0.0)
CLINICALLY_QUIET = {**QUIET, "sledai_low_complement": 1.0, "sledai_increased_dna_binding": 1.0}

DORIS = {**CLINICALLY_QUIET, "pga": 0.4, "glucocorticoid_dose": 35.0, "maintenance_treatment": 1.0}
LLDAS = {
    **CLINICALLY_QUIET,
    "haemolytic_anaemia": 0.0,
    "gastrointestinal_activity": 0.0,
    "new_lupus_activity": 0.0,
    "pga": 1.0,
    "glucocorticoid_dose": 52.5,
    "maintenance_treatment": 1.0,
}
STABLE = {
    "sledai_2k": 4.0,
    "pga": 1.0,
    "new_mild_manifestation": 0.0,
    "new_severe_manifestation": 0.0,
    "hospitalised_for_lupus": 0.0,
    "haemolytic_anaemia": 0.0,
    "haemoglobin": 12.0,
    "platelets": 200.0,
    "glucocorticoid_dose": 35.0,
    "weight": 60.0,
    "nsaid": 0.0,
    "hydroxychloroquine": 0.0,
    "cyclophosphamide": 0.0,
    "azathioprine": 0.0,
    "methotrexate": 0.0,
    "mycophenolate": 0.0,
}
WAIHA = {
    "sex": 0.0,
    "haemoglobin": 12.0,
    "red_cell_transfusion": 0.0,
    "ldh": 200.0,
    "bilirubin": 0.8,
    "haptoglobin": 0.9,
    "reticulocytes": 80.0,
}
ANAEMIC = {"haemoglobin": 7.0}


def visit(base: dict[str, float], changes: dict[str, float]) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in {**base, **changes}.items()}


def asked(name: str, now: dict, index: dict | None = None) -> int:
    found = load_outcome(name, DICTIONARY)
    return int(found.truth(visit(now, {}), visit(index or {}, {}))[0])


def state(name: str, now: dict, index: dict | None = None) -> str | None:
    found = load_outcome(name, DICTIONARY)
    place = int(found.state(visit(now, {}), visit(index or {}, {}))[0])
    return None if place < 0 else found.state_names[place]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"pga": 0.5}, 0),
        ({"sledai_fever": 1.0}, 0),
        ({"glucocorticoid_dose": 35.7}, 0),
        ({"glucocorticoid_dose": 0.0}, 1),
        ({"maintenance_treatment": 0.0}, 0),
        ({"sledai_low_complement": NAN}, 1),
        ({"pga": NAN}, -1),
        ({"pga": NAN, "sledai_rash": 1.0}, 0),
        ({"sledai_rash": NAN}, -1),
        ({"glucocorticoid_dose": NAN}, -1),
    ],
)
def test_doris_2021(changes, expected):
    assert asked("doris_2021", {**DORIS, **changes}) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"pga": 0.5}, 0),
        ({"sledai_alopecia": 1.0}, 0),
        ({"glucocorticoid_dose": 200.0}, 1),
    ],
)
def test_remission_as_in_the_paper_asks_no_dose(changes, expected):
    assert asked("remission_kaya_2024", {**DORIS, **changes}) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"pga": 1.1}, 0),
        ({"glucocorticoid_dose": 53.0}, 0),
        ({"maintenance_treatment": 0.0}, 0),
        ({"haemolytic_anaemia": 1.0}, 0),
        ({"gastrointestinal_activity": 1.0}, 0),
        ({"new_lupus_activity": 1.0}, 0),
        ({"new_lupus_activity": NAN}, -1),
        ({"new_lupus_activity": NAN, "pga": 2.0}, 0),
        ({"sledai_rash": 1.0}, 0),  # 6 points with both serological items
        ({"sledai_rash": 1.0, "sledai_low_complement": 0.0}, 1),
        *(
            (
                {
                    "sledai_low_complement": 0.0,
                    "sledai_increased_dna_binding": 0.0,
                    f"sledai_{item}": 1.0,
                },
                expected,
            )
            for item, expected in {
                "arthritis": 1,
                "leukopenia": 1,
                "fever": 0,
                "pleurisy": 0,
                "pericarditis": 0,
                "proteinuria": 0,
                "haematuria": 0,
                "pyuria": 0,
                "urinary_casts": 0,
                "vasculitis": 0,
                "seizure": 0,
            }.items()
        ),
        ({"sledai_increased_dna_binding": 0.0, "sledai_fever": 1.0, "sledai_2k": 3.0}, 0),
    ],
)
def test_lldas(changes, expected):
    assert asked("lldas", {**LLDAS, **changes}) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "none"),
        ({"sledai_2k": 6.0}, "none"),
        ({"sledai_2k": 7.0}, "mild_moderate"),
        ({"sledai_2k": 13.0}, "severe"),
        ({"pga": 2.0}, "mild_moderate"),
        ({"pga": 1.9}, "none"),
        ({"pga": 2.6}, "severe"),
        ({"new_mild_manifestation": 1.0}, "mild_moderate"),
        ({"nsaid": 1.0}, "mild_moderate"),
        ({"hydroxychloroquine": 1.0}, "mild_moderate"),
        ({"glucocorticoid_dose": 70.0}, "mild_moderate"),
        ({"glucocorticoid_dose": 210.0}, "mild_moderate"),  # 30 mg a day are 0.5 mg/kg
        ({"glucocorticoid_dose": 217.0}, "severe"),
        ({"glucocorticoid_dose": 0.0}, "none"),
        ({"new_severe_manifestation": 1.0}, "none"),
        ({"new_severe_manifestation": 1.0, "glucocorticoid_dose": 70.0}, "severe"),
        ({"new_severe_manifestation": 1.0, "glucocorticoid_dose": 60.0}, "mild_moderate"),
        ({"platelets": 59.0, "glucocorticoid_dose": 70.0}, "severe"),
        ({"platelets": 60.0, "glucocorticoid_dose": 70.0}, "mild_moderate"),
        ({"haemoglobin": 8.9, "glucocorticoid_dose": 70.0}, "mild_moderate"),
        (
            {"haemoglobin": 8.9, "haemolytic_anaemia": 1.0, "glucocorticoid_dose": 70.0},
            "severe",
        ),
        (
            {"haemoglobin": 9.0, "haemolytic_anaemia": 1.0, "glucocorticoid_dose": 70.0},
            "mild_moderate",
        ),
        ({"hospitalised_for_lupus": 1.0}, "severe"),
        *(
            ({drug: 1.0}, "severe")
            for drug in ("cyclophosphamide", "azathioprine", "methotrexate", "mycophenolate")
        ),
        ({"nsaid": NAN}, None),
        ({"nsaid": NAN, "hospitalised_for_lupus": 1.0}, "severe"),
        ({"hospitalised_for_lupus": NAN, "nsaid": 1.0}, None),
    ],
)
def test_the_selena_flare_index(changes, expected):
    now = {**STABLE, **changes}
    assert state("selena_flare", now, STABLE) == expected
    answers = {None: (-1, 1), "none": (0,), "mild_moderate": (1,), "severe": (1,)}
    assert asked("selena_flare", now, STABLE) in answers[expected]
    severe = {None: (-1, 0), "none": (0,), "mild_moderate": (0,), "severe": (1,)}
    assert asked("selena_severe_flare", now, STABLE) in severe[expected]


def test_a_drug_or_a_high_score_that_was_there_before_is_no_flare():
    high = {
        **STABLE,
        "sledai_2k": 14.0,
        "pga": 2.8,
        "azathioprine": 1.0,
        "glucocorticoid_dose": 400.0,
    }
    assert state("selena_flare", high, high) == "none"


@pytest.mark.parametrize(("after", "expected"), [(9.0, 1), (8.0, 0), (NAN, -1)])
def test_a_rise_of_sledai_by_4(after, expected):
    assert asked("sledai_flare", {"sledai_2k": after}, {"sledai_2k": 5.0}) == expected


@pytest.mark.parametrize(
    ("before", "after", "bleeding", "expected"),
    [
        (10, 100, 0, "complete"),
        (60, 100, 0, "complete"),
        (60, 110, 1, "none"),
        (15, 30, 0, "response"),
        (14, 29, 0, "none"),
        (20, 39, 0, "none"),
        (20, 40, 0, "response"),
        (20, 40, 1, "none"),
        (NAN, 120, 0, "complete"),
        (NAN, 40, 0, None),
        (NAN, 29, 0, "none"),
        (20, NAN, 1, "none"),
        (20, 40, NAN, None),
    ],
)
def test_response_of_thrombocytopenia(before, after, bleeding, expected):
    now, index = {"platelets": after, "bleeding": bleeding}, {"platelets": before}
    assert state("thrombocytopenia_response", now, index) == expected
    truth = {None: -1, "none": 0, "response": 1, "complete": 1}[expected]
    assert asked("thrombocytopenia_response", now, index) == truth
    assert load_outcome("thrombocytopenia_response", DICTIONARY).confirmed_after == 7


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "complete"),
        ({"sex": 1.0}, "response"),
        ({"sex": 1.0, "haemoglobin": 13.0}, "complete"),
        ({"ldh": 300.0}, "response"),
        ({"bilirubin": 2.0}, "response"),
        ({"haptoglobin": 0.1}, "response"),
        ({"reticulocytes": 200.0}, "response"),
        ({"haemoglobin": 9.0}, "response"),
        ({"haemoglobin": 8.9}, "none"),
        ({"red_cell_transfusion": 1.0}, "none"),
        ({"red_cell_transfusion": NAN}, None),
    ],
)
def test_response_of_haemolytic_anaemia(changes, expected):
    assert state("haemolytic_anaemia_response", {**WAIHA, **changes}, ANAEMIC) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0.3, 1.5, "complete"),
        (0.3, 0.5, "response"),
        (0.3, 0.49, "none"),
        (0.5, 0.99, "none"),
        (0.5, 1.0, "response"),
        (1.0, 1.4, "none"),
        (NAN, 1.4, None),
        (NAN, 0.4, "none"),
    ],
)
def test_response_of_neutropenia(before, after, expected):
    found = state("neutropenia_response", {"neutrophils": after}, {"neutrophils": before})
    assert found == expected


@pytest.mark.parametrize(
    ("proteinuria", "creatinine", "expected"),
    [
        (499, 1.0, "complete"),
        (499, 1.15, "complete"),
        (499, 1.2, "none"),
        (500, 1.0, "partial"),
        (2000, 1.0, "partial"),
        (2001, 1.0, "none"),
        (2000, NAN, None),
        (NAN, 2.0, "none"),
    ],
)
def test_renal_response(proteinuria, creatinine, expected):
    now = {"proteinuria": proteinuria, "creatinine": creatinine}
    assert state("renal_response", now, {"proteinuria": 4000, "creatinine": 1.0}) == expected


def test_halved_nephrotic_proteinuria_is_no_partial_response():
    now, index = {"proteinuria": 3000, "creatinine": 1.0}, {"proteinuria": 9000, "creatinine": 1.0}
    assert state("renal_response", now, index) == "none"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "remission"),
        ({"sledai_fever": 1.0, "sledai_low_complement": 0.0}, "low_activity"),
        ({"sledai_arthritis": 1.0}, "active"),
        ({"sledai_pyuria": 1.0, "sledai_2k": 4.0}, "active"),
        ({"sledai_fever": NAN}, None),
    ],
)
def test_three_states_by_sledai(changes, expected):
    assert state("sledai_response", {**CLINICALLY_QUIET, **changes}) == expected


@pytest.mark.parametrize("name", ["sledai_low_activity", "lldas", "sledai_flare", "selena_flare"])
def test_what_counts_serology_warns_of_antibodies_given_with_the_infusion(name):
    (caution,) = load_outcome(name, DICTIONARY).warnings
    assert caution.variables == ("sledai_increased_dna_binding",)
    assert caution.days == 90
    assert caution.reference.doi


def test_clinical_scores_warn_of_nothing():
    assert load_outcome("doris_2021", DICTIONARY).warnings == ()


def test_sedimentation_and_protein_warn_too(tmp_path):
    text = f"label: X\n{REFERENCE}rule: esr < 20 and total_protein > 60 and c3 > 80\n"
    found = load_outcome(written(tmp_path, text), DICTIONARY).warnings
    assert [(caution.variables, caution.days) for caution in found] == [
        (("esr",), 28),
        (("total_protein",), 28),
    ]


@pytest.mark.parametrize(
    ("name", "recorded", "missing"),
    [
        ("lldas", {"sledai_2k", *ITEMS}, "pga"),
        ("doris_2021", {*ITEMS, "pga", "maintenance_treatment"}, "glucocorticoid_dose"),
        ("doris_2021", {"sledai_2k", "pga"}, "clinical_sledai_2k"),
        ("selena_flare", set(STABLE) - {"nsaid"}, "nsaid"),
        ("selena_flare", set(STABLE) - {"hospitalised_for_lupus"}, "hospitalised_for_lupus"),
        ("thrombocytopenia_response", {"platelets"}, "bleeding"),
        ("renal_response", {"proteinuria"}, "creatinine"),
    ],
)
def test_what_a_definition_cannot_do_without_is_named(name, recorded, missing):
    found = load_outcome(name, DICTIONARY)
    assert missing in requirements_unmet(found, recorded)
    assert not set(requirements_unmet(found, recorded)) & recorded


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("sledai_low_activity", set(ITEMS)),
        ("sledai_remission", set(ITEMS) - {"sledai_low_complement"}),
        ("lldas", set(LLDAS)),
        ("selena_flare", set(STABLE)),
        ("haemolytic_anaemia_response", set(WAIHA)),
    ],
)
def test_what_can_be_determined_is_not_refused(name, recorded):
    assert requirements_unmet(load_outcome(name, DICTIONARY), recorded) == ()


def test_every_state_may_need_more_than_the_outcome():
    found = load_outcome("haemolytic_anaemia_response", DICTIONARY)
    recorded = {"haemoglobin", "sex", "red_cell_transfusion"}
    missing = ("ldh", "bilirubin", "haptoglobin", "reticulocytes")
    assert requirements_unmet(found, recorded) == missing
    assert requirements_unmet(found, recorded, states=False) == ()


@pytest.mark.parametrize("name", outcome_names())
@given(st.data())
def test_a_visit_with_everything_recorded_is_always_determined(name, data):
    found = load_outcome(name, DICTIONARY)

    def drawn() -> dict[str, np.ndarray]:
        values = {}
        for variable in map(DICTIONARY.variable, sorted(found.variables)):
            if variable.states:
                value = data.draw(st.integers(0, len(variable.states) - 1))
            else:
                low, high = variable.plausible.bounds()
                value = data.draw(st.floats(low, high))
            values[variable.name] = np.array([float(value)])
        return values

    now, index = drawn(), drawn()
    truth = found.truth(now, index)[0]
    assert truth in (0, 1)
    if found.states is not None:
        place = found.state(now, index)[0]
        assert place >= 0
        # The outcome is there in every state but the last, "none" or "active".
        assert (place < len(found.states)) == (truth == 1)


# ---- files of one's own


def refused(folder: Path, text: str) -> str:
    with pytest.raises(OutcomeError) as caught:
        load_outcome(written(folder, text), DICTIONARY)
    return str(caught.value)


def test_several_states_are_asked_in_order(tmp_path):
    own = OWN.replace(" and pga < 1", "")
    text = own + "states:\n  good: c3 >= 80\n  fair: c3 >= 40\notherwise: poor\n"
    found = load_outcome(written(tmp_path, text), DICTIONARY)
    assert found.state_names == ("good", "fair", "poor")
    assert found.state({"c3": np.array([90, 50, 10, NAN])}).tolist() == [0, 1, 2, -1]


def test_a_missing_entry_is_taken_as_declared_and_as_nothing_else(tmp_path):
    text = "label: X\n" + REFERENCE + "rule: c3 > 80 and not bleeding\nmissing: {bleeding: no}\n"
    found = load_outcome(written(tmp_path, text), DICTIONARY)
    columns = {"c3": np.array([90, 90, NAN]), "bleeding": np.array([NAN, 1, NAN])}
    assert found.truth(columns).tolist() == [1, 0, -1]
    assert found.truth({"c3": np.array([90.0])}).tolist() == [1]
    assert requirements_unmet(found, {"c3"}) == ()
    assert found.missing_rule.text.startswith("bleeding without an entry is taken as no.")


def test_an_item_taken_as_no_counts_in_the_score(tmp_path):
    text = f"label: X\n{REFERENCE}rule: sledai_2k <= 4\nmissing: {{sledai_lupus_headache: no}}\n"
    found = load_outcome(written(tmp_path, text), DICTIONARY)
    unknown = {**QUIET, "sledai_lupus_headache": NAN}
    assert found.truth(visit(unknown, {})).tolist() == [1]
    assert found.truth(visit(QUIET, {"sledai_lupus_headache": 1.0})).tolist() == [0]
    assert found.truth(visit(unknown, {"sledai_fever": NAN})).tolist() == [-1]
    without = set(ITEMS) - {"sledai_lupus_headache"}
    assert found.truth(visit(dict.fromkeys(without, 0.0), {})).tolist() == [1]
    assert requirements_unmet(found, without) == ()
    assert requirements_unmet(found, without - {"sledai_fever"}) == ("sledai_2k",)


def test_a_score_is_taken_as_declared_only_where_its_items_do_not_tell(tmp_path):
    text = f"label: X\n{REFERENCE}rule: sledai_2k <= 4\nmissing: {{sledai_2k: 0}}\n"
    found = load_outcome(written(tmp_path, text), DICTIONARY)
    assert found.truth(visit(QUIET, {"sledai_seizure": 1.0, "sledai_2k": NAN})).tolist() == [0]
    assert found.truth({"sledai_2k": np.array([NAN, 9.0])}).tolist() == [1, 0]


def test_every_problem_of_a_file_is_told_at_once_with_line_and_key(tmp_path):
    text = """label: [1]
reference: {title: T, journal: J, year: twenty, doi: nothing}
rule: c33 > 80
states: {Bad State: c3 > 80}
confirmed_after: -3
missing: {nothing: no, bleeding: 7}
warnings: [{variables: [c3]}]
laber: x
"""
    message = refused(tmp_path, text)
    for part in [
        "mine.yaml: 12 problems in this outcome definition",
        "mine.yaml, line 8, laber: unknown key 'laber'. Did you mean 'label'?",
        "mine.yaml, line 1, label: 'label' must be text",
        "mine.yaml, line 2, reference: a citation needs 'authors'",
        "'year' of a citation is a number such as 2016",
        "'doi' of a citation begins with 10.",
        "mine.yaml, line 3, rule, character 1: the dictionary sle_ivig has no variable 'c33'.",
        "names no state",
        "'states' and 'otherwise', the state where none of them holds, go together",
        "line 5, confirmed_after: 'confirmed_after' is a number of days above 0",
        "'nothing' is no variable of the dictionary",
        "what bleeding is taken as cannot be",
        "line 7, warnings.0: a warning is a mapping of variables, days, message, reference",
    ]:
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text\n", "an outcome definition is a mapping"),
        ("label: X\nrule: c3 > 80\n", "needs the key 'reference'"),
        ("label: X\n" + REFERENCE, "needs the key 'rule'"),
        (OWN.replace("c3 >= 80 and pga < 1", "5"), "a rule is text"),
        (OWN + "states: {a: c3 > 80}\notherwise: a\n", "'otherwise' names one more state"),
        (OWN + "otherwise: b\n", "'states' and 'otherwise'"),
        (OWN + "missing: {fever: no}\n", "fever is in no rule of this definition"),
        (OWN + "further: x\n", "'further' is a list of citations"),
        (OWN + "warnings: {}\n", "'warnings' is a list of warnings"),
        (OWN.replace("title: T", "titel: T"), "Did you mean 'title'"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(tmp_path, text, message):
    assert message in refused(tmp_path, text)


def test_a_warning_of_ones_own_goes_with_the_definition(tmp_path):
    own = (
        "warnings:\n  - variables: [c3]\n    days: 10\n    message: Why.\n"
        "    reference: {authors: A, title: T, journal: J, year: 2001}\n"
    )
    (caution,) = load_outcome(written(tmp_path, OWN + own), DICTIONARY).warnings
    assert (caution.variables, caution.days, caution.message) == (("c3",), 10, "Why.")


def test_a_definition_speaks_of_the_dictionary_it_is_loaded_with(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("variables: {score: {label: S, kind: binary}}\n", encoding="utf-8")
    with pytest.raises(OutcomeError, match="the dictionary own has no variable 'sledai_2k'"):
        load_outcome("lldas", load_dictionary(own))


_WORDS = st.sampled_from(
    [*KEYS, "c3 > 80", "fever", "c3", "bleeding", "no", "days", "variables", ""]
)
_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9999)
    | st.floats(-1, 1)
    | _WORDS
    | st.text(max_size=9)
)
_ANYTHING = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, _ANYTHING)) | _ANYTHING)
def test_whatever_a_file_holds_it_is_read_or_refused(data):
    """JSON is YAML, so any plain data can be written as a file."""
    document = Document("mine.yaml", data)
    try:
        found = read_definition(document, DICTIONARY, "mine")
    except OutcomeError as error:
        assert error.where == "mine.yaml"  # noqa: PT017 - most of these are refused, some not
        return
    assert found.requires
