"""The sheet that figures are drawn on: fixed fonts and colours, measured text, plain PNG bytes.

The bytes depend on nothing but the data. Matplotlib is used through its objects, never through
``pyplot``, and a user's ``matplotlibrc`` changes nothing. Fonts are the DejaVu files that ship
with matplotlib.
"""

from __future__ import annotations

import io
import re
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), of which these differ for every
# kind of colour vision and stand out from white by 3:1; text colours reach 7:1 (WCAG AAA).
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREY = "#767676"
FAINT = "#D9D9D9"
INK = "#1A1A1A"
QUIET = "#4D4D4D"

DPI = 130
TITLE, BODY, SMALL = 12.0, 9.5, 8.5
"""Sizes of text in points."""

_LINE = 1.45  # height of a line of text as a multiple of its size
_SETTINGS = (
    "agg.", "axes.", "figure.", "font.", "grid.", "image.", "lines.", "markers.", "patch.",
    "path.", "savefig.", "scatter.", "text.", "xtick.", "ytick.",
)  # fmt: skip
_SETTINGS_OF_THE_WINDOW = {"figure.max_open_warning", "figure.raise_window", "savefig.directory"}
_POWER_OF_TEN = re.compile(r"\b10\*([0-9]{1,2})(?=/)")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SPACES = re.compile(r"[^\S\u00a0]+")
_lock = threading.Lock()
_P = ParamSpec("_P")


def as_png(build: Callable[_P, Figure]) -> Callable[_P, bytes]:
    """Turn a function that builds a figure into one that returns it as PNG bytes.

    Matplotlib reads its settings from a global table while it draws. Its defaults are put there
    for the time of one figure, one figure at a time, and the user's own come back afterwards.
    """

    @wraps(build)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> bytes:
        with _lock, mpl.rc_context(_defaults()):
            try:
                return png(build(*args, **kwargs))
            finally:
                text_width.cache_clear()  # a label may hold a patient's value

    return drawn


def png(figure: Figure) -> bytes:
    """PNG of a figure; holds neither a date nor the version of a program."""
    buffer = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def font(size: float, *, bold: bool = False) -> FontProperties:
    """DejaVu Sans from matplotlib's own folder, whatever is installed on the machine."""
    return FontProperties(fname=_font_file(bold), size=size)


def put(
    figure: Figure,
    x: float,
    y: float,
    text: str,
    *,
    size: float = BODY,
    bold: bool = False,
    colour: str = INK,
    align: Literal["left", "center", "right"] = "left",
    vertical: Literal["top", "center", "bottom", "baseline"] = "center",
) -> Text:
    """Set text at a place in inches from the lower left corner, character by character as it is."""
    return figure.text(
        x,
        y,
        text,
        transform=figure.dpi_scale_trans,
        fontproperties=font(size, bold=bold),
        color=colour,
        ha=align,
        va=vertical,
        linespacing=1.2,
        parse_math=False,  # "$" and "_" are characters of a label, not mathematics
    )


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of one line in inches, as it will be drawn."""
    found = _ruler().get_text_width_height_descent(text, font(size, bold=bold), False)
    return float(found[0]) / DPI


def text_height(text: str, size: float) -> float:
    """Height that some lines need in inches; 0 for no text."""
    return (text.count("\n") + 1) * size * _LINE / 72 if text else 0.0


def clean(text: str) -> str:
    r"""Text of one line that can be drawn and cannot disturb what stands beside it.

    Line breaks become spaces, no-break spaces stay. Control characters and marks of writing
    direction go, so that a label cannot turn its value round; of stacked accents one stays.
    Characters that the font lacks, such as most emoji, become a small square each. UCUM's 10*9/L
    is written with a power.

    >>> clean("C3\u202e\n  (mg/dL)"), clean("210 10*9/L")
    ('C3 (mg/dL)', '210 10⁹/L')
    """
    text = _POWER_OF_TEN.sub(lambda found: f"10{found[1].translate(_SUPERSCRIPTS)}", text)
    kept: list[str] = []
    accents = 0
    for character in unicodedata.normalize("NFC", _SPACES.sub(" ", text)):
        category = unicodedata.category(character)
        accents = accents + 1 if category.startswith("M") else 0
        if accents > 1 or category.startswith("C") or "\ufe00" <= character <= "\ufe0f":
            continue  # the last are variation selectors, which draw nothing themselves
        drawable = character.isspace() or ord(character) in _characters()
        kept.append(character if drawable else "\u25ab")
    return _SPACES.sub(" ", "".join(kept)).strip()


def fit(text: str, tail: str, width: float, *, size: float, lines: int, bold: bool = False) -> str:
    """Break text into lines and shorten it where it does not fit.

    Parameters
    ----------
    text
        Shortened, with an ellipsis, where needed.
    tail
        Stands after the text and is kept, such as a unit or a value; shortened only where it
        would leave no room for the beginning of the text.
    width
        Width of a line in inches.
    size, bold
        Of the font.
    lines
        Lines at most.
    """
    text, tail = clean(text), clean(tail)
    if text_width(tail, size, bold=bold) < width / 2:
        tail = tail.replace(" ", "\u00a0")  # a number and its unit stay together

    def broken(shown: str, after: str) -> list[str]:
        return _break(f"{shown} {after}".strip(), width, size, bold)

    def fits(shown: str, after: str) -> bool:
        return len(broken(shown, after)) <= lines

    if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text + tail):
        # Read from the left, whatever script the label is in: "name = 45 mg/dL".
        text, tail = f"\u200e{text}", f"\u200e{tail}" if tail else ""

    beginning = text if len(text) <= 16 else f"{text[:16]}…"
    if not fits(beginning, tail):
        tail = _longest(tail, lambda part: fits(beginning, part))
    if not fits(text, tail):
        text = _longest(text, lambda part: fits(part, tail))
    return "\n".join(broken(text, tail))


def _longest(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of a text that fits with an ellipsis, by halving."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(f"{text[:middle].rstrip()}…"):
            low = middle
        else:
            high = middle - 1
    return f"{text[:low].rstrip()}…"


def _break(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Break at spaces; a word wider than a line is broken where the line ends."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip(" ")
        if text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
            continue
        pieces = _pieces(word, width, size, bold)
        lines[-1:] = [lines[-1], *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Parts of a word, each as long as a line can hold."""

    def too_long(n: int) -> bool:
        return text_width(word[: n + 1], size, bold=bold) > width

    pieces: list[str] = []
    while text_width(word, size, bold=bold) > width:
        room = bisect_left(range(1, len(word)), True, key=too_long) + 1
        pieces.append(word[:room])
        word = word[room:]
    return [*pieces, word]


@lru_cache(maxsize=1)
def _defaults() -> dict[Any, Any]:
    return {
        name: value
        for name, value in mpl.rcParamsDefault.items()
        if name.startswith(_SETTINGS) and name not in _SETTINGS_OF_THE_WINDOW
    }


@lru_cache(maxsize=2)
def _font_file(bold: bool) -> str:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return str(Path(mpl.get_data_path(), "fonts", "ttf", name))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """Characters that both weights of the font can draw."""
    regular, bold = (frozenset(get_font(_font_file(b)).get_charmap()) for b in (False, True))
    return regular & bold


@lru_cache(maxsize=1)
def _ruler() -> Any:
    renderer: Any = RendererAgg  # matplotlib ships no types for it
    return renderer(1, 1, DPI)
