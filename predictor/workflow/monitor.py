"""``predictor monitor``: whether new patients are still those that a model was made for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.uncertainty import score
from predictor.clinical.cells import is_missing
from predictor.cohort.cohort import Cohort
from predictor.cohort.elsewhere import Mapped, excluded, read_elsewhere
from predictor.cohort.outcome import outcome_column
from predictor.cohort.table import Table
from predictor.errors import CohortError, PredictorError
from predictor.fitted.bundle import Bundle, load_bundle
from predictor.learning.splits import derived_seed
from predictor.new_cohort import load_new_cohort
from predictor.report.monitor_page import monitor_report
from predictor.report.page.html import page
from predictor.study import Study
from predictor.validation.control import BATCH, Batch, Cusum, batches, cusums
from predictor.validation.drift import ALPHA, SMALLEST, Patients, Shift, shifts
from predictor.workflow.files import check_suffix, write_file
from predictor.workflow.manifest import now
from predictor.workflow.other_patients import open_elsewhere

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".html", ".json")
FEWEST = 20
"""Patients of either cohort below which nothing can be compared."""
LEAST_ALPHA, MOST_ALPHA = 0.001, 0.5
"""Bounds of the chance of a false alarm: below, limits would take too many simulated files."""
_SEED = 51


@dataclass(frozen=True, slots=True)
class Monitored:
    """What was found.

    Parameters
    ----------
    bundle
        The model.
    reference, new
        Names of the files.
    patients
        Analysed in both.
    left_out
        Of the new file, and why.
    alpha, smallest
        Chance of any false alarm, and the smallest distance that is alarming.
    parts
        What of ``alpha`` goes to the shifts, to the batches and to the CUSUM.
    warnings
        What was noticed in the cells of the new file: variable, code, rows, message.
    shifts
        Every comparison.
    batches, cusums
        Calibration over time; empty without outcomes.
    known
        New patients whose outcome is known.
    """

    bundle: Bundle
    reference: str
    new: str
    patients: tuple[int, int]
    left_out: tuple[dict[str, Any], ...]
    alpha: float
    smallest: float
    parts: Mapping[str, float]
    warnings: tuple[dict[str, Any], ...]
    shifts: tuple[Shift, ...]
    batches: tuple[Batch, ...]
    cusums: tuple[Cusum, ...]
    known: int

    @property
    def alarms(self) -> list[dict[str, str | None]]:
        """The contract: variable and code of everything that is alarming."""
        found: list[dict[str, str | None]] = [
            {"variable": row.variable or None, "code": row.code} for row in self.shifts if row.alarm
        ]
        outcome = str(self.bundle.manifest["outcome"]["name"])
        if any(batch.alarm for batch in self.batches):
            found.append({"variable": outcome, "code": "calibration_batch"})
        found += [
            {"variable": outcome, "code": f"{chart.direction}_events_than_expected"}
            for chart in self.cusums
            if chart.at is not None
        ]
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON of design section 4, and what explains it."""
        return {
            "model": {
                "name": self.bundle.name,
                "version": self.bundle.manifest["model"]["version"],
                "digest": self.bundle.digest,
            },
            "outcome": {
                "name": self.bundle.manifest["outcome"]["name"],
                "label": self.bundle.manifest["outcome"]["label"],
            },
            "made": now(),
            "reference": self.reference,
            "new": self.new,
            "reference_patients": self.patients[0],
            "n": self.patients[1],
            "known_outcomes": self.known,
            "excluded": list(self.left_out),
            "warnings": list(self.warnings),
            "alpha": self.alpha,
            "alpha_of": dict(self.parts),
            "smallest": self.smallest,
            "alarms": self.alarms,
            "shifts": [row.to_dict() for row in self.shifts],
            "batches": [row.to_dict() for row in self.batches],
            "cusum": [row.to_dict() for row in self.cusums],
        }


