"""Planted identifiers, rare values and small counts are nowhere but in the cohort.

Searched are the bundle, its report, page, card and archives, the MLflow store (database and
files), and everything that a training prints or logs.
"""

from __future__ import annotations

import io
import json
import logging
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_cohorts import cohort, configuration

from predictor.report.document import tables_of
from predictor.workflow.report import report_file
from predictor.workflow.train import TrainingRun, train

TEXT = (".json", ".html", ".md", ".csv", ".txt", ".yaml", ".yml", ".py", "MLmodel")
PATIENTS = 90
CELL = 5

PEOPLE = {"patients", "events", "others", "missing", "n", "excluded", "all", "event"}
"""Keys under which people are counted."""

# Digits that no figure computed from the cohort has by chance.
RARE = {"c3": 179.8734651, "c4": 47.3318297, "age": 89.4417263}
"""The one patient with the highest value of each: what an axis or a range might give away."""


def planted() -> pd.DataFrame:
    """A cohort whose patients could be recognised by anybody who saw a row of it."""
    table = cohort(PATIENTS, seed=11)
    generator = np.random.default_rng(3)
    numbers = generator.choice(np.arange(70_000_000, 79_999_999), PATIENTS, replace=False)
    table["pid"] = numbers
    table["comment"] = [f"Quirrenbach-{i:03d}, Zoë" for i in range(PATIENTS)]
    table["record"] = [f"MRN-{n}" for n in numbers[::-1] + 11]
    table["born"] = [f"19{40 + i % 50}-0{1 + i % 9}-1{i % 9}" for i in range(PATIENTS)]
    for name, value in RARE.items():
        table.loc[table[name].idxmax(), name] = value
    # Two patients have no outcome, three a symptom, one a sex that is known of nobody else.
    table["out"] = table["out"].astype(object)
    table.loc[[4, 71], "out"] = None
    table["fever"] = "no"
    table.loc[[8, 33, 52], "fever"] = "yes"
    table.loc[17, "sex"] = None
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("private")


@pytest.fixture(scope="module")
def run(folder: Path) -> tuple[TrainingRun, str]:
    """A tracked training, and everything it wrote to streams and logs."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    study = configuration(
        predictors=["age", "sex", "c3", "c4", "sledai_2k", "fever"],
        tracking={"uri": f"sqlite:///{folder / 'mlflow.db'}", "experiment": "private"},
        privacy={"cell_size": CELL},
    )
    try:
        done = train(study, planted(), out=folder / "bundle", workers=1)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert done.sent is not None
    return done, heard.getvalue()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and what is inside archives."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(folder))
        yield name, path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for inner in archive.namelist():
                    yield f"{name}:{inner}", archive.read(inner)


def words() -> list[str]:
    """What must not be read anywhere: identifiers whole and in part, and rare values."""
    table = planted()
    names = [word for text in table["comment"] for word in (text, text.split(",")[0])]
    values = {
        repr(float(value))
        for name in ("age", "c3", "c4")
        for value in table[name].dropna()
        if len(repr(float(value))) >= 6
    }
    ids = [*map(str, table["pid"]), *table["record"], *table["record"].str[4:], *names]
    return [*ids, *table["born"], *sorted(values)]


def numbers() -> list[bytes]:
    """The same as numbers are stored."""
    table = planted()
    found = [struct.pack("<q", int(n)) for n in table["pid"]]
    for name in ("age", "c3", "c4"):
        for value in table[name].dropna():
            found += [struct.pack("<d", float(value)), struct.pack("<f", float(value))]
    return found


def test_what_is_searched_for_would_be_found(run: tuple[TrainingRun, str], folder: Path) -> None:
    searched = {name for name, _ in files(folder)}
    for name in (
        "bundle/manifest.json",
        "bundle/findings.json",
        "bundle/report.html",
        "bundle/report.json",
        "bundle/model_card.md",
        "bundle/tracking.json",
        "mlflow.db",
    ):
        assert name in searched
    assert any(name.endswith("artifacts/report/report.html") for name in searched)
    assert any("artifacts/report/tables/" in name for name in searched)
    assert any("replicates.npz:" in name for name in searched)
    assert len(words()) > 5 * PATIENTS
    assert all(repr(value) in words() for value in RARE.values())


def test_no_identifier_and_no_value_of_a_patient_is_in_any_file(
    run: tuple[TrainingRun, str], folder: Path
) -> None:
    forbidden = [word.encode() for word in words()]
    packed = numbers()
    # The store holds most files of the bundle several times.
    for content, name in {content: name for name, content in files(folder)}.items():
        assert not [word for word in forbidden if word in content], name
        # Any four bytes occur by chance in what is compressed.
        if not name.endswith((".png", ".db", *TEXT)):
            assert not [number for number in packed if number in content], name


def test_nothing_of_a_patient_is_printed_or_logged(
    run: tuple[TrainingRun, str],
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    done, heard = run
    with caplog.at_level(logging.DEBUG):
        report_file(folder / "bundle", folder / "again")
    told = "".join([heard, *capfd.readouterr(), caplog.text, json.dumps(done.to_dict())])
    assert not [word for word in words() if word in told]


def test_rounded_rare_values_are_not_told_either(
    run: tuple[TrainingRun, str], folder: Path
) -> None:
    """The highest value is one patient's own, however few of its digits are shown.

    The page is drawn from ``report.json``, and places of its lines may have the same digits.
    """
    for name, content in files(folder / "bundle"):
        if name.endswith((".json", ".md", ".csv")):
            for value in RARE.values():
                assert f"{value:.2f}".encode() not in content, name


def test_no_small_count_is_in_report_findings_or_manifest(
    run: tuple[TrainingRun, str], folder: Path
) -> None:
    done, _ = run
    report = report_file(folder / "bundle").report
    for table in tables_of(report.sections):
        for row in table.rows:
            for key in PEOPLE & row.keys():
                value = row[key]
                if isinstance(value, int) and not isinstance(value, bool):
                    assert not 0 < value < CELL, (table.id, key)
    for part in ("findings.json", "manifest.json"):
        for where, value in _counts(json.loads((done.bundle / part).read_text(encoding="utf-8"))):
            assert not 0 < value < CELL, (part, where)


def _counts(data: Any, path: str = "") -> Iterator[tuple[str, int]]:
    """Whole numbers under keys that count people."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in PEOPLE and isinstance(value, int) and not isinstance(value, bool):
                yield f"{path}.{key}", value
            yield from _counts(value, f"{path}.{key}")
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _counts(value, f"{path}[{i}]")


def test_two_excluded_patients_are_not_told_by_subtraction(
    run: tuple[TrainingRun, str], folder: Path
) -> None:
    done, _ = run
    assert done.cohort.flow[0].patients - done.cohort.patients == 2
    manifest = json.loads((done.bundle / "manifest.json").read_text(encoding="utf-8"))
    read, left, analysed = manifest["cohort"]["flow"]
    assert (read["patients"], left["patients"]) == (None, None)
    assert analysed["patients"] == PATIENTS - 2
    for name, content in files(folder):
        if name.endswith("cohort/flow.csv"):
            assert str(PATIENTS).encode() not in content, name
