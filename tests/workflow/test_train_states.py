"""Training several states from a file to a report, and the answers that follow."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_states import STATES, cohort_of_states, configuration_of_states

import predictor
from predictor import predict
from predictor.errors import BundleError, CohortError
from predictor.fitted.bundle import load_bundle
from predictor.workflow.predict import predict_file
from predictor.workflow.report import report_file
from predictor.workflow.state_run import StateTrainingRun
from predictor.workflow.train import train

PATIENT = {"patient": "P1", "age": 40, "sex": "female", "c3": 110, "c4": 20, "sledai_2k": 6}
KINDS = ("proportional_odds", "multinomial")
"""Of the two models."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StateTrainingRun]:
    folder = tmp_path_factory.mktemp("states")
    frame, found = cohort_of_states(), {}
    for kind in KINDS:
        run = train(configuration_of_states(choose=kind), frame, out=folder / kind, workers=1)
        assert isinstance(run, StateTrainingRun)
        found[kind] = run
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_found_and_told(runs: dict[str, StateTrainingRun], kind: str) -> None:
    told = runs[kind].to_dict()
    json.dumps(told, allow_nan=False)
    assert told["chosen"] == kind
    assert [row["name"] for row in told["models"]] == [
        "prevalence",
        "one_predictor",
        "proportional_odds",
        "multinomial",
    ]
    figures = {row["name"]: row for row in told["validation"]["figures"]}
    assert figures["orc"]["corrected"] < figures["orc"]["apparent"]
    assert figures["orc"]["cross_validated"] > 0.6
    assert {f"slope_{state}" for state in STATES} <= figures.keys()
    assert told["validation"]["signal"]["found"]
    assert told["evidence"]["level"] == "exploratory"
    assert sum(row["patients"] for row in told["states"]) == 75


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [(), ("c4",), ("sex", "c3")])
def test_probabilities_add_up_and_so_do_reasons(
    runs: dict[str, StateTrainingRun], kind: str, missing: tuple[str, ...]
) -> None:
    patient = {k: v for k, v in PATIENT.items() if k not in missing}
    answer = predict(patient, model=runs[kind].bundle).to_dict()
    states = {row["state"]: row for row in answer["states"]}
    assert list(states) == list(STATES)
    assert abs(sum(row["probability"] for row in states.values()) - 1.0) <= 1e-12
    for row in states.values():
        assert 0 <= row["low"] <= row["probability"] <= row["high"] <= 1
    assert answer["probability"] == states["remission"]["probability"]
    assert answer["interval"]["low"] == states["remission"]["low"]
    total = answer["base_value"] + sum(c["contribution"] for c in answer["contributions"])
    best = answer["probability"]
    against = 1.0 - best if kind == "proportional_odds" else states["flare"]["probability"]
    assert total == pytest.approx(math.log(best / against), abs=1e-6)
    if kind == "multinomial":
        middle = states["low_disease_activity"]
        own = middle["base_value"] + sum(middle["contributions"].values())
        expected = math.log(middle["probability"] / states["flare"]["probability"])
        assert own == pytest.approx(expected, abs=1e-6)
        assert answer["scale"] == "log-odds against flare"
    assert set(answer["imputed"]) == set(missing)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(KINDS),
    age=st.none() | st.floats(18, 95),
    sex=st.sampled_from([None, "female", "male"]),
    c3=st.none() | st.floats(1, 400),
    sledai=st.none() | st.integers(0, 105),
)
def test_the_probabilities_of_any_patient_add_up(
    runs: dict[str, StateTrainingRun],
    kind: str,
    age: float | None,
    sex: str | None,
    c3: float | None,
    sledai: int | None,
) -> None:
    patient = {"age": age, "sex": sex, "c3": c3, "sledai_2k": sledai, "c4": 20}
    if sum(value is None for value in patient.values()) > 2:
        return
    told = predict(patient, model=runs[kind].bundle)
    assert abs(sum(state.probability for state in told.states) - 1.0) <= 1e-12
    assert all(0.0 <= state.probability <= 1.0 for state in told.states)
    total = told.base_value + sum(part.contribution for part in told.contributions)
    best, worst = told.states[-1].probability, told.states[0].probability
    against = 1.0 - best if kind == "proportional_odds" else worst
    if 1e-9 < best < 1.0 - 1e-9 and against > 1e-9:
        assert total == pytest.approx(math.log(best / against), abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_short_and_names_every_state(
    runs: dict[str, StateTrainingRun], kind: str
) -> None:
    text = str(predict(PATIENT, model=predictor.load_model(runs[kind].bundle)))
    lines = text.splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 92
    for state in STATES:
        assert any(line.startswith(f"  {state.replace('_', ' ')} ") for line in lines)


def test_alone_or_among_others_a_patient_gets_the_same_answer(
    runs: dict[str, StateTrainingRun],
) -> None:
    import pandas as pd

    gap = {**PATIENT, "patient": "P2", "c4": None}
    table = predict(pd.DataFrame([PATIENT, gap]), model=runs["multinomial"].bundle)
    for row, patient in zip(table, (PATIENT, gap), strict=True):
        alone = predict(patient, model=runs["multinomial"].bundle)
        for one, other in zip(row.states, alone.states, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-12)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_of_answers_has_columns_for_every_state(
    runs: dict[str, StateTrainingRun], tmp_path: Path, suffix: str
) -> None:
    source = tmp_path / "many.csv"
    source.write_text("patient,age,sex,c3,c4,sledai_2k\nA,40,female,110,20,6\nB,x,male,1,,\n")
    out = tmp_path / f"answers{suffix}"
    predict_file(source, str(runs["multinomial"].bundle), out=out)
    if suffix == ".parquet":
        from pyarrow.parquet import read_table

        rows = read_table(out).to_pylist()
    else:
        rows = list(csv.DictReader(out.read_text().splitlines()))
    shares = [float(rows[0][f"probability_{state}"]) for state in STATES]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    assert float(rows[0]["interval_low_flare"]) <= shares[0]
    assert rows[1]["refused"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_says_every_section_and_nothing_of_an_event(
    runs: dict[str, StateTrainingRun], kind: str
) -> None:
    from predictor.report.contents.source import open_source
    from predictor.report.contents.state_report import state_report_of

    report = state_report_of(open_source(runs[kind].bundle))
    assert [section.id for section in report.sections] == [
        "verdict",
        "patients",
        "performance",
        "explanation",
        "model",
        "tripod",
        "probast",
        "pitfalls",
        "reproduce",
    ]
    assert report.verdict.code == "too few patients"
    page = (runs[kind].bundle / "report.html").read_text(encoding="utf-8")
    for words in ("Ordinal c (ORC)", "Calibration slope, remission", "do not add up"):
        assert words in page
    assert "with the event" not in page
    assert "PLANT" not in page
    card = (runs[kind].bundle / "model_card.md").read_text(encoding="utf-8")
    assert "ORC" in card


@pytest.mark.parametrize("kind", KINDS)
def test_the_worked_example_is_what_the_model_tells(
    runs: dict[str, StateTrainingRun], kind: str
) -> None:
    from predictor.report.contents.source import open_source
    from predictor.report.contents.state_model import state_model
    from predictor.report.document import Paragraph, Verbatim

    example = state_model(open_source(runs[kind].bundle)).parts[2].blocks
    said, shown = example
    assert isinstance(said, Paragraph)
    assert isinstance(shown, Verbatim)
    by_hand = [
        float(line.rpartition("= ")[2])
        for line in shown.text.splitlines()
        if line.startswith("P(") and "or better" not in line
    ]
    exact = [float(part.rpartition(" ")[2].rstrip("%.")) for part in said.text.split("%")[:-1]]
    assert [100 * share for share in by_hand] == pytest.approx(exact, abs=0.06)


def test_what_is_not_made_for_states_is_refused_by_name(
    runs: dict[str, StateTrainingRun], tmp_path: Path
) -> None:
    bundle = runs["multinomial"].bundle
    with pytest.raises(BundleError, match="several states"):
        load_bundle(bundle)
    with pytest.raises(BundleError, match="gives each patient a page"):
        report_file(bundle, tmp_path / "elsewhere", patients=tmp_path / "x.csv")
    assert report_file(bundle, tmp_path / "again.html").report.verdict.code == "too few patients"


def test_the_same_study_gives_the_same_model(
    runs: dict[str, StateTrainingRun], tmp_path: Path
) -> None:
    again = train(
        configuration_of_states(choose="multinomial"),
        cohort_of_states(),
        out=tmp_path / "again",
        workers=2,
    )
    first, second = (
        json.loads((run.bundle / "manifest.json").read_text())["model"]["digest"]
        for run in (runs["multinomial"], again)
    )
    assert first == second


def test_a_run_and_its_model_go_to_mlflow_and_give_every_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    tracking = {"experiment": "states", "uri": f"sqlite:///{tmp_path / 'store.db'}"}
    made = configuration_of_states(choose="proportional_odds", tracking=tracking)
    run = train(made, cohort_of_states(), out=tmp_path / "bundle", workers=1)
    assert isinstance(run, StateTrainingRun)
    assert run.sent is not None
    mlflow.set_tracking_uri(run.sent.tracking_uri)
    metrics = mlflow.get_run(run.sent.run_id).data.metrics
    assert {"corrected/orc", "corrected/slope_flare", "signal/p_value"} <= metrics.keys()
    scored = mlflow.pyfunc.load_model(run.sent.model_uri).predict(
        pd.DataFrame({"age": [40.0], "sex": [0.0], "c3": [110.0], "c4": [20.0], "sledai_2k": [6.0]})
    )
    told = predict(PATIENT, model=run.bundle)
    for state in told.states:
        assert scored[f"probability_{state.state}"][0] == pytest.approx(state.probability)
        assert scored[f"interval_low_{state.state}"][0] == pytest.approx(state.low)
        assert scored[f"interval_high_{state.state}"][0] == pytest.approx(state.high)
    assert scored["probability"][0] == pytest.approx(told.probability)


def test_no_bundle_is_written_where_a_state_is_empty(tmp_path: Path) -> None:
    frame = cohort_of_states()
    with pytest.raises(CohortError, match="no analysed patient"):
        train(
            configuration_of_states(), frame[frame["state"] != "remission"], out=tmp_path / "none"
        )
    assert not (tmp_path / "none").exists()


def test_the_terminal_shows_a_training_and_a_bundle(
    runs: dict[str, StateTrainingRun], capsys: Any
) -> None:
    from predictor.terminal_states import show_state_training
    from predictor.terminal_training import show_bundle

    show_state_training(runs["proportional_odds"])
    shown = capsys.readouterr().out
    assert "→ Proportional-odds ridge" in shown
    assert "Proportional odds: p = " in shown
    manifest = json.loads((runs["proportional_odds"].bundle / "manifest.json").read_text())
    show_bundle(manifest, "here")
    assert (
        "states from worst to best: flare, low disease activity, remission"
        in capsys.readouterr().out
    )


def test_the_real_cohort_is_read_as_the_configuration_says(shared: Path) -> None:
    from predictor.cohort.checking import check_cohort
    from predictor.study import load_study
    from predictor.workflow.study_table import study_table

    study = load_study("sle_response")
    table = study_table(study, shared / "data" / "gse65391_response_index.csv")
    found = check_cohort(study, table).usable()
    assert [int((found.outcome == k).sum()) for k in range(3)] == [45, 35, 6]


def test_a_state_of_two_real_patients_is_refused_by_name(shared: Path) -> None:
    from predictor.cohort.checking import check_cohort
    from predictor.config_states import NamedState
    from predictor.study import load_study
    from predictor.workflow.study_table import study_table

    study = load_study("sle_response")
    quiet = NamedState.model_validate({"state": "remission", "when": {"remission_fu": 1}})
    states = (*study.config.question.states[:2], quiet)
    question = study.config.question.model_copy(update={"states": states})
    changed = replace(study, config=study.config.model_copy(update={"question": question}))
    table = study_table(changed, shared / "data" / "gse65391_response_index.csv")
    with pytest.raises(CohortError, match="low_disease_activity occurs 2 times"):
        check_cohort(changed, table).usable()
