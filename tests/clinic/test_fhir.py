"""FHIR records: what is taken from where, what is ignored, and what is refused."""

from __future__ import annotations

import contextlib
import copy
import json
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_records import (
    LOINC,
    UCUM,
    c3,
    condition,
    loaded,
    medication,
    observation,
    patient,
    quantity,
    record,
    record_of,
)

from predictor.clinic.fhir import FhirPatient, is_fhir, read_fhir
from predictor.clinic.prediction import predict
from predictor.clinical.coding import load_codings
from predictor.clinical.dictionary import load_dictionary
from predictor.errors import DocumentError, PatientRefused, PredictorError
from predictor.fitted.bundle import Bundle, load_bundle

TODAY = date(2024, 6, 1)
CRP, DSDNA, ANA, ACL_IGG, SEX = "1988-5", "5130-0", "8061-4", "3181-5", "46098-0"
ICD10, ATC = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.whocc.no/atc"
SNOMED, RXNORM = "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return loaded(tmp_path_factory.mktemp("fhir") / "b")


@pytest.fixture(scope="module")
def read(bundle: Bundle) -> Any:
    def reader(document: Any, **options: Any) -> FhirPatient:
        return read_fhir(document, bundle, **({"today": TODAY} | options))

    return reader


def codes(found: FhirPatient, variable: str | None) -> list[str]:
    return [entry.code for entry in found.ignored if entry.variable == variable]


def refused(read: Any, document: Any, code: str, **options: Any) -> str:
    """Text of a refusal, after checking its only reason."""
    with pytest.raises(DocumentError, match="FHIR Bundle") as caught:
        read(document, **options)
    assert {reason.code for reason in caught.value.reasons} == {code}
    return str(caught.value)


# ---- the patient


def test_a_fhir_resource_is_known_by_its_type() -> None:
    assert is_fhir(record())
    assert is_fhir({"resourceType": "Patient"})
    assert not any(map(is_fhir, ({"c3": 75}, {"resourceType": 7}, [], None, "Bundle")))


def test_a_record_becomes_a_patient_for_predict(read: Any, bundle: Bundle) -> None:
    found = read(record(c3(0.75, unit="g/L")))
    assert found.patient == {
        "patient": "p1",
        "sex": "female",
        "age": {"value": 43, "unit": "a"},
        "c3": {"value": 0.75, "unit": "g/L"},
    }
    assert found.index_date == date(2024, 5, 20)
    answer = predict(found.patient, bundle)
    assert {part.variable: part.value for part in answer.contributions}["c3"] == 75.0
    taken = {entry.variable: entry for entry in found.taken}
    assert list(taken) == ["sex", "age", "c3"]  # in the order of the model
    assert taken["c3"].to_dict() == {
        "variable": "c3",
        "label": "Complement C3",
        "value": 0.75,
        "unit": "g/L",
        "date": "2024-05-20",
        "code": "LOINC 4485-9",
        "resource": "Observation/o4485-9",
        "note": None,
    }


@pytest.mark.parametrize(
    ("birth", "index", "age"),
    [
        ("1980-05-20", "2024-05-20", 44),
        ("1980-05-21", "2024-05-20", 43),
        ("2000-02-29", "2024-02-28", 23),
        ("1980", "2024-12-30", 44),  # from the middle of the year
        ("1980-05", "2024-05-20", 44),
    ],
)
def test_age_is_completed_years_at_the_index_date(
    read: Any, birth: str, index: str, age: int
) -> None:
    document = record_of(patient(birthDate=birth))
    day = date.fromisoformat(index)
    found = read(document, index_date=day, today=day)
    assert found.patient["age"] == {"value": age, "unit": "a"}
    assert bool(found.taken[1].note) == (len(birth) < 10)


@pytest.mark.parametrize("birth", ["0001-01-01", "0001", "1875-03", "1880-01-01"])
def test_a_birth_date_beyond_any_life_is_told_as_one(read: Any, birth: str) -> None:
    with pytest.raises(PatientRefused, match="birth date that makes an age outside") as caught:
        read(record_of(patient(birthDate=birth), c3()))
    assert "days" not in str(caught.value)


@pytest.mark.parametrize("kind", ["transaction", "batch", "collection"])
@pytest.mark.parametrize("content", [{}, {"resource": observation("1988-5")}])
def test_a_request_to_delete_is_no_record(read: Any, kind: str, content: Any) -> None:
    document = record(c3()) | {"type": kind}
    sent = [{**entry, "request": {"method": "POST", "url": "x"}} for entry in document["entry"]]
    assert "c3" in read({**document, "entry": sent}).patient
    gone = {**content, "request": {"method": "DELETE", "url": "Observation/o1988-5"}}
    refused(read, {**document, "entry": [*sent, gone]}, "deletion")


@pytest.mark.parametrize("gender", ["other", "unknown", "", "F", "<script>"])
def test_a_gender_that_is_no_state_is_missing_and_listed(read: Any, gender: str) -> None:
    found = read(record_of(patient(gender=gender), c3()))
    assert "sex" not in found.patient
    assert codes(found, "sex") == ["no_state"]


def test_an_observation_tells_sex_only_where_the_patient_does_not(read: Any) -> None:
    male = {"coding": [{"system": LOINC, "code": "LA2-8"}]}
    told = observation(SEX, valueCodeableConcept=male)
    assert codes(read(record(told)), "sex") == ["from_patient"]
    document = record_of(patient(gender="unknown"), told)
    assert read(document).patient["sex"] == "male"


