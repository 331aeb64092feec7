"""Conditions and medications of a FHIR record: what they say of yes/no variables.

Only what is active and verified says yes. That something is not in a record does not say no: a
``no`` comes only from a record that says so (a drug ``not-taken``, a condition ``refuted``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from predictor.clinic.fhir_elements import (
    Element,
    Malformed,
    Resource,
    child,
    codes,
    malformed,
    moment,
    must_be_understood,
    status,
    text,
    truth,
)
from predictor.clinic.fhir_findings import Findings, Taken
from predictor.clinic.fhir_subject import UNSAID, Subject
from predictor.clinical.coding import Code, Codings
from predictor.clinical.variable import Variable

_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_UNUSED = "its codes belong to no variable of this model"

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """What one resource says of one variable."""

    variable: Variable
    yes: bool
    since: date | None
    code: str
    resource: Resource
    note: str


class StatementReader:
    """Reads Condition, MedicationStatement and MedicationRequest.

    Parameters
    ----------
    variables
        Yes/no variables of the model by name.
    medications
        Medication resources of the record by address, ``Medication/id`` included.
    subject
        Whose record it is.
    codings
        The codes of diagnoses and drugs.
    index_date
        The day for which it must hold.
    findings
        Where is noted what is taken, ignored or refused.
    """

    def __init__(
        self,
        variables: Mapping[str, Variable],
        medications: Mapping[str, Element],
        subject: Subject,
        codings: Codings,
        index_date: date,
        findings: Findings,
    ) -> None:
        self._variables = variables
        self._medications = medications
        self._subject = subject
        self._codings = codings
        self._index_date = index_date
        self._findings = findings
        self._statements: list[Statement] = []

    def read(self, resource: Resource) -> None:
        """Read one resource."""
        try:
            told = self._told(resource)
            about = self._subject.about(resource)
            yes, since, problem = self._holds(resource)
        except Malformed as fault:
            self._findings.reasons.append(malformed(resource, fault))
            return
        if about == "another" and (problem is None or problem[0] != "entered_in_error"):
            message = "speaks of another patient than the record."
            where = f"{resource.where}, {resource.kind}"
            self._findings.refuse("another_patient", where, message)
            return
        if problem is None and about not in ("patient", "unsaid"):
            problem = ("subject", "it does not say that it speaks of this patient")
        if not told:
            problem = problem or ("not_used", _UNUSED)
            self._findings.ignore(resource.kind, *problem)
        for variable, code in told:
            if problem is not None:
                self._findings.ignore(variable, *problem, day=since, resource=resource.shown)
            else:
                shown = self._codings.shown(code)
                note = UNSAID if about == "unsaid" else ""
                self._statements.append(Statement(variable, yes, since, shown, resource, note))

    def take(self) -> None:
        """Hand over what was stated; statements that contradict each other are refused."""
        first: dict[str, Statement] = {}
        for statement in self._statements:
            name, state = statement.variable.name, "yes" if statement.yes else "no"
            before = first.setdefault(name, statement)
            known = self._findings.values.get(name, "yes" if before.yes else "no")
            if known != state:
                places = f"{before.resource.where} and {statement.resource.where}"
                message = f"yes and no are stated at the same time (see {places})."
                self._findings.refuse("contradiction", name, message)
            if before is not statement or name in self._findings.values:
                self._findings.ignore(
                    statement.variable,
                    "repeated",
                    "the same is stated elsewhere",
                    day=statement.since,
                    resource=statement.resource.shown,
                )
                continue
            self._findings.values[name] = state
            taken = Taken(
                name,
                statement.variable.label,
                state,
                None,
                statement.since,
                statement.code,
                statement.resource.shown,
                statement.note,
            )
            self._findings.taken.append(taken)

    def _told(self, resource: Resource) -> list[tuple[Variable, Code]]:
        if resource.kind == "Condition":
            table, concept = self._codings.conditions, child(resource.content, "code")
        else:
            table, concept = self._codings.medications, self._drug(resource)
        found = self._codings.lookup(table, codes(concept, self._codings))
        return [(self._variables[n], code) for n, code in found.items() if n in self._variables]

    def _drug(self, resource: Resource) -> Element:
        concept = child(resource.content, "medicationCodeableConcept")
        reference = text(child(resource.content, "medicationReference"), "reference")
        if not reference:
            return concept
        if reference.startswith("#"):
            contained = resource.content.get("contained")
            for inside in contained if isinstance(contained, list) else ():
                if isinstance(inside, Mapping) and inside.get("id") == reference[1:]:
                    return child(inside, "code")
        return child(self._medications.get(reference, {}), "code")

    def _holds(self, resource: Resource) -> tuple[bool, date | None, Problem | None]:
        """Whether it says yes, since when, and why it is not used."""
        reader = {
            "Condition": self._condition,
            "MedicationStatement": self._medication,
            "MedicationRequest": self._request,
        }
        yes, since, problem = reader[resource.kind](resource.content)
        if problem is None and must_be_understood(resource):
            problem = ("modifier_extension", "it has a modifier extension, which is not understood")
        if problem is None and since is not None and since > self._index_date:
            problem = ("after_index_date", "it is from after the index date")
        return yes, since, problem

    def _condition(self, node: Element) -> tuple[bool, date | None, Problem | None]:
        verified, active = status(node, "verificationStatus"), status(node, "clinicalStatus")
        began = (
            moment(node, "onsetDateTime")
            or moment(child(node, "onsetPeriod"), "start")
            or moment(node, "recordedDate")
        )
        since = began.first if began else None
        ended = moment(node, "abatementDateTime") or moment(child(node, "abatementPeriod"), "end")
        if verified == "entered-in-error":
            return True, since, ("entered_in_error", "it was entered in error")
        if verified == "refuted":
            return False, since, None
        if verified != "confirmed":
            return True, since, ("not_verified", "it is not marked as confirmed")
        if active not in self._codings.active or (ended and ended.last <= self._index_date):
            return True, since, ("not_active", "it is not marked as active")
        return True, since, None

    def _medication(self, node: Element) -> tuple[bool, date | None, Problem | None]:
        given = text(node, "status")
        period = child(node, "effectivePeriod")
        began, ended = moment(period, "start"), moment(period, "end")
        began = began or moment(node, "effectiveDateTime") or moment(node, "dateAsserted")
        since = began.first if began else None
        if given == "entered-in-error":
            return True, since, ("entered_in_error", "it was entered in error")
        if given == "not-taken":
            return False, since, None
        if given != "active" or (ended and ended.last < self._index_date):
            return True, since, ("not_active", "it is not marked as active")
        return True, since, None

    def _request(self, node: Element) -> tuple[bool, date | None, Problem | None]:
        given, written = text(node, "status"), moment(node, "authoredOn")
        since = written.first if written else None
        if given == "entered-in-error":
            return True, since, ("entered_in_error", "it was entered in error")
        if truth(node, "doNotPerform"):
            return True, since, ("do_not_perform", "it says that the drug is not to be given")
        if given != "active":
            return True, since, ("not_active", "it is not marked as active")
        if text(node, "intent") not in _ORDERS:
            return True, since, ("no_order", "it is a plan or proposal, not an order")
        return True, since, None
