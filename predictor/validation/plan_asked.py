"""What a plan is asked for, and which questions it cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from predictor.errors import ConfigError
from predictor.validation.curve_aims import Aim, read_aim
from predictor.validation.curve_rows import USEFUL, Useful

SIZES = (31, 60, 100, 300, 1000)
FEWEST_PATIENTS, MOST_PATIENTS = 10, 100_000
_FEWEST_COHORTS, _MOST_COHORTS = 10, 100_000
_FEWEST_RESAMPLES, _MOST_RESAMPLES = 20, 10_000
_FEWEST_NEW, _MOST_NEW = 1_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The numbers of a plan.

    Parameters
    ----------
    sizes
        Numbers of patients; at least 10 each.
    cohorts
        Simulated cohorts of each size.
    resamples
        Bootstrap resamples of each cohort.
    new
        Patients that every model is tried on, drawn once.
    seed
        The same seed gives the same numbers.
    model
        Candidate of the configuration.
    useful
        When a model is called useful.
    aims
        What the smallest number of patients is looked for.
    """

    sizes: tuple[int, ...] = SIZES
    cohorts: int = 200
    resamples: int = 200
    new: int = 100_000
    seed: int = 1
    model: str = "ridge"
    useful: Useful = USEFUL
    aims: tuple[Aim, ...] = (Aim("useful", 0.8), Aim("loss", 0.02), Aim("width", 0.3))

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises
        ------
        ConfigError
            Naming the option.
        """
        if not self.sizes:
            raise ConfigError("--patients", "no size is given", "Write --patients 31 100 300.")
        for size in self.sizes:
            _within("--patients", size, FEWEST_PATIENTS, MOST_PATIENTS)
        twice = sorted({size for size in self.sizes if self.sizes.count(size) > 1})
        if twice:
            raise ConfigError("--patients", f"{twice[0]} is there twice", "Name each size once.")
        _within("--cohorts", self.cohorts, _FEWEST_COHORTS, _MOST_COHORTS)
        _within("--resamples", self.resamples, _FEWEST_RESAMPLES, _MOST_RESAMPLES)
        _within("--new", self.new, _FEWEST_NEW, _MOST_NEW)
        _within("--seed", self.seed, 0, 2**32 - 1)
        _between("--aim-auroc", self.useful.auroc, 0.5, 1.0)
        _between("--aim-width", self.useful.width, 0.0, 1.0)
        for aim in self.aims:
            aim.check()
        named = [aim.measure for aim in self.aims]
        again = sorted({name for name in named if named.count(name) > 1})
        if again:
            rule = f"{again[0]} is aimed at twice"
            raise ConfigError("--aim", rule, "Give each measure one value.")


def with_aims(written: Sequence[str]) -> tuple[Aim, ...]:
    """Aims of the command line; the default where there are none."""
    return tuple(map(read_aim, written)) or Asked().aims


def _within(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        rule = f"it must be from {low:,} to {high:,}"
        raise ConfigError(option, rule, "Choose a number between.")


def _between(option: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        rule = f"it must lie between {low:g} and {high:g}"
        raise ConfigError(option, rule, "Choose a value between, neither end included.")