def test_two_patients_are_refused_without_naming_them(read: Any) -> None:
    second = patient(id="secret2", birthDate="1977-07-07")
    message = refused(read, record_of(patient(), second, c3()), "two_patients")
    assert "Bundle.entry[1], Patient: a second patient" in message
    assert "secret2" not in message
    assert "1977" not in message


def test_two_patients_without_an_id_are_two_patients(read: Any) -> None:
    refused(read, record_of(patient(id=None) | {"id": ""}, patient()), "two_patients")


def test_the_same_patient_twice_is_one_unless_they_differ(read: Any) -> None:
    assert read(record_of(patient(), patient(), c3())).patient["c3"]
    refused(read, record_of(patient(), patient(gender="male"), c3()), "contradiction")


def test_a_patient_out_of_use_is_refused(read: Any) -> None:
    refused(read, record_of(patient(active=False), c3()), "inactive_record")


def test_who_died_before_the_index_date_is_refused(read: Any) -> None:
    gone = patient(deceasedDateTime="2024-05-19")
    with pytest.raises(PatientRefused, match="died before the index date"):
        read(record_of(gone, c3()))
    assert read(record_of(gone, c3()), index_date=date(2024, 5, 19)).patient


def test_who_was_not_born_is_refused(read: Any) -> None:
    with pytest.raises(PatientRefused, match="was born after the index date") as caught:
        read(record_of(patient(birthDate="2024-05-30"), c3()))
    assert "2024-05-30" not in str(caught.value)


def test_the_name_of_a_patient_goes_nowhere(read: Any) -> None:
    name = [{"family": "<script>alert(1)</script>", "given": ["Robert'); DROP"]}]
    document = record_of(
        patient(name=name, id="<b>1</b>"), c3(subject={"reference": "Patient/<b>1</b>"})
    )
    found = read(document)
    shown = json.dumps(found.to_dict()) + str(found) + str(found.patient)
    assert "script" not in shown
    assert "DROP" not in shown
    assert "<b>" not in shown


# ---- whose result it is


@pytest.mark.parametrize(
    ("address", "reference"),
    [
        ("", "Patient/p1"),
        ("", "Patient/p1/_history/3"),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", None),
        ("https://clinic.example/fhir/Patient/p1", "Patient/p1"),
        ("https://clinic.example/fhir/Patient/p1", None),
        ("", "https://clinic.example/fhir/Patient/p1"),
        ("", "urn:uuid:p1"),
    ],
)
def test_references_to_the_patient_are_resolved(
    read: Any, address: str, reference: str | None
) -> None:
    document = record(c3(subject={"reference": reference or address}))
    document["entry"][0]["fullUrl"] = address
    document["entry"][1]["fullUrl"] = "https://clinic.example/fhir/Observation/1"
    assert "c3" in read(document).patient


def test_an_identifier_refers_to_the_patient_who_has_it(read: Any) -> None:
    mine = {"system": "https://clinic.example/mrn", "value": "77"}
    about = c3(subject={"identifier": mine})
    assert "c3" in read(record_of(patient(identifier=[mine]), about)).patient
    refused(read, record_of(patient(identifier=[mine | {"value": "78"}]), about), "another_patient")


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p2"},
        {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        {"reference": "Patient?identifier=77"},
        {"identifier": {"value": "77"}},
    ],
)
@pytest.mark.parametrize("kind", ["Observation", "Condition", "MedicationStatement"])
def test_a_resource_of_another_patient_is_refused(read: Any, subject: Any, kind: str) -> None:
    made = {
        "Observation": observation("9999-9", valueInteger=1),
        "Condition": condition(ICD10, "Z99"),
        "MedicationStatement": medication(ATC, "Z99"),
    }[kind]
    message = refused(read, record(c3(), made | {"subject": subject}), "another_patient")
    assert f"Bundle.entry[2], {kind}" in message
    assert "p2" not in message


def test_the_same_id_on_another_server_is_another_patient(read: Any) -> None:
    document = record(c3(subject={"reference": "https://b.example/fhir/Patient/p1"}))
    document["entry"][0]["fullUrl"] = "https://a.example/fhir/Patient/p1"
    refused(read, document, "another_patient")


def test_without_a_patient_resource_all_must_speak_of_the_same(read: Any) -> None:
    found = read(record_of(c3(), observation(CRP, valueQuantity=quantity(5, "mg/L"))))
    assert set(found.patient) == {"c3", "crp"}
    other = observation(CRP, subject={"reference": "Patient/p2"})
    refused(read, record_of(c3(), other), "another_patient")


def test_what_names_nobody_belongs_to_the_one_patient_of_the_record(read: Any) -> None:
    drug = medication(ATC, "P01BA02")
    del drug["subject"]
    found = read(record(c3(subject=None), drug))
    assert {"c3", "hydroxychloroquine"} <= found.patient.keys()
    assert [entry.note for entry in found.taken[2:]] == [
        "it names no patient; the record is of one"
    ] * 2
    nobody = read(record_of(c3(subject=None)), index_date=TODAY)
    assert codes(nobody, "c3") == ["subject"]


def test_fifty_reasons_are_told_and_the_rest_counted(read: Any) -> None:
    stray = [c3(id=f"n{n}", subject={"reference": "Patient/p2"}) for n in range(60)]
    with pytest.raises(DocumentError, match="and 10 more of these"):
        read(record(*stray), index_date=TODAY)


