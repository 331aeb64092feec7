"""The sheet that a figure is drawn on: shapes and text as SVG, without style of their own.

Colours come from classes of the page's style sheet, so that one drawing serves light, dark and
paper; an attribute ``style`` would be refused by the page's content security policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from markupsafe import Markup, escape

from predictor.report.page.measure import lines_of, one_line, text_width

TEXT, SMALL = 13.0, 11.5
"""Sizes of text; the style sheet holds the same."""

LINE = 1.3
"""Height of a line of text as a multiple of its size."""

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


class Sheet:
    """Collects shapes from the top left corner down; its height is what they need.

    Parameters
    ----------
    width
        Of the sheet in pixels.
    """

    def __init__(self, width: float) -> None:
        self.width = width
        self.height = 0.0
        self._parts: list[str] = []

    @property
    def narrow(self) -> bool:
        """Whether it is for a telephone."""
        return self.width < 500

    def need(self, bottom: float) -> None:
        """Make the sheet reach down to a place at least."""
        self.height = max(self.height, bottom)

    def line(self, a: Point, b: Point, css: str) -> None:
        """A straight line."""
        self._add("line", css, x1=a[0], y1=a[1], x2=b[0], y2=b[1])
        self.need(max(a[1], b[1]))

    def box(self, x: float, y: float, width: float, height: float, css: str) -> None:
        """A rectangle."""
        self._add("rect", css, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0))
        self.need(y + height)

    def tint(self, x: float, y: float, width: float, height: float, css: str, share: float) -> None:
        """A rectangle whose colour is as full as a share says."""
        self._parts.append(
            f'<rect class="{css}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}"'
            f' height="{_n(height)}" fill-opacity="{_n(share)}"/>'
        )
        self.need(y + height)

    def dot(self, x: float, y: float, radius: float, css: str) -> None:
        """A circle."""
        self._add("circle", css, cx=x, cy=y, r=radius)
        self.need(y + radius)

    def path(self, points: Sequence[Point], css: str, *, closed: bool = False) -> None:
        """A line through points; nothing for fewer than two."""
        if len(points) < 2:
            return
        joined = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        shape = "polygon" if closed else "polyline"
        self._parts.append(f'<{shape} class="{css}" points="{joined}"/>')
        self.need(max(y for _, y in points))

    def dots(self, points: Iterable[Point], css: str) -> None:
        """Many small dots as one shape: a path of lines without length, with round ends."""
        joined = "".join(f"M{_n(x)},{_n(y)}h0" for x, y in points)
        if joined:
            self._parts.append(f'<path class="dots {css}" d="{joined}"/>')

    def text(
        self,
        x: float,
        y: float,
        text: str,
        css: str = "",
        *,
        anchor: Anchor = "start",
        full: str | None = None,
    ) -> None:
        """One line of text.

        Parameters
        ----------
        x, y
            Its anchor and its middle.
        text
            Set as it is.
        css
            ``small``, ``quiet``, ``bold``.
        anchor
            Which part of it stands at ``x``.
        full
            The whole text where this is but a beginning; shown when pointed at.
        """
        text = one_line(text)
        if not text:
            return
        whole = "" if full is None or one_line(full) == text else one_line(full)
        hint = f"<title>{escape(whole)}</title>" if whole else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        style = f' class="{css}"' if css else ""
        if "halo" in css:  # an attribute, as validators do not know it as a property
            style += ' paint-order="stroke"'
        size = SMALL if "small" in css else TEXT
        # Browsers differ in `dominant-baseline`; 0.35 of the size is the middle of small letters.
        base = y + 0.35 * size
        self._parts.append(
            f'<text{style} x="{_n(x)}" y="{_n(base)}"{place}>{escape(text)}{hint}</text>'
        )
        self.need(y + 0.65 * size)

    def lines(
        self,
        x: float,
        top: float,
        text: str,
        width: float,
        css: str = "",
        *,
        anchor: Anchor = "start",
        lines: int = 2,
    ) -> float:
        """Text that is broken and shortened to fit a width; returns the place below it."""
        size, bold = SMALL if "small" in css else TEXT, "bold" in css
        for line in lines_of(text, width, size=size, lines=lines, bold=bold):
            self.text(x, top + size * LINE / 2, line, css, anchor=anchor, full=text)
            top += size * LINE
        return top

    def svg(self, name: str, title: str, alternative: str, css: str) -> Markup:
        """The whole picture.

        Parameters
        ----------
        name
            Unique in the page.
        title, alternative
            What it is, and what is to be seen in it.
        css
            Class of the picture.
        """
        height = self.height + 4
        head = Markup(
            '<svg class="{css}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'role="img" aria-labelledby="{name}-t" aria-describedby="{name}-d">'
            '<title id="{name}-t">{title}</title><desc id="{name}-d">{alternative}</desc>'
        ).format(
            css=css,
            width=_n(self.width),
            height=_n(height),
            name=name,
            title=one_line(title),
            alternative=one_line(alternative),
        )
        shapes = "".join(self._parts)  # numbers, names of classes, and text that was escaped
        return head + Markup(shapes) + Markup("</svg>")  # noqa: S704

    def _add(self, shape: str, css: str, **places: float) -> None:
        written = " ".join(f'{key}="{_n(value)}"' for key, value in places.items())
        self._parts.append(f'<{shape} class="{css}" {written}/>')


def width_of(text: str, css: str = "") -> float:
    """Width of one line of a class."""
    size = SMALL if "small" in css else TEXT
    return text_width(one_line(text), size, bold="bold" in css)


def height_of(text: str, width: float, css: str = "", lines: int = 2) -> float:
    """Height that a text needs when it is broken to a width."""
    size, bold = SMALL if "small" in css else TEXT, "bold" in css
    return len(lines_of(text, width, size=size, lines=lines, bold=bold)) * size * LINE


def _n(value: float) -> str:
    """A place to a hundredth of a pixel, in as few characters as it takes."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
