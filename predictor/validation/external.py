"""Validation of a model on patients who took no part in making it: what it shows and lifts.

Nothing is refitted. The level of evidence rises to ``externally validated`` only where the patients
come from another centre or another period, and are enough: 100 events and 100 non-events, or all
three intervals of Riley et al. narrow enough. The level says that the model was tested, and the
statement says how it did: a model that failed its test is externally validated, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from predictor.cohort.cohort import Cohort, FlowStep
from predictor.cohort.elsewhere import excluded
from predictor.cohort.small_cells import masked_flow
from predictor.performance.estimate import Estimate
from predictor.performance.evaluation import Evaluation
from predictor.validation.case_mix import CaseMix
from predictor.validation.centres import CentreResult, CentreSummary, shown_centres
from predictor.validation.reached import Reached, precise_enough

_ROUNDING = 1e-9

EXTERNALLY_VALIDATED = "externally validated"

FEWEST_EVENTS = 10
"""Events and non-events below which no figure is told: intervals have nothing to stand on."""

TOO_ALIKE = 1e-4
"""Likeness to the model's own patients below which they are taken for the same ones: one in ten
thousand cohorts of other patients comes as close."""

NOT_WHOLE = (
    "Not measured there: {names}. So it was not the whole model that was tried, and the level of "
    "evidence stays as it was."
)
TOO_ALIKE_SAID = (
    "Their means lie closer to those of the patients that the model was made from than the means "
    "of one in 10,000 other cohorts would, as where the same patients are given again without a "
    "few or cleaned anew, so the level of evidence stays as it was."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the patients come from.

    Parameters
    ----------
    name
        Short name of the cohort.
    differs_by
        ``centre``, ``period``, both, or nothing for the same source.
    description
        Where and when, in a few words; empty if nobody said.
    """

    name: str
    differs_by: tuple[str, ...]
    description: str

    @property
    def elsewhere(self) -> bool:
        """Whether they can lift the level of evidence."""
        return bool(self.differs_by)


@dataclass(frozen=True, slots=True)
class ByCentre:
    """Figures of several centres of the new cohort.

    Parameters
    ----------
    centres, summaries
        Figures of each, and over all. Codes stand for the centres.
    """

    centres: tuple[CentreResult, ...]
    summaries: tuple[CentreSummary, ...]

    def to_dict(self, cell_size: int) -> dict[str, Any]:
        """Plain data for JSON; small centres lose their numbers."""
        hidden, rows = shown_centres(self.centres, cell_size, None)
        return {
            "masked": hidden,
            "centres": rows,
            "summaries": [summary.to_dict() for summary in self.summaries],
        }


@dataclass(frozen=True, slots=True)
class ExternalValidation:
    """Everything that came out.

    Parameters
    ----------
    origin
        Where the patients come from.
    source
        Name of the file.
    cohort_digest
        Digest of what was analysed.
    simulated, demonstration
        Whether the patients are simulated, and whether those of the model were.
    flow
        Read, left out and why, analysed.
    warnings
        Variable, code and count of what did not stop the work.
    absent
        Predictors that were not measured.
    repeated
        Whether patients have several rows, so that the intervals are too narrow.
    evaluation
        All figures of ``predictor evaluate``.
    mix
        How the patients differ from those of the model.
    reached
        How precise the figures are.
    by_centre
        None without several centres.
    curves
        Calibration and decision curve with their bands, as plain data without small counts.
    cell_size
        Smallest count that is shown where the result is shared.
    """

    origin: Origin
    source: str
    cohort_digest: str
    simulated: bool
    demonstration: bool
    flow: tuple[FlowStep, ...]
    left_out: tuple[Mapping[str, Any], ...]
    warnings: tuple[Mapping[str, Any], ...]
    absent: tuple[str, ...]
    repeated: bool
    evaluation: Evaluation
    mix: CaseMix
    reached: tuple[Reached, ...]
    by_centre: ByCentre | None
    curves: Mapping[str, Any]
    cell_size: int

    @property
    def enough(self) -> bool:
        """Whether the figures are as precise as an external validation has to be."""
        return precise_enough(self.reached)

    @property
    def lifts(self) -> bool:
        """Whether the model counts as externally validated from now on."""
        real = not (self.simulated or self.demonstration or self.too_alike)
        whole = not (self.repeated or self.unmeasured)
        return real and self.origin.elsewhere and self.enough and whole

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Predictors that nobody has, whether or not that was said beforehand."""
        empty = (one.variable for one in self.mix.variables if one.missing == 1.0)
        return tuple(dict.fromkeys((*self.absent, *empty)))

    @property
    def too_alike(self) -> bool:
        """Whether these may be the patients that the model was made from, once more."""
        return self.mix.likeness_p is not None and self.mix.likeness_p < TOO_ALIKE

    def to_dict(self) -> dict[str, Any]:
        """The JSON of design section 4: the figures, and what explains them."""
        return {
            "name": self.origin.name,
            "differs_by": list(self.origin.differs_by),
            "description": self.origin.description,
            "file": self.source,
            "simulated": self.simulated,
            **self.evaluation.to_dict(),
            "excluded": [dict(row) for row in self.left_out],
            "flow": [{"step": step.step, "patients": step.patients} for step in self.flow],
            "warnings": [dict(row) for row in self.warnings],
            "absent": list(self.absent),
            "repeated_rows": self.repeated,
            "case_mix": self.mix.to_dict(),
            "precision": [row.to_dict() for row in self.reached],
            "precise_enough": self.enough,
            "too_alike": self.too_alike,
            "lifts_evidence": self.lifts,
            "statement": statement(self),
            "centres": None if self.by_centre is None else self.by_centre.to_dict(self.cell_size),
        }

    def shareable(self) -> dict[str, Any]:
        """What a bundle keeps: no count below the cell size, and nothing of a single patient."""
        told = self.to_dict()
        told["flow"] = masked_flow(self.flow, self.cell_size)
        # The curves say the same in a form that tells of nobody.
        for key in ("excluded", "classification", "curve", "net_benefit"):
            del told[key]
        told["curves"] = dict(self.curves)
        told["case_mix"] = masked_mix(told["case_mix"], self.evaluation.n, self.cell_size)
        told["cohort_digest"] = self.cohort_digest
        return told


_SUMMARY = (
    "name", "differs_by", "description", "n", "events", "level", "auroc", "auroc_low",
    "auroc_high", "brier", "scaled_brier", "calibration_intercept", "calibration_intercept_low",
    "calibration_intercept_high", "calibration_slope", "calibration_slope_low",
    "calibration_slope_high", "observed_expected", "observed_expected_low",
    "observed_expected_high", "precise_enough", "lifts_evidence", "cohort_digest",
)  # fmt: skip


def summary(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that a manifest lists, from what the bundle keeps of a validation."""
    return {key: entry[key] for key in _SUMMARY}


