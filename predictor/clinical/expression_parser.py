"""Reading the tokens of a rule: a recursive descent, each method one level of the grammar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expression_nodes import (
    COMPARISONS,
    INDEX,
    AllOf,
    AnyOf,
    Compared,
    Condition,
    Constant,
    Missing,
    Not,
    Number,
    Product,
    Recorded,
    Sum,
)
from predictor.clinical.expression_tokens import Token, error_at
from predictor.clinical.names import suggestion
from predictor.clinical.units import readable_unit
from predictor.clinical.values import read_value
from predictor.clinical.variable import Variable
from predictor.errors import DictionaryError, ExpressionError, Reason

DEEPEST = 30
"""Brackets, ``not`` and minus signs that may stand inside each other."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a rule while it is read: a number, a condition, or a word not yet understood."""

    token: Token
    number: Number | None = None
    condition: Condition | None = None
    variable: Variable | None = None


class Parser:
    """Reads one rule; ``needs`` holds the variables it speaks of, in order."""

    def __init__(self, tokens: list[Token], dictionary: Dictionary, where: str) -> None:
        self.tokens = tokens
        self.dictionary = dictionary
        self.where = where
        self.next = 0
        self.depth = 0
        self.needs: dict[Recorded, None] = {}
        self.cautions: list[Reason] = []

    def read(self) -> Condition:
        """Return what the rule means."""
        whole = self.anything()
        self.expect_end()
        return self.condition(whole)

    # ---- the tokens

    @property
    def token(self) -> Token:
        """Token that comes next."""
        return self.tokens[self.next]

    def take(self) -> Token:
        """Take the next token; the end stays."""
        token = self.token
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def error(self, token: Token, rule: str, next_step: str = "") -> ExpressionError:
        """Make an error that points at a token."""
        return error_at(self.where, token.at, rule, next_step)

    def expect_end(self) -> None:
        """Raise where anything is left."""
        token = self.token
        if token.kind == "end":
            return
        if token.is_sign(")"):
            raise self.error(token, "this bracket closes nothing", "Remove it, or open one.")
        rule = f"something must join {token.text[:40]!r} to what stands before"
        raise self.error(token, rule, "Write and, or, or a sign between them.")

    # ---- the grammar, from loose to tight

    def anything(self) -> Part:
        """Read a whole rule, or what stands in brackets."""
        return self.joined("or", AnyOf, lambda: self.joined("and", AllOf, self.negated))

    def joined(
        self,
        word: str,
        join: Callable[[tuple[Condition, ...]], Condition],
        read: Callable[[], Part],
    ) -> Part:
        """Read parts with a word between them."""
        first = read()
        if not self.token.is_word(word):
            return first
        parts = [self.condition(first)]
        while self.token.is_word(word):
            self.take()
            parts.append(self.condition(read()))
        return Part(first.token, condition=join(tuple(parts)))

    def negated(self) -> Part:
        """Read ``not``, or a comparison."""
        if not self.token.is_word("not"):
            return self.comparison()
        token = self.take()
        with_depth = self.deeper(token, self.negated)
        return Part(token, condition=Not(self.condition(with_depth)))

    def deeper(self, token: Token, read: Callable[[], Part]) -> Part:
        """Read something inside something else."""
        self.depth += 1
        if self.depth > DEEPEST:
            rule = f"more than {DEEPEST} brackets or negations stand inside each other"
            raise self.error(token, rule, "Write the rule flatter.")
        part = read()
        self.depth -= 1
        return part

    def comparison(self) -> Part:
        """Read ``a < b``, a chain of such, or ``a is missing``."""
        left = self.sum()
        if self.token.is_word("is"):
            return self.missing(left)
        compared: list[Condition] = []
        first = left
        while self.token.kind == "sign" and self.token.text in COMPARISONS:
            sign, right = self.take(), self.sum()
            compared.append(self.compared(sign, left, right))
            left = right
        if not compared:
            return first
        whole = compared[0] if len(compared) == 1 else AllOf(tuple(compared))
        return Part(first.token, condition=whole)

    def missing(self, part: Part) -> Part:
        """Read what follows ``is``."""
        self.take()
        opposite = self.token.is_word("not")
        if opposite:
            self.take()
        if not self.token.is_word("missing"):
            rule = "after 'is' only missing, or not missing, can follow"
            raise self.error(self.token, rule, "Compare with == instead.")
        self.take()
        if part.variable is None:
            rule = "only a variable can be missing"
            raise self.error(part.token, rule, "Write: NAME is missing.")
        absent = Missing(self.number(part, any_kind=True))
        return Part(part.token, condition=Not(absent) if opposite else absent)

    def sum(self) -> Part:
        """Read terms that are added or subtracted."""
        return self.terms(("+", "-"), Sum, self.product)

    def product(self) -> Part:
        """Read factors that multiply or divide."""
        return self.terms(("*", "/"), Product, self.factor)

    def terms(
        self,
        signs: tuple[str, str],
        join: Callable[[tuple[tuple[bool, Number], ...]], Number],
        read: Callable[[], Part],
    ) -> Part:
        """Read parts with one of two signs between them."""
        first = read()
        if not self.token.is_sign(*signs):
            return first
        found = [(True, self.number(first))]
        while self.token.is_sign(*signs):
            sign = self.take()
            term = self.number(read())
            if sign.text == "/" and isinstance(term, Constant) and term.value == 0:
                rule = "a division by 0 has no answer, whoever the patient is"
                raise self.error(sign, rule, "Divide by another number.")
            found.append((sign.text == signs[0], term))
        return Part(first.token, number=join(tuple(found)))

    def factor(self) -> Part:
        """Read a number, a word, something negative or in brackets."""
        token = self.take()
        if token.is_sign("-"):
            part = self.deeper(token, self.factor)
            number = self.number(part)
            if isinstance(number, Constant):
                return Part(token, number=Constant(-number.value))
            return Part(token, number=Sum(((False, number),)))
        if token.is_sign("("):
            part = self.deeper(token, self.anything)
            if not self.token.is_sign(")"):
                rule = "the bracket opened here is not closed"
                raise self.error(token, rule, "Close it with ).")
            self.take()
            return part
        if token.kind == "number":
            return Part(token, number=Constant(token.number))
        if token.kind == "quoted":
            return Part(token)
        if token.kind == "name" and not token.is_word("and", "or", "not", "is"):
            return self.word(token)
        shown = repr(token.text) if token.text else "the end of the rule"
        rule = f"a variable or a number is expected, not {shown}"
        raise self.error(token, rule, "Complete the rule, such as c3 < 80.")

    def word(self, token: Token) -> Part:
        """Read a variable, or a word that can only be a state."""
        at_index = token.text == INDEX and self.token.is_sign(".")
        if at_index:
            self.take()
            token = self.take()
            if token.kind != "name":
                rule = "after 'index.' the name of a variable is expected"
                raise self.error(token, rule, "Write index.NAME.")
        if token.text not in self.dictionary:
            if at_index:
                raise self.unknown(token)
            return Part(token)
        variable = self.dictionary.variable(token.text)
        return Part(token, number=Recorded(variable.name, at_index), variable=variable)

    # ---- meaning

    def unknown(self, token: Token) -> ExpressionError:
        """Make the error of a word that is no variable."""
        rule = f"the dictionary {self.dictionary.name} has no variable {token.text[:40]!r}"
        try:
            self.dictionary.variable(token.text)
        except DictionaryError as error:
            return self.error(token, rule, error.next_step)
        return self.error(token, rule)

    def number(self, part: Part, *, any_kind: bool = False) -> Number:
        """Take a part as a number; a yes counts as 1, so that findings can be counted."""
        if part.number is None:
            if part.condition is None:
                raise self.unknown(part.token)
            rule = "a condition stands where a number is expected"
            raise self.error(part.token, rule, "Join conditions with and, or.")
        if part.variable is not None:
            if part.variable.kind == "nominal" and not any_kind:
                states = ", ".join(part.variable.states)
                rule = f"{part.variable.name} has states and is no number"
                raise self.error(part.token, rule, f"Compare it with == or !=: {states}.")
            self.note(part)
        return part.number

    def note(self, part: Part) -> None:
        """Remember a variable that the rule needs."""
        if isinstance(part.number, Recorded):
            self.needs[part.number] = None

    def condition(self, part: Part) -> Condition:
        """Take a part as a condition; a yes/no variable may stand alone."""
        if part.condition is not None:
            return part.condition
        if part.variable is not None and part.variable.kind == "binary":
            return Compared("==", self.number(part), Constant(1.0))
        if part.number is None:
            raise self.unknown(part.token)
        shown = part.token.text[:40]
        rule = f"{shown!r} is neither true nor false"
        raise self.error(part.token, rule, f"Compare it, such as {shown} >= 1.")

    def compared(self, sign: Token, left: Part, right: Part) -> Condition:
        """Understand one comparison, states by their names."""
        stated = self.stated(sign, left, right) or self.stated(sign, right, left)
        if stated is not None:
            return stated
        first, second = self.number(left), self.number(right)
        self.hold_against_range(left, right)
        self.hold_against_range(right, left)
        return Compared(sign.text, first, second)

    def stated(self, sign: Token, part: Part, word: Part) -> Condition | None:
        """Understand a variable with states beside the name of one; None if it is none."""
        variable = part.variable
        if variable is None or not variable.states or part.number is None:
            return None
        if variable.kind == "binary" and (word.variable is not None or word.number is not None):
            return None
        if sign.text not in ("==", "!="):
            raise self.error(sign, "states have no order", "Compare them with == or !=.")
        self.note(part)
        same = word.variable is not None and word.variable.states == variable.states
        if same and word.number is not None:
            self.note(word)
            return Compared(sign.text, part.number, word.number)
        states = [state.casefold() for state in variable.states]
        wanted = word.token.text.casefold()
        plain = word.condition is None and (word.number is None or word.variable is not None)
        if not plain or wanted not in states:
            rule = f"{variable.name} has no state {word.token.text[:40]!r}"
            hint = suggestion(wanted, variable.states) or f"Known: {', '.join(variable.states)}."
            raise self.error(word.token, rule, hint)
        return Compared(sign.text, part.number, Constant(float(states.index(wanted))))

    def hold_against_range(self, part: Part, limit: Part) -> None:
        """Refuse a number that a variable can never reach; remember one of an odd unit."""
        if part.variable is None or not isinstance(limit.number, Constant):
            return
        if part.variable.kind != "continuous" or limit.variable is not None:
            return
        name, number = part.variable.name, limit.number.value
        reading = read_value(number, part.variable)
        if number != 0 and any(reason.code == "impossible_value" for reason in reading.problems):
            unit = readable_unit(part.variable.unit)
            possible = f"{part.variable.plausible} {unit}".rstrip()
            rule = f"{name} never reaches this number: it can be {possible}"
            raise self.error(limit.token, rule, "Write the number in that unit.")
        for warning in reading.warnings:
            place = f"{self.where}, character {limit.token.at + 1}"
            unit = readable_unit(part.variable.unit)
            message = f"{name}, which is counted in {unit}, is compared with a number that "
            message = f"{message}{warning.message}."
            self.cautions.append(Reason(warning.code, place, message))
