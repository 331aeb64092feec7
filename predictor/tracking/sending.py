"""The one loop that sends a bundle to an MLflow store.

The bundle is finished before and stays as it is, whatever happens here: a lost server costs
nothing but a second try, ``predictor track BUNDLE``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import predictor.tracking.telemetry  # noqa: F401 - before mlflow, whose telemetry it switches off
from predictor.errors import TrackingError, UnreachableError
from predictor.fitted.bundle import Bundle, open_bundle
from predictor.tracking import record as facts
from predictor.tracking.registering import crown_the_first, register
from predictor.tracking.sent import (
    SentRun,
    begun,
    note_begun,
    refuse_second_sending,
    write_tracking,
)
from predictor.tracking.store import (
    TrackingSettings,
    check_reachable,
    resolve_uri,
    strip_credentials,
)

if TYPE_CHECKING:
    from predictor.tracking.client import MlflowClient

_BATCH = 100
"""Parameters and tags MLflow takes in one request."""


def send_bundle(bundle: Path, settings: TrackingSettings, *, version: str) -> SentRun:
    """Send a finished training to MLflow: one run, a nested run per candidate, and the model.

    Parameters
    ----------
    bundle
        Folder of the bundle. Only ``tracking.json`` is written into it, and only at the end.
    settings
        Where to.
    version
        Version of this package.

    Returns
    -------
    SentRun

    Raises
    ------
    BundleError
        If the bundle is missing, incomplete or altered; nothing is sent then.
    TrackingError
        If it was sent before, or the store is lost on the way: the run is marked as failed if the
        store still hears it, and the message says how to send the bundle later.
    """
    loaded = open_bundle(bundle)
    uri = resolve_uri(settings.uri)
    later = _how_to_send_later(bundle, uri)
    refuse_second_sending(loaded.path, uri)
    try:
        check_reachable(uri)
    except UnreachableError as error:
        raise UnreachableError(error.where, error.rule, later) from None
    except TrackingError as error:  # what is wrong with the address or the credentials first
        raise TrackingError(error.where, error.rule, f"{error.next_step} {later}") from None
    from predictor.tracking.client import absolute, explain, session

    try:
        with session(uri) as client:
            sent = _Sending(client, absolute(uri), loaded, settings, version).send()
    except TrackingError as error:
        raise TrackingError(error.where, error.rule, error.next_step or later) from None
    # Stores reach us through many libraries (MLflow, SQLAlchemy, S3 clients), each with its own
    # exceptions; all of them mean the same to the user.
    except Exception as error:  # noqa: BLE001
        raise TrackingError(
            strip_credentials(uri), f"the run could not be sent ({explain(error)})", later
        ) from None
    write_tracking(loaded.path, sent)
    return sent


def _how_to_send_later(bundle: Path, uri: str) -> str:
    command = f"predictor track {shlex.quote(str(bundle))}"
    if uri != resolve_uri(None):  # the config named it, and a bundle does not remember addresses
        command += f" --uri {shlex.quote(strip_credentials(uri))}"
    return f"The bundle is complete; send it when the store is back: {command}"


@dataclass(slots=True)
class _Sending:
    """One sending: which runs exist so far, so that none is left looking alive."""

    client: MlflowClient
    uri: str
    bundle: Bundle
    settings: TrackingSettings
    version: str
    experiment_id: str = ""
    runs: dict[str | None, str] = field(default_factory=dict)
    model_id: str | None = None
    model_location: str = ""

    def send(self) -> SentRun:
        from predictor.tracking.client import persistently

        if sent := self._closed_before():
            return sent
        model = None
        with self._runs_end_well_or_failed():
            self.experiment_id = self._experiment()
            self._end_abandoned()
            for fact in facts.record(self.bundle.path, version=self.version):
                if isinstance(fact, facts.Model):
                    model = fact
                else:
                    persistently(partial(self._send, fact))
            if model is None:
                raise TrackingError(str(self.bundle.path), "the record ends without its model")
            self._send_model(model)
            sent = SentRun(
                tracking_uri=strip_credentials(self.uri),
                experiment=self.settings.experiment,
                run_id=self.runs[None],
                model_uri=f"models:/{self.model_id}",
                registered_model=self.settings.register_as,
                registered_version=self._register(),
            )
            note_begun(self.bundle.path, sent)
            # The training's run last: one that is FINISHED has everything
            for run_id in reversed(self.runs.values()):
                self.client.set_terminated(run_id, "FINISHED")
        return sent

    def _closed_before(self) -> SentRun | None:
        """The run of an earlier sending of which only the last answer of the store was lost."""
        from mlflow.exceptions import MlflowException

        sent = begun(self.bundle.path, self.uri)
        if sent is None:
            return None
        asked = (sent.experiment, sent.registered_model)
        if asked != (self.settings.experiment, self.settings.register_as):
            return None
        try:
            run = self.client.get_run(sent.run_id)
        except MlflowException:
            return None
        digest = self.bundle.manifest["manifest_digest"]
        same = run.data.tags.get(facts.MANIFEST_DIGEST) == digest
        active = run.info.lifecycle_stage == "active"
        return sent if same and active and run.info.status == "FINISHED" else None

    @contextlib.contextmanager
    def _runs_end_well_or_failed(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            from predictor.tracking.client import hurry

            state = "FAILED" if isinstance(error, Exception) else "KILLED"  # KILLED: Ctrl-C
            # If the store is gone it cannot be told, which must not hide why it is gone
            with contextlib.suppress(Exception), hurry():
                for run_id in self.runs.values():
                    self.client.set_terminated(run_id, state)
                if self.model_id is not None:
                    self.client.finalize_logged_model(self.model_id, "FAILED")
            raise

    def _experiment(self) -> str:
        from mlflow.exceptions import MlflowException

        from predictor.tracking.client import artifact_root

        name = self.settings.experiment
        for attempt in range(2):
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                if found.lifecycle_stage != "active":
                    raise TrackingError(
                        strip_credentials(self.uri),
                        f"the experiment {name!r} was deleted",
                        "Restore it (mlflow experiments restore), or choose another and send: "
                        f"predictor track {shlex.quote(str(self.bundle.path))} --experiment NAME",
                    )
                return str(found.experiment_id)
            try:
                return str(
                    self.client.create_experiment(
                        name, artifact_location=artifact_root(self.uri, name)
                    )
                )
            except MlflowException:  # made by another training just now: look again
                if attempt:
                    raise
        raise AssertionError("unreachable")

    def _end_abandoned(self) -> None:
        """Mark runs of this bundle as failed that an earlier sending could not end."""
        digest = self.bundle.manifest["manifest_digest"]
        running = "attributes.status = 'RUNNING'"
        for run in self.client.search_runs(
            [self.experiment_id], f"tags.`{facts.MANIFEST_DIGEST}` = '{digest}' and {running}"
        ):
            children = self.client.search_runs(
                [self.experiment_id],
                f"tags.`mlflow.parentRunId` = '{run.info.run_id}' and {running}",
            )
            for abandoned in (run, *children):
                self.client.set_terminated(abandoned.info.run_id, "FAILED")

    def _send(self, fact: facts.Fact) -> None:
        from mlflow import entities

        match fact:
            case facts.Run(model, name):
                self._start(model, name)
            case facts.Tags(model, values):
                self._log(model, tags=[entities.RunTag(k, v) for k, v in values.items()])
            case facts.Params(model, values):
                self._log(model, params=[entities.Param(k, v) for k, v in values.items()])
            case facts.Metrics(model, numbers):
                now = _now()
                self._log(
                    model, metrics=[entities.Metric(k, v, now, 0) for k, v in numbers.items()]
                )
            case facts.Dataset(name, digest, columns, profile):
                dataset = entities.Dataset(
                    name=name,
                    digest=digest,
                    source_type="local",
                    source=json.dumps({"uri": name}),
                    schema=json.dumps({"mlflow_colspec": [dict(column) for column in columns]}),
                    profile=json.dumps(dict(profile)),
                )
                purpose = entities.InputTag("mlflow.data.context", "training")
                given = entities.DatasetInput(dataset, [purpose])
                self.client.log_inputs(self.runs[None], datasets=[given])
            case facts.Text(path, content):
                with self._taking_files():
                    self.client.log_text(self.runs[None], content, path)
            case facts.File(path, source):
                folder = str(Path(path).parent)
                with self._taking_files():
                    self.client.log_artifact(self.runs[None], str(source), folder)
            case _:
                raise AssertionError(type(fact))

    @contextlib.contextmanager
    def _taking_files(self) -> Iterator[None]:
        """Tell a store that keeps figures and takes no files from one that is gone."""
        from predictor.tracking.client import explain, hurry

        try:
            yield
        except Exception as error:  # noqa: BLE001 - each kind of store has its own
            with hurry():
                self.client.get_run(self.runs[None])  # a store that is gone is told of as such
            raise TrackingError(
                strip_credentials(self.uri),
                f"the store answers, but takes no more files ({explain(error)}): it may be full, "
                "or may not write where it keeps them",
                f"Make room there. {_how_to_send_later(self.bundle.path, self.uri)}",
            ) from None

    def _start(self, model: str | None, name: str) -> None:
        tags = {} if model is None else {"mlflow.parentRunId": self.runs[None]}
        run = self.client.create_run(self.experiment_id, tags=tags, run_name=name)
        self.runs[model] = run.info.run_id

    def _log(self, model: str | None, **kinds: list[Any]) -> None:
        for kind, entries in kinds.items():
            remaining = iter(entries)
            while batch := list(islice(remaining, _BATCH)):
                self.client.log_batch(self.runs[model], **{kind: batch}, synchronous=True)

    def _send_model(self, model: facts.Model) -> None:
        from mlflow.entities import LoggedModelOutput

        from predictor.tracking.logged_model import write_model

        run_id = self.runs[None]
        announced = self.client.create_logged_model(
            self.experiment_id, name=model.name, source_run_id=run_id, tags=dict(model.tags)
        )
        self.model_id = announced.model_id
        self.model_location = announced.artifact_location
        self.client.log_outputs(run_id, [LoggedModelOutput(announced.model_id, 0)])
        with tempfile.TemporaryDirectory(prefix="predictor-") as folder:
            write_model(
                self.bundle,
                Path(folder),
                version=self.version,
                run_id=run_id,
                model_id=announced.model_id,
                location=announced.artifact_location,
            )
            with self._taking_files():
                self.client.log_model_artifacts(announced.model_id, os.path.join(folder, "model"))
        self.client.finalize_logged_model(announced.model_id, "READY")

    def _register(self) -> str | None:
        """Register the model when the config asks for it; the first version is the champion."""
        name = self.settings.register_as
        if name is None:
            return None
        # A server resolves models:/ itself. A database opened from here resolves it by the
        # program's own tracking address, which may be another, so it gets the place of the files.
        remote = self.uri.startswith(("http://", "https://"))
        version = register(
            self.client,
            name,
            source=f"models:/{self.model_id}" if remote else self.model_location,
            run_id=self.runs[None],
            model_id=self.model_id,
            model_digest=self.bundle.digest,
            manifest_digest=str(self.bundle.manifest["manifest_digest"]),
        )
        crown_the_first(self.client, name, version)
        return version


def _now() -> int:
    import time

    return int(time.time() * 1000)
