"""Every figure, read back with its own axes, shows the numbers of its table."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import made_report as made
import pytest
from drawn import WIDTHS, Drawn, at, dots, points

from predictor.report.document import Cell
from predictor.report.page.draw_nomogram import probability_marks
from predictor.report.page.figures import DRAWN_BY, picture

widths = pytest.mark.parametrize("width", WIDTHS)

# Places are written to 0.01 pixels; the shortest axes are some 200 pixels long.
CLOSE = 0.02 / 200


def close(expected: Any, span: float = 1.0) -> Any:
    return pytest.approx(expected, abs=CLOSE * span)


def rows(figure: Any, table: int = 0) -> Any:
    return figure.tables[table].rows


def test_every_kind_has_a_made_up_figure() -> None:
    assert {figure.kind for figure in made.FIGURES.values()} == set(DRAWN_BY)


@widths
def test_a_flow_shows_each_count_and_hides_what_is_masked(width: float) -> None:
    drawn = Drawn(made.flow(), width)
    said = [text for text in drawn.said() if text.isdigit() or text == "fewer than 5"]
    assert said == ["412", "24", "fewer than 5", "385", "11", "374"]
    assert len(drawn.all("rect", "step")) == 3
    assert len(drawn.all("rect", "aside")) == 3
    tops = [at(box, "y") for box in drawn.svg.iter("rect")]
    assert tops == sorted(tops)


@widths
def test_a_forest_has_each_value_and_interval_at_its_place(width: float) -> None:
    drawn = Drawn(made.forest(), width)
    known = [row for row in rows(made.forest()) if row["value"] is not None]
    marks = [at(box, "x") + 4.5 for box in drawn.all("rect", "mark")]
    assert [drawn.across(x) for x in marks] == close([row["value"] for row in known])
    whole = [line for line in drawn.all("line", "whisker") if line.get("y1") == line.get("y2")]
    ends = [(drawn.across(at(w, "x1")), drawn.across(at(w, "x2"))) for w in whole]
    assert [x for x, _ in ends] == close([row["low"] for row in known])
    assert [x for _, x in ends] == close([row["high"] for row in known])
    lines = drawn.all("line", "reference")
    assert [drawn.across(at(line, "x1")) for line in lines] == close([0.5, 0.5])
    # It ends above a heading and goes on below it.
    for box in drawn.texts():
        if box.text in {"AUROC", "Subgroups"} and box.left == 0:
            assert not any(at(x, "y1") < box.bottom and at(x, "y2") > box.top for x in lines)
    assert all("halo" in element.get("class", "") for element in drawn.all("text", "bold"))
    assert "0.74 (0.66 to 0.81)" in drawn.said()
    assert "not defined" in drawn.said()


@widths
def test_a_row_that_is_hidden_in_its_table_is_hidden_in_its_figure(width: float) -> None:
    figure = made.forest()
    hidden = {**figure.tables[0].rows[-1], "n": None, "n_text": "hidden"}
    shown = {**hidden, "n_text": 12}
    table = replace(figure.tables[0], rows=(*figure.tables[0].rows[:-1], hidden))
    said = Drawn(replace(figure, tables=(table,)), width).said()
    assert "hidden" in said
    assert "not defined" not in said
    table = replace(table, rows=(*table.rows[:-1], shown))
    assert "not defined" in Drawn(replace(figure, tables=(table,)), width).said()


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow() -> None:
    figure = made.figure(
        "forest",
        [{"label": "wide", "value": 1.0, "low": -80.0, "high": 90.0}],
        options={"limits": [0.0, 2.0]},
    )
    drawn = Drawn(figure)
    tips = [points(arrow)[1][0] for arrow in drawn.all("polyline", "whisker")]
    assert [drawn.across(x) for x in tips] == close([0.0, 2.0], 2)


@widths
def test_roc_curves_go_through_their_points(width: float) -> None:
    drawn = Drawn(made.roc(), width)
    lines = drawn.all("polyline", "series")
    for line, series in zip(lines, ("apparent", "cross-validated"), strict=True):
        members = [row for row in rows(made.roc()) if row["series"] == series]
        found = points(line)
        assert [drawn.across(x) for x, _ in found] == close(
            [row["false_positive_rate"] for row in members]
        )
        assert [drawn.up(y) for _, y in found] == close(
            [row["true_positive_rate"] for row in members]
        )
    assert "cross-validated: 0.74 (0.66 to 0.81)" in drawn.said()


@widths
def test_calibration_has_curve_band_and_histogram(width: float) -> None:
    drawn = Drawn(made.calibration(), width)
    curve, bins = rows(made.calibration()), rows(made.calibration(), 1)
    (line,) = drawn.all("polyline", "series")
    assert [drawn.up(y) for _, y in points(line)] == close([row["observed"] for row in curve])
    (area,) = drawn.all("polygon", "band")
    edge = points(area)
    assert [drawn.up(y) for _, y in edge[: len(curve)]] == close([row["high"] for row in curve])
    assert [drawn.up(y) for _, y in edge[len(curve) :]] == close(
        [row["low"] for row in reversed(curve)]
    )
    for css, key in (("one", "events"), ("two", "others")):
        shown = [row for row in bins if row[key]]
        bars = [bar for bar in drawn.all("rect", "bar", css) if at(bar, "height") != 10]
        assert [drawn.across(at(bar, "x") - 0.75) for bar in bars] == close(
            [row["low"] for row in shown]
        )
        most = max(row["others"] or 0 for row in bins)
        assert [at(bar, "height") / 34 for bar in bars] == pytest.approx(
            [row[key] / most for row in shown], abs=1e-3
        )
    masked = sum(row[key] is None for row in bins for key in ("events", "others"))
    assert len(drawn.all("circle", "hollow")) == masked + 1  # and the legend's


def test_the_legend_of_the_histogram_stands_beside_it() -> None:
    drawn = Drawn(made.calibration())
    tops = [at(box, "y") for box in drawn.all("rect", "bar")]
    places = {box.text: box for box in drawn.texts()}
    for name in ("with the event", "without"):
        assert min(tops) - 20 < places[name].top < max(tops) + 60
    assert places["this model"].bottom < min(tops) - 100


@widths
def test_a_decision_curve_is_cut_off_where_it_leaves_the_frame(width: float) -> None:
    figure = made.decision()
    drawn = Drawn(figure, width)
    everyone, model = (drawn.all("polyline", "series", css)[0] for css in ("two", "one"))
    assert [drawn.up(y) for _, y in points(model)] == close([r["model"] for r in rows(figure)])
    for (x, y), row in zip(points(everyone)[:-1], rows(figure), strict=False):
        assert (drawn.across(x), drawn.up(y)) == close((row["threshold"], row["treat_all"]))
    (axis,) = [a for a in drawn.all("line", "axis") if a.get("y1") == a.get("y2")]
    assert points(everyone)[-1][1] == pytest.approx(at(axis, "y1"), abs=0.02)
    (nobody,) = [a for a in drawn.all("line", "series", "four") if at(a, "x2") - at(a, "x1") > 30]
    assert drawn.up(at(nobody, "y1")) == close(0.0)


@widths
def test_instability_spans_what_the_refits_said(width: float) -> None:
    drawn = Drawn(made.instability(), width)
    spans = [a for a in drawn.all("line", "interval") if a.get("x1") == a.get("x2")]
    found = rows(made.instability())
    assert [drawn.across(at(a, "x1")) for a in spans] == close([r["predicted"] for r in found])
    assert [drawn.up(at(a, "y1")) for a in spans] == close([r["low"] for r in found])
    assert [drawn.up(at(a, "y2")) for a in spans] == close([r["high"] for r in found])


@widths
def test_bars_begin_at_zero_and_end_at_their_value(width: float) -> None:
    drawn = Drawn(made.bars(), width)
    found = rows(made.bars())
    bars = drawn.all("rect", "bar")
    assert [drawn.across(at(b, "x")) for b in bars] == close([0.0] * len(found), 2)
    assert [drawn.across(at(b, "x") + at(b, "width")) for b in bars] == close(
        [r["value"] for r in found], 2
    )
    whiskers = drawn.all("line", "whisker")
    assert [drawn.across(at(w, "x2")) for w in whiskers] == close([r["high"] for r in found], 2)


@widths
def test_a_bar_below_zero_ends_at_zero(width: float) -> None:
    figure = made.figure("bars", [{"label": "a", "value": -2.0}, {"label": "b", "value": 1.0}])
    drawn = Drawn(figure, width)
    below = drawn.all("rect", "bar")[0]
    assert drawn.across(at(below, "x")) == close(-2.0, 3)
    assert drawn.across(at(below, "x") + at(below, "width")) == close(0.0, 3)


@widths
def test_cells_of_ranks_are_as_full_as_their_share(width: float) -> None:
    drawn = Drawn(made.ranks(), width)
    cells = drawn.all("rect", "heat")
    found = rows(made.ranks())
    assert [at(c, "fill-opacity") for c in cells] == pytest.approx(
        [r["share"] for r in found], abs=0.006
    )
    columns = sorted({at(c, "x") for c in cells})
    lines = sorted({at(c, "y") for c in cells})
    for cell, row in zip(cells, found, strict=True):
        assert columns.index(at(cell, "x")) + 1 == row["rank"]
    assert len(lines) == len({r["variable"] for r in found})


@widths
@pytest.mark.parametrize("figure", [made.missing(), made.patterns()], ids=lambda f: f.kind)
def test_shares_reach_their_place_and_masked_ones_none(figure: Any, width: float) -> None:
    drawn = Drawn(figure, width)
    shown = [r["share"] for r in rows(figure) if r["share"]]
    ends = [drawn.across(at(b, "x") + at(b, "width")) for b in drawn.all("rect", "bar")]
    assert ends == close(shown)
    assert len(drawn.all("circle", "hollow")) == sum(r["share"] is None for r in rows(figure))


@widths
def test_every_row_of_a_beeswarm_is_a_dot_at_its_contribution(width: float) -> None:
    figure = made.beeswarm(80)
    drawn = Drawn(figure, width)
    seen: dict[str, list[float]] = {}
    for path in drawn.all("path", "dots"):
        css = path.attrib["class"].split()
        if "large" not in css:
            seen.setdefault(css[-1], []).extend(drawn.across(x) for x, _ in dots(path))
    expected: dict[str, list[float]] = {}
    for row in rows(figure):
        place = row["position"]
        shade = "none" if place is None else str(min(int(place * 5), 4))
        expected.setdefault(f"shade-{shade}", []).append(row["contribution"])
    assert set(seen) == set(expected)
    for shade, values in expected.items():
        assert sorted(seen[shade]) == close(sorted(values), 2)


@widths
def test_dots_of_a_swarm_stay_in_their_row_and_apart(width: float) -> None:
    drawn = Drawn(made.beeswarm(150), width)
    for path in drawn.all("path", "dots"):
        if "large" in path.attrib["class"]:
            continue
        places = dots(path)
        assert len(set(places)) == len(places)
        assert max(y for _, y in places) - min(y for _, y in places) <= 30


@widths
def test_dependence_has_curve_reference_range_and_zero(width: float) -> None:
    drawn = Drawn(made.dependence(), width)
    found = rows(made.dependence())
    (line,) = drawn.all("polyline", "series")
    assert [drawn.across(x) for x, _ in points(line)] == close([r["value"] for r in found], 180)
    assert [drawn.up(y) for _, y in points(line)] == close([r["contribution"] for r in found], 2)
    normal = next(b for b in drawn.all("rect", "normal") if at(b, "height") > 20)
    assert drawn.across(at(normal, "x")) == close(80, 180)
    assert drawn.across(at(normal, "x") + at(normal, "width")) == close(180, 180)
    (zero,) = [a for a in drawn.all("line", "diagonal") if at(a, "x2") - at(a, "x1") > 30]
    assert drawn.up(at(zero, "y1")) == close(0.0, 2)
    assert "Complement C3 (mg/dL)" in drawn.said()


@widths
def test_a_reference_range_without_an_upper_end_reaches_the_frame(width: float) -> None:
    options = {"label": "C3", "unit": "mg/dL", "reference": [100, None]}
    figure = made.figure(
        "dependence",
        [{"value": float(v), "contribution": v / 100, "density": None} for v in range(0, 201, 20)],
        options=options,
    )
    drawn = Drawn(figure, width)
    normal = next(b for b in drawn.all("rect", "normal") if at(b, "height") > 20)
    (axis,) = [a for a in drawn.all("line", "axis") if a.get("y1") == a.get("y2")]
    assert drawn.across(at(normal, "x")) == close(100, 200)
    assert at(normal, "x") + at(normal, "width") == pytest.approx(at(axis, "x2"), abs=0.02)


@widths
def test_states_are_bars_with_their_names(width: float) -> None:
    drawn = Drawn(made.dependence_of_states(), width)
    assert {"no", "yes"} <= set(drawn.said())
    (up,), (down,) = drawn.all("rect", "bar", "up"), drawn.all("rect", "bar", "down")
    assert drawn.across(at(up, "x") + at(up, "width")) == close(0.31)
    assert drawn.across(at(down, "x")) == close(-0.05)


@widths
def test_a_waterfall_goes_from_the_base_to_the_patient(width: float) -> None:
    figure = made.waterfall()
    drawn = Drawn(figure, width)
    place = figure.options["base_value"]
    start, end = (drawn.across(at(dot, "cx")) for dot in drawn.all("circle", "mark"))
    assert start == close(place)
    assert end == close(rows(figure)[-1]["cumulative"])
    for bar, row in zip(drawn.all("rect", "bar"), rows(figure), strict=True):
        assert drawn.across(at(bar, "x")) == close(min(place, row["cumulative"]))
        assert at(bar, "width") == 1.0 or drawn.across(at(bar, "x") + at(bar, "width")) == close(
            max(place, row["cumulative"])
        )
        place = row["cumulative"]
    assert {"35%", "34%", "−0.42", "+0.31", "45 mg/dL"} <= set(drawn.said())


@widths
def test_a_ruler_on_the_nomogram_gives_the_points_of_its_table(width: float) -> None:
    figure = made.nomogram()
    drawn = Drawn(figure, width)
    lines = drawn.all("line", "axis", "strong")
    axes = [line for line in lines if line.get("y1") == line.get("y2")]
    scales: dict[float, list[float]] = {at(axis, "y1"): [] for axis in axes}
    for line in lines:
        if line.get("x1") == line.get("x2"):
            scales[at(line, "y1")].append(at(line, "x1"))
    points_axis, *variables, total, probability = scales.values()
    length = points_axis[-1] - points_axis[0]

    by_variable: dict[str, list[float]] = {}
    for row in rows(figure):
        by_variable.setdefault(row["variable"], []).append(row["points"])
    for places, expected in zip(variables, by_variable.values(), strict=True):
        read = [100 * (x - points_axis[0]) / length for x in places]
        assert read == pytest.approx(sorted(expected), abs=0.02)

    sums = [(row["total_points"], row["probability"]) for row in rows(figure, 1)]
    for x, (_, text) in zip(probability, probability_marks(sums), strict=True):
        # The axis ends where its table ends, also between two round numbers.
        points_there = 220 * (x - total[0]) / (total[-1] - total[0])
        exact = 1 / (1 + math.exp(-(points_there - 120) / 30))
        assert exact == pytest.approx(float(text.rstrip("%")) / 100, abs=0.003)


@widths
def test_a_short_scale_of_the_nomogram_says_beside_it_what_its_ends_mean(width: float) -> None:
    scales: list[dict[str, Cell]] = []
    for name, most in (("long", 100.0), ("short", 3.5)):
        scales += [
            {"variable": name, "label": name, "value": v, "value_label": f"{v:.0f}",
             "points": most * v / 160}
            for v in range(0, 161, 20)
        ]  # fmt: skip
    totals: list[dict[str, Cell]] = [
        {"total_points": t, "probability": 0.2 + t / 200} for t in (0.0, 50.0, 103.5)
    ]
    drawn = Drawn(made.figure("nomogram", scales, totals, options={"points_max": 100}), width)
    said = drawn.said()
    assert "0 to 160: 0 to 3.5 points" in said
    assert said.count("80") <= 3  # on the long scale, of points and of totals, but not on the short
    assert "104" in said or "103.5" in said  # the end of the totals


@widths
@pytest.mark.parametrize("most", [10.0, 30.0])
def test_every_state_of_a_nomogram_is_named_with_its_place_or_its_points(
    most: float, width: float
) -> None:
    states = ["mid", "low and stable", "top", "\N{GRINNING FACE}", "not measured", "high"]
    scales: list[dict[str, Cell]] = [
        {"variable": "age", "label": "Age", "value": v, "value_label": f"{v:.0f}", "points": v}
        for v in (0.0, 50.0, 100.0)
    ]
    scales += [
        {"variable": "stage", "label": "Stage", "value": k, "value_label": state,
         "points": most * k / 5}
        for k, state in enumerate(states)
    ]  # fmt: skip
    totals: list[dict[str, Cell]] = [
        {"total_points": t, "probability": 0.2 + t / 300} for t in (0.0, 50.0, 130.0)
    ]
    drawn = Drawn(made.figure("nomogram", scales, totals, options={"points_max": 100}), width)
    said = " ".join(drawn.said())
    for k, state in enumerate(states):
        written = state in drawn.said()
        points = f"{most * k / 5:.1f}" if k else "0"
        assert written or f"{state}: {points}" in said
    texts = list(drawn.texts())
    assert not [(a, b) for a, b in itertools.combinations(texts, 2) if a.touches(b)]


@widths
def test_lines_go_through_their_rows(width: float) -> None:
    drawn = Drawn(made.lines(), width)
    found = rows(made.lines())
    for line, series in zip(drawn.all("polyline", "series"), ("first", "second"), strict=True):
        members = [row for row in found if row["series"] == series]
        assert [drawn.across(x) for x, _ in points(line)] == close([r["x"] for r in members], 5)
        assert [drawn.up(y) for _, y in points(line)] == close([r["y"] for r in members], 12)


@widths
def test_a_gap_in_the_rows_is_a_gap_in_the_line(width: float) -> None:
    values = [1.0, 2.0, None, 4.0, 5.0]
    figure = made.figure(
        "lines", [{"series": "a", "x": float(x), "y": y} for x, y in enumerate(values)]
    )
    assert [len(points(p)) for p in Drawn(figure, width).all("polyline", "series")] == [2, 2]


@widths
@pytest.mark.parametrize("kind", sorted(DRAWN_BY))
def test_without_rows_a_figure_says_so(kind: str, width: float) -> None:
    drawn = Drawn(made.figure(kind, []), width)
    said = drawn.said()
    assert "There is nothing to draw." in said or kind in {"roc", "calibration", "instability"}


@widths
@pytest.mark.parametrize("name", made.FIGURES)
def test_rows_without_any_number_break_nothing(name: str, width: float) -> None:
    figure = made.FIGURES[name]
    tables = [
        [
            {key: cell if isinstance(cell, str) else None for key, cell in row.items()}
            for row in t.rows
        ]
        for t in figure.tables
    ]
    Drawn(made.figure(figure.kind, *tables, options=figure.options), width)
    Drawn(made.figure(figure.kind, *([row[:1] for row in tables])), width)


@pytest.mark.parametrize("name", made.FIGURES)
def test_a_figure_says_what_it_is_to_those_who_cannot_see_it(name: str) -> None:
    svg = Drawn(made.FIGURES[name]).svg
    assert svg.get("role") == "img"
    title, described = svg.find("title"), svg.find("desc")
    assert title is not None
    assert described is not None
    assert svg.get("aria-labelledby") == title.get("id")
    assert svg.get("aria-describedby") == described.get("id")
    assert title.text == made.FIGURES[name].title
    assert described.text == made.FIGURES[name].alternative


def test_no_mark_has_a_style_that_the_policy_would_refuse() -> None:
    for figure in made.FIGURES.values():
        assert "style=" not in picture(figure, "a", 720)


def test_a_waterfall_never_ends_at_nothing_or_certainty() -> None:
    figure = made.figure(
        "waterfall",
        [{"label": "C3", "value": "45 mg/dL", "contribution": -2.0, "cumulative": -7.0}],
        options={"base_value": -5.0, "reference_probability": 0.9993, "probability": 0.0009},
    )
    assert {"above 99%", "below 1%"} <= set(Drawn(figure).said())
