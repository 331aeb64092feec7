"""``report.json``: a report as strict JSON, the contents and nothing of their layout."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from predictor.report.document import SCHEMA_VERSION, Report


def report_data(report: Report) -> dict[str, Any]:
    """A report as plain data; ``docs/report.schema.json`` describes it.

    Parameters
    ----------
    report
        From :func:`predictor.report.contents.report.report_of`.

    Returns
    -------
    dict
        ``schema_version`` and the fields of the report. Numbers keep all their digits; what is
        not defined is None, never NaN.
    """
    return {"schema_version": SCHEMA_VERSION, **_plain(report)}


def report_json(report: Report) -> bytes:
    """``report.json`` as it is written.

    Raises
    ------
    TypeError
        If the contents hold something that is no plain data.
    """
    text = json.dumps(report_data(report), indent=1, ensure_ascii=False, allow_nan=False)
    # What UTF-8 cannot write, such as half of a pair of code units, came in from outside.
    return f"{text}\n".encode("utf-8", errors="replace")


def _plain(data: Any) -> Any:
    if is_dataclass(data) and not isinstance(data, type):
        return {field.name: _plain(getattr(data, field.name)) for field in fields(data)}
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, tuple | list):
        return [_plain(value) for value in data]
    if hasattr(data, "item"):  # a number of numpy
        return _plain(data.item())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if data is None or isinstance(data, str | int | float):
        return data
    raise TypeError(f"a report holds plain data, not {type(data).__name__}")
