"""Figures as drawn, and whether their texts can be read, for the tests of figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from predictor.report import canvas


def drawn(figure_of: Callable[..., bytes], *args: Any, **kwargs: Any) -> Figure:
    """The figure behind the bytes."""
    seen: list[Figure] = []
    true = canvas.png
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "png", lambda figure: (seen.append(figure), true(figure))[1])
        figure_of(*args, **kwargs)
    return seen[0]


def assert_clear(figure: Figure) -> None:
    """Every text lies on the sheet, and none lies on another."""
    found = {
        id(text): text for text in figure.findobj(Text) if text.get_visible() and text.get_text()
    }
    with mpl.rc_context(canvas._defaults()):
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found.values()]
    for i, (text, box) in enumerate(boxes):
        assert min(box.x0, box.y0) >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
        for other, beside in boxes[:i]:
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            along = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert across <= 0.5 or along <= 0.5, f"{text!r} lies on {other!r}"


def words(figure: Figure) -> str:
    """All texts of a figure in a row."""
    found = (" ".join(text.get_text().split()) for text in figure.findobj(Text))
    return " ".join(text for text in found if text).replace("\u00a0", " ")
