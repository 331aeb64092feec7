"""The published cohort: patients who print the study's tables, and more of their kind.

No patient of the study is in it. At 31 patients every printed count, mean, SD, median and IQR is
met exactly; any other number is drawn from the same joint distribution. Correlations between
baseline variables are borrowed from real visits of other patients, how the outcome depends on the
baseline is a scenario, and what else is assumed stands in ``published_cohort.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.cohort.published_draft import Columns
from predictor.cohort.published_exact import rebuild
from predictor.cohort.published_figures import NotReproducible, published_figures
from predictor.cohort.published_latent import correlations_bent
from predictor.cohort.published_odds import scenario_odds
from predictor.cohort.published_population import draw_patients
from predictor.cohort.published_scenario import Scenario, load_scenario
from predictor.cohort.published_writing import write_columns
from predictor.errors import CohortError

BLOCK = 50_000
"""Patients that are drawn, and written, at a time."""

_FEWEST, _DIGITS = 3, 4


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was simulated, and what it cannot be.

    Parameters
    ----------
    patients, seed
        As asked for.
    scenario
        How the outcome depends on the baseline.
    gave_way
        What could not hold together with something more important, one sentence each.
    not_reproducible
        Printed figures that no 31 patients can give.
    """

    patients: int
    seed: int
    scenario: Scenario
    gave_way: tuple[str, ...]
    not_reproducible: tuple[NotReproducible, ...]

    @property
    def true_auroc(self) -> Mapping[str, float]:
        """AUROC of ``remission`` and ``relapse`` for somebody who knows the scenario.

        No model of these baseline variables can be better in the long run.
        """
        return scenario_odds(self.scenario).auroc

    @property
    def true_auroc_error(self) -> Mapping[str, float]:
        """Monte Carlo standard errors of :attr:`true_auroc`."""
        return scenario_odds(self.scenario).auroc_error


@dataclass(frozen=True, slots=True)
class SimulatedCohort(Simulation):
    """Simulated patients in memory.

    Parameters
    ----------
    columns
        Column name -> one value per patient, in the order of a cohort file. Names are those of the
        dictionary, with the suffix ``_after`` after treatment; ``simulated`` is 1 throughout.
    """

    columns: Columns = field(repr=False)


def simulate(patients: int, *, seed: int, scenario: str | Path = "literature") -> SimulatedCohort:
    """Simulate a cohort.

    Parameters
    ----------
    patients
        31 rebuilds the published tables exactly; any other number draws from the distribution.
    seed
        The same seed gives the same patients.
    scenario
        Name of a shipped scenario or path of your own.

    Raises
    ------
    CohortError
        If so few patients cannot hold three outcomes, or the seed is negative.
    ConfigError
        If the scenario breaks a rule.

    >>> cohort = simulate(31, seed=1)
    >>> int(cohort.columns["remission"].sum()), round(float(cohort.columns["c3"].mean()), 1)
    (11, 75.1)
    """
    plan = _Plan.of(patients, seed, scenario)
    blocks = list(plan.blocks())
    names = list(blocks[0])
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        columns[name] = np.concatenate([block[name] for block in blocks])
    return SimulatedCohort(*plan.account(), columns)


def simulate_chunks(
    patients: int, *, seed: int, scenario: str | Path = "literature"
) -> Iterator[Columns]:
    """Simulate a cohort block by block: the same patients as :func:`simulate`, in little memory.

    Yields
    ------
    Columns
        At most :data:`BLOCK` patients.

    Raises
    ------
    CohortError, ConfigError
        As :func:`simulate`, and at once, not with the first block.
    """
    return _Plan.of(patients, seed, scenario).blocks()


