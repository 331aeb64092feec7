"""How often the interval of a state holds its true probability: ``python tests/benchmarks/...``.

Patients are drawn from a known proportional-odds model with five predictors. For each cohort the
replicates are made as a training makes them, and new patients from the same distribution are
asked. Prints coverage and mean width of the 95% intervals of each state, by model, by size of the
cohort and by the weak penalty of the replicates.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from predictor.fitted.models import expit
from predictor.fitted.state_model import KINDS, state_probabilities
from predictor.learning import state_replication
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan
from predictor.learning.resampling import bootstrap
from predictor.learning.state_candidates import StateCandidate

BETA = np.array([0.8, 0.5, 0.0, 0.0, -0.4])
CUTS = np.array([1.0, -1.0])
SIZES = (40, 86)
WEAK = (0.1, 1.0, 3.0)
COHORTS, RESAMPLES, ASKED = 25, 200, 60
_FEWEST = 4


def truth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the states."""
    return state_probabilities("proportional_odds", CUTS + (values @ BETA)[:, None])


def measured(kind: str, weak: float, patients: int) -> tuple[NDArray[np.float64], ...]:
    """Coverage and width of each state."""
    held, width = [], []
    candidate = StateCandidate(kind, "", kind, tuple(range(len(BETA))), (weak,))  # type: ignore[arg-type]
    plan = Plan(tuple(Column(f"x{j}") for j in range(len(BETA))), "median", (), 5)
    for number in range(COHORTS):
        rng = np.random.default_rng([number, patients])
        values = rng.normal(size=(patients, len(BETA)))
        bounds = truth(values).cumsum(axis=1)[:, :-1]
        state = (rng.random((patients, 1)) > bounds).sum(axis=1)
        if np.bincount(state, minlength=3).min() < _FEWEST:
            continue
        cohort = Patients(values, state.astype(np.int8), None)
        drawn = bootstrap(patients, None, resamples=RESAMPLES, seed=number)
        found = state_replication.state_replicates(replace(candidate), plan, cohort, 3, drawn, 1)
        if found is None:
            continue
        asked = rng.normal(size=(ASKED, len(BETA)))
        log_odds = found.log_odds(asked[:, None], np.zeros(asked.shape, dtype=bool))
        each = np.clip(state_probabilities(candidate.kind, log_odds), 1e-300, 1.0 - 1e-16)
        logit = np.log(each) - np.log1p(-each)
        centre, reach = logit.mean(axis=1), 1.96 * logit.std(axis=1, ddof=1)
        low, high = expit(centre - reach), expit(centre + reach)
        held.append(((low <= truth(asked)) & (truth(asked) <= high)).mean(axis=0))
        width.append((high - low).mean(axis=0))
    return np.mean(held, axis=0), np.mean(width, axis=0)


def main() -> None:
    """Print one line for each setting."""
    print("patients model              penalty  coverage of each state   mean width")
    for patients in SIZES:
        for kind in KINDS:
            for weak in WEAK:
                state_replication.WEAK = weak
                held, width = measured(kind, weak, patients)
                shown = " ".join(f"{share:.3f}" for share in held)
                wide = " ".join(f"{share:.2f}" for share in width)
                sys.stdout.write(f"{patients:8} {kind:18} {weak:7g}  {shown:24} {wide}\n")


if __name__ == "__main__":
    main()
