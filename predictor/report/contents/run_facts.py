"""The facts of a run that checklists ask for, read from a manifest of whatever age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Range
from predictor.cohort.small_cells import EXCLUDED
from predictor.report.contents import pitfall_words
from predictor.report.contents.pitfalls import found_in
from predictor.report.contents.source import Source
from predictor.report.contents.verdict import verdict_of
from predictor.report.document import Answered
from predictor.report.validation_text import figure_name
from predictor.validation.reported import CROSS_VALIDATED

OBSERVED_EXPECTED = "observed over expected events"
BRIER = "Brier score"  # the name of a person

# Steps of a flow at which patients leave because their outcome is not known.
_NO_OUTCOME = ("outcome missing", "no follow-up visit", "outcome cannot be told")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says to an item of a checklist.

    Parameters
    ----------
    text
        The answer.
    section
        Id of the section with the evidence; empty for none.
    by
        Whether a run found it, a study states it, or the item does not apply.
    remains
        What a person has to add; empty for nothing.
    """

    text: str
    section: str = ""
    by: Answered = "from the run"
    remains: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A manifest and the findings beside it, by what checklists ask.

    A fact that the bundle does not hold raises a KeyError or a TypeError, and whoever asks for it
    leaves the item to a person.

    Parameters
    ----------
    manifest, findings
        Content of the two files.
    next_steps
        What the verdict says must happen next.
    external
        External validations in full, oldest first.
    """

    manifest: Mapping[str, Any]
    findings: Mapping[str, Any]
    next_steps: Sequence[str] = ()
    external: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, source: Source) -> Facts:
        """The facts of an opened bundle."""
        found = found_in(source)
        warnings = [pitfall_words.NAMES[one.code] for one in found if one.status == "warning"]
        steps = verdict_of(source, warnings).next_steps
        return cls(source.manifest, source.findings, steps, source.external)

    @property
    def outcome(self) -> Mapping[str, Any]:
        """Name, label, event, horizon, population, limits and time zero."""
        found: Mapping[str, Any] = self.manifest["outcome"]
        return found

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration."""
        found: Mapping[str, Any] = self.manifest["config"]
        return found

    @property
    def plan(self) -> Mapping[str, Any]:
        """Folds, repeats, thresholds and the like."""
        found: Mapping[str, Any] = self.manifest["validation"]["plan"]
        return found

    @property
    def validation(self) -> Mapping[str, Any]:
        """Results of the validation."""
        found: Mapping[str, Any] = self.manifest["validation"]
        return found

    @property
    def update(self) -> Mapping[str, Any] | None:
        """How the model came from another one; None where it was trained."""
        found: Mapping[str, Any] | None = self.manifest.get("update")
        return found

    @property
    def simulated(self) -> bool:
        """Whether the patients are simulated."""
        return bool(self.manifest["evidence"].get("simulated_patients"))

    @property
    def patients(self) -> int:
        """Rows that were analysed."""
        return int(self.manifest["cohort"]["patients"])

    @property
    def events(self) -> int:
        """Of these, with the event."""
        return int(self.manifest["cohort"]["events"])

    @property
    def model(self) -> str:
        """Label of the chosen model."""
        return str(self.manifest["model"]["label"])

    @property
    def candidate(self) -> str:
        """Name of the chosen model."""
        return str(self.manifest["model"]["candidate"])

    @property
    def linear(self) -> bool:
        """Whether the model is a formula."""
        return str(self.manifest["model"]["kind"]) == "linear"

    @property
    def candidates(self) -> Sequence[str]:
        """Labels of everything that was compared."""
        return [row["label"] for row in self.validation["models"]]

    @property
    def predictors(self) -> Sequence[str]:
        """Names of the candidate predictors."""
        return list(self.config["predictors"])

    @property
    def resamples(self) -> int:
        """Bootstrap refits that were used; 0 without a bootstrap."""
        bootstrap = self.validation["bootstrap"]
        return int(bootstrap["resamples"]["used"]) if bootstrap else 0

    @property
    def centres(self) -> Mapping[str, Any] | None:
        """Internal-external validation by centre; None where there is none."""
        found: Mapping[str, Any] | None = self.validation["centres"]
        return found

    @property
    def version(self) -> str:
        """Version of the software."""
        return str(self.manifest["environment"]["packages"]["sle-ivig-predictor"])

    @property
    def constant(self) -> bool:
        """Whether everybody gets the prevalence."""
        return self.candidate == "prevalence"

    @property
    def gaps(self) -> bool | None:
        """Whether a predictor is missing in anybody; None where the bundle does not say."""
        missing = (self.findings.get("patients") or {}).get("missing") or {}
        if "variables" not in missing:
            return None
        # A count that is masked is None; none at all is not masked.
        return any(row["missing"] != 0 for row in missing["variables"])

    @property
    def without_outcome(self) -> bool:
        """Whether a patient was left out because the outcome is missing."""
        steps = self.manifest["cohort"]["flow"]
        return any(
            step["patients"] != 0 and any(words in step["step"] for words in _NO_OUTCOME)
            for step in steps
        )

    @property
    def left_out(self) -> bool:
        """Whether anybody in the file was not analysed."""
        steps = self.manifest["cohort"]["flow"]
        return any(s["patients"] != 0 for s in steps if s["step"].startswith(EXCLUDED))

    @property
    def curves(self) -> bool:
        """Whether there are ROC, calibration and decision curves."""
        return "curves" in self.findings

    def unsure(self) -> Sequence[str]:
        """Corrected figures whose interval ends at the estimate, so that it covers nothing.

        >>> row = {"name": "brier", "corrected": 0.2, "corrected_low": 0.1, "corrected_high": 0.2}
        >>> Facts({"validation": {"bootstrap": {"figures": [row]}}}, {}).unsure()
        ['brier']
        """
        rows = (self.validation["bootstrap"] or {}).get("figures", ())
        return [
            str(row["name"])
            for row in rows
            if row.get("corrected") is not None
            and row["corrected"] in (row.get("corrected_low"), row.get("corrected_high"))
        ]

    def figure(self, name: str) -> Mapping[str, Any]:
        """A corrected figure with its interval; empty where there is none."""
        bootstrap = self.validation["bootstrap"] or {}
        rows = {row["name"]: row for row in bootstrap.get("figures", ())}
        found: Mapping[str, Any] = rows.get(name, {})
        return found

    def out_of_fold(self, name: str) -> bool:
        """Whether a figure is reported cross-validated, although others are corrected.

        >>> row = {"name": "calibration_slope", "corrected_by": "cross_validated"}
        >>> facts = Facts({"validation": {"bootstrap": {"figures": [row]}}}, {})
        >>> facts.out_of_fold("calibration_slope"), facts.out_of_fold("auroc")
        (True, False)
        """
        return self.figure(name).get("corrected_by") == CROSS_VALIDATED

    def named_out_of_fold(self) -> Sequence[str]:
        """What people call the figures that are cross-validated and not corrected."""
        return [
            name
            for row in (self.validation["bootstrap"] or {}).get("figures", ())
            if row.get("corrected_by") == CROSS_VALIDATED and (name := _called(row))
        ]

    def named_without_interval(self) -> Sequence[str]:
        """What people call the figures that have a value and no interval."""
        return [
            name
            for row in (self.validation["bootstrap"] or {}).get("figures", ())
            if row.get("corrected") is not None
            and row.get("corrected_low") is None
            and (name := _called(row))
        ]

    def interval(self, name: str) -> str:
        """A corrected figure with its interval as text.

        >>> row = {"name": "auroc", "corrected": 0.8, "corrected_low": 0.7, "corrected_high": 0.9}
        >>> Facts({"validation": {"bootstrap": {"figures": [row]}}}, {}).interval("auroc")
        '0.80 (0.70 to 0.90)'
        """
        row = self.figure(name)
        if row.get("corrected") is None:
            return "not defined"
        if row.get("corrected_low") is None:
            return f"{row['corrected']:.2f}"
        return "{corrected:.2f} ({corrected_low:.2f} to {corrected_high:.2f})".format(**row)

    def label(self, name: str) -> str:
        """What people call a variable.

        >>> entry = {"label": "Age at onset", "unit": "a"}
        >>> Facts({"dictionary": {"onset": entry}}, {}).label("onset")
        'Age at onset (years)'
        """
        entry = self.manifest["dictionary"][name]
        unit = readable_unit(entry["unit"]) if entry["unit"] else ""
        return f"{entry['label']} ({unit})" if unit else str(entry["label"])

    def limits(self) -> Sequence[str]:
        """Who belongs to the population, in numbers."""
        return [
            f"{self.manifest['dictionary'][name]['label'].lower()} {Range(*limit)}"
            for name, limit in self.outcome.get("limits", {}).items()
        ]

    def exclusions(self) -> Sequence[str]:
        """Labels of the criteria that patients were left out for."""
        dictionary = self.manifest["dictionary"]
        return [str(dictionary[name]["label"]).lower() for name in self.config["cohort"]["exclude"]]

    def pitfall(self, code: str) -> Mapping[str, Any] | None:
        """One of the checks of the findings; None where the bundle does not hold it."""
        checks = self.findings.get("pitfalls", {}).get("checks", ())
        return next((check for check in checks if check["code"] == code), None)


def _called(row: Mapping[str, Any]) -> str | None:
    """Name of a figure within a sentence; None for one that is not shown."""
    if row["name"] == "observed_expected":
        return OBSERVED_EXPECTED
    name = figure_name({"threshold": None, **row})
    if name is None or name == BRIER or name[:2].isupper():  # AUROC, E-average
        return name
    return f"{name[0].lower()}{name[1:]}"
