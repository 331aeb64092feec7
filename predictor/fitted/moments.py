"""Moments of a cohort: what is typical, how variables go together, and how far is far.

Means and a shrunken covariance of the patients' values in standard deviations, and quantiles of
the distances of the patients from each other's moments. No patient can be read from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.errors import BundleError
from predictor.fitted.preparation import Values, finite

FILE = "moments.json"

LEAST_EIGENVALUE = 1e-7
"""Of a correlation: enough that what is known of a patient never leaves a negative variance."""

# Far below any spread, and far enough from where squared distances are no longer finite.
_LEAST_SPREAD = 1e-50


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawn values of the patients with the same gaps.

    Parameters
    ----------
    rows : shape (patients,)
        Their positions.
    gaps : shape (gaps,)
        Positions of the variables they lack, rising.
    values : shape (patients, draws, gaps)
    """

    rows: NDArray[np.intp]
    gaps: NDArray[np.intp]
    values: Values


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second moments of the predictors, and the distances of the patients.

    Parameters
    ----------
    centre, spread : shape (variables,)
        Mean and standard deviation in the variable's unit; a state counts by its position.
    correlation : shape (variables, variables)
        Shrunken towards the identity.
    low, high : shape (variables,)
        Bounds of a value that is drawn; infinite where there is none.
    whole : shape (variables,)
        Whether only whole numbers occur (states, yes and no, counts).
    distances
        Quantiles of the leave-one-out distances of the patients, at equally spaced shares from 0
        to 1.
    cutoff
        Distance beyond which a patient is unlike those of the cohort.

    Attributes
    ----------
    whitening : shape (variables, variables)
        Inverse of the correlation's Cholesky root: makes values of a complete patient uncorrelated.
    precision : shape (variables, variables)
        Inverse of the correlation.
    """

    centre: Values
    spread: Values
    correlation: Values
    low: Values
    high: Values
    whole: NDArray[np.bool_]
    distances: Values
    cutoff: float
    whitening: Values = field(init=False, repr=False, compare=False)
    precision: Values = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whitening = np.linalg.inv(np.linalg.cholesky(self.correlation))
        object.__setattr__(self, "whitening", whitening)
        object.__setattr__(self, "precision", whitening.T @ whitening)

    def standardised(self, values: Values) -> Values:
        """Values in standard deviations from the mean, NaN where missing."""
        return (values - self.centre) / self.spread

    def distance(self, values: Values) -> Values:
        """Mahalanobis distance of each patient per variable, shape (patients,).

        The root of the squared distance divided by the number of variables. Of a patient with gaps
        only the known values count, and as few values vary more than many, their distance is the
        one that is as rare where all are known: by the cube root of chi-square, which is nearly
        normal (Wilson and Hilferty, Proc Natl Acad Sci 1931;17:684).
        """
        known = ~np.isnan(values)
        z = np.where(known, self.standardised(values), 0.0)
        white = z @ self.whitening.T
        squared = np.einsum("ij,ij->i", white, white)
        if not known.all():
            pull = z @ self.precision
            for missing, rows in _patterns(~known):
                # The distance of what is known: of all, less what the best fill-in would save.
                gaps = np.flatnonzero(missing)
                pulled = pull[rows][:, gaps]
                within = np.linalg.inv(self.precision[gaps][:, gaps])
                squared[rows] -= (pulled @ within * pulled).sum(axis=1)
        return np.sqrt(_as_of_all(np.maximum(squared, 0.0), known.sum(axis=1), values.shape[1]))

    def percentile(self, distance: Values) -> Values:
        """Share of the cohort that is less far away than this, shape as given."""
        shares = np.linspace(0.0, 1.0, len(self.distances))
        return np.asarray(np.interp(distance, self.distances, shares))

    def draws(self, values: Values, count: int) -> Values:
        """Complete patients several times, given what is known of each; see :meth:`drawn`.

        Parameters
        ----------
        values : shape (patients, variables)
            NaN for missing.
        count
            How many times.

        Returns
        -------
        Shape (patients, count, variables).
        """
        complete = np.repeat(values[:, None, :], count, axis=1)
        for some in self.drawn(values, count):
            complete[np.ix_(some.rows, np.arange(count), some.gaps)] = some.values
        return complete

    def drawn(self, values: Values, count: int) -> Iterator[Drawn]:
        """Draw missing values several times, given what is known of each patient.

        Missing values are drawn from the normal distribution of these moments conditional on the
        known ones (in standard deviations), cut to their bounds and rounded where only whole
        numbers occur. The draws are the same for the same values: quasi-random points of a fixed
        sequence, so a patient gets the same answer twice.

        Parameters
        ----------
        values : shape (patients, variables)
            NaN for missing.
        count
            How many times.

        Yields
        ------
        Drawn
            For all patients with the same gaps; patients without any come in none.
        """
        absent = np.isnan(values)
        pull = np.where(absent, 0.0, self.standardised(values)) @ self.precision
        for missing, rows in _patterns(absent):
            gaps = np.flatnonzero(missing)
            if not gaps.size:
                continue
            # Of a normal distribution given some of its variables, by the blocks of its precision.
            within = np.linalg.inv(self.precision[gaps][:, gaps])
            mean = -pull[rows][:, gaps] @ within
            root = np.linalg.cholesky(within)
            points = mean[:, None, :] + normal_points(count, gaps.size) @ root.T
            raw = points * self.spread[gaps] + self.centre[gaps]
            raw = np.where(self.whole[gaps], np.round(raw), raw)
            yield Drawn(rows, gaps, np.clip(raw, self.low[gaps], self.high[gaps]))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; no bound is null."""
        return {
            "centre": self.centre.tolist(),
            "spread": self.spread.tolist(),
            "correlation": self.correlation.tolist(),
            "low": [None if np.isinf(x) else float(x) for x in self.low],
            "high": [None if np.isinf(x) else float(x) for x in self.high],
            "whole": self.whole.tolist(),
            "distances": self.distances.tolist(),
            "cutoff": self.cutoff,
        }

    @classmethod
    def from_dict(cls, data: object, variables: int, where: str = FILE) -> Moments:
        """Rebuild from :meth:`to_dict`; BundleError if anything is missing or impossible."""
        if not isinstance(data, dict):
            raise BundleError(where, "a mapping was expected")
        try:
            low, high = _bounds(data["low"], data["high"], variables)
            return cls(
                centre=finite(data["centre"], variables),
                spread=_positive(finite(data["spread"], variables)),
                correlation=_correlation(data["correlation"], variables),
                low=low,
                high=high,
                whole=_flags(data["whole"], variables),
                distances=_rising(finite(data["distances"])),
                cutoff=_cutoff(data["cutoff"]),
            )
        except (KeyError, TypeError):
            raise BundleError(where, "the moments are incomplete") from None
        except ValueError as error:
            raise BundleError(where, f"in the moments {error}") from None


