"""``predictor summarise`` and ``combine``: a validation in several centres that share no rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_hospitals import second_hospital

from predictor.clinic.uncertainty import score
from predictor.errors import BundleError, CohortError, PredictorError
from predictor.fitted.bundle import open_bundle
from predictor.performance.delong import delong_variance
from predictor.performance.discrimination import auroc
from predictor.performance.scores import log_loss
from predictor.validation.random_effects import random_effects
from predictor.workflow.combine import pool
from predictor.workflow.exchange import ExchangeError, digest, write_sealed
from predictor.workflow.summarise import combine_summaries, summarise

SIZES = {"ankara": 160, "bern": 240, "cork": 400, "delft": 120}


@pytest.fixture(scope="module")
def hospitals() -> dict[str, pd.DataFrame]:
    bundle = open_bundle("remission")
    return {
        name: second_hospital(bundle, n, seed=i, shift=0.2 * i - 0.3)
        for i, (name, n) in enumerate(SIZES.items())
    }


@pytest.fixture(scope="module")
def told(
    hospitals: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    folder, paths = tmp_path_factory.mktemp("told"), []
    for name, rows in hospitals.items():
        paths.append(folder / f"centre_{name}.json")
        write_sealed(paths[-1], summarise("remission", rows, name=name))
    return paths


def changed(path: Path, to: Path, keys: tuple[str, ...], value: Any) -> Path:
    """A summary with another value somewhere, and a digest that fits."""
    content = json.loads(path.read_text("utf-8"))
    part = content
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    content["digest"] = digest({k: v for k, v in content.items() if k != "digest"})
    to.write_text(json.dumps(content), "utf-8")
    return to


def test_is_the_meta_analysis_of_what_each_centre_would_find(
    hospitals: dict[str, pd.DataFrame], told: list[Path]
) -> None:
    bundle = open_bundle("remission")
    positions, variances, losses = [], [], []
    for rows in hospitals.values():
        values = rows[[v.name for v in bundle.variables]].to_numpy(float)
        y = (rows["response"] == "remission").to_numpy(float)
        p = score(bundle, values).probability
        area, variance = auroc(y, p), delong_variance(y, p)
        assert variance is not None
        positions.append(math.log(area / (1.0 - area)))
        variances.append(variance / (area * (1.0 - area)) ** 2)
        losses.append(log_loss(y, p) * len(y))
    expected = random_effects(positions, variances)
    found = combine_summaries(told)
    row = next(one for one in found["summaries"] if one["figure"] == "auroc")

    def logistic(x: float) -> float:
        return 1.0 / (1.0 + math.exp(-x))

    for key in ("mean", "low", "high", "prediction_low", "prediction_high"):
        assert row[key] == pytest.approx(logistic(getattr(expected, key)), abs=0.01)  # rounded
    assert found["n"] == sum(SIZES.values())
    assert found["log_loss"] == pytest.approx(sum(losses) / sum(SIZES.values()), abs=0.005)
    # Of what was told, all digits.
    areas = [json.loads(path.read_text("utf-8"))["figures"][0] for path in told]
    positions = [math.log(one["value"] / (1.0 - one["value"])) for one in areas]
    expected = random_effects(positions, [one["error"] ** 2 for one in areas])
    for key in ("mean", "low", "high", "prediction_low", "prediction_high"):
        assert row[key] == pytest.approx(logistic(getattr(expected, key)), abs=1e-9)
    assert row["i2"] == pytest.approx(expected.i2, abs=1e-9)


def test_a_centre_tells_the_figures_that_validation_would(
    hospitals: dict[str, pd.DataFrame],
) -> None:
    from predictor.workflow.validate import validate

    summary = summarise("remission", hospitals["bern"], name="bern")
    validated = validate("remission", hospitals["bern"], record=False).to_dict()
    by_name = {row["figure"]: row for row in summary["figures"]}
    for name in ("auroc", "brier", "calibration_slope", "observed_expected"):
        told = by_name[name]
        assert told["value"] == pytest.approx(validated[name], abs=0.5 * told["error"])
        assert told["low"] < validated[name] < told["high"]
    membership = validated["case_mix"]["membership_c"]
    assert summary["case_mix"]["membership_c"] == pytest.approx(membership, abs=0.005)


def test_two_summaries_do_not_tell_the_patient_in_whom_they_differ() -> None:
    """The sum of 201 patients less that of 200, of 40 patients one after the other."""
    bundle = open_bundle("remission")
    assert bundle.moments is not None
    rows = second_hospital(bundle, 240)
    same = rows.iloc[:200]
    before = summarise("remission", same, name="bern")
    recovered: list[list[float]] = []
    predicted = []
    for i in range(200, 240):
        after = summarise("remission", pd.concat([same, rows.iloc[[i]]]), name="bern")
        pairs = zip(after["case_mix"]["variables"], before["case_mix"]["variables"], strict=True)
        recovered.append([201 * a["mean"] - 200 * b["mean"] for a, b in pairs])
        predicted.append(_expected(after) - _expected(before))
    values = rows.iloc[200:][[v.name for v in bundle.variables]].to_numpy(float)
    missed = np.sqrt(np.square(np.array(recovered) - values).mean(axis=0))
    assert (missed > 0.8 * values.std(axis=0)).all()
    p = score(bundle, values).probability
    assert np.sqrt(np.square(np.array(predicted) - p).mean()) > 0.8 * p.std()


def _expected(summary: dict[str, Any]) -> float:
    """Expected events, from observed over expected."""
    row = next(one for one in summary["figures"] if one["figure"] == "observed_expected")
    return float(summary["events"] / row["value"])


def test_no_value_of_any_row_is_in_the_file(
    hospitals: dict[str, pd.DataFrame], told: list[Path]
) -> None:
    for rows, path in zip(hospitals.values(), told, strict=True):
        text = path.read_text("utf-8")
        assert "S0001" not in text
        for name in rows.columns.difference(["patient", "response", "age"]):
            for value in rows[name]:
                if len(repr(float(value))) > 8:  # a bound of the simulation is nobody's value
                    assert repr(float(value)) not in text


def test_the_page_has_a_forest_and_no_patient(told: list[Path], tmp_path: Path) -> None:
    found = pool(told, tmp_path / "pooled.html")
    text = (tmp_path / "pooled.html").read_text("utf-8")
    assert "A further centre" in text
    assert "<svg" in text
    assert all(name in text for name in SIZES)
    pool(told, tmp_path / "pooled.json")
    again = json.loads((tmp_path / "pooled.json").read_text("utf-8"))
    assert again["summaries"] == json.loads(json.dumps(found["summaries"]))


def test_few_events_are_not_told(hospitals: dict[str, pd.DataFrame]) -> None:
    rows = hospitals["bern"]
    few = pd.concat(
        [rows[rows["response"] == "remission"].head(4), rows[rows["response"] == "flare"].head(60)]
    )
    with pytest.raises(CohortError, match="fewer than 5 patients have the event"):
        summarise("remission", few, name="few")


def test_several_rows_of_a_patient_are_refused(
    hospitals: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    twice = pd.concat([hospitals["bern"], hospitals["bern"].head(5)])
    mapping = tmp_path / "bern.yaml"
    mapping.write_text("cohort: {patient: patient, repeated_rows: true}\n", "utf-8")
    with pytest.raises(CohortError, match="one row per patient"):
        summarise("remission", twice, mapping=mapping, name="bern")


def test_few_known_values_are_not_told(hospitals: dict[str, pd.DataFrame]) -> None:
    rows = hospitals["bern"].copy()
    rows.loc[rows.index[3:], "c3"] = np.nan
    told = summarise("remission", rows, name="bern")
    c3 = next(row for row in told["case_mix"]["variables"] if row["variable"] == "c3")
    assert c3["mean"] is None
    assert c3["sd"] is None


def test_a_mapping_names_the_centre(hospitals: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    mapping = tmp_path / "bern.yaml"
    mapping.write_text(
        "name: inselspital\nsetting: {differs_by: centre, description: Bern}\n"
        "cohort: {patient: patient}\n",
        "utf-8",
    )
    told = summarise("remission", hospitals["bern"], mapping=mapping)
    assert told["centre"]["name"] == "inselspital"
    assert told["centre"]["description"] == "Bern"


class TestWhatDoesNotBelongTogether:
    def test_summaries_of_different_models(self, told: list[Path], tmp_path: Path) -> None:
        other = changed(told[0], tmp_path / "o.json", ("model", "digest"), "sha256:0")
        with pytest.raises(ExchangeError, match="of another model"):
            combine_summaries([other, *told[1:]])

    def test_the_same_cohort_twice(self, told: list[Path], tmp_path: Path) -> None:
        twin = changed(told[0], tmp_path / "o.json", ("centre", "name"), "another")
        with pytest.raises(ExchangeError, match="the same patients"):
            combine_summaries([twin, *told])

    def test_the_same_file_twice(self, told: list[Path]) -> None:
        with pytest.raises(ExchangeError, match="the same name"):
            combine_summaries([*told, told[0]])

    def test_another_format(self, told: list[Path], tmp_path: Path) -> None:
        newer = changed(told[0], tmp_path / "o.json", ("format_version",), 99)
        with pytest.raises(ExchangeError, match="newer format"):
            combine_summaries([newer, *told[1:]])

    @pytest.mark.parametrize(
        ("keys", "value"),
        [
            (("figures",), []),
            (("n",), "many"),
            (("log_loss",), None),
            (("case_mix",), {}),
            (("model",), {"digest": None}),
        ],
    )
    def test_a_damaged_file(
        self, keys: tuple[str, ...], value: Any, told: list[Path], tmp_path: Path
    ) -> None:
        other = changed(told[0], tmp_path / "o.json", keys, value)
        with pytest.raises(ExchangeError):
            combine_summaries([other, *told[1:]])

    def test_an_impossible_figure(self, told: list[Path], tmp_path: Path) -> None:
        figures = json.loads(told[0].read_text("utf-8"))["figures"]
        figures[0]["value"] = 1.5
        other = changed(told[0], tmp_path / "o.json", ("figures",), figures)
        with pytest.raises(ExchangeError, match="ValueError"):
            combine_summaries([other, *told[1:]])

    def test_one_alone(self, told: list[Path], tmp_path: Path) -> None:
        with pytest.raises(ExchangeError, match="one summary"):
            pool(told[:1], tmp_path / "pooled.json")
        assert not (tmp_path / "pooled.json").exists()

    def test_a_result_over_a_summary(self, told: list[Path]) -> None:
        with pytest.raises(PredictorError, match="this file is read"):
            pool(told, told[0])

    def test_no_model(self, hospitals: dict[str, pd.DataFrame]) -> None:
        with pytest.raises(BundleError, match="no such bundle"):
            summarise("nowhere", hospitals["bern"], name="bern")
