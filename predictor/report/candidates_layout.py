"""An order of patients as cells of text: what the text and the HTML page both fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from predictor.clinic.answer import percent
from predictor.clinic.candidate_list import Apart, Candidate, CandidateList, Group
from predictor.clinic.prediction import RefusedPatient
from predictor.errors import Reason
from predictor.performance.estimate import Estimate
from predictor.report.candidates_numbers import (
    patient_name,
    plain_money,
    ratio,
    rough_money,
    with_limits,
)

UNDEFINED = "-"
OUTSIDE = "Without a rank, because the model knows no such patients:"
REFUSED = "Without a rank, because no prediction is given:"

_ON_RECORD = "On record: {entries}."
_NOT_FILLED = "Not filled: {names}."
_IMPUTED = "Not measured, so the model is less sure: {names}."


@dataclass(frozen=True, slots=True)
class LaidOutPatient:
    """One line of the order.

    Parameters
    ----------
    rank, name, probability, interval, cost
        As text; empty where there is none.
    value, low, high
        The numbers that a bar is drawn from.
    selected
        On which side of the cut.
    notes
        Sentences about the patient.
    """

    rank: str
    name: str
    probability: str
    interval: str
    cost: str
    value: float
    low: float | None
    high: float | None
    selected: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaidOutApart:
    """A patient without a rank: name with row, probability if there is one, reasons."""

    name: str
    probability: str
    reasons: tuple[str, ...]


def patients(found: CandidateList) -> tuple[LaidOutPatient, ...]:
    """Every ranked patient, in order."""
    variables = found.bundle.dictionary.variables
    labels = {name: variable.label for name, variable in variables.items()}
    return tuple(_patient(c, labels) for c in found.candidates)


def _patient(c: Candidate, labels: dict[str, str]) -> LaidOutPatient:
    return LaidOutPatient(
        rank=f"{c.rank}=" if c.tied else f"{c.rank}",
        name=patient_name(c.patient, c.row),
        probability=percent(c.probability),
        interval=interval_text(c.low, c.high),
        cost="" if c.cost is None else plain_money(c.cost),
        value=c.probability,
        low=c.low,
        high=c.high,
        selected=c.selected,
        notes=tuple(_notes(c, labels)),
    )


def _notes(c: Candidate, labels: dict[str, str]) -> Iterator[str]:
    if c.on_record:
        yield _ON_RECORD.format(entries="; ".join(remark.entry for remark in c.on_record))
    if c.not_filled:
        yield _NOT_FILLED.format(names=", ".join(labels.get(name, name) for name in c.not_filled))
    if c.imputed:
        yield _IMPUTED.format(names=", ".join(labels.get(name, name) for name in c.imputed))
    yield from map(str, c.warnings)


def interval_text(low: float | None, high: float | None) -> str:
    """An interval of a probability in percent; empty where there is none.

    >>> interval_text(0.182, 0.69), interval_text(None, None)
    ('18% to 69%', '')
    """
    return "" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def outside(found: CandidateList) -> tuple[LaidOutApart, ...]:
    """Patients who are unlike those of the model."""
    return tuple(_apart(apart) for apart in found.outside)


def refused(found: CandidateList) -> tuple[LaidOutApart, ...]:
    """Patients who get no prediction."""
    return tuple(_apart(apart) for apart in found.refused)


def _apart(apart: Apart | RefusedPatient) -> LaidOutApart:
    name = f"row {apart.row}" if apart.patient is None else f"{apart.patient} (row {apart.row})"
    shown = ""
    if isinstance(apart, Apart):
        interval = interval_text(apart.low, apart.high)
        shown = percent(apart.probability) + (f" ({interval})" if interval else "")
    return LaidOutApart(name, shown, tuple(_reason(r) for r in apart.reasons))


def _reason(reason: Reason) -> str:
    text = str(reason)
    return text[:1].upper() + text[1:] if not reason.where else text


def figures(found: CandidateList) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of the table of what is expected of each group."""
    label = found.bundle.manifest["outcome"]["label"]
    groups = found.groups
    header = ("", *(_group_name(group) for group in groups))
    rows: list[tuple[str, ...]] = [
        ("Patients", *(f"{g.patients:,}" for g in groups)),
        (f"Expected with {label}", *(with_limits(g.expected, ratio) for g in groups)),
        ("  by chance alone", *(_chance(g) for g in groups)),
        (f"Treated per {label} observed", *(_optional(g.per_event, ratio) for g in groups)),
    ]
    if found.prices is not None:
        currency = found.prices.currency
        totals = (UNDEFINED if g.cost is None else plain_money(g.cost) for g in groups)
        rows.append((f"Cost, {currency}", *totals))
        costs = (_optional(g.cost_per_event, rough_money) for g in groups)
        rows.append((f"Cost per {label} observed, {currency}", *costs))
    return header, rows


def _group_name(group: Group) -> str:
    return "Selected" if group.name == "selected" else "All ranked"


def _chance(group: Group) -> str:
    least, most = group.chance
    return f"{least:,} to {most:,}"


def _optional(estimate: Estimate | None, write: Callable[[float], str]) -> str:
    return UNDEFINED if estimate is None else with_limits(estimate, write)


def sides(
    rows: Sequence[LaidOutPatient], *, is_cut: bool
) -> tuple[tuple[str, tuple[LaidOutPatient, ...]], ...]:
    """Rows under their headings: selected and not, or all under none where there is no cut."""
    if not is_cut:
        return (("", tuple(rows)),)
    parts = (
        ("Selected", tuple(row for row in rows if row.selected)),
        ("Not selected", tuple(row for row in rows if not row.selected)),
    )
    return tuple((name, members) for name, members in parts if members)