def test_a_result_of_no_patient_or_of_something_else_is_listed(read: Any) -> None:
    device = c3(subject={"reference": "Device/d"})
    somebody = c3(subject={"display": "somebody"})
    assert codes(read(record(somebody), index_date=TODAY), "c3") == ["subject"]
    assert codes(read(record(device), index_date=TODAY), "c3") == ["subject"]
    unborn = c3(focus=[{"reference": "RelatedPerson/child"}])
    assert codes(read(record(unborn), index_date=TODAY), "c3") == ["focus"]


# ---- which result counts


def test_the_newest_result_before_the_index_date_is_taken(read: Any) -> None:
    document = record(
        c3(70, "2024-05-01"),
        c3(80, "2024-05-10T08:00:00+02:00"),
        c3(81, "2024-05-10T07:00:00+02:00"),
        c3(90, "2024-05-15"),
    )
    found = read(document, index_date=date(2024, 5, 12))
    assert found.patient["c3"] == {"value": 80, "unit": "mg/dL"}
    assert sorted(codes(found, "c3")) == ["after_index_date", "older", "older"]


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-15", "0001-12-31T23:59:59-14:00"])
def test_a_look_back_may_reach_before_the_calendar(read: Any, day: str) -> None:
    found = read(record_of({"resourceType": "Patient", "id": "p1"}, c3(day=day)))
    assert found.index_date.year == 1
    assert "c3" in found.patient
    assert "c3" in read(record(c3()), look_back_days=10**12).patient


def test_the_look_back_is_ninety_days_and_can_be_changed(read: Any) -> None:
    day = date(2024, 5, 20)
    assert "c3" in read(record(c3(day="2024-02-20")), index_date=day).patient  # 90 days
    old = record(c3(day="2024-02-19"))
    found = read(old, index_date=day)
    assert "c3" not in found.patient
    assert codes(found, "c3") == ["too_old"]
    assert "c3" in read(old, index_date=day, look_back_days=91).patient
    with pytest.raises(ValueError, match="at least 0"):
        read(old, look_back_days=-1)


def test_the_index_date_is_that_of_the_newest_observation(read: Any) -> None:
    later = observation("8867-4", "2024-05-28", valueQuantity=quantity(70, "/min"))
    found = read(record(c3(), later))
    assert found.index_date == date(2024, 5, 28)
    assert codes(found, None) == ["not_used"]


def test_time_zones_are_heeded_and_the_day_is_the_clinics(read: Any) -> None:
    document = record(
        c3(70, "2024-05-20T23:30:00+02:00"),  # 21:30 in Greenwich
        c3(80, "2024-05-20T22:00:00Z"),
        c3(90, "2024-05-20T23:45:00.123456789+02:00"),
    )
    assert read(document).patient["c3"] == {"value": 80, "unit": "mg/dL"}
    late = record(c3(70, "2024-05-20T23:30:00-05:00"))
    assert read(late).index_date == date(2024, 5, 20)


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"effectiveDateTime": None, "effectiveInstant": "2024-05-20T08:00:00Z"}, True),
        ({"effectiveDateTime": None, "issued": "2024-05-20T08:00:00Z"}, True),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {"start": "2024-05-19", "end": "2024-05-20"},
            },
            True,
        ),
        ({"effectiveDateTime": "2024-05-20T08:00:60Z"}, True),
        ({"effectiveDateTime": "2024-05"}, False),
        ({"effectiveDateTime": "2024"}, False),
        ({"effectiveDateTime": None}, False),
        ({"effectiveDateTime": None, "effectiveTiming": {"event": ["2024-05-20"]}}, False),
    ],
)
def test_a_result_needs_a_day(read: Any, changes: dict[str, Any], taken: bool) -> None:
    found = read(record(c3(**changes)), index_date=date(2024, 5, 20))
    assert ("c3" in found.patient) == taken
    assert codes(found, "c3") == ([] if taken else ["no_day"])


@pytest.mark.parametrize(
    "status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown", "x", None]
)
def test_a_result_that_is_not_final_is_skipped(read: Any, status: str | None) -> None:
    found = read(record(c3(70, "2024-05-01"), c3(80, status=status)))
    assert found.patient["c3"] == {"value": 70, "unit": "mg/dL"}
    assert found.index_date == date(2024, 5, 1)
    assert codes(found, "c3") == ["status"]


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_final_results_are_taken(read: Any, status: str) -> None:
    assert "c3" in read(record(c3(status=status))).patient


@pytest.mark.parametrize("more", [{"modifierExtension": [{"url": "x"}]}, {"implicitRules": "x"}])
def test_what_must_be_understood_and_is_not_is_skipped(read: Any, more: Any) -> None:
    found = read(record(c3(**more)), index_date=TODAY)
    assert codes(found, "c3") == ["modifier_extension"]


def test_contradicting_results_at_the_same_time_are_refused(read: Any) -> None:
    for first, second in (("2024-05-20", "2024-05-20"), ("2024-05-20", "2024-05-20T08:00:00Z")):
        message = refused(read, record(c3(7391, first), c3(8842, second)), "contradiction")
        assert "c3: has different values at the same time" in message
        assert "Bundle.entry[1]" in message
        assert "7391" not in message
    at = "2024-05-20T08:00:00Z"
    refused(read, record(c3(70, at), c3(75, "2024-05-20T10:00:00+02:00")), "contradiction")


