"""Reading when patients had the event, a competing one, or were last seen without any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.cells import decode, is_missing
from predictor.cohort.problem import Problem
from predictor.cohort.small_cells import people
from predictor.cohort.table import Table, shown, spelling, without_missing

if TYPE_CHECKING:
    from predictor.config import Config
    from predictor.config_time import FollowUp
    from predictor.study import Study

Floats = NDArray[np.float64]

CENSORED, EVENT, COMPETING = 0, 1, 2
"""How a follow-up ended, as the outcome of a `Cohort`."""

DAYS_OF_MONTH = 365.25 / 12
_MONTHS = {"days": 1 / DAYS_OF_MONTH, "months": 1.0, "years": 12.0}
_FEW_AT_RISK = 10

_UNKNOWN = "the outcome is neither event, nor competing, nor non_event. Add it or mend the cell."
_NO_NUMBER = "the time of follow-up is no number. Mend the cell."
_NOT_AFTER = (
    "the follow-up ends at or before time zero, so nothing can be predicted of it. Mend the cell, "
    "or leave the patient out."
)
_CENSORED = (
    "nobody had the event: every patient was last seen without it, or had a competing one. Nothing "
    "can be learned of when it happens."
)
_TOO_FEW = (
    "the event occurs {events} times by the last horizon, fewer than the {folds} folds. Set "
    "`validation.folds` lower, if at all."
)
_FEWER_THAN_CELL = (
    "fewer than {cell_size} patients (privacy.cell_size) have the event by the last horizon. A "
    "model of so few would tell when each of them had it. Ask at a later horizon, or collect more; "
    "where nothing is ever shared, set `privacy.cell_size` lower."
)
_NO_COMPETING = (
    "nobody had a competing event, though question.follow_up.competing names one. Leave it out, "
    "or check its spelling."
)
_BEYOND = (
    "nobody is followed beyond {month} months, so a horizon there would be a guess. At {last} "
    "months at least {cell_size} patients are still followed."
)
_FEW = (
    "fewer than {fewest} patients are still followed at {month} months; what is said of that time "
    "rests on them."
)


def read_ends(study: Study, table: Table) -> tuple[Floats, tuple[Problem, ...]]:
    """Read how each follow-up ended.

    Returns
    -------
    0 last seen without an event, 1 event, 2 competing event, NaN for unknown (also where the time
    is), shape (rows,), and what is wrong.
    """
    question, asked = study.config.question, _asked(study)
    column = study.config.cohort.columns.get(question.outcome, question.outcome)
    found = np.full(table.rows, np.nan)
    months, problems = _read_months(study, table)
    if column not in table.columns:
        missing = Problem(None, column, "missing_column", table.missing_column(column))
        return found, (missing, *problems)
    meant = {
        spelling(code): end
        for end, codes in (
            (CENSORED, question.non_event),
            (EVENT, question.event),
            (COMPETING, asked.competing),
        )
        for code in codes
    }
    coding = study.config.cohort.values.get(question.outcome, {})
    for row, cell in enumerate(_cells(study, table, column)):
        decoded = decode(cell, coding) if coding else cell
        if is_missing(decoded):
            continue
        end = meant.get(spelling(decoded))
        if end is None:
            number = table.numbers[row]
            problems.append(Problem(number, column, "unknown_state", _UNKNOWN, value=shown(cell)))
        else:
            found[row] = end
    found[np.isnan(months)] = np.nan
    return found, tuple(problems)


def read_months(study: Study, table: Table) -> Floats | None:
    """Months of follow-up of each row, shape (rows,); None where the question is of no time."""
    return None if study.config.question.follow_up is None else _read_months(study, table)[0]


def not_among(study: Study, table: Table) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Who is not asked about, by the column that tells; a column that is not there tells nobody.

    Yields
    ------
    Words for the patient flow, and who is left out, shape (rows,).
    """
    asked = study.config.question.follow_up
    for column, codes in asked.among.items() if asked else ():
        wanted = set(map(spelling, codes))
        cells = _cells(study, table, column) if column in table.columns else ()
        inside = np.array([spelling(cell) in wanted for cell in cells], dtype=bool)
        out = ~inside if inside.size else np.ones(table.rows, dtype=bool)
        named = ", ".join(str(code).replace("_", " ") for code in codes)
        yield f"excluded: {column.replace('_', ' ')} not {named}", out


