"""A model of when an event happens: hazards of the event and of what competes with it, as data.

Each cause has a cumulative baseline hazard and a log hazard ratio that is linear in the design
columns. The baseline is known at some whole months only, chosen when it was learned so that several
patients had the event between any two of them, and its hazard is constant in between: so no
patient's time can be read from it. With constant hazards within each month the probabilities of
the causes and of no event add up to one exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor.errors import BundleError
from predictor.fitted.archive import read_arrays, write_arrays
from predictor.fitted.preparation import Values, finite
from predictor.fitted.replicates import FILE as REPLICATES

KIND = "hazards"
"""Kind of the model in the manifest."""

_LARGEST = 1e6
_STEEPEST = 300.0
_LONGEST = 600
_MOST_NUMBERS = 50_000_000
_NAMES = ("coefficients", "hazards")
_AGAIN = "Get the bundle again."


@dataclass(frozen=True, slots=True)
class HazardModel:
    """Cause-specific proportional hazards.

    Parameters
    ----------
    coefficients : shape (causes, columns)
        Log hazard ratio per unit of each design column; the event first, then what competes.
    months
        For each cause, whole months at which its baseline is known, rising; the last is the same
        for all and the longest time that can be asked about.
    hazards
        For each cause, by how much its cumulative baseline hazard grows up to each of these months.
    """

    coefficients: Values
    months: tuple[tuple[int, ...], ...]
    hazards: tuple[Values, ...]

    @property
    def causes(self) -> int:
        """1 where nothing competes, else 2."""
        return len(self.coefficients)

    @property
    def horizon(self) -> int:
        """Last month that can be asked about."""
        return self.months[0][-1]

    def log_ratio(self, design: Values) -> Values:
        """Log hazard ratios against the average patient, shape (patients, causes)."""
        # One patient after the other, whoever else is asked about, as in `LinearModel`.
        found = np.einsum("ij,kj->ik", np.ascontiguousarray(design), self.coefficients)
        return np.asarray(found)

    def incidence(self, log_ratio: Values) -> Values:
        """Cumulative incidences, shape (patients, causes, horizon): by the end of each month."""
        return incidence(log_ratio, monthly(self.months, self.hazards))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; numbers keep every digit."""
        return {
            "coefficients": self.coefficients.tolist(),
            "baseline": [
                {"months": list(months), "hazard": hazard.tolist()}
                for months, hazard in zip(self.months, self.hazards, strict=True)
            ],
        }

    @classmethod
    def from_dict(cls, data: object, columns: int, where: str = "model") -> HazardModel:
        """Rebuild from :meth:`to_dict`; BundleError if a number is missing or cannot be meant."""
        if not isinstance(data, dict):
            raise BundleError(where, "the data of the hazards are incomplete", _AGAIN)
        try:
            rows = [finite(row, columns, most=_LARGEST) for row in data["coefficients"]]
            months = tuple(_months(entry["months"]) for entry in data["baseline"])
            hazards = tuple(
                finite(entry["hazard"], len(own), most=_LARGEST)
                for entry, own in zip(data["baseline"], months, strict=True)
            )
            _check(len(rows), months, hazards)
        except (KeyError, TypeError):
            raise BundleError(where, "the data of the hazards are incomplete", _AGAIN) from None
        except ValueError as error:
            raise BundleError(where, f"in the hazards {error}", _AGAIN) from None
        return cls(np.stack(rows), months, hazards)


def _check(rows: int, months: Sequence[Sequence[int]], hazards: Sequence[Values]) -> None:
    if not 1 <= rows <= 2 or len(months) != rows:
        raise ValueError("the causes do not fit together")
    if len({own[-1] for own in months}) != 1:
        raise ValueError("the causes end at different months")
    if any((hazard < 0).any() for hazard in hazards):
        raise ValueError("a hazard is negative")


def _months(numbers: object) -> tuple[int, ...]:
    if not isinstance(numbers, list) or not numbers or not all(type(n) is int for n in numbers):
        raise ValueError("whole months were expected")
    if numbers[0] < 1 or numbers[-1] > _LONGEST or sorted(set(numbers)) != numbers:
        raise ValueError("the months do not rise")
    return tuple(numbers)


def monthly(months: Sequence[Sequence[int]], hazards: Sequence[Values]) -> Values:
    """Baseline hazard of each month, constant between the months at which it is known.

    Parameters
    ----------
    months, hazards
        As in :class:`HazardModel`; hazards may have leading axes.

    Returns
    -------
    shape (..., causes, horizon)

    Examples
    --------
    >>> monthly([(1, 3)], [np.array([0.5, 0.2])]).tolist()
    [[0.5, 0.1, 0.1]]
    """
    found = []
    for own, hazard in zip(months, hazards, strict=True):
        length = np.diff(own, prepend=0)
        found.append(np.repeat(hazard / length, length, axis=-1))
    return np.stack(found, axis=-2)