def test_the_same_value_twice_is_one_in_any_unit(read: Any) -> None:
    found = read(record(c3(75), c3(0.75, unit="g/L", id="b"), c3(75)))
    assert found.patient["c3"] == {"value": 75, "unit": "mg/dL"}
    assert codes(found, "c3") == ["repeated", "repeated"]


def test_contradicting_older_results_do_not_matter(read: Any) -> None:
    found = read(record(c3(1, "2024-05-01"), c3(2, "2024-05-01"), c3(75)))
    assert found.patient["c3"] == {"value": 75, "unit": "mg/dL"}


def test_dates_in_the_future_are_refused(read: Any) -> None:
    message = refused(read, record(c3(), c3(80, "2024-06-03")), "future_date")
    assert "2024-06-03" not in message
    assert read(record(c3(80, "2024-06-02"))).patient  # it is tomorrow already elsewhere
    with pytest.raises(DocumentError, match="so far in the future"):
        read(record(c3()), index_date=date(2999, 1, 1))


def test_a_record_without_dates_needs_an_index_date(read: Any) -> None:
    with pytest.raises(DocumentError, match="no Observation with a date"):
        read(record())
    assert read(record(), index_date=TODAY).patient["sex"] == "female"


def test_components_are_results(read: Any) -> None:
    part = {
        "code": {"coding": [{"system": "http://local", "code": "x"}, coding("4485-9")]},
        "valueQuantity": quantity(75, "mg/dL"),
    }
    other = {"code": {"coding": [coding(CRP)]}, "dataAbsentReason": {"text": "lost"}}
    found = read(record(observation("34569-4", component=[part, other])))
    assert found.patient["c3"] == {"value": 75, "unit": "mg/dL"}
    assert codes(found, "crp") == ["no_value"]


def coding(code: str) -> dict[str, str]:
    return {"system": LOINC, "code": code}


def test_several_codes_tell_one_variable(read: Any) -> None:
    for code in ("5130-0", "33799-8", "32677-7"):
        found = read(record(observation(code, valueQuantity=quantity(60, "[IU]/mL"))))
        assert "anti_dsdna" in found.patient
        assert found.taken[-1].code == f"LOINC {code}"


def test_a_code_of_another_system_or_of_none_tells_nothing(read: Any) -> None:
    for system in ("http://local", None):
        told = c3(code={"coding": [{"system": system, "code": "4485-9"}]})
        assert "c3" not in read(record(told)).patient


def test_an_older_result_stands_in_only_where_the_newest_is_none(read: Any) -> None:
    absent = c3(day="2024-05-20", valueQuantity=None, dataAbsentReason={"text": "haemolytic"})
    found = read(record(c3(70, "2024-05-01"), absent))
    assert found.patient["c3"] == {"value": 70, "unit": "mg/dL"}
    unreadable = c3(valueQuantity={"value": 80})
    found = read(record(c3(70, "2024-05-01"), unreadable))
    assert "c3" not in found.patient
    assert sorted(codes(found, "c3")) == ["no_unit", "older"]


# ---- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": quantity(0.75, "g/L")}, 75.0),
        ({"valueQuantity": {"value": 75, "unit": "mg/dl"}}, 75.0),
        ({"valueQuantity": quantity(750, "mg/L")}, 75.0),
        ({"valueQuantity": {"value": 750, "unit": "µg/mL"}}, 75.0),
        ({"valueQuantity": quantity(Decimal(75), "mg/dL")}, 75.0),
        ({"valueString": "75 mg/dL"}, 75.0),
    ],
)
def test_numbers_with_units(read: Any, bundle: Bundle, value: Any, expected: float) -> None:
    found = read(record(observation("4485-9", **value)))
    answer = predict(found.patient, bundle)
    assert {part.variable: part.value for part in answer.contributions}["c3"] == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"valueQuantity": {"value": 75}}, "no_unit"),
        ({"valueInteger": 75}, "no_unit"),
        ({"valueString": "75"}, "no_unit"),
        ({"valueString": "75,5 mg/dL"}, "unreadable"),
        ({"valueString": "<10 mg/dL"}, "unreadable"),
        ({"valueString": "<script>alert(1)</script>"}, "unreadable"),
        ({"valueString": "1:320"}, "unreadable"),
        ({"valueBoolean": True}, "not_a_number"),
        ({"valueCodeableConcept": {"text": "low"}}, "not_a_number"),
        ({"valueRange": {"low": {"value": 70}}}, "not_a_number"),
        ({"valueQuantity": quantity(75, "mg/dL", unit="g/L")}, "units_disagree"),
        ({"dataAbsentReason": {"text": "x"}}, "no_value"),
        ({}, "no_value"),
    ],
)
def test_what_is_no_number_with_a_unit_is_missing_and_listed(
    read: Any, value: Any, code: str
) -> None:
    found = read(record(observation("4485-9", **value)))
    assert "c3" not in found.patient
    assert codes(found, "c3") == [code]


def test_scores_have_no_unit(read: Any, tmp_path: Path) -> None:
    score = load_dictionary().variable("sledai_2k")
    assert score.loinc == ()  # no LOINC code is the index; see the component test of units
    found = read(record(c3(), observation("9999-9", valueInteger=8)))
    assert "sledai_2k" not in found.patient


@pytest.mark.parametrize("value", [-5, 1e6, float("inf"), 10**400])
def test_impossible_values_are_refused_by_the_check_of_every_patient(
    read: Any, bundle: Bundle, value: Any
) -> None:
    found = read(record(c3(value)))
    with pytest.raises(PatientRefused, match=r"c3: is (impossible|infinite)"):
        predict(found.patient, bundle)


