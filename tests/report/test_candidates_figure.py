"""The figure and the page of an order: every mark there, every word apart, the same bytes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from drawn_figures import assert_clear, drawn
from made_candidates import PRICES, REFUSED, Made, listed, many
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from predictor.report.candidates_figure import MOST_NAMED, candidates_figure
from predictor.report.candidates_html import candidates_html


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def marks(figure: Figure) -> int:
    axes = figure.axes[0]
    return sum(len(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None")


@pytest.mark.parametrize("n", [1, 5, 31, MOST_NAMED, MOST_NAMED + 1, 500])
@pytest.mark.parametrize("cut", [True, False])
def test_every_patient_has_a_mark_and_an_interval_and_every_word_is_apart(
    n: int, cut: bool
) -> None:
    found = listed(many(n), refused=[REFUSED], threshold=0.4 if cut else None)
    figure = drawn(candidates_figure, found)
    assert_clear(figure)
    assert marks(figure) == n
    (bars,) = (c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    assert len(bars.get_segments()) == n
    assert figure.get_size_inches()[1] < 20


def test_the_threshold_is_drawn_where_it_is() -> None:
    figure = drawn(candidates_figure, listed(many(5), threshold=0.37))
    assert [0.37, 0.37] in [list(line.get_xdata()) for line in figure.axes[0].lines]


def test_without_intervals_there_are_dots_alone() -> None:
    figure = drawn(candidates_figure, listed([Made("A", 0.4), Made("B", 0.2)], threshold=0.3))
    assert marks(figure) == 2
    assert not figure.axes[0].collections


@pytest.mark.parametrize(
    "name", ["N" * 190, "$x_1^2$ \\frac", "漢字 😀 <b>", "\u202eturned", "مريض 7"]
)
def test_any_identifier_can_be_drawn(name: str) -> None:
    assert_clear(
        drawn(candidates_figure, listed([Made(name, 0.4, 0.2, 0.6), Made("B", 0.2, 0.1, 0.4)]))
    )


def test_a_budget_alone_has_its_cut_in_the_note() -> None:
    figure = drawn(candidates_figure, listed(many(5), prices=PRICES, budget=110_000.0))
    assert_clear(figure)
    texts = " ".join(" ".join(text.get_text().split()) for text in figure.findobj(Text))
    assert "lies the cut (budget EUR 110,000)" in texts
    assert "selected (2)" in texts


def test_only_patients_outside_can_be_drawn_too() -> None:
    assert marks(drawn(candidates_figure, listed([Made("A", 0.4, 0.2, 0.6, inside=False)]))) == 1


def test_the_bytes_depend_on_the_data_alone() -> None:
    found = listed(many(12), threshold=0.4)
    first = candidates_figure(found)
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        assert candidates_figure(found) == first


@pytest.mark.parametrize("n", [1, 5, 500])
def test_the_page_has_every_patient_and_every_bar(n: int) -> None:
    found = listed(many(n), refused=[REFUSED], threshold=0.4, prices=PRICES)
    page = candidates_html(found)
    assert page.count('class="patient') == len(found.candidates)
    assert page.count('class="range"') == len(found.candidates)
    assert page.count('class="cut"') == len(found.candidates)
    for apart in found.outside:
        assert f"<b>{apart.patient} (row {apart.row})</b>" in page
    assert "P90 (row 91)" in page
    assert "NOT FOR CARE" in page


def test_the_page_without_cut_prices_or_interval_has_no_empty_parts() -> None:
    page = candidates_html(listed([Made("A", 0.4)]))
    for absent in ('class="range"', 'class="cut"', "Cost", "Selected", "The cut", "None", "()"):
        assert absent not in page.split("</style>")[1], absent


def test_a_page_where_nobody_is_ranked_says_so() -> None:
    page = candidates_html(listed([], refused=[REFUSED], threshold=0.4))
    assert "Nobody can be ranked." in page
    assert "All patients ranked" not in page


def test_the_template_runs_nothing(root: Path) -> None:
    template = root / "predictor" / "report" / "templates" / "candidates.html.j2"
    text = template.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "| safe" not in text
    assert "http" not in text
