"""Opened bundles for the tests of a report's contents: models fitted to made-up patients."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from made_bundles import manifest, variable

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expectation import Expectation
from predictor.clinical.variable import Range, Variable
from predictor.explanation.shown import profile_findings
from predictor.fitted.bundle import Bundle
from predictor.learning.candidates import Candidate, Setting
from predictor.learning.moments import moments
from predictor.learning.preparer import column_of
from predictor.learning.procedure import Fitted, Patients, Plan, fit
from predictor.report.contents.source import Source
from predictor.workflow.findings import plain

SETTINGS: dict[str, Setting] = {
    "prevalence": {},
    "one_predictor": {},
    "firth": {},
    "ridge": {"penalty": 1.0},
    "elastic_net": {"penalty": 12.0, "l1_share": 0.9},
    "random_forest": {"n_estimators": 25, "min_samples_leaf": 5},
    "hist_gradient_boosting": {"max_iter": 20, "min_samples_leaf": 8},
    "ebm": {"interactions": 2, "max_bins": 16},
}
LINEAR = ("one_predictor", "firth", "ridge", "elastic_net")
OTHER = ("random_forest", "hist_gradient_boosting", "ebm")

UP = Expectation("raises", "Somebody et al., J 2020;1:1")
DOWN = Expectation("lowers", "Somebody et al., J 2020;1:1")

VARIABLES: tuple[Variable, ...] = (
    variable("c3", label="Complement C3", reference=Range(80, 180), expected={"remission": UP}),
    variable("score", unit="1", units={"1": 1.0}, integer=True, plausible=Range(0, 60)),
    variable("fever", "binary", expected={"remission": UP}),
    variable("organ", "nominal", states=("skin", "kidney", "joints_or_muscle")),
    variable("noise", plausible=None, suspicious=None, unit_slips=()),
)


@cache
def cohort(patients: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """Values with gaps; C3 raises the outcome, score and fever lower it, noise does nothing."""
    generator = np.random.default_rng(11)
    values = np.column_stack(
        [
            generator.normal(80, 25, patients).clip(5, 400),
            generator.poisson(6, patients),
            generator.integers(0, 2, patients),
            generator.choice(3, patients, p=[0.5, 0.3, 0.2]),
            generator.normal(0, 1, patients),
        ]
    ).astype(np.float64)
    log_odds = (values[:, 0] - 80) / 20 - 0.3 * (values[:, 1] - 6) - 1.2 * values[:, 2]
    log_odds += values[:, 3] == 1
    outcome = (generator.random(patients) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    values[generator.random(values.shape) < 0.08] = np.nan
    return values, outcome


@cache
def trained(name: str) -> tuple[Fitted, tuple[int, ...]]:
    """One candidate, and the positions of its predictors."""
    plan = Plan(tuple(map(column_of, VARIABLES)), "median", ("score",), inner_folds=3)
    predictors = (0,) if name == "one_predictor" else tuple(range(len(VARIABLES)))
    candidate = Candidate(name, name, predictors, grid=(SETTINGS[name],))
    return fit(candidate, plan, Patients(*cohort(), None), seed=3), predictors


def source(
    name: str,
    *,
    findings: bool = True,
    with_moments: bool = True,
    real: bool = False,
    more: dict[str, Any] | None = None,
    **changes: Any,
) -> Source:
    """A bundle of one candidate, opened for reporting without a folder.

    Parameters
    ----------
    name
        Of the candidate.
    findings, with_moments
        Whether the bundle holds them.
    real
        Whether real patients may be shown.
    more
        Further parts of the findings.
    changes
        Of the manifest.
    """
    fitted, predictors = trained(name)
    own = tuple(VARIABLES[j] for j in predictors)
    values, outcome = cohort()
    values = values[:, list(predictors)]
    content = manifest(
        predictors=[v.name for v in own],
        dictionary={v.name: v.to_dict() for v in VARIABLES},
        model={
            "version": "1",
            "kind": "linear" if name in (*LINEAR, "prevalence") else "estimator",
            "candidate": name,
            "label": name.replace("_", " "),
            "setting": dict(SETTINGS[name]),
            "digest": "sha256:0",
        },
        files={},
        **changes,
    )
    bundle = Bundle(
        Path("made-up"),
        content,
        Dictionary("made-up", {v.name: v for v in VARIABLES}),
        own,
        (),
        0.5,
        fitted.preparation,
        fitted.model,
        moments(tuple(map(column_of, own)), values) if with_moments else None,
    )
    parts: dict[str, Any] = {}
    if findings:
        part = profile_findings(
            fitted.model, fitted.preparation, own, values, outcome, seed=1, real=real
        )
        parts["profiles"] = json.loads(json.dumps(plain(part), allow_nan=False))
    return Source(bundle, content, parts | (more or {}), {})
