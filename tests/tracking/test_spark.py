"""Many patients on a Spark cluster: the page's own program, and the answers of ``predict()``."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from mlflow_service import ROOT
from pyarrow import parquet
from spark_cluster import WORKERS, SparkCluster, needs_spark, spark_cluster

from predictor.clinic.answer_columns import answer_rows
from predictor.clinic.prediction import predict_rows
from predictor.cohort.published import simulate
from predictor.fitted.bundle import load_bundle

PATIENTS = 4000
PREDICTORS = ("anti_dsdna", "c3", "c4", "crp", "platelets", "proteinuria", "age")
IDENTIFIER = "PLANTED-{row:05d}"
IMPOSSIBLE = 31337.25

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster, and a folder with patients, the page's program and a store with the model."""

    cluster: SparkCluster
    folder: Path

    def start(self) -> subprocess.Popen[str]:
        shutil.rmtree(self.folder / "answers", ignore_errors=True)
        store = {"MLFLOW_TRACKING_URI": f"sqlite:///{self.folder / 'mlflow.db'}"}
        with (self.folder / "driver.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "score.py"],
                cwd=self.folder,
                env=self.cluster.environment | store,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def said(self) -> str:
        return (self.folder / "driver.log").read_text()

    def answers(self) -> dict[str, dict[str, Any]]:
        found = parquet.read_table(self.folder / "answers").to_pylist()
        assert len(found) == PATIENTS
        return {row.pop("patient"): row for row in found}


def made_patients() -> pa.Table:
    """Simulated patients as several centres write them: gaps, units, and some to be refused."""
    made = simulate(PATIENTS, seed=2, scenario="strong").columns
    columns: dict[str, list[Any]] = {
        name: np.asarray(made[name], dtype=float).tolist() for name in PREDICTORS
    }
    rows = range(PATIENTS)
    columns["c3"] = [
        (f"{value / 100} g/L", f"{value}", f"{value} mg/dL")[row % 3]
        for row, value in zip(rows, columns["c3"], strict=True)
    ]
    for j, name in enumerate(PREDICTORS):
        for row in rows[j :: 11 + j]:
            columns[name][row] = None
    for row in rows[::97]:
        columns["c3"][row] = "<10"
    for row in rows[5::101]:
        columns["crp"][row] = IMPOSSIBLE
    for row in rows[7::89]:
        for name in PREDICTORS[:6]:
            columns[name][row] = None
    overlap = [True if row % 83 == 9 else None if row % 2 else False for row in rows]
    return pa.table(
        columns
        | {
            "patient": [IDENTIFIER.format(row=row) for row in rows],
            "overlap_syndrome": overlap,
            "simulated": pa.array([1] * PATIENTS, pa.int8()),
            "centre": [f"centre-{row % 8}" for row in rows],
        }
    )


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return made_patients()


@pytest.fixture(scope="module")
def place(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    needs_spark()
    folder = tmp_path_factory.mktemp("spark")
    shutil.copytree(ROOT / "models" / "remission", folder / "bundle")
    send = [sys.executable, "-m", "predictor", "track", "bundle", "--register-as", "remission"]
    send += ["--uri", f"sqlite:///{folder / 'mlflow.db'}"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    subprocess.run(send, cwd=folder, env=environment, check=True, capture_output=True)
    parquet.write_to_dataset(table, folder / "patients", partition_cols=["centre"])
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    found = re.search(r"`score\.py`.*?```python\n(.*?)```", page, re.DOTALL)
    assert found is not None, "docs/cluster.md shows no score.py"
    (folder / "score.py").write_text(found.group(1))
    with spark_cluster(folder / "cluster") as cluster:
        yield Place(cluster, folder)


@pytest.fixture(scope="module")
def expected(table: pa.Table) -> dict[str, dict[str, Any]]:
    """Answers of ``predict()`` for one patient after the other, in this process."""
    rows = table.drop_columns(["centre"]).to_pylist()
    answers = predict_rows(enumerate(rows), load_bundle(ROOT / "models" / "remission"))
    assert len(answers.refused) > 100
    assert sum(bool(answer.imputed) for answer in answers.predictions) > 1000
    return {row["patient"]: row for row in answer_rows(answers)}


def same_answers(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for patient, answer in found.items():
        for name, value in answer.items():
            wanted = expected[patient].get(name)
            if isinstance(value, str) or value is None:
                assert (value or None) == (wanted or None), (patient, name)
            else:
                assert value == pytest.approx(wanted, rel=0, abs=1e-12), (patient, name)


def test_answers_are_those_of_predict_and_both_workers_gave_them(
    place: Place, expected: dict[str, Any]
) -> None:
    assert place.start().wait(900) == 0, place.said
    found = place.answers()
    same_answers(found, expected)
    refused = [answer for answer in found.values() if answer["refused"]]
    assert {answer["probability"] for answer in refused} == {None}
    for number in range(WORKERS):
        (log,) = place.cluster.executor_logs(number)
        assert len(re.findall(r"Finished task \d+\.0 in stage \d+", log.read_text())) > 1


def test_a_killed_executor_changes_nothing_but_time(place: Place, expected: dict[str, Any]) -> None:
    before = {log for number in range(WORKERS) for log in place.cluster.executor_logs(number)}
    driver = place.start()
    deadline = time.monotonic() + 600
    while driver.poll() is None and time.monotonic() < deadline:
        logs = [
            log.read_text()
            for number in range(WORKERS)
            for log in place.cluster.executor_logs(number)
            if log not in before
        ]
        if sum("Running task" in log for log in logs) == WORKERS:
            break
        time.sleep(0.1)
    (victim,) = place.cluster.executors(0)
    os.kill(victim, signal.SIGKILL)
    assert driver.poll() is None, "the run was over before the executor was killed"
    assert driver.wait(900) == 0, place.said
    assert "Lost executor" in place.said
    assert "Lost task" in place.said
    same_answers(place.answers(), expected)


def test_no_log_holds_anything_of_a_patient(place: Place) -> None:
    written = {str(path): path.read_text() for path in place.cluster.logs()}
    assert sum("rows refused, their probability is NaN" in text for text in written.values()) >= 2
    written["driver"] = place.said
    planted = (IDENTIFIER.partition("{")[0], str(IMPOSSIBLE))
    assert not [name for name, text in written.items() if any(cell in text for cell in planted)]
