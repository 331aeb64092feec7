"""``predictor predict --report``: one patient's answer as a page; of many, a list and their pages.

Patients' values are written where the user asked for it, and nowhere else: not into a bundle, which
can be mailed, and not to MLflow. Names of files hold the row and never an identifier.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from predictor.clinic.answer import NOT_FOR_CARE, outside, percent, question
from predictor.clinic.intake import is_table
from predictor.clinic.results import Prediction, Predictions, RefusedPatient
from predictor.clinic.state_answer import shares
from predictor.errors import PredictorError
from predictor.fitted.bundle import locate_bundle
from predictor.report import patient_words as words
from predictor.report.contents.patient import contradicted, patient_report, powers
from predictor.report.page.patients import (
    PatientIndex,
    PatientLine,
    RefusedLine,
    patients_page,
    sheet,
)
from predictor.report.pdf import as_pdf, browser
from predictor.workflow.files import write_file

INDEX = "index.html"
MOST_PAGES = 1000
"""Patients of a folder: nobody reads more pages, and a page has some 30 kB."""

_PAGE = "row-{row:05d}.html"
_NEW = "Name a folder that is not there yet."


def check_pages(out: Path, patient: Path, model: str | Path) -> None:
    """Refuse a place before any work.

    Parameters
    ----------
    out
        Where the pages are to be written.
    patient
        File of one patient or of many.
    model
        Bundle, by path or shipped name.

    Raises
    ------
    PredictorError
        If the place is none for a page or a folder, is not empty, or lies in the bundle; or if
        there is no browser to print a PDF with.
    """
    if out.resolve().is_relative_to(locate_bundle(model).resolve()):
        rule = "patients' values are not written into a bundle, which can be mailed"
        raise PredictorError(str(out), rule, "Write to another place.")
    if not is_table(patient):
        suffix = out.suffix.lower()
        if suffix not in {".html", ".pdf"} or out.is_dir():
            rule = "the page of one patient is a file ending in .html or .pdf"
            raise PredictorError(str(out), rule, "Change the name.")
        if suffix == ".pdf":
            browser()
        if out.exists() and out.samefile(patient):
            raise PredictorError(str(out), "this file is read", "Write to another one.")
        return
    if out.suffix.lower() in {".html", ".htm", ".pdf"}:
        rule = "a table gets a folder with a page of each patient"
        raise PredictorError(str(out), rule, "Leave the suffix out.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PredictorError(str(out), "there is something here already", _NEW)


def write_patient(prediction: Prediction, out: Path) -> None:
    """Write the page of one patient.

    Raises
    ------
    PredictorError
        If the place cannot be written.
    """
    content = _sheet(prediction)
    write_file(out, as_pdf(content) if out.suffix.lower() == ".pdf" else content)


@contextlib.contextmanager
def patient_pages(folder: Path) -> Iterator[PatientPages]:
    """Open a folder of pages; it appears when all are written, and not if that fails.

    Parameters
    ----------
    folder
        It must not be there yet, or be empty.

    Raises
    ------
    PredictorError
        If there are too many patients or the place cannot be written.
    """
    part = folder.absolute().with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        part.mkdir()
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        pages = PatientPages(part)
        yield pages
        pages.finish()
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        part.rename(folder.absolute())
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


class PatientPages:
    """Takes answers batch by batch and writes a page of each.

    Parameters
    ----------
    folder
        Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[PatientLine] = []
        self._refused: list[RefusedLine] = []
        self._any: Prediction | None = None

    def add(self, answers: Predictions) -> None:
        """Write the pages of the next patients.

        Raises
        ------
        PredictorError
            If there are more than ``MOST_PAGES``.
        """
        more = len(answers.predictions) + len(answers.refused)
        if len(self._lines) + len(self._refused) + more > MOST_PAGES:
            rule = f"a table of more than {MOST_PAGES:,} patients gets no pages"
            raise PredictorError("--report", rule, "Give the patients whose pages are read.")
        for row, prediction in zip(answers.rows, answers.predictions, strict=True):
            name = _PAGE.format(row=row)
            (self._folder / name).write_bytes(_sheet(prediction, back=INDEX))
            self._lines.append(_line(row, name, prediction))
            self._any = prediction
        self._refused += map(_refused_line, answers.refused)

    def finish(self) -> None:
        """Write the list that leads to them."""
        content = patients_page(_index(self._any, self._lines, self._refused))
        (self._folder / INDEX).write_bytes(content.encode(errors="replace"))


def _sheet(prediction: Prediction, *, back: str = "") -> bytes:
    report = patient_report(prediction, day=date.today().isoformat())
    return sheet(report, back=back).encode(errors="replace")


def _line(row: int, name: str, prediction: Prediction) -> PatientLine:
    found, interval = prediction.interval, ""
    if found is not None and not prediction.states:
        interval = words.BOUNDS.format(low=percent(found.low), high=percent(found.high))
    alert = words.IS_CONTRADICTED if contradicted(prediction) else ""
    if outside(prediction.applicability) is not None:
        alert = words.IS_OUTSIDE
    # Those that the sheet shows in full.
    warnings = sum(w.code != "no_interval" for w in prediction.warnings)
    notes = [
        _counted(warnings, words.ONE_WARNING, words.SOME_WARNINGS),
        _counted(len(prediction.imputed), words.ONE_MISSING, words.SOME_MISSING),
    ]
    return PatientLine(
        row,
        prediction.patient or "",
        name,
        shares(prediction.states) if prediction.states else percent(prediction.probability),
        interval,
        alert,
        ", ".join(filter(None, notes)),
    )


def _counted(count: int, one: str, some: str) -> str:
    return "" if count == 0 else one if count == 1 else some.format(count=count)


def _refused_line(refused: RefusedPatient) -> RefusedLine:
    reasons = tuple(
        words.REASON.format(label=reason.where, message=powers(reason.message)).strip()
        for reason in refused.reasons
    )
    return RefusedLine(refused.row, refused.patient or "", reasons)


def _index(
    prediction: Prediction | None, lines: list[PatientLine], refused: list[RefusedLine]
) -> PatientIndex:
    if prediction is None:
        return PatientIndex(words.NOBODY, "", "", (), refused, ())
    asked = question(prediction.label, prediction.horizon)
    evidence, model = prediction.evidence, prediction.model
    return PatientIndex(
        words.INDEX_TITLE.format(question=asked, count=len(lines) + len(refused)),
        words.INDEX_ORDER,
        NOT_FOR_CARE if evidence["level"] == "demonstration" else "",
        lines,
        refused,
        (
            words.EVIDENCE.format(level=evidence["level"], statement=evidence["statement"]),
            words.PROGNOSIS.format(population=prediction.population),
            words.MODEL.format(
                name=model["name"],
                version=model["version"],
                digest=str(model["digest"])[:19],
                day=date.today().isoformat(),
            ),
        ),
    )


def _unwritable(folder: Path, error: OSError) -> PredictorError:
    rule = f"cannot be written ({error.strerror})"
    return PredictorError(str(folder), rule, "Choose another place.")
