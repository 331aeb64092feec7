"""Where a model stands: the few facts of a bundle that the verdict rests on, and the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from predictor.report.contents.signal_text import is_open
from predictor.validation.reported import slope_is_readable, with_reported

DEMONSTRATION = "demonstration"
NO_MODEL = "no model"
TOO_FEW = "too few patients"
NO_SIGNAL = "no signal"
NOT_VALIDATED = "not validated"
NOT_BETTER = "no better than the prevalence"
MISCALIBRATED = "miscalibrated"
READY = "ready for external validation"

CODES = (
    DEMONSTRATION,
    NO_MODEL,
    TOO_FEW,
    NO_SIGNAL,
    NOT_VALIDATED,
    NOT_BETTER,
    MISCALIBRATED,
    READY,
)
"""In the order of weight: the first that holds is the verdict."""

SLOPE = RATIO = (0.8, 1.25)
"""Calibration slope, and observed over expected events, that are accepted.

The sample-size criteria aim at a slope of 0.9; 0.8 is twice that loss, and 1.25 its reciprocal."""

FARTHEST = 0.10
"""Mean distance between predicted and observed probability (E-average) that is accepted."""

Calibration = Literal["off", "holds", "undecided"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its 95% interval; None where it is not defined."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the verdict rests on.

    Parameters
    ----------
    simulated
        Whether the patients are simulated.
    prevalence_chosen
        Whether everybody gets the prevalence.
    patients, events
        People, or rows where it is not known who they belong to.
    rows_for_patients
        Whether rows had to be taken for patients.
    needed, needed_events
        What the sample-size criteria ask for; None where the bundle does not say.
    enough
        Whether there are as many; None where the bundle does not say.
    signal
        What the permutation test found; None where it was not done.
    signal_open
        Whether more permutations could change what it found.
    by_rule
        Whether the rule of choice takes a model that is better than the prevalence; None where
        the bundle does not say.
    auroc, slope, ratio, distance
        Corrected for optimism: AUROC, calibration slope, observed over expected events, E-average.
    slope_by
        Which correction the slope has; ``cross_validated`` where the corrections contradict each
        other.
    width
        Mean width of the range that refits give to one patient's probability.
    refits
        How many those were.
    """

    simulated: bool = False
    prevalence_chosen: bool = False
    patients: int = 0
    events: int = 0
    rows_for_patients: bool = False
    needed: int | None = None
    needed_events: int | None = None
    enough: bool | None = None
    signal: bool | None = None
    signal_open: bool = False
    by_rule: bool | None = None
    auroc: Measure = field(default=Measure())
    slope: Measure = field(default=Measure())
    slope_by: str = "harrell"
    ratio: Measure = field(default=Measure())
    distance: Measure = field(default=Measure())
    width: float | None = None
    refits: int | None = None

    @property
    def corrected(self) -> bool:
        """Whether discrimination and calibration are known, corrected for optimism."""
        return self.auroc.value is not None and self.slope.value is not None

    @property
    def validated(self) -> bool:
        """Whether everything was done that a reader needs to know how well the model does."""
        done = self.corrected and self.enough is not None and self.signal is not None
        return done and not self.rows_for_patients and not self.signal_undecided

    @property
    def chance_possible(self) -> bool:
        """Whether the interval of the AUROC reaches chance."""
        return self.auroc.low is not None and self.auroc.low <= 0.5

    @property
    def signal_undecided(self) -> bool:
        """Whether the test found nothing, and might with more permutations."""
        return self.signal is False and self.signal_open

    @property
    def signal_shown(self) -> bool:
        """Whether both the permutation test and the interval of the AUROC show signal."""
        return bool(self.signal) and not self.chance_possible

    @property
    def slope_readable(self) -> bool:
        """Whether the slope says anything; not where the linear predictor hardly varies."""
        return self.slope.value is not None and slope_is_readable(self.slope.low, self.slope.high)

    @property
    def too_extreme(self) -> bool:
        """Whether high probabilities are too high and low ones too low."""
        return self._slope < SLOPE[0]

    @property
    def too_alike(self) -> bool:
        """Whether probabilities could differ more."""
        return self._slope > SLOPE[1]

    @property
    def _slope(self) -> float:
        """The slope; an ideal one where it says nothing."""
        readable = self.slope_readable and self.slope.value is not None
        return float(self.slope.value or 0.0) if readable else 1.0

    @property
    def too_high(self) -> bool:
        """Whether fewer events were seen than expected."""
        return self.ratio.value is not None and self.ratio.value < RATIO[0]

    @property
    def too_low(self) -> bool:
        """Whether more events were seen than expected."""
        return self.ratio.value is not None and self.ratio.value > RATIO[1]

    @property
    def far_off(self) -> bool:
        """Whether probabilities lie far from what is observed, in whatever direction."""
        return self.distance.value is not None and self.distance.value > FARTHEST

    @property
    def miscalibrated(self) -> bool:
        """Whether its probabilities do not mean what they say."""
        faults = (self.too_extreme, self.too_alike, self.too_high, self.too_low, self.far_off)
        return any(faults)

    @property
    def calibration(self) -> Calibration:
        """Whether calibration holds, which an interval must show and not an estimate alone.

        Where there is no signal, probabilities hardly differ, and their slope may be anything.

        >>> Standing(signal=True, slope=Measure(0.97, -0.65, 2.17)).calibration
        'undecided'
        """
        if self.miscalibrated:
            return "off"
        low, high = self.slope.low, self.slope.high
        inside = low is not None and high is not None and SLOPE[0] <= low <= high <= SLOPE[1]
        return "holds" if inside and self.signal_shown else "undecided"

    @property
    def code(self) -> str:
        """The verdict: the first of ``CODES`` that holds.

        >>> Standing(patients=31, events=11, enough=False, signal=False).code
        'too few patients'
        """
        holds = {
            DEMONSTRATION: self.simulated,
            NO_MODEL: self.prevalence_chosen,
            TOO_FEW: self.enough is False,
            NO_SIGNAL: self.signal is False and not self.signal_undecided,
            NOT_VALIDATED: not self.validated,
            NOT_BETTER: self.by_rule is False or self.chance_possible or not self.slope_readable,
            MISCALIBRATED: self.miscalibrated,
        }
        return next((code for code in CODES if holds.get(code)), READY)


