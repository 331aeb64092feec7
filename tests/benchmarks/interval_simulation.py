"""Whether the interval of one patient holds the true probability, and who is called unlike.

python tests/benchmarks/interval_simulation.py --out FOLDER [--scale 1] [--summarise]

Cohorts are drawn from populations whose true probabilities are known; the tuned ridge regression
of the `remission` study is fitted to each, with the replicates that training would put into a
bundle, and 300 more patients of the population are answered as `predict` would answer them. Other
intervals are computed from the same resamples beside it. Every cohort is a line of a file in
FOLDER; started again with the same settings, the run goes on where it stopped. The tables go to
the terminal; with `--summarise` those of what is there already.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from interval_cohorts import (
    PREDICTORS,
    SHIFTS,
    STRENGTHS,
    Population,
    draw,
    with_gaps,
    with_some_gaps,
)
from interval_methods import around, bias_corrected, percentile
from interval_summary import tables
from joblib import Parallel, delayed
from numpy.typing import NDArray

from predictor.clinic.uncertainty import score
from predictor.clinical.dictionary import Dictionary
from predictor.fitted.bundle import Bundle
from predictor.fitted.replicates import Replicates
from predictor.learning.candidates import Candidate, candidates
from predictor.learning.moments import moments
from predictor.learning.preparer import Column
from predictor.learning.procedure import Patients, Plan, fit
from predictor.learning.refitting import Refit, refit
from predictor.learning.replication import replicates
from predictor.learning.resampling import BootstrapPlan
from predictor.study import load_study

Floats = NDArray[np.float64]

COLUMNS = tuple(Column(f"x{j + 1}") for j in range(PREDICTORS))
PLAN = Plan(COLUMNS, "median", (), 5)
MISSING = 0.1
FEWER, MORE = 200, 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """Cohorts of one kind: what is measured, signal or kind of predictors, patients, how many."""

    part: str
    kind: str
    patients: int
    cohorts: int

    @property
    def file(self) -> str:
        """Where its cohorts are kept."""
        return f"{self.part}-{self.kind}-{self.patients}.jsonl"


def cells(scale: float) -> list[Cell]:
    """All cells, with ``scale`` times the published number of cohorts."""
    planned = [
        *(Cell("intervals", kind, n, c) for n, c in SIZES for kind in STRENGTHS),
        *(Cell("gaps", kind, n, 60) for n in (31, 100) for kind in STRENGTHS),
        *(Cell("resamples", kind, 31, 40) for kind in STRENGTHS),
        *(Cell("unlike", kind, n, 150) for kind in VALUES for n, _ in SIZES),
    ]
    return [Cell(c.part, c.kind, c.patients, max(2, round(scale * c.cohorts))) for c in planned]


def main() -> None:
    """Simulate what is missing and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of cohorts")
    parser.add_argument("--resamples", type=int, default=FEWER)
    parser.add_argument("--answered", type=int, default=300, help="patients answered per cohort")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--summarise", action="store_true")
    given = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    given.out.mkdir(parents=True, exist_ok=True)
    settings = {"resamples": given.resamples, "answered": given.answered}
    rows = {}
    for cell in cells(given.scale):
        path = given.out / cell.file
        if given.summarise:
            found = list(kept(path).values())
        else:
            found = run(cell, path, settings, given.workers)
            print(f"{cell.part}, {cell.kind}: {len(found)} cohorts of {cell.patients}", flush=True)
        if found:
            rows[cell.part, cell.kind, cell.patients] = found
    print(tables(rows))


