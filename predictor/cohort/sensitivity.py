"""How much the unknown outcomes could change the share of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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

    def to_dict(self, cell_size: int = 1, *, hidden: bool = False) -> dict[str, int | float | None]:
        """Plain data; counts below the cell size, and whatever tells them, are None.

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
        return {
            "known": self.known,
            "events": self.events,
            "share": self.share,
            **(dict.fromkeys(shown) if small else shown),
        }