def as_rows(cohort: Cohort) -> tuple[Mapping[str, Any], ...]:
    """Warnings of a cohort without any value."""
    return tuple(
        {"variable": w.variable, "code": w.code, "count": w.count, "message": w.message}
        for w in cohort.warnings
    )


def left_out(cohort: Cohort) -> tuple[Mapping[str, Any], ...]:
    """Who was left out and why."""
    return tuple(excluded(cohort))


def statement(found: ExternalValidation) -> str:
    """How the model did, in the words that go wherever the level of evidence goes."""
    evaluation, origin = found.evaluation, found.origin
    where = f" ({origin.description})" if origin.description else ""
    who = "simulated patients" if found.simulated else "patients"
    kind = {
        (): "of the same source",
        ("centre",): "of another centre",
        ("period",): "of another period",
    }.get(tuple(sorted(origin.differs_by)), "of another centre and period")
    sentences = [
        (
            f"Tried on {evaluation.n:,} {who} {kind}{where}, {evaluation.events:,} with the event: "
            f"{_figures(evaluation)}."
        ),
    ]
    if verdict := calibration_verdict(evaluation):
        sentences.append(verdict)
    sentences.append(_weight(found))
    return " ".join(sentences)


def calibration_verdict(evaluation: Evaluation) -> str:
    """Whether the probabilities can be taken as they are; empty where that cannot be told."""
    ratio = evaluation.observed_expected
    slope = None if evaluation.recalibration is None else evaluation.recalibration.slope
    said = []
    if ratio is not None and ratio.low is not None and ratio.high is not None:
        if ratio.low > 1.0:
            said.append("probabilities are too low on average")
        elif ratio.high < 1.0:
            said.append("probabilities are too high on average")
    if slope is not None and slope.low is not None and slope.high is not None:
        if slope.high < 1.0:
            said.append("high ones are too high and low ones too low")
        elif slope.low > 1.0:
            said.append("high ones are not high enough and low ones not low enough")
    if not said:
        return ""
    return f"There {', and '.join(said)}: update the model before it is used there."


def _weight(found: ExternalValidation) -> str:
    why_not = (
        (found.simulated, "Simulated patients validate nothing."),
        (
            found.demonstration,
            "The model was made from simulated patients and stays a demonstration.",
        ),
        (
            not found.origin.elsewhere,
            "They are of the same source, so the level of evidence stays as it was.",
        ),
        (found.too_alike, TOO_ALIKE_SAID),
        (
            bool(found.unmeasured),
            NOT_WHOLE.format(names=", ".join(found.unmeasured)),
        ),
        (
            found.repeated,
            "Patients have several rows, so the level of evidence stays as it was.",
        ),
        (
            not found.enough,
            "They are too few for an external validation, so the level stays as it was.",
        ),
    )
    enough = "They are enough for an external validation."
    return next((said for holds, said in why_not if holds), enough)


def masked_mix(mix: Mapping[str, Any], n: int, cell_size: int) -> dict[str, Any]:
    """Shares that stand for few patients, or for all but few, are not told."""

    def few(share: float | None, of: float = n) -> bool:
        return share is not None and 0.0 < min(share, 1.0 - share) * of < cell_size - _ROUNDING

    rows = []
    for row in mix["variables"]:
        hidden: dict[str, None] = {"missing": None} if few(row["missing"]) else {}
        if row["state"] is not None and few(row["mean"], n * (1.0 - row["missing"])):
            hidden |= dict.fromkeys(("mean", "sd", "difference"))
        rows.append({**row, **hidden})
    outside = None if few(mix["outside"]) else mix["outside"]
    return {**mix, "outside": outside, "variables": rows}


def _figures(evaluation: Evaluation) -> str:
    slope = None if evaluation.recalibration is None else evaluation.recalibration.slope
    named = {
        "AUROC": evaluation.auroc,
        "observed/expected": evaluation.observed_expected,
        "calibration slope": slope,
    }
    return ", ".join(f"{name} {_interval(estimate)}" for name, estimate in named.items())


def _interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return "not defined"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
