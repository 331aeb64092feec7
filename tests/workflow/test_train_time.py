"""A model of a time from the file to the answer, on simulated patients."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_times import DICTIONARY, made_times, time_config
from run_commands import Run, runner

from predictor.clinic.answer_columns import OF_STATE
from predictor.clinic.prediction import predict
from predictor.errors import BundleError, PatientRefused, PredictorError
from predictor.fitted.bundle import load_bundle, open_bundle
from predictor.workflow.patient_report import write_patient
from predictor.workflow.predict import predict_file
from predictor.workflow.report import report_file
from predictor.workflow.time_run import TimeTrainingRun
from predictor.workflow.train import train
from predictor.workflow.waterfall import write_waterfall

pytest.importorskip("sksurv", reason="the extra survival is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.yaml").write_text(DICTIONARY)
    columns = made_times()
    with (folder / "made.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    (folder / "study.yaml").write_text(json.dumps(time_config()))  # JSON is YAML
    return folder


@pytest.fixture(scope="module")
def run(made: Path) -> TimeTrainingRun:
    found = train(made / "study.yaml", out=made / "bundle", workers=1)
    assert isinstance(found, TimeTrainingRun)
    return found


def test_the_marker_is_found_and_everybody_has_no_discrimination(run: TimeTrainingRun) -> None:
    figures = {row.candidate.name: row.figures["c_index"][0] for row in run.compared}
    assert figures["prevalence"] == pytest.approx(0.5)
    assert figures["cox"] is not None
    assert figures["cox"] > 0.65


def test_every_figure_is_there_three_ways(run: TimeTrainingRun) -> None:
    figures = {(f["name"], f["month"]): f for f in run.validation["figures"]}
    assert {("c_index", None), ("brier", 12), ("slope", 24)} <= set(figures)
    c = figures["c_index", None]
    assert c["corrected_low"] < c["corrected"] < c["corrected_high"]
    assert c["cross_validated_low"] < c["cross_validated"] < c["cross_validated_high"]
    assert c["corrected"] <= c["apparent"] + 0.01


def test_the_signal_is_tested_and_the_statement_says_so(run: TimeTrainingRun) -> None:
    found = run.validation["signal"]
    assert found["permutations"] == 20
    assert found["p_value"] < 0.05
    assert found["sentence"] in run.evidence["statement"]


def test_who_is_still_followed_is_told_at_each_horizon(run: TimeTrainingRun) -> None:
    months = made_times()["months"]
    told = run.validation["followed"]
    assert [row["at_risk"] for row in told] == [int((months >= m).sum()) for m in (12, 24)]


def test_how_many_patients_are_needed_is_said_first(run: TimeTrainingRun) -> None:
    assert run.evidence["level"] == "demonstration"
    assert f"{run.validation['sample_size']['n']:,} with" in run.evidence["statement"]


def test_months_of_an_answer_rise_to_its_probability(run: TimeTrainingRun) -> None:
    answer = predict({"marker": 1.0, "noise": 0.0}, run.bundle).to_dict()
    months = answer["by_month"]
    assert [row["month"] for row in months] == list(range(1, 25))
    assert months[-1]["probability"] == answer["probability"]
    assert (np.diff([row["probability"] for row in months]) >= 0).all()
    assert all(row["low"] <= row["probability"] <= row["high"] for row in months)
    assert set(months[0]) == {"month", "probability", "low", "high"}


def test_contributions_add_up_to_the_log_hazard_ratio(run: TimeTrainingRun) -> None:
    bundle = open_bundle(run.bundle)
    answer = predict({"marker": 1.3, "noise": -0.7}, bundle)
    design = bundle.preparation.apply(np.array([[1.3, -0.7][: len(bundle.variables)]]))
    assert bundle.hazards is not None
    ratio = bundle.hazards.model.log_ratio(design)[0, 0]
    total = answer.base_value + sum(part.contribution for part in answer.contributions)
    assert answer.scale == "log-hazard"
    assert total == pytest.approx(ratio, abs=1e-6)


def test_the_answer_in_words_has_at_most_25_lines_and_the_horizons(run: TimeTrainingRun) -> None:
    text = str(predict({"marker": 1.0, "noise": 0.0, "patient": "P07"}, run.bundle))
    lines = text.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 92
    assert "Relapse, 24 months" in text
    assert "By month: 12 " in text
    assert "C index" in text
    assert "NOT FOR CARE" in text


def test_a_gap_is_drawn_and_a_patient_without_values_refused(run: TimeTrainingRun) -> None:
    bundle = open_bundle(run.bundle)
    first = bundle.variables[0].name
    with pytest.raises(PatientRefused, match="missing"):
        predict({variable.name: None for variable in bundle.variables}, bundle)
    if len(bundle.variables) > 1:
        answer = predict({first: 1.0}, bundle)
        assert answer.imputed
        assert answer.interval is not None
        assert answer.interval.widening >= 0


def test_everybody_gets_the_cumulative_incidence_where_that_is_chosen(made: Path) -> None:
    config = time_config(choose="prevalence") | {"dictionary": str(made / "made.yaml")}
    config["validation"] = {"folds": 3, "repeats": 1, "bootstrap": 0, "permutations": 0}
    config["cohort"] = {"file": str(made / "made.csv"), "patient": "patient"}
    found = train(config, out=made / "everybody", workers=1)
    one, other = (predict({"marker": m}, found.bundle) for m in (-2.0, 2.0))
    assert one.probability == other.probability
    assert one.interval is None


def test_the_same_seed_gives_the_same_bundle(made: Path, run: TimeTrainingRun) -> None:
    again = train(made / "study.yaml", out=made / "again", workers=2)
    digests = [open_bundle(found.bundle).digest for found in (run, again)]
    assert digests[0] == digests[1]


def test_no_time_of_a_patient_is_in_the_bundle(run: TimeTrainingRun) -> None:
    model = json.loads((run.bundle / "model.json").read_text())
    made = made_times()
    for cause, name in zip(model["baseline"], ("relapse", "death"), strict=True):
        edges = [0, *cause["months"]]
        times = made["months"][made["end"] == name]
        counts = np.histogram(times, edges)[0]
        assert counts.min() >= 5
        assert all(isinstance(month, int) for month in cause["months"])
    names = {path.name for path in run.bundle.iterdir()}
    assert names == {
        "findings.json",
        "manifest.json",
        "model.json",
        "model_card.md",
        "moments.json",
        "preparation.json",
        "replicates.npz",
        "report.html",
        "report.json",
    }


def test_what_is_not_there_is_refused_by_name(run: TimeTrainingRun, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="when an event happens"):
        load_bundle(run.bundle)
    answer = predict({"marker": 1.0, "noise": 0.0}, run.bundle)
    with pytest.raises(PredictorError, match="tells months"):
        write_waterfall(answer, tmp_path / "w.png")


def test_the_page_of_one_patient_tells_every_horizon(run: TimeTrainingRun, tmp_path: Path) -> None:
    answer = predict({"marker": 1.0, "noise": 0.0, "patient": "P07"}, run.bundle)
    page = tmp_path / "p07.html"
    write_patient(answer, page)
    words = " ".join(re.sub(r"<[^>]+>", " ", page.read_text()).split())
    months = {row.month: row for row in answer.by_month}
    assert "Relapse, 24 months" in words
    for month in (12, 24):
        row = months[month]
        assert row.low is not None
        assert row.high is not None
        told = f"{row.probability:.0%} {row.low:.0%} to {row.high:.0%}"
        assert f"{month} {told}" in words
    assert "effects on the log-hazard" in words
    assert "NOT FOR CARE" in words


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


def test_a_table_of_patients_gets_their_pages(made: Path, run: TimeTrainingRun, line: Run) -> None:
    patients = made / "patients.csv"
    patients.write_text("patient,marker,noise\nA,1.0,0.0\nB,-1.0,0.5\n")
    out = ("--report", made / "pages", "--out", made / "answers.csv")
    done = line("predict", patients, "--model", run.bundle, *out)
    assert done.code == 0, done.err
    assert {path.name for path in (made / "pages").iterdir()} == {
        "index.html",
        "row-00002.html",
        "row-00003.html",
    }


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("target", ["csv", "parquet"])
def test_files_of_answers_hold_every_horizon(
    run: TimeTrainingRun, tmp_path: Path, source: str, target: str
) -> None:
    patients = [{"patient": "A", "marker": 1.0, "noise": 0.5}, {"patient": "B", "marker": -1.0}]
    frame = pd.DataFrame(patients)
    read, out = tmp_path / f"in.{source}", tmp_path / f"out.{target}"
    frame.to_csv(read, index=False) if source == "csv" else frame.to_parquet(read)
    predict_file(read, str(run.bundle), out=out)
    told = pd.read_csv(out) if target == "csv" else pd.read_parquet(out)
    for row, patient in enumerate(patients):
        months = {answer.month: answer for answer in predict(patient, run.bundle).by_month}
        for month in (12, 24):
            found = told.loc[row, [f"{p}month_{month}" for p in OF_STATE]].astype(float)
            expected = (months[month].probability, months[month].low, months[month].high)
            assert found.tolist() == pytest.approx(expected)
        assert told.probability[row] == pytest.approx(months[24].probability)


def test_what_is_inside_is_shown_as_after_the_training(run: TimeTrainingRun, line: Run) -> None:
    done = line("inspect", run.bundle)
    assert done.code == 0, done.err
    assert "C index (Wolbers)" in done.out
    assert "Still followed" in done.out
    assert line("inspect", run.bundle, "--format", "json").json["model"]["kind"] == "hazards"


@pytest.mark.parametrize("command", ["compare {model} {model}", "candidates {model} {data}"])
def test_commands_for_one_event_say_what_takes_a_model_of_a_time(
    made: Path, run: TimeTrainingRun, line: Run, command: str
) -> None:
    done = line(*command.format(model=run.bundle, data=made / "made.csv").split())
    assert done.code == 2
    assert "it tells when an event happens" in done.err
    assert "`predictor predict` takes it" in done.err


def test_the_report_is_made_and_is_the_same_again(run: TimeTrainingRun) -> None:
    before = (run.bundle / "report.json").read_bytes()
    assert run.report == run.bundle / "report.html"
    assert run.to_dict()["report"] == str(run.report)
    assert report_file(run.bundle).report.verdict.code == "demonstration"
    assert (run.bundle / "report.json").read_bytes() == before


def test_everybody_gets_a_report_too(made: Path) -> None:
    page = (made / "everybody" / "report.html").read_text()
    assert "Nothing moves the hazards." in page
    assert "everybody is given the cumulative incidence of everybody" in page


def test_findings_tell_of_no_few_patients(run: TimeTrainingRun) -> None:
    made, found = made_times(), json.loads((run.bundle / "findings.json").read_text())
    for kind, name in (("event", "relapse"), ("competing", "death")):
        edges = [0, *(row["month"] for row in found["time_by_month"][kind])]
        assert len(edges) > 2
        assert np.histogram(made["months"][made["end"] == name], edges)[0].min() >= 5
    risk = [row["at_risk"] for row in found["time_by_month"]["at_risk"]]
    assert risk[0] == len(made["months"])
    assert min(-np.diff(risk)) >= 5


def test_a_run_and_its_model_go_to_mlflow(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    tracking = {"experiment": "times", "uri": f"sqlite:///{tmp_path / 'store.db'}"}
    config = time_config(tracking=tracking, choose="cox") | {"dictionary": str(made / "made.yaml")}
    config["cohort"] = {"file": str(made / "made.csv"), "patient": "patient"}
    config["validation"] = {"folds": 3, "repeats": 1, "bootstrap": 20, "permutations": 0}
    found = train(config, out=tmp_path / "bundle", workers=1)
    assert isinstance(found, TimeTrainingRun)
    assert found.tracking_error is None
    assert found.sent is not None
    mlflow.set_tracking_uri(found.sent.tracking_uri)
    sent = mlflow.get_run(found.sent.run_id).data
    assert {"corrected/c_index", "corrected/slope_24", "needed/events"} <= sent.metrics.keys()
    assert sent.tags["verdict"] == "demonstration"
    names = {f.path for f in mlflow.MlflowClient().list_artifacts(found.sent.run_id, "report")}
    assert {"report/report.html", "report/report.json", "report/tables"} <= names
    scored = mlflow.pyfunc.load_model(found.sent.model_uri).predict(
        pd.DataFrame({"marker": [1.0], "noise": [0.5]})
    )
    told = predict({"marker": 1.0, "noise": 0.5}, found.bundle)
    assert scored["probability"][0] == pytest.approx(told.probability)
    (last,) = [answer for answer in told.by_month if answer.month == 24]
    assert scored[f"interval_low_month_{last.month}"][0] == pytest.approx(last.low)
    assert told.interval is not None
    assert scored["interval_high"][0] == pytest.approx(told.interval.high)


def test_an_altered_baseline_is_noticed(run: TimeTrainingRun, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in run.bundle.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    data = json.loads((copy / "model.json").read_text())
    data["baseline"][0]["hazard"][0] *= 2
    (copy / "model.json").write_text(json.dumps(data))
    with pytest.raises(BundleError, match=r"model\.json"):
        open_bundle(copy)


def test_an_answer_at_the_bedside_needs_numpy_alone(run: TimeTrainingRun) -> None:
    code = (
        "import sys; from predictor import predict;"
        f"predict({{'marker': 1.0, 'noise': 0.0}}, {str(run.bundle)!r});"
        "print([m for m in ('pandas', 'sklearn', 'scipy', 'sksurv', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
