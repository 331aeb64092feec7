"""Bootstrap replicates of a model of several states, for the interval of one patient.

As `predictor.learning.replication` does for an event, from fits without the pull of a tuned
penalty. Firth's penalty has no form here that is in common use; so a weak ridge penalty
(``WEAK``) stands for it, which is finite where predictors separate the states. The refits that lie
closest together are kept by the same rule.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from predictor.fitted.state_replicates import StateReplicates
from predictor.learning.procedure import Patients, Plan
from predictor.learning.replication import core
from predictor.learning.resampling import Resamples
from predictor.learning.state_candidates import WEAK, StateCandidate
from predictor.learning.state_refits import refit_states

_FEWEST = 2


def state_replicates(
    candidate: StateCandidate,
    plan: Plan,
    patients: Patients,
    states: int,
    resamples: Resamples,
    workers: int | None = None,
) -> StateReplicates | None:
    """Refit the predictors of a model of several states, and keep what agrees.

    Parameters
    ----------
    candidate, plan, patients, states, resamples, workers
        As for :func:`predictor.learning.state_refits.refit_states`.

    Returns
    -------
    None where fewer than two resamples could be fitted.
    """
    weak = replace(candidate, penalties=(WEAK,))
    found = refit_states(weak, plan, patients, states, resamples, workers=workers)
    usable = found.usable
    if usable.sum() < _FEWEST:
        return None
    slopes = np.swapaxes(found.slopes[usable], 1, 2) / found.scale[usable][:, None, :]
    shift = np.einsum("rkc,rc->rk", slopes, found.centre[usable])
    intercepts = found.intercepts[usable] - shift
    sums = slopes.shape[1]
    both = core(np.column_stack([intercepts, slopes.reshape(len(slopes), -1)]))
    cuts = intercepts.shape[1]
    columns = found.universe.columns
    return StateReplicates(
        both[:, :cuts],
        both[:, cuts:].reshape(len(both), sums, len(columns)),
        np.array([column.variable for column in columns], dtype=np.int64),
        np.array([-1 if c.state is None else c.state for c in columns], dtype=np.int64),
        np.array([column.missing for column in columns], dtype=np.bool_),
    )
