"""An evaluation as one tidy table: a row for each figure, from which every picture can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from predictor.report.spreadsheet import csv_bytes
from predictor.validation.evaluated import Evaluated

COLUMNS = ("part", "subgroup", "at", "figure", "value", "low", "high", "p_value")
"""``at`` is a threshold, or a predicted probability of the calibration curve."""

_ENDS = ("_low", "_high")


def evaluation_csv(evaluated: Evaluated) -> bytes:
    """All figures, one row each; an empty cell is a number that is not defined or masked."""
    return csv_bytes(COLUMNS, _rows(evaluated.to_dict()))


def _rows(data: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    yield from _of_model("performance", data)
    for row in data["net_benefit_at"]:
        yield from _figures({"part": "chosen_threshold", "at": row["threshold"]}, row)
    if data["subgroups"] is not None:
        for group in data["subgroups"]["groups"]:
            yield from _figures({"part": "subgroup", "subgroup": group["subgroup"]}, group)
    if data["comparison"] is not None:
        yield from _of_model("second_model", data["comparison"]["second_model"])
        for row in data["comparison"]["differences"]:
            yield {"part": "difference", "at": row["threshold"], **row}


def _of_model(part: str, data: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Figures of one model: overall, by threshold, and the calibration curve."""
    yield from _figures({"part": part}, data)
    of = "" if part == "performance" else f"{part}_"
    for row in data["classification"]:
        yield from _figures({"part": f"{of}classification", "at": row["threshold"]}, row)
    for row in data["net_benefit"]:
        yield from _figures({"part": f"{of}net_benefit", "at": row["threshold"]}, row)
    for row in data["curve"]:
        yield from _figures({"part": f"{of}curve", "at": row["predicted"]}, row)


def _figures(where: Mapping[str, object], data: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """Every number of a mapping with its bounds."""
    for name, value in data.items():
        if name in ("threshold", "predicted") or not _is_figure(value):
            continue
        if not name.endswith(_ENDS):
            low, high = (data.get(f"{name}{end}") for end in _ENDS)
            yield {**where, "figure": name, "value": value, "low": low, "high": high}
        elif name.endswith("_low") and name.removesuffix("_low") not in data:
            # A second interval of the same figure: exact beside Wilson's, logit beside plain.
            other = name.removesuffix("_low")
            figure = other.rpartition("_")[0]
            high = data[f"{other}_high"]
            yield {**where, "figure": other, "value": data[figure], "low": value, "high": high}


def _is_figure(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
