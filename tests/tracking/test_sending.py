"""Bundles sent to a local SQLite store, and what happens when the sending fails."""

from __future__ import annotations

import dataclasses
import json
import logging
import multiprocessing
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from predictor.errors import BundleError, TrackingError
from predictor.tracking import record as facts
from predictor.tracking.sending import send_bundle
from predictor.tracking.sent import SentRun, read_tracking, write_tracking
from predictor.tracking.store import TrackingSettings, sqlite_path

ROOT = Path(__file__).resolve().parents[2]
PLANTED = (71.0625, 93.4375)  # beside the schema in the manifest of this test


def _send(bundle: Path, store: str, **settings: Any) -> SentRun:
    return send_bundle(bundle, TrackingSettings("trial", store, **settings), version="0.1.0")


def _client(store: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store)


def _runs(store: str, experiment: str = "trial") -> list[Any]:
    client = _client(store)
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def lost_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Any], BaseException], None]:
    """Break the sending when the first fact of a kind comes, with a given exception."""

    def lose(kind: type[Any], error: BaseException) -> None:
        original = facts.record

        def broken(bundle: Path, *, version: str) -> Iterator[facts.Fact]:
            for fact in original(bundle, version=version):
                if isinstance(fact, kind):
                    raise error
                yield fact

        monkeypatch.setattr(facts, "record", broken)

    return lose


def test_one_run_per_training_and_a_nested_run_per_candidate(bundle: Path, store: str) -> None:
    sent = _send(bundle, store)
    runs = {run.info.run_name: run for run in _runs(store)}
    assert set(runs) == {"a test", "prevalence", "ridge"}
    assert runs["a test"].info.run_id == sent.run_id
    assert "mlflow.parentRunId" not in runs["a test"].data.tags
    for name in ("prevalence", "ridge"):
        assert runs[name].data.tags["mlflow.parentRunId"] == sent.run_id
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


def test_run_holds_config_metrics_with_bounds_environment_and_commit(
    bundle: Path, store: str
) -> None:
    sent = _send(bundle, store)
    data = _client(store).get_run(sent.run_id).data
    assert data.params["models.ridge.penalty"] == "[0.1, 1.0]"
    assert (data.metrics["auroc"], data.metrics["auroc_low"]) == (0.73, 0.61)
    assert data.tags["mlflow.source.git.commit"].startswith("0123456789")
    assert data.tags["python"] == "3.11.2"


def test_dataset_is_logged_with_digest_and_schema(bundle: Path, store: str) -> None:
    sent = _send(bundle, store)
    (given,) = _client(store).get_run(sent.run_id).inputs.dataset_inputs
    assert given.dataset.name == "cohort.csv"
    assert given.dataset.digest == "ab" * 18
    columns = json.loads(given.dataset.schema)["mlflow_colspec"]
    assert [column["name"] for column in columns] == ["c3", "creatinine", "fever", "indication"]


def test_bundle_tables_figures_and_environment_are_artifacts(bundle: Path, store: str) -> None:
    sent = _send(bundle, store)
    client = _client(store)

    def listed(path: str | None = None) -> set[str]:
        return {file.path for file in client.list_artifacts(sent.run_id, path)}

    assert {"bundle", "tables", "figures", "cohort", "config.json", "environment.json"} <= listed()
    assert "bundle/manifest.json" in listed("bundle")
    assert listed("figures") == {"figures/beeswarm.png"}


def test_no_value_of_a_patient_is_anywhere_in_the_store_but_in_the_bundle_itself(
    bundle: Path, store: str
) -> None:
    (bundle / "patients.csv").write_text("c3\n71.0625\n")  # a stranger in the folder
    _send(bundle, store)
    path = sqlite_path(store)
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        database = "\n".join(connection.iterdump())
    for value in PLANTED:
        assert str(value) not in database
    for file in path.parent.rglob("*"):
        if file.is_file() and file != path and file.name != "manifest.json":
            assert not [v for v in PLANTED if str(v).encode() in file.read_bytes()], file


def test_password_of_the_config_is_in_no_table_of_the_store(bundle: Path, store: str) -> None:
    _send(bundle, store)
    path = sqlite_path(store)
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        assert "secret-word" not in "\n".join(connection.iterdump())


def test_model_is_registered_on_request_and_the_first_is_champion(bundle: Path, store: str) -> None:
    sent = _send(bundle, store, register_as="remission")
    champion = _client(store).get_model_version_by_alias("remission", "champion")
    assert sent.registered_version == str(champion.version) == "1"
    assert champion.run_id == sent.run_id


def test_a_newer_version_does_not_become_champion_by_being_newer(
    make_bundle: Callable[..., Path], store: str
) -> None:
    _send(make_bundle("first"), store, register_as="remission")
    second = _send(make_bundle("second"), store, register_as="remission")
    assert second.registered_version == "2"
    champion = _client(store).get_model_version_by_alias("remission", "champion")
    assert str(champion.version) == "1"


