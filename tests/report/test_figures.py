"""Figures are the same bytes every time, and no text leaves the sheet or meets another."""

from __future__ import annotations

import dataclasses
import math
import struct
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from predictor.clinical.variable import Variable
from predictor.explanation.contributions import Contributions
from predictor.explanation.importance import Importance, VariableImportance
from predictor.report import canvas
from predictor.report.figures import beeswarm_figure, comparison_figure, importance_figure
from predictor.report.waterfall import WaterfallRow, waterfall_figure

AWFUL = [
    r"$\frac{a}{b}$ x_1^2 $",
    "W" * 200,
    "C3 😀👩‍⚕️ emoji 🧬 label",
    "\u202eturned\u202c right-to-left \u200f שלום עולם مرحبا",
    "a " * 100,
    "<b>html</b>\n\n\nnew lines & =cmd()",
    "\u202e\u200f",
    "Z̈́̃̂ã̡͒͑ zalgo",
    "漢字かな",
    "a label of two hundred characters that goes on and on and says what is measured " * 3,
]
LABELS = st.one_of(st.sampled_from(AWFUL), st.text(max_size=60), st.just("Complement C3"))
SLOW = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

Drawn = Callable[..., Figure]


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A glyph that the font lacks, or an axis of no length, is a warning of matplotlib."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn(figure_of: Callable[..., bytes], *args: Any, **kwargs: Any) -> Figure:
    """The figure behind the bytes."""
    seen: list[Figure] = []
    true = canvas.png
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canvas, "png", lambda figure: (seen.append(figure), true(figure))[1])
        figure_of(*args, **kwargs)
    return seen[0]


def texts(figure: Figure) -> list[Text]:
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    return list({id(text): text for text in found}.values())


def assert_clear(figure: Figure) -> None:
    """Every text lies on the sheet, and none lies on another."""
    with mpl.rc_context(canvas._defaults()):
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for i, (text, box) in enumerate(boxes):
        for other, beside in boxes[:i]:
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            along = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert across <= 0.5 or along <= 0.5, f"{text!r} lies on {other!r}"


def words(figure: Figure) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in texts(figure))


def variable(name: str, label: str, kind: str = "continuous") -> Variable:
    states = {"continuous": (), "binary": ("no", "yes"), "nominal": ("a", "b", "c")}[kind]
    number = kind == "continuous"
    return Variable(
        name=name, label=label, kind=kind, unit="10*9/L" if number else None,  # type: ignore[arg-type]
        units={}, refused_units={}, states=states, reference=None, plausible=None,
        suspicious=None, unit_slips=(), integer=False, time="baseline", exclusion=False,
        loinc=(), source="", note="",
    )  # fmt: skip


def an_importance(labels: list[str], sizes: list[float], of: int = 31) -> Importance:
    rows = tuple(
        VariableImportance(f"v{i}", label, "mg/dL", size, i + 1)
        for i, (label, size) in enumerate(zip(labels, sizes, strict=True))
    )
    return Importance(rows, "log-odds", min(of, 500), of)


def a_swarm(
    labels: list[str], n: int = 40, factor: float = 1.0
) -> tuple[Contributions, list[Variable], np.ndarray]:
    generator = np.random.default_rng(5)
    kinds = ["continuous", "binary", "nominal"]
    named = [variable(f"v{j}", label, kinds[j % 3]) for j, label in enumerate(labels)]
    values = np.column_stack(
        [
            generator.normal(50, 9, n) if v.kind == "continuous"
            else generator.integers(0, len(v.states), n)
            for v in named
        ]
    ).astype(float)  # fmt: skip
    effects = factor * (values - values.mean(axis=0)) * generator.normal(size=len(labels))
    values[generator.random(values.shape) < 0.1] = np.nan
    output = effects.sum(axis=1) - 0.5
    names = tuple(v.name for v in named)
    return Contributions(names, effects, -0.5, output, "log-odds"), named, values


