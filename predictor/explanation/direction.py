"""In which direction a variable moves a model, whatever kind of model it is."""

from __future__ import annotations

from typing import Literal

import numpy as np

from predictor.clinical.variable import Variable
from predictor.explanation.shown import Effects
from predictor.fitted.replicates import Replicates
from predictor.performance.ranks import midranks

Found = Literal["raises", "lowers", "neither", "nothing"]

CLEAR = 0.5
"""Rank correlation of value and contribution from which a direction is told."""

_NOTHING = 1e-9


def direction_of(effects: Effects, variable: Variable) -> Found | None:
    """What higher values, or a yes, do to the prediction.

    By the rank correlation (Spearman) of values and contributions, which is 1 or -1 for a linear
    model.

    Returns
    -------
    str
        ``neither`` where there is no clear direction, ``nothing`` where the variable has no
        effect; None for states without order.
    """
    known = ~np.isnan(effects.values)
    values, parts = effects.values[known], effects.contributions[known]
    if not parts.size or float(np.abs(parts).max()) <= _NOTHING:
        return "nothing"
    if variable.kind == "nominal":
        return None
    ranks = midranks(values), midranks(np.round(parts, 9))
    spread = [float(r.std()) for r in ranks]
    if min(spread) == 0.0:
        return "neither"
    together = float(np.mean((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())))
    correlation = together / (spread[0] * spread[1])
    if abs(correlation) < CLEAR:
        return "neither"
    return "raises" if correlation > 0.0 else "lowers"


def share_of_refits(replicates: Replicates | None, variable: int, found: Found) -> float | None:
    """Share of a linear model's refits that move it in the same direction.

    Parameters
    ----------
    replicates
        Of the bundle; None where it has none.
    variable
        Position of the variable.
    found
        Direction of the model; None is returned unless it is clear.
    """
    if replicates is None or found not in ("raises", "lowers"):
        return None
    own = (replicates.variable == variable) & (replicates.state < 0) & ~replicates.missing
    if not own.any():
        return None
    slope = replicates.slope[:, own].sum(axis=1)
    return float(np.mean(slope > 0.0 if found == "raises" else slope < 0.0))
