"""What the calibration range of a forest holds, on cohorts whose truth is known.

python tests/benchmarks/calibration_range.py [--cohorts 100] [--trees 100] [--leaf 1]

Cohorts of 31, 100 and 500 patients of the populations of `interval_cohorts.py`. In each of them a
forest is cross-validated and fitted, and the range learned, by the code that trains; then both
meet 2,000 more patients, whose true probability is known. The range promises no coverage of one
patient's probability. It promises that, on average, the outcome lies between its bounds; so for
all patients, and for the fifth with the lowest and with the highest scores, the table holds the
means of lower bound, truth, upper bound and of the forest's own probability. `se` is the standard
error, over cohorts, of how far the middle of the range lies from the truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from interval_cohorts import PREDICTORS, STRENGTHS, Floats, Population, draw
from threadpoolctl import threadpool_limits

from predictor.fitted.venn_abers import outside
from predictor.learning.candidates import Candidate
from predictor.learning.crossvalidation import cross_validate
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.splits import repeated_folds
from predictor.learning.venn_abers import venn_abers

SIZES = (31, 100, 500)
FOLDS, REPEATS = 5, 5
FURTHER = 2000
GROUPS = ("all", "lowest fifth", "highest fifth")
LINE = "{:>4} {:<7} {:<14} {:>6} {:>6} {:>6} {:>7} {:>7}"
REST = (
    "     width {:.2f}; contradicted {:.0%}, where the forest is off by {:.2f}, the range by {:.2f}"
)


@dataclass(frozen=True)
class Found:
    """Of one cohort: means by group, shape (3, 4), and what else is told of the ranges."""

    means: Floats
    width: float
    contradicted: float
    forest_off: float
    range_off: float


def main() -> None:
    """Simulate and print, size by size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cohorts", type=int, default=100)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaf", type=int, default=1)
    given = parser.parse_args()
    forest = Candidate(
        "random_forest",
        "Random forest",
        tuple(range(PREDICTORS)),
        ({"min_samples_leaf": given.leaf},),
        {"n_estimators": given.trees},
    )
    print(LINE.format("n", "signal", "patients", "lower", "truth", "upper", "forest", "se"))
    for strength, spread in STRENGTHS.items():
        for patients in SIZES:
            seeds = range(given.cohorts)
            found = [f for s in seeds for f in of_cohort(forest, Population(spread), patients, s)]
            for line in table(patients, strength, found):
                print(line, flush=True)
            if len(found) < given.cohorts:
                print(f"     {given.cohorts - len(found)} cohorts have no range")


def of_cohort(
    forest: Candidate, population: Population, patients: int, seed: int
) -> Iterator[Found]:
    """Train in one cohort and look at further patients; nothing where there is no range."""
    random = np.random.default_rng((patients, seed))
    values, outcome = population.cohort(random, patients)
    plan = Plan(tuple(Column(f"x{j}") for j in range(PREDICTORS)), "median", (), FOLDS)
    known = Patients(values, outcome, None)
    folds = repeated_folds(outcome, None, folds=FOLDS, repeats=REPEATS, seed=seed)
    (predicted,) = cross_validate([forest], plan, known, folds, workers=1)
    made = venn_abers(predicted.probability, outcome)
    if made is None:
        return
    with threadpool_limits(1):
        fitted = fit(forest, plan, known, seed)
    further = draw(random, FURTHER)
    score, truth = fitted.probability(further), population.probability(further)
    low, high = made.at(score)
    told = np.stack([low, truth, high, score])
    fifths = np.quantile(score, [0.2, 0.8])
    groups = (score >= 0.0, score <= fifths[0], score >= fifths[1])
    off = outside(score, low, high)
    nearest = np.clip(truth, low, high)
    yield Found(
        np.stack([told[:, group].mean(axis=1) for group in groups]),
        float((high - low).mean()),
        float(off.mean()),
        float(np.abs(score - truth)[off].mean()) if off.any() else np.nan,
        float(np.abs(nearest - truth)[off].mean()) if off.any() else np.nan,
    )


def table(patients: int, strength: str, found: list[Found]) -> Iterator[str]:
    """Means over cohorts."""
    means = np.stack([f.means for f in found])
    beside = (means[:, :, 0] + means[:, :, 2]) / 2 - means[:, :, 1]
    error = beside.std(axis=0, ddof=1) / np.sqrt(len(found))
    for i, group in enumerate(GROUPS):
        numbers = [f"{x:.3f}" for x in (*means[:, i].mean(axis=0), error[i])]
        yield LINE.format(patients, strength, group, *numbers)
    rest = [[f.width, f.contradicted, f.forest_off, f.range_off] for f in found]
    yield REST.format(*np.nanmean(rest, axis=0))


if __name__ == "__main__":
    main()
