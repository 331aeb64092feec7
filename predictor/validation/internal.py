"""Internal validation: apparent, cross-validated and corrected performance side by side.

The corrections are explained in `predictor.validation.corrected`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from predictor.errors import LearningError
from predictor.performance.estimate import Estimate, normal_quantile
from predictor.performance.inputs import as_outcome, as_probability
from predictor.performance.limits import Limit
from predictor.validation.corrected import (
    FEWEST_FOR_INTERVAL,
    CorrectedFigure,
    Spread,
    corrected_figure,
)
from predictor.validation.measured import Measured, figures, net_benefit_name

#: A larger share of resamples left out is said among the limits.
MANY_LEFT_OUT = 0.05

RULE = (
    "A resample is left out of every figure when its refit failed: the resample has one class, its "
    "predictors separate events from non-events so that no finite estimate exists, or the search "
    "did not end. A figure that is not defined for a refit, such as the AUROC where no event was "
    "left out of bag, leaves that resample out of this figure alone."
)


@dataclass(frozen=True, slots=True)
class ResampleCounts:
    """What became of the resamples.

    Parameters
    ----------
    drawn, used
        All of them, and those whose refit could be used.
    one_class, separated, not_fitted
        Why the others could not, the last meaning any other reason, such as a search that did
        not end; they add up to ``drawn - used``.
    """

    drawn: int
    used: int
    one_class: int
    separated: int
    not_fitted: int


@dataclass(frozen=True, slots=True)
class InternalValidation:
    """Apparent, cross-validated and corrected performance side by side.

    Parameters
    ----------
    figures
        One row for each figure.
    resamples
        What became of the resamples.
    rule
        When a resample is left out, as a sentence.
    level
        Confidence level of the intervals.
    limits
        What a reader must know before using a figure.
    """

    figures: tuple[CorrectedFigure, ...]
    resamples: ResampleCounts
    rule: str
    level: float
    limits: tuple[Limit, ...]

    def figure(self, name: str) -> CorrectedFigure:
        """The row of that name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for row in self.figures:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without NaN."""
        return {
            "figures": [asdict(row) for row in self.figures],
            "resamples": asdict(self.resamples),
            "rule": self.rule,
            "level": self.level,
            "limits": [limit.to_dict() for limit in self.limits],
        }


def internal_validation(
    outcome: ArrayLike,
    apparent_probability: ArrayLike,
    measured: Measured,
    *,
    thresholds: Sequence[float],
    cross_validated: Mapping[str, Estimate] | None = None,
    level: float = 0.95,
    spread: Spread | None = None,
) -> InternalValidation:
    """Correct the apparent performance by the refits.

    Parameters
    ----------
    outcome : shape (n,)
        1 = event, 0 = no event.
    apparent_probability : shape (n,)
        Predictions of the final model for the patients it was fitted to.
    measured
        All bootstrap refits of the same procedure on the same patients.
    thresholds
        Risk thresholds of the net benefit, those of ``measured``.
    cross_validated
        Estimates to stand beside, by name of the figure; see
        :func:`predictor.validation.cross_validated.cross_validated_measures`.
    level
        Confidence level of the intervals.
    spread
        What the intervals are made of, see Notes; by default what held its level in simulation:
        out of bag for the AUROC, the refits for everything else.

    Raises
    ------
    LearningError
        If the outcome has one class only.
    ValueError
        If shapes differ, a probability is missing or not between 0 and 1, or ``measured`` belongs
        to other patients or thresholds.

    Notes
    -----
    With ``spread="refits"`` the interval is the location-shifted bootstrap of Noma et al. (Stat
    Med 2021;40:5691): the quantiles of the refits' performance on their own resamples, less the
    correction. It includes refitting, unlike DeLong's, but neglects that the refits' performance on
    their own resamples is itself optimistic and hardly varies when it is near perfect: small
    cohorts get an interval that lies too high and is too narrow.

    With ``spread="out of bag"`` it is the corrected value plus the quantiles of the out-of-bag
    values about their mean, times the square root of 0.632, because out of bag are 0.368 of the
    patients only. This has no theory but held its level in simulation where the other did not.

    Neither can work where fitting itself fixes the value in the resample, such as the slope of 1
    of an unpenalised model or the AUROC of 1 of a forest. For calibration intercept, slope and O/E,
    and where the quantiles of the refits span less than half of what those of the optimism do,
    the interval is the corrected value less the quantiles of the optimism about its mean: the same
    refits, with the cohort in the place of the population.

    Bounds are cut to the range of the figure. They are None for fewer than 100 resamples, and
    where the figure is the same in every refit.
    """
    y = as_outcome(outcome)
    if not 0.0 < y.sum() < y.size:
        raise LearningError(
            "outcome", "there is one class only", "Patients with and without the event are needed."
        )
    p = as_probability(apparent_probability, y.shape, "apparent_probability")
    normal_quantile(level)
    apparent = {
        name: float(values[0])
        for name, values in figures(y, p[None], np.ones((1, y.size)), thresholds).items()
    }
    if measured.loss.shape != y.shape or measured.boot.keys() != apparent.keys():
        raise ValueError("measured belongs to other patients or other thresholds")
    at = {net_benefit_name(threshold): threshold for threshold in thresholds}
    beside = cross_validated or {}
    rows = tuple(
        corrected_figure(
            name,
            y,
            p,
            value,
            measured,
            threshold=at.get(name),
            cross_validated=beside.get(name),
            level=level,
            spread=spread,
        )
        for name, value in apparent.items()
    )
    counts = _counts(measured)
    return InternalValidation(rows, counts, RULE, level, _limits(counts, rows))


def _counts(measured: Measured) -> ResampleCounts:
    lost = ~measured.usable
    one_class = lost & measured.one_class
    separated = lost & ~one_class & measured.separated
    return ResampleCounts(
        drawn=lost.size,
        used=int((~lost).sum()),
        one_class=int(one_class.sum()),
        separated=int(separated.sum()),
        not_fitted=int((lost & ~one_class & ~separated).sum()),
    )


def _limits(counts: ResampleCounts, rows: Sequence[CorrectedFigure]) -> tuple[Limit, ...]:
    every = tuple(row.name for row in rows)
    undefined = tuple(row.name for row in rows if row.apparent is None)
    uncorrected = tuple(
        row.name for row in rows if row.apparent is not None and row.corrected is None
    )
    without = [row for row in rows if row.corrected is not None and row.corrected_low is None]
    few = tuple(row.name for row in without if row.resamples < FEWEST_FOR_INTERVAL)
    constant = tuple(row.name for row in without if row.resamples >= FEWEST_FOR_INTERVAL)
    lost = counts.drawn - counts.used
    found = []
    if undefined:
        found.append(
            Limit("undefined", undefined, "Not defined for the predictions of this model.")
        )
    if counts.used == 0:
        found.append(
            Limit(
                "no_resample",
                every,
                f"None of {counts.drawn} refits could be used, so nothing is corrected.",
            )
        )
        return tuple(found)
    if lost > MANY_LEFT_OUT * counts.drawn:
        found.append(
            Limit(
                "many_left_out",
                every,
                f"{lost} of {counts.drawn} refits could not be used; the corrected figures "
                "describe the others only and may be too favourable.",
            )
        )
    if uncorrected:
        found.append(
            Limit("uncorrected", uncorrected, "Not defined in any resample, so not corrected.")
        )
    if few:
        found.append(
            Limit(
                "few_resamples",
                few,
                f"No interval, because fewer than {FEWEST_FOR_INTERVAL} resamples could be used.",
            )
        )
    if constant:
        found.append(
            Limit("no_variation", constant, "No interval, because it is the same in every refit.")
        )
    return tuple(found)
