"""Section d of a report: which variables matter, what they do, and whether that was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from predictor.explanation.shown import Profiles
from predictor.fitted.models import LinearModel
from predictor.report.contents import explanation_words as words
from predictor.report.contents.explanation_direction import direction_part
from predictor.report.contents.explanation_effects import beeswarm_part, dependence_part
from predictor.report.contents.explanation_examples import examples_part
from predictor.report.contents.numbers_text import absent, counted
from predictor.report.contents.profiles import hidden_states_of, profiles_of
from predictor.report.contents.source import Source
from predictor.report.contents.standing import standing
from predictor.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Paragraph,
    Section,
    Table,
)

MOST_BARS = 20

# Variables up to which places that never occur are drawn as empty fields.
_MOST_EMPTY = 12

_PARTS = (
    ("explanation-beeswarm", words.BEESWARM),
    ("explanation-dependence", words.DEPENDENCE),
    ("explanation-direction", words.DIRECTION),
    ("explanation-examples", words.EXAMPLES),
)


def explanation(source: Source) -> Section:
    """What moves the predictions of a model.

    Parameters
    ----------
    source
        The bundle, opened.

    Returns
    -------
    Section
        ``explanation`` with the parts explanation-importance, -beeswarm, -dependence, -direction
        and -examples. Where the bundle lacks something, its part says so.
    """
    explained = source.manifest.get("explanation") or {}
    scale = explained.get("scale", source.bundle.model.scale)
    outcome = source.manifest["outcome"]["label"]
    linear = isinstance(source.bundle.model, LinearModel)
    what = words.WHAT_LINEAR if linear else words.WHAT
    intro = Paragraph(what.format(scale=scale, outcome=outcome))
    profiles = profiles_of(source)
    rows = _ranked(source, profiles)
    parts: list[Section] = [
        Section(
            "explanation-importance",
            words.IMPORTANCE,
            tuple(_importance(source, rows, scale)),
        )
    ]
    if rows and not any(row["value"] for row in rows):
        nothing = (Paragraph(words.NO_EFFECT),)
        parts = [Section("explanation-importance", words.IMPORTANCE, nothing)]
        parts += [Section(id_, title, nothing) for id_, title in _PARTS]
    elif profiles is None:
        parts += [Section(id_, title, (absent(words.NO_PROFILES),)) for id_, title in _PARTS]
    else:
        names = [str(row["variable"]) for row in rows if row["value"]]
        parts += [
            beeswarm_part(source, profiles, names),
            dependence_part(source, profiles, names),
            direction_part(source, profiles, names),
            examples_part(source, profiles),
        ]
    return Section("explanation", words.TITLE, (intro,), tuple(parts))


def _ranked(source: Source, profiles: Profiles | None) -> list[Mapping[str, Cell]]:
    """Variables with their importance and its interval, the most important first."""
    explained = source.manifest.get("explanation") or {}
    refits = {str(row["variable"]): row for row in _refits(source)}
    found: list[tuple[str, float]] = [
        (str(row["variable"]), float(row["mean_absolute_shap"]))
        for row in explained.get("importance", ())
    ]
    if not found and profiles is not None:
        size = np.abs(profiles.contributions).mean(axis=0)
        order = np.argsort(-size, kind="stable").tolist()
        found = [(profiles.names[j], float(size[j])) for j in order]
    labels = {variable.name: variable.label for variable in source.bundle.variables}
    return [
        {
            "variable": name,
            "label": labels.get(name, name),
            "value": value,
            "low": refits.get(name, {}).get("low"),
            "high": refits.get(name, {}).get("high"),
        }
        for name, value in found
    ]


def _refits(source: Source) -> Sequence[Mapping[str, Any]]:
    bootstrap = (source.manifest.get("validation") or {}).get("bootstrap") or {}
    found: Sequence[Mapping[str, Any]] = bootstrap.get("explanation") or ()
    return found


def _importance(source: Source, rows: Sequence[Mapping[str, Cell]], scale: str) -> Iterator[Block]:
    if not rows:
        yield absent(words.NO_PROFILES)
        return
    explained = source.manifest.get("explanation") or {}
    bootstrap = (source.manifest.get("validation") or {}).get("bootstrap") or {}
    refits, level = _refits(source), float(bootstrap.get("level") or 0.95)
    notes = []
    if explained.get("patients"):
        template = words.AVERAGED
        if explained["patients"] < explained.get("of", explained["patients"]):
            template = words.AVERAGED_SOME
        unit = counted(source.manifest)
        notes.append(template.format(unit=unit, **{"of": 0, **explained}))
    if refits:
        count = max(int(row["refits"]) for row in refits)
        notes.append(words.REFITTED.format(level=level, refits=count))
    else:
        notes.append(words.NOT_REFITTED)
    telling = _telling(source)
    ranked, rows = rows, [row for row in rows if row["variable"] not in telling]
    if telling:
        labels = [str(row["label"]) for row in ranked if row["variable"] in telling]
        notes.append(words.TELLING.format(names="; ".join(labels)))
    if not rows:
        yield Paragraph(" ".join(notes))
        return
    shown = tuple(rows[:MOST_BARS])
    if len(rows) > len(shown):
        notes.append(words.FURTHER.format(count=len(rows) - len(shown)))
    title = words.IMPORTANCE_TITLE.format(scale=scale)
    table = Table(
        "explanation-importance-table",
        title,
        (
            Column("label", "Variable"),
            Column("value", title, "number", 3),
            Column("low", "Range over refits from", "number", 3),
            Column("high", "to", "number", 3),
        ),
        shown,
        " ".join(notes),
    )
    yield Figure(
        "explanation-importance-figure",
        "bars",
        title,
        _importance_alternative(shown, level),
        (table,),
        {"axis": title},
        " ".join(notes),
    )
    yield from _ranks(source, ranked)


def _telling(source: Source) -> frozenset[str]:
    """Variables whose mean contribution, over their coefficient, is the share of a hidden state."""
    if not isinstance(source.bundle.model, LinearModel):
        return frozenset()
    return frozenset(name for name, _ in hidden_states_of(source))


def _importance_alternative(rows: Sequence[Mapping[str, Cell]], level: float) -> str:
    first, last = rows[0], rows[-1]
    among = ""
    if first["low"] is not None and first["high"] is not None:
        among = words.AMONG.format(low=first["low"], high=first["high"], level=level)
    return words.IMPORTANCE_ALTERNATIVE.format(
        first=first["label"],
        value=first["value"],
        among=among,
        last=last["label"],
        count=len(rows),
        least=last["value"],
    )


def _ranks(source: Source, rows: Sequence[Mapping[str, Cell]]) -> Iterator[Block]:
    """How often each variable takes each place, and what that means."""
    places: Sequence[Mapping[str, Any]] = source.findings.get("ranks") or ()
    by_variable: dict[str, list[Mapping[str, Any]]] = {}
    for place in places:
        by_variable.setdefault(str(place["variable"]), []).append(place)
    own = [row for row in rows[:MOST_BARS] if row["variable"] in by_variable]
    if not own:
        return
    firsts = sorted(
        (
            (float(place["share"] or 0.0), str(row["label"]))
            for row in own
            for place in by_variable[str(row["variable"])]
            if place["rank"] == 1
        ),
        key=lambda found: -found[0],
    )
    table = Table(
        "explanation-ranks-table",
        words.RANKS_TITLE,
        (
            Column("label", "Variable"),
            Column("rank", "Place", "count"),
            Column("share", "Share of the refits", "percent", 0),
        ),
        tuple(
            {
                "variable": row["variable"],
                "label": row["label"],
                "rank": place["rank"],
                "share": place["share"],
            }
            for row in own
            for place in by_variable[str(row["variable"])]
            if len(own) <= _MOST_EMPTY or place["share"]
        ),
    )
    share, label = firsts[0] if firsts else (0.0, str(own[0]["label"]))
    second = ""
    if len(firsts) > 1 and firsts[1][0] > 0.0:
        second = words.RANKS_SECOND.format(label=firsts[1][1], share=firsts[1][0])
    yield Figure(
        "explanation-ranks-figure",
        "ranks",
        words.RANKS_TITLE,
        words.RANKS_ALTERNATIVE.format(first=label, share=share, second=second),
        (table,),
        {},
    )
    shown = standing(source.manifest).signal_shown
    settled = share >= words.SURE
    template = words.UNSETTLED
    if settled:
        template = words.SETTLED if shown else words.SETTLED_NO_SIGNAL
    text = template.format(label=label, share=share, second=second)
    yield Paragraph(text, "plain" if settled and shown else "warning")
