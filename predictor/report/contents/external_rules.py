"""What a bundle says to both checklists once other patients were tried, or made it another model.

The rules of training speak of one cohort. Where a bundle holds external validations, or came about
by an update, the items that ask for those are answered here; what the rules of training say to the
same item stands before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from predictor.report.contents import external_words as words
from predictor.report.contents import probast_words, tripod_words
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.update_rules import OF_UPDATE, update, update_title, updated

Rule = Callable[[Facts], Answer | None]
_Entry = Mapping[str, Any]

_FIGURES, _MIX, _PRECISION = "external-1-figures", "external-1-mix", "external-1-precision"
"""Tables of the newest validation, which stands first in its section."""

_NOTABLE = 0.25
_MANY = 0.2


def with_others(name: str, rules: Mapping[str, Rule], facts: Facts) -> Mapping[str, Rule]:
    """Rules of a checklist for what is known of a bundle beyond its training.

    Parameters
    ----------
    name
        ``tripod`` or ``probast``.
    rules
        Those of training.
    facts
        Of the bundle.
    """
    found = dict(rules)
    if facts.update is not None:
        found |= OF_UPDATE[name]
    if facts.external:
        found |= _OF_OTHERS[name]
        for number, rule in _BESIDE.get(name, {}).items():
            found[number] = _added(found.get(number), rule)
    return found


def _added(rule: Rule | None, more: Rule) -> Rule:
    """What both say to an item; what a rule of training cannot tell is left to the other."""

    def both(facts: Facts) -> Answer | None:
        try:
            before = rule(facts) if rule is not None else None
        except (AttributeError, KeyError, TypeError):  # as where there are no others
            before = None
        after = more(facts)
        if before is None or after is None or before.by == "not applicable":
            return after or before
        return replace(before, text=" ".join((before.text, after.text)))

    return both


def _named(facts: Facts) -> str:
    return "; ".join(
        words.NAMED.format(
            name=entry["name"],
            n=entry["n"],
            who=words.SIMULATED_PATIENTS if entry["simulated"] else words.PATIENTS,
            origin=_origin(entry),
            events=entry["events"],
        )
        for entry in facts.external
    )


def _origin(entry: _Entry) -> str:
    return words.ORIGIN[tuple(sorted(entry["differs_by"]))]


def _names(entries: Iterable[_Entry]) -> str:
    return ", ".join(str(entry["name"]) for entry in entries)


def _elsewhere(facts: Facts) -> bool:
    alike = _too_alike(facts)
    return any(
        entry["differs_by"] and not entry["simulated"] and entry not in alike
        for entry in facts.external
    )


def _too_alike(facts: Facts) -> list[_Entry]:
    """Cohorts that may be the model's own; what earlier versions recorded does not say it."""
    return [entry for entry in facts.external if entry.get("too_alike", False)]


def _maybe_the_same(alike: Sequence[_Entry]) -> Answer:
    text = words.MAYBE_THE_SAME.format(names=_names(alike))
    return Answer(text, "external", remains=words.NOT_THE_SAME_REMAINS)


# ---- TRIPOD+AI


def _title(facts: Facts) -> Answer:
    if facts.update is not None:
        return update_title(facts)
    kind = words.EXTERNAL if _elsewhere(facts) else words.INTERNAL
    text = words.TITLE.format(kind=kind, **facts.outcome)
    return Answer(text, "verdict", remains=tripod_words.TITLE_REMAINS)


def _aims(facts: Facts) -> Answer:
    if facts.update is not None:
        evaluated = words.UPDATE_EVALUATED.format(named=_named(facts))
        text = words.UPDATE_AIMS.format(updated=updated(facts), evaluated=evaluated)
        return Answer(text, "external")
    return Answer(words.AIMS.format(model=facts.model, named=_named(facts)), "external")


def _sources(facts: Facts) -> Answer:
    files = ", ".join(str(entry["file"]) for entry in facts.external)
    return Answer(words.SOURCES.format(named=_named(facts), files=files), "external")


