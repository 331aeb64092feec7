"""Observations of a FHIR record: which belong to a variable, and which of them counts.

The newest result on or before the index date and within the look-back decides. If it gives no
value, an older one does not stand in for it, except where the newest says that there is no result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from predictor.clinic.fhir_elements import (
    Element,
    Malformed,
    Moment,
    Resource,
    child,
    children,
    codes,
    malformed,
    moment,
    must_be_understood,
    text,
)
from predictor.clinic.fhir_findings import Findings, Taken
from predictor.clinic.fhir_subject import UNSAID, Subject
from predictor.clinic.fhir_values import OPEN, Answer, is_absent, read_result
from predictor.clinical.coding import Codings
from predictor.clinical.variable import Variable

_FINAL = ("final", "amended", "corrected")
_STATUSES = (*_FINAL, "registered", "preliminary", "cancelled", "entered-in-error", "unknown")
_UNUSED = "its code belongs to no variable of this model"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One result that belongs to a variable, not yet read; each is equal to itself alone.

    Parameters
    ----------
    variable
        What it tells.
    loinc
        The code it was found by.
    moment
        When it was measured.
    node
        The Observation or the component that holds the value.
    resource
        The Observation.
    note
        What a reader must know about whose it is; empty if nothing.
    """

    variable: Variable
    loinc: str
    moment: Moment
    node: Element
    resource: Resource
    note: str


class ObservationReader:
    """Collects the results of a record.

    Parameters
    ----------
    variables
        LOINC code -> variable, of what the model uses.
    subject
        Whose record it is.
    codings
        Addresses of code systems.
    today
        After it nothing can have been measured.
    findings
        Where is noted what is ignored or refused.
    """

    def __init__(
        self,
        variables: Mapping[str, Variable],
        subject: Subject,
        codings: Codings,
        today: date,
        findings: Findings,
    ) -> None:
        self.results: list[Result] = []
        self.newest: date | None = None
        self._variables = variables
        self._subject = subject
        self._codings = codings
        self._today = today
        self._findings = findings

    def read(self, resource: Resource) -> None:
        """Add the results of one Observation."""
        try:
            told = self._told(resource)
            problem = self._useless(resource)
            when = None if problem else self._time(resource)
            if problem is None and when is None:
                problem = ("no_day", "the day it was measured is not known")
        except Malformed as fault:
            self._findings.reasons.append(malformed(resource, fault))
            return
        if problem is not None or when is None:
            code, reason = problem or ("", "")
            for variable, _, _ in told:
                self._findings.ignore(variable, code, reason, resource=resource.shown)
            if not told:
                self._findings.ignore("Observation", code, reason)
            return
        if when.first > self._today + timedelta(days=1):  # it may be tomorrow already elsewhere
            message = "is dated in the future."
            self._findings.refuse("future_date", f"{resource.where}, Observation", message)
            return
        self.newest = max(self.newest or when.first, when.first)
        note = UNSAID if self._subject.about(resource) == "unsaid" else ""
        self.results += [Result(v, loinc, when, node, resource, note) for v, loinc, node in told]
        if not told:
            self._findings.ignore("Observation", "not_used", _UNUSED)

    def _told(self, resource: Resource) -> list[tuple[Variable, str, Element]]:
        """Variables an Observation and its components tell, by code, each with what holds it."""
        nodes = [resource.content, *children(resource.content, "component")]
        found = []
        for node in nodes:
            here = {
                code: self._variables[code]
                for system, code in codes(child(node, "code"), self._codings)
                if system == "loinc" and code in self._variables
            }
            if len({variable.name for variable in here.values()}) > 1:
                raise Malformed("code")
            found += [(variable, code, node) for code, variable in list(here.items())[:1]]
        return found

    def _useless(self, resource: Resource) -> tuple[str, str] | None:
        """Code and words of why an Observation is not used at all."""
        status = text(resource.content, "status")
        if status not in _FINAL:
            known = status if status in _STATUSES else "missing or not one of FHIR R4"
            return "status", f"its status is {known}"
        if must_be_understood(resource):
            return (
                "modifier_extension",
                "it has a modifier extension, which this reader cannot read",
            )
        about = self._subject.about(resource)
        if about == "another":
            message = "speaks of another patient than the record."
            self._findings.refuse("another_patient", f"{resource.where}, Observation", message)
        if about not in ("patient", "unsaid"):
            return "subject", "it does not say that it speaks of this patient"
        if resource.content.get("focus"):
            return "focus", "it speaks of something else than the patient (focus)"
        return None

    def _time(self, resource: Resource) -> Moment | None:
        """When it was measured; of a collection over a time, when that ended."""
        node = resource.content
        period = child(node, "effectivePeriod")
        when = (
            moment(node, "effectiveDateTime")
            or moment(node, "effectiveInstant")
            or moment(period, "end")
            or moment(period, "start")
        )
        if when is None and "effectiveTiming" not in node:
            when = moment(node, "issued")  # never before the measurement
        return when if when is not None and when.is_day else None


