"""Calibration over time: as many events as expected, batch after batch, within control limits.

Each batch of consecutive patients is held against the number of events its predictions lead one to
expect, as on a Shewhart chart. Its limits are not three standard deviations, which one of 370
batches leaves by chance and so one of 19 files of twenty batches: they are as wide as a calibrated
model needs to leave none of them in all but ``alpha`` of files, and exact for the sum of unequal
chances (Poisson-binomial). A slow
drift that no single batch shows is found by the risk-adjusted CUSUM (Steiner, Cook, Farewell and
Treasure, Biostatistics 2000;1:441): it adds up, patient by patient, the log likelihood ratio of
doubled, and of halved, odds against the predicted ones, and never falls below 0. Its limit is not
a constant of a table but is simulated for the predictions at hand, so that a calibrated model
crosses it in at most one of ``1 / alpha`` files such as this one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from predictor.clinic.candidates import chance_range

Floats = NDArray[np.float64]

BATCH = 50
ODDS_RATIO = 2.0
_AT_ONCE = 2_000_000  # patients of simulated files
# Simulated files beyond a limit, so that chance in the simulation moves it little, and what that
# may cost: patients of simulated files altogether.
_BEYOND = 10
_MOST = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive patients.

    Parameters
    ----------
    first, last
        Time of the first and the last, or their place in the file.
    patients, observed, expected
        How many, with the event, and expected to have it.
    low, high
        Control limits of the observed events.
    alarm
        Whether they lie beyond.
    """

    first: str
    last: str
    patients: int
    observed: int
    expected: float
    low: int
    high: int
    alarm: bool

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "first": self.first,
            "last": self.last,
            "patients": self.patients,
            "observed": self.observed,
            "expected": self.expected,
            "low": self.low,
            "high": self.high,
            "alarm": self.alarm,
        }


@dataclass(frozen=True, slots=True)
class Cusum:
    """The highest point of one chart, and the limit.

    Parameters
    ----------
    direction
        ``more`` or ``fewer`` events than expected.
    highest, limit
        Of the chart, and what it may reach.
    at
        Place of the patient at whom it was crossed first, from 1; None if it was not.
    """

    direction: str
    highest: float
    limit: float
    at: int | None

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "direction": self.direction,
            "highest": self.highest,
            "limit": self.limit,
            "at": self.at,
            "alarm": self.at is not None,
        }


def batches(
    outcome: Floats,
    probability: Floats,
    times: Sequence[str],
    size: int = BATCH,
    *,
    alpha: float,
) -> tuple[Batch, ...]:
    """Observed and expected events of consecutive patients.

    Parameters
    ----------
    outcome, probability : shape (patients,)
        In the order of time.
    times
        When each was, or the place in the file.
    size
        Patients in a batch; a shorter rest joins the last one.
    alpha
        Chance that a calibrated model leaves the limits of any batch of the file.
    """
    n = len(outcome)
    count = max(n // size, 1)
    ends = [*range(size, size * count, size), n]
    rows = []
    for start, stop in zip([0, *ends[:-1]], ends, strict=True):
        p = probability[start:stop]
        low, high = chance_range(p.tolist(), 1.0 - alpha / count)
        seen = int(outcome[start:stop].sum())
        rows.append(
            Batch(
                times[start],
                times[stop - 1],
                stop - start,
                seen,
                float(p.sum()),
                low,
                high,
                not low <= seen <= high,
            )
        )
    return tuple(rows)


def cusums(outcome: Floats, probability: Floats, *, alpha: float, seed: int) -> tuple[Cusum, Cusum]:
    """Both charts: for doubled and for halved odds.

    Parameters
    ----------
    outcome, probability : shape (patients,)
        In the order of time.
    alpha
        Chance that a calibrated model crosses a limit anywhere in the file, for both together.
    seed
        Of the simulated outcomes that give the limits.
    """
    files, beyond = _files(len(probability), alpha / 2.0)
    ratios = {"more": ODDS_RATIO, "fewer": 1.0 / ODDS_RATIO}
    simulated = _highest(probability, tuple(ratios.values()), files, seed)
    found = []
    for (direction, ratio), highest in zip(ratios.items(), simulated, strict=True):
        # A file like these is among the highest so many of them with no more than this chance,
        # however few there are (a Monte Carlo test: Dwass, Ann Math Stat 1957;28:181).
        limit = float(np.sort(highest)[-beyond])
        chart = _chart(outcome[None] == 1.0, probability, ratio)[0]
        crossed = np.flatnonzero(chart > limit)
        at = int(crossed[0]) + 1 if crossed.size else None
        found.append(Cusum(direction, float(chart.max(initial=0.0)), limit, at))
    return found[0], found[1]


def _files(patients: int, alpha: float) -> tuple[int, int]:
    """How many files are simulated, and how many of them lie at the limit or beyond."""
    fewest = math.ceil(1.0 / alpha)
    files = max(fewest, min(math.ceil(_BEYOND / alpha), _MOST // patients))
    # A tenth of 10 / 0.1 is not a whole number to a computer.
    return files, max(1, math.floor(alpha * (files + 1) + 1e-9))


def _highest(
    probability: Floats, ratios: Sequence[float], files: int, seed: int
) -> NDArray[np.float64]:
    """Highest points of the charts of simulated files, shape (ratios, files)."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // len(probability))
    parts = []
    for start in range(0, files, at_once):
        rows = min(at_once, files - start)
        simulated = rng.random((rows, len(probability))) < probability
        parts.append([_chart(simulated, probability, ratio).max(axis=1) for ratio in ratios])
    return np.concatenate(parts, axis=1)


def _chart(event: NDArray[np.bool_], probability: Floats, ratio: float) -> Floats:
    """Charts of some files, shape (files, patients)."""
    drop = np.log1p((ratio - 1.0) * probability)
    steps = np.where(event, np.log(ratio), 0.0) - drop
    # max(0, sum) at every step is the running sum less its lowest point so far, 0 included.
    total = np.cumsum(steps, axis=1)
    lowest = np.minimum(np.minimum.accumulate(total, axis=1), 0.0)
    return np.asarray(total - lowest)
