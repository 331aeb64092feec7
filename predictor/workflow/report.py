"""``predictor report``: from a bundle to the report, for people and for programs.

The three files lie beside what the manifest lists, so that writing them again changes neither the
digest of the model nor that of the manifest.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predictor.errors import BundleError, PredictorError
from predictor.fitted.bundle import (
    MANIFEST,
    MODEL_CARD,
    REPORT,
    REPORT_JSON,
    locate_bundle,
    refuse_states,
)
from predictor.fitted.folder import sole_writer
from predictor.fitted.location import why_it_stays
from predictor.report.contents.profiles import with_patients
from predictor.report.contents.report import report_of
from predictor.report.contents.source import Source, open_source
from predictor.report.contents.state_report import state_report_of
from predictor.report.contents.time_report import time_report_of
from predictor.report.document import Report
from predictor.report.model_card import model_card
from predictor.report.page.html import page
from predictor.report.report_json import report_json
from predictor.workflow.files import write_file
from predictor.workflow.report_patients import patients_of

SUFFIXES = {".html": REPORT, ".json": REPORT_JSON, ".md": MODEL_CARD}
"""What is written to a file, by its suffix."""

_NO_PATIENTS = "it tells several states, and patients are drawn in reports of one event so far"
_PAGES = "`predictor predict TABLE --report FOLDER` gives each patient a page."
_ELSEWHERE = "Give another place: --out FOLDER, or a file ending in .html, .json or .md."


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report and where it lies.

    Parameters
    ----------
    report
        What it says.
    files
        What was written.
    kept
        A model card that an older manifest lists, and that stays as it is therefore.
    """

    report: Report
    files: tuple[Path, ...]
    kept: Path | None = None

    @property
    def path(self) -> Path:
        """The page; where none was asked for, the one file that was."""
        return self.files[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "report": str(self.path),
            "files": [str(path) for path in self.files],
            "verdict": self.report.verdict.code,
            "headline": self.report.verdict.headline,
            "missing": list(self.report.missing),
        }


def report_file(
    model: str | Path,
    out: Path | None = None,
    *,
    patients: Path | None = None,
    decimal: str = ".",
) -> WrittenReport:
    """Write the report of a bundle of any age.

    Parameters
    ----------
    model
        Bundle, by path or shipped name.
    out
        Folder, or a file whose suffix says what is wanted; by default the bundle itself.
    patients
        Cohort whose patients are drawn beside the synthetic profiles; needs ``out``.
    decimal
        Decimal sign of its numbers.

    Raises
    ------
    BundleError
        If the bundle cannot be loaded or told of, or nothing may be written into it.
    PredictorError
        If the place cannot be written.
    """
    folder = locate_bundle(model)
    if out is not None and not _same(out, folder):
        _check_place(out)
        with _told_in_a_sentence(folder):
            source = open_source(model)
            if patients is not None:
                if source.bundle.states is not None:
                    raise BundleError(str(folder), _NO_PATIENTS, _PAGES)
                refuse_states(source.bundle)
                values = patients_of(patients, source.bundle, decimal=decimal)
                source = with_patients(source, values)
            return _write_elsewhere(source, out)
    if patients is not None:
        rule = "a report that shows patients is not written into a bundle, which can be mailed"
        raise PredictorError(str(folder), rule, _ELSEWHERE)
    _check_own_place(folder)
    with sole_writer(folder), _told_in_a_sentence(folder):
        return write_report(folder)


def write_report(folder: Path) -> WrittenReport:
    """Write the report of a bundle into it; nobody else may be writing there.

    Parameters
    ----------
    folder
        The bundle. Neither its manifest nor a file that it lists is touched.

    Raises
    ------
    PredictorError
        If the place cannot be written; what stood there before stays then.
    """
    source = open_source(folder)
    report = _report(source)
    content = _content(source, report)
    kept = folder / MODEL_CARD if MODEL_CARD in source.manifest["files"] else None
    if kept is not None:  # its digest stands in the manifest, as it did before there were reports
        del content[MODEL_CARD]
    _replace_together(source.bundle.path, content)
    return WrittenReport(report, tuple(folder / name for name in content), kept)