def a_waterfall(rows: list[WaterfallRow], **changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "rows": rows,
        "base_value": -0.6,
        "scale": "log-odds",
        "probability": 0.41,
        "reference_probability": 0.355,
        "title": "Remission at 6 months",
    }
    return given | changed


def a_model(label: str, **changed: Any) -> Mapping[str, Any]:
    given = {"label": label, "chosen": False, "auroc": 0.7, "auroc_low": 0.6, "auroc_high": 0.8}
    return given | changed


CASES: dict[str, Callable[[], bytes]] = {
    "importance": lambda: importance_figure(an_importance(AWFUL, [1 / (i + 1) for i in range(10)])),
    "beeswarm": lambda: beeswarm_figure(*a_swarm(AWFUL), synthetic=True),
    "waterfall": lambda: waterfall_figure(
        **a_waterfall([WaterfallRow(x, "45 mg/dL", 0.1 * i - 0.4) for i, x in enumerate(AWFUL)])
    ),
    "comparison": lambda: comparison_figure([a_model(label) for label in AWFUL]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_figure_is_the_same_png_every_time(case: str) -> None:
    first = CASES[case]()
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    assert first == CASES[case]()
    # No chunk but what the picture needs: no text, no time, no name of a program.
    chunks, at = set(), 8
    while at < len(first):
        (length,) = struct.unpack(">I", first[at : at + 4])
        chunks.add(first[at + 4 : at + 8])
        at += 12 + length
    assert chunks <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@pytest.mark.parametrize("case", CASES)
def test_a_user_s_style_changes_nothing_and_comes_back(case: str) -> None:
    plain = CASES[case]()
    style = {"font.size": 30.0, "axes.facecolor": "black", "savefig.dpi": 17.0, "text.usetex": True,
             "lines.linewidth": 9.0, "figure.autolayout": True}  # fmt: skip
    with mpl.rc_context(style):
        assert CASES[case]() == plain
        assert {name: mpl.rcParams[name] for name in style} == style


def test_figures_are_drawn_without_pyplot() -> None:
    import subprocess

    code = (
        "import sys; from predictor.report.figures import comparison_figure; "
        "comparison_figure([{'label': 'a', 'chosen': True, 'auroc': 0.6, 'auroc_low': 0.5, "
        "'auroc_high': 0.7}]); sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@SLOW
@given(data=st.data(), of=st.sampled_from([1, 31, 500, 1700]))
def test_importance_is_readable_whatever_the_labels(data: st.DataObject, of: int) -> None:
    labels = data.draw(st.lists(LABELS, min_size=1, max_size=45))
    size = st.floats(0, 50)
    sizes = data.draw(st.lists(size, min_size=len(labels), max_size=len(labels)))
    figure = drawn(importance_figure, an_importance(labels, sorted(sizes, reverse=True), of))
    assert_clear(figure)
    counted = {1: "over 1 patient", 31: "over 31 patients", 500: "over 500 patients",
               1700: "over 500 of 1700 patients, drawn by seed"}  # fmt: skip
    assert counted[of] in words(figure)
    assert "mean absolute effect on the log-odds" in words(figure)
    assert ("5 more variables" in words(figure)) == (len(labels) == 45)


@SLOW
@given(
    labels=st.lists(LABELS, min_size=1, max_size=42),
    n=st.integers(1, 60),
    factor=st.sampled_from([0.0, 1e-9, 1e-3, 1.0, 1e4]),
    synthetic=st.booleans(),
)
def test_the_beeswarm_is_readable_whatever_the_labels(
    labels: list[str], n: int, factor: float, synthetic: bool
) -> None:
    figure = drawn(beeswarm_figure, *a_swarm(labels, n, factor), synthetic=synthetic)
    assert_clear(figure)
    said = words(figure)
    assert ("that follow" in said) == synthetic
    what = "synthetic profile" if synthetic else "patient"
    assert f"SHAP values of {n} {what}{'' if n == 1 else 's'}" in said
    assert "low" in said
    assert "high" in said


@SLOW
@given(
    rows=st.lists(
        st.builds(
            WaterfallRow,
            LABELS,
            st.one_of(st.just("45 mg/dL"), st.just(""), LABELS),
            st.floats(-9, 9),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    ),
    base=st.floats(-9, 9),
    title=LABELS,
    p=st.floats(0, 1),
)
def test_the_waterfall_is_readable_whatever_the_labels(
    rows: list[WaterfallRow], base: float, title: str, p: float
) -> None:
    given = a_waterfall(rows, base_value=base, title=title, probability=p)
    assert_clear(drawn(waterfall_figure, **given))


@SLOW
@given(
    models=st.lists(
        st.builds(
            lambda label, area, known, chosen: a_model(
                label,
                auroc=area,
                auroc_low=None if area is None or not known else area * 0.8,
                auroc_high=None if area is None or not known else area + (1 - area) * 0.5,
                chosen=chosen,
            ),
            LABELS,
            st.one_of(st.none(), st.floats(0, 1)),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_the_comparison_is_readable_whatever_the_labels(models: list[Mapping[str, Any]]) -> None:
    assert_clear(drawn(comparison_figure, models))


def test_labels_are_shown_as_written_and_not_as_mathematics() -> None:
    figure = drawn(importance_figure, an_importance([AWFUL[0]], [1.0]))
    assert r"$\frac{a}{b}$ x_1^2 $ (mg/dL)" in words(figure)
    assert not any(text.get_parse_math() for text in texts(figure) if "frac" in text.get_text())


def test_every_text_is_set_in_matplotlib_s_own_dejavu() -> None:
    for case in (
        drawn(importance_figure, an_importance(["C3"], [1.0])),
        drawn(beeswarm_figure, *a_swarm(["C3", "b", "c"]), synthetic=False),
        drawn(waterfall_figure, **a_waterfall([WaterfallRow("C3", "45 mg/dL", 0.2)])),
        drawn(comparison_figure, [a_model("Ridge")]),
    ):
        for text in texts(case):
            assert str(text.get_fontproperties().get_file()).startswith(mpl.get_data_path())


@pytest.mark.parametrize("text", [canvas.INK, canvas.QUIET])
def test_text_reaches_the_contrast_of_wcag_aaa(text: str) -> None:
    assert contrast(text) >= 7


@pytest.mark.parametrize("mark", [canvas.BLUE, canvas.ORANGE, canvas.GREY])
def test_marks_stand_out_from_white(mark: str) -> None:
    assert contrast(mark) >= 3


def contrast(colour: str) -> float:
    """Contrast with white by the formula of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_the_most_important_variable_stands_on_top_of_the_beeswarm() -> None:
    contributions, named, values = a_swarm(["first", "second", "third"])
    contributions.values[:] = [[0.1, -3.0, 1.0]]
    figure = drawn(beeswarm_figure, contributions, named, values, synthetic=False)
    height = {
        text.get_text().split()[0]: text.get_position()[1]
        for text in texts(figure)
        if text.get_text().split()[0] in {"first", "second", "third"}
    }
    assert height["second"] > height["third"] > height["first"]


def test_the_beeswarm_does_not_tell_the_order_of_the_patients() -> None:
    contributions, named, values = a_swarm(["a", "b", "c", "d"], 60)
    turned = dataclasses.replace(contributions, values=contributions.values[::-1].copy())
    assert beeswarm_figure(contributions, named, values, synthetic=False) == beeswarm_figure(
        turned, named, values[::-1].copy(), synthetic=False
    )


def test_the_beeswarm_refuses_values_that_belong_to_other_patients() -> None:
    contributions, named, values = a_swarm(["a", "b"])
    with pytest.raises(ValueError, match="must have the same shape"):
        beeswarm_figure(contributions, named, values[:-1], synthetic=False)


def test_the_waterfall_says_both_probabilities_and_what_was_not_measured() -> None:
    rows = [
        WaterfallRow("Complement C3", "45 mg/dL", 0.5),
        WaterfallRow("C-reactive protein", "", -0.1, imputed=True),
        WaterfallRow("Anti-dsDNA antibodies", "< 10 IU/mL", 0.05),
    ]
    said = words(drawn(waterfall_figure, **a_waterfall(rows)))
    said = said.replace("\u00a0", " ")
    assert "Complement C3 = 45 mg/dL" in said
    assert "C-reactive protein (not measured; drawn from what the cohort suggests)" in said
    assert "Anti-dsDNA antibodies < 10 IU/mL" in said
    assert "is 41% for this patient and 36% for a patient with average values" in said
    assert "+0.50" in said
    assert "−0.10" in said


def test_the_waterfall_says_first_what_speaks_against_it_and_never_a_false_certainty() -> None:
    rows = [WaterfallRow("Complement C3", "45 mg/dL", 0.5)]
    figure = drawn(
        waterfall_figure,
        **a_waterfall(rows, probability=0.0004),
        cautions=["OUTSIDE what the model knows.", "DEMONSTRATION, NOT FOR CARE."],
        facts=["95% interval (bootstrap): below 1% to 5%.", "Patient P07."],
    )
    placed = {text.get_text(): text.get_position()[1] for text in texts(figure)}
    above = [placed[s] for s in ("OUTSIDE what the model knows.", "DEMONSTRATION, NOT FOR CARE.")]
    assert above == sorted(above, reverse=True)
    assert above[0] == max(placed.values())
    said = words(figure)
    assert "is below 1% for this patient" in said
    assert "95% interval (bootstrap): below 1% to 5%. Patient P07." in said


def test_a_value_stays_in_order_beside_a_right_to_left_label() -> None:
    rows = [WaterfallRow("שלום", "45 mg/dL", 0.5)]
    figure = drawn(waterfall_figure, **a_waterfall(rows))
    (label,) = (text.get_text() for text in texts(figure) if "שלום" in text.get_text())
    # A left-to-right mark on both sides keeps the value out of the right-to-left run.
    assert unicodedata.name(label[0]) == "LEFT-TO-RIGHT MARK"
    assert label.index("\u200e", 1) < label.index("45")


@pytest.mark.parametrize(("given", "others"), [(12, None), (13, None), (14, 2), (40, 28)])
def test_the_waterfall_sums_up_all_but_the_twelve_largest(given: int, others: int | None) -> None:
    rows = [WaterfallRow(f"v{i}", "1", 0.01 * (i + 1)) for i in range(given)]
    figure = drawn(waterfall_figure, **a_waterfall(rows))
    said = words(figure)
    assert ("others" in said) == (others is not None)
    if others:
        assert f"others ({others})" in said
        rest = sum(0.01 * (i + 1) for i in range(others))
        assert f"+{rest:.2f}" in said
    # The bars end where the model's output is.
    ends = [patch.get_x() + patch.get_width() for patch in figure.axes[0].patches]
    assert ends[-1] == pytest.approx(-0.6 + sum(row.contribution for row in rows))


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        waterfall_figure(**a_waterfall([WaterfallRow("a", "", math.nan)]))
    with pytest.raises(ValueError, match="at least one row"):
        comparison_figure([])


def test_the_comparison_marks_the_chosen_and_draws_hollow_what_has_no_interval() -> None:
    models = [
        a_model("Prevalence", auroc=0.5, auroc_low=None, auroc_high=None),
        a_model("Ridge", chosen=True, auroc=0.73, auroc_low=0.61, auroc_high=0.83),
        a_model("Forest", auroc=None, auroc_low=None, auroc_high=None),
    ]
    figure = drawn(comparison_figure, models)
    said = words(figure)
    assert "Ridge (chosen)" in said
    assert "0.73 (0.61 to 0.83)" in said
    assert "not defined" in said
    lines = figure.axes[0].get_lines()
    assert [0.5, 0.5] in [list(line.get_xdata()) for line in lines]
    assert (0.61, 0.83) in [tuple(line.get_xdata()) for line in lines]
    faces = {
        float(line.get_xdata()[0]): (line.get_marker(), line.get_markerfacecolor())
        for line in lines
        if line.get_marker() in {"o", "D"}
    }
    assert faces == {0.5: ("o", "white"), 0.73: ("D", canvas.ORANGE)}
