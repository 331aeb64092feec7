"""Where the scales of points chart and nomogram end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from predictor.clinical.variable import Range, Variable
from predictor.fitted.preparation import Preparation

_REACH = 3.0


def within(variables: Sequence[Variable], limits: Mapping[str, Range]) -> tuple[Variable, ...]:
    """The variables as charts take them: outside the limits of a population nothing is plausible.

    A chart shows no value that the model refuses, and a patient outside the limits gets no answer.

    Parameters
    ----------
    variables
        The predictors.
    limits
        Of the population, by name of the variable.

    Examples
    --------
    >>> from predictor.clinical.dictionary import load_dictionary
    >>> age = load_dictionary().variable("age")
    >>> str(age.plausible), str(within([age], {"age": Range(18, None)})[0].plausible)
    ('0 to 120', '18 to 120')
    """
    found = []
    for variable in variables:
        limit = limits.get(variable.name)
        if limit is not None and variable.plausible is not None:
            (low, high), (least, most) = limit.bounds(), variable.plausible.bounds()
            ends = max(low, least), min(high, most)
            limit = Range(*(end if math.isfinite(end) else None for end in ends))
        found.append(variable if limit is None else replace(variable, plausible=limit))
    return tuple(found)


def charted(
    preparation: Preparation, variables: Sequence[Variable], variable: int
) -> tuple[float, float]:
    """Lowest and highest number of a variable that charts show.

    Three standard deviations to both sides of the cohort's mean, which holds more than a real
    patient's value, inside what is plausible; outwards to the next round number, so that the ends
    of a chart do not tell mean and standard deviation, and by them how many gaps were filled in.
    Where the population has limits, the variables come from :func:`within`.
    """
    low = high = float(preparation.fill[variable])
    for k, column in enumerate(preparation.columns):
        if column.variable == variable and not column.missing and column.state is None:
            centre, reach = float(preparation.centre[k]), _REACH * float(preparation.scale[k])
            low, high = min(centre - reach, low), max(centre + reach, high)
            if reach > 0.0:
                unit = 10.0 ** math.floor(math.log10(reach / _REACH))
                digits = max(0, -round(math.log10(unit)))
                low = round(math.floor(low / unit) * unit, digits)
                high = round(math.ceil(high / unit) * unit, digits)
    least, most = accepted(variables[variable])
    low = max(low, least)
    return low, max(low, min(high, most))


def accepted(variable: Variable) -> tuple[float, float]:
    """Ends of the numbers that are not refused."""
    return variable.plausible.bounds() if variable.plausible else (-math.inf, math.inf)
