"""Whether the validation tells the truth, on cohorts whose truth is known.

python tests/benchmarks/validation_simulation.py --out FOLDER [--cohorts 1000] [--strong 200]

Without signal: cohorts of 31 in which nothing depends on anything. With signal: cohorts of 31 and
of 100 of the scenario `strong`; the truth is the performance of each fitted model among 100,000
more patients of the same kind. Every cohort is a line of a file in FOLDER; started again with the
same settings, the run goes on where it stopped. The tables go to the terminal.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from validation_summary import with_signal, without_signal

from predictor.cohort.checking import check_cohort
from predictor.cohort.cohort import Cohort
from predictor.cohort.published import simulate
from predictor.cohort.table import table_of
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Patients, Plan
from predictor.learning.refitting import Refit, refit
from predictor.learning.resampling import Resamples, bootstrap, training_parts
from predictor.learning.splits import repeated_folds
from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier
from predictor.study import load_study
from predictor.validation.corrected import CorrectedFigure, Spread
from predictor.validation.cross_validated import cross_validated_measures
from predictor.validation.internal import internal_validation
from predictor.validation.measured import Measured, joined, measure
from predictor.validation.signal_test import signal_test

STUDY = "remission"
PROCEDURES = {
    "ridge": ("ridge",),
    "firth": ("firth",),
    "chosen": ("prevalence", "one_predictor", "firth", "ridge"),
}
FOLDS = 5
THRESHOLDS = (0.25, 0.5)
FIGURES = ("auroc", "brier", "calibration_intercept", "calibration_slope")
POPULATION_SEED = 4_000_000_000


def main() -> None:
    """Simulate what is missing and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cohorts", type=int, default=1000, help="without signal")
    parser.add_argument("--strong", type=int, default=200, help="with signal, of each size")
    parser.add_argument("--procedure", choices=PROCEDURES, default="ridge")
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=10, help="of the cross-validation")
    parser.add_argument("--permutations", type=int, default=99)
    parser.add_argument("--permuted-repeats", type=int, default=2)
    parser.add_argument("--population", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    given.out.mkdir(parents=True, exist_ok=True)
    names = ("procedure", "resamples", "repeats", "permutations", "permuted_repeats")
    settings = {name: getattr(given, name) for name in names}
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items()))
    if given.strong:
        population = cohort_of(given.population, POPULATION_SEED, "strong")
        for patients in (31, 100):
            rows = run("strong", patients, given.strong, population, settings, given)
            print(f"\n### Strong signal: {len(rows)} cohorts of {patients}\n")
            print(with_signal(rows), flush=True)
    if given.cohorts:
        rows = run("none", 31, given.cohorts, None, settings, given)
        print(f"\n### No signal: {len(rows)} cohorts of 31\n")
        print(without_signal(rows))


def run(
    scenario: str,
    patients: int,
    cohorts: int,
    population: Cohort | None,
    settings: Mapping[str, Any],
    given: argparse.Namespace,
) -> list[dict[str, Any]]:
    """All cohorts of one scenario and size, those of an earlier run from its file."""
    path = given.out / f"{scenario}-{patients}-{given.procedure}.jsonl"
    done: dict[int, dict[str, Any]] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if row["settings"] != settings:
                raise SystemExit(f"{path} was made with other settings; take another folder")
            done[row["seed"]] = row
    truth = None if population is None else (population.values, population.outcome)
    parallel = Parallel(n_jobs=given.workers, return_as="generator_unordered")
    seeds = [seed for seed in range(1, cohorts + 1) if seed not in done]
    with path.open("a") as file:
        for row in parallel(
            delayed(one)(scenario, patients, seed, truth, settings) for seed in seeds
        ):
            file.write(json.dumps(row) + "\n")
            file.flush()
            done[row["seed"]] = row
    return [done[seed] for seed in range(1, cohorts + 1)]


def cohort_of(patients: int, seed: int, scenario: str) -> Cohort:
    """A simulated cohort as training would see it."""
    simulated = simulate(patients, seed=seed, scenario=scenario)
    columns = list(simulated.columns.values())
    table = table_of("simulated", list(simulated.columns), columns, range(1, patients + 1))
    return check_cohort(load_study(STUDY), table).usable()