@pytest.mark.parametrize("unit", ["mmol/L", "<script>", "mg/24h/[IU]", "x" * 300])
def test_unconvertible_units_are_refused_and_not_repeated(
    read: Any, bundle: Bundle, unit: str
) -> None:
    found = read(record(c3(75, unit=unit)))
    assert found.taken[-1].unit is None
    with pytest.raises(PatientRefused, match=r"c3: the unit (is not known|must be a short)"):
        predict(found.patient, bundle)


@pytest.mark.parametrize(
    ("comparator", "value", "taken"),
    [
        ("<", 10, True),  # the typical value is 60: whatever it is, 10 is nearer to it
        ("<=", 60, True),
        ("<", 100, False),  # it may be 5 or 95
        (">", 400, True),
        (">=", 60, True),
        (">", 10, False),
    ],
)
def test_a_limit_stands_for_a_value_only_where_it_is_nearer_than_a_typical_one(
    read: Any, comparator: str, value: float, taken: bool
) -> None:
    beyond = quantity(value, "[IU]/mL", comparator=comparator)
    found = read(record(observation(DSDNA, valueQuantity=beyond)))
    if taken:
        expected = {"value": value, "unit": "[IU]/mL", "comparator": comparator}
        assert found.patient["anti_dsdna"] == expected
        assert found.taken[-1].value == f"{comparator} {value}"
        assert "nearer to the value" in found.taken[-1].note
        assert found.warnings == ()  # it travels with the value
    else:
        assert "anti_dsdna" not in found.patient
        assert codes(found, "anti_dsdna") == ["open_limit"]
        assert found.warnings == ()


@pytest.mark.parametrize(
    ("second", "fits"), [(("<", 10), True), (("<", 12), False), (("", 10), False)]
)
def test_limits_at_the_same_time_must_be_the_same(read: Any, second: Any, fits: bool) -> None:
    first = observation(DSDNA, valueQuantity=quantity(10, "[IU]/mL", comparator="<"))
    more = {"comparator": second[0]} if second[0] else {}
    other = observation(DSDNA, valueQuantity=quantity(second[1], "[IU]/mL", **more))
    if fits:
        assert codes(read(record(first, other)), "anti_dsdna") == ["repeated"]
    else:
        refused(read, record(first, other), "contradiction")


def concept(system: str, code: str) -> dict[str, Any]:
    return {"valueCodeableConcept": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (concept(SNOMED, "10828004"), "yes"),
        (concept(SNOMED, "260385009"), "no"),
        (concept(LOINC, "LA6577-6"), "no"),
        ({"valueCodeableConcept": {"text": "Positive"}}, "yes"),
        ({"valueCodeableConcept": {"coding": [{"display": "Negative"}]}}, "no"),
        ({"valueBoolean": True}, "yes"),
        ({"valueBoolean": False}, "no"),
        ({"valueString": "negative"}, "no"),
        ({"valueString": "1:320"}, "yes"),
        ({"valueString": "1:80"}, "no"),
        ({"valueString": "< 1:40"}, "no"),
        ({"valueString": ">1:1280"}, "yes"),
        ({"valueQuantity": quantity(320, "{titer}")}, "yes"),
        ({"valueQuantity": {"value": 40}}, "no"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 160}}}, "yes"),
    ],
)
def test_answers_of_yes_and_no(read: Any, value: Any, expected: str) -> None:
    found = read(record(observation(ANA, **value)))
    assert found.patient["ana"] == expected
    assert found.taken[-1].value == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (concept(SNOMED, "42425007"), "unknown_answer"),  # equivocal
        (concept("http://local", "pos"), "unknown_answer"),
        ({"valueCodeableConcept": {"text": "weakly positive"}}, "unknown_answer"),
        ({"valueString": "+"}, "unknown_answer"),
        ({"valueString": "<1:320"}, "open_limit"),
        ({"valueQuantity": quantity(320, "mg/dL")}, "no_cut_off"),
        ({"valueInteger": 320}, "no_cut_off"),
        ({"valueRatio": {"numerator": {"value": 2}, "denominator": {"value": 80}}}, "no_cut_off"),
        (
            {
                "valueCodeableConcept": {
                    "coding": [
                        {"system": SNOMED, "code": "10828004"},
                        {"system": SNOMED, "code": "260385009"},
                    ]
                }
            },
            "unknown_answer",
        ),
    ],
)
def test_answers_that_are_neither_yes_nor_no_are_listed(read: Any, value: Any, code: str) -> None:
    found = read(record(observation(ANA, **value)))
    assert "ana" not in found.patient
    assert codes(found, "ana") == [code]


@pytest.mark.parametrize(
    ("quantity_", "expected"),
    [
        (quantity(40, "[GPL'U]"), "yes"),
        (quantity(39.9, "[GPL'U]/mL"), "no"),
        ({"value": 55, "unit": "GPL"}, "yes"),
        (quantity(20, "[GPL'U]", comparator="<"), "no"),
        (quantity(80, "[GPL'U]", comparator=">"), "yes"),
        (quantity(60, "[GPL'U]", comparator="<"), None),
        (quantity(10, "[GPL'U]", comparator=">"), None),
        (quantity(40, "[IU]/mL"), None),
        ({"value": 55}, None),
        (quantity(-5, "[GPL'U]"), None),
    ],
)
def test_antibodies_in_units_are_cut_as_the_study_does(
    read: Any, quantity_: Any, expected: str | None
) -> None:
    found = read(record(observation(ACL_IGG, valueQuantity=quantity_)))
    assert found.patient.get("acl_igg") == expected
    assert bool(codes(found, "acl_igg")) == (expected is None)


