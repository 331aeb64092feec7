"""Models by their address in a registry: found, copied, checked, and what happens without it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_bundles import forge

from predictor import fetch_model, load_model, predict
from predictor.errors import BundleError, CopyWarning, TrackingError, UnreachableError
from predictor.fitted.location import why_it_stays
from predictor.tracking import registry
from predictor.tracking.registry import forget, parse_address
from predictor.tracking.sending import send_bundle
from predictor.tracking.store import TrackingSettings, sqlite_path

ROOT = Path(__file__).resolve().parents[2]
PATIENT = {"patient": "P1", "c3": 75.0, "creatinine": 1.1, "fever": "yes", "indication": "skin"}
CHAMPION = "models:/remission@champion"


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of this test alone, and nothing remembered from another one."""
    monkeypatch.setenv("PREDICTOR_CACHE", str(tmp_path / "copies"))
    forget()
    return tmp_path / "copies"


@pytest.fixture
def registered(bundle: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of a store in which the bundle is the champion of ``remission``."""
    send_bundle(bundle, TrackingSettings("trial", store, "remission"), version="0.1.0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    return store


@pytest.fixture
def lost(registered: str) -> Callable[[], None]:
    """Take the registry away, as an unplugged disk would."""

    def lose() -> None:
        path = sqlite_path(registered)
        assert path is not None
        path.rename(path.with_suffix(".away"))
        forget()

    return lose


def _client(store: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store)


def _location(store: str) -> Path:
    """Folder of the registered bundle in the store."""
    database = sqlite_path(store)
    assert database is not None
    (found,) = database.parent.rglob("models/*/artifacts/artifacts/bundle/manifest.json")
    return found.parent


@pytest.mark.parametrize("address", [CHAMPION, "models:/remission/1"])
def test_a_registered_model_answers_as_its_bundle_does(
    registered: str, bundle: Path, address: str
) -> None:
    answer = predict(PATIENT, model=address).to_dict()
    assert answer == predict(PATIENT, model=bundle).to_dict()


def test_the_copy_is_a_bundle_under_its_digest_and_holds_no_code(
    registered: str, bundle: Path, copies: Path
) -> None:
    folder = fetch_model(CHAMPION)
    assert folder.is_relative_to(copies)
    digest = load_model(bundle).manifest["manifest_digest"]
    assert folder.name == digest.removeprefix("sha256:")
    assert not list(copies.rglob("*.py"))
    assert not list(copies.rglob("MLmodel"))
    assert not list(copies.rglob(".fetching*"))


def test_a_version_is_fetched_once(registered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch_model("models:/remission/1")
    forget()
    monkeypatch.setattr(registry, "take_in", lambda *_: pytest.fail("fetched again"))
    assert fetch_model(CHAMPION) == folder


def test_the_registry_is_asked_once_for_a_loop_of_patients(
    registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(PATIENT, model=CHAMPION)
    monkeypatch.setattr(registry, "check_registry", lambda *_: pytest.fail("asked again"))
    predict(PATIENT, model=CHAMPION)


def test_an_alias_that_was_moved_means_another_model(
    registered: str, make_bundle: Callable[..., Path]
) -> None:
    before = load_model(CHAMPION).manifest["created"]
    second = make_bundle("second", created="2026-02-02T00:00:00+00:00")
    sent = send_bundle(second, TrackingSettings("trial", registered, "remission"), version="0.1.0")
    client = _client(registered)
    client.set_registered_model_alias("remission", "champion", sent.registered_version)
    forget()
    assert load_model(CHAMPION).manifest["created"] == "2026-02-02T00:00:00+00:00" != before
    assert load_model("models:/remission/1").manifest["created"] == before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("models:/nobody@champion", "no model of this name"),
        ("models:/remission@best", r"no such alias\. Its aliases: champion \(version 1\)"),
        ("models:/remission/7", r"no version 7\. Its aliases: champion \(version 1\)"),
    ],
)
def test_what_is_not_registered_is_said_with_what_is(
    registered: str, address: str, said: str
) -> None:
    with pytest.raises(TrackingError, match=said):
        predict(PATIENT, model=address)


@pytest.mark.parametrize(
    "address",
    [
        "models:/",
        "models:/remission",
        "models:/remission/latest",
        "models:/remission/0",
        "models:/remission/Production",
        "models:/m-0123456789abcdef",
        "models:/a/b@champion",
        "models:/../../x@y/z",
        "models:/remission@champion/1",
    ],
)
def test_an_address_without_alias_or_version_is_refused_with_its_forms(address: str) -> None:
    with pytest.raises(TrackingError, match=r"no address .* Write models:/NAME@ALIAS"):
        parse_address(address)


def test_a_model_that_is_none_of_ours_is_refused_and_not_run(
    registered: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "MLmodel").write_text("flavors: {}\n")
    client = _client(registered)
    client.create_registered_model("other")
    client.create_model_version("other", source=str(other))
    with pytest.raises(BundleError, match="is no bundle of this package"):
        predict(PATIENT, model="models:/other/1")


def test_a_bundle_altered_in_the_store_is_refused_and_not_kept(
    registered: str, copies: Path
) -> None:
    model = _location(registered) / "model.json"
    model.write_text(model.read_text().replace("0.8", "0.9"))
    with pytest.raises(BundleError, match="altered or cut short"):
        predict(PATIENT, model=CHAMPION)
    assert not list(copies.rglob("*.json"))
    assert not list((copies / "models").iterdir())


def test_a_bundle_exchanged_in_the_store_is_refused(
    registered: str, make_bundle: Callable[..., Path]
) -> None:
    place = _location(registered)
    shutil.rmtree(place)
    other = make_bundle("other")
    forge(other, "model.json", intercept=0.25)
    shutil.copytree(other, place)
    with pytest.raises(BundleError, match="not those that were registered as version 1"):
        predict(PATIENT, model=CHAMPION)


def test_a_damaged_copy_is_fetched_again(registered: str) -> None:
    folder = fetch_model(CHAMPION)
    (folder / "model.json").write_text("{}")
    forget()
    assert predict(PATIENT, model=CHAMPION).probability > 0
    assert (fetch_model(CHAMPION) / "model.json").read_text() != "{}"


def test_without_the_registry_a_version_comes_from_its_copy_and_this_is_said(
    registered: str, lost: Callable[[], None]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        online = predict(PATIENT, model="models:/remission/1")
    lost()
    with pytest.warns(CopyWarning, match=r"The copy of models:/remission/1 .* is used"):
        offline = predict(PATIENT, model="models:/remission/1")
    assert offline.to_dict() == online.to_dict()


def test_without_the_registry_an_alias_is_refused_with_the_versions_that_are_here(
    registered: str, lost: Callable[[], None]
) -> None:
    predict(PATIENT, model=CHAMPION)
    lost()
    with pytest.raises(
        UnreachableError, match=r"only it knows whose this alias is now.*here: models:/remission/1"
    ):
        predict(PATIENT, model=CHAMPION)


def test_without_the_registry_a_version_that_was_never_here_is_refused(
    registered: str, lost: Callable[[], None]
) -> None:
    lost()
    with pytest.raises(UnreachableError, match="there is no copy of this version"):
        predict(PATIENT, model="models:/remission/1")


def test_without_the_registry_a_damaged_copy_is_not_used(
    registered: str, lost: Callable[[], None]
) -> None:
    (fetch_model(CHAMPION) / "model.json").write_text("{}")
    lost()
    with pytest.raises(UnreachableError, match="there is no copy of this version"):
        predict(PATIENT, model="models:/remission/1")


def test_asking_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="no such database"):
        predict(PATIENT, model=CHAMPION)
    assert not (tmp_path / "mlflow.db").exists()


def test_credentials_of_an_address_are_in_no_copy_and_no_message(
    monkeypatch: pytest.MonkeyPatch, copies: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:s3cret@127.0.0.1:9")
    with pytest.raises(UnreachableError) as caught:
        predict(PATIENT, model=CHAMPION)
    assert "s3cret" not in str(caught.value)
    assert not copies.exists()


def test_a_folder_that_cannot_be_written_is_named(
    registered: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PREDICTOR_CACHE", str(tmp_path / "file" / "x"))
    with pytest.raises(BundleError, match=r"no copy .* can be kept there .* PREDICTOR_CACHE"):
        predict(PATIENT, model=CHAMPION)


def test_nothing_is_written_into_a_copy(registered: str, bundle: Path) -> None:
    assert "copy of a registered model" in why_it_stays(fetch_model(CHAMPION))
    assert why_it_stays(bundle) == ""


def _command(*words: str, store: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "predictor", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": store},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_commands_take_the_address_and_leave_the_copy_alone(
    registered: str, lost: Callable[[], None], tmp_path: Path
) -> None:
    patient = tmp_path / "patient.json"
    patient.write_text(json.dumps(PATIENT))
    words = ("predict", str(patient), "--format", "json", "--model")
    done = _command(*words, CHAMPION, store=registered)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["patient"] == "P1"
    report = _command("report", CHAMPION, store=registered)
    assert report.returncode == 2
    assert "copy of a registered model and stays as it is" in report.stderr
    lost()
    done = _command(*words, "models:/remission/1", store=registered)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("predictor: sqlite:///")
    assert "is used." in done.stderr
    refused = _command(*words, CHAMPION, store=registered)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "only it knows whose this alias is now" in refused.stderr