def _as_of_all(squared: Values, known: NDArray[np.integer], variables: int) -> Values:
    """Squared distance per variable that is as rare, were all variables known."""
    some = np.maximum(known, 1)
    few, all_of_them = 2.0 / (9.0 * some), 2.0 / (9.0 * max(variables, 1))
    rarity = (np.cbrt(squared / some) - 1.0 + few) / np.sqrt(few)
    moved = np.maximum(1.0 - all_of_them + np.sqrt(all_of_them) * rarity, 0.0) ** 3
    return np.where(
        known == variables, squared / max(variables, 1), np.where(known > 0, moved, 0.0)
    )


def _patterns(
    flags: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Every different row of flags, with the positions where it stands."""
    if not len(flags) or (flags == flags[0]).all():
        if len(flags):
            yield flags[0], np.arange(len(flags))
        return
    # A row as one piece of bytes: sorting these is far cheaper than sorting rows.
    packed = np.ascontiguousarray(np.packbits(flags, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).reshape(-1)
    _, first, which, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    together = np.split(np.argsort(which, kind="stable"), np.cumsum(count)[:-1])
    for row, rows in zip(first, together, strict=True):
        yield flags[row], rows


@lru_cache(maxsize=256)
def normal_points(count: int, dimensions: int) -> Values:
    """Points spread like a standard normal distribution, always the same ones.

    Each dimension holds the same evenly spaced quantiles in another order, drawn by a fixed seed
    (a Latin hypercube; McKay, Beckman and Conover, Technometrics 1979;21:239), and ordered once
    more so that it does not go with the dimensions before (Iman and Conover, Communications in
    Statistics - Simulation and Computation 1982;11:311).

    >>> points = normal_points(50, 2)
    >>> bool(np.abs(points.mean(axis=0)).max() < 1e-12)
    True
    """
    from statistics import NormalDist

    quantiles = np.array([NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)])
    generator = np.random.Generator(np.random.PCG64(20241120))
    points = np.stack([generator.permutation(quantiles) for _ in range(dimensions)], axis=1)
    for j in range(1, min(dimensions, count // 2)):
        before = points[:, :j]
        rest = points[:, j] - before @ np.linalg.lstsq(before, points[:, j])[0]
        points[np.argsort(rest), j] = quantiles
    points.flags.writeable = False  # they are handed to everybody
    return points


def _list(given: object, length: int) -> list[object]:
    if not isinstance(given, list) or len(given) != length:
        raise ValueError("two lists that belong together differ in length")
    return given


def _bounds(low: object, high: object, length: int) -> tuple[Values, Values]:
    sides = [
        np.array([open_end if x is None else finite([x])[0] for x in _list(side, length)])
        for side, open_end in ((low, -np.inf), (high, np.inf))
    ]
    if (sides[0] > sides[1]).any():
        raise ValueError("bounds are reversed")
    return sides[0], sides[1]


def _cutoff(given: object) -> float:
    (cutoff,) = finite([given])
    if cutoff < 0.0:
        raise ValueError("the cut-off is no distance")
    return float(cutoff)


def _flags(given: object, length: int) -> NDArray[np.bool_]:
    flags = _list(given, length)
    if not all(isinstance(flag, bool) for flag in flags):
        raise ValueError("a flag is neither true nor false")
    return np.array(flags, dtype=np.bool_)


def _positive(numbers: Values) -> Values:
    if not (numbers > _LEAST_SPREAD).all():
        raise ValueError("a spread is not positive")
    return numbers


def _correlation(rows: object, size: int) -> Values:
    matrix = np.array([finite(row, size) for row in _list(rows, size)]).reshape(size, size)
    if not np.allclose(matrix, matrix.T):
        raise ValueError("the correlation is not symmetric")
    if (np.diag(matrix) != 1.0).any() or (np.abs(matrix) > 1.0).any():
        raise ValueError("something is no correlation")
    try:
        np.linalg.cholesky(matrix - LEAST_EIGENVALUE * np.eye(size))
    except np.linalg.LinAlgError:
        raise ValueError("the correlation contradicts itself") from None
    return matrix


def _rising(numbers: Values) -> Values:
    if len(numbers) < 2 or numbers[0] < 0.0 or (np.diff(numbers) < 0.0).any():
        raise ValueError("distances must rise")
    return numbers
