"""What a set of predictions is too small or too uniform to tell, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Limit:
    """One reason why figures are missing or not to be trusted.

    Parameters
    ----------
    code
        Stable machine-readable name, such as ``"few_events"``.
    figures
        Keys of the result it speaks of.
    message
        The reason, as a sentence. Holds counts, never a patient's value.
    """

    code: str
    figures: tuple[str, ...]
    message: str

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {"code": self.code, "figures": list(self.figures), "message": self.message}


def limits_of(
    y: NDArray[np.float64], p: NDArray[np.float64], thresholds: Sequence[float]
) -> tuple[Limit, ...]:
    """Every limit that holds; outcome and probabilities are checked already."""
    events = int(y.sum())
    smaller = min(events, y.size - events)
    found = []
    if smaller == 0:
        found.append(Limit("one_class", ("auroc",), "Every patient has the same outcome."))
    elif smaller < 100:
        found.append(
            Limit("few_events", ("auroc",), f"{events} events among {y.size} patients are few.")
        )
    return tuple(found)
