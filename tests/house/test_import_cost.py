"""What importing the package and answering at the bedside may load (CPU: tests/benchmarks)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

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


def test_the_bedside_command_loads_nothing_that_fits(
    fresh_python: Callable[..., str], linear_bundle: Path, tmp_path: Path
) -> None:
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps({"age": 12, "sledai_2k": 12, "c3": 45, "esr": 60, "wbc": 4}))
    program = """
import sys
from predictor import cli
sys.argv[:] = ["predictor", "predict", sys.argv[1], "--model", sys.argv[2]]
try:
    cli.main()
except SystemExit as end:
    assert not end.code
"""
    found = loaded(fresh_python(program + LOADED, str(patient), str(linear_bundle)))
    assert "predictor" in found
    assert not found & (NOT_AT_THE_BEDSIDE - {"click", "rich"})


def test_training_is_found_without_importing_mlflow(fresh_python: Callable[..., str]) -> None:
    found = loaded(fresh_python("from predictor import train" + LOADED))
    assert "sklearn" in found
    assert not found & {"mlflow", "shap"}
