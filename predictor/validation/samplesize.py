"""How many patients a question needs: the criteria of Riley et al. for a binary outcome.

A development sample is large enough when three things hold (Riley et al., BMJ 2020;368:m441):
coefficients need little shrinkage, the apparent fit is hardly better than the adjusted one, and
the overall risk is known precisely. What is anticipated of the model is one number, its Cox-Snell
R-squared; where only a C statistic is known it is converted under the assumption that the linear
predictor is normal among events and among non-events with the same variance (Riley et al., Stat
Med 2021;40:859). That step is an integral here, computed to rounding error, where pmsampsize
simulates it. The criteria speak of unpenalised regression: forests and boosting need more.

Criteria for external validation are in :mod:`predictor.validation.validationsize`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from predictor.errors import LearningError
from predictor.validation.linear_predictor import Binormal

SHRINKAGE = 0.9
"""Criterion 1: expected uniform shrinkage of the coefficients."""
OPTIMISM = 0.05
"""Criterion 2: largest expected difference of apparent and adjusted Nagelkerke R-squared."""
MARGIN = 0.05
"""Criterion 3: half width of the interval of the overall risk."""
DEFAULT_SHARE = 0.15
"""Share of the largest Cox-Snell R-squared that is assumed where nothing is anticipated."""
TABLE_C = (0.65, 0.70, 0.75, 0.80)
"""C statistics of the table that stands beside the verdict."""

# Beyond these the answer is no number of patients that anybody could collect.
_RAREST = 1e-6
_SMALLEST_R2 = 1e-9
_Z = 1.96  # as in the paper, so that its published sample sizes come out to the patient


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion.

    Parameters
    ----------
    name
        Stable name: ``shrinkage``, ``optimism`` or ``overall_risk``.
    label
        What it asks for, in words.
    n
        Patients it needs.
    shrinkage
        Shrinkage it implies. The overall risk implies none; as in pmsampsize it carries the
        stricter one of the two others, which holds once all three are met.
    """

    name: str
    label: str
    n: int
    shrinkage: float

    def to_dict(self) -> dict[str, object]:
        """Return the criterion as JSON data."""
        return {"name": self.name, "label": self.label, "n": self.n, "shrinkage": self.shrinkage}


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Patients needed to develop a model.

    Parameters
    ----------
    prevalence
        Share of patients with the event.
    parameters
        Candidate parameters: every predictor, indicator and dummy variable that is offered.
    c
        Anticipated C statistic (AUROC); None where R-squared was given or assumed.
    r2, r2_max, r2_nagelkerke
        Anticipated Cox-Snell R-squared, the largest one possible at this prevalence, and their
        ratio.
    source
        Where the anticipated performance comes from, in words.
    criteria
        The three criteria.
    """

    prevalence: float
    parameters: int
    c: float | None
    r2: float
    r2_max: float
    r2_nagelkerke: float
    source: str
    criteria: tuple[Criterion, ...]

    @property
    def n(self) -> int:
        """Patients that meet all criteria."""
        return max(criterion.n for criterion in self.criteria)

    @property
    def events(self) -> float:
        """Expected events among them; not rounded."""
        return self.n * self.prevalence

    @property
    def whole_events(self) -> int:
        """Expected events among them as people count, rounded up."""
        return math.ceil(round(self.events, 9))

    @property
    def epp(self) -> float:
        """Events per candidate parameter."""
        return self.events / self.parameters

    @property
    def shrinkage(self) -> float:
        """Expected shrinkage once all criteria are met."""
        return max(criterion.shrinkage for criterion in self.criteria)

    def to_dict(self) -> dict[str, object]:
        """Return everything as JSON data; ``n, events, epp, criteria`` are a contract."""
        return {
            "n": self.n,
            "events": self.events,
            "epp": self.epp,
            "shrinkage": self.shrinkage,
            "prevalence": self.prevalence,
            "parameters": self.parameters,
            "auroc": self.c,
            "r2_cox_snell": self.r2,
            "r2_max": self.r2_max,
            "r2_nagelkerke": self.r2_nagelkerke,
            "assumed": self.source,
            "criteria": [criterion.to_dict() for criterion in self.criteria],
        }


def largest_r2(prevalence: float) -> float:
    """Largest Cox-Snell R-squared that a model of a binary outcome can have.

    >>> largest_r2(0.5)
    0.75
    """
    check_prevalence(prevalence)
    entropy = prevalence * math.log(prevalence) + (1 - prevalence) * math.log1p(-prevalence)
    return -math.expm1(2 * entropy)


def r2_from_c(c: float, prevalence: float) -> float:
    """Cox-Snell R-squared of a calibrated model with a C statistic, by integration.

    Parameters
    ----------
    c
        Anticipated C statistic, above 0.5 and below 1.
    prevalence
        Share of patients with the event.

    Notes
    -----
    With a linear predictor normal with variance one among events and among non-events, the
    logistic model in it is true, its C statistic is ``Phi(d / sqrt(2))`` for means ``d`` apart,
    and minus half the logarithm of ``1 - R2`` is the expected gain in log-likelihood a patient.

    >>> round(r2_from_c(0.7, 0.355), 6)
    0.111752
    """
    check_prevalence(prevalence)
    check_c(c)
    r2 = -math.expm1(-2 * Binormal.of(c, prevalence).information())
    if r2 < _SMALLEST_R2:
        raise LearningError(
            "C statistic",
            "it lies so close to 0.5 that no number of patients would do",
            "Anticipate a C statistic above 0.5, such as 0.7.",
        )
    return r2


def required(
    prevalence: float,
    parameters: int,
    *,
    c: float | None = None,
    r2: float | None = None,
    nagelkerke: float | None = None,
    shrinkage: float = SHRINKAGE,
    optimism: float = OPTIMISM,
    margin: float = MARGIN,
) -> SampleSize:
    """Patients needed to develop a model, from one statement of its anticipated performance.

    Parameters
    ----------
    prevalence
        Share of patients with the event, between 0 and 1.
    parameters
        Candidate parameters, at least 1.
    c, r2, nagelkerke
        Exactly one: C statistic, Cox-Snell or Nagelkerke R-squared. None of pmsampsize's
        rounding of R-squared to three digits is done.
    shrinkage, optimism, margin
        What the three criteria ask for.

    Raises
    ------
    LearningError
        If a number is out of its range, or not exactly one performance is given.

    Examples
    --------
    The worked example of Riley et al. (BMJ 2020), 24 parameters:

    >>> found = required(0.174, 24, r2=0.288)
    >>> found.n, [criterion.n for criterion in found.criteria]
    (662, [623, 662, 221])
    """
    check_prevalence(prevalence)
    _check_parameters(parameters)
    for name, value in (("shrinkage", shrinkage), ("optimism", optimism), ("margin", margin)):
        if not 0 < value < 1:
            raise LearningError(name, "it must lie between 0 and 1", "The defaults are Riley's.")
    if sum(given is not None for given in (c, r2, nagelkerke)) != 1:
        raise LearningError(
            "sample size",
            "exactly one anticipated performance is needed",
            "Give the C statistic (--auroc) or the Cox-Snell R-squared (--r2).",
        )
    if c is not None:
        return _size(
            prevalence,
            parameters,
            r2_from_c(c, prevalence),
            f"a C statistic of {c:g}",
            c=c,
            goals=(shrinkage, optimism, margin),
        )
    if nagelkerke is not None:
        if not 0 < nagelkerke < 1:
            raise LearningError("Nagelkerke R-squared", "it must lie between 0 and 1")
        cox_snell = nagelkerke * largest_r2(prevalence)
        source = f"a Nagelkerke R-squared of {nagelkerke:g}"
    else:
        cox_snell = float(r2 or 0.0)
        source = f"a Cox-Snell R-squared of {cox_snell:g}"
    return _size(
        prevalence, parameters, cox_snell, source, c=None, goals=(shrinkage, optimism, margin)
    )


def for_training(
    prevalence: float, parameters: int, anticipated_c: float | None = None
) -> SampleSize:
    """Patients a training run would have needed.

    Parameters
    ----------
    prevalence
        Share of patients with the event in the cohort.
    parameters
        Candidate parameters of the run.
    anticipated_c
        From the configuration; never the run's own AUROC, which is what small samples get wrong.
        Without it, 15% of the largest R-squared, as Riley et al. recommend.
    """
    if anticipated_c is not None:
        return required(prevalence, parameters, c=anticipated_c)
    _check_parameters(parameters)
    r2 = DEFAULT_SHARE * largest_r2(prevalence)
    source = "15% of the largest R-squared, as nothing was anticipated"
    return _size(prevalence, parameters, r2, source, c=None, goals=(SHRINKAGE, OPTIMISM, MARGIN))


def table_over_c(
    prevalence: float, parameters: int, statistics: Sequence[float] = TABLE_C
) -> tuple[SampleSize, ...]:
    """Sample sizes over a range of anticipated C statistics."""
    return tuple(required(prevalence, parameters, c=c) for c in statistics)


def verdict(needed: SampleSize, patients: int, events: int, what: str = "patients") -> str:
    """One sentence that holds what there is against what is needed.

    Parameters
    ----------
    needed
        From :func:`for_training` or :func:`required`.
    patients, events
        What the cohort has.
    what
        What its rows are.

    >>> print(verdict(for_training(11 / 31, parameters=6), patients=31, events=11))
    31 patients with 11 events; at least 465 patients with 165 events needed.
    """
    have = f"{patients:,} {what} with {events:,} events"
    want = f"at least {needed.n:,} patients with {needed.whole_events:,} events needed"
    return f"{have}; {want}" + (": enough." if enough(needed, patients, events) else ".")


def enough(needed: SampleSize, patients: int, events: int) -> bool:
    """Whether a cohort has the patients and the events that the criteria ask for."""
    return patients >= needed.n and events >= needed.whole_events


def _size(
    prevalence: float,
    parameters: int,
    r2: float,
    source: str,
    *,
    c: float | None,
    goals: tuple[float, float, float],
) -> SampleSize:
    """The three criteria at a Cox-Snell R-squared; equations (11), (12) of Riley et al. 2019."""
    most = largest_r2(prevalence)
    if not _SMALLEST_R2 <= r2 < most:
        raise LearningError(
            "R-squared",
            f"it must lie above 0 and below the largest value at this prevalence, {most:.3f}",
            "Nagelkerke's R-squared has the range 0 to 1, Cox and Snell's has not.",
        )
    shrinkage, optimism, margin = goals
    if r2 >= shrinkage:
        raise LearningError("shrinkage", "it must exceed the anticipated R-squared")
    second = r2 / (r2 + optimism * most)
    risk = math.ceil((_Z / margin) ** 2 * prevalence * (1 - prevalence))
    criteria = (
        Criterion(
            "shrinkage",
            f"shrinkage of coefficients of at least {shrinkage:g}",
            _patients(parameters, shrinkage, r2),
            shrinkage,
        ),
        Criterion(
            "optimism",
            f"apparent and adjusted Nagelkerke R-squared at most {optimism:g} apart",
            _patients(parameters, second, r2),
            second,
        ),
        Criterion(
            "overall_risk",
            f"overall risk known to within {margin:g}",
            risk,
            max(shrinkage, second),
        ),
    )
    return SampleSize(prevalence, parameters, c, r2, most, r2 / most, source, criteria)


def _patients(parameters: int, shrinkage: float, r2: float) -> int:
    """Patients at which the expected shrinkage is reached."""
    return math.ceil(parameters / ((shrinkage - 1) * math.log1p(-r2 / shrinkage)))


def check_prevalence(prevalence: float) -> None:
    """Refuse a share of events that is none."""
    if not _RAREST <= prevalence <= 1 - _RAREST:
        raise LearningError(
            "prevalence",
            "it must lie above 0 and below 1",
            "Give the share of patients with the event, such as 0.35.",
        )


def _check_parameters(parameters: int) -> None:
    if isinstance(parameters, bool) or not 1 <= parameters <= 10**6 or parameters % 1:
        raise LearningError(
            "parameters",
            "it must be a whole number of at least 1",
            "Count every candidate predictor, indicator and dummy variable.",
        )


def check_c(c: float) -> None:
    """Refuse a C statistic that no model can have or that would be no better than chance."""
    if not 0.5 < c < 1:
        raise LearningError(
            "C statistic", "it must lie above 0.5 and below 1", "Anticipate one, such as 0.7."
        )
