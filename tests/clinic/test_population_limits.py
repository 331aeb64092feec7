"""Who belongs to the model's population, in numbers, is refused by every way in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_bundles import FULL, OVERLAP, PREDICTORS, manifest, save, variable

from predictor import predict
from predictor.clinical.variable import Range
from predictor.errors import BundleError, PatientRefused
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.workflow.predict import TableAnswers, predict_file

AGE = variable(
    "age",
    label="Age",
    unit="a",
    units={"a": 1.0, "mo": 1 / 12},
    plausible=Range(0, 120),
    suspicious=None,
    unit_slips=(),
)


@pytest.fixture(scope="module")
def adults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for adults with a C3 of at least 20 mg/dL; only C3 is a predictor."""
    limits = {"age": [18, None], "c3": [20.0, None]}
    return save(
        tmp_path_factory.mktemp("limits") / "made-up",
        outcome={**manifest()["outcome"], "limits": limits},
        dictionary={v.name: v.to_dict() for v in (*PREDICTORS, AGE, OVERLAP)},
    )


@pytest.fixture(scope="module")
def bundle(adults: Path) -> Bundle:
    return load_bundle(adults)


@pytest.mark.parametrize("age", [17, "17.9", {"value": 200, "unit": "mo"}])
def test_a_patient_outside_the_limits_is_refused(age: object, bundle: Bundle) -> None:
    with pytest.raises(PatientRefused) as refusal:
        predict({**FULL, "age": age}, bundle)
    (reason,) = refusal.value.reasons
    assert (reason.code, reason.where) == ("outside_population", "age")
    assert reason.message == "outside the model's population: made-up patients, at least 18 years."


@pytest.mark.parametrize("age", [18, 80, None, {"value": 216, "unit": "mo"}])
def test_the_limit_itself_and_an_unknown_value_are_inside(age: object, bundle: Bundle) -> None:
    found = predict({**FULL, "age": age}, bundle)
    assert "age" not in {part.variable for part in found.contributions}
    assert not {"not_used", "outside_population"} & {w.code for w in found.warnings}


def test_a_predictor_may_be_limited_and_all_reasons_come_at_once(bundle: Bundle) -> None:
    with pytest.raises(PatientRefused) as refusal:
        predict({**FULL, "c3": 15, "age": 3, "overlap": "yes"}, bundle)
    codes = {(reason.code, reason.where) for reason in refusal.value.reasons}
    assert codes == {
        ("outside_population", "c3"),
        ("outside_population", "age"),
        ("exclusion_criterion", "overlap"),
    }


def test_a_value_that_cannot_be_read_is_told_as_such(bundle: Bundle) -> None:
    with pytest.raises(PatientRefused) as refusal:
        predict({**FULL, "age": "young"}, bundle)
    assert [reason.code for reason in refusal.value.reasons] == ["unreadable_number"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_rows_of_a_table_are_refused_alike(suffix: str, adults: Path, tmp_path: Path) -> None:
    rows = pd.DataFrame({"c3": [75.0, 75.0, 15.0, 75.0], "age": [40.0, 17.0, 40.0, None]})
    rows["marker"], rows["fever"], rows["organ"] = 40.0, "no", "skin"
    path, out = tmp_path / f"many{suffix}", tmp_path / f"answers{suffix}"
    if suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)
    found = predict_file(path, str(adults), out=out)
    assert isinstance(found, TableAnswers)
    assert (found.answered, found.refused) == (2, 2)
    assert [r.reasons[0].code for r in found.answers.refused] == ["outside_population"] * 2


@pytest.mark.parametrize(
    "limits", [{"age": [18]}, {"age": 18}, {"nobody": [1, 2]}, {"fever": [0, 1]}, {"age": ["x", 1]}]
)
def test_damaged_limits_of_a_bundle_are_refused(limits: Any, tmp_path: Path) -> None:
    save(
        tmp_path / "b",
        outcome={**manifest()["outcome"], "limits": limits},
        dictionary={v.name: v.to_dict() for v in (*PREDICTORS, AGE, OVERLAP)},
    )
    with pytest.raises(BundleError, match="breaks its own rules"):
        load_bundle(tmp_path / "b")


def test_a_bundle_without_limits_loads_as_before(tmp_path: Path) -> None:
    found = load_bundle(save(tmp_path / "b"))
    assert found.limits == {}
    assert found.criteria == found.exclusions


def test_limits_are_part_of_what_is_sealed(adults: Path) -> None:
    content = json.loads((adults / "manifest.json").read_text())
    assert content["outcome"]["limits"] == {"age": [18, None], "c3": [20.0, None]}