# ---- conditions and drugs


@pytest.mark.parametrize(
    "code",
    ["I73.0", "I73.00", "i73.01", "I73.0+"],
)
def test_a_confirmed_active_condition_is_a_yes(read: Any, code: str) -> None:
    found = read(record(c3(), condition(ICD10, code, onsetDateTime="2019-03")))
    assert found.patient["raynaud"] == "yes"
    entry = found.taken[-1]
    assert (entry.code, entry.resource) == ("ICD-10 I73.0", "Condition/k1")
    assert entry.date == date(2019, 3, 1)


def state(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://x", "code": code}]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"verificationStatus": state("unconfirmed")}, "not_verified"),
        ({"verificationStatus": state("provisional")}, "not_verified"),
        ({"verificationStatus": state("differential")}, "not_verified"),
        ({"verificationStatus": {}}, "not_verified"),
        ({"verificationStatus": state("entered-in-error")}, "entered_in_error"),
        ({"clinicalStatus": state("resolved")}, "not_active"),
        ({"clinicalStatus": state("remission")}, "not_active"),
        ({"clinicalStatus": {}}, "not_active"),
        ({"abatementDateTime": "2024-05"}, None),  # perhaps after the index date
        ({"abatementDateTime": "2024-05-19"}, "not_active"),
        ({"onsetDateTime": "2024-05-21"}, "after_index_date"),
        ({"modifierExtension": [{"url": "x"}]}, "modifier_extension"),
        ({"subject": {"display": "somebody"}}, "subject"),
    ],
)
def test_a_condition_that_is_not_sure_says_nothing(
    read: Any, changes: Any, code: str | None
) -> None:
    found = read(record(c3(), condition(ICD10, "I73.0") | changes))
    assert codes(found, "raynaud") == ([code] if code else [])
    assert ("raynaud" in found.patient) == (code is None)


def test_a_refuted_condition_is_a_no_and_silence_is_none(read: Any) -> None:
    ruled_out = condition(ICD10, "I73.0", verificationStatus=state("refuted"))
    assert read(record(c3(), ruled_out)).patient["raynaud"] == "no"
    assert "raynaud" not in read(record(c3())).patient


def test_an_exclusion_criterion_of_the_record_refuses_the_patient(
    read: Any, bundle: Bundle
) -> None:
    found = read(record(c3(), condition(ICD10, "M35.1")))
    with pytest.raises(PatientRefused, match="Overlap syndrome"):
        predict(found.patient, bundle)
    found = read(record(c3(), condition(SNOMED, "201436003")))
    assert found.patient["drug_induced_lupus"] == "yes"


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (ATC, "P01BA02"),
        (RXNORM, "5521"),
        (SNOMED, "373540008"),
        ("urn:oid:2.16.840.1.113883.6.73", "P01BA02"),
    ],
)
def test_a_drug_that_is_taken_is_a_yes(read: Any, system: str, code: str) -> None:
    assert read(record(c3(), medication(system, code))).patient["hydroxychloroquine"] == "yes"


@pytest.mark.parametrize("kind", ["reference", "address", "contained"])
def test_a_drug_may_stand_in_a_resource_of_its_own(read: Any, kind: str) -> None:
    drug = {
        "resourceType": "Medication",
        "id": "d1",
        "code": {"coding": [{"system": ATC, "code": "P01BA02"}]},
    }
    given: dict[str, Any] = medication(ATC, "x")
    del given["medicationCodeableConcept"]
    reference = {"reference": "Medication/d1", "address": "urn:uuid:1", "contained": "#d1"}[kind]
    given["medicationReference"] = {"reference": reference}
    if kind == "contained":
        given["contained"] = [drug]
        document = record(c3(), given)
    else:
        document = record(c3(), given, drug)
        document["entry"][-1]["fullUrl"] = "urn:uuid:1"
    assert read(document).patient["hydroxychloroquine"] == "yes"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "stopped"}, "not_active"),
        ({"status": "completed"}, "not_active"),
        ({"status": "entered-in-error"}, "entered_in_error"),
        ({"effectivePeriod": {"start": "2024-05-21"}}, "after_index_date"),
        ({"effectivePeriod": {"start": "2020", "end": "2024-05-19"}}, "not_active"),
        ({"effectivePeriod": {"start": "2020", "end": "2024-05-20"}}, None),
    ],
)
def test_a_drug_that_is_not_taken_then_says_nothing(
    read: Any, changes: Any, code: str | None
) -> None:
    found = read(record(c3(), medication(ATC, "P01BA02") | changes))
    assert codes(found, "hydroxychloroquine") == ([code] if code else [])


def test_a_drug_marked_as_not_taken_is_a_no(read: Any) -> None:
    found = read(record(c3(), medication(ATC, "P01BA02", status="not-taken")))
    assert found.patient["hydroxychloroquine"] == "no"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"intent": "proposal"}, "no_order"),
        ({"status": "draft"}, "not_active"),
        ({"doNotPerform": True}, "do_not_perform"),
        ({"authoredOn": "2024-05-21"}, "after_index_date"),
    ],
)
def test_an_active_order_is_a_yes(read: Any, changes: Any, code: str | None) -> None:
    order = medication(ATC, "P01BA02", resourceType="MedicationRequest", intent="order")
    found = read(record(c3(), order | changes))
    assert codes(found, "hydroxychloroquine") == ([code] if code else [])
    assert found.patient.get("hydroxychloroquine") == (None if code else "yes")