def standing(manifest: Mapping[str, Any]) -> Standing:
    """Read from a manifest, of whatever age, where its model stands.

    Parameters
    ----------
    manifest
        Content of ``manifest.json``. What it lacks counts as not done.
    """
    manifest = with_reported(manifest)
    evidence, cohort = manifest["evidence"], manifest.get("cohort", {})
    found = manifest.get("validation", {})
    bootstrap = found.get("bootstrap") or {}
    figures = {row["name"]: row for row in bootstrap.get("figures", ())}
    size = found.get("sample_size") or {}
    moved = bootstrap.get("instability") or {}
    simulated = int(evidence.get("simulated_patients") or 0)
    real = int(evidence.get("patients") or cohort.get("patients") or 0)
    events = evidence.get("events") if not simulated else cohort.get("events")
    return Standing(
        simulated=evidence["level"] == DEMONSTRATION,
        prevalence_chosen=manifest["model"].get("candidate") == "prevalence",
        patients=simulated or real,
        events=int(events or cohort.get("events") or 0),
        rows_for_patients=cohort.get("group") == "none",
        needed=size.get("n"),
        needed_events=None if size.get("events") is None else math.ceil(round(size["events"], 9)),
        enough=size.get("enough"),
        signal=(found.get("signal") or {}).get("found"),
        signal_open=is_open(found.get("signal")),
        by_rule=_by_rule(found),
        auroc=_corrected(figures, "auroc"),
        slope=_corrected(figures, "calibration_slope"),
        slope_by=str(figures.get("calibration_slope", {}).get("corrected_by") or "harrell"),
        ratio=_corrected(figures, "observed_expected"),
        distance=_corrected(figures, "eavg"),
        width=moved.get("mean_width_of_range"),
        refits=moved.get("refits"),
    )


def _by_rule(found: Mapping[str, Any]) -> bool | None:
    choice = found.get("choice")
    return None if choice is None else choice["by_rule"] != "prevalence"


def _corrected(figures: Mapping[str, Mapping[str, Any]], name: str) -> Measure:
    row = figures.get(name, {})
    return Measure(row.get("corrected"), row.get("corrected_low"), row.get("corrected_high"))
