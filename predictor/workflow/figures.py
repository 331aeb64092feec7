"""The figures of a run, by their place in the bundle."""

from __future__ import annotations

import numpy as np

from predictor.cohort.cohort import Cohort
from predictor.explanation.contributions import contributions
from predictor.explanation.importance import Importance, drawn_patients
from predictor.explanation.profiles import synthetic_profiles
from predictor.learning.candidates import Candidate
from predictor.learning.procedure import Fitted
from predictor.report.figures import beeswarm_figure, comparison_figure, importance_figure
from predictor.report.instability_figure import instability_figure
from predictor.report.stability_figures import explanation_stability_figure, validation_figure
from predictor.study import Study
from predictor.validation.comparison import Comparison
from predictor.validation.evidence import people
from predictor.workflow.internal import InternalResults

_PROFILES = 300


def figures(
    study: Study,
    cohort: Cohort,
    candidate: Candidate,
    fitted: Fitted,
    comparison: Comparison,
    internal: InternalResults,
    ranked: Importance,
) -> dict[str, bytes]:
    """Draw the comparison, and what there is to be seen of the chosen model.

    Parameters
    ----------
    study, cohort
        Whose patients are drawn only where ``explanation.patients`` says so.
    candidate, fitted
        The chosen model.
    comparison, internal, ranked
        What was found.

    Returns
    -------
    PNG by path. Of the prevalence there is only the comparison: nothing moves its predictions.
    """
    drawn = {"figures/comparison.png": comparison_figure([m.to_dict() for m in comparison.models])}
    if not any(row.mean_absolute_shap for row in ranked.rows):
        return drawn
    drawn |= _explained(study, cohort, candidate, fitted, ranked)
    return drawn | _validated(study, cohort, candidate, internal, ranked.scale)


def _explained(
    study: Study, cohort: Cohort, candidate: Candidate, fitted: Fitted, ranked: Importance
) -> dict[str, bytes]:
    variables = [cohort.variables[j] for j in candidate.predictors]
    values = cohort.values[:, candidate.predictors]
    seed, real = study.config.validation.seed, study.config.explanation.patients
    shown = (
        values[drawn_patients(len(values), seed)]
        if real
        else synthetic_profiles(variables, values, count=_PROFILES, seed=seed)
    )
    explained = contributions(fitted.model, fitted.preparation, shown)
    return {
        "figures/importance.png": importance_figure(ranked),
        "figures/beeswarm.png": beeswarm_figure(explained, variables, shown, synthetic=not real),
    }


def _validated(
    study: Study, cohort: Cohort, candidate: Candidate, internal: InternalResults, scale: str
) -> dict[str, bytes]:
    found = internal.bootstrap
    if found is None:
        return {}
    drawn = {"figures/validation.png": validation_figure(found.validation, label=candidate.label)}
    if found.explanation:
        own = {cohort.names[j] for j in candidate.predictors}
        drawn["figures/explanation_stability.png"] = explanation_stability_figure(
            [row for row in found.explanation if row.variable in own],
            {variable.name: variable.label for variable in cohort.variables},
            scale=scale,
        )
    if found.instability is not None:
        real = study.config.explanation.patients
        size = smallest_bin(cohort, study.config.privacy.cell_size)
        if real or found.instability.original.size >= size:
            who = people(cohort)
            drawn["figures/instability.png"] = instability_figure(
                found.instability,
                bin_size=size,
                patients=real,
                label=candidate.label,
                unit="row" if who.rows > who.patients else "patient",
            )
    return drawn


def smallest_bin(cohort: Cohort, cell_size: int) -> int:
    """Rows that a bin needs so that it holds at least ``cell_size`` people, and never one alone.

    Nobody has more rows than the one with the most, so as many times that are enough.
    """
    most = 1
    if cohort.patient is not None:
        most = int(np.unique(cohort.patient, return_counts=True)[1].max())
    return max(cell_size, 2) * most
