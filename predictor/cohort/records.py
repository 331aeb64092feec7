"""From visits to a cohort: index visit, baseline values and outcome as one row, with the flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.sledai import completed, derivable, items_of
from predictor.clinical.units import readable_unit
from predictor.cohort.asked import findings_of
from predictor.cohort.baseline_values import BaselineValue, latest_value
from predictor.cohort.cohort import FlowStep
from predictor.cohort.finding import Finding, unjudged
from predictor.cohort.follow_up import YES_NO, FollowUp, follow_up
from predictor.cohort.index_visits import IndexVisits, in_population, index_visits
from predictor.cohort.one_sided import declared_missing, in_fact_never, one_sided
from predictor.cohort.rules import Rules
from predictor.cohort.sensitivity import Sensitivity
from predictor.cohort.side_by_side import each
from predictor.cohort.table import Table
from predictor.cohort.time_from_visits import (
    NOBODY_SEEN,
    TimedFollowUp,
    time_asked,
    time_findings,
    timed_follow_up,
)
from predictor.cohort.time_spans import time_spans
from predictor.cohort.treatment_stop import Entry, entry_of, entry_times, step_of, with_doubt
from predictor.cohort.used_cells import judged, used_cells
from predictor.cohort.visits import Visits, read_visits
from predictor.cohort.yielded import yielded_findings
from predictor.config_records import days_of

if TYPE_CHECKING:
    from predictor.study import Study

Places = NDArray[np.int64]

NEVER_INDEX = (
    "at no visit of anybody {rule} holds, so nobody enters. Check the rule and its columns."
)
NOBODY_FOLLOWED = (
    "nobody has a visit within {days} of the index visit. Check `at.within`, and "
    "`cohort.visits.unit`."
)
NEVER_TOLD = (
    "the outcome could be told at no follow-up visit. Without a value at any of them: {names}. "
    "Measured at the index visit alone, a variable says nothing of the outcome."
)
DOUBTFUL = "the index rule cannot be told at a visit that could have been the index visit instead."
NO_LIMIT = "without this column nobody can be left out for it. New patients still are."
OUTSIDE = "excluded: never in the population ({rules})"
NO_INDEX = "excluded: no visit with {rule}"
NO_FOLLOW_UP = "excluded: no follow-up visit within {within}"
UNTOLD = "excluded: outcome cannot be told at follow-up"
NEVER_SEEN = "excluded: no visit after the index visit"
NEVER_TOLD_OF = "excluded: outcome cannot be told at any visit after the index visit"
LIMIT = "{label} {limit} {unit}"
WITHOUT = "without {label}"


@dataclass(frozen=True, slots=True)
class Records:
    """Index visits with a known outcome.

    Parameters
    ----------
    visits, rules
        What they were made from.
    index
        Who entered, and where.
    known
        Positions among the index visits of those with a known outcome.
    baseline
        Variable -> values at all index visits.
    follow_up
        Outcome of all index visits.
    flow
        Read, left out and why, analysed.
    findings
        What did not stop the work.
    """

    visits: Visits
    rules: Rules
    index: IndexVisits
    known: Places
    baseline: Mapping[str, BaselineValue]
    follow_up: FollowUp
    flow: tuple[FlowStep, ...]
    findings: tuple[Finding, ...]

    def sensitivity(self, events: int) -> Sensitivity | None:
        """What the unknown outcomes could change; None of a time, which ends for all unlike.

        Parameters
        ----------
        events
            Events among those with a known outcome.
        """
        if isinstance(self.follow_up, TimedFollowUp):
            return None
        lost = int(self.follow_up.lost.sum())
        untold = int(self.follow_up.undeterminable.sum())
        return Sensitivity(len(self.known), events, lost, untold)


@dataclass(frozen=True, slots=True)
class MadeRecords:
    """Records, if they could be made, and all findings."""

    records: Records | None
    findings: tuple[Finding, ...]


def make_records(study: Study, rules: Rules, table: Table) -> MadeRecords:
    """Find index visits, baseline values and outcomes.

    Parameters
    ----------
    study, rules
        Configuration, dictionary, and what they ask.
    table
        Visits as the source has them.

    Returns
    -------
    MadeRecords
        All problems at once; no records where one is fatal.
    """
    source, plan = study.config.cohort, rules.plan
    available = {n for n in rules.reads if source.columns.get(n, n) in table.columns}
    scores = derivable(available)
    findings = findings_of(study, plan, rules.asked, available | scores)
    question = study.config.question
    if question.follow_up is not None:
        name = plan.outcome.definition or ""
        findings += time_asked(rules.asked, name, [str(code) for code in question.event])
    else:
        findings += yielded_findings(study, plan, rules.asked)
    # What is not recorded itself is either computed, or its absence is for the rules to judge.
    needed = {*rules.variables, *rules.entry_names, *rules.asked.named}
    unread = {name for name in rules.reads if name not in available}
    limits = set(study.config.question.limits) - set(study.config.predictors)
    optional = unread - (needed - scores - limits)
    for name in sorted(limits - available - scores):
        column = source.columns.get(name, name)
        findings.append(Finding("limit_not_checked", column, NO_LIMIT, fatal=False, variable=name))
    centre = source.centre
    if centre is not None and centre not in table.columns:
        findings.append(Finding("missing_column", centre, table.missing_column(centre)))
    read = read_visits(study, plan, table, sorted(rules.reads), optional)
    findings += read.findings
    if read.visits is None or any(finding.fatal for finding in findings):
        return MadeRecords(None, (*findings, *unjudged(read.cells)))
    visits = _with_scores(read.visits)
    findings += time_spans(study, visits)
    times = entry_times(study, plan, table, visits)
    findings += times.findings
    if any(finding.fatal for finding in times.findings):
        return MadeRecords(None, (*findings, *unjudged(read.cells)))
    entry = entry_of(visits, times.day, rules.after)
    return _made(study, rules, visits, entry, findings, read.cells)


def _with_scores(visits: Visits) -> Visits:
    """Visits with scores computed from their items.

    A score is unreadable, or was declared missing, where an item is that it needs.
    """
    values = completed(visits.values)
    unreadable, declared = dict(visits.unreadable), dict(visits.declared)
    for score in derivable(visits.values):
        for item in items_of(score):
            for found, masks in ((visits.unreadable, unreadable), (visits.declared, declared)):
                if item in found:
                    open_ = found[item] & np.isnan(values[score])
                    masks[score] = masks.get(score, False) | open_
    return replace(visits, values=values, unreadable=unreadable, declared=declared)


def _made(
    study: Study,
    rules: Rules,
    visits: Visits,
    entry: Entry,
    findings: list[Finding],
    cells: tuple[Finding, ...],
) -> MadeRecords:
    config, plan = study.config, rules.plan
    ranges = dict(config.question.ranges)
    death = plan.outcome.death
    eligible = in_population(
        visits,
        ranges,
        config.cohort.exclude,
        died_at_visit=death is not None and death.visit is not None,
    )
    index = index_visits(visits, rules.index, plan.index.which, eligible=eligible & entry.open)
    index = with_doubt(index, visits, entry, rules.index, eligible)
    if not len(index.at):
        text = NEVER_INDEX.format(rule=rules.index.text)
        findings.append(Finding("no_index", f"cohort.index.{plan.index.which}", text))
        return MadeRecords(None, (*findings, *unjudged(cells)))
    if len(index.unknown):
        key = f"cohort.index.{plan.index.which}"
        doubt = visits.rows[index.unknown]
        findings.append(Finding("index_doubtful", key, DOUBTFUL, doubt, fatal=False))
    followed = _followed(study, rules, visits, index)
    fatal = _never_known(visits, rules, followed)
    if fatal is None and not isinstance(followed, TimedFollowUp):
        fatal = in_fact_never(visits, rules.asked, index, followed)
    if fatal is not None:
        return MadeRecords(None, (*findings, *unjudged(cells), fatal))
    there = [name for name in rules.variables if name in visits.values]
    baseline = dict(
        zip(
            there,
            each(
                lambda name: latest_value(visits, index.at, name, plan.baseline.window(name)),
                there,
                len(visits.day),
            ),
            strict=True,
        )
    )
    if not isinstance(followed, TimedFollowUp):  # which is judged at many visits, not at one
        findings += one_sided(visits, rules.asked, index, followed)
    findings += declared_missing(baseline)
    findings += judged(cells, used_cells(visits, rules, index, followed, baseline))
    if any(finding.fatal for finding in findings):
        return MadeRecords(None, tuple(findings))
    if isinstance(followed, TimedFollowUp):
        findings += time_findings(visits, followed)
    known = np.flatnonzero(~followed.lost & ~followed.undeterminable)
    flow = _flow(study, rules, visits, index, entry, followed)
    records = Records(visits, rules, index, known, baseline, followed, flow, tuple(findings))
    return MadeRecords(records, tuple(findings))


def _followed(study: Study, rules: Rules, visits: Visits, index: IndexVisits) -> FollowUp:
    """What happened, at one visit or over time."""
    question, plan = study.config.question, rules.plan.outcome
    if question.follow_up is None:
        looked_at = plan.looked_at
        return follow_up(visits, index.at, rules.asked, looked_at.nearest, looked_at.window)
    events = YES_NO[:1] if rules.asked.binary else tuple(str(code) for code in question.event)
    recorded = plan.death is not None and plan.death.visit is not None
    return timed_follow_up(visits, index.at, rules.asked, events, death_at_visit=recorded)


def _never_known(visits: Visits, rules: Rules, followed: FollowUp) -> Finding | None:
    """Why no outcome is known at all."""
    if followed.died.any() or (followed.state >= 0).any():
        return None
    seen = followed.at[followed.at >= 0]
    if not len(seen):
        if isinstance(followed, TimedFollowUp):
            return Finding("no_follow_up", "cohort.index", NOBODY_SEEN)
        days = days_of(rules.plan.outcome.looked_at.window)
        return Finding("no_follow_up", "cohort.outcome.at", NOBODY_FOLLOWED.format(days=days))
    empty = [
        name
        for name in sorted(rules.asked.reads)
        if name in visits.values and np.isnan(visits.values[name][seen]).all()
    ]
    text = NEVER_TOLD.format(names=", ".join(empty) or "none alone, but never all together")
    return Finding("undeterminable", "cohort.outcome", text)


def _flow(
    study: Study,
    rules: Rules,
    visits: Visits,
    index: IndexVisits,
    entry: Entry,
    followed: FollowUp,
) -> tuple[FlowStep, ...]:
    """Patients, or visits where every one may be an index visit, at each step."""
    every = rules.plan.index.which == "every"
    read = len(visits.patient) if every else visits.patients
    eligible = _counted(visits, index.eligible, every=every)
    entering = _counted(visits, index.eligible & entry.open, every=every)
    indexed, lost = len(index.at), int(followed.lost.sum())
    untold = int(followed.undeterminable.sum())
    if isinstance(followed, TimedFollowUp):
        not_followed, not_told = NEVER_SEEN, NEVER_TOLD_OF
    else:
        days = days_of(rules.plan.outcome.looked_at.window)
        # The unit stands behind the numbers here, where they are read aloud.
        within = f"{days.removeprefix('days ')} days" if days.startswith("days ") else days
        not_followed, not_told = NO_FOLLOW_UP.format(within=within), UNTOLD
    stopped = step_of(rules.plan)
    population = _population(study)
    steps = [FlowStep("read", read)]
    if population:
        steps.append(FlowStep(OUTSIDE.format(rules=population), read - eligible))
    steps.append(FlowStep("eligible", eligible))
    if stopped is not None:
        steps.append(FlowStep(stopped, eligible - entering))
    steps += [
        FlowStep(NO_INDEX.format(rule=rules.index.text), entering - indexed),
        FlowStep("indexed", indexed),
        FlowStep(not_followed, lost),
        FlowStep("with follow-up", indexed - lost),
        FlowStep(not_told, untold),
        FlowStep("analysed", indexed - lost - untold),
    ]
    return tuple(steps)


def _counted(visits: Visits, inside: NDArray[np.bool_], *, every: bool) -> int:
    """Visits, or patients with one of them."""
    owner = visits.patient[inside]  # in order, so each change is another patient
    return len(owner) if every else int((owner[1:] != owner[:-1]).sum()) + min(len(owner), 1)


def _population(study: Study) -> str:
    """The limits of the population and its exclusion criteria in words."""
    known = study.dictionary
    limits = [
        LIMIT.format(
            label=known.variable(name).label.lower(),
            limit=limit,
            unit=readable_unit(known.variable(name).unit),
        ).rstrip()
        for name, limit in study.config.question.ranges.items()
    ]
    without = [
        WITHOUT.format(label=known.variable(name).label.lower())
        for name in study.config.cohort.exclude
    ]
    return ", ".join((*limits, *without))
