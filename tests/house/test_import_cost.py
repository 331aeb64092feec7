"""What importing the package and answering at the bedside may load (CPU: tests/benchmarks)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_bundle import write_bundle

LOADED = "\nimport sys\nprint(*sorted(name.split('.')[0] for name in sys.modules))"

HEAVY = {"numpy", "scipy", "pandas", "sklearn", "shap", "mlflow", "pydantic", "matplotlib"}

NOT_AT_THE_BEDSIDE = HEAVY - {"numpy"} | {
    "joblib",
    "numba",
    "openpyxl",
    "pyarrow",
    "rich",
    "skops",
    "click",
    "yaml",
    "jinja2",
    "fastapi",
    "starlette",
    "uvicorn",
    "typer",
    "fhir",
    "pint",
    "ucumvert",
    "jsonschema",
}


def loaded(output: str) -> set[str]:
    return set(output.splitlines()[-1].split())


def test_importing_the_package_loads_no_library(fresh_python: Callable[..., str]) -> None:
    found = loaded(fresh_python("import predictor" + LOADED))
    assert "predictor" in found
    assert not found & (HEAVY | NOT_AT_THE_BEDSIDE)


def test_listing_the_public_names_loads_no_library(fresh_python: Callable[..., str]) -> None:
    found = loaded(fresh_python("import predictor; dir(predictor); predictor.__version__" + LOADED))
    assert not found & (HEAVY | NOT_AT_THE_BEDSIDE)


def test_a_prediction_from_a_linear_bundle_needs_numpy_alone(
    fresh_python: Callable[..., str], linear_bundle: Path
) -> None:
    program = """
import sys
from predictor import predict
answer = predict({"age": 12, "sex": "female", "c3": "0.45 g/L", "esr": 60, "wbc": 4.1,
                  "sledai_2k": 12}, model=sys.argv[1])
assert "Complement C3" in str(answer)
assert 0 < answer.to_dict()["probability"] < 1
"""
    found = loaded(fresh_python(program + LOADED, str(linear_bundle)))
    assert "numpy" in found
    assert not found & NOT_AT_THE_BEDSIDE


def test_a_refusal_needs_numpy_alone(fresh_python: Callable[..., str], linear_bundle: Path) -> None:
    program = """
import sys
from predictor import PatientRefused, predict
try:
    predict({"plateletts": 3, "c3": -4}, model=sys.argv[1])
except PatientRefused as refusal:
    print(len(refusal.reasons) > 1)
"""
    output = fresh_python(program + LOADED, str(linear_bundle))
    assert output.startswith("True")
    assert not loaded(output) & NOT_AT_THE_BEDSIDE


PLAIN = {"age": 12, "sex": "female", "sledai_2k": 12, "c3": 45, "c4": 5, "esr": 60, "wbc": 4}
COMPLETE = {**PLAIN, "platelets": 210, "creatinine": 0.7, "albumin": 3.8}


def fhir_record() -> dict[str, object]:
    """Seven of ten predictors as a hospital's system writes them."""
    measured = {
        "4485-9": (45, "mg/dL"),
        "4498-2": (5, "mg/dL"),
        "4537-7": (60, "mm/h"),
        "6690-2": (4, "10*9/L"),
        "777-3": (210, "10*3/uL"),
    }
    patient = {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "birthDate": "2012-01-01",
    }
    observations = [
        {
            "resourceType": "Observation",
            "id": f"o{code}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "Patient/p1"},
            "effectiveDateTime": "2024-05-20",
            "valueQuantity": {
                "value": value,
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }
        for code, (value, unit) in measured.items()
    ]
    entries = [{"resource": resource} for resource in (patient, *observations)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


@pytest.mark.parametrize("uncertain", [False, True], ids=["plain bundle", "with uncertainty"])
@pytest.mark.parametrize(
    "patient", [PLAIN, COMPLETE, fhir_record()], ids=["gaps", "complete", "FHIR"]
)
def test_the_bedside_command_loads_nothing_that_fits(
    patient: dict[str, object],
    uncertain: bool,
    fresh_python: Callable[..., str],
    tmp_path: Path,
) -> None:
    bundle = write_bundle(tmp_path / "bundle", uncertain=uncertain)
    written = tmp_path / "patient.json"
    written.write_text(json.dumps(patient))
    program = """
import sys
from predictor import cli
sys.argv[:] = ["predictor", "predict", sys.argv[1], "--model", sys.argv[2]]
try:
    cli.main()
except SystemExit as end:
    assert not end.code
"""
    output = fresh_python(program + LOADED, str(written), str(bundle))
    assert "Low disease activity" in output
    assert ("95% interval" in output) == uncertain
    found = loaded(output)
    assert "predictor" in found
    allowed = {"click", "yaml"} if "resourceType" in patient else {"click"}  # codes are YAML
    assert not found & (NOT_AT_THE_BEDSIDE - allowed)


def test_training_is_found_without_importing_mlflow(fresh_python: Callable[..., str]) -> None:
    found = loaded(fresh_python("from predictor import train" + LOADED))
    assert "sklearn" in found
    assert not found & {"mlflow", "shap"}
