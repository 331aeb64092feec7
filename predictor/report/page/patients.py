"""Pages of patients: one sheet for each, and the list that leads to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from predictor.report.document import Figure, Report, Table, tables_of
from predictor.report.page.anchors import anchors
from predictor.report.page.figures import pictures
from predictor.report.page.html import rendered
from predictor.report.page.tables import AMPLE, MOST_ROWS, ShownTable, files, shown

_STYLES = ("page.css", "sheet.css")


@dataclass(frozen=True, slots=True)
class PatientLine:
    """A patient of the list.

    Parameters
    ----------
    row
        In the file.
    patient
        The identifier, or empty.
    file
        Where the page lies, beside the list.
    probability, interval
        Texts.
    alert
        Why the number is not to be relied on; empty for no such reason.
    notes
        What else is to be known.
    """

    row: int
    patient: str
    file: str
    probability: str
    interval: str
    alert: str
    notes: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A patient of the list without a prediction, and every reason."""

    row: int
    patient: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientIndex:
    """The list.

    Parameters
    ----------
    title, order
        What is predicted; and what the order means.
    not_for_care
        The sentence of a demonstration; empty for another model.
    patients, refused
        In the order of the file.
    evidence
        What stands behind the model, and what the predictions are not.
    """

    title: str
    order: str
    not_for_care: str
    patients: Sequence[PatientLine]
    refused: Sequence[RefusedLine]
    evidence: Sequence[str]


def sheet(report: Report, *, back: str = "") -> str:
    """One patient's page: one file without script or request, one sheet of paper.

    Parameters
    ----------
    report
        From :func:`predictor.report.contents.patient.patient_report`.
    back
        File of the list; empty where there is none.
    """
    within: Mapping[str, str] = files(tables_of(report.sections), AMPLE.files)
    places = anchors(report)

    def table_shown(table: Table, behind: bool = False) -> ShownTable:
        return shown(table, within[table.id], AMPLE.behind if behind else MOST_ROWS)

    def drawn(figure: Figure) -> Markup:
        return pictures(figure, f"{places[figure.id].name}-svg")

    return rendered(
        "sheet.html.j2",
        *_STYLES,
        report=report,
        places=places,
        table_shown=table_shown,
        drawn=drawn,
        back=back,
    )


def patients_page(index: PatientIndex) -> str:
    """The list of several patients."""
    return rendered("patients.html.j2", *_STYLES, index=index)
