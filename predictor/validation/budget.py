"""How many repetitions fit into a stated time."""

from __future__ import annotations

# Rounded down to one of these, so that a slightly busier machine does not change the results.
_STEPS = (1000, 500, 200, 100, 50, 20)
FEWEST_BOOTSTRAPS = 20
"""Fewer resamples than this say nothing."""


def affordable(wanted: int, seconds: float, minutes: float) -> int:
    """Repetitions that are made: as many as wanted, or the round number that the time allows.

    Parameters
    ----------
    wanted
        How many were asked for.
    seconds
        What one costs, with all workers at it.
    minutes
        The time there is.

    Returns
    -------
    0 where not even ``FEWEST_BOOTSTRAPS`` are possible.

    Examples
    --------
    >>> affordable(1000, 0.01, 10), affordable(1000, 2.0, 10), affordable(1000, 60.0, 10)
    (1000, 200, 0)
    """
    possible = minutes * 60.0 / max(seconds, 1e-9)
    if wanted <= possible:
        return wanted
    return next((step for step in _STEPS if step <= min(possible, wanted)), 0)
