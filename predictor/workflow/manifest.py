"""What the manifest of a bundle says about the run that made it."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import predictor
from predictor.cohort.cohort import Cohort
from predictor.cohort.small_cells import masked_flow
from predictor.explanation.importance import Importance
from predictor.fitted.models import EstimatorModel
from predictor.learning.candidates import Candidate
from predictor.learning.procedure import Fitted
from predictor.study import Study
from predictor.validation.comparison import Comparison
from predictor.validation.evidence import cohort_verdict, large_enough
from predictor.validation.samplesize import SampleSize
from predictor.workflow.internal import InternalResults

# What a number in a bundle may depend on.
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "shap",
    "skops",
    "interpret-core",
    "mlflow",
)


def describe(
    study: Study,
    cohort: Cohort,
    candidate: Candidate,
    fitted: Fitted,
    comparison: Comparison,
    internal: InternalResults,
    ranked: Importance,
    needed: SampleSize,
    stands: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Content of the manifest, but for the digests. Times stand in ``created`` and ``timings``."""
    config, question = study.config, study.config.question
    predictors = [cohort.variables[j] for j in candidate.predictors]
    fit_seconds = {f"fit {m.name}": m.seconds for m in comparison.models}
    return {
        "name": config.name,
        "outcome": {
            "name": question.outcome,
            "label": question.label or question.outcome,
            "event": list(question.event),
            **asked_of(study, cohort),
        },
        "predictors": [variable.name for variable in predictors],
        "prediction": {"most_missing": config.prediction.most_missing},
        "evidence": dict(stands),
        "cohort": who_was_analysed(cohort, cohort.events, config.privacy.cell_size),
        "validation": {
            "plan": config.validation.model_dump(mode="json"),
            "sample_size": sample_size(needed, cohort),
            "choice": {"named_beforehand": comparison.named, "by_rule": comparison.by_rule},
            "models": [
                {key: value for key, value in model.to_dict().items() if key != "seconds"}
                for model in comparison.models
            ],
            **internal.to_dict(config.privacy.cell_size),
        },
        "explanation": {
            "scale": ranked.scale,
            "patients": ranked.patients,
            "of": ranked.of,
            "importance": [
                {"variable": row.variable, "mean_absolute_shap": row.mean_absolute_shap}
                for row in ranked.rows
            ],
        },
        "model": {
            "version": "1",
            "kind": "linear" if candidate.kind is None else "estimator",
            "candidate": candidate.name,
            "label": candidate.label,
            "setting": dict(fitted.setting),
            "smallest_leaf": _smallest_leaf(fitted),
        },
        "privacy": {"cell_size": config.privacy.cell_size},
        "config": shareable_config(study),
        "dictionary": {
            name: variable.to_dict()
            for name, variable in study.dictionary.holding(
                (*config.predictors, *config.question.limits)
            ).items()
        },
        "environment": environment(),
        "created": now(),
        "timings": {**seconds, **fit_seconds},
    }


def asked_of(study: Study, cohort: Cohort) -> dict[str, Any]:
    """What is asked beside the outcome: by when, of whom, from when on, and how it was told."""
    question = study.config.question
    told = {} if cohort.outcome_told is None else {"told": dict(cohort.outcome_told)}
    return {
        "horizon": question.horizon,
        "population": question.population,
        "limits": {name: list(limit) for name, limit in question.limits.items()},
        "time_zero": question.time_zero,
        **told,
    }


def who_was_analysed(cohort: Cohort, events: int | None, cell_size: int) -> dict[str, Any]:
    """What the manifest says of a cohort.

    Parameters
    ----------
    cohort
        Who was analysed.
    events
        Of these, how many had the event; None where that is not told.
    cell_size
        Smallest count that is shown.
    """
    return {
        "digest": cohort.digest,
        "patients_digest": cohort.patients_digest,
        "file": cohort.source,
        "patients": cohort.patients,
        "events": events,
        "group": cohort.group_kind,
        "schema": [{"column": v.name, "kind": v.kind, "unit": v.unit} for v in cohort.variables],
        "flow": masked_flow(cohort.flow, cell_size),
        "warnings": [
            {"variable": w.variable, "code": w.code, "count": w.count} for w in cohort.warnings
        ],
    }


def made_by(study: Study) -> dict[str, Any]:
    """What a bundle was made by: configuration, whole dictionary, packages, and when."""
    return {
        "privacy": {"cell_size": study.config.privacy.cell_size},
        "config": shareable_config(study),
        "dictionary": {
            name: variable.to_dict() for name, variable in study.dictionary.variables.items()
        },
        "environment": environment(),
        "created": now(),
    }


def sample_size(needed: SampleSize, cohort: Cohort) -> dict[str, Any]:
    """What the criteria ask for, held against what there is."""
    return {
        **needed.to_dict(),
        "enough": large_enough(needed, cohort),
        "verdict": cohort_verdict(needed, cohort),
    }


def now() -> str:
    """The time as manifests have it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def environment() -> dict[str, Any]:
    """Versions that numbers may depend on, and the commit of the working directory."""
    packages = {"sle-ivig-predictor": predictor.__version__}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": packages,
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def shareable_config(study: Study) -> dict[str, Any]:
    """The configuration without what speaks of this machine: paths, and the store's address."""
    config: dict[str, Any] = study.config.model_dump(mode="json", exclude_none=True)
    config.pop("output", None)
    config.get("tracking", {}).pop("uri", None)
    for name in ("backend", "address"):
        config.get("compute", {}).pop(name, None)
    cohort = config["cohort"]
    visits, outcome = cohort.get("visits", {}), cohort.get("outcome", {})
    places = ((cohort, "file"), (config, "dictionary"), (visits, "file"), (outcome, "definition"))
    for part, key in places:
        if key in part:
            part[key] = part[key].replace("\\", "/").rsplit("/", 1)[-1]
    return config


def _smallest_leaf(fitted: Fitted) -> int | None:
    """Fewest training patients in a leaf of a forest; None for other models."""
    if not isinstance(fitted.model, EstimatorModel) or fitted.model.kind != "forest":
        return None
    leaves = []
    for tree in fitted.model.estimator.estimators_:
        nodes = tree.tree_
        leaves.append(int(nodes.n_node_samples[nodes.children_left == -1].min()))
    return min(leaves)
