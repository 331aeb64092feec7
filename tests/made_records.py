"""Made-up FHIR records of nobody, and a small bundle of dictionary variables that can read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from made_bundles import manifest

from predictor.clinical.dictionary import load_dictionary
from predictor.fitted.bundle import Bundle, load_bundle, save_bundle
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import DesignColumn, Preparation

PREDICTORS = {
    "sex": 0.0,
    "age": 40.0,
    "c3": 70.0,
    "crp": 20.0,
    "anti_dsdna": 60.0,
    "sledai_2k": 8.0,
    "ana": 1.0,
    "acl_igg": 0.0,
    "hydroxychloroquine": 1.0,
    "raynaud": 0.0,
}
"""Variable -> what stands for it where it is missing."""

EXCLUSIONS = ("overlap_syndrome", "drug_induced_lupus")
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def save(folder: Path, most_missing: float = 1.0) -> Path:
    """Write the bundle; by default it refuses nobody for missing values."""
    names, count = tuple(PREDICTORS), len(PREDICTORS)
    dictionary = load_dictionary()
    content = manifest(
        predictors=list(names),
        prediction={"most_missing": most_missing},
        dictionary={
            name: dictionary.variable(name).to_dict() for name in (*names, *EXCLUSIONS, "esr")
        },
    )
    prepared = Preparation(
        names=names,
        fill=np.array(list(PREDICTORS.values())),
        regressions=(),
        columns=tuple(DesignColumn(name, place) for place, name in enumerate(names)),
        centre=np.zeros(count),
        scale=np.full(count, 10.0),
    )
    save_bundle(folder, content, prepared, LinearModel(-0.5, np.linspace(-0.2, 0.3, count)), {})
    return folder


def loaded(folder: Path) -> Bundle:
    return load_bundle(save(folder))


def patient(**changes: Any) -> dict[str, Any]:
    made = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-06-15"}
    return made | changes


def quantity(value: object, code: str, **changes: Any) -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code} | changes


def observation(loinc: str, day: str = "2024-05-20", **changes: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation",
        "id": f"o{loinc}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": day,
    }
    return {name: given for name, given in (made | changes).items() if given is not None}


def c3(value: object = 75, day: str = "2024-05-20", unit: str = "mg/dL", **more: Any) -> Any:
    return observation("4485-9", day, **({"valueQuantity": quantity(value, unit)} | more))


def condition(system: str, code: str, **changes: Any) -> dict[str, Any]:
    address = "http://terminology.hl7.org/CodeSystem/condition-"
    made = {
        "resourceType": "Condition",
        "id": "k1",
        "clinicalStatus": {"coding": [{"system": f"{address}clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{address}ver-status", "code": "confirmed"}]},
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": "Patient/p1"},
    }
    return made | changes


def medication(system: str, code: str, **changes: Any) -> dict[str, Any]:
    made = {
        "resourceType": "MedicationStatement",
        "id": "m1",
        "status": "active",
        "medicationCodeableConcept": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": "Patient/p1"},
    }
    return made | changes


def record(*resources: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A Bundle of a patient and some resources."""
    entries = [{"resource": resource} for resource in (patient(), *resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries} | changes


def record_of(*resources: object) -> dict[str, Any]:
    """A Bundle of exactly these resources."""
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
