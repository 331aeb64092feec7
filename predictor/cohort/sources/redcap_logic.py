"""Branching logic of REDCap: whether a form showed a field at all.

Only what tells a hidden field is understood: comparisons of fields with constants, ``and``, ``or``
and brackets. Whatever else a project writes (functions, smart variables, fields of other events) is
"not known", never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from predictor.clinical.cells import PLAIN_NUMBER

Value = Callable[[str], str | None]
"""Field, or ``field___code`` of a checkbox -> its cell; None where the export has no such field."""

_TOKEN = re.compile(
    r"\s*(?:(?P<field>\[[a-z0-9_]+(?:\([^()\[\]]{1,60}\))?\])|(?P<sign><>|!=|<=|>=|=|<|>|\(|\))"
    r"|(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<word>and|or)\b)",
    re.IGNORECASE,
)
_LONGEST = 2000
_DEEPEST = 40
_COMPARE: dict[str, Callable[[float | str, float | str], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}


class _NotUnderstood(Exception):  # noqa: N818 - never leaves this module
    """The logic holds something that is not looked at here."""


def is_shown(logic: str, value: Value) -> bool | None:
    """Tell whether a field was shown; None if it cannot be told.

    Parameters
    ----------
    logic
        Branching logic of the field; empty means that it is always shown.
    value
        Gives the cells of the row.

    Examples
    --------
    >>> row = {"sex": "1", "age": "30", "signs___2": "1"}
    >>> is_shown("[sex] = '1' and ([age] > 18 or [signs(2)] = '1')", row.get)
    True
    >>> is_shown("[sex] <> '1'", row.get), is_shown("datediff([a], [b], 'd') > 3", row.get)
    (False, None)
    """
    if not logic.strip():
        return True
    try:
        tokens = _tokens(logic)
        reader = _Reader(tokens, value)
        answer = reader.either(0)
    except _NotUnderstood:
        return None
    return answer if reader.place == len(tokens) else None


@lru_cache(maxsize=4096)
def _tokens(logic: str) -> tuple[tuple[str, str], ...]:
    if len(logic) > _LONGEST:
        raise _NotUnderstood
    text, found, place = logic.strip(), [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or token.lastgroup is None:
            raise _NotUnderstood
        found.append((token.lastgroup, token[token.lastgroup].casefold()))
        if token.lastgroup == "text":
            found[-1] = ("text", token["text"][1:-1])
        place = token.end()
    return tuple(found)


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right and answers on the way, with three-valued logic."""

    tokens: Sequence[tuple[str, str]]
    value: Value
    place: int = 0

    def take(self, *wanted: tuple[str, str]) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place] in wanted:
            self.place += 1
            return True
        return False

    def either(self, depth: int) -> bool | None:
        answer = self.both(depth)
        while self.take(("word", "or")):
            other = self.both(depth)
            if answer or other:
                answer = True
            elif answer is None or other is None:
                answer = None
        return answer

    def both(self, depth: int) -> bool | None:
        answer = self.one(depth)
        while self.take(("word", "and")):
            other = self.one(depth)
            if answer is False or other is False:
                answer = False
            elif answer is None or other is None:
                answer = None
        return answer

    def one(self, depth: int) -> bool | None:
        if depth > _DEEPEST:
            raise _NotUnderstood
        if self.take(("sign", "(")):
            answer = self.either(depth + 1)
            if not self.take(("sign", ")")):
                raise _NotUnderstood
            return answer
        left = self.operand()
        if self.place >= len(self.tokens) or self.tokens[self.place][1] not in _COMPARE:
            raise _NotUnderstood
        sign = self.tokens[self.place][1]
        self.place += 1
        right = self.operand()
        return None if left is None or right is None else _compared(left, sign, right)

    def operand(self) -> str | None:
        if self.place >= len(self.tokens):
            raise _NotUnderstood
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind in ("text", "number"):
            return text
        if kind != "field":
            raise _NotUnderstood
        name, _, code = text[1:-1].partition("(")
        return self.value(f"{name}___{checkbox_code(code[:-1])}" if code else name)


def checkbox_code(code: str) -> str:
    """Return a code as it stands in the name of a checkbox's column.

    >>> checkbox_code("-99"), checkbox_code("A b")
    ('_99', 'a_b')
    """
    return re.sub(r"[^a-z0-9]", "_", code.strip().casefold())


def _compared(left: str, sign: str, right: str) -> bool:
    plain = PLAIN_NUMBER["."].fullmatch
    a, b = left.strip(), right.strip()
    if plain(a) and plain(b):
        return _COMPARE[sign](float(a), float(b))
    if sign in ("=", "<>", "!="):
        return _COMPARE[sign](a, b)
    return False  # nothing is above or below an empty field
