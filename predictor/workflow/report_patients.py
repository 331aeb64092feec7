"""Real patients in a report, where its reader hands them over: drawn there, kept nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.intake import read_many
from predictor.clinic.patient import read_patient, unknown_columns
from predictor.errors import DocumentError, PatientRefused
from predictor.fitted.bundle import Bundle
from predictor.report.contents.source import cell_size_of


def patients_of(path: Path, bundle: Bundle, *, decimal: str = ".") -> NDArray[np.float64]:
    """Values of the patients of a cohort that the model can be asked about.

    Parameters
    ----------
    path
        CSV or Parquet, one row a patient, in the names of the dictionary. Other columns are not
        read.
    bundle
        The model.
    decimal
        Decimal sign of numbers that are text.

    Returns
    -------
    Shape (patients, predictors), in the dictionary's units, NaN for missing.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a predictor, or fewer patients than the cell size of the
        bundle get a prediction.
    """
    table = read_many(path)
    absent = [v.name for v in bundle.variables if v.name not in table.columns]
    if absent:
        raise DocumentError(
            str(path),
            f"there is no column {', '.join(absent)}, which the model needs",
            "Name the columns as the dictionary does; one without a value may be empty.",
        )
    unread = unknown_columns(table.columns, bundle)
    rows = []
    for _, patient in table.rows:
        known = {name: value for name, value in patient.items() if name not in unread}
        try:
            rows.append(read_patient(known, bundle, decimal=decimal).values)
        except PatientRefused:  # who gets no prediction has no effects to be drawn either
            continue
    if not rows:
        raise DocumentError(
            str(path),
            "no patient in it gets a prediction from this model",
            "predictor predict FILE --model MODEL says why.",
        )
    fewest = cell_size_of(bundle.manifest)
    if len(rows) < fewest:
        raise DocumentError(
            str(path),
            f"fewer than {fewest} of its patients get a prediction, so figures would show each one",
            "Use `predictor predict FILE --model MODEL --report FOLDER` for single patients.",
        )
    return np.vstack(rows)