def incidence(log_ratio: Values, each: Values) -> Values:
    """Cumulative incidence of each cause by the end of each month.

    Parameters
    ----------
    log_ratio : shape (..., causes)
    each : shape (..., causes, horizon)
        Baseline hazard of each month.

    Returns
    -------
    shape (..., causes, horizon)

    Examples
    --------
    >>> incidence(np.zeros(2), np.array([[0.1], [0.3]])).ravel().round(4).tolist()
    [0.0824, 0.2473]
    """
    hazard = np.exp(np.clip(log_ratio, -_STEEPEST, _STEEPEST))[..., None] * each
    total = hazard.sum(axis=-2)
    until = np.cumsum(total, axis=-1)
    left = np.exp(-(until - total)) * -np.expm1(-total)
    share = hazard / np.where(total > 0, total, 1.0)[..., None, :]
    return np.asarray(np.cumsum(left[..., None, :] * share, axis=-1))


@dataclass(frozen=True, slots=True)
class HazardReplicates:
    """Bootstrap replicates on the design of the model.

    Parameters
    ----------
    coefficients : shape (replicates, causes, columns)
    hazards : shape (replicates, months of all causes)
        As in :class:`HazardModel`, one cause behind the other.
    """

    coefficients: Values
    hazards: Values

    def __len__(self) -> int:
        return len(self.hazards)

    def of_event(self, design: Values, model: HazardModel) -> Values:
        """Cumulative incidence of the event, shape (patients, replicates, horizon).

        Parameters
        ----------
        design : shape (patients, draws, columns)
            Replicate r looks at draw r, beginning again behind the last.
        model
            Knows the months.
        """
        own = np.arange(len(self)) % design.shape[1]
        log_ratio = np.einsum("irj,rkj->irk", design[:, own], self.coefficients)
        ends = np.cumsum([len(months) for months in model.months])[:-1]
        each = monthly(model.months, np.split(self.hazards, ends, axis=-1))
        return incidence(log_ratio, each)[:, :, 0]

    def to_bytes(self) -> bytes:
        """An NPZ archive whose bytes depend on the numbers alone."""
        return write_arrays({name: getattr(self, name) for name in _NAMES})

    @classmethod
    def from_bytes(cls, data: bytes, model: HazardModel, where: str) -> HazardReplicates:
        """Read :meth:`to_bytes`; BundleError if it is damaged or does not fit the model."""
        width = sum(map(len, model.months))
        try:
            found = read_arrays(data, _NAMES, 8 * _MOST_NUMBERS)
            slopes, hazards = found["coefficients"], found["hazards"]
            _check_replicates(slopes, hazards, model.coefficients.shape, width)
        except (ValueError, TypeError, IndexError):
            raise BundleError(where, "the replicates are damaged", _AGAIN) from None
        return cls(slopes, hazards)


def _check_replicates(slopes: Values, hazards: Values, one: tuple[int, ...], width: int) -> None:
    count = len(hazards)
    if (slopes.shape, hazards.shape) != ((count, *one), (count, width)) or count < 2:
        raise ValueError("shape")
    if slopes.dtype.kind != "f" or hazards.dtype.kind != "f":
        raise ValueError("kind")
    if not ((np.abs(slopes) <= _LARGEST).all() and (np.abs(hazards) <= _LARGEST).all()):
        raise ValueError("not finite")
    if (hazards < 0).any():
        raise ValueError("negative")


@dataclass(frozen=True, slots=True)
class HazardPart:
    """What a bundle of this kind holds beside what every bundle holds.

    Parameters
    ----------
    model
        The model itself.
    marks
        Months at which it was judged; the last is its horizon.
    replicates
        For intervals; None where there are none.
    """

    model: HazardModel
    marks: tuple[int, ...]
    replicates: HazardReplicates | None


def hazard_part(
    manifest: Mapping[str, Any],
    described: object,
    content: Mapping[str, bytes],
    columns: int,
    folder: str,
) -> HazardPart:
    """Read and check the hazards of a bundle.

    Parameters
    ----------
    manifest, described, content
        Of the bundle: manifest, content of ``model.json``, all files of the model.
    columns
        Design columns of the preparation.
    folder
        For messages.

    Raises
    ------
    BundleError
        If something is missing or does not fit the rest.
    """
    model = HazardModel.from_dict(described, columns, folder)
    try:
        marks = _months(manifest["outcome"]["follow_up"]["horizon_months"])
    except (KeyError, TypeError, ValueError):
        raise BundleError(folder, "the manifest names no months", _AGAIN) from None
    if marks[-1] != model.horizon:
        raise BundleError(folder, "the manifest and the model end at different months", _AGAIN)
    replicates = None
    if REPLICATES in content:
        replicates = HazardReplicates.from_bytes(content[REPLICATES], model, folder)
    return HazardPart(model, marks, replicates)