@contextlib.contextmanager
def _told_in_a_sentence(folder: Path) -> Iterator[None]:
    """A manifest that keeps its digest can still lack what a report is made of."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if os.environ.get("PREDICTOR_DEBUG"):
            raise
        rule = f"its manifest says too little for a report ({type(error).__name__}: {error})"
        raise BundleError(str(folder), rule, "Train again with this version.") from None


def _content(source: Source, report: Report) -> dict[str, bytes]:
    return {
        REPORT: page(report).encode(errors="replace"),
        REPORT_JSON: report_json(report),
        MODEL_CARD: model_card(report, source.manifest).encode(errors="replace"),
    }


def _report(source: Source) -> Report:
    """What is said of an event, of several states, or of a time."""
    if source.bundle.hazards is not None:
        return time_report_of(source)
    return report_of(source) if source.bundle.states is None else state_report_of(source)


def _write_elsewhere(source: Source, out: Path) -> WrittenReport:
    report = _report(source)
    content = _content(source, report)
    wanted = None if out.is_dir() else SUFFIXES.get(out.suffix.lower())
    if wanted is not None:
        files = {out: content[wanted]}
    else:
        files = {out / name: data for name, data in content.items()}
        try:
            out.mkdir(exist_ok=True)
        except OSError as error:
            rule = f"the folder cannot be made ({error.strerror})"
            raise PredictorError(str(out), rule, "Choose another place.") from None
    for path, data in files.items():
        write_file(path, data)
    return WrittenReport(report, tuple(files))


def _replace_together(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write all files beside their places first, and only then put them there."""
    new = {name: folder / f".{name}.new" for name in content}
    try:
        try:
            for name, path in new.items():
                with path.open("wb") as stream:
                    stream.write(content[name])
                    stream.flush()
                    os.fsync(stream.fileno())
            for name, path in new.items():
                path.replace(folder / name)
        except BaseException:
            for path in new.values():
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
    except OSError as error:
        rule = f"the report cannot be written here ({error.strerror})"
        raise PredictorError(str(folder), rule, _ELSEWHERE) from None


def _check_own_place(folder: Path) -> None:
    if rule := why_it_stays(folder):
        raise BundleError(str(folder), rule, _ELSEWHERE)
    # The lock that keeps writers apart lies beside the folder.
    place = folder.resolve()
    if not (os.access(place, os.W_OK) and os.access(place.parent, os.W_OK)):
        raise BundleError(str(folder), "nothing can be written here", _ELSEWHERE)


def _check_place(out: Path) -> None:
    if not out.is_dir() and not out.parent.is_dir():
        rule = "the folder above it does not exist"
        raise PredictorError(str(out), rule, "Make that folder first, or choose another place.")
    if out.is_dir() and out.suffix.lower() in SUFFIXES:
        rule = f"this is a folder, and its name is that of a file ending in {out.suffix.lower()}"
        raise PredictorError(str(out), rule, f"Name a file in it: --out {out / REPORT}")
    if (out / MANIFEST).exists():
        raise PredictorError(
            str(out), "another bundle lies here, which has a report of its own", _ELSEWHERE
        )
    if not out.is_dir() and (out.parent / MANIFEST).exists():
        rule = "a file inside a bundle is not written by name"
        raise PredictorError(str(out), rule, "Leave --out away to write the bundle's own report.")
    if out.suffix and not out.is_dir() and out.suffix.lower() not in SUFFIXES:
        raise PredictorError(str(out), "a report is written as .html, .json or .md", _ELSEWHERE)


def _same(out: Path, folder: Path) -> bool:
    try:
        return out.samefile(folder)
    except OSError:
        return False