def test_statements_that_contradict_each_other_are_refused(read: Any) -> None:
    taken, not_taken = medication(ATC, "P01BA02"), medication(RXNORM, "5521", status="not-taken")
    message = refused(read, record(c3(), taken, not_taken), "contradiction")
    assert "hydroxychloroquine: yes and no are stated" in message
    found = read(record(c3(), taken, taken))
    assert codes(found, "hydroxychloroquine") == ["repeated"]


def test_the_codes_name_variables_of_the_dictionary_of_the_right_kind() -> None:
    dictionary, codings = load_dictionary(), load_codings()
    for table in (codings.conditions, codings.medications):
        assert all(dictionary.variable(name).kind == "binary" for name in table.values())
        assert {system for system, _ in table} <= set(codings.systems.values())
    assert all(dictionary.variable(name).kind == "binary" for name in codings.cut_offs)
    assert all(dictionary.variable(name).loinc for name in codings.cut_offs)
    for name, states in codings.states.items():
        assert set(states.values()) == set(dictionary.variable(name).states)
    assert dictionary.variable(codings.gender).kind == "nominal"
    assert dictionary.variable(codings.birth_date).unit == "a"


# ---- the envelope


def test_other_resources_are_counted(read: Any) -> None:
    found = read(record(c3(), {"resourceType": "Encounter"}, {"resourceType": "Encounter"}))
    (other,) = (entry for entry in found.ignored if entry.code == "not_read")
    assert (other.what, other.count) == ("Encounter", 2)
    odd = read(record(c3(), {"resourceType": "<script>"}))
    assert odd.ignored[0].what == "other resource"


def test_a_search_of_several_pages_is_warned_of(read: Any) -> None:
    document = record(c3(), type="searchset", link=[{"relation": "next", "url": "http://x"}])
    found = read(document)
    assert [warning.code for warning in found.warnings] == ["further_pages"]


def test_a_record_goes_into_predict_and_nothing_to_be_known_of_it_is_lost() -> None:
    """The two ways that docs/fhir.md names, with the shipped model."""
    model = load_bundle("remission")
    crp = observation(CRP, valueQuantity=quantity(3, "mg/L", comparator="<"))
    rest = [
        observation(code, valueQuantity=quantity(value, unit))
        for code, value, unit in (
            ("4485-9", 62, "mg/dL"),
            ("4498-2", 9, "mg/dL"),
            ("777-3", 42, "10*9/L"),
        )
    ]
    document = record(crp, *rest, type="searchset", link=[{"relation": "next", "url": "http://x"}])
    found = read_fhir(document, model, today=TODAY)
    answer = predict(found.patient, model=model)
    assert ("beyond_limit", "crp") in [(w.code, w.where) for w in answer.warnings]
    shown = {part.variable: part.shown for part in answer.contributions}
    assert shown["crp"] == "< 3 mg/L"
    whole = predict(found, model=model)
    assert [w.code for w in whole.warnings] == ["further_pages", *(w.code for w in answer.warnings)]
    assert whole.probability == answer.probability


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (patient(), "a Bundle was expected"),
        ({"resourceType": "Bundle", "type": "history"}, "none of the types"),
        ({"resourceType": "Bundle", "type": 7}, "none of the types"),
        ({"resourceType": "Bundle", "entry": {}}, "entry is not a list"),
        ({"resourceType": "Bundle", "entry": [1]}, r"entry\[0\]: is no FHIR resource"),
        ({"resourceType": "Bundle", "entry": [{"resource": []}]}, "is no FHIR resource"),
        ({"resourceType": "Bundle", "entry": [{"resource": {"id": 1}}]}, "is no FHIR resource"),
        (record_of(patient(id=["x"])), "fullUrl or id is not text"),
        (record_of(patient(birthDate="15.06.1980")), "the element birthDate is not"),
        (record_of(patient(birthDate="1980-13-01")), "the element birthDate is not"),
        (record_of(patient(identifier={})), "the element identifier"),
        (record(implicitRules="http://x"), "implicit rules"),
    ],
)
def test_what_is_no_record_is_refused(read: Any, document: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read(document)


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"code": []}, "code"),
        ({"code": {"coding": {}}}, "coding"),
        ({"code": {"coding": [{"system": 1}]}}, "system"),
        ({"status": 1}, "status"),
        ({"subject": "Patient/p1"}, "subject"),
        ({"effectiveDateTime": "20.05.2024"}, "effectiveDateTime"),
        ({"effectiveDateTime": "2024-02-30"}, "effectiveDateTime"),
        ({"effectiveDateTime": "0001-01-01T00:00:00+14:00"}, "effectiveDateTime"),
        ({"component": "x"}, "component"),
        ({"valueQuantity": 75}, "valueQuantity"),
        ({"valueQuantity": {"value": "75", "unit": "mg/dL"}}, "value"),
        ({"valueQuantity": {"value": True, "unit": "mg/dL"}}, "value"),
        ({"valueQuantity": {"value": float("nan"), "unit": "mg/dL"}}, "value"),
        ({"valueQuantity": {"unit": "mg/dL"}}, "valueQuantity.value"),
        ({"valueQuantity": quantity(75, "mg/dL", comparator="~")}, "comparator"),
        ({"valueString": "75"}, r"value\[x\]"),
    ],
)
def test_malformed_elements_of_a_result_are_refused_by_their_name(
    read: Any, changes: Any, element: str
) -> None:
    with pytest.raises(DocumentError, match=f"Observation: the element {element} is not"):
        read(record(c3(**changes)), index_date=date(2024, 5, 20))


