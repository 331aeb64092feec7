"""Several runs side by side: what each found, and whether their figures may be compared at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from predictor.errors import PredictorError, Reason
from predictor.report import comparison_words as words
from predictor.report.contents.numbers_text import listed
from predictor.validation.reported import CROSS_VALIDATED

FIGURES = ("auroc", "calibration_slope", "brier")
"""What is set side by side: discrimination, calibration, and both together."""

STATE_FIGURES = ("orc", "scaled_rps", "log_loss")
"""The same of several states, calibration of each being no single figure."""

QUESTION = ("label", "event", "states", "horizon", "population", "time_zero", "limits")
"""What defines an outcome, beside the name of its column."""


@dataclass(frozen=True, slots=True)
class Figured:
    """A figure with its interval.

    Parameters
    ----------
    value
        None where it is not defined.
    low, high
        None where there is no interval.
    by
        By what it was corrected; None where it was not, or is not known.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """What a run says of itself.

    Parameters
    ----------
    name
        For people; no two of a comparison are the same.
    outcome
        Column of the cohort.
    question
        The keys of ``QUESTION``; None where the run does not tell.
    cohort_digest
        Of the patients that were analysed; None where it is not known.
    patients, events
        Analysed, simulated or not.
    simulated
        Whether the patients are.
    model, version, digest
        The chosen model.
    corrected
        Whether the figures are corrected for optimism; otherwise they are cross-validated only.
    figures
        By the names in ``FIGURES``, or ``STATE_FIGURES``.
    verdict, headline, evidence
        What the model is ready for, in a word and in a sentence; and its evidence level.
    created
        When it was trained.
    """

    name: str
    outcome: str
    question: Mapping[str, Any]
    cohort_digest: str | None
    patients: int | None
    events: int | None
    simulated: bool
    model: str
    version: str
    digest: str
    corrected: bool
    figures: Mapping[str, Figured]
    verdict: str
    headline: str
    evidence: str
    created: str | None = None

    @property
    def several(self) -> bool:
        """Whether it tells several states."""
        return bool(self.question.get("states"))

    @property
    def label(self) -> str:
        """What the event is called."""
        return str(self.question.get("label") or self.outcome)

    @property
    def cohort(self) -> str:
        """The digest in short."""
        return words.UNKNOWN if self.cohort_digest is None else short(self.cohort_digest)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs, and who of them may be compared with whom.

    Parameters
    ----------
    runs
        In the order in which they were named.
    groups
        A letter for each run; those with the same one answer one question on the same patients.
    cautions
        What a reader must know before comparing; ``where`` is empty.
    """

    runs: tuple[ComparedRun, ...]
    groups: tuple[str, ...]
    cautions: tuple[Reason, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Figures of the runs: those of an event, or of several states."""
        return STATE_FIGURES if self.runs[0].several else FIGURES

    @property
    def comparable(self) -> bool:
        """Whether all of them are."""
        return len(set(self.groups)) == 1

    @property
    def headline(self) -> str:
        """One sentence for both."""
        count = len(self.runs)
        if self.comparable:
            return words.COMPARABLE.format(count=count)
        template = words.NONE if len(set(self.groups)) == count else words.PARTLY
        return template.format(count=count)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each run: what CSV, JSON and the tables hold."""
        return [_row(run, group) for run, group in zip(self.runs, self.groups, strict=True)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "comparable": self.comparable,
            "headline": self.headline,
            "runs": self.rows(),
            "cautions": [{"code": c.code, "message": c.message} for c in self.cautions],
        }


def compare(runs: Sequence[ComparedRun]) -> Comparison:
    """Say who may be compared with whom.

    Parameters
    ----------
    runs
        At least one. Names that occur twice are numbered.

    Returns
    -------
    Comparison
        Nobody is put first: figures of several runs are no reason to take the best one.

    Raises
    ------
    PredictorError
        If some tell several states and others one event, whose figures have nothing in common.
    """
    if len({run.several for run in runs}) > 1:
        states = listed([run.name for run in runs if run.several])
        others = listed([run.name for run in runs if not run.several])
        rule = words.KINDS.format(states=states, others=others)
        raise PredictorError("compare", rule, words.KINDS_NEXT)
    named = tuple(_with_own_names(runs))
    keys = [_key(run, place) for place, run in enumerate(named)]
    order = list(dict.fromkeys(keys))
    groups = tuple(_letter(order.index(key)) for key in keys)
    return Comparison(named, groups, tuple(_cautions(named, comparable=len(order) == 1)))


def short(digest: str) -> str:
    """A digest as people compare it.

    >>> short("sha256:76eedb6a90d46f03")
    '76eedb6a'
    """
    return digest.removeprefix("sha256:")[:8]


def _with_own_names(runs: Sequence[ComparedRun]) -> Iterator[ComparedRun]:
    names = [run.name for run in runs]
    taken = set(names)
    seen: dict[str, int] = {}
    for run in runs:
        if names.count(run.name) == 1:
            yield run
            continue
        number = seen.get(run.name, 0) + 1
        while (name := words.NUMBERED.format(name=run.name, number=number)) in taken:
            number += 1
        seen[run.name] = number
        taken.add(name)
        yield replace(run, name=name)


def _key(run: ComparedRun, place: int) -> str:
    # An unknown cohort is nobody else's.
    patients = run.cohort_digest or str(place)
    return json.dumps([run.outcome, _question(run), patients])


def _question(run: ComparedRun) -> str:
    asked = {key: run.question.get(key) or None for key in QUESTION}
    return json.dumps(asked, sort_keys=True, default=str)


def _letter(place: int) -> str:
    """A to Z, then AA and so on.

    >>> _letter(0), _letter(25), _letter(26)
    ('A', 'Z', 'AA')
    """
    first, last = divmod(place, 26)
    return (_letter(first - 1) if first else "") + chr(ord("A") + last)


def _cautions(runs: Sequence[ComparedRun], *, comparable: bool) -> Iterator[Reason]:
    asked = {(run.outcome, run.label) for run in runs}
    if len(asked) > 1:
        yield _told("other_outcome", outcomes=_said(runs, lambda run: _outcome(run, asked)))
    elif differing := [words.ASKED[key] for key in QUESTION if _differs(runs, key)]:
        yield _told("other_definition", what=listed(differing))
    known = {run.cohort_digest for run in runs if run.cohort_digest is not None}
    if len(known) > 1:
        yield _told("other_cohort", cohorts=_said(runs, lambda run: run.cohort))
    if unknown := [run.name for run in runs if run.cohort_digest is None]:
        yield _told("unknown_cohort", names=listed(unknown))
    if len({run.simulated for run in runs}) > 1:
        simulated = [run.name for run in runs if run.simulated]
        yield _told("simulated", names=listed(simulated))
    yield from _not_corrected(runs)
    same = [[run.name for run in runs if run.digest == digest] for digest in _digests(runs)]
    for names in same:
        if len(names) > 1:
            yield _told("same_model", names=listed(names))
    if comparable and len(runs) > 1:
        yield _told("same_patients")


def _outcome(run: ComparedRun, asked: Set[tuple[str, str]]) -> str:
    """Name of an outcome, and its column where another outcome has the same name."""
    if sum(label == run.label for _, label in asked) == 1:
        return run.label
    return words.OF_COLUMN.format(label=run.label, column=run.outcome)


def _not_corrected(runs: Sequence[ComparedRun]) -> Iterator[Reason]:
    for name in STATE_FIGURES if runs[0].several else FIGURES:
        if uncorrected := [run.name for run in runs if run.corrected and _out_of_fold(run, name)]:
            title, names = words.FIGURE_TITLES[name], listed(uncorrected)
            yield _told("not_corrected_figure", figure=title, names=names)
    if len({run.corrected for run in runs}) > 1:
        uncorrected = [run.name for run in runs if not run.corrected]
        yield _told("not_corrected", names=listed(uncorrected))


def _out_of_fold(run: ComparedRun, name: str) -> bool:
    """Whether a figure is cross-validated although the run corrects others."""
    return run.figures.get(name, Figured()).by == CROSS_VALIDATED


def _told(code: str, **facts: str) -> Reason:
    return Reason(code, "", words.CAUTIONS[code].format(**facts))


def _differs(runs: Sequence[ComparedRun], key: str) -> bool:
    found = {json.dumps(run.question.get(key) or None, sort_keys=True) for run in runs}
    return len(found) > 1


def _digests(runs: Sequence[ComparedRun]) -> list[str]:
    return list(dict.fromkeys(run.digest for run in runs))


def _said(runs: Sequence[ComparedRun], what: Callable[[ComparedRun], str]) -> str:
    """Which runs have which: ``a and b: remission; c: relapse``."""
    found: dict[str, list[str]] = {}
    for run in runs:
        found.setdefault(what(run), []).append(run.name)
    return "; ".join(
        words.OF_RUNS.format(what=name, names=listed(names)) for name, names in found.items()
    )


def _row(run: ComparedRun, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": run.name,
        "group": group,
        "outcome": run.outcome,
        "label": run.label,
        "horizon": run.question.get("horizon"),
        "population": run.question.get("population"),
        "cohort_digest": run.cohort_digest,
        "cohort": run.cohort,
        "patients": run.patients,
        "events": None if run.several else run.events,
        "simulated": run.simulated,
        "model": run.model,
        "version": run.version,
        "digest": run.digest,
        "figures": words.CORRECTED if run.corrected else words.CROSS_VALIDATED,
    }
    for name in STATE_FIGURES if run.several else FIGURES:
        figure = run.figures.get(name, Figured())
        found |= {
            name: figure.value,
            f"{name}_low": figure.low,
            f"{name}_high": figure.high,
            f"{name}_by": figure.by,
        }
    return found | {
        "verdict": run.verdict,
        "headline": run.headline,
        "evidence": run.evidence,
        "created": run.created,
    }
