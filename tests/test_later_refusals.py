"""What the commands after training refuse: named, in one sentence, with exit code 2, nothing lost.

Stores that are full, and promotions at once, are in ``tests/tracking``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from made_bundles import reseal
from made_hospitals import second_hospital
from made_states import cohort_of_states, configuration_of_states
from made_times import DICTIONARY, made_times, time_config
from mlflow_service import free_port
from run_commands import Run, runner

from predictor.errors import BundleError
from predictor.fitted.bundle import open_bundle
from predictor.validation.challenge import judge
from predictor.workflow.train import train

QUICK = {"folds": 3, "repeats": 1, "bootstrap": 0, "permutations": 0}

COMMANDS = {
    "validate": ("validate", "{model}", "{cohort}", "--out", "{out}"),
    "update": ("update", "{model}", "{cohort}", "--out", "{out}"),
    "monitor": ("monitor", "{model}", "--reference", "{cohort}", "--new", "{cohort}"),
    "summarise": ("summarise", "{model}", "{cohort}", "--name", "here", "--out", "{out}.json"),
}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def hospital() -> pd.DataFrame:
    return second_hospital(open_bundle("remission"), 120)


@pytest.fixture
def model(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "models" / "remission", tmp_path / "model"))


@pytest.fixture(scope="module")
def of_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kinds") / "states"
    config = configuration_of_states(validation=QUICK)
    train(config, cohort_of_states(), out=place, workers=1)
    return place


@pytest.fixture(scope="module")
def of_a_time(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sksurv", reason="the extra survival is not installed")
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "made.yaml").write_text(DICTIONARY, encoding="utf-8")
    config = time_config(dictionary=str(folder / "made.yaml"), validation=QUICK)
    train(config, pd.DataFrame(made_times()), out=folder / "time", workers=1)
    return folder / "time"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def words(name: str, model: Path | str, cohort: Path) -> list[str]:
    places = {"model": model, "cohort": cohort, "out": cohort.parent / "written"}
    return [word.format(**places) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("kind", "said"),
    [("of_states", "it tells several states"), ("of_a_time", "it tells when an event happens")],
)
def test_models_of_another_kind_are_refused_by_name(
    name: str,
    kind: str,
    said: str,
    call: Run,
    hospital: pd.DataFrame,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    model: Path = request.getfixturevalue(kind)
    hospital.to_csv(tmp_path / "cohort.csv", index=False)
    before = files_of(model)
    done = call(*words(name, model, tmp_path / "cohort.csv"))
    assert done.code == 2
    assert f"{model}: {said}, and this is made for models of one event so far." in done.err
    assert "train a model of one event" in done.err
    assert files_of(model) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.csv"]


@pytest.mark.parametrize("kind", ["of_states", "of_a_time"])
def test_a_model_of_another_kind_is_promoted_among_its_own_kind_alone(
    kind: str, request: pytest.FixtureRequest
) -> None:
    manifest = open_bundle(request.getfixturevalue(kind)).manifest
    again = judge(manifest, manifest)
    assert (again.gain, again.better) == (0.0, False)
    with pytest.raises(BundleError, match="cannot be compared with the champion") as refusal:
        judge(open_bundle("remission").manifest, manifest)
    assert "other_outcome" in {reason.code for reason in refusal.value.reasons}


@pytest.mark.parametrize("study", ["response", "time_to_relapse"])
def test_a_plan_for_another_kind_is_refused_by_name(study: str, call: Run) -> None:
    done = call("plan", study, "--patients", "60", "--scenario", "literature")
    assert done.code == 2
    assert "a plan is made for one event" in done.err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bundle_of_a_newer_format_is_refused_by_name(
    name: str, call: Run, model: Path, hospital: pd.DataFrame, tmp_path: Path
) -> None:
    reseal(model, format_version=99)
    (tmp_path / "in").mkdir()
    hospital.to_csv(tmp_path / "in" / "cohort.csv", index=False)
    before = files_of(tmp_path)
    done = call(*words(name, model, tmp_path / "in" / "cohort.csv"))
    assert done.code == 2
    assert "newer format" in done.err
    assert "Install a newer" in done.err
    assert files_of(tmp_path) == before


BAD = {
    "no outcome": ("response", "", "response: the file has no such column"),
    "five events": ("", "", "5 of 60 patients have the event"),
    "another definition": ("", "outcome: {definition: doris}", "definition"),
    "another horizon": ("", "outcome: {horizon: 12 months}", "the model's horizon is 6 months"),
    "unit unstated": (
        "",
        "cohort: {patient: patient, columns: {c3: complement}}",
        "the unit of 'complement' is not stated",
    ),
}


@pytest.mark.parametrize("name", ["validate", "update", "summarise"])
@pytest.mark.parametrize("what", BAD)
def test_a_cohort_that_cannot_be_used_is_refused_by_name(
    name: str, what: str, call: Run, model: Path, hospital: pd.DataFrame, tmp_path: Path
) -> None:
    dropped, mapping, said = BAD[what]
    events = hospital[hospital["response"] == "remission"]
    others = hospital[hospital["response"] != "remission"]
    table = pd.concat([events.head(5), others.head(55)]) if what == "five events" else hospital
    table = table.rename(columns={"c3": "complement"} if "complement" in mapping else {})
    folder = tmp_path / "in"
    folder.mkdir()
    table.drop(columns=[dropped] if dropped else []).to_csv(folder / "cohort.csv", index=False)
    (folder / "mapping.yaml").write_text(mapping or "cohort: {patient: patient}", "utf-8")
    before = files_of(tmp_path)
    given = words(name, model, folder / "cohort.csv")
    done = call(*given, "--mapping", folder / "mapping.yaml")
    assert done.code == 2, done.err
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("command", ["promote", "track", "validate"])
def test_a_registry_where_nobody_listens_is_named_and_nothing_is_noted(
    command: str,
    call: Run,
    model: Path,
    hospital: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("PREDICTOR_CACHE", str(tmp_path / "copies"))
    hospital.to_csv(tmp_path / "cohort.csv", index=False)
    before = files_of(model)
    given = {
        "promote": ("promote", model, "--name", "remission"),
        "track": ("track", model),
        "validate": ("validate", "models:/remission@champion", tmp_path / "cohort.csv"),
    }
    done = call(*given[command])
    assert done.code == 2
    assert "nobody listens at this address" in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert files_of(model) == before