def too_few_times(
    config: Config,
    column: str,
    outcome: Floats,
    months: Floats,
    group: NDArray[np.int64] | None,
    patient: NDArray[np.int64] | None = None,
) -> Iterator[Problem]:
    """Whether the events and the follow-up can support what is asked.

    Parameters
    ----------
    config, column
        The study, and the column of the outcome.
    outcome, months, group
        Of the analysed patients.
    patient
        Whose each row is, where patients have several.
    """
    asked, folds = config.question.follow_up, config.validation.folds
    last = asked.horizon_months[-1] if asked else np.inf
    had = (outcome == EVENT) & (months <= last)
    events, of_people = int(had.sum()), people(had, patient)
    if not (outcome == EVENT).any():
        yield Problem(None, column, "all_censored", _CENSORED)
    elif events < folds:
        yield Problem(None, column, "too_few_events", _TOO_FEW.format(events=events, folds=folds))
    elif of_people < config.privacy.cell_size:
        message = _FEWER_THAN_CELL.format(cell_size=config.privacy.cell_size)
        yield Problem(None, column, "too_few_events", message)
    if asked is None:
        return
    if asked.competing and not (outcome == COMPETING).any():
        yield Problem(None, column, "no_competing", _NO_COMPETING, False)
    for month in asked.horizon_months:
        count = int((months >= month).sum())
        if not count:
            # No time of a single patient in a message.
            least = min(config.privacy.cell_size, len(months))
            last = int(np.sort(months)[-least])
            message = _BEYOND.format(month=month, last=last, cell_size=least)
            yield Problem(None, asked.time, "horizon_beyond_follow_up", message)
        elif count < _FEW_AT_RISK:
            message = _FEW.format(month=month, fewest=_FEW_AT_RISK)
            yield Problem(None, asked.time, "few_at_risk", message, False)
    if group is not None and len(np.unique(group)) < folds:
        message = f"the groups cannot fill {folds} folds. Set `validation.folds` lower."
        yield Problem(None, column, "too_few_groups", message)


def _asked(study: Study) -> FollowUp:
    asked = study.config.question.follow_up
    if asked is None:
        raise ValueError("the question is of no time")
    return asked


def _read_months(study: Study, table: Table) -> tuple[Floats, list[Problem]]:
    asked = _asked(study)
    column = study.config.cohort.columns.get(asked.time, asked.time)
    found = np.full(table.rows, np.nan)
    absent = [name for name in (column, *asked.among) if name not in table.columns]
    problems = [
        Problem(None, name, "missing_column", table.missing_column(name)) for name in absent
    ]
    if column in absent:
        return found, problems
    sign = study.config.cohort.decimal
    for row, cell in enumerate(_cells(study, table, column)):
        if is_missing(cell):
            continue
        number = _number(cell, sign)
        if number is None:
            code, message = "unreadable_number", _NO_NUMBER
        elif number <= 0:
            code, message = "time_not_positive", _NOT_AFTER
        else:
            found[row] = number * _MONTHS[asked.unit]
            continue
        problems.append(Problem(table.numbers[row], column, code, message, value=shown(cell)))
    return found, problems


def _number(cell: object, sign: str) -> float | None:
    if isinstance(cell, str):
        try:
            number = float(cell.replace(sign, "."))
        except ValueError:
            return None
    elif isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool):
        number = float(cell)
    else:
        return None
    return number if np.isfinite(number) else None


def _cells(study: Study, table: Table, column: str) -> Iterator[object]:
    source = study.config.cohort
    yield from without_missing(table.columns[column], source.missing, source.decimal)
