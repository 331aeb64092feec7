"""How much room a text takes in a picture whose font the reader's machine chooses.

Nobody knows that font here, so the widths of DejaVu Sans stand in for it: it is wider than the
fonts that systems show by default, and what fits with its widths fits with theirs.
"""

from __future__ import annotations

import re
import unicodedata

# Characters of DejaVu Sans by their width in hundredths of the size of the text.
_BY_WIDTH = {
    28: "'ijl", 29: "IJ", 32: " ,.\u00a0·", 34: "/:;\\|", 35: "f", 36: "-", 39: "()[]t", 40: "!",
    41: "r⁰¹²³⁴⁵⁶⁷⁸⁹",
    46: '"', 50: "*_`–°", 52: "sz", 53: "?", 55: "c", 56: "L", 58: "Fk", 59: "vxy",
    60: "P", 61: "TYao", 62: "e", 63: "ESbdghnpquµμ", 64: "$0123456789{}", 66: "K", 68: "AV",
    69: "BRXZ", 70: "C", 73: "U", 75: "HN", 77: "DG", 78: "&", 79: "OQ", 82: "w",
    84: "#+<=>^~±≤≥−→", 86: "M", 95: "%", 97: "m", 99: "W", 100: "@—…",
}  # fmt: skip
_WIDTHS = {character: width / 100 for width, many in _BY_WIDTH.items() for character in many}
_BOLD = 1.16  # of the widths above; only narrow characters such as "J" grow by more
_WIDE = 1.4  # emoji, and the writing of East Asia
_ACCENTED = 0.85  # letters of the Latin alphabet that are not above
_OTHER = 1.0  # of other alphabets

_POWER_OF_TEN = re.compile(r"\b10[*^]([0-9]{1,2})(?=/)")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of one line.

    Parameters
    ----------
    text
        What is set.
    size
        Of the font.
    bold
        Whether it is.

    Returns
    -------
    float
        In the unit of ``size``; rather too much than too little.

    Examples
    --------
    >>> round(text_width("Ann", 10), 1)
    19.4
    """
    return sum(map(_width, text)) * size * (_BOLD if bold else 1.0)


def raised(text: str) -> str:
    """Units with their powers of ten raised.

    >>> raised("210 10^9/L"), raised("10*9/L")
    ('210 10⁹/L', '10⁹/L')
    """
    return _POWER_OF_TEN.sub(lambda found: f"10{found[1].translate(_SUPERSCRIPTS)}", text)


def one_line(text: str) -> str:
    r"""Text that cannot disturb what stands beside it: no breaks, no marks of writing direction.

    >>> one_line("C3\u202e\n  (mg/dL)")
    'C3 (mg/dL)'
    """
    kept: list[str] = []
    accents = 0
    for character in unicodedata.normalize("NFC", " ".join(raised(text).split())):
        category = unicodedata.category(character)
        accents = accents + 1 if category.startswith("M") else 0
        joins = character == "\u200d"  # holds the parts of one emoji together
        if accents <= 2 and (joins or not category.startswith("C")):
            kept.append(character)
    return "".join(kept).strip()


def lines_of(
    text: str, width: float, *, size: float, lines: int = 2, bold: bool = False
) -> list[str]:
    """Break a text at spaces, or within a word that is too long, and shorten what is left over.

    Parameters
    ----------
    text
        What is set; line breaks in it count as spaces.
    width
        Room of a line.
    size, bold
        Of the font.
    lines
        At most so many; the last ends with an ellipsis where something was left out.
    """
    words = one_line(text).split(" ")
    found: list[str] = []
    while words and len(found) < lines:
        line, words = _next_line(words, width, size, bold)
        found.append(line)
    if words:
        found[-1] = shortened(f"{found[-1]} {words[0]}…", width, size=size, bold=bold)
    return found


def shortened(text: str, width: float, *, size: float, bold: bool = False) -> str:
    """The longest beginning of a text that fits, with an ellipsis where it is not the whole."""
    text = one_line(text)
    if text_width(text, size, bold=bold) <= width:
        return text
    text = text.rstrip("…")
    while text and text_width(f"{text.rstrip()}…", size, bold=bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _next_line(words: list[str], width: float, size: float, bold: bool) -> tuple[str, list[str]]:
    """The words of a line, and those that remain."""
    line = words[0]
    if text_width(line, size, bold=bold) > width:
        room = max(_room(line, width, size, bold), 1)
        return line[:room], [line[room:], *words[1:]]
    used = 1
    while used < len(words):
        longer = f"{line} {words[used]}"
        if text_width(longer, size, bold=bold) > width:
            break
        line, used = longer, used + 1
    return line, words[used:]


def _room(word: str, width: float, size: float, bold: bool) -> int:
    """Characters of a word that fit into a line."""
    taken = 0.0
    for place, character in enumerate(word):
        taken += text_width(character, size, bold=bold)
        if taken > width:
            return place
    return len(word)


def _width(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if unicodedata.category(character).startswith(("M", "C")):
        return 0.0
    wide = unicodedata.east_asian_width(character) in {"W", "F"} or ord(character) > 0x1F000
    return _WIDE if wide else _ACCENTED if ord(character) < 0x250 else _OTHER
