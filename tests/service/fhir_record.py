"""A FHIR R4 Bundle of a patient who does not exist."""

from __future__ import annotations

from typing import Any


def observed(code: str, value: object, unit: str, day: str = "2024-05-02") -> Any:
    coding = [{"system": "http://loinc.org", "code": code}]
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resource": {
            "resourceType": "Observation",
            "status": "final",
            "subject": {"reference": "Patient/p1"},
            "code": {"coding": coding},
            "effectiveDateTime": day,
            "valueQuantity": quantity,
        }
    }


RECORD: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"resource": {"resourceType": "Patient", "id": "p1", "birthDate": "1980-02-03"}},
        observed("4485-9", 0.45, "g/L"),
        observed("4498-2", 8, "mg/dL"),
        observed("1988-5", 12, "mg/L"),
        observed("777-3", 210, "10*9/L"),
        observed("777-3", 310, "10*9/L", "2023-01-01"),
    ],
}
