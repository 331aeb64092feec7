"""What reading a FHIR Bundle yields: what was taken, what was ignored, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from predictor.clinical.variable import Variable
from predictor.errors import Reason


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that was taken from the record.

    Parameters
    ----------
    variable, label
        From the dictionary.
    value
        As the record gives it; a number, or the name of a state. It belongs in the patient's own
        answer and nowhere else.
    unit
        Unit of the number, None where it has none.
    date
        Day of the measurement, or since when the statement holds; None where the record does not
        say.
    code
        The code it was found by, such as ``LOINC 4485-9``; empty for the Patient resource.
    resource
        Type and id of the resource.
    note
        What a reader must know about how it was read; empty if nothing.
    """

    variable: str
    label: str
    value: float | str
    unit: str | None
    date: date | None
    code: str
    resource: str
    note: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "variable": self.variable,
            "label": self.label,
            "value": self.value,
            "unit": self.unit,
            "date": self.date.isoformat() if self.date else None,
            "code": self.code or None,
            "resource": self.resource,
            "note": self.note or None,
        }


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something of the record that was not used.

    Parameters
    ----------
    what
        A variable's label, or a type of resource.
    code
        Stable name of the reason, such as ``too_old``.
    reason
        The reason in words, without any value.
    variable
        The variable it would have told; None if it belongs to none of the model.
    date, resource
        Day and type with id, where they are known and it belongs to a variable.
    count
        How many there were, of those that are counted and not listed.
    """

    what: str
    code: str
    reason: str
    variable: str | None = None
    date: date | None = None
    resource: str | None = None
    count: int = 1

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "what": self.what,
            "code": self.code,
            "reason": self.reason,
            "variable": self.variable,
            "date": self.date.isoformat() if self.date else None,
            "resource": self.resource,
            "count": self.count,
        }


@dataclass(slots=True)
class Findings:
    """Collects while the record is read."""

    values: dict[str, object] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)
    _ignored: dict[tuple[object, ...], Ignored] = field(default_factory=dict)

    def ignore(
        self,
        what: str | Variable,
        code: str,
        reason: str,
        *,
        day: date | None = None,
        resource: str | None = None,
    ) -> None:
        """Note what is not used; what belongs to no variable is counted, not listed."""
        if isinstance(what, Variable):
            entry = Ignored(what.label, code, reason, what.name, day, resource)
        else:
            entry = Ignored(what, code, reason)
        key = (entry.what, code, reason, entry.variable, entry.date, entry.resource)
        before = self._ignored.get(key)
        self._ignored[key] = entry if before is None else replace(before, count=before.count + 1)

    def refuse(self, code: str, where: str, message: str) -> None:
        """Note what makes the whole record unusable."""
        self.reasons.append(Reason(code, where, message))

    def warn(self, code: str, where: str, message: str) -> None:
        """Note what the reader of the prediction must know."""
        self.warnings.append(Reason(code, where, message))

    @property
    def ignored(self) -> tuple[Ignored, ...]:
        """What was not used: what belongs to variables first."""
        return tuple(sorted(self._ignored.values(), key=lambda entry: entry.variable is None))
