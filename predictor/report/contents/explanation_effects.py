"""Beeswarm and dependence: what each value of a variable does, drawn from profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from predictor.clinical.variable import Variable
from predictor.explanation.direction import direction_of
from predictor.explanation.shown import Effects, Profiles
from predictor.fitted.models import LinearModel
from predictor.fitted.preparation import Values
from predictor.report.contents import explanation_words as words
from predictor.report.contents.clinical_text import (
    named,
    number_text,
    state_text,
    unit_of,
    value_text,
)
from predictor.report.contents.profiles import effects_of_states, hidden_states_of
from predictor.report.contents.source import Source
from predictor.report.document import Block, Cell, Column, Figure, Paragraph, Section, Table

MOST_VARIABLES = 12
"""Variables that are drawn; those with the largest effects."""

_BINS = 20
_BAND = (0.05, 0.95)
_DIGITS = 4
_STILL = 1e-12
_ADULT, _YEARS = 18.0, "a"


def about_profiles(profiles: Profiles) -> Paragraph:
    """Who the dots are."""
    if profiles.patients:
        return Paragraph(words.REAL, "warning")
    template = words.MOMENTS if profiles.from_moments else words.PROFILES
    return Paragraph(template.format(count=len(profiles.values)), "quiet")


def _drawn(
    source: Source, profiles: Profiles, names: Sequence[str]
) -> list[tuple[Variable, Effects]]:
    """Variables to draw with their effects, in the order of their importance."""
    variables = {variable.name: variable for variable in source.bundle.variables}
    effects = {effect.variable: effect for effect in profiles.effects()}
    known = [name for name in names if name in variables and name in effects]
    return [(variables[name], effects[name]) for name in known[:MOST_VARIABLES]]


def beeswarm_part(source: Source, profiles: Profiles, names: Sequence[str]) -> Section:
    """A dot for each profile and variable.

    Parameters
    ----------
    source, profiles
        The bundle and its profiles.
    names
        Variables with an effect, the most important first.
    """
    drawn = _drawn(source, profiles, names)
    rows = [row for variable, effects in drawn for row in _dots(variable, effects)]
    axis = words.AXIS.format(scale=profiles.scale)
    table = Table(
        "explanation-beeswarm-table",
        words.BEESWARM_TITLE,
        (
            Column("label", "Variable"),
            Column("value", "Value"),
            Column("contribution", axis, "number", 3),
        ),
        tuple(rows),
        folded=True,
    )
    notes = []
    hidden = hidden_states_of(source)
    undrawn = [
        words.STATE_OF.format(label=variable.label, state=state_text(variable, k))
        for variable, _ in drawn
        for k, state in enumerate(variable.states)
        if (variable.name, state) in hidden
    ]
    if undrawn and not profiles.patients:
        notes.append(words.UNDRAWN.format(states=", ".join(undrawn)))
    nominal = [variable.label for variable, _ in drawn if variable.kind == "nominal"]
    if nominal:
        notes.append(words.BEESWARM_STATES.format(names=", ".join(nominal)))
    if len(names) > len(drawn):
        notes.append(words.LARGEST.format(count=len(drawn)))
    figure = Figure(
        "explanation-beeswarm-figure",
        "beeswarm",
        words.BEESWARM_TITLE,
        words.BEESWARM_ALTERNATIVE.format(count=len(drawn), sentences=" ".join(_sides(drawn))),
        (table,),
        {"axis": axis},
        " ".join(notes),
    )
    return Section("explanation-beeswarm", words.BEESWARM, (about_profiles(profiles), figure))


def _dots(variable: Variable, effects: Effects) -> Iterator[Mapping[str, Cell]]:
    position = _positions(variable, effects.values)
    for value, place, part in zip(effects.values, position, effects.contributions, strict=True):
        missing = bool(np.isnan(value))
        shown: Cell = None
        if not missing:
            state = variable.kind != "continuous"
            shown = state_text(variable, int(value)) if state else float(value)
        yield {
            "label": named(variable),
            "variable": variable.name,
            "value": shown,
            "position": None if missing else round(float(place), _DIGITS),
            "contribution": round(float(part), _DIGITS + 2),
        }


def _positions(variable: Variable, values: Values) -> Values:
    """Where a value lies among all of its variable, from 0 to 1."""
    if variable.kind != "continuous":
        return values / max(len(variable.states) - 1, 1)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return np.full(len(values), 0.5) if high <= low else (values - low) / (high - low)


def _sides(drawn: Sequence[tuple[Variable, Effects]]) -> Iterator[str]:
    """Where the high values of each variable lie, in words."""
    templates = {
        "raises": words.BEESWARM_RAISES,
        "lowers": words.BEESWARM_LOWERS,
        "neither": words.BEESWARM_NEITHER,
    }
    for variable, effects in drawn:
        found = direction_of(effects, variable)
        if found in templates:
            yield templates[found].format(label=variable.label)


def dependence_part(source: Source, profiles: Profiles, names: Sequence[str]) -> Section:
    """A curve, or bars of states, for each variable.

    Parameters
    ----------
    source, profiles
        The bundle and its profiles.
    names
        Variables with an effect, the most important first.
    """
    # The curve of a linear model is exact; a band would only show how wide its steps are.
    band = not isinstance(source.bundle.model, LinearModel)
    blocks: list[Block] = [about_profiles(profiles)]
    referred = False
    for variable, effects in _drawn(source, profiles, names):
        exact = None if profiles.patients else effects_of_states(source, variable)
        blocks.append(_dependence(variable, effects, profiles.scale, exact, band=band))
        referred |= variable.reference is not None
    if referred and not _adults_only(source):
        blocks.insert(1, Paragraph(words.OF_ADULTS, "quiet"))
    if len(names) > MOST_VARIABLES:
        blocks.append(Paragraph(words.LARGEST.format(count=MOST_VARIABLES), "quiet"))
    return Section("explanation-dependence", words.DEPENDENCE, tuple(blocks))


def _adults_only(source: Source) -> bool:
    """Whether the population is limited to adults, as reference ranges commonly are."""
    known = source.manifest.get("dictionary", {})
    return any(
        low is not None and low >= _ADULT and known.get(name, {}).get("unit") == _YEARS
        for name, (low, _) in (source.manifest["outcome"].get("limits") or {}).items()
    )


def _dependence(
    variable: Variable, effects: Effects, scale: str, exact: Values | None, *, band: bool
) -> Figure:
    states = variable.kind != "continuous"
    rows = list(_bars(variable, effects, exact) if states else _curve(effects, band=band))
    axis = words.AXIS.format(scale=scale)
    value = Column("state", "State") if states else Column("value", named(variable), "number", 2)
    columns = [value, Column("contribution", axis, "number", 3)]
    if band:
        columns += [Column("low", "5th percentile", "number", 3)]
        columns += [Column("high", "95th percentile", "number", 3)]
    title = words.DEPENDENCE_TITLE.format(label=variable.label)
    reference = variable.reference
    return Figure(
        f"explanation-dependence-{variable.name}",
        "dependence",
        title,
        _states_alternative(variable, rows)
        if states
        else _curve_alternative(variable, effects, rows),
        (
            Table(
                f"explanation-dependence-{variable.name}-table",
                title,
                tuple(columns),
                tuple(rows),
                folded=True,
            ),
        ),
        {
            "label": variable.label,
            "unit": unit_of(variable),
            "reference": reference.to_list() if reference else None,
            "states": [state_text(variable, k) for k in range(len(variable.states))],
            "axis": axis,
        },
        words.BAND if band and not states else "",
    )


def _bars(
    variable: Variable, effects: Effects, exact: Values | None
) -> Iterator[Mapping[str, Cell]]:
    for k in range(len(variable.states)):
        parts = effects.contributions[effects.values == k] if exact is None else exact[[k]]
        if parts.size:
            low, high = np.quantile(parts, _BAND)
            yield {
                "value": k,
                "state": state_text(variable, k),
                "contribution": float(parts.mean()),
                "low": float(low),
                "high": float(high),
            }


def _curve(effects: Effects, *, band: bool) -> Iterator[Mapping[str, Cell]]:
    """Means over values that lie near each other, and how frequent such values are."""
    known = ~np.isnan(effects.values)
    order = np.argsort(effects.values[known], kind="stable")
    values, parts = effects.values[known][order], effects.contributions[known][order]
    bins = _bins(values)
    middles = np.array([values[rows].mean() for rows in bins])
    widths = np.gradient(middles) if len(middles) > 1 else np.ones(len(middles))
    for rows, middle, width in zip(bins, middles, widths, strict=True):
        low, high = np.quantile(parts[rows], _BAND) if band else (None, None)
        yield {
            "value": float(middle),
            "contribution": float(parts[rows].mean()),
            "low": None if low is None else float(low),
            "high": None if high is None else float(high),
            "density": float(len(rows) / values.size / max(float(width), _STILL)),
        }


def _bins(values: Values) -> list[NDArray[np.intp]]:
    """Rows of sorted values in bins: one for each value where these are few."""
    different, start = np.unique(values, return_index=True)
    rows: NDArray[np.intp] = np.arange(values.size)
    if different.size <= _BINS:
        return [part for part in np.split(rows, start[1:]) if part.size]
    # Equal values stay together.
    wanted = np.linspace(0, values.size, _BINS + 1)[1:-1]
    cuts = np.unique(start[np.searchsorted(start, wanted).clip(max=start.size - 1)])
    return [part for part in np.split(rows, cuts) if part.size]


def _states_alternative(variable: Variable, rows: Sequence[Mapping[str, Cell]]) -> str:
    bars = [words.BAR.format(state=row["state"], contribution=row["contribution"]) for row in rows]
    return words.STATES.format(label=variable.label, bars=", ".join(bars))


def _curve_alternative(
    variable: Variable, effects: Effects, rows: Sequence[Mapping[str, Cell]]
) -> str:
    values = np.array([row["value"] for row in rows], dtype=np.float64)
    parts = np.array([row["contribution"] for row in rows], dtype=np.float64)
    moves = {"raises": words.RISES, "lowers": words.FALLS}
    found = direction_of(effects, variable)
    turns = ""
    crossing = np.flatnonzero(np.diff(np.sign(parts)) != 0)
    if crossing.size == 1:
        i = int(crossing[0])
        share = parts[i] / (parts[i] - parts[i + 1])
        zero = float(values[i] + share * (values[i + 1] - values[i]))
        turns = words.TURNS.format(zero=value_text(variable, float(f"{zero:.3g}")))
    reference = words.NO_REFERENCE
    if variable.reference is not None:
        reference = words.WITHIN.format(reference=variable.reference, unit=unit_of(variable))
    return words.CURVE.format(
        label=variable.label,
        moves=moves.get(str(found), words.GOES),
        first=parts[0],
        low=number_text(float(f"{values[0]:.3g}")),
        last=parts[-1],
        high=value_text(variable, float(f"{values[-1]:.3g}")),
        turns=turns,
        reference=reference,
    )
