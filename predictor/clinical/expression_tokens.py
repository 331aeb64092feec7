"""Cutting the text of a rule into words, numbers and signs; nothing here knows a variable."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from predictor.errors import ExpressionError

LONGEST_TEXT = 8000
"""Characters a rule may have; the longest published one that ships has a third of them."""

Kind = Literal["number", "name", "quoted", "sign", "end"]

_SPACE = re.compile(r"\s*")
# ASCII alone: Python's float() would take "1_000", "nan" and full-width digits.
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_SIGN = re.compile(r"<=|>=|==|!=|[<>+*/().-]")
_AFTER_NUMBER = re.compile(r"[A-Za-z_0-9.,%]")

_UNITS = (
    "Leave the unit out: a bare number means the dictionary's unit (`predictor variables` lists "
    "them), so a daily dose is written dose / 7 where the unit is mg a week."
)
# What people write from other languages, and what is written here.
_HINTS = {
    "=": "Write == where two values are compared.",
    "&": "Write the word and.",
    "|": "Write the word or.",
    "!": "Write the word not, or != for a difference.",
    "~": "Write the word not.",
    "≤": "Write <= instead.",
    "≥": "Write >= instead.",
    "≠": "Write != instead.",
    "×": "Write * instead.",
    "÷": "Write / instead.",
    "−": "Write - (the minus of the keyboard) instead.",
    ",": "A decimal sign is a point; there are no lists.",
    "%": "Write a share as a number: 0.85 for 85%.",
    "'": "Close the quotation mark on the same line.",
    '"': "Close the quotation mark on the same line.",
    "[": "Only round brackets group.",
    "{": "Only round brackets group.",
}
_KNOWN_SIGNS = "Known are + - * / < <= > >= == != ( ) and the words and, or, not, is missing."


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a rule.

    Parameters
    ----------
    kind
        What it is.
    text
        As written; of a quoted word what stands between the marks.
    at
        Position of its first character, from 0.
    number
        Value of a number.
    """

    kind: Kind
    text: str
    at: int
    number: float = math.nan

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, upper or lower case."""
        return self.kind == "name" and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs


def error_at(where: str, at: int, rule: str, next_step: str = "") -> ExpressionError:
    """Make the error of a rule: the place, and the position counted from 1."""
    return ExpressionError(f"{where}, character {at + 1}", rule, next_step)


def tokens_of(text: str, where: str) -> list[Token]:
    """Cut a rule into tokens; the last one is its end.

    Raises
    ------
    ExpressionError
        If the text is too long, or a character or a number has no meaning here.

    Examples
    --------
    >>> [token.text for token in tokens_of("c3 >= 80 and not fever", "rule")]
    ['c3', '>=', '80', 'and', 'not', 'fever', '']
    """
    if len(text) > LONGEST_TEXT:
        rule = f"a rule has at most {LONGEST_TEXT} characters"
        raise ExpressionError(where, rule, "Split it, or prepare a column that holds a part of it.")
    found = []
    at = _past_space(text, 0)
    while at < len(text):
        token, at = _token(text, at, where)
        found.append(token)
        at = _past_space(text, at)
    return [*found, Token("end", "", len(text))]


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _token(text: str, at: int, where: str) -> tuple[Token, int]:
    """Return the token that begins at a position, and where it ends."""
    if match := _NUMBER.match(text, at):
        number = float(match[0])
        if math.isinf(number):
            raise error_at(where, at, "this number is too large", "Write one below 1e308.")
        if _AFTER_NUMBER.match(text, match.end()):
            raise error_at(where, at, "a number is followed by something else at once", _UNITS)
        return Token("number", match[0], at, number), match.end()
    if match := _NAME.match(text, at):
        return Token("name", match[0], at), match.end()
    if match := _QUOTED.match(text, at):
        return Token("quoted", match[1] if match[1] is not None else match[2], at), match.end()
    if match := _SIGN.match(text, at):
        return Token("sign", match[0], at), match.end()
    sign = text[at]
    shown = repr(sign) if sign.isprintable() else f"U+{ord(sign):04X}"
    raise error_at(where, at, f"{shown} has no meaning in a rule", _HINTS.get(sign, _KNOWN_SIGNS))
