"""The language of rules: who is eligible, what counts as an outcome.

    sledai_2k >= 6
    clinical_sledai_2k == 0 and pga < 0.5 and glucocorticoid_dose / 7 <= 5
    platelets >= 100 or platelets >= 2 * index.platelets
    sex == female and not (fever or c3 is missing)

Numbers, variables of the dictionary, ``index.NAME`` for the value at the index visit, ``+ - * /``,
comparisons (also ``0 < x <= 5``), states by name, yes/no variables bare, ``and``, ``or``, ``not``,
brackets, ``is missing``, ``is not missing``. A rule is read by a tokenizer and a recursive descent
of our own; no text of a user is ever run as a program.

The answer is yes, no, or "cannot be told" where a missing value matters: ``x >= 6 or y`` is yes
where y is, whatever x (Kleene's three-valued logic). Arithmetic with a missing value is missing,
and so is a division by 0 (one by the number 0 itself is refused). Numbers that differ by less than
a billionth are equal.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expression_nodes import INDEX, Columns, Condition, Values
from predictor.clinical.expression_parser import Parser
from predictor.clinical.expression_tokens import tokens_of
from predictor.errors import ExpressionError, Reason

Truth = NDArray[np.int8]
"""Shape (rows,): 1 yes, 0 no, -1 cannot be told."""

YES, NO, UNKNOWN = 1, 0, -1

AT_INDEX = f"{INDEX}."
"""In front of a variable: its value at the index visit."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A rule that was understood.

    Parameters
    ----------
    text
        As written.
    names
        Variables at the visit itself.
    index_names
        Variables written ``index.NAME``: the value at the index visit.
    condition
        What the text means.
    needs
        Both, ``index.NAME`` those of the index visit, in the order of the text.
    cautions
        What is odd about a number in it, such as one that looks like another unit.
    """

    text: str
    names: frozenset[str]
    index_names: frozenset[str]
    condition: Condition = field(repr=False)
    needs: tuple[str, ...] = ()
    cautions: tuple[Reason, ...] = ()

    def truth(
        self, values: Mapping[str, Values], index: Mapping[str, Values] | None = None
    ) -> Truth:
        """Hold the rule against visits.

        Parameters
        ----------
        values
            Name -> canonical numbers, shape (rows,), NaN where missing; states are their position,
            yes is 1. A variable that is not there is missing everywhere.
        index
            The same for each row's index visit.

        Returns
        -------
        Shape (rows,): 1 yes, 0 no, -1 cannot be told.

        Examples
        --------
        >>> from predictor.clinical.dictionary import load_dictionary
        >>> rule = parse_expression("c3 < 80 or fever", load_dictionary(), "rule")
        >>> columns = {"c3": np.array([70, 90, np.nan]), "fever": np.array([0, np.nan, 1.0])}
        >>> rule.truth(columns).tolist()
        [1, -1, 1]
        """
        index = index or {}
        lengths = {len(column) for column in (*values.values(), *index.values())}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        rows = lengths.pop() if lengths else 0
        masks = self.condition.masks(Columns(rows, values, index))
        found = np.full(rows, UNKNOWN, dtype=np.int8)
        found[np.broadcast_to(masks.no, (rows,))] = NO
        found[np.broadcast_to(masks.yes, (rows,))] = YES
        return found

    def attainable(self, available: Container[str]) -> tuple[bool, bool]:
        """Whether "yes" can ever be told, and "no", where only these variables are recorded."""
        return self.condition.attainable(lambda name: name.removeprefix(AT_INDEX) in available)


def parse_expression(text: str, dictionary: Dictionary, where: str) -> Expression:
    """Understand a rule.

    Parameters
    ----------
    text
        The rule.
    dictionary
        The variables it may speak of.
    where
        File and key, for messages.

    Raises
    ------
    ExpressionError
        If it cannot be understood: place and character, which rule is broken, what next.

    Examples
    --------
    >>> from predictor.clinical.dictionary import load_dictionary
    >>> rule = parse_expression("platelets >= 2 * index.platelets", load_dictionary(), "study.yaml")
    >>> sorted(rule.names), sorted(rule.index_names)
    (['platelets'], ['platelets'])
    >>> parse_expression("platlets > 30", load_dictionary(), "study.yaml")
    Traceback (most recent call last):
    predictor.errors.ExpressionError: study.yaml, character 1: the dictionary sle_ivig has no \
variable 'platlets'. Did you mean 'platelets'?
    """
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError(where, "a rule is expected", "Write one, such as c3 < 80.")
    parser = Parser(tokens_of(text, where), dictionary, where)
    condition = parser.read()
    if not parser.needs:
        raise ExpressionError(where, "the rule names no variable", "Name at least one.")
    return Expression(
        " ".join(text.split()),
        frozenset(found.name for found in parser.needs if not found.at_index),
        frozenset(found.name for found in parser.needs if found.at_index),
        condition,
        tuple(str(found) for found in parser.needs),
        tuple(parser.cautions),
    )