def _size(facts: Facts) -> Answer:
    told = [words.SIZE.format(named=_named(facts))]
    for entry in facts.external:
        needed = [row["needed"] for row in entry["precision"] if row["needed"] is not None]
        template = words.IMPRECISE if needed else words.IMPRECISE_UNKNOWN
        if entry["precise_enough"]:
            template = words.PRECISE
        told.append(template.format(name=entry["name"], needed=max(needed, default=0)))
    return Answer(" ".join(told), _PRECISION)


def _missing(facts: Facts) -> Answer:
    told = [words.GAPS.format(share=facts.manifest["prediction"]["most_missing"])]
    told += [
        words.ABSENT.format(name=entry["name"], variables=", ".join(entry["absent"]))
        for entry in facts.external
        if entry["absent"]
    ]
    return Answer(" ".join(told), _MIX)


def _measures(facts: Facts) -> Answer:
    del facts
    return Answer(words.MEASURES, _FIGURES)


def _not_updated(facts: Facts) -> Answer:
    if facts.update is not None:
        return update(facts)
    return Answer(words.NOT_UPDATED, by="not applicable")


def _predicted(facts: Facts) -> Answer:
    versions = {str(entry["packages"]["sle-ivig-predictor"]) for entry in facts.external}
    return Answer(words.PREDICTED.format(versions=", ".join(sorted(versions))), "external")


def _differences(facts: Facts) -> Answer:
    told = [
        words.DIFFERENCES.format(name=entry["name"], origin=_origin(entry), mix=_mix(entry))
        for entry in facts.external
    ]
    return Answer(" ".join(told), _MIX, remains=words.DIFFERENCES_REMAIN)


def _mix(entry: _Entry) -> str:
    rows = entry["case_mix"]["variables"]
    if not rows:
        return words.MIX_UNKNOWN
    apart = [
        str(row["label"])
        for row in rows
        if row["difference"] is not None and abs(row["difference"]) >= _NOTABLE
    ]
    return words.MIX.format(variables=", ".join(apart)) if apart else words.MIX_ALIKE


def _beside(facts: Facts) -> Answer | None:
    shown = [entry for entry in facts.external if entry["case_mix"]["variables"]]
    if not shown:
        return None
    return Answer(words.BESIDE.format(names=_names(shown)), _MIX, remains=words.BESIDE_REMAINS)


def _numbers(facts: Facts) -> Answer:
    return Answer(words.NUMBERS.format(named=_named(facts)), "external")


def _performance(facts: Facts) -> Answer:
    told = "; ".join(
        words.FIGURES.format(
            name=entry["name"],
            auroc=_interval(entry, "auroc"),
            ratio=_interval(entry, "observed_expected"),
            slope=_interval(entry, "calibration_slope"),
        )
        for entry in facts.external
    )
    return Answer(words.PERFORMANCE.format(told=told), _FIGURES)


