"""What updating a model gained, freed of the optimism that updating itself brings.

The model as it is was made without these patients, so its figures on them are honest. Those after
updating are not: the same patients found the change. So the whole procedure, the closed test and
the choice of the penalty included, is repeated in bootstrap resamples of the patients; how much
better each resampled update looks in its resample than among all patients is taken off (Harrell,
Lee and Mark, Stat Med 1996;15:361).

That is the optimism of the procedure on average. Given that the closed test has contradicted a
model by chance alone, it is larger than what is taken off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.errors import LearningError
from predictor.fitted.models import expit
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.updating import Change, Patients, chosen
from predictor.performance.calibration import calibration_intercept, calibration_slope
from predictor.performance.discrimination import auroc
from predictor.performance.scores import brier, log_loss

Floats = NDArray[np.float64]

FIGURES = ("auroc", "brier", "log_loss", "calibration_intercept", "calibration_slope")
FEWEST = 50
"""Usable resamples below which nothing is called corrected."""


@dataclass(frozen=True, slots=True)
class Gain:
    """One figure before and after.

    Parameters
    ----------
    figure
        One of ``FIGURES``.
    before
        Of the model as it is.
    apparent
        After updating, on the patients it was updated by.
    corrected
        The same less its optimism; None with too few usable resamples.
    """

    figure: str
    before: float | None
    apparent: float | None
    corrected: float | None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "figure": self.figure,
            "before": self.before,
            "apparent": self.apparent,
            "corrected": self.corrected,
        }


@dataclass(frozen=True, slots=True)
class Gains:
    """All figures, and what the resamples did.

    Parameters
    ----------
    rows
        One for each figure.
    resamples, usable
        Drawn, and those in which the procedure came to an end.
    methods
        How often each method was chosen. It does not say how stable the choice is, and is told to
        nobody: a resample repeats patients, so that the closed test rejects too often in it.
    changes
        The change of every usable resample, with the resample's number.
    """

    rows: tuple[Gain, ...]
    resamples: int
    usable: int
    methods: Mapping[str, int]
    changes: tuple[tuple[int, Change], ...]

    @property
    def gained(self) -> bool | None:
        """Whether the log loss on further patients is expected to be lower; None if unknown."""
        row = next(row for row in self.rows if row.figure == "log_loss")
        if row.before is None or row.corrected is None:
            return None
        return row.corrected < row.before

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "gained": self.gained,
            "figures": [row.to_dict() for row in self.rows],
            "resamples": self.resamples,
            "usable": self.usable,
        }


def gains(
    method: str,
    patients: Patients,
    change: Change,
    plan: BootstrapPlan,
    progress: Callable[[float], None] | None = None,
) -> Gains:
    """Repeat an update in resamples.

    Parameters
    ----------
    method
        As it was asked for: ``auto`` is repeated, too.
    patients, change
        By whom, and what came out.
    plan
        The resamples.
    progress
        Told the share of the work that is done.
    """
    before, apparent = _figures(patients.log_odds, patients.outcome), _of(change, patients)
    optimism: dict[str, list[float]] = {name: [] for name in FIGURES}
    used: list[tuple[int, Change]] = []
    count = plan.part(0, len(plan)).count
    everybody = np.arange(len(patients.outcome))
    for number, times in enumerate(count):
        resample = patients.rows(np.repeat(everybody, times))
        if progress is not None:
            progress(number / len(count))
        try:
            again, _ = chosen(method, resample)
        except LearningError:  # one class only, or separated: counted as not usable
            continue
        used.append((number, again))
        own, all_of_them = _of(again, resample), _of(again, patients)
        for name in FIGURES:
            a, b = own[name], all_of_them[name]
            if a is not None and b is not None:
                optimism[name].append(a - b)
    rows = []
    for name in FIGURES:
        found, seen = optimism[name], apparent[name]
        corrected = None
        if seen is not None and len(found) >= FEWEST:
            corrected = seen - float(np.mean(found))
        rows.append(Gain(name, before[name], seen, corrected))
    methods = Counter(change.method for _, change in used)
    return Gains(tuple(rows), len(plan), len(used), dict(sorted(methods.items())), tuple(used))


def _of(change: Change, patients: Patients) -> dict[str, float | None]:
    return _figures(change.log_odds(patients), patients.outcome)


def _figures(log_odds: Floats, outcome: Floats) -> dict[str, float | None]:
    p = expit(log_odds)
    if not 0 < outcome.sum() < outcome.size:
        return dict.fromkeys(FIGURES)
    slope = calibration_slope(outcome, p)
    return {
        "auroc": auroc(outcome, p),
        "brier": brier(outcome, p),
        "log_loss": log_loss(outcome, p),
        "calibration_intercept": calibration_intercept(outcome, p).value,
        "calibration_slope": None if slope is None else slope.value,
    }