def test_nothing_is_registered_unless_asked(bundle: Path, store: str) -> None:
    assert _send(bundle, store).registered_version is None
    assert list(_client(store).search_registered_models()) == []


def test_tracking_file_is_the_only_change_to_the_bundle(bundle: Path, store: str) -> None:
    before = _content(bundle)
    sent = _send(bundle, store)
    after = _content(bundle)
    assert set(after) - set(before) == {"tracking.json"}
    assert {name: after[name] for name in before} == before
    assert read_tracking(bundle) == sent


def test_bundle_is_not_sent_twice(bundle: Path, store: str) -> None:
    sent = _send(bundle, store)
    with pytest.raises(TrackingError, match=f"was sent to .* as {sent.run_id}"):
        _send(bundle, store)
    assert len(_runs(store)) == 3


def test_altered_bundle_is_not_sent(bundle: Path, store: str) -> None:
    (bundle / "comparison.csv").write_text("name,auroc\nridge,0.99\n")
    with pytest.raises(BundleError, match="altered"):
        _send(bundle, store)
    assert _runs(store) == []


def test_unreachable_server_leaves_the_bundle_and_says_how_to_send_it(bundle: Path) -> None:
    before = _content(bundle)
    start = time.monotonic()
    command = re.escape(f"predictor track {bundle} --uri http://127.0.0.1:9")
    with pytest.raises(TrackingError, match=command):
        _send(bundle, "http://ann:s3cret@127.0.0.1:9")
    assert time.monotonic() - start < 10
    assert _content(bundle) == before


def test_command_for_later_is_short_when_the_environment_names_the_store(
    make_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle("with a space")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"predictor track '.*/with a space'$"):
        send_bundle(bundle, TrackingSettings("trial"), version="0.1.0")


@pytest.mark.parametrize("kind", [facts.Dataset, facts.File, facts.Model])
def test_failure_on_the_way_marks_the_runs_failed_and_says_how_to_send_again(
    bundle: Path, store: str, lost_after: Callable[..., None], kind: type[Any]
) -> None:
    before = _content(bundle)
    lost_after(kind, OSError("disk of http://ann:s3cret@host is full"))
    with pytest.raises(TrackingError, match=r"OSError.*predictor track") as caught:
        _send(bundle, store)
    assert "s3cret" not in str(caught.value)
    assert {run.info.status for run in _runs(store)} == {"FAILED"}
    assert _content(bundle) == before


