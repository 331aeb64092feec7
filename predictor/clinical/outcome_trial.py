"""Rule and states of a definition tried on made-up visits, to find contradictions between them.

What is found is certain as far as each value is possible: a visit like it is in a state, and so is
one with the other answer. What is not found may still be there, as with every trial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from predictor.clinical import sledai
from predictor.clinical.dictionary import Dictionary
from predictor.clinical.expression import NO, YES, Expression
from predictor.clinical.expression_nodes import Values
from predictor.clinical.expression_tokens import tokens_of
from predictor.clinical.variable import Variable

_VISITS = 4000
_SEED = 20241120
_RARE = 0.08
"""Share of visits with a finding, so that scores are low in many of them, as in life."""


def contradicted(
    rule: Expression,
    states: Mapping[str, Expression],
    otherwise: str | None,
    dictionary: Dictionary,
) -> Iterator[str]:
    """States that are given to visits where the rule holds and to visits where it does not.

    Parameters
    ----------
    rule, states, otherwise
        Of the definition.
    dictionary
        What the variables are.
    """
    rules = (rule, *states.values())
    numbers = np.array(
        [
            token.number
            for each in rules
            for token in tokens_of(each.text, "")
            if token.kind == "number"
        ]
    )
    named = {name for each in rules for name in each.names}
    before = {name for each in rules for name in each.index_names}
    generator = np.random.default_rng(_SEED)
    now = _visits(named, dictionary, numbers, generator)
    index = _visits(before, dictionary, numbers, generator)
    rows = {len(column) for column in (*now.values(), *index.values())}
    if not rows:
        return
    there = rule.truth(now, index)
    open_ = np.ones(_VISITS, dtype=bool)
    for name, condition in states.items():
        truth = condition.truth(now, index)
        if _both(there[open_ & (truth == YES)]):
            yield name
        open_ &= truth == NO
    if otherwise is not None and _both(there[open_]):
        yield otherwise


def _both(truth: np.ndarray) -> bool:
    return bool((truth == YES).any() and (truth == NO).any())


def _visits(
    names: set[str], dictionary: Dictionary, numbers: Values, generator: np.random.Generator
) -> dict[str, Values]:
    """Made-up visits without a gap; scores are the sum of their items."""
    items = sorted({item for name in names for item in sledai.items_of(name)})
    made = {
        name: _column(dictionary.variable(name), numbers, generator)
        for name in (*items, *sorted(names - set(items)))
        if name in dictionary
    }
    plain = {name: column for name, column in made.items() if not sledai.items_of(name)}
    return dict(sledai.completed(plain, names))


def _column(variable: Variable, numbers: Values, generator: np.random.Generator) -> Values:
    """Values around the numbers that the rules compare with, and all over what is possible."""
    if variable.kind == "binary":
        return (generator.random(_VISITS) < _RARE).astype(float)
    if variable.states:
        return generator.integers(0, len(variable.states), _VISITS).astype(float)
    limits = variable.plausible
    low, high = limits.bounds() if limits is not None else (0.0, 1e4)
    low, high = max(low, 0.0), min(high, 1e6)
    wide = low + (high - low) * generator.random(_VISITS) ** 4
    if not len(numbers):
        return wide
    near = generator.choice(numbers, _VISITS) * generator.choice([0.5, 1.0, 1.5], _VISITS)
    found = np.where(generator.random(_VISITS) < 0.5, near, wide)
    return np.clip(np.rint(found) if variable.integer else found, low, high)
