"""Reads a drawn figure back: what a reader sees, measured with the figure's own axes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree as ET

from predictor.report.document import Figure
from predictor.report.page.figures import NARROW, WIDE, picture
from predictor.report.page.measure import text_width
from predictor.report.page.sheet import SMALL, TEXT

WIDTHS = (WIDE, NARROW)


@dataclass(frozen=True)
class Box:
    """Where a text stands, with the widths that were reckoned with."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def touches(self, other: Box) -> bool:
        return (
            min(self.right, other.right) - max(self.left, other.left) > 0.5
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 0.5
        )


class Drawn:
    """A figure as elements."""

    def __init__(self, figure: Figure, width: float = WIDE) -> None:
        self.svg = ET.fromstring(str(picture(figure, "name", width)))  # noqa: S314
        self.width, self.height = map(float, self.svg.attrib["viewBox"].split()[2:])

    def all(self, tag: str, *classes: str) -> list[ET.Element]:
        """Elements with all of some classes."""
        return [
            element
            for element in self.svg.iter(tag)
            if set(classes) <= set(element.get("class", "").split())
        ]

    def texts(self) -> Iterator[Box]:
        for element in self.svg.iter("text"):
            css = element.get("class", "")
            small = "small" in css or "quiet" in css
            size = SMALL if small else TEXT
            text = element.text or ""
            width = text_width(text, size, bold="bold" in css)
            x, y = float(element.attrib["x"]), float(element.attrib["y"])
            back = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
            yield Box(
                text, x - back * width, x + (1 - back) * width, y - 0.8 * size, y + 0.2 * size
            )

    def said(self) -> list[str]:
        return [box.text for box in self.texts()]

    def across(self, x: float) -> float:
        """The number at a place of the axis at the bottom."""
        return _number_at(self._bottom, x)

    def up(self, y: float) -> float:
        """The number at a place of the axis at the left."""
        return _number_at(self._left, y)

    @cached_property
    def _bottom(self) -> list[tuple[float, float]]:
        ticks = [
            line
            for line in self.all("line", "axis")
            if line.get("x1") == line.get("x2")
        ]  # fmt: skip
        places = [float(line.attrib["x1"]) for line in ticks]
        below = float(ticks[0].attrib["y2"]) + 9 + 0.35 * SMALL
        texts = [
            read
            for element in self.svg.iter("text")
            if element.get("text-anchor") == "middle"
            and abs(float(element.attrib["y"]) - below) < 0.05
            and (read := number(element.text or "")) is not None
        ]
        return list(zip(places, texts, strict=True))

    @cached_property
    def _left(self) -> list[tuple[float, float]]:
        grid = {
            line.attrib["y1"]
            for line in self.all("line", "grid")
            if line.get("y1") == line.get("y2")
        }
        found = []
        for element in self.svg.iter("text"):
            middle = float(element.attrib["y"]) - 0.35 * SMALL
            read = number(element.text or "")
            on_grid = any(abs(float(y) - middle) < 0.05 for y in grid)
            if element.get("text-anchor") == "end" and read is not None and on_grid:
                found.append((middle, read))
        return found


def _number_at(marks: list[tuple[float, float]], place: float) -> float:
    (a, p), (b, q) = marks[0], marks[-1]
    assert len(marks) > 1
    return p + (place - a) / (b - a) * (q - p)


def number(text: str) -> float | None:
    """A number as it is written at an axis."""
    found = re.fullmatch(r"(−?\d+(?:\.\d+)?)(%?)", text)
    if found is None:
        return None
    return float(found[1].replace("−", "-")) / (100 if found[2] else 1)


def points(element: ET.Element) -> list[tuple[float, float]]:
    """Points of a line or an area."""
    return [
        (float(x), float(y))
        for x, y in (pair.split(",") for pair in element.attrib["points"].split())
    ]


def dots(element: ET.Element) -> list[tuple[float, float]]:
    """Points of many dots that are one path."""
    return [
        (float(x), float(y))
        for x, y in re.findall(r"M(-?[\d.]+),(-?[\d.]+)h0", element.attrib["d"])
    ]


def at(element: ET.Element, name: str) -> float:
    """A number of an element."""
    return float(element.attrib[name])
