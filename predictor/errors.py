"""Exceptions that say where, which rule was broken and what to do next.

Every message is written for the person who can act on it, and none carries a patient's value:
an exception ends in a log sooner or later. The one place that may print values is the output of
``predictor check``, which builds its own text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One broken rule: what a list of problems is made of.

    Parameters
    ----------
    code
        Stable machine-readable name, such as ``"unknown_variable"``.
    where
        Column, variable, key or file the rule speaks of.
    message
        The rule and the next step, as a sentence, without any patient's value.
    """

    code: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


_LOOK = "Look at these as well, which stop the work only where their value is used:"


class PredictorError(Exception):
    """Base of everything this package raises on purpose; the command line exits with 2.

    Parameters
    ----------
    where
        File, key, column or address the error speaks of.
    rule
        What was expected and was not so.
    next_step
        What the reader can do about it.
    reasons
        Where several rules were broken at once, all of them.
    besides
        What is no reason to stop by itself and may become one; listed apart from the reasons.

    >>> print(PredictorError("c.yaml, line 3", "penalty must be positive", "Write 0.1 or more."))
    c.yaml, line 3: penalty must be positive. Write 0.1 or more.
    """

    def __init__(
        self,
        where: str,
        rule: str,
        next_step: str = "",
        *,
        reasons: Sequence[Reason] = (),
        besides: Sequence[Reason] = (),
    ) -> None:
        self.where = where
        self.rule = rule
        self.next_step = next_step
        self.reasons = tuple(reasons)
        self.besides = tuple(besides)
        sentence = rule if rule.endswith((".", "?", "!", ":")) else f"{rule}."
        head = " ".join(part for part in (f"{where}: {sentence}", next_step) if part)
        listed = "".join(f"\n  - {reason}" for reason in self.reasons)
        if self.besides:
            looked = "".join(f"\n  - {reason}" for reason in self.besides)
            listed = f"{listed}\n{_LOOK}{looked}"
        super().__init__(head + listed)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders in parallel fits; the default rebuilds from args alone.
        told = (self.where, self.rule, self.next_step, self.reasons, self.besides)
        return (_rebuild, (type(self), *told))


def _rebuild(
    kind: type[PredictorError],
    where: str,
    rule: str,
    next_step: str,
    reasons: Sequence[Reason],
    besides: Sequence[Reason] = (),
) -> PredictorError:
    error = kind.__new__(kind)
    PredictorError.__init__(error, where, rule, next_step, reasons=reasons, besides=besides)
    return error


class DocumentError(PredictorError):
    """A YAML or JSON document cannot be read."""


class DictionaryError(PredictorError):
    """The dictionary of variables breaks its own rules, or a name in it is unknown."""


class UnitError(PredictorError):
    """A unit is unknown for a variable, or no conversion exists."""


class ExpressionError(PredictorError):
    """A rule cannot be understood; ``where`` ends with the position of the character."""


class OutcomeError(PredictorError):
    """An outcome definition breaks a rule, is unknown, or can never be determined."""


class ConfigError(PredictorError):
    """The configuration breaks a rule."""


class CohortError(PredictorError):
    """The cohort cannot be used as it is; ``reasons`` lists every fatal problem."""


class LearningError(PredictorError):
    """The data cannot support the fit that was asked for."""


class BundleError(PredictorError):
    """A bundle is missing, incomplete, altered or of a newer format."""


class TrackingError(PredictorError):
    """The MLflow store cannot be reached or refused the run."""


class UnreachableError(TrackingError):
    """The MLflow store does not answer, which may be over in a while."""


class CopyWarning(UserWarning):
    """A registry does not answer, and the copy of a model that was fetched before is used."""


class MissingExtraError(PredictorError):
    """An optional dependency is needed and not installed."""


class PatientRefused(PredictorError):  # noqa: N818 - the name is a contract (design section 4)
    """The patient cannot be given a prediction; ``reasons`` holds every reason at once.

    >>> print(PatientRefused([Reason("impossible_value", "c3", "is impossible")]))
    patient: no prediction is given, because:
      - c3: is impossible
    """

    def __init__(self, reasons: Sequence[Reason], *, where: str = "patient") -> None:
        super().__init__(where, "no prediction is given, because:", reasons=reasons)
