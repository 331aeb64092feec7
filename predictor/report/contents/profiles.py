"""The profiles that a report draws: of the findings, or else of the bundle's moments.

A contribution to a linear model is measured from the cohort's mean. Printed beside the coefficient
it would tell that mean, gaps filled in, and with it how many have a state, or no value, also where
Table 1 hides that. So a report measures from what it prints anyway: the stand-in of each variable.
Hidden states are not drawn either, as profiles have them about as often as patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from predictor.clinical.variable import Variable
from predictor.errors import BundleError
from predictor.explanation.contributions import contributions
from predictor.explanation.formula import significant
from predictor.explanation.shown import Profiles, effects_in_patients, read_profiles
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import Values
from predictor.report.contents.source import FINDINGS, Source

_FIGURES = 3


def profiles_of(source: Source) -> Profiles | None:
    """Profiles of a bundle; None where it holds neither profiles nor moments.

    Those of a linear model are measured from the stand-ins of its variables.

    Raises
    ------
    BundleError
        If the findings hold something else in their place.
    """
    bundle = source.bundle
    part: Mapping[str, Any] | None = source.findings.get("profiles")
    try:
        found = read_profiles(
            part, bundle.model, bundle.preparation, bundle.variables, bundle.moments
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            str(bundle.path / FINDINGS),
            f"the profiles are damaged ({type(error).__name__})",
            "Get the bundle again.",
        ) from None
    if found is None or not isinstance(bundle.model, LinearModel) or not found.names:
        return found
    return _from_stand_ins(found, source)


def _from_stand_ins(profiles: Profiles, source: Source) -> Profiles:
    """The same profiles with another reference, and without states that are hidden."""
    bundle = source.bundle
    typical = stand_ins(bundle.variables, bundle.preparation.fill)
    at_reference = contributions(bundle.model, bundle.preparation, typical[None]).values[0]
    values, parts = profiles.values.copy(), profiles.contributions - at_reference
    states = hidden_states_of(source)
    for j, variable in enumerate(bundle.variables):
        gone = [k for k, state in enumerate(variable.states) if (variable.name, state) in states]
        swapped = np.isin(values[:, j], gone)
        values[swapped, j], parts[swapped, j] = typical[j], 0.0
    patients = tuple(
        replace(each, contributions=each.contributions - at_reference[j])
        for each in profiles.patients
        for j in [profiles.names.index(each.variable)]
    )
    return replace(
        profiles,
        values=values,
        contributions=parts,
        base_value=profiles.base_value + float(at_reference.sum()),
        patients=patients,
    )


def effects_of_states(source: Source, variable: Variable) -> Values | None:
    """What each state of a variable adds, from its stand-in, shape (states,).

    Profiles do not have the states that Table 1 hides, but the equation has. None where the model
    is no formula, so that this depends on the other variables.
    """
    bundle = source.bundle
    if not isinstance(bundle.model, LinearModel):
        return None
    place = bundle.variables.index(variable)
    typical = stand_ins(bundle.variables, bundle.preparation.fill)
    each = np.tile(typical, (len(variable.states), 1))
    each[:, place] = np.arange(len(variable.states))
    parts = contributions(bundle.model, bundle.preparation, np.vstack([typical, each])).values
    effects: Values = parts[1:, place] - parts[0, place]
    return effects


def hidden_states_of(source: Source) -> frozenset[tuple[str, str]]:
    """Variables and states whose number of patients Table 1 hides, of everybody."""
    table = (source.findings.get("patients") or {}).get("table_one") or {}
    return frozenset(
        (str(row["variable"]), str(row["state"]))
        for row in table.get("rows", ())
        if row["state"] is not None and row.get("all_count") is None
    )


def stand_ins(variables: Sequence[Variable], fill: Values) -> Values:
    """Stand-ins of the variables as they are printed, shape (variables,).

    That of a state can lie between two states where regressions start from it. A number has three
    figures: a median between two whole numbers tells whether the patients with a value are even.
    """
    printed = [
        significant(float(number), _FIGURES)
        if v.kind == "continuous"
        else float(np.floor(number + 0.5))
        for v, number in zip(variables, fill, strict=True)
    ]
    return np.array(printed, dtype=np.float64)


def with_patients(source: Source, values: Values) -> Source:
    """A bundle whose figures of effects are drawn from real patients who were handed over.

    Only for a report that its reader asked for so; the bundle is not changed, and examples stay
    synthetic.

    Parameters
    ----------
    source
        The bundle, opened.
    values
        The patients, shape (patients, predictors) in the order of the bundle, NaN for missing.

    Raises
    ------
    BundleError
        If the bundle keeps no profiles, which patients could stand beside.
    """
    bundle, part = source.bundle, source.findings.get("profiles")
    if not part:
        raise BundleError(
            str(bundle.path / FINDINGS),
            "this bundle keeps no profiles, so effects in patients cannot be drawn",
            "Train it again with this version, or leave the patients out.",
        )
    effects = effects_in_patients(bundle.model, bundle.preparation, bundle.variables, values)
    return replace(source, findings={**source.findings, "profiles": {**part, "patients": effects}})


def fitting(variables: Sequence[Variable], values: Values) -> Values:
    """Values of one patient that stand in for a typical one, whole where only whole ones occur."""
    whole = np.array([v.kind != "continuous" or v.integer for v in variables])
    return np.where(whole, np.floor(values + 0.5), values)
