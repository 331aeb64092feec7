"""The printed figures of the study, read from ``published_cohort.yaml`` beside this module.

Nothing is computed here; the file says what is printed, what of it no 31 patients can give, and
what had to be assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from predictor.documents import load_yaml

_HERE = Path(__file__).resolve().parent
LONGEST_P = 0.00095
"""A p printed as ``<0.001`` is held below this, so that no rounding turns it into 0.001."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Two printed figures of a measurement at one time, and the values a laboratory may print.

    Parameters
    ----------
    statistic
        ``"mean"``: mean and SD; ``"median"``: median and IQR (third less first quartile).
    centre, spread
        The two figures, in the canonical unit.
    step
        Values are whole multiples of it.
    low, high
        Values lie above ``low`` and do not exceed ``high``.
    """

    statistic: Literal["mean", "median"]
    centre: float
    spread: float
    step: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measured row; ``after`` and ``p`` are None in Table 1."""

    name: str
    table: int
    row: str
    before: Moments
    after: Moments | None
    p: str | None
    reproducible: bool
    correlation: float


@dataclass(frozen=True, slots=True)
class Count:
    """A counted row: so many of 31 patients are in this state."""

    name: str
    n: int
    state: str = "yes"
    otherwise: str = "no"


@dataclass(frozen=True, slots=True)
class Finding:
    """A row counted before and after, with the patients who lose and who acquire it."""

    name: str
    before: int
    after: int
    lost: int
    gained: int
    p: str
    reproducible: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Patients with these indications have low or high values, or mostly have a finding.

    ``below`` pairs each limit with the share of these patients below it; empty for a finding,
    whose share is ``share``.
    """

    variable: str
    indications: tuple[str, ...]
    below: tuple[tuple[float, float], ...]
    share: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What remission demands of a value after treatment."""

    variable: str
    low: float
    high: float

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether values are compatible with remission."""
        return (values >= self.low) & (values <= self.high)


@dataclass(frozen=True, slots=True)
class NotReproducible:
    """A printed figure that no 31 patients can give."""

    table: str
    figure: str
    printed: str
    why_not: str

    def __str__(self) -> str:
        place = f"Table {self.table}" if self.table.isdigit() else self.table.capitalize()
        return f"{place}, {self.figure}, printed {self.printed}: {self.why_not}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the study prints that is used."""

    citation: str
    patients: int
    measured: Mapping[str, Measurement]
    laboratory: Mapping[str, Measurement]
    counted: Mapping[str, Count]
    findings: Mapping[str, Finding]
    response: Mapping[str, int]
    indication: Mapping[str, int]
    profiles: tuple[Profile, ...]
    finding_profiles: tuple[Profile, ...]
    absent_in_remission: tuple[str, ...]
    in_remission: Mapping[str, Limit]
    part: str
    whole: str
    part_share: float
    not_reproducible: tuple[NotReproducible, ...]

    @property
    def measurements(self) -> Mapping[str, Measurement]:
        """Every measured row, Tables 1, 3 and 4."""
        return {**self.measured, **self.laboratory}


@lru_cache(maxsize=1)
def published_figures() -> Figures:
    """Read the printed figures once."""
    data = load_yaml(_HERE / "published_cohort.yaml").data
    consistency = data["consistency"]
    return Figures(
        citation=data["study"]["name"],
        patients=data["study"]["patients"],
        measured={name: _measurement(name, entry) for name, entry in data["measured"].items()},
        laboratory={name: _measurement(name, entry) for name, entry in data["laboratory"].items()},
        counted={
            name: Count(name, entry["n"], entry.get("state", "yes"), entry.get("otherwise", "no"))
            for name, entry in data["counted"].items()
        },
        findings={
            name: Finding(
                name,
                entry["before"][0],
                entry["after"][0],
                entry["lost"],
                entry["gained"],
                entry["p"],
                "why_not" not in entry,
            )
            for name, entry in data["findings"].items()
        },
        response={state: entry["n"] for state, entry in data["response"].items()},
        indication={state: entry["n"] for state, entry in data["indication"].items()},
        profiles=tuple(_profile(entry) for entry in consistency["profiles"]),
        finding_profiles=tuple(_profile(entry) for entry in consistency["findings"]),
        absent_in_remission=tuple(consistency["absent_in_remission"]),
        in_remission={
            entry["variable"]: Limit(
                entry["variable"], entry.get("low", -np.inf), entry.get("high", np.inf)
            )
            for entry in consistency["in_remission"]
        },
        part=consistency["part_of"]["part"],
        whole=consistency["part_of"]["whole"],
        part_share=consistency["part_of"]["share"],
        not_reproducible=tuple(_not_reproducible(data)),
    )


@lru_cache(maxsize=1)
def borrowed_correlations() -> Mapping[tuple[str, str], float]:
    """Correlations of normal scores between baseline variables, from real visits."""
    data = load_yaml(_HERE / "published_correlations.yaml").data
    return {(entry["pair"][0], entry["pair"][1]): entry["r"] for entry in data["pairs"]}


def _measurement(name: str, entry: Mapping[str, Any]) -> Measurement:
    assumed = entry["assumed"]
    statistic = entry.get("statistic", "mean")

    def moments(printed: list[str], suffix: str) -> Moments:
        return Moments(
            statistic,
            float(printed[0]),
            float(printed[1]),
            float(assumed["step"]),
            float(assumed["low" + suffix]),
            float(assumed["high" + suffix]),
        )

    after = moments(entry["after"], "_after") if "after" in entry else None
    return Measurement(
        name,
        entry["table"],
        entry["row"],
        moments(entry["before"], ""),
        after,
        entry.get("p"),
        "why_not" not in entry,
        float(assumed.get("correlation", 0)),
    )


def _profile(entry: Mapping[str, Any]) -> Profile:
    below = sorted((float(k), float(v)) for k, v in entry.get("below", {}).items())
    share = float(entry.get("share", 0))
    return Profile(entry["variable"], tuple(entry["indications"]), tuple(below), share)


def _not_reproducible(data: Mapping[str, Any]) -> Iterator[NotReproducible]:
    """Every entry with a reason, p-values first, then percentages, then the text."""
    for kind in ("findings", "laboratory"):
        for entry in data[kind].values():
            if "why_not" in entry:
                table, row = str(entry["table"]), entry["row"]
                yield NotReproducible(table, f"{row}, p", entry["p"], entry["why_not"])
    for kind in ("counted", "response", "indication"):
        for entry in data[kind].values():
            if "why_not" in entry:
                printed = f"{entry['n']} ({entry['percent']})"
                yield NotReproducible(str(entry["table"]), entry["row"], printed, entry["why_not"])
    for entry in data["findings"].values():
        if "why_not_percent" in entry:
            why, table = entry["why_not_percent"], str(entry["table"])
            time = "before" if why.startswith(f"{entry['before'][0]}/") else "after"
            printed = f"{entry[time][0]} ({entry[time][1]})"
            yield NotReproducible(table, f"{entry['row']} {time}", printed, why)
    for entry in data["elsewhere"]:
        yield NotReproducible(
            str(entry["table"]), entry["figure"], str(entry["printed"]), entry["why_not"]
        )
