"""``predictor report --pdf``: the page of a bundle, printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from predictor.errors import PredictorError
from predictor.fitted.bundle import locate_bundle
from predictor.report.pdf import as_pdf, browser
from predictor.workflow.files import check_suffix, write_file
from predictor.workflow.report import WrittenReport, report_file

SUFFIX = ".pdf"


def report_pdf(
    model: str | Path,
    pdf: Path,
    out: Path | None = None,
    *,
    patients: Path | None = None,
    decimal: str = ".",
) -> WrittenReport:
    """Print the report of a bundle, and write it elsewhere too if a place is named.

    Parameters
    ----------
    model
        Bundle, by path or shipped name; it stays as it is unless ``out`` names it.
    pdf
        The file.
    out, patients, decimal
        As of :func:`predictor.workflow.report.report_file`.

    Raises
    ------
    MissingExtraError
        If there is no browser to print with.
    PredictorError
        If the place cannot be written, or lies in the bundle.
    """
    check_suffix(pdf, SUFFIX)
    browser()
    if pdf.resolve().is_relative_to(locate_bundle(model).resolve()):
        raise PredictorError(str(pdf), "a bundle lies here", "Write the PDF to another place.")
    files: tuple[Path, ...] = ()
    if out is not None:
        files = report_file(model, out, patients=patients, decimal=decimal).files
    with TemporaryDirectory(prefix="predictor-") as folder:
        page = Path(folder) / "report.html"
        written = report_file(model, page, patients=patients, decimal=decimal)
        write_file(pdf, as_pdf(page.read_bytes()))
    return replace(written, files=(*files, pdf))
