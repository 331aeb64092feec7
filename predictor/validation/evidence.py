"""What stands behind a model: the level of evidence (design section 4), and why it is no higher.

No figure of performance takes part in the verdict. In cohorts of this size a corrected AUROC
(Harrell or .632+) lies above 0.5 where there is nothing to be found; so the level rests on how
many patients there are, on the permutation test, and on whether corrected figures exist at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from predictor.cohort.cohort import Cohort
from predictor.validation.permutation import Signal
from predictor.validation.samplesize import SampleSize, enough, verdict

Level = Literal["demonstration", "exploratory", "internally validated"]
"""What a training run can reach; ``externally validated`` needs patients from elsewhere."""

DEMONSTRATION: Level = "demonstration"
"""Level of a model that was made from simulated patients."""

_DEMONSTRATION = (
    "Not for care. Trained on simulated patients: it shows how the software works and says nothing "
    "about real ones."
)
_ROWS = "Rows are taken for patients; if a patient has several, every figure is too good."
_NOT_TESTED = "Whether there is signal has not been tested."
_PARTIAL = "The candidates that were not tested might find some."
_NOBODY_ELSE = "; no other patients have been tried"
_CORRECTED = f"Figures are corrected for optimism within this cohort{_NOBODY_ELSE}."
_COMPARED = f"Compared by repeated cross-validation only{_NOBODY_ELSE}."


@dataclass(frozen=True, slots=True)
class People:
    """Who a cohort consists of.

    Parameters
    ----------
    patients
        People, or rows where it is not known who they belong to.
    events
        Of these, how many have the event in at least one row.
    rows
        Rows that were analysed.
    known
        Whether rows could be told to belong to the same or to different people.
    """

    patients: int
    events: int
    rows: int
    known: bool


def people(cohort: Cohort) -> People:
    """Count people and not rows, as far as the cohort allows it."""
    rows, events = cohort.patients, cohort.events
    if cohort.patient is None:
        return People(rows, events, rows, known=False)
    patients = len(np.unique(cohort.patient))
    events = len(np.unique(cohort.patient[cohort.with_event]))
    return People(patients, events, rows, known=cohort.group_kind != "none")


def cohort_verdict(needed: SampleSize, cohort: Cohort) -> str:
    """One sentence: who is there, and how many are needed."""
    who = people(cohort)
    if not who.known:
        what = "rows taken for patients"
    else:
        what = "simulated patients" if cohort.simulated else "patients"
        what += f" ({who.rows:,} rows)" if who.rows > who.patients else ""
    return verdict(needed, who.patients, who.events, what)


def large_enough(needed: SampleSize, cohort: Cohort) -> bool:
    """Whether there are as many people and events as the sample-size criteria ask for."""
    who = people(cohort)
    return enough(needed, who.patients, who.events)


def evidence_level(
    *, simulated: bool, known_people: bool, sufficient: bool, signal: Signal | None, validated: bool
) -> Level:
    """Level of evidence of a training run.

    Parameters
    ----------
    simulated
        Whether any patient is simulated.
    known_people
        Whether it is known which rows belong to the same patient.
    sufficient
        Whether there are as many patients as the sample-size criteria ask for.
    signal
        The permutation test; None where it was not done or could not be.
    validated
        Whether figures corrected for optimism exist.

    Returns
    -------
    str
        ``demonstration`` where patients are simulated; ``internally validated`` where all of the
        rest holds and the permutation test has found signal (repeating a part of the procedure,
        such as its linear candidates, is a valid test as well, if a weaker one);
        ``exploratory`` otherwise.

    Examples
    --------
    >>> evidence_level(
    ...     simulated=False, known_people=True, sufficient=True, signal=None, validated=True
    ... )
    'exploratory'
    """
    if simulated:
        return "demonstration"
    if known_people and sufficient and validated and signal is not None and signal.found:
        return "internally validated"
    return "exploratory"


def evidence(
    cohort: Cohort, needed: SampleSize, signal: Signal | None, validated: bool
) -> dict[str, Any]:
    """What stands behind the model, for the manifest; real people alone count as patients.

    Parameters
    ----------
    cohort
        Who was analysed.
    needed
        Patients that the sample-size criteria ask for.
    signal
        The permutation test; None where it was not done or could not be.
    validated
        Whether figures corrected for optimism exist.

    Returns
    -------
    dict
        ``level``, ``patients``, ``events``, ``simulated_patients`` and ``statement``. Neither a
        small p-value nor a good figure lifts the level where patients are too few.
    """
    partial = signal is not None and signal.not_repeated and not signal.found
    return evidence_of(
        cohort,
        cohort_verdict(needed, cohort),
        signal,
        events=people(cohort).events,
        sufficient=large_enough(needed, cohort),
        validated=validated,
        untested=(_PARTIAL,) if partial else (),
    )


def evidence_of(
    cohort: Cohort,
    size: str,
    signal: Signal | None,
    *,
    events: int | None,
    sufficient: bool,
    validated: bool,
    untested: Sequence[str] = (),
) -> dict[str, Any]:
    """What stands behind any model, by what its own criteria ask for.

    Parameters
    ----------
    cohort, signal, validated
        As in :func:`evidence`.
    size
        One sentence: who is there, and how many are needed.
    events
        Of the patients, how many had the event; None where that is not told.
    sufficient
        Whether there are as many as are needed.
    untested
        Sentences on what the permutation test does not speak of.
    """
    who, real = people(cohort), not cohort.simulated
    level = evidence_level(
        simulated=cohort.simulated,
        known_people=who.known,
        sufficient=sufficient,
        signal=signal,
        validated=validated,
    )
    # What a reader needs before any figure: how many, whether signal, how tested.
    sentences = (
        *(() if real else (_DEMONSTRATION,)),
        size,
        *(() if who.known else (_ROWS,)),
        signal.sentence if signal else _NOT_TESTED,
        *untested,
        *((_CORRECTED if validated else _COMPARED,) if real else ()),
    )
    return {
        "level": level,
        "patients": who.patients if real else 0,
        "events": events if real else 0,
        "simulated_patients": 0 if real else who.patients,
        "statement": " ".join(sentences),
    }


def tried_elsewhere(statement: str) -> str:
    """The statement of a training after other patients have been tried.

    >>> tried_elsewhere("Compared only; no other patients have been tried.")
    'Compared only.'
    """
    return statement.replace(_NOBODY_ELSE, "")