def run(cell: Cell, path: Path, settings: Mapping[str, int], workers: int) -> list[dict[str, Any]]:
    """All cohorts of a cell, those of an earlier run from its file."""
    done = kept(path)
    if any(row["settings"] != settings for row in done.values()):
        raise SystemExit(f"{path} was made with other settings; take another folder")
    # A line that was cut off is made again.
    waiting = path.with_suffix(".new")
    waiting.write_text("".join(json.dumps(row) + "\n" for row in done.values()))
    waiting.replace(path)
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    seeds = [seed for seed in range(1, cell.cohorts + 1) if seed not in done]
    with path.open("a") as file:
        for row in parallel(delayed(one)(cell, seed, settings) for seed in seeds):
            file.write(json.dumps(row) + "\n")
            file.flush()
            done[row["seed"]] = row
    return [done[seed] for seed in range(1, cell.cohorts + 1)]


def kept(path: Path) -> dict[int, dict[str, Any]]:
    """Cohorts of a file by seed, without a last line that was cut off."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[row["seed"]] = row
    return found


def one(cell: Cell, seed: int, settings: Mapping[str, int]) -> dict[str, Any]:
    """Everything about one cohort."""
    place = [list(VALUES if cell.part == "unlike" else STRENGTHS).index(cell.kind), cell.patients]
    random = np.random.default_rng([*place, seed])
    found = PARTS[cell.part](cell, random, seed, settings)
    return {"seed": seed, "settings": dict(settings), "found": found}


def intervals(
    cell: Cell, random: np.random.Generator, seed: int, settings: Mapping[str, int]
) -> dict[str, Any]:
    """Every kind of interval for patients without gaps, from the same resamples."""
    population = Population(STRENGTHS[cell.kind])
    known = Patients(*population.cohort(random, cell.patients), None)
    new = draw(random, settings["answered"])
    drawn = BootstrapPlan(cell.patients, None, settings["resamples"], seed)
    bundle = bundle_of(known, drawn, seed)
    answered = score(bundle, new)
    if answered.low is None or answered.high is None:
        raise ValueError("the bundle gives no interval")
    found = {"printed": (answered.low, answered.high)}
    for name in ("ridge", "firth"):
        candidate = candidate_of(name)
        point = log_odds(fit(candidate, PLAN, known, seed).probability(new))
        refits = every(candidate, known, drawn)
        each = refits.log_odds(new, np.isnan(new))
        found[f"{name}, percentile"] = percentile(each)
        found[f"{name}, bias-corrected"] = bias_corrected(each, point)
        found[f"{name}, normal"] = around(point, each.std(axis=1, ddof=1))
    truth, extreme = population.probability(new), population.extreme(new)
    return {
        name: measured(low, high, truth, answered.probability, extreme)
        for name, (low, high) in found.items()
    }


def gaps(
    cell: Cell, random: np.random.Generator, seed: int, settings: Mapping[str, int]
) -> dict[str, Any]:
    """The printed interval where values are missing, in training and of the patients."""
    population = Population(STRENGTHS[cell.kind])
    values, outcome = population.cohort(random, cell.patients)
    known = Patients(with_gaps(random, values, MISSING), outcome, None)
    drawn = BootstrapPlan(cell.patients, None, settings["resamples"], seed)
    bundle = bundle_of(known, drawn, seed)
    whole = draw(random, settings["answered"])
    found = {}
    for number in (0, 1, 2):
        new = with_some_gaps(random, whole, number)
        answered = score(bundle, new)
        if answered.low is None or answered.high is None or answered.widening is None:
            raise ValueError("the bundle gives no interval")
        extreme = population.extreme(whole)
        for truth, of in (("known", new), ("whole", whole)):
            found[f"{number}, {truth}"] = measured(
                answered.low,
                answered.high,
                population.probability(of),
                answered.probability,
                extreme,
            ) | {"widening": float(answered.widening.mean())}
    return found


def resamples(
    cell: Cell, random: np.random.Generator, seed: int, settings: Mapping[str, int]
) -> dict[str, Any]:
    """The printed interval with few and with many resamples, of which the few are the first."""
    population = Population(STRENGTHS[cell.kind])
    known = Patients(*population.cohort(random, cell.patients), None)
    new = draw(random, settings["answered"])
    truth, extreme = population.probability(new), population.extreme(new)
    found, ends = {}, []
    for number in (FEWER, MORE):
        bundle = bundle_of(known, BootstrapPlan(cell.patients, None, number, seed), seed)
        answered = score(bundle, new)
        if answered.low is None or answered.high is None:
            raise ValueError("the bundle gives no interval")
        ends.append(np.stack([answered.low, answered.high]))
        found[str(number)] = measured(
            answered.low, answered.high, truth, answered.probability, extreme
        )
    found["moved"] = {"ends": float(np.abs(ends[0] - ends[1]).mean())}
    return found


def unlike(
    cell: Cell,
    random: np.random.Generator,
    seed: int,
    settings: Mapping[str, int],
) -> dict[str, Any]:
    """How many patients of the same and of other populations are called unlike the cohort."""
    change = VALUES[cell.kind]
    learned = moments(COLUMNS, change(random, draw(random, cell.patients)))
    new = draw(random, settings["answered"])
    found = {}
    for name, shifted in SHIFTS.items():
        distance = learned.distance(change(random, shifted(new)))
        found[name] = {
            "flagged": float((distance > learned.cutoff).mean()),
            "percentile": float(np.median(learned.percentile(distance))),
        }
    return found


VALUES: Mapping[str, Callable[[np.random.Generator, Floats], Floats]] = {
    "complete": lambda _, x: x,
    "gaps": lambda random, x: with_gaps(random, x, MISSING),
    "skewed": lambda _, x: np.exp(x),
}
"""Kinds of predictors: normal, the same with a tenth missing, log-normal."""
SIZES = ((31, 200), (100, 100), (500, 40))
PARTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "intervals": intervals,
    "gaps": gaps,
    "resamples": resamples,
    "unlike": unlike,
}


def bundle_of(known: Patients, drawn: BootstrapPlan, seed: int) -> Bundle:
    """What training would hand to the bedside: model, replicates and moments."""
    ridge = candidate_of("ridge")
    fitted = fit(ridge, PLAN, known, seed)
    return Bundle(
        Path(),
        {},
        Dictionary("simulated", {}),
        (),
        (),
        0.5,
        fitted.preparation,
        fitted.model,
        moments(COLUMNS, known.values),
        replicates(ridge, PLAN, known, drawn, workers=1),
    )


def candidate_of(name: str) -> Candidate:
    """A candidate of the study that everything here is about."""
    (found,) = (c for c in candidates(load_study("remission").config) if c.name == name)
    return found


def every(candidate: Candidate, known: Patients, drawn: BootstrapPlan) -> Replicates:
    """All usable refits of a candidate."""
    parts = list(_usable(refit([candidate], PLAN, known, drawn, _formula, workers=1)))
    first = parts[0]
    return Replicates(
        np.concatenate([part.intercept for part in parts]),
        np.concatenate([part.slope for part in parts]),
        first.variable,
        first.state,
        first.missing,
    )


def _usable(chunks: list[tuple[Replicates, NDArray[np.bool_]]]) -> Iterator[Replicates]:
    for found, usable in chunks:
        yield Replicates(
            found.intercept[usable],
            found.slope[usable],
            found.variable,
            found.state,
            found.missing,
        )


def _formula(fits: Refit) -> tuple[Replicates, NDArray[np.bool_]]:
    assert fits.formula is not None
    return fits.formula, fits.usable


def log_odds(probability: Floats) -> Floats:
    """Of probabilities that are neither 0 nor 1."""
    return np.asarray(np.log(probability) - np.log1p(-probability))


def measured(
    low: Floats, high: Floats, truth: Floats, point: Floats, extreme: NDArray[np.bool_]
) -> dict[str, float | None]:
    """What is kept of the intervals of one cohort's patients."""
    holds = (low <= truth) & (truth <= high)
    return {
        "holds": float(holds.mean()),
        "holds_extreme": float(holds[extreme].mean()) if extreme.any() else None,
        "width": float((high - low).mean()),
        "inside": float(((low <= point) & (point <= high)).mean()),
    }


if __name__ == "__main__":
    main()
