"""Variables and values in the words of a report: label with unit, number with unit, state."""

from __future__ import annotations

import math
import re

from predictor.clinical.units import readable_unit
from predictor.clinical.variable import Variable

NOT_MEASURED = "not measured"
ABSENT = "{label} not measured"
WITH_UNIT = "{label} ({unit})"
IS_STATE = "{label} is {state}"
QUANTITY = "{number} {unit}"
TIMES_POWER = "{number} × {unit}"

_POWER = re.compile(r"10\*(\d+)")


def unit_of(variable: Variable) -> str:
    """Unit as people write it; empty for scores, counts and states.

    >>> from predictor.clinical.dictionary import load_dictionary
    >>> unit_of(load_dictionary().variable("platelets"))
    '10^9/L'
    """
    return _POWER.sub(r"10^\1", readable_unit(variable.unit))


def named(variable: Variable) -> str:
    """Label with the unit in brackets where there is one."""
    unit = unit_of(variable)
    return WITH_UNIT.format(label=variable.label, unit=unit) if unit else variable.label


def number_text(number: float) -> str:
    """A number without needless digits.

    >>> number_text(74.0), number_text(0.035), number_text(1234567.0)
    ('74', '0.035', '1234567')
    """
    whole = float(number).is_integer() and abs(number) < 1e15
    return f"{number:.0f}" if whole else f"{number:.6g}"


def value_text(variable: Variable, value: float) -> str:
    """A value with its unit, or the name of the state; of a missing one, that it is missing.

    >>> from predictor.clinical.dictionary import load_dictionary
    >>> value_text(load_dictionary().variable("platelets"), 79.0)
    '79 × 10^9/L'
    """
    if math.isnan(value):
        return NOT_MEASURED
    if variable.kind != "continuous":
        return state_text(variable, int(value))
    unit = unit_of(variable)
    number = number_text(value)
    # "79 10^9/L" would read as two numbers.
    quantity = TIMES_POWER if unit.startswith("10^") else QUANTITY
    return quantity.format(number=number, unit=unit) if unit else number


def state_text(variable: Variable, state: int) -> str:
    """Name of a state as people write it."""
    return variable.states[state].replace("_", " ")
