"""Two tests of a cohort of several states: of any signal, and of proportional odds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import Resamples
from predictor.learning.splits import RepeatedFolds, derived_seed
from predictor.learning.state_candidates import StateCandidate
from predictor.learning.state_refits import refit_states
from predictor.performance.states import log_loss_of_states
from predictor.validation.permutation import Signal, permutation_p, signal

Floats = NDArray[np.float64]
States = NDArray[np.int64]

STATISTIC = "cross-validated log likelihood of a patient"
RULE = "each row has the state of another row"
ASSUMPTION_PENALTY = 1.0
"""Of both models that are held against each other; with none the states may be separated."""


def state_signal(
    candidate: StateCandidate,
    plan: Plan,
    patients: Patients,
    states: int,
    folds: RepeatedFolds,
    *,
    permutations: int,
    seed: int,
    not_repeated: tuple[str, ...],
    workers: int | None,
    progress: Callable[[float], bool] | None = None,
) -> Signal:
    """Permute the states, repeat preparation, tuning and fit in every fold, and compare.

    Parameters
    ----------
    candidate, plan, patients, states
        What is fitted, and on whom; rows must stand alone.
    folds
        Of the cohort itself; the first repeat is used, for the cohort and for each permutation.
    permutations, seed
        How many, and from which seed.
    not_repeated
        What is left out of the repetition, in words.
    workers, progress
        As for :func:`predictor.learning.state_refits.refit_states`.
    """
    n = len(patients.outcome)
    fold = folds.fold[0]
    rng = np.random.default_rng(derived_seed(seed, 1))
    own = np.asarray(patients.outcome, dtype=np.int64)
    order = np.stack([np.arange(n), *(rng.permutation(n) for _ in range(permutations))])
    # States take their folds along, so that every fold keeps its share of each.
    outcomes, fold_of = own[order], fold[order]
    tasks = np.unique(fold)
    count = (fold_of[:, None, :] != tasks[None, :, None]).reshape(-1, n).astype(np.int32)
    seeds = np.array([derived_seed(seed, 2, int(k)) for k in tasks], dtype=np.int64)
    resamples = Resamples(count, np.tile(seeds, len(outcomes)))
    found = refit_states(
        candidate,
        plan,
        patients,
        states,
        resamples,
        outcome=np.repeat(outcomes, len(tasks), axis=0),
        workers=workers,
        progress=progress,
    )
    done = len(found.usable) // len(tasks)
    loss = np.full((done, n), np.nan)
    for i in range(done):
        for j, k in enumerate(tasks):
            test = fold_of[i] == k
            told = found.probability[i * len(tasks) + j, test]
            loss[i, test] = log_loss_of_states(outcomes[i, test], told)
    likelihood = -loss.mean(axis=1)
    return signal(STATISTIC, float(likelihood[0]), likelihood[1:], RULE, not_repeated=not_repeated)


@dataclass(frozen=True, slots=True)
class Assumption:
    """Whether one sum of coefficients does for all thresholds.

    Parameters
    ----------
    statistic
        By how much the multinomial model fits better: twice the difference in log likelihood.
    p_value
        Share of simulated cohorts, in which odds are proportional, that differ as much.
    cohorts
        How many were simulated.
    """

    statistic: float
    p_value: float
    cohorts: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "statistic": self.statistic,
            "p_value": self.p_value,
            "cohorts": self.cohorts,
            "penalty": ASSUMPTION_PENALTY,
        }


def proportionality(
    plan: Plan,
    patients: Patients,
    states: int,
    *,
    cohorts: int,
    seed: int,
    workers: int | None,
) -> Assumption | None:
    """Hold proportional odds against the multinomial model by parametric bootstrap.

    Both are fitted to the cohort with the same small penalty. Then states are drawn from the
    proportional-odds fit, and both are fitted again: their difference shows what it is where the
    assumption holds, in a cohort of this size with these predictors. Tests that rest on large
    samples (Brant's, the score test) say too often that it does not hold where states are small.

    Parameters
    ----------
    plan, patients, states
        How is prepared, and who there is.
    cohorts, seed, workers
        How many are simulated, from which seed, by how many threads.

    Returns
    -------
    None where it cannot be told.
    """
    everything = tuple(range(len(plan.columns)))
    weak = (ASSUMPTION_PENALTY,)
    one = StateCandidate("proportional_odds", "", "proportional_odds", everything, weak)
    several = replace(one, name="multinomial", kind="multinomial")
    n = len(patients.outcome)
    whole = Resamples(np.ones((1, n), dtype=np.int32), np.zeros(1, dtype=np.int64))
    own = np.asarray(patients.outcome, dtype=np.int64)[None]

    def difference(outcomes: States) -> Floats:
        rows = Resamples(
            np.repeat(whole.count, len(outcomes), axis=0), np.zeros(len(outcomes), dtype=np.int64)
        )
        losses = [
            np.array(
                [
                    log_loss_of_states(outcome, told).sum()
                    for outcome, told in zip(
                        outcomes,
                        refit_states(
                            candidate,
                            plan,
                            patients,
                            states,
                            rows,
                            outcome=outcomes,
                            workers=workers,
                        ).probability,
                        strict=True,
                    )
                ]
            )
            for candidate in (one, several)
        ]
        return np.asarray(2.0 * (losses[0] - losses[1]))

    fitted = refit_states(one, plan, patients, states, whole, workers=workers)
    if not fitted.usable[0]:
        return None
    rng = np.random.default_rng(derived_seed(seed, 3))
    bounds = fitted.probability[0].cumsum(axis=1)[:, :-1]
    drawn = (rng.random((cohorts, n, 1)) > bounds[None]).sum(axis=2)
    complete = np.array([len(np.unique(row)) == states for row in drawn])
    simulated = drawn[complete]
    observed = float(difference(own)[0])
    if not np.isfinite(observed) or not len(simulated):
        return None
    return Assumption(observed, permutation_p(observed, difference(simulated)), int(complete.sum()))
