"""Patients in a folder of Parquet files, answered file by file, on this machine or on a cluster."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.clinic.intake import read_many
from predictor.clinic.patient import IDENTIFIER
from predictor.clinic.prediction import cached_bundle
from predictor.clinic.table_columns import columns_of
from predictor.clinical.cells import SIMULATED
from predictor.errors import DocumentError, PredictorError
from predictor.fitted.bundle import Bundle
from predictor.learning.spread import spread
from predictor.workflow.interrupts import guarded_workers
from predictor.workflow.machines import machines
from predictor.workflow.predict import predict_table
from predictor.workflow.progress import Progress, Silent

_PARQUET = (".parquet", ".pq")
# What a reader of folders of files leaves out: marks and sums that writers leave behind.
_NOT_DATA = (".", "_")


@dataclass(frozen=True, slots=True)
class PartAnswers:
    """Answers for one file.

    Parameters
    ----------
    file
        Its path inside the folder; its answers have the same in the other folder.
    answered, refused
        Patients of each kind.
    notes
        What is to be said once for the file.
    """

    file: str
    answered: int
    refused: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderAnswers:
    """Answers for a folder.

    Parameters
    ----------
    out
        Where they are.
    parts
        The files, in the order of their names.
    evidence
        Level and statement of the model.
    """

    out: Path
    parts: tuple[PartAnswers, ...]
    evidence: Mapping[str, Any]

    @property
    def answered(self) -> int:
        """Patients with an answer."""
        return sum(part.answered for part in self.parts)

    @property
    def refused(self) -> int:
        """Patients without one; the reasons stand in their rows."""
        return sum(part.refused for part in self.parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said once."""
        return tuple(dict.fromkeys(note for part in self.parts for note in part.notes))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; of patients only how many."""
        return {
            "out": str(self.out),
            "patients_answered": self.answered,
            "patients_refused": self.refused,
            "evidence": dict(self.evidence),
            "notes": list(self.notes),
            "files": [
                {
                    "file": part.file,
                    "patients_answered": part.answered,
                    "patients_refused": part.refused,
                }
                for part in self.parts
            ],
        }


def predict_folder(
    folder: Path,
    model: str,
    out: Path,
    *,
    ignore_unknown: bool = False,
    cluster: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FolderAnswers:
    """Predict the patients of every Parquet file of a folder.

    Files are answered side by side, each batch by batch, so that memory does not grow with them.

    Parameters
    ----------
    folder
        Parquet files, also in folders below, such as Dask and Spark write. A number in the column
        ``row`` of an answer counts within the file.
    model
        Bundle, by path, shipped name or address in a registry.
    out
        Folder that is made, with a file of answers under the name of each file; it takes its place
        when all are whole.
    ignore_unknown
        As in :func:`predictor.workflow.predict.predict_file`.
    cluster
        Address of the scheduler of a Dask cluster; its workers must see both folders under the
        same paths. This machine's cores by default.
    workers
        Files at once on this machine; every core by default.
    progress
        Told which files are done.

    Raises
    ------
    DocumentError
        If a file cannot be read or has columns that it should not have, before any is answered.
    PredictorError
        If ``out`` is there or cannot be made.
    ConfigError, LearningError
        If the cluster cannot be used or is lost.
    """
    folder, out = folder.resolve(), out.absolute()
    told = progress or Silent()
    bundle = cached_bundle(model)
    files = _files(folder, bundle, ignore_unknown=ignore_unknown)
    building = _beside(out, folder)
    try:
        done: dict[str, PartAnswers] = {}
        told.stage("files")
        with guarded_workers("prediction"), machines(cluster, workers, "--cluster"):
            for part in spread(
                _one_file,
                (bundle, folder, building, ignore_unknown),
                ((name,) for name in files),
                len(files),
                workers=workers,
                in_order=False,
                one_by_one=True,
            ):
                done[part.file] = part
                told.advance(len(done) / len(files), f"{len(done)} of {len(files)}")
        if not any(part.answered or part.refused for part in done.values()):
            raise DocumentError(str(folder), "there are no patients in it", "Check the path.")
        for half in building.rglob(".*.part"):  # of a worker that was lost while it wrote
            half.unlink()
        building.replace(out)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    evidence = bundle.manifest["evidence"]
    return FolderAnswers(out, tuple(done[name] for name in files), evidence)


def _one_file(
    bundle: Bundle, folder: Path, building: Path, ignore_unknown: bool, name: str
) -> PartAnswers:
    target = building / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from None
    found = predict_table(
        folder / name, bundle, out=target, ignore_unknown=ignore_unknown, may_be_empty=True
    )
    return PartAnswers(name, found.answered, found.refused, found.notes)


def _files(folder: Path, bundle: Bundle, *, ignore_unknown: bool) -> tuple[str, ...]:
    """Names of the files, each of which has the columns that it should have."""
    paths = (path.relative_to(folder) for path in folder.rglob("*"))
    names = sorted(
        path.as_posix()
        for path in paths
        if path.suffix.lower() in _PARQUET and not any(p.startswith(_NOT_DATA) for p in path.parts)
    )
    if not names:
        raise DocumentError(str(folder), "there is no Parquet file in it", "Check the path.")
    wanted = {variable.name for variable in (*bundle.variables, *bundle.criteria)}
    wanted |= {IDENTIFIER, SIMULATED}
    for name in names:
        told = {part.partition("=")[0] for part in Path(name).parent.parts if "=" in part}
        if told & wanted:
            raise DocumentError(
                str(folder),
                f"{', '.join(sorted(told & wanted))} stands in the names of the folders and not "
                "in the files, where the model looks for it",
                "Write the files with it as a column.",
            )
        columns_of(read_many(folder / name), bundle, name, ignore_unknown=ignore_unknown)
    return tuple(names)


def _beside(out: Path, folder: Path) -> Path:
    """An empty folder beside the one that is to be made, which all workers see as it."""
    if out.is_relative_to(folder) or folder.is_relative_to(out):
        raise PredictorError(str(out), "this is inside what is read", "Write to another folder.")
    if out.exists():
        raise PredictorError(
            str(out), "it is there already", "Name a folder that does not exist yet."
        )
    building = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        building.mkdir()
    except OSError as error:
        raise _unwritable(out, error) from None
    return building


def _unwritable(path: Path, error: OSError) -> PredictorError:
    return PredictorError(
        str(path), f"cannot be written ({error.strerror})", "Choose another place."
    )
