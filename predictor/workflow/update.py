"""``predictor update``: a linear model updated by patients from elsewhere, and its lineage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from predictor.cohort.cohort import Cohort
from predictor.cohort.elsewhere import Mapped, excluded, makers, read_elsewhere
from predictor.cohort.missingness import missingness
from predictor.cohort.small_cells import masked_flow
from predictor.cohort.table_one import table_one
from predictor.errors import BundleError, PredictorError
from predictor.explanation.importance import Importance, importance
from predictor.explanation.shown import profile_findings
from predictor.fitted.bundle import Bundle, check_destination, load_bundle, save_bundle
from predictor.fitted.folder import sole_writer
from predictor.fitted.models import LinearModel
from predictor.fitted.revision import next_version
from predictor.fitted.seal import json_bytes
from predictor.learning.resampling import BootstrapPlan
from predictor.learning.splits import derived_seed
from predictor.learning.updating import Change, ClosedTestStep, Patients, chosen
from predictor.new_cohort import load_new_cohort
from predictor.report.contents.source import FINDINGS
from predictor.study import Study
from predictor.validation.evidence import DEMONSTRATION
from predictor.validation.external import as_rows
from predictor.validation.update_gain import Gains, gains
from predictor.workflow.files import check_targets
from predictor.workflow.findings import plain
from predictor.workflow.manifest import environment, now, who_was_analysed
from predictor.workflow.other_patients import open_elsewhere
from predictor.workflow.progress import Progress, Silent
from predictor.workflow.report import write_report
from predictor.workflow.update_patients import (
    check_one_row_each,
    patients_of,
    updated_replicates,
)
from predictor.workflow.validate import check_outcomes

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("auto", "intercept", "logistic", "refit")
RESAMPLES = 200
_SEED = 41

WORDS: Mapping[str, str] = {
    "none": "left as it is",
    "intercept": "new intercept",
    "logistic": "new intercept and slope",
    "refit": "all coefficients, shrunken towards the old ones",
}


@dataclass(frozen=True, slots=True)
class Updated:
    """A finished update.

    Parameters
    ----------
    bundle
        The model as it was.
    folder
        The new bundle; None where nothing had to be changed, or nothing was to be written.
    version
        Version of the new bundle, or of the old one where there is none.
    asked
        The method that was asked for.
    change
        What became of the log-odds.
    tests
        Steps of the closed test; empty where a method was named.
    gain
        Every figure before and after.
    patients, events
        By whom.
    left_out
        Who was not, and why.
    """

    bundle: Bundle
    folder: Path | None
    version: str
    asked: str
    change: Change
    tests: tuple[ClosedTestStep, ...]
    gain: Gains
    patients: int
    events: int
    left_out: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "model": {"name": self.bundle.name, "version": self.version},
            "bundle": None if self.folder is None else str(self.folder),
            "asked": self.asked,
            "method": self.change.method,
            "intercept": self.change.shift,
            "slope": self.change.slope,
            "penalty": self.change.penalty,
            "n": self.patients,
            "events": self.events,
            "excluded": [dict(row) for row in self.left_out],
            "closed_test": [test.to_dict() for test in self.tests],
            **self.gain.to_dict(),
        }


def update(
    model: str | Path,
    data: str | Path | pd.DataFrame,
    *,
    out: Path,
    method: str = "auto",
    mapping: Path | None = None,
    progress: Progress | None = None,
) -> Updated:
    """Update a linear model by new patients, and write it as a bundle of its own.

    Parameters
    ----------
    model
        Bundle, by path or shipped name.
    data
        File with one row per patient and the outcome, or a data frame.
    out
        Folder of the updated model; another one than that of the model.
    method
        ``auto`` takes the least change that the patients ask for; or ``intercept``,
        ``logistic``, ``refit``.
    mapping
        How the file writes what the model needs, as for ``predictor validate``.
    progress
        Listens to the work.

    Raises
    ------
    BundleError
        If the model is no formula, or the place cannot be written.
    CohortError, ConfigError
        Every problem of the patients or of the mapping at once, or if patients have several rows.
    LearningError
        If there is no finite estimate.
    PredictorError
        If the method is not known.
    """
    if method not in METHODS:
        raise PredictorError("method", "it is not known", f"One of {', '.join(METHODS)}.")
    bundle = load_bundle(model)
    if not isinstance(bundle.model, LinearModel):
        raise BundleError(
            str(bundle.path),
            "it is no formula, and updating is made for formulas",
            "Train anew with the patients of both, or validate it with `predictor validate`.",
        )
    if bundle.manifest["model"].get("candidate") == "prevalence" and method != "intercept":
        rule = "it gives everybody the same probability, of which only the intercept can change"
        raise BundleError(str(bundle.path), rule, "--method intercept")
    if out.resolve() == bundle.path.resolve():
        rule = "the old model stays as it is"
        raise BundleError(str(out), rule, "Give the updated one another folder.")
    check_targets([out], read=[p for p in (data, mapping) if isinstance(p, str | Path)])
    check_destination(out)
    mapped = None if mapping is None else Mapped(*load_new_cohort(mapping))
    study, table = open_elsewhere(bundle, data, mapped)
    cohort = read_elsewhere(bundle, study, table, () if mapped is None else mapped.new.absent)
    check_one_row_each(cohort, table.source)
    check_outcomes(cohort, table.source)
    seed = derived_seed(study.config.validation.seed, _SEED)
    patients = patients_of(bundle, cohort, seed)
    change, tests = chosen(method, patients)
    plan = BootstrapPlan(cohort.patients, cohort.patient, RESAMPLES, seed)
    listener = progress or Silent()
    listener.stage("updating in resamples")
    gain = gains(method, patients, change, plan, lambda share: listener.advance(share, ""))
    version = next_version(str(bundle.manifest["model"]["version"]))
    found = Updated(
        bundle,
        out if change.method != "none" else None,
        version if change.method != "none" else str(bundle.manifest["model"]["version"]),
        method,
        change,
        tests,
        gain,
        cohort.patients,
        cohort.events,
        tuple(excluded(cohort)),
    )
    if found.folder is not None:
        with sole_writer(out):
            _write(found, study, cohort, patients, plan, mapped)
            write_report(out)
    return found


def _write(
    found: Updated,
    study: Study,
    cohort: Cohort,
    patients: Patients,
    plan: BootstrapPlan,
    mapped: Mapped | None,
) -> None:
    bundle, change = found.bundle, found.change
    assert isinstance(bundle.model, LinearModel)  # noqa: S101 - asked before
    assert found.folder is not None  # noqa: S101 - asked before
    model = change.model(bundle.model)
    ranked = importance(
        model,
        bundle.preparation,
        bundle.variables,
        cohort.values,
        seed=study.config.validation.seed,
    )
    manifest = _manifest(found, study, cohort, mapped, ranked)
    save_bundle(
        found.folder,
        manifest,
        bundle.preparation,
        model,
        {FINDINGS: json_bytes(_findings(study, cohort, model, bundle))},
        moments=bundle.moments,
        replicates=updated_replicates(bundle, cohort, patients, change, plan),
    )


def _findings(study: Study, cohort: Cohort, model: LinearModel, bundle: Bundle) -> dict[str, Any]:
    size = study.config.privacy.cell_size
    profiles = profile_findings(
        model,
        bundle.preparation,
        bundle.variables,
        cohort.values,
        cohort.outcome,
        seed=study.config.validation.seed,
        real=False,
        limits=bundle.limits,
    )
    patients = {
        "flow": masked_flow(cohort.flow, size),
        "sensitivity": None,
        "table_one": table_one(cohort, size),
        "missing": missingness(cohort, size),
    }
    return {"patients": plain(patients), "profiles": plain(profiles)}


def _manifest(
    found: Updated, study: Study, cohort: Cohort, mapped: Mapped | None, ranked: Importance
) -> dict[str, Any]:
    old, size = found.bundle.manifest, study.config.privacy.cell_size
    described = WORDS[found.change.method]
    model = {**old["model"], "version": found.version}
    model["label"] = f"{model.get('label', 'Model')}, updated ({described})"
    step = {
        "name": old["name"],
        "version": old["model"]["version"],
        "digest": old["model"]["digest"],
        "evidence": dict(old["evidence"]),
        "cohort_digest": old.get("cohort", {}).get("digest"),
        "patients_digests": list(makers(old)),
        "external_validations": old.get("external_validations", []),
    }
    kept = ("name", "outcome", "predictors", "prediction", "privacy", "config", "dictionary")
    return {
        **{key: old[key] for key in kept},
        "model": model,
        "evidence": _evidence(found, cohort, mapped),
        "cohort": {
            **who_was_analysed(cohort, cohort.events, size),
            "warnings": [
                {key: row[key] for key in ("variable", "code", "count")} for row in as_rows(cohort)
            ],
        },
        "validation": {
            "plan": old["validation"]["plan"],
            "choice": {"named_beforehand": True, "by_rule": None},
            "models": [],
            **dict.fromkeys(("bootstrap", "with_choice", "signal", "centres")),
            "notes": [],
        },
        "update": {**plain(found.gain.to_dict()), **_described(found)},
        "lineage": [*old.get("lineage", []), step],
        "explanation": {
            "scale": ranked.scale,
            "patients": ranked.patients,
            "of": ranked.of,
            "importance": [
                {"variable": row.variable, "mean_absolute_shap": row.mean_absolute_shap}
                for row in ranked.rows
            ],
        },
        "environment": environment(),
        "created": now(),
        "timings": {},
    }


def _described(found: Updated) -> dict[str, Any]:
    return {
        "asked": found.asked,
        "method": found.change.method,
        "description": WORDS[found.change.method],
        "intercept": found.change.shift,
        "slope": found.change.slope,
        "penalty": found.change.penalty,
        "closed_test": [test.to_dict() for test in found.tests],
        "n": found.patients,
        "event_count": found.events,
    }


def _evidence(found: Updated, cohort: Cohort, mapped: Mapped | None) -> dict[str, Any]:
    """A changed model has not been tested: what was known of the old one is lineage."""
    old = found.bundle.manifest["evidence"]
    simulated = cohort.simulated or old["level"] == DEMONSTRATION
    where = mapped.new.setting.description if mapped is not None else None
    patients = cohort.patients
    statement = (
        f"Updated ({WORDS[found.change.method]}) by {patients:,} patients"
        f"{f' ({where})' if where else ''}, {cohort.events:,} with the event; it has not been "
        "tried on anybody else since, so validate it before it is used. Before: "
        f"{old['statement']}"
    )
    made_up = int(old.get("simulated_patients") or 0) + (patients if cohort.simulated else 0)
    real = 0 if cohort.simulated else patients
    return {
        "level": DEMONSTRATION if simulated else "exploratory",
        "patients": int(old["patients"]) + real,
        "events": int(old["events"]) + (cohort.events if real else 0),
        "simulated_patients": made_up,
        "statement": f"Not for care. {statement}" if simulated else statement,
    }