def one(
    scenario: str,
    patients: int,
    seed: int,
    population: tuple[NDArray[np.float64], NDArray[np.int8]] | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything about one cohort."""
    cohort = cohort_of(patients, seed, scenario)
    wanted = PROCEDURES[settings["procedure"]]
    named = [
        candidate for candidate in candidates(load_study(STUDY).config) if candidate.name in wanted
    ]
    plan = Plan(tuple(map(column_of, cohort.variables)), "median", (), 5)
    known = Patients(cohort.values, cohort.outcome, cohort.group)
    apparent, true = fitted(named, plan, known, seed, population)
    refits = measured(named, plan, known, settings["resamples"], seed)
    beside = cross_validated(named, plan, known, settings["repeats"], seed)
    ways: tuple[Spread | None, ...] = (None, "refits", "out of bag")
    found, *others = (
        internal_validation(
            cohort.outcome,
            apparent,
            refits,
            thresholds=THRESHOLDS,
            cross_validated=beside,
            spread=way,
        )
        for way in ways
    )
    tested = signal_test(
        named,
        plan,
        known,
        cohort.group_kind,
        folds=FOLDS,
        repeats=settings["permuted_repeats"],
        permutations=settings["permutations"],
        seed=seed,
        workers=1,
    )
    return {
        "seed": seed,
        "events": cohort.events,
        "settings": dict(settings),
        "used": found.resamples.used,
        "p_value": tested.p_value,
        "truth": true,
        "figures": {
            name: row_of(found.figure(name), *(other.figure(name) for other in others))
            for name in FIGURES
        },
    }


def row_of(
    figure: CorrectedFigure, shifted: CorrectedFigure, left_out: CorrectedFigure
) -> dict[str, float | None]:
    """What is kept of a figure, and of both kinds of interval it could have."""
    names = ("apparent", "cross_validated", "harrell", "oob", "b632", "b632plus", "corrected")
    bounds = ("cross_validated_low", "cross_validated_high", "corrected_low", "corrected_high")
    kept = {name: getattr(figure, name) for name in (*names, *bounds)}
    for kind, other in (("shifted", shifted), ("left_out", left_out)):
        kept |= {f"{kind}_low": other.corrected_low, f"{kind}_high": other.corrected_high}
    return kept


def fitted(
    named: Sequence[Candidate],
    plan: Plan,
    known: Patients,
    seed: int,
    population: tuple[NDArray[np.float64], NDArray[np.int8]] | None,
) -> tuple[NDArray[np.float64], dict[str, float | None]]:
    """Predictions of the final model for its own patients, and its performance elsewhere.

    The patients of the population stand in the fit with a count of zero.
    """
    n = len(known.outcome)
    everybody, count = known, np.ones((1, n), dtype=np.int32)
    if population is not None:
        everybody = Patients(
            np.concatenate((known.values, population[0])),
            np.concatenate((known.outcome, population[1])),
            None,
        )
        count = np.concatenate((count, np.zeros((1, len(population[1])), dtype=np.int32)), axis=1)
    whole = Resamples(count, np.array([seed], dtype=np.int64))
    (probability,) = refit(named, plan, everybody, whole, predictions, workers=1)
    p = probability[0]
    if population is None:
        return p, {"auroc": 0.5}
    y, elsewhere = population[1], p[n:]
    slope = calibration_slope(y, elsewhere)
    return p[:n], {
        "auroc": auroc(y, elsewhere),
        "brier": brier(y, elsewhere),
        "calibration_intercept": calibration_intercept(y, elsewhere).value,
        "calibration_slope": None if slope is None else slope.value,
    }


def predictions(fits: Refit) -> NDArray[np.float64]:
    """Every prediction of some refits."""
    return fits.probability


def measured(
    named: Sequence[Candidate], plan: Plan, known: Patients, resamples: int, seed: int
) -> Measured:
    """The bootstrap."""
    drawn = bootstrap(len(known.outcome), known.group, resamples=resamples, seed=seed)
    of_chunk = partial(figures_of, known.outcome)
    return joined(refit(named, plan, known, drawn, of_chunk, workers=1))


def figures_of(outcome: NDArray[np.int8], fits: Refit) -> Measured:
    """All figures of some refits."""
    nobody = np.zeros(0, dtype=np.intp)
    return measure(
        outcome, fits.probability, fits.count, fits.usable, THRESHOLDS, nobody, fits.separated
    )


def cross_validated(
    named: Sequence[Candidate], plan: Plan, known: Patients, repeats: int, seed: int
) -> Any:
    """Repeated cross-validation."""
    folds = repeated_folds(known.outcome, known.group, folds=FOLDS, repeats=repeats, seed=seed)
    parts = np.concatenate(refit(named, plan, known, training_parts(folds), predictions, workers=1))
    probability = np.empty(folds.fold.shape)
    for (repeat, k), predicted in zip(folds.tasks, parts, strict=True):
        test = folds.fold[repeat] == k
        probability[repeat, test] = predicted[test]
    return cross_validated_measures(known.outcome, probability, folds.fold, known.group, THRESHOLDS)


if __name__ == "__main__":
    main()