def test_second_try_after_a_failure_succeeds(
    bundle: Path, store: str, lost_after: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context():
        lost_after(facts.Model, ConnectionError("gone"))
        with pytest.raises(TrackingError, match="could not be sent"):
            _send(bundle, store)
    monkeypatch.undo()
    sent = _send(bundle, store)
    assert _client(store).get_run(sent.run_id).info.status == "FINISHED"


def test_interrupt_marks_the_runs_killed_and_passes_on(
    bundle: Path, store: str, lost_after: Callable[..., None]
) -> None:
    lost_after(facts.File, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        _send(bundle, store)
    assert {run.info.status for run in _runs(store)} == {"KILLED"}


def test_run_that_nobody_could_end_is_marked_failed_by_the_next_sending(
    bundle: Path, store: str, lost_after: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        lost_after(facts.Model, ConnectionError("gone"))
        patch.setattr("mlflow.MlflowClient.set_terminated", _gone)
        with pytest.raises(TrackingError, match="could not be sent"):
            _send(bundle, store)
    assert {run.info.status for run in _runs(store)} == {"RUNNING"}
    monkeypatch.undo()
    _send(bundle, store)
    statuses = [run.info.status for run in _runs(store)]
    assert (statuses.count("FAILED"), statuses.count("FINISHED")) == (3, 3)


def _gone(*args: object, **kwargs: object) -> None:
    raise ConnectionError("gone")


def test_deleted_experiment_is_named(bundle: Path, store: str) -> None:
    client = _client(store)
    client.delete_experiment(client.create_experiment("trial"))
    with pytest.raises(TrackingError, match=r"'trial' was deleted.*restore"):
        _send(bundle, store)


def test_database_of_another_mlflow_is_explained(bundle: Path, store: str) -> None:
    path = sqlite_path(store)
    assert path is not None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    with pytest.raises(TrackingError, match=r"another version of MLflow.*mlflow db upgrade"):
        _send(bundle, store)


def test_impossible_registry_name_fails_without_an_unfinished_run(bundle: Path, store: str) -> None:
    with pytest.raises(TrackingError, match="Names cannot contain"):
        _send(bundle, store, register_as="a/b")
    assert {run.info.status for run in _runs(store)} == {"FAILED"}


def test_sending_leaves_environment_loggers_and_mlflows_globals_alone(
    bundle: Path, store: str
) -> None:
    import mlflow

    mlflow.set_tracking_uri("http://127.0.0.1:9")
    try:
        before = (dict(os.environ), logging.getLogger("mlflow").level)
        _send(bundle, store)
        assert mlflow.get_tracking_uri() == "http://127.0.0.1:9"
        assert mlflow.active_run() is None
        after = (dict(os.environ), logging.getLogger("mlflow").level)
        assert after == before
    finally:
        mlflow.set_tracking_uri(None)


def test_call_that_lost_a_race_is_made_again_and_any_other_failure_is_not() -> None:
    from predictor.tracking.client import persistently

    failures = iter([OSError("(sqlite3.IntegrityError) UNIQUE constraint failed: datasets.name")])

    def second_time() -> str:
        for failure in failures:
            raise failure
        return "done"

    assert persistently(second_time) == "done"
    calls = []
    with pytest.raises(OSError, match="disk full"):
        persistently(lambda: (calls.append(1), _fail("disk full")))
    assert len(calls) == 1


def _fail(message: str) -> None:
    raise OSError(message)


def test_settings_of_the_user_are_obeyed(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    from predictor.tracking.client import session

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    with session(store):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"


_PROGRAM = """
import sys
from pathlib import Path
from predictor.tracking.sending import send_bundle
from predictor.tracking.store import TrackingSettings
send_bundle(Path(sys.argv[1]), TrackingSettings("trial", None, "remission"), version="0.1.0")
import mlflow.telemetry
assert mlflow.telemetry.get_telemetry_client() is None
"""


def _environment() -> dict[str, str]:
    # None of the variables by which MLflow recognises tests and CI, where it is off anyway
    telling = ("CI", "PYTEST", "MLFLOW", "GITHUB", "JENKINS", "RUNBOT", "BUILD")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(telling)}
    return clean | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def test_fresh_store_is_made_silently_beside_the_database_and_telemetry_is_off(
    bundle: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(bundle)]
    done = subprocess.run(
        command, env=_environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "mlflow.db").is_file()
    assert (tmp_path / "mlruns" / "trial").is_dir()


def _send_in_process(bundle: str, store: str) -> None:
    send_bundle(Path(bundle), TrackingSettings("trial", store, "remission"), version="0.1.0")


@pytest.mark.slow
def test_trainings_that_make_the_same_store_at_once_all_arrive(
    make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'fresh.db'}"
    bundles = [make_bundle(f"bundle{i}") for i in range(3)]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_send_in_process, args=(str(bundle), store)) for bundle in bundles
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(_runs(store)) == 9
    champion = _client(store).get_model_version_by_alias("remission", "champion")
    assert str(champion.version) in {"1", "2", "3"}


def test_sent_run_is_what_the_tracking_file_holds(bundle: Path, store: str) -> None:
    sent = _send(bundle, store)
    assert json.loads((bundle / "tracking.json").read_text()) == dataclasses.asdict(sent)


def test_damaged_tracking_file_is_explained(bundle: Path, store: str) -> None:
    (bundle / "tracking.json").write_text("{")
    with pytest.raises(TrackingError, match="Delete it to send"):
        _send(bundle, store)


def test_record_that_cannot_be_noted_says_that_the_run_arrived(
    bundle: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    sent = SentRun(store, "trial", "run7", "models:/m-1")
    with pytest.raises(TrackingError, match=r"sent as run7.*No space left"):
        write_tracking(bundle, sent)


def test_a_run_of_which_only_the_last_answer_was_lost_is_not_sent_again(
    bundle: Path, store: str
) -> None:
    sent = _send(bundle, store, register_as="remission")
    # As a connection would leave it that breaks just before the sending is noted
    (bundle / "tracking.json").rename(bundle / ".tracking.json.new")
    assert _send(bundle, store, register_as="remission") == sent
    assert read_tracking(bundle) == sent
    assert len(_runs(store)) == 3
    assert not (bundle / ".tracking.json.new").exists()


def test_a_bundle_whose_note_was_deleted_is_sent_again(bundle: Path, store: str) -> None:
    first = _send(bundle, store)
    (bundle / "tracking.json").unlink()
    assert _send(bundle, store).run_id != first.run_id


@pytest.mark.slow
def test_a_full_disk_is_told_from_a_store_that_is_gone_and_the_bundle_stays(
    bundle: Path, store: str
) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    (bundle / "report.html").write_text("x" * 3_000_000)
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from predictor.errors import TrackingError\n"
        "from predictor.tracking.sending import send_bundle\n"
        "from predictor.tracking.store import TrackingSettings\n"
        # The system lets no file of this process grow beyond 2 MB, as on a disk that is full
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "try: send_bundle(Path(sys.argv[1]), TrackingSettings('trial', sys.argv[2]), version='1')\n"
        "except TrackingError as error: print(error)\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run(
        [sys.executable, "-c", program, str(bundle), store],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "the store answers, but takes no more files (OSError" in done.stdout
    assert "Make room there. The bundle is complete; send it when" in done.stdout
    assert read_tracking(bundle) is None
    assert {run.info.status for run in _runs(store)} == {"FAILED"}
