"""A folder of Parquet files becomes a folder of answers, whoever answers, or nothing is left."""

from __future__ import annotations

from pathlib import Path

import made_bundles
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from made_cluster import cluster, losing_a_worker
from pyarrow import parquet

from predictor.errors import ConfigError, DocumentError, PredictorError
from predictor.workflow.predict import predict_file
from predictor.workflow.predict_parts import predict_folder


def patients(n: int, seed: int) -> pd.DataFrame:
    """Patients of the made-up model, some of whom are refused."""
    rng = np.random.default_rng(seed)
    c3 = rng.normal(90, 20, n).clip(20, 180)
    c3[::17] = -5.0
    return pd.DataFrame(
        {
            "patient": [f"P{seed}-{i}" for i in range(n)],
            "c3": c3,
            "marker": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 10, n)),
            "fever": rng.choice(["yes", "no"], n),
            "organ": rng.choice(["skin", "kidney", "joints"], n),
        }
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return made_bundles.save(tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As Spark writes it: folders by centre, marks of success, a file without patients."""
    top = tmp_path / "patients"
    for i in range(4):
        part = top / f"centre={'AB'[i % 2]}" / f"part-{i}.parquet"
        part.parent.mkdir(parents=True, exist_ok=True)
        patients(50 + i, i).to_parquet(part)
    patients(3, 9).iloc[:0].to_parquet(top / "centre=A" / "part-9.parquet")
    (top / "_SUCCESS").touch()
    (top / "_metadata.parquet").write_bytes(b"not data")
    return top


def tables(top: Path) -> dict[str, pa.Table]:
    return {
        path.relative_to(top).as_posix(): parquet.ParquetFile(path).read()
        for path in sorted(top.rglob("*.parquet"))
    }


class TestOnThisMachine:
    def test_every_file_gets_the_answers_it_gets_alone(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "answers"
        found = predict_folder(folder, str(model), out, workers=2)
        assert [part.file for part in found.parts] == sorted(tables(out).keys())
        for name, answers in tables(out).items():
            if name.endswith("part-9.parquet"):
                assert answers.num_rows == 0
                continue
            alone = tmp_path / "alone.parquet"
            predict_file(folder / name, str(model), out=alone)
            assert answers.equals(parquet.read_table(alone))
        assert found.answered + found.refused == sum(50 + i for i in range(4))
        assert found.refused == sum(len(range(0, 50 + i, 17)) for i in range(4))

    def test_the_answer_as_json_holds_counts_and_no_patient(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        told = predict_folder(folder, str(model), tmp_path / "answers", workers=1).to_dict()
        assert told["patients_answered"] == sum(f["patients_answered"] for f in told["files"])
        assert "P1-" not in str(told)

    @pytest.mark.parametrize("name", ["c3", "patient", "simulated"])
    def test_a_variable_in_the_names_of_folders_is_refused(
        self, name: str, model: Path, tmp_path: Path
    ) -> None:
        part = tmp_path / "patients" / f"{name}=1" / "part.parquet"
        part.parent.mkdir(parents=True)
        patients(5, 1).drop(columns=name, errors="ignore").to_parquet(part)
        with pytest.raises(DocumentError, match=rf"{name} stands in the names of the folders"):
            predict_folder(tmp_path / "patients", str(model), tmp_path / "answers")

    def test_a_file_with_other_columns_stops_all_before_any_is_answered(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        odd = patients(5, 1).rename(columns={"c3": "C3_gl"})
        odd.to_parquet(folder / "centre=B" / "part-7.parquet")
        with pytest.raises(DocumentError, match=r"centre=B/part-7\.parquet.*\n?.*C3_gl"):
            predict_folder(folder, str(model), tmp_path / "answers", workers=1)
        assert not [p for p in tmp_path.iterdir() if "answers" in p.name]

    def test_a_broken_file_leaves_nothing(self, folder: Path, model: Path, tmp_path: Path) -> None:
        (folder / "centre=B" / "part-7.parquet").write_bytes(b"PAR1 but no more")
        with pytest.raises(DocumentError, match=r"part-7\.parquet"):
            predict_folder(folder, str(model), tmp_path / "answers", workers=1)
        assert not [p for p in tmp_path.iterdir() if "answers" in p.name]

    def test_a_page_that_is_damaged_leaves_nothing(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        part = folder / "centre=B" / "part-1.parquet"
        whole = bytearray(part.read_bytes())
        whole[4:400] = bytes(396)
        part.write_bytes(whole)  # the footer is there, so that it is found while it is read
        with pytest.raises(DocumentError, match=r"part-1\.parquet"):
            predict_folder(folder, str(model), tmp_path / "answers", workers=1)
        assert not [p for p in tmp_path.iterdir() if "answers" in p.name]

    def test_answers_that_are_there_are_never_replaced(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "answers").mkdir()
        with pytest.raises(PredictorError, match="it is there already"):
            predict_folder(folder, str(model), tmp_path / "answers")

    @pytest.mark.parametrize("place", ["patients/answers", "patients"])
    def test_nor_are_they_written_among_the_patients(
        self, place: str, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(PredictorError, match="inside what is read"):
            predict_folder(folder, str(model), tmp_path / place)

    def test_an_empty_folder_and_one_without_patients(self, model: Path, tmp_path: Path) -> None:
        top = tmp_path / "patients"
        top.mkdir()
        with pytest.raises(DocumentError, match="no Parquet file"):
            predict_folder(top, str(model), tmp_path / "answers")
        patients(3, 9).iloc[:0].to_parquet(top / "a.parquet")
        with pytest.raises(DocumentError, match="no patients"):
            predict_folder(top, str(model), tmp_path / "answers", workers=1)
        assert not (tmp_path / "answers").exists()


class TestOnACluster:
    def test_of_two_worker_processes_the_answers_are_the_same(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        predict_folder(folder, str(model), tmp_path / "here", workers=1)
        with cluster(2) as own:
            predict_folder(folder, str(model), tmp_path / "there", cluster=own.scheduler_address)
        here, there = tables(tmp_path / "here"), tables(tmp_path / "there")
        assert here.keys() == there.keys()
        assert all(table.equals(there[name]) for name, table in here.items())

    @pytest.mark.slow
    def test_a_killed_worker_costs_time_only(
        self, folder: Path, model: Path, tmp_path: Path
    ) -> None:
        for i in range(20, 60):
            patients(4000, i).to_parquet(folder / "centre=A" / f"part-{i}.parquet")
        predict_folder(folder, str(model), tmp_path / "here", workers=2)
        with cluster(2) as own, losing_a_worker(own, after=2.0):
            predict_folder(folder, str(model), tmp_path / "there", cluster=own.scheduler_address)
        here, there = tables(tmp_path / "here"), tables(tmp_path / "there")
        assert here.keys() == there.keys()
        assert all(table.equals(there[name]) for name, table in here.items())
        assert not list((tmp_path / "there").rglob("*.part"))

    def test_an_address_where_nobody_listens_leaves_nothing(
        self, folder: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("predictor.learning.cluster._ANSWER", 0.5)
        with pytest.raises(ConfigError, match="no Dask scheduler answers"):
            predict_folder(folder, str(model), tmp_path / "answers", cluster="tcp://127.0.0.1:9")
        assert not [p for p in tmp_path.iterdir() if "answers" in p.name]
