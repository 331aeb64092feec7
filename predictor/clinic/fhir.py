"""A FHIR R4 Bundle -> one patient as ``predict()`` takes them, with what was taken from where.

The record is read as plain JSON, element by element. Everything that cannot be told apart from an
error is refused (two patients, another patient's result, contradictory results, dates in the
future); everything that is merely of no use is listed. The rules: docs/fhir.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from predictor.clinic.fhir_bundle import PLACE, STATEMENTS, read_resources, stop
from predictor.clinic.fhir_elements import Element, Malformed, Resource, is_id
from predictor.clinic.fhir_findings import Findings, Ignored, Taken
from predictor.clinic.fhir_observations import ObservationReader, choose_results
from predictor.clinic.fhir_statements import StatementReader
from predictor.clinic.fhir_subject import Person, Subject, age_in_years, read_person
from predictor.clinic.fhir_text import as_text
from predictor.clinic.patient import IDENTIFIER
from predictor.clinical.coding import Codings, load_codings
from predictor.clinical.variable import Variable
from predictor.errors import DocumentError, PatientRefused, Reason
from predictor.fitted.bundle import Bundle

_STATE_IT = "State it: {option}."
_EXAMPLE = "2024-05-20"

__all__ = ["FhirPatient", "Ignored", "Taken", "is_fhir", "read_fhir"]

LOOK_BACK_DAYS = 90


@dataclass(frozen=True, slots=True)
class FhirPatient:
    """A patient as a FHIR record tells of them.

    Parameters
    ----------
    patient
        For ``predict()``: variable -> value, as ``{"value": ..., "unit": ...}`` where measured,
        with ``"comparator"`` where a limit stands for it; the prediction then warns of it.
    index_date
        The day for which the prediction is made.
    taken, ignored
        What was taken from where, and what was not used and why.
    warnings
        What a reader of the prediction must know about the record as a whole. ``predict()`` adds
        it to the prediction when it gets this object rather than ``patient`` alone.
    """

    patient: Mapping[str, object]
    index_date: date
    taken: tuple[Taken, ...]
    ignored: tuple[Ignored, ...]
    warnings: tuple[Reason, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """What stands beside a prediction in JSON: ``index_date``, ``taken``, ``ignored``."""
        return {
            "index_date": self.index_date.isoformat(),
            "taken": [entry.to_dict() for entry in self.taken],
            "ignored": [entry.to_dict() for entry in self.ignored],
        }

    def __str__(self) -> str:
        return as_text(self.index_date, self.taken, self.ignored)


def is_fhir(document: object) -> bool:
    """Whether a document is a FHIR resource: whether it says of which type it is.

    >>> is_fhir({"resourceType": "Bundle"}), is_fhir({"c3": 75})
    (True, False)
    """
    return isinstance(document, Mapping) and isinstance(document.get("resourceType"), str)


def read_fhir(
    document: Mapping[str, object],
    bundle: Bundle,
    *,
    index_date: date | None = None,
    look_back_days: int = LOOK_BACK_DAYS,
    today: date | None = None,
    date_option: str = "--index-date {day}",
) -> FhirPatient:
    """Read one patient's record.

    Parameters
    ----------
    document
        A FHIR R4 Bundle, as JSON gives it.
    bundle
        The model the patient is meant for; only its variables are read.
    index_date
        The day for which the prediction is made; None for the day of the newest Observation.
    look_back_days
        How many days before it a result may be from.
    today
        After it nothing can have happened; None for the date of the clock.
    date_option
        How the one who asks can state an index date, with ``{day}`` for it.

    Raises
    ------
    DocumentError
        If the record cannot be used; ``reasons`` lists everything that is wrong at once.
    PatientRefused
        If the patient died before the index date, or was not born then.
    """
    if look_back_days < 0:
        raise ValueError("look_back_days is a number of days, at least 0")
    findings = Findings()
    now = today or datetime.now(UTC).date()
    resources = read_resources(document, findings)
    stop(findings)
    patients = [resource for resource in resources if resource.kind == "Patient"]
    person = read_person(patients, findings)
    stop(findings)  # of two patients nothing more is worth telling
    reader = _Reader(bundle, load_codings(), _subject(patients), now, findings, date_option)
    return reader.read(resources, person, index_date, look_back_days)


class _Reader:
    """Brings together what the rooms of a record tell."""

    def __init__(
        self,
        bundle: Bundle,
        codings: Codings,
        subject: Subject,
        now: date,
        findings: Findings,
        date_option: str,
    ) -> None:
        self._date_option = date_option
        self._codings = codings
        self._subject = subject
        self._now = now
        self._findings = findings
        self._variables = {v.name: v for v in (*bundle.variables, *bundle.criteria)}
        fills = zip(bundle.variables, bundle.preparation.fill, strict=True)
        self._typical = {v.name: float(fill) for v, fill in fills if v.kind == "continuous"}

    def _option(self, day: str) -> str:
        return self._date_option.format(day=day)

    def read(
        self,
        resources: Sequence[Resource],
        person: Person | None,
        index_date: date | None,
        look_back_days: int,
    ) -> FhirPatient:
        loinc = {code: v for v in self._variables.values() for code in v.loinc}
        observations = ObservationReader(
            loinc, self._subject, self._codings, self._now, self._findings
        )
        for resource in resources:
            if resource.kind == "Observation":
                observations.read(resource)
        day = index_date or observations.newest
        if day is None:
            stop(self._findings)
            rule = "there is no Observation with a date, so the day of the prediction is not known"
            raise DocumentError(PLACE, rule, _STATE_IT.format(option=self._option(_EXAMPLE)))
        if (day - self._now).days > max(look_back_days, 1):
            rule = "the index date is so far in the future that no result can belong to it"
            raise DocumentError(
                self._option(day.isoformat()), rule, "State the day of the prediction."
            )
        if person is not None:
            self._person(person, day)
        known = []
        for result in observations.results:
            if result.variable.name not in self._findings.values:
                known.append(result)
            else:
                reason = "the Patient resource tells it"
                self._findings.ignore(
                    result.variable, "from_patient", reason, resource=result.resource.shown
                )
        choose_results(known, day, look_back_days, self._typical, self._codings, self._findings)
        self._statements(resources, day)
        stop(self._findings)
        values = dict(self._findings.values)
        if person is not None and person.identifier is not None:
            values[IDENTIFIER] = person.identifier
        findings = self._findings
        order = list(self._variables)
        taken = sorted(findings.taken, key=lambda entry: order.index(entry.variable))
        return FhirPatient(values, day, tuple(taken), findings.ignored, tuple(findings.warnings))

    def _statements(self, resources: Sequence[Resource], day: date) -> None:
        medications: dict[str, Element] = {}
        for resource in resources:
            if resource.kind == "Medication":
                medications[resource.address] = resource.content
                if is_id(resource.content.get("id")):
                    medications[f"Medication/{resource.content['id']}"] = resource.content
        binary = {n: v for n, v in self._variables.items() if v.kind == "binary"}
        reader = StatementReader(
            binary, medications, self._subject, self._codings, day, self._findings
        )
        for resource in resources:
            if resource.kind in STATEMENTS:
                reader.read(resource)
        reader.take()

    def _person(self, person: Person, day: date) -> None:
        """Take sex and age, and refuse those who did not live at the index date."""
        if person.death is not None and person.death.last < day:
            message = "died before the index date."
            raise PatientRefused([Reason("dead", "Patient", message)])
        sex = self._variables.get(self._codings.gender)
        if sex is not None and person.gender in sex.states:
            self._told(sex, person.gender, person.gender, None, person, "")
        elif sex is not None:
            reason = "the gender it tells is none of the variable, or it tells none"
            self._findings.ignore(sex, "no_state", reason, resource=person.resource)
        self._age(person, day)

    def _age(self, person: Person, day: date) -> None:
        age = self._variables.get(self._codings.birth_date)
        if person.birth is None:
            if age is not None:
                reason = "it tells no birth date"
                self._findings.ignore(age, "no_birth_date", reason, resource=person.resource)
            return
        if person.birth.first > min(day, self._now + timedelta(days=1)):
            message = "was born after the index date, or in the future."
            raise PatientRefused([Reason("not_born", "Patient", message)])
        if age is None:
            return
        middle = person.birth.first + (person.birth.last - person.birth.first) / 2
        note = "" if person.birth.is_day else "the day of birth is not told, its middle is taken"
        years = max(age_in_years(middle, day), 0)
        if age.plausible is not None and not age.plausible.contains(years):
            # Said of the date: of a number of years one would ask whether it is one of days.
            message = f"has a birth date that makes an age outside {age.plausible} years."
            raise PatientRefused([Reason("impossible_value", "Patient", message)])
        entry = {"value": years, "unit": "a"}
        self._told(age, entry, float(years), "years", person, note)

    def _told(
        self,
        variable: Variable,
        entry: object,
        value: float | str,
        unit: str | None,
        person: Person,
        note: str,
    ) -> None:
        self._findings.values[variable.name] = entry
        taken = Taken(variable.name, variable.label, value, unit, None, "", person.resource, note)
        self._findings.taken.append(taken)


def _subject(patients: Sequence[Resource]) -> Subject:
    try:
        return Subject(patients)
    except Malformed as fault:
        rule = f"the element {fault} of the Patient is not what FHIR R4 says it is"
        raise DocumentError(PLACE, rule) from None