def _interval(entry: _Entry, name: str) -> str:
    value, low, high = (entry[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return words.NOT_DEFINED
    if low is None or high is None:
        return f"{value:.2f}"
    return words.INTERVAL.format(value=value, low=low, high=high)


def _centres(facts: Facts) -> Answer | None:
    told = [entry for entry in facts.external if entry["centres"]]
    return Answer(words.CENTRES.format(names=_names(told)), "external") if told else None


# ---- PROBAST+AI, its part on evaluation


def _observed(facts: Facts) -> Answer | None:
    """Nobody was observed where all are simulated; of real patients a person has to tell."""
    everybody = all(entry["simulated"] for entry in facts.external)
    return Answer(probast_words.SIMULATED) if everybody else None


def _included(facts: Facts) -> Answer:
    if found := _observed(facts):
        return found
    text = words.INCLUDED.format(named=_named(facts))
    return Answer(text, "external-1-flow", remains=probast_words.INCLUDED_REMAINS)


def _preprocessing(facts: Facts) -> Answer:
    del facts
    return Answer(words.PREPROCESSING, "model")


def _defined(facts: Facts) -> Answer:
    if found := _observed(facts):
        return found
    event = ", ".join(str(state) for state in facts.outcome["event"])
    text = probast_words.DEFINED.format(name=facts.outcome["name"], event=event)
    return Answer(text, "verdict", remains=probast_words.DEFINED_REMAINS)


def _blind(facts: Facts) -> Answer:
    if found := _observed(facts):
        return found
    return Answer(probast_words.OUTCOME_APART, remains=probast_words.BLIND_REMAINS)


def _beyond(facts: Facts) -> Answer:
    if len(alike := _too_alike(facts)) == len(facts.external):
        return _maybe_the_same(alike)
    everybody = all(entry["simulated"] for entry in facts.external)
    template = words.BEYOND_SIMULATED if everybody else words.BEYOND
    return Answer(template.format(named=_named(facts)), "external")


def _fewer(entry: _Entry) -> int:
    return int(min(entry["events"], entry["n"] - entry["events"]))


def _enough(facts: Facts) -> Answer:
    best = max(facts.external, key=lambda entry: (entry["precise_enough"], _fewer(entry)))
    template = words.ENOUGH if best["precise_enough"] else words.TOO_FEW
    told = {"name": best["name"], "events": best["events"], "others": best["n"] - best["events"]}
    return Answer(template.format(**told), _PRECISION)


def _gaps(facts: Facts) -> Answer | None:
    shares = {id(entry): _missing_shares(entry) for entry in facts.external}
    if not all(shares.values()):
        return None
    many = [
        entry
        for entry in facts.external
        if entry["absent"]
        or any(share is not None and share > _MANY for share in shares[id(entry)])
    ]
    if many:
        return Answer(words.MANY_GAPS.format(names=_names(many)), _MIX)
    # A share that is masked is None, and of somebody.
    whole = all(share == 0.0 for found in shares.values() for share in found)
    template = words.NO_GAPS if whole else words.FEW_GAPS
    return Answer(template.format(names=_names(facts.external)), _MIX)


def _missing_shares(entry: _Entry) -> Sequence[float | None]:
    return [row["missing"] for row in entry["case_mix"]["variables"]]


def _not_the_same(facts: Facts) -> Answer:
    if alike := _too_alike(facts):
        return _maybe_the_same(alike)
    return Answer(words.NOT_THE_SAME, "external", remains=words.NOT_THE_SAME_REMAINS)


def _measured(facts: Facts) -> Answer:
    repeated = [entry for entry in facts.external if entry["repeated_rows"]]
    if repeated:
        return Answer(words.MEASURED_REPEATED.format(names=_names(repeated)), _FIGURES)
    return Answer(words.MEASURED, _FIGURES)


_OF_OTHERS: Mapping[str, Mapping[str, Rule]] = {
    "tripod": {
        "1": _title,
        "4": _aims,
        "12f": _not_updated,
        "16": _differences,
        "20c": _beside,
    },
    "probast": {
        "E1.1": _observed,
        "E1.2": _observed,
        "E1.3": _included,
        "E2.1": _observed,
        "E2.2": _preprocessing,
        "E2.3": _observed,
        "E3.1": _defined,
        "E3.2": _observed,
        "E3.3": _blind,
        "E4.1": _beyond,
        "E4.2": _enough,
        "E4.3": _gaps,
        "E4.5": _not_the_same,
        "E4.7": _measured,
    },
}
"""Instead of the rule of training."""

_BESIDE: Mapping[str, Mapping[str, Rule]] = {
    "tripod": {
        "5a": _sources,
        "10": _size,
        "11": _missing,
        "12e": _measures,
        "12g": _predicted,
        "20a": _numbers,
        "21": _numbers,
        "23a": _performance,
        "23b": _centres,
    },
}
"""Behind what the rule of training says."""
