"""The stages of evaluate: reading every format, R's numbers, tables, and what is written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import predictor
from predictor.errors import CohortError, PredictorError
from predictor.performance.evaluation import evaluate
from predictor.workflow.evaluate import (
    evaluate_file,
    write_evaluation,
    write_evaluation_figure,
)
from predictor.workflow.evaluation_table import COLUMNS, evaluation_csv


def made_up(n: int = 120) -> pd.DataFrame:
    generator = np.random.default_rng(5)
    p = generator.uniform(0.02, 0.98, n)
    q = np.clip(p + generator.normal(0, 0.2, n), 0.01, 0.99)
    return pd.DataFrame(
        {
            "id": [f"P{i}" for i in range(n)],
            "y": (generator.uniform(size=n) < p).astype(int),
            "p": p.round(6),
            "q": q.round(6),
            "centre": np.where(np.arange(n) < 3, "c", np.where(np.arange(n) < 60, "a", "b")),
        }
    )


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_figures_of_a_file_are_those_of_r(shared: Path) -> None:
    """R 4.2: pROC, glm, stats::lowess(f = 2/3, iter = 0, delta = 0); see ../shared/README.md."""
    reference = shared / "reference"
    expected = pd.read_csv(reference / "predictions_metrics.csv", index_col="metric")
    found = evaluate_file(
        reference / "predictions.csv", outcome="y", probability="p", thresholds=(0.2, 0.5)
    ).to_dict()
    plain = {
        "n": "n",
        "events": "events",
        "auroc": "auroc_delong",
        "brier": "brier",
        "scaled_brier": "brier_scaled",
        "log_loss": "log_loss",
        "observed_expected": "OE",
        "spiegelhalter_z": "spiegelhalter_z",
    }
    for key, metric in plain.items():
        assert found[key] == pytest.approx(expected.loc[metric, "value"], abs=1e-10), key
    fitted = {
        "calibration_intercept": "cal_intercept_offset",
        "calibration_slope": "cal_slope",
        "eavg": "ICI_lowess_delta0",
        "e50": "E50_lowess_delta0",
        "e90": "E90_lowess_delta0",
        "emax": "Emax_lowess_delta0",
        "logistic_eavg": "ICI_logistic",
    }
    for key, metric in fitted.items():
        assert found[key] == pytest.approx(expected.loc[metric, "value"], abs=1e-6), key
    for key in ("auroc", "calibration_intercept", "calibration_slope", "observed_expected"):
        metric = {**plain, **fitted}[key]
        for end, column in (("low", "lower"), ("high", "upper")):
            assert found[f"{key}_{end}"] == pytest.approx(expected.loc[metric, column], abs=1e-6), (
                key
            )
    curve = pd.read_csv(reference / "predictions_net_benefit.csv")
    rows: Any = found["net_benefit"]
    assert [row["threshold"] for row in rows] == curve["threshold"].round(2).tolist()
    for key, column in (
        ("model", "nb_model"),
        ("treat_all", "nb_all"),
        ("interventions_avoided", "interventions_avoided_per_patient"),
    ):
        np.testing.assert_allclose([row[key] for row in rows], curve[column], atol=1e-10)


def test_every_format_gives_the_same_figures(tmp_path: Path) -> None:
    frame = made_up()
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "b.csv", index=False, sep=";", decimal=",")
    frame.to_excel(tmp_path / "c.xlsx", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    options: dict[str, Any] = {"outcome": "y", "probability": "p", "by": "centre"}
    first = evaluate_file(tmp_path / "a.csv", **options).to_dict()
    for source, more in (
        (tmp_path / "b.csv", {"decimal": ","}),
        (str(tmp_path / "c.xlsx"), {}),
        (tmp_path / "d.parquet", {}),
        (frame, {}),
    ):
        other = evaluate_file(source, **options, **more).to_dict()
        assert {**other, "file": None} == {**first, "file": None}


def test_the_formula_is_handed_on_by_the_package() -> None:
    frame = made_up()
    assert predictor.evaluate is evaluate
    found = predictor.evaluate(frame["y"], frame["p"])
    of_file = evaluate_file(frame, outcome="y", probability="p").evaluation
    assert found.to_dict() == of_file.to_dict()


def test_thresholds_are_sorted_without_repetition_and_have_their_net_benefit() -> None:
    found = evaluate_file(
        made_up(), outcome="y", probability="p", thresholds=(0.5, 0.125, 0.5)
    ).to_dict()
    chosen: Any = found["net_benefit_at"]
    classified: Any = found["classification"]
    assert [row["threshold"] for row in chosen] == [0.125, 0.5]
    for row, other in zip(chosen, classified, strict=True):
        true, false = other["true_positives"], other["false_positives"]
        odds = row["threshold"] / (1 - row["threshold"])
        assert row["positive"] == true + false
        assert row["model"] == pytest.approx((true - false * odds) / 120, abs=1e-12)
    every: Any = found["net_benefit"]
    assert len(every) == 99
    assert every[49]["model"] == chosen[1]["model"]


def test_two_models_are_compared_by_row() -> None:
    frame = made_up()
    found: Any = evaluate_file(frame, outcome="y", probability="p", compare="q").to_dict()
    swapped: Any = evaluate_file(frame, outcome="y", probability="q", compare="p").to_dict()
    assert found["comparison"]["probability"] == "q"
    assert found["comparison"]["second_model"]["auroc"] == swapped["auroc"]
    differences = {(d["figure"], d["threshold"]): d for d in found["comparison"]["differences"]}
    assert set(differences) == {
        ("auroc", None),
        ("brier", None),
        ("log_loss", None),
        *(("net_benefit", at) for at in (0.25, 0.5, 0.75)),
    }
    auroc = differences["auroc", None]
    assert auroc["value"] == pytest.approx(found["auroc"] - swapped["auroc"], abs=1e-12)
    assert auroc["low"] < auroc["value"] < auroc["high"]
    back = {(d["figure"], d["threshold"]): d for d in swapped["comparison"]["differences"]}
    for key, difference in differences.items():
        assert back[key]["value"] == pytest.approx(-difference["value"], abs=1e-12)
        assert back[key]["p_value"] == pytest.approx(difference["p_value"], abs=1e-12)


def test_no_output_holds_a_row() -> None:
    frame = made_up()
    frame["p"] = np.random.default_rng(7).uniform(0.1, 0.9, len(frame))
    evaluated = evaluate_file(
        frame, outcome="y", probability="p", compare="q", patient="id", by="centre"
    )
    text = json.dumps(evaluated.to_dict(), allow_nan=False)
    table = evaluation_csv(evaluated).decode()
    ends = {frame["p"].min(), frame["p"].max()}  # between which the curve is drawn
    for value in set(frame["p"]) - ends:
        assert repr(value) not in text
        assert repr(value) not in table
    assert not any(f'"{patient}"' in text for patient in frame["id"])


def test_the_table_has_every_figure_of_the_json_once() -> None:
    evaluated = evaluate_file(
        made_up(), outcome="y", probability="p", compare="q", by="centre", cell_size=5
    )
    rows = rows_of(evaluation_csv(evaluated))
    assert tuple(rows[0]) == COLUMNS
    keys = [(row["part"], row["subgroup"], row["at"], row["figure"]) for row in rows]
    assert len(set(keys)) == len(keys)
    data: Any = evaluated.to_dict()
    by_key = dict(zip(keys, rows, strict=True))
    auroc = by_key["performance", "", "", "auroc"]
    assert float(auroc["value"]) == data["auroc"]
    assert float(auroc["low"]) == data["auroc_low"]
    logit = by_key["performance", "", "", "auroc_logit"]
    assert (float(logit["value"]), float(logit["low"])) == (data["auroc"], data["auroc_logit_low"])
    exact = by_key["classification", "", "0.5", "sensitivity_exact"]
    assert float(exact["high"]) == data["classification"][1]["sensitivity_exact_high"]
    assert (
        float(by_key["net_benefit", "", "0.01", "treat_all"]["value"])
        == (data["net_benefit"][0]["treat_all"])
    )
    assert (
        float(by_key["difference", "", "", "brier"]["p_value"])
        == (data["comparison"]["differences"][1]["p_value"])
    )
    small = by_key["subgroup", "c", "", "n"], by_key["subgroup", "c", "", "auroc"]
    assert all(row["value"] == "" for row in small)
    parts = {row["part"] for row in rows}
    assert {"curve", "second_model", "second_model_curve", "chosen_threshold"} <= parts
    assert {row["figure"] for row in rows if row["part"] == "curve"} == {"smooth", "logistic"}


def test_a_subgroup_that_looks_like_a_formula_is_neutralised_in_the_table() -> None:
    frame = made_up().assign(centre=lambda f: np.where(f["centre"] == "b", "=cmd()", "a"))
    rows = rows_of(evaluation_csv(evaluate_file(frame, outcome="y", probability="p", by="centre")))
    assert {row["subgroup"] for row in rows} == {"", "a", "'=cmd()"}


def test_files_are_written_whole_by_their_suffix(tmp_path: Path) -> None:
    evaluated = evaluate_file(made_up(), outcome="y", probability="p")
    for name in ("f.json", "F.CSV"):
        write_evaluation(evaluated, tmp_path / name)
    assert json.loads((tmp_path / "f.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(evaluated.to_dict())
    )
    assert (tmp_path / "F.CSV").read_bytes() == evaluation_csv(evaluated)
    write_evaluation_figure(evaluated, tmp_path / "f.png")
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(PredictorError, match=r"it is written as \.json or \.csv"):
        write_evaluation(evaluated, tmp_path / "f.txt")
    with pytest.raises(PredictorError, match=r"it is written as \.png"):
        write_evaluation_figure(evaluated, tmp_path / "f.pdf")
    with pytest.raises(PredictorError, match="cannot be written"):
        write_evaluation(evaluated, tmp_path / "no" / "f.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"f.json", "F.CSV", "f.png"}


def test_faults_of_the_file_speak_of_options_and_not_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("y,p,g\n1,0.2,M\xfcller\n0,0.1,a\n".encode("latin-1"))
    with pytest.raises(CohortError, match="Set --encoding, for example latin-1") as caught:
        evaluate_file(tmp_path / "latin.csv", outcome="y", probability="p")
    assert "cohort." not in str(caught.value)
    with pytest.raises(CohortError, match="Set --delimiter ',' or leave it out") as caught:
        evaluate_file(
            tmp_path / "latin.csv",
            outcome="y",
            probability="p",
            encoding="latin-1",
            delimiter=";",
        )
    assert "cohort." not in str(caught.value)
    made_up().to_excel(tmp_path / "a.xlsx", sheet_name="mine", index=False)
    with pytest.raises(CohortError, match="--sheet: there is no sheet 'theirs'"):
        evaluate_file(tmp_path / "a.xlsx", outcome="y", probability="p", sheet="theirs")
    mine = evaluate_file(tmp_path / "a.xlsx", outcome="y", probability="p", sheet="mine")
    assert mine.evaluation.n == 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": (0.5, 1.0)}, "threshold: it must lie between 0 and 1"),
        ({"thresholds": (float("nan"),)}, "threshold: it must lie between 0 and 1"),
        ({"thresholds": ()}, "threshold: it must lie between 0 and 1"),
        ({"cell_size": -1}, "cell_size: it cannot be negative"),
        ({"decimal": ";"}, "decimal, delimiter, encoding, sheet: one of them"),
        ({"delimiter": "::"}, "decimal, delimiter, encoding, sheet: one of them"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PredictorError, match=message):
        evaluate_file(made_up(), outcome="y", probability="p", **options)


def test_what_is_no_table_is_refused() -> None:
    wrong: Any = [[1, 0.5]]
    with pytest.raises(CohortError, match="a path or a pandas data frame was expected"):
        evaluate_file(wrong, outcome="y", probability="p")