def test_everything_that_is_wrong_is_told_at_once(read: Any) -> None:
    document = record(
        c3(70),
        c3(80),
        observation(CRP, subject={"reference": "Patient/p2"}),
        c3(status=1),
        medication(ATC, "P01BA02") | {"subject": {"reference": "Patient/p3"}},
    )
    with pytest.raises(DocumentError, match="cannot be used") as caught:
        read(document)
    assert [reason.code for reason in caught.value.reasons] == [
        "another_patient",
        "malformed",
        "contradiction",
        "another_patient",
    ]


def test_nothing_is_changed_in_the_record(read: Any) -> None:
    document = record(c3(), condition(ICD10, "I73.0"), medication(ATC, "P01BA02"))
    before = copy.deepcopy(document)
    read(document)
    assert document == before


def test_the_lists_in_words(read: Any) -> None:
    below = observation(CRP, valueQuantity=quantity(5, "mg/L", comparator="<"))
    found = read(record(c3(), c3(70, "2024-01-01"), below, {"resourceType": "Encounter"}))
    assert str(found).splitlines() == [
        "From the FHIR record, for 2024-05-20:",
        "  Sex: female (Patient/p1)",
        "  Age: 43 years (Patient/p1)",
        "  Complement C3: 75 mg/dL, 2024-05-20 (LOINC 4485-9, Observation/o4485-9)",
        "  C-reactive protein: < 5 mg/L, 2024-05-20 (LOINC 1988-5, Observation/o1988-5)",
        "    reported only as beyond a limit; the limit stands for it, because it is nearer to the",
        "      value than the typical one that would stand for a missing value.",
        "Not used:",
        "  Complement C3, 2024-01-01: it is from more than 90 days before the index date",
        "    (Observation/o4485-9)",
        "  Encounter: resources of this type are not read",
    ]


# ---- hostile documents

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Bundle", "Patient", "Patient/p1", "4485-9", LOINC, UCUM, "2024-05-20"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["resource", "code", "coding", "system", "value", "unit", "reference", "id", "type"]
            )
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
PLACES = [
    ("entry",),
    ("entry", 0),
    *(("entry", n, "resource") for n in range(5)),
    *(
        ("entry", 0, "resource", key)
        for key in ("id", "gender", "birthDate", "identifier", "active")
    ),
    *(
        ("entry", 1, "resource", key)
        for key in ("status", "code", "subject", "effectiveDateTime", "valueQuantity", "component")
    ),
    ("entry", 1, "resource", "valueQuantity", "value"),
    ("entry", 1, "resource", "valueQuantity", "unit"),
    ("entry", 1, "resource", "valueQuantity", "comparator"),
    ("entry", 2, "resource", "valueCodeableConcept"),
    *(
        ("entry", 3, "resource", key)
        for key in ("clinicalStatus", "code", "onsetDateTime", "abatementDateTime", "subject")
    ),
    *(
        ("entry", 4, "resource", key)
        for key in ("medicationCodeableConcept", "medicationReference", "contained", "status")
    ),
    ("entry", 1, "fullUrl"),
    ("type",),
    ("link",),
]
WHOLE = record(
    c3(),
    observation(ANA, **concept(SNOMED, "10828004")),
    condition(ICD10, "I73.0"),
    medication(ATC, "P01BA02"),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.sampled_from(PLACES), junk=ANYTHING)
def test_junk_anywhere_is_read_or_refused_and_never_breaks(
    read: Any, bundle: Bundle, place: Any, junk: Any
) -> None:
    document = copy.deepcopy(WHOLE)
    node: Any = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = junk
    try:
        found = read(document)
        json.dumps(found.to_dict(), allow_nan=False)
        str(found)
        predict(found.patient, bundle)
    except PredictorError:
        pass


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=st.lists(st.dictionaries(st.sampled_from(["resource", "fullUrl"]), ANYTHING)))
def test_arbitrary_entries_never_break(read: Any, entries: Any) -> None:
    document = {"resourceType": "Bundle", "entry": entries}
    with contextlib.suppress(PredictorError):
        read(document, index_date=TODAY)


def test_deep_nesting_is_never_followed(read: Any) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"extension": [deep]}
    assert "c3" in read(record(c3(extension=deep, note=[deep]))).patient
    read(record(c3(), {"resourceType": "Encounter", "x": deep}))
    with pytest.raises(DocumentError, match="code"):
        read(record(c3(code=[deep])))


def test_a_number_of_thousands_of_digits_is_no_value(read: Any, bundle: Bundle) -> None:
    found = read(record(c3(10**5000)))
    with pytest.raises(PatientRefused, match="c3: is infinite"):
        predict(found.patient, bundle)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_record_of_many_years_is_read_fast(read: Any) -> None:
    times = [f"T{n // 60:02d}:{n % 60:02d}:00Z" for n in range(1400)]
    many = [
        c3(50 + n % 100, f"2024-05-{1 + n % 20:02d}{at}", id=f"n{n}") for n, at in enumerate(times)
    ]
    begin = time.process_time()
    found = read(record(*many))
    assert len(codes(found, "c3")) == len(many) - 1
    assert time.process_time() - begin < 2
