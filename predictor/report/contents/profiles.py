"""The profiles that a report draws: of the findings, or else of the bundle's moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from predictor.clinical.variable import Variable
from predictor.errors import BundleError
from predictor.explanation.shown import Profiles, read_profiles
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


def fitting(variables: Sequence[Variable], values: Values) -> Values:
    """Values of one patient that stand in for a typical one, whole where only whole ones occur."""
    whole = np.array([v.kind != "continuous" or v.integer for v in variables])
    return np.where(whole, np.floor(values + 0.5), values)
