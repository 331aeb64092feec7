"""Labels that somebody chose badly: nothing breaks out, nothing overlaps, nothing is cut off."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import combinations, cycle
from typing import Any

import made_report as made
import pytest
from drawn import WIDTHS, Drawn
from hypothesis import given
from hypothesis import strategies as st

from predictor.report.document import Figure
from predictor.report.page.measure import lines_of, one_line, shortened, text_width

widths = pytest.mark.parametrize("width", WIDTHS)


def renamed(figure: Figure, names: Iterator[str]) -> Figure:
    """The same figure with other labels, the same one for what had the same."""
    chosen: dict[str, str] = {}

    def other(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        return chosen.setdefault(cell, next(names))

    tables = tuple(
        dataclasses.replace(
            table, rows=tuple({k: other(cell) for k, cell in row.items()} for row in table.rows)
        )
        for table in figure.tables
    )
    options = {
        key: {chosen.get(k, k): v for k, v in value.items()} if isinstance(value, dict) else value
        for key, value in figure.options.items()
    }
    return dataclasses.replace(
        figure, title=next(names), alternative=next(names), tables=tables, options=options
    )


def sound(drawn: Drawn) -> None:
    """No text outside the sheet and none upon another."""
    texts = list(drawn.texts())
    for text in texts:
        assert text.left >= -0.5, text
        assert text.right <= drawn.width + 0.5, text
        assert text.top >= -0.5, text
        assert text.bottom <= drawn.height + 0.5, text
    for a, b in combinations(texts, 2):
        assert not a.touches(b), (a, b)


@widths
@pytest.mark.parametrize("name", made.FIGURES)
def test_no_text_of_a_figure_is_cut_off_or_lies_upon_another(name: str, width: float) -> None:
    sound(Drawn(made.FIGURES[name], width))


@widths
@pytest.mark.parametrize("first", range(len(made.HOSTILE)))
@pytest.mark.parametrize("name", made.FIGURES)
def test_nor_with_labels_that_somebody_chose_badly(name: str, first: int, width: float) -> None:
    names = cycle(made.HOSTILE[first:] + made.HOSTILE[:first])
    drawn = Drawn(renamed(made.FIGURES[name], names), width)
    sound(drawn)
    known = {
        "svg",
        "title",
        "desc",
        "text",
        "line",
        "rect",
        "circle",
        "polyline",
        "polygon",
        "path",
    }
    assert {element.tag for element in drawn.svg.iter()} <= known


@widths
@pytest.mark.parametrize(
    "texts", [made.LONG, "x" * 200, "MMMM " * 40], ids=["long", "word", "wide"]
)
@pytest.mark.parametrize("name", made.FIGURES)
def test_nor_with_long_names_at_axes_and_in_legends(name: str, texts: str, width: float) -> None:
    figure = made.FIGURES[name]
    worded = ("axis", "label", "x_label", "y_label", "band", "masked", "unit", "from", "to")
    long = dict.fromkeys(worded, texts)
    sound(Drawn(dataclasses.replace(figure, options={**figure.options, **long}), width))


@widths
def test_a_shortened_label_can_be_read_whole(width: float) -> None:
    figure = made.figure("bars", [{"label": made.LONG, "value": 1.0}])
    drawn = Drawn(figure, width)
    titles = {title.text for text in drawn.svg.iter("text") for title in text.iter("title")}
    assert titles == {one_line(made.LONG)}
    assert any(said.endswith("…") for said in drawn.said())


@widths
def test_huge_and_tiny_numbers_stay_on_the_sheet(width: float) -> None:
    values = (-1e9, 1e-12, 3e12)
    rows: list[dict[str, Any]] = [
        {
            "label": f"row {v}",
            "series": "a",
            "x": v,
            "y": -v,
            "value": v,
            "low": v - 1,
            "high": v + 1,
        }
        for v in values
    ]
    for kind in ("lines", "forest", "bars"):
        sound(Drawn(made.figure(kind, rows), width))


@widths
@pytest.mark.parametrize("many", [1, 60])
def test_one_variable_or_very_many_leave_the_layout_intact(many: int, width: float) -> None:
    names = [(f"v{n}", f"Variable {n}") for n in range(many)]
    several: list[dict[str, Any]] = [
        {"label": label, "variable": name, "value": 0.1 * n, "low": 0.0, "high": 9.0, "share": 0.5,
         "missing": 3, "patients": 6, "contribution": 0.1, "cumulative": 0.1 * n, "position": 0.3,
         "points": n / many * 100, "value_label": "yes"}
        for n, (name, label) in enumerate(names)
    ]  # fmt: skip
    kinds = ("forest", "bars", "missing", "patterns", "beeswarm", "waterfall", "nomogram")
    for kind in kinds:
        sound(Drawn(made.figure(kind, several, options={"points_max": 100}), width))
    ranks: list[dict[str, Any]] = [
        {"variable": name, "label": label, "rank": rank + 1, "share": 1 / many}
        for name, label in names
        for rank in range(many)
    ]
    sound(Drawn(made.figure("ranks", ranks), width))


def test_widths_are_not_less_than_those_of_the_widest_usual_font() -> None:
    from predictor.report.canvas import text_width as drawn_width

    for text in ("Complement C3 (mg/dL)", "WMWM", "0123456789%", "éäö µ ± – ≥ ⁹", "ΣЖЩ"):
        for bold in (False, True):
            # In inches at 72 points an inch.
            exact = 72 * drawn_width(text, 20, bold=bold)
            assert text_width(text, 20, bold=bold) >= 0.97 * exact


@given(st.text(max_size=300), st.integers(20, 400), st.integers(1, 4))
def test_broken_text_fits_and_loses_nothing_but_its_end(text: str, width: int, most: int) -> None:
    found = lines_of(text, width, size=13, lines=most)
    assert 1 <= len(found) <= most
    wide = max((text_width(c, 13) for c in one_line(text)), default=0.0)
    assert all(text_width(line, 13) <= max(width, wide + 13) for line in found)
    together = "".join(found).replace(" ", "")
    whole = one_line(text).replace(" ", "")
    assert together == whole or (
        together.endswith("…") and whole.startswith(together.removesuffix("…"))
    )


@given(st.text(max_size=100), st.integers(15, 300))
def test_a_shortened_text_is_a_beginning(text: str, width: int) -> None:
    found = shortened(text, width, size=13)
    assert one_line(text).startswith(found.removesuffix("…").rstrip()) or found == one_line(text)
    assert text_width(found, 13) <= max(width, 13)


@given(st.text())
def test_a_line_has_no_marks_that_turn_text_round(text: str) -> None:
    assert not set(one_line(text)) & set(
        "\n\r\t\x00\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067"
    )
