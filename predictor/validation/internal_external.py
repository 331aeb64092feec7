"""Internal-external validation: each centre is predicted by a model from all the others.

Splitting by centre is harder and more honest than splitting at random, because a model is meant
for places that took no part in making it (Royston, Parmar and Sylvester, Stat Med 2004;23:907;
Steyerberg and Harrell, J Clin Epidemiol 2016;69:245). Every centre in turn is left out, the whole
procedure (filling in, scaling, tuning) is repeated on the others, and the figures of the centre
left out are summarised by random effects. The model that is bundled in the end is the one from
all centres; these figures are those of the procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.procedure import Patients, Plan
from predictor.learning.splits import RepeatedFolds
from predictor.performance.decision import NetBenefit, net_benefit
from predictor.validation.centres import (
    CentreResult,
    CentreSummary,
    benefit,
    centre_results,
    centre_summaries,
    shown_centres,
)

_WHERE = "internal-external validation"
_REPEATED = (
    "Rows of one patient are taken for independent in the intervals of a centre, which are "
    "therefore too narrow."
)


@dataclass(frozen=True, slots=True)
class InternalExternal:
    """Result of leaving out one centre after the other.

    Parameters
    ----------
    candidate, label
        The model whose procedure was repeated.
    level
        Confidence level of all intervals.
    centres
        One row each, in the order of their codes; those that are too small have figures of None.
    summaries
        One for each figure.
    net_benefit
        Over all patients, each predicted by the model that has not seen the centre.
    notes
        What limits the result, in words.
    """

    candidate: str
    label: str
    level: float
    centres: tuple[CentreResult, ...]
    summaries: tuple[CentreSummary, ...]
    net_benefit: tuple[NetBenefit, ...]
    notes: tuple[str, ...]

    def summary(self, name: str) -> CentreSummary:
        """One of the summaries by the name of its figure."""
        return next(summary for summary in self.summaries if summary.name == name)

    @property
    def sentence(self) -> str:
        """The AUROC in words."""
        found = self.summary("auroc")
        text = f"Each of {len(self.centres)} centres predicted by a model from the others: "
        if found.effect is None:
            return f"{text}no centre is large enough for an AUROC with an interval."
        effect = found.effect
        percent = f"{100 * effect.level:g}%"
        text += (
            f"AUROC {effect.mean:.2f} ({percent} interval {effect.low:.2f} to {effect.high:.2f})"
        )
        if effect.prediction_low is not None and effect.prediction_high is not None:
            text += (
                f"; in a further centre {effect.prediction_low:.2f} to {effect.prediction_high:.2f}"
            )
        if found.left_out:
            are = "centre is" if found.left_out == 1 else "centres are"
            text += f". {found.left_out} {are} too small or too uniform to take part"
        return f"{text}."

    def to_dict(self, cell_size: int, names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Plain data for JSON.

        Parameters
        ----------
        cell_size
            Centres with fewer patients, events or non-events lose their numbers and figures, and
            others with them until no masked number follows from the shown ones; 0 masks nothing.
        names
            Centre by code; by default the codes stand for them.
        """
        hidden, centres = shown_centres(self.centres, cell_size, names)
        return {
            "candidate": self.candidate,
            "label": self.label,
            "level": self.level,
            "cell_size": cell_size,
            "masked": hidden,
            "centres": centres,
            "summaries": [summary.to_dict() for summary in self.summaries],
            "net_benefit": [benefit(row) for row in self.net_benefit],
            "notes": list(self.notes),
            "sentence": self.sentence,
        }


def internal_external(
    candidate: Candidate,
    plan: Plan,
    patients: Patients,
    centre: NDArray[np.int64],
    *,
    seed: int,
    workers: int | None = None,
    thresholds: Sequence[float],
    level: float = 0.95,
    progress: Callable[[float, str], None] | None = None,
) -> InternalExternal:
    """Leave out one centre after the other.

    Parameters
    ----------
    candidate, plan
        What is fitted, and how; the whole procedure is repeated without each centre.
    patients
        Everybody. Their groups, if any, are the centres or lie within them; they stay whole in
        the inner folds of tuning.
    centre : shape (patients,)
        Codes of the centres.
    seed, workers
        What decides the randomness of the procedure, and how many processes share the work; the
        result depends on the first only.
    thresholds
        Of the net benefit.
    level
        Confidence level of all intervals.
    progress
        Told the share of the work that is done.

    Raises
    ------
    LearningError
        If fewer than two centres have patients with and without the event, a group is in more
        than one centre, or a fit fails.
    """
    code, members = np.unique(centre, return_inverse=True)
    members = members.reshape(-1).astype(np.int64)
    _check(patients, members, len(code))
    folds = RepeatedFolds(members[None], seed)
    (found,) = cross_validate(
        (candidate,), plan, patients, folds, workers=workers, progress=progress
    )
    predicted = found.probability[0]
    size = [_size(patients, members == k, members) for k in range(len(code))]
    rows = centre_results(
        patients.outcome, predicted, members, code, size, thresholds=thresholds, level=level
    )
    return InternalExternal(
        candidate=candidate.name,
        label=candidate.label,
        level=level,
        centres=rows,
        summaries=centre_summaries(rows, level),
        net_benefit=net_benefit(patients.outcome, predicted, thresholds).rows,
        notes=(_REPEATED,) if _within_centres(patients, members) is not None else (),
    )


def _check(patients: Patients, members: NDArray[np.int64], centres: int) -> None:
    mixed = sum(len(np.unique(patients.outcome[members == k])) == 2 for k in range(centres))
    if mixed < 2:
        raise LearningError(
            _WHERE,
            "two centres with patients with and without the event are needed, and there "
            f"{'is' if mixed == 1 else 'are'} {mixed or 'none'} (of {centres})",
            "Validate by resampling patients instead.",
        )
    if patients.group is not None:
        pairs = np.unique(np.column_stack((patients.group, members)), axis=0)
        if len(pairs) > len(np.unique(patients.group)):
            raise LearningError(
                _WHERE,
                "a patient is in more than one centre, so that the others would know the patient",
                "Give each patient one centre.",
            )


def _within_centres(patients: Patients, members: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The groups, where they are patients with several rows inside a centre."""
    if patients.group is None:
        return None
    groups = len(np.unique(patients.group))
    centres = len(np.unique(members))
    return patients.group if centres < groups < len(members) else None


def _size(
    patients: Patients, inside: NDArray[np.bool_], members: NDArray[np.int64]
) -> tuple[int, int, int]:
    group = _within_centres(patients, members)
    one = np.arange(len(members)) if group is None else group
    event = patients.outcome == 1
    everybody, with_event, without = (
        len(np.unique(one[inside & which])) for which in (event | True, event, ~event)
    )
    return everybody, with_event, without