def choose_results(
    results: Sequence[Result],
    index_date: date,
    look_back_days: int,
    typical: Mapping[str, float],
    codings: Codings,
    findings: Findings,
) -> None:
    """Take the newest result of each variable; what is not taken is listed.

    Parameters
    ----------
    results
        All results of a record.
    index_date, look_back_days
        The last day a result may be of, and how many days before it the first.
    typical
        What stands for a variable where it is missing.
    codings, findings
        As for the reader.
    """
    by_variable: dict[str, list[Result]] = {}
    for result in results:
        day = result.moment.first
        if day > index_date:
            _ignore(result, "after_index_date", "it is from after the index date", findings)
        elif (index_date - day).days > look_back_days:  # the earliest day may be before year 1
            reason = f"it is from more than {look_back_days} days before the index date"
            _ignore(result, "too_old", reason, findings)
        elif is_absent(result.node):
            _ignore(result, "no_value", "it says that there is no result", findings)
        else:
            by_variable.setdefault(result.variable.name, []).append(result)
    for found in by_variable.values():
        newest = _newest(found)
        counting = set(newest)
        for result in found:
            if result not in counting:
                _ignore(result, "older", "there is a newer one", findings)
        _take(newest, typical, codings, findings)


def _newest(results: Sequence[Result]) -> list[Result]:
    """The results of the newest time; where an hour is not told, those of the whole day."""
    day = max(result.moment.first for result in results)
    of_day = [result for result in results if result.moment.first == day]
    instants = [result.moment.instant for result in of_day]
    known = [instant for instant in instants if instant is not None]
    if len(known) < len(instants):
        return of_day
    return [result for result in of_day if result.moment.instant == max(known)]


def _take(
    results: Sequence[Result],
    typical: Mapping[str, float],
    codings: Codings,
    findings: Findings,
) -> None:
    answers: list[tuple[Result, Answer]] = []
    for result in results:
        variable = result.variable
        try:
            answer = read_result(
                result.node, variable, typical.get(variable.name, float("nan")), codings
            )
        except Malformed as fault:
            findings.reasons.append(malformed(result.resource, fault))
            return
        if answer.problem is not None:
            _ignore(result, *answer.problem, findings)
        answers.append((result, answer))
    usable = [(result, answer) for result, answer in answers if answer.problem is None]
    if not usable:
        return
    result, answer = usable[0]
    open_too = any(other.problem == OPEN for _, other in answers)
    if len({other.key for _, other in usable}) > 1 or open_too:
        places = ", ".join(sorted({other.resource.where for other, _ in answers}))
        message = f"has different values at the same time ({places}). Keep the right one."
        findings.refuse("contradiction", result.variable.name, message)
        return
    variable = result.variable
    findings.values[variable.name] = answer.entry
    taken = Taken(
        variable.name,
        variable.label,
        answer.value,
        answer.unit,
        result.moment.first,
        f"LOINC {result.loinc}",
        result.resource.shown,
        "; ".join(filter(None, (answer.note, result.note))),
    )
    findings.taken.append(taken)
    for other, _ in usable[1:]:
        _ignore(other, "repeated", "the same value at the same time is taken already", findings)


def _ignore(result: Result, code: str, reason: str, findings: Findings) -> None:
    day, resource = result.moment.first, result.resource.shown
    findings.ignore(result.variable, code, reason, day=day, resource=resource)