def monitor(
    model: str | Path,
    reference: str | Path | pd.DataFrame,
    new: str | Path | pd.DataFrame,
    *,
    mapping: Path | None = None,
    time: str | None = None,
    batch: int = BATCH,
    alpha: float = ALPHA,
    smallest: float = SMALLEST,
) -> Monitored:
    """Hold new patients against a reference cohort.

    Parameters
    ----------
    model
        Bundle, by path or shipped name.
    reference
        Cohort that was as it should be, such as that of the training.
    new
        New patients, with or without outcomes.
    mapping
        How both files write what the model needs, as for ``predictor validate``.
    time
        Column by which the new patients are put in order; without it they stand in order.
    batch
        Patients in a batch of the control chart.
    alpha, smallest
        Chance of any false alarm, from 0.001 to 0.5, and smallest distance that is alarming, above
        0 and below 1. With outcomes, half of ``alpha`` goes to the inputs and a quarter each to the
        batches and to the CUSUM.

    Raises
    ------
    BundleError
        If the bundle cannot be loaded.
    CohortError, ConfigError
        Every problem of a file at once, or if there are too few patients.
    PredictorError
        If a number is out of range.
    """
    if not LEAST_ALPHA <= alpha <= MOST_ALPHA:
        rule = f"it must be from {LEAST_ALPHA:g} to {MOST_ALPHA:g}"
        raise PredictorError("alpha", rule, "Leave it out.")
    if not 0.0 < smallest < 1.0:
        raise PredictorError("smallest", "it must lie above 0 and below 1", "Leave it out.")
    if batch < FEWEST:
        raise PredictorError("batch", f"it must be at least {FEWEST} patients", "Leave it out.")
    bundle = load_bundle(model)
    mapped = None if mapping is None else Mapped(*load_new_cohort(mapping))
    absent = () if mapped is None else mapped.new.absent
    study, table = open_elsewhere(bundle, reference, mapped)
    before = _read(bundle, study, table, absent)
    study, table = open_elsewhere(bundle, new, mapped)
    table = _in_order(table, time)
    after = _read(bundle, study, table, absent)
    both = tuple(_seen(bundle, cohort) for cohort in (before, after))
    told = _with_outcome(study, table)
    parts = _parts(alpha, outcomes=told.rows > 0)
    found = shifts(bundle.variables, *both, alpha=parts["shifts"], smallest=smallest)
    rows: tuple[Batch, ...] = ()
    charts: tuple[Cusum, ...] = ()
    known = 0
    if told.rows:
        cohort = read_elsewhere(bundle, study, told, absent, own=True)
        probability = score(bundle, cohort.values).probability
        outcome = cohort.outcome.astype(np.float64)
        known = cohort.patients
        rows = batches(outcome, probability, _places(known), batch, alpha=parts["batches"])
        seed = derived_seed(study.config.validation.seed, _SEED)
        charts = cusums(outcome, probability, alpha=parts["cusum"], seed=seed)
    return Monitored(
        bundle,
        before.source,
        after.source,
        (before.patients, after.patients),
        tuple(excluded(after)),
        alpha,
        smallest,
        parts,
        tuple(asdict(warning) for warning in after.warnings),
        found,
        rows,
        charts,
        known,
    )


def write_monitored(found: Monitored, path: Path) -> None:
    """Write a result as a page or as data, by the suffix, whole or not at all."""
    if check_suffix(path, *SUFFIXES) == ".html":
        content = page(monitor_report(found.to_dict())).encode(errors="replace")
    else:
        text = json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        content = f"{text}\n".encode()
    write_file(path, content)


def _read(bundle: Bundle, study: Study, table: Table, absent: Sequence[str]) -> Cohort:
    cohort = read_elsewhere(bundle, study, table, absent, asks="values", own=True)
    if cohort.patients < FEWEST:
        raise CohortError(
            table.source,
            f"{cohort.patients} patients can be compared, and {FEWEST} are needed at least",
            "Wait for more patients.",
        )
    return cohort


def _parts(alpha: float, *, outcomes: bool) -> dict[str, float]:
    """What each part of a run may raise of false alarms, all together ``alpha`` (Bonferroni)."""
    if not outcomes:
        return {"shifts": alpha, "batches": 0.0, "cusum": 0.0}
    return {"shifts": alpha / 2.0, "batches": alpha / 4.0, "cusum": alpha / 4.0}


def _seen(bundle: Bundle, cohort: Cohort) -> Patients:
    outside: NDArray[np.bool_] | None = None
    if bundle.moments is not None:
        outside = bundle.moments.distance(cohort.values) > bundle.moments.cutoff
    return Patients(cohort.values, score(bundle, cohort.values).probability, outside)


def _with_outcome(study: Study, table: Table) -> Table:
    """The rows whose outcome is known by now."""
    column = outcome_column(study)
    if column not in table.columns:
        return _rows(table, ())
    cells = table.columns[column]
    missing = set(study.config.cohort.missing)
    kept = [i for i, cell in enumerate(cells) if not is_missing(cell) and str(cell) not in missing]
    return _rows(table, kept)


def _in_order(table: Table, time: str | None) -> Table:
    if time is None:
        return table
    if time not in table.columns:
        rule = f"there is no column {time[:80]!r} to put the patients in order by"
        raise CohortError(table.source, rule, "Name another: --time COLUMN.")
    try:
        keys = [_moment(cell) for cell in table.columns[time]]
    except (ValueError, OverflowError):
        raise CohortError(
            table.source,
            f"the column {time!r} holds something that is neither a date (2026-11-23) nor a number",
            "Mend these cells, or name another column: --time COLUMN.",
        ) from None
    if len({is_date for is_date, _ in keys}) > 1:
        raise CohortError(
            table.source,
            f"the column {time!r} holds dates and numbers, which have no common order",
            "Mend these cells, or name another column: --time COLUMN.",
        )
    return _rows(table, sorted(range(table.rows), key=keys.__getitem__))


def _moment(cell: object) -> tuple[bool, float]:
    """Whether a cell is a date, and its place in time; ValueError where it has none."""
    if isinstance(cell, date):
        return True, _seconds(cell)
    text = str(cell).strip()
    try:
        number = float(text)
    except ValueError:
        return True, _seconds(datetime.fromisoformat(text))
    if not math.isfinite(number):
        raise ValueError(text)
    return False, number


def _seconds(moment: date) -> float:
    """Since 1970; a time without a zone counts as UTC, as all of a column are meant alike."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _rows(table: Table, kept: Sequence[int]) -> Table:
    columns = {name: [cells[i] for i in kept] for name, cells in table.columns.items()}
    return replace(table, columns=columns, numbers=[table.numbers[i] for i in kept])


def _places(patients: int) -> list[str]:
    return [str(place) for place in range(1, patients + 1)]
