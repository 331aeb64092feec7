"""The candidate models of several ordered states, from simple to complex."""

from __future__ import annotations

from dataclasses import dataclass

from predictor.config import Config
from predictor.errors import ConfigError
from predictor.learning.state_newton import StateKind

SIMPLICITY = ("prevalence", "one_predictor", "proportional_odds", "multinomial")

WEAK = 0.1
"""Penalty of a model that is meant to have none: nearly no pull, but a finite fit."""


@dataclass(frozen=True, slots=True)
class StateCandidate:
    """One model of several states to be compared.

    Parameters
    ----------
    name
        One of ``SIMPLICITY``.
    label
        What people read.
    kind
        Its likelihood.
    predictors
        Positions of the predictors that it uses; none for the shares of the states.
    penalties
        To choose from inside each training fold, from more to less restrained.
    """

    name: str
    label: str
    kind: StateKind
    predictors: tuple[int, ...]
    penalties: tuple[float, ...] = (WEAK,)


def state_candidates(config: Config, baseline_label: str) -> tuple[StateCandidate, ...]:
    """The candidates of a configuration with both baselines.

    Parameters
    ----------
    config
        A question of several states.
    baseline_label
        What people call the one predictor that stands alone.

    Raises
    ------
    ConfigError
        If gaps are to be filled in as these models do not.
    """
    if config.preparation.imputation != "median":
        raise ConfigError(
            "preparation.imputation",
            "models of several states fill gaps in by the median so far",
            "Set it to median.",
        )
    everything = tuple(range(len(config.predictors)))
    alone = (config.predictors.index(config.baseline),)
    found = [
        StateCandidate("prevalence", "Shares of the states", "proportional_odds", ()),
        StateCandidate("one_predictor", f"{baseline_label} alone", "proportional_odds", alone),
    ]
    if plan := config.models.proportional_odds:
        penalties = tuple(sorted(plan.penalty, reverse=True))
        found.append(
            StateCandidate(
                "proportional_odds",
                "Proportional-odds ridge",
                "proportional_odds",
                everything,
                penalties,
            )
        )
    if plan := config.models.multinomial:
        penalties = tuple(sorted(plan.penalty, reverse=True))
        found.append(
            StateCandidate("multinomial", "Multinomial ridge", "multinomial", everything, penalties)
        )
    return tuple(found)