def draw_population(
    patients: int, *, seed: Sequence[int], scenario: str | Path | Scenario
) -> Columns:
    """Independent patients of the distribution, as a cohort of any size would meet them.

    Unlike :func:`simulate` this does not rebuild the tables at the study's own size, and a small
    sample may lack an outcome: what happens to chance is what is asked.

    Parameters
    ----------
    patients
        At least 1.
    seed
        Numbers, none negative; the same ones give the same patients.
    scenario
        As for :func:`simulate`, or one that is loaded already.

    Raises
    ------
    ConfigError
        If the scenario breaks a rule.

    >>> len(draw_population(31, seed=[1, 2], scenario="none")["response"])
    31
    """
    known = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    digits = max(_DIGITS, len(str(patients)))
    blocks = []
    for start in range(0, patients, BLOCK):
        rng = np.random.default_rng([*seed, start // BLOCK])
        count = min(BLOCK, patients - start)
        draft = draw_patients(rng, count, known, every_outcome=False)
        blocks.append(draft.columns(start + 1, digits))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def write_cohort(
    path: str | Path, *, patients: int, seed: int, scenario: str | Path = "literature"
) -> Simulation:
    """Simulate a cohort into a file, which appears only when it is complete.

    Parameters
    ----------
    path
        Ends in ``.csv`` or ``.parquet``.
    patients, seed, scenario
        As for :func:`simulate`.

    Raises
    ------
    CohortError
        As :func:`simulate`, and if the file cannot be written.
    ConfigError
        If the scenario breaks a rule.
    """
    plan = _Plan.of(patients, seed, scenario)
    write_columns(Path(path), plan.blocks)
    return Simulation(*plan.account())


@dataclass(slots=True)
class _Plan:
    """A checked request; remembers what gave way while its blocks are drawn."""

    patients: int
    seed: int
    scenario: Scenario
    moved: tuple[str, ...] = ()

    @classmethod
    def of(cls, patients: int, seed: int, scenario: str | Path) -> _Plan:
        if patients < _FEWEST:
            raise CohortError(
                "patients",
                f"{patients} cannot hold three outcomes",
                f"Ask for {_FEWEST} or more; {published_figures().patients} rebuilds the study.",
            )
        if seed < 0:
            raise CohortError("seed", "it must not be negative", "Use 0, 1, 2, ...")
        return cls(patients, seed, load_scenario(scenario))

    def blocks(self) -> Iterator[Columns]:
        """Draw the patients."""
        seeds = np.random.SeedSequence(self.seed)
        digits = max(_DIGITS, len(str(self.patients)))
        if self.patients == published_figures().patients:
            rebuilt = rebuild(seeds, self.scenario)
            self.moved = rebuilt.gave_way
            yield rebuilt.draft.columns(1, digits)
            return
        for start in range(0, self.patients, BLOCK):
            count = min(BLOCK, self.patients - start)
            rng = np.random.default_rng(*seeds.spawn(1))
            draft = draw_patients(rng, count, self.scenario, every_outcome=start == 0)
            yield draft.columns(start + 1, digits)

    def account(
        self,
    ) -> tuple[int, int, Scenario, tuple[str, ...], tuple[NotReproducible, ...]]:
        """Fields of :class:`Simulation`, known once the blocks are drawn."""
        moved = self.moved
        if self.patients != published_figures().patients:
            moved = tuple(_expected_moves(self.scenario))
        gave_way = (*_margins(), *moved, _correlations())
        return (
            self.patients,
            self.seed,
            self.scenario,
            gave_way,
            published_figures().not_reproducible,
        )


def _margins() -> Iterator[str]:
    """What the printed counts alone deny to consistency."""
    figures = published_figures()
    flares = figures.response["flare"]
    beyond = {
        name: figures.findings[name].after - flares
        for name in figures.absent_in_remission
        if figures.findings[name].after > flares
    }
    listed = ", ".join(f"{name} in {count}" for name, count in beyond.items())
    yield (
        "consistency: more patients keep these findings after treatment than have a flare, so of "
        f"the {figures.response['low_disease_activity']} with low disease activity at least this "
        f"many have them: {listed}"
    )


def _expected_moves(scenario: Scenario) -> Iterator[str]:
    """What consistency takes from the scenario in a cohort of any size."""
    figures = published_figures()
    for name, (flare, low, _) in scenario_odds(scenario).shares.items():
        missing = figures.findings[name].after / figures.patients - (flare + low)
        if missing > 0:
            yield (
                f"scenario: {name} before treatment moved from patients in remission to others in "
                f"{100 * missing:.1f}% of all patients, because remission is without it afterwards "
                "and the printed share after treatment is larger than the others can have"
            )


def _correlations() -> str:
    return (
        "correlations: the borrowed ones were estimated pair by pair and changed by up to "
        f"{correlations_bent():.2f} so that all can hold together; indications, a part smaller "
        "than its whole, and remission without certain values weaken some further"
    )
