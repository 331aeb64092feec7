"""Whether a challenger is better than the champion by more than the error of their difference.

Both were cross-validated on the same patients, and of each the manifest holds the mean loss with
its difference to the best candidate of its own comparison and the paired standard error of that
difference. The losses of single patients are in no bundle, so that the challenger cannot be paired
with the champion patient by patient. It can by way of a candidate that stands in both comparisons
with the same loss, as the prevalence does when patients and folds are the same, and often the
champion's own procedure: a standard deviation obeys the triangle inequality,
``se(a - b) <= se(a - c) + se(c - b)``, so that the sum along the way is an error that cannot be too
small. It is exact where the way has one step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictor.errors import BundleError, Reason

FIGURES = {"log_loss": "log loss", "brier": "Brier score"}
"""By which figure models are judged: the first of these that both comparisons have."""

_WORDING = {"label", "population"}
"""Entries of an outcome that are words for readers; all others define it."""

_TOLD = "told"
"""Entry of an outcome that earlier versions did not write."""

_FOLDS = ("folds", "repeats", "seed", "group")
"""Of ``validation.plan``: who was in which fold. Folds that are stratified give the prevalence the
same loss whatever the seed, so that an equal loss alone does not tell."""

_SAME_LOSS = 1e-9
"""Relative; losses of one procedure on the same folds differ by rounding alone."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The challenger against the champion.

    Parameters
    ----------
    figure
        Key of `FIGURES`.
    champion, challenger
        Mean loss of each over the patients, cross-validated; smaller is better.
    error
        Standard error of their difference.
    paired
        Whether it is the paired one itself; otherwise the error is at most this.
    """

    figure: str
    champion: float
    challenger: float
    error: float
    paired: bool

    @property
    def gain(self) -> float:
        """By how much the challenger's loss is smaller."""
        return self.champion - self.challenger

    @property
    def better(self) -> bool:
        """Whether the champion is to be replaced."""
        return self.gain > self.error


@dataclass(frozen=True, slots=True)
class _Step:
    error: float
    exact: bool


def judge(champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> Judgement:
    """Compare two models by what their manifests say.

    Parameters
    ----------
    champion, challenger
        Manifests.

    Raises
    ------
    BundleError
        With every reason for which the two cannot be compared.
    """
    reasons = list(incomparable(champion, challenger))
    if reasons:
        rule = "it cannot be compared with the champion, for the reasons below"
        raise BundleError(str(challenger["name"]), rule, reasons=reasons)
    figure = _figure(champion, challenger)
    ours, theirs = _rows(champion, figure), _rows(challenger, figure)
    old, new = _chosen(ours), _chosen(theirs)
    ways = []
    for row in ours:
        for other in theirs:
            if _same(row, other, figure):
                first, second = _between(old, row, figure), _between(other, new, figure)
                steps = [step for step in (first, second) if step.error > 0.0]
                exact = len(steps) <= 1 and all(step.exact for step in steps)
                ways.append(_Step(first.error + second.error, exact))
    best = min(ways, key=lambda way: (way.error, not way.exact))
    return Judgement(figure, float(old[figure]), float(new[figure]), best.error, best.exact)


def incomparable(champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> Iterator[Reason]:
    """Every reason for which two models cannot be compared; none if they can."""
    differing = _differing(champion.get("outcome", {}), challenger.get("outcome", {}))
    if differing:
        listed = ", ".join(differing)
        yield Reason(
            "other_outcome", "outcome", f"it is defined otherwise than the champion's ({listed})."
        )
    cohorts = [manifest.get("cohort", {}).get("digest") for manifest in (champion, challenger)]
    if None in cohorts:
        yield Reason("unknown_cohort", "cohort", "one of the two does not name its patients.")
    elif cohorts[0] != cohorts[1]:
        yield Reason(
            "other_cohort",
            "cohort",
            "the two were validated on different patients, so that their figures differ by them.",
        )
    plans = [manifest.get("validation", {}).get("plan", {}) for manifest in (champion, challenger)]
    others = [key for key in _FOLDS if plans[0].get(key) != plans[1].get(key)]
    if others:
        yield Reason(
            "other_folds",
            "validation",
            f"the two were cross-validated on other folds ({', '.join(others)}); train with the "
            "champion's.",
        )
    figure = _figure(champion, challenger)
    if not figure:
        yield Reason(
            "no_figures",
            "validation",
            "one of the two holds no comparison of candidates with errors; train it again.",
        )
    elif (
        not differing
        and not others
        and not any(
            _same(row, other, figure)
            for row in _rows(champion, figure)
            for other in _rows(challenger, figure)
        )
    ):
        yield Reason(
            "nothing_common",
            "validation",
            "no candidate has the same loss in both, so that folds or patients must differ; train "
            "with the champion's seed, folds and repeats.",
        )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is asked otherwise, but for words, and for a rule that one of the two does not know."""
    told = [outcome.get(_TOLD) for outcome in (before, after)]
    free = _WORDING | ({_TOLD} if None in told or _rule(told[0]) == _rule(told[1]) else set())
    return [
        key
        for key in sorted(before.keys() | after.keys())
        if key not in free and before.get(key) != after.get(key)
    ]


def _rule(told: Any) -> dict[str, Any]:
    """How an outcome was told, whatever the file of a definition and the column are called."""
    names = {"column"} | ({"definition"} if "definition_digest" in told else set())
    return {key: entry for key, entry in told.items() if key not in names}


def _figure(champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> str:
    for figure in FIGURES:
        found = [_rows(manifest, figure) for manifest in (champion, challenger)]
        if all(rows and any(row.get("chosen") for row in rows) for rows in found):
            return figure
    return ""


def _rows(manifest: Mapping[str, Any], figure: str) -> list[Mapping[str, Any]]:
    """Candidates that have the figure with its difference and error."""
    keys = (figure, f"{figure}_difference", f"{figure}_difference_se")
    rows = manifest.get("validation", {}).get("models", [])
    return [row for row in rows if all(_is_number(row.get(key)) for key in keys)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _chosen(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next(row for row in rows if row.get("chosen"))


def _same(row: Mapping[str, Any], other: Mapping[str, Any], figure: str) -> bool:
    return bool(
        row["name"] == other["name"]
        and row.get("settings") == other.get("settings")
        and math.isclose(row[figure], other[figure], rel_tol=_SAME_LOSS)
    )


def _between(row: Mapping[str, Any], other: Mapping[str, Any], figure: str) -> _Step:
    """Error of the difference of two candidates of one comparison, by way of its best one."""
    if row is other:
        return _Step(0.0, exact=True)
    key = f"{figure}_difference"
    ends = [entry for entry in (row, other) if entry[key] != 0.0]
    return _Step(sum(float(entry[f"{key}_se"]) for entry in ends), exact=len(ends) <= 1)
