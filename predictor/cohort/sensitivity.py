"""How much the unknown outcomes could change the share of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from predictor.cohort.state_counts import shown_counts


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Share of events, and what it would be if all unknown outcomes were alike.

    Parameters
    ----------
    known, events
        Index visits with a known outcome, and with the event.
    no_follow_up
        Without a visit in the window.
    undeterminable
        With a visit at which the outcome could not be told.
    states
        Each of several states, worst first, with how many are in it; ``events`` are then those in
        the best one. Empty where the outcome is an event.

    Examples
    --------
    >>> found = Sensitivity(86, 41, 31, 0)
    >>> round(found.share, 3), round(found.worst_case, 3), round(found.best_case, 3)
    (0.477, 0.35, 0.615)
    """

    known: int
    events: int
    no_follow_up: int
    undeterminable: int
    states: tuple[tuple[str, int], ...] = ()

    @property
    def unknown(self) -> int:
        """Index visits whose outcome is not known."""
        return self.no_follow_up + self.undeterminable

    @property
    def share(self) -> float | None:
        """Share of events among the known."""
        return self.events / self.known if self.known else None

    @property
    def best_case(self) -> float | None:
        """Share of events if every unknown outcome were the event."""
        total = self.known + self.unknown
        return (self.events + self.unknown) / total if total else None

    @property
    def worst_case(self) -> float | None:
        """Share of events if no unknown outcome were the event."""
        total = self.known + self.unknown
        return self.events / total if total else None

    def to_dict(self, cell_size: int = 1, *, hidden: bool = False) -> dict[str, Any]:
        """Plain data; counts below the cell size, and whatever tells them, are None.

        Of several states ``states`` has each one's share, and what it would be if every unknown
        outcome were that state, or none.

        Parameters
        ----------
        cell_size
            Smallest count that is shown, apart from 0.
        hidden
            Whether the flow beside it hides counts, which these would give away.
        """
        counts = {"no_follow_up": self.no_follow_up, "undeterminable": self.undeterminable}
        # The two shares and the known counts give the number of the unknown away.
        small = any(0 < count < cell_size for count in (*counts.values(), self.unknown))
        small |= hidden and self.unknown > 0
        shown: Mapping[str, int | float | None] = {
            **counts,
            "best_case": self.best_case,
            "worst_case": self.worst_case,
        }
        told = dict.fromkeys(shown) if small else dict(shown)
        if not self.states:
            return {"known": self.known, "events": self.events, "share": self.share, **told}
        states = self._states(cell_size, small)
        best = states[-1]
        if best["patients"] is None:
            told |= {"best_case": None, "worst_case": None}
        events = {"events": best["patients"], "share": best["share"]}
        return {"known": self.known, **events, **told, "states": states}

    def _states(self, cell_size: int, small: bool) -> list[dict[str, Any]]:
        total = self.known + self.unknown
        rows = []
        counts = shown_counts([count for _, count in self.states], cell_size)
        for (name, _), count in zip(self.states, counts, strict=True):
            open_ = count is None or small or not total
            rows.append(
                {
                    "state": name,
                    "patients": count,
                    "share": None if count is None or not self.known else count / self.known,
                    "best_case": None if open_ else ((count or 0) + self.unknown) / total,
                    "worst_case": None if open_ else (count or 0) / total,
                }
            )
        return rows
