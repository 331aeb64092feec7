"""A plan in plain text: the table, what its columns mean, and a paragraph for an application."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from predictor.report import plan_words as words
from predictor.report.spreadsheet import csv_bytes
from predictor.report.text_table import folded_tables
from predictor.validation.curve_aims import Aim, Reached
from predictor.validation.curve_rows import SizeRow, Useful
from predictor.validation.planned import Planned

_UNDEFINED = "-"
_WIDE = 140
# A word that is written with a capital only because a label begins with it.
_CAPITAL = re.compile(r"[A-Z][a-z]+\b")


def plan_text(planned: Planned, width: int = _WIDE) -> Iterator[str]:
    """What a researcher reads, line by line and table by table; the last is the paragraph.

    Parameters
    ----------
    planned
        What was found.
    width
        Columns that a table may take; a wider one becomes several below each other.
    """
    asked = planned.asked
    yield words.HEAD.format(
        event=planned.event,
        cohorts=asked.cohorts,
        scenario=planned.scenario,
        description=_description(planned),
        model=_in_sentence(planned.model),
        parameters=_predictors(planned),
        resamples=asked.resamples,
        new=asked.new,
        prevalence=100 * planned.prevalence,
    )
    yield ""
    rows = [_row(row) for row in planned.rows]
    yield from folded_tables(words.COLUMNS, rows, width, numbers_from=0)
    yield ""
    yield _unlimited(planned)
    for one in planned.reached:
        yield answer(planned, one)
    yield ""
    yield words.DEFINITIONS.format(fewest=planned.fewest, useful=_useful(asked.useful))
    yield ""
    yield words.PARAGRAPH_TITLE
    yield paragraph(planned)


def plan_csv(rows: Sequence[SizeRow]) -> bytes:
    """The table with every figure, one row for each size; an empty cell is not defined."""
    told = [row.to_dict() for row in rows]
    return csv_bytes(tuple(told[0]), told)


def answer(planned: Planned, one: Reached) -> str:
    """How many patients an aim takes, as a sentence."""
    aim = _aim(one.aim)
    largest = planned.rows[-1].patients
    beyond = words.MORE_THAN.format(largest=largest)
    high = beyond if one.high is None else f"{one.high:,}"
    if one.patients is None:
        less = "" if one.low is None else words.LESS.format(low=one.low)
        text = words.NOT_REACHED.format(aim=aim, largest=largest, less=less)
        if _out_of_reach(planned, one.aim):
            best = planned.unlimited
            text += words.BEYOND.format(patients=best.patients, auroc=best.auroc)
        return text
    if one.above is None or one.upto is None:
        more = "" if one.high == one.patients else words.MORE.format(high=high)
        return words.REACHED_AT_ONCE.format(aim=aim, patients=one.patients, more=more)
    # What is reached as it is is reached the sooner with every figure a little better.
    low = one.patients if one.low is None else one.low
    return words.REACHED.format(
        aim=aim, patients=one.patients, above=one.above, upto=one.upto, low=low, high=high
    )


def paragraph(planned: Planned) -> str:
    """What was assumed and what came out, for an application."""
    asked, first, last = planned.asked, planned.rows[0], planned.rows[-1]
    ceiling, sources = "", ""
    if planned.ceiling is not None:
        ceiling = words.PARAGRAPH_CEILING.format(ceiling=planned.ceiling)
    if planned.effects_from:
        sources = words.PARAGRAPH_SOURCES.format(sources=_listed(planned.effects_from))
    description = planned.description.strip().rstrip(".")
    large = "" if last is first else _size(last, asked.useful, words.LARGE)
    return " ".join(
        words.PARAGRAPH.format(
            version=planned.version,
            seed=asked.seed,
            population=planned.population,
            patients_from=planned.patients_from,
            event=planned.event,
            scenario=planned.scenario,
            description=words.PARAGRAPH_DESCRIPTION.format(what=description) if description else "",
            sources=sources,
            prevalence=100 * planned.prevalence,
            ceiling=ceiling,
            model=_in_sentence(planned.model),
            predictors=_listed([_in_sentence(name) for name in planned.predictors]),
            cohorts=asked.cohorts,
            sizes=_listed([f"{row.patients:,}" for row in planned.rows]),
            resamples=asked.resamples,
            new=asked.new,
            small=_size(first, asked.useful, words.SMALL),
            large=large,
            answers=" ".join(answer(planned, one) for one in planned.reached),
            errors=_errors([first, last]),
        ).split()
    )


def _errors(rows: Sequence[SizeRow]) -> str:
    """The largest Monte Carlo errors of what a paragraph says of some sizes."""
    told = {
        "auroc": ("apparent_auroc", "corrected_auroc", "auroc"),
        "slope": ("calibration_slope",),
        "width": ("interval_width",),
    }
    largest = {}
    for name, figures in told.items():
        errors = [getattr(row, f"{figure}_error") for row in rows for figure in figures]
        if not (known := [error for error in errors if error is not None]):
            return ""
        largest[name] = max(known)
    shares = max(100 * row.useful_error for row in rows)
    return words.ERRORS.format(**largest, useful=shares)


def _size(row: SizeRow, useful: Useful, template: str) -> str:
    if row.auroc is None:
        return words.NOTHING.format(patients=row.patients)
    return template.format(
        patients=row.patients,
        events=row.events,
        apparent=_two(row.apparent_auroc),
        corrected=_two(row.corrected_auroc),
        auroc=_two(row.auroc),
        slope=_two(row.calibration_slope),
        width=_two(row.interval_width),
        useful=_percent(row.useful),
        definition=_useful(useful),
    )


def _out_of_reach(planned: Planned, aim: Aim) -> bool:
    """Whether no number of patients can help, because the AUROC that is wanted is not there."""
    wanted = {"auroc": aim.value, "useful": planned.asked.useful.auroc}.get(aim.measure)
    best = planned.unlimited
    return wanted is not None and best.auroc + 2.0 * best.auroc_error < wanted


def _unlimited(planned: Planned) -> str:
    best = planned.unlimited
    text = words.UNLIMITED.format(patients=best.patients, auroc=best.auroc, error=best.auroc_error)
    if planned.ceiling is None:
        return text
    return text + words.CEILING.format(ceiling=planned.ceiling)


def _row(row: SizeRow) -> list[str]:
    return [
        f"{row.patients:,}",
        f"{row.events:,.1f}",
        _three(row.corrected_auroc, row.corrected_auroc_error),
        _three(row.auroc, row.auroc_error),
        _three(row.optimism, row.optimism_error),
        _two(row.calibration_slope, row.calibration_slope_error),
        f"{_two(row.slope_low)} to {_two(row.slope_high)}",
        _three(row.interval_width, row.interval_width_error),
        _UNDEFINED if row.no_signal is None else _percent(row.no_signal),
        _percent(row.failed),
        f"{_percent(row.useful)} ({_percent(row.useful_error)})",
    ]


def _aim(aim: Aim) -> str:
    share = aim.measure in ("useful", "slope")
    value = f"{100 * aim.value:g}%" if share else aim.value
    return words.AIMS[aim.measure].format(value=value)


def _useful(useful: Useful) -> str:
    return words.USEFUL.format(
        auroc=useful.auroc,
        slope_low=useful.slope_low,
        slope_high=useful.slope_high,
        width=useful.width,
    )


def _description(planned: Planned) -> str:
    what = planned.description.strip().rstrip(".")
    return words.DESCRIPTION.format(what=what) if what else ""


def _predictors(planned: Planned) -> str:
    count = len(planned.predictors)
    return words.ONE_PREDICTOR if count == 1 else words.PREDICTORS.format(count=count)


def _in_sentence(label: str) -> str:
    """A label in the middle of a sentence; abbreviations stay as they are.

    >>> _in_sentence("Anti-dsDNA antibodies"), _in_sentence("C-reactive protein")
    ('anti-dsDNA antibodies', 'C-reactive protein')
    """
    return label[:1].lower() + label[1:] if _CAPITAL.match(label) else label


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _three(value: float | None, error: float | None) -> str:
    return _figure(value, error, 3)


def _two(value: float | None, error: float | None = None) -> str:
    return _figure(value, error, 2)


def _figure(value: float | None, error: float | None, digits: int) -> str:
    if value is None:
        return _UNDEFINED
    text = f"{value:.{digits}f}"
    return text if error is None else f"{text} ({error:.{digits}f})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
