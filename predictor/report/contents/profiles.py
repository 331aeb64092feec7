"""The profiles that a report draws: of the findings, or else of the bundle's moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from predictor.clinical.variable import Variable
from predictor.errors import BundleError
from predictor.explanation.shown import Profiles, effects_in_patients, read_profiles
from predictor.fitted.preparation import Values
from predictor.report.contents.source import FINDINGS, Source


def profiles_of(source: Source) -> Profiles | None:
    """Profiles of a bundle; None where it holds neither profiles nor moments.

    Raises
    ------
    BundleError
        If the findings hold something else in their place.
    """
    bundle = source.bundle
    part: Mapping[str, Any] | None = source.findings.get("profiles")
    try:
        return read_profiles(
            part, bundle.model, bundle.preparation, bundle.variables, bundle.moments
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            str(bundle.path / FINDINGS),
            f"the profiles are damaged ({type(error).__name__})",
            "Get the bundle again.",
        ) from None


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
