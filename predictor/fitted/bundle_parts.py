"""Files of a bundle that need not be there, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from predictor.documents import parse_json
from predictor.errors import BundleError, DocumentError
from predictor.fitted.moments import FILE as MOMENTS
from predictor.fitted.moments import Moments
from predictor.fitted.replicates import FILE as REPLICATES
from predictor.fitted.replicates import Replicates
from predictor.fitted.venn_abers import FILE as CALIBRATION_RANGE
from predictor.fitted.venn_abers import VennAbers


def moments_of(folder: Path, content: Mapping[str, bytes], variables: int) -> Moments | None:
    """What is typical; None in a bundle of an earlier version."""
    if MOMENTS not in content:
        return None
    where = str(folder / MOMENTS)
    return Moments.from_dict(parsed(where, content[MOMENTS]), variables, where)


def replicates_of(folder: Path, content: Mapping[str, bytes], variables: int) -> Replicates | None:
    """Replicates of a linear model, where there are any."""
    if REPLICATES not in content:
        return None
    return Replicates.from_bytes(content[REPLICATES], variables, str(folder / REPLICATES))


def calibration_of(folder: Path, content: Mapping[str, bytes]) -> VennAbers | None:
    """Calibration range of a model that is not linear, where there is one."""
    if CALIBRATION_RANGE not in content:
        return None
    where = str(folder / CALIBRATION_RANGE)
    return VennAbers.from_dict(parsed(where, content[CALIBRATION_RANGE]), where)


def parsed(where: str, data: bytes) -> Any:
    """Content of a JSON file."""
    try:
        return parse_json(data.decode("utf-8"), where).data
    except (DocumentError, UnicodeDecodeError):
        raise BundleError(where, "the file is damaged", "Get the bundle again.") from None
