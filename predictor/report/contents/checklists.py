"""Section f of a report: TRIPOD+AI and PROBAST+AI, answered as far as a run can.

What a run knows is filled in by rules, one for each item. What only people know is taken from
``reporting:`` of the configuration, which is part of the bundle; what neither knows is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from predictor.checklists import Asked, Published, load_checklist
from predictor.report.contents import probast_rules, tripod_rules
from predictor.report.contents.external_rules import with_others
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.source import Source
from predictor.report.contents.tripod_rules import Rule
from predictor.report.document import Block, Checklist, Fact, Item, Listing, Paragraph, Section
from predictor.report.document import Facts as FactsBlock

RULES: Mapping[str, Mapping[str, Rule]] = {
    "tripod": tripod_rules.RULES,
    "probast": probast_rules.RULES,
}

BOTH: Mapping[str, str] = {
    "tripod": "{run} {person}",  # a report grows by what is added
    "probast": "{person} (By rule: {run})",  # an assessor may decide otherwise than a rule
}
AGAINST = "{person} (Contradicts the rule: {run})"
SETTLE = "The answer given contradicts what the run shows; say why it stands, or take it back."
SIDE = re.compile(r"(?:probably )?(yes|no)(?! information)\b", re.IGNORECASE)
"""On which side an answer of the tool is; no information is on neither."""
REMAINS = "For a person: {what}"
OPEN_TITLE = "Left for a person: {open} of {items}"
PARTLY_TITLE = "Answered in part: {partly} of {items}"
LINE = "{number}: {asks}"
HOW = (
    "Answers of people are given in the configuration by item, under reporting: {name}, and stay "
    "there for the next run."
)
OF = "{count} of {items}"
TAKEN = "Taken from {number}: {told}"
LABELS: Mapping[str, str] = {
    "from the run": "From the run",
    "in part": "In part",
    "from the study": "From the study",
    "taken over": "Taken over",
    "not applicable": "Not applicable",
    "for a person": "For a person",
}
MEANINGS: Mapping[str, str] = {
    "from the run": "Filled in by rules from what was done and found.",
    "in part": "The run or the study knows a part; what remains is for a person, listed below.",
    "from the study": "Stated in the configuration.",
    "taken over": (
        "Not answered on evaluation: what is stated of development is shown, as the patients are "
        "the same."
    ),
    "not applicable": "With the reason beside it.",
    "for a person": "No program can answer these.",
}


def checklists(source: Source) -> tuple[Section, Section]:
    """The two checklists of a bundle.

    Parameters
    ----------
    source
        The bundle, opened. Items whose facts an older bundle does not hold are for a person.

    Returns
    -------
    Sections ``tripod`` and ``probast``.
    """
    return _section(source, "tripod"), _section(source, "probast")


def items(source: Source, name: str) -> tuple[Item, ...]:
    """Every item of one checklist, answered as far as can be.

    Parameters
    ----------
    source
        The bundle, opened.
    name
        ``tripod`` or ``probast``.
    """
    facts = Facts.of(source)
    return answered_items(source, name, with_others(name, RULES[name], facts), facts)


def answered_items(
    source: Source, name: str, rules: Mapping[str, Rule], facts: Facts
) -> tuple[Item, ...]:
    """Every item of one checklist by other rules; see :func:`items`.

    Parameters
    ----------
    source, name
        As there.
    rules
        Item -> rule; an item without one is for a person.
    facts
        What the rules are given.
    """
    told = _reporting(source, name)
    return tuple(
        _item(
            asked,
            _by_rule(rules, asked.number, facts),
            told.get(asked.number, ""),
            _taken_from(source, told, asked.number),
            BOTH[name],
        )
        for asked in load_checklist(name).items
    )


def _reporting(source: Source, name: str) -> Mapping[str, str]:
    """What people told, by item."""
    reporting: Any = (source.manifest.get("config") or {}).get("reporting") or {}
    return {str(number): str(text) for number, text in (reporting.get(name) or {}).items() if text}


def _taken_from(source: Source, told: Mapping[str, str], number: str) -> tuple[str, str] | None:
    """Of an unanswered question on evaluation, the one on development that was answered.

    Returns
    -------
    Its number and what a person told of it; None where there is nothing to take over, as where
    other patients were tried.
    """
    if source.external:
        return None
    other = probast_rules.SAME_AS.get(number, "")
    return None if number in told or other not in told else (other, told[other])


def _by_rule(rules: Mapping[str, Rule], number: str, facts: Facts) -> Answer | None:
    if number not in rules:
        return None
    try:
        return rules[number](facts)
    except (AttributeError, KeyError, TypeError):  # an older bundle does not hold the fact
        return None


def _item(
    asked: Asked, answer: Answer | None, told: str, taken: tuple[str, str] | None, both: str
) -> Item:
    """Put what the run knows and what a person told together; a person has the last word."""
    said = told
    if taken is not None:
        number, said = taken
        told = TAKEN.format(number=number, told=said)
    if answer is None:
        by = "from the study" if told else "for a person"
        return Item(asked.number, asked.part, asked.asks, told, by)  # type: ignore[arg-type]
    remains = REMAINS.format(what=answer.remains) if answer.remains else ""
    if not told:
        return Item(
            asked.number,
            asked.part,
            asked.asks,
            answer.text,
            answer.by,
            answer.section,
            remains,
        )
    if _contradict(said, answer.text):
        both, remains = AGAINST, REMAINS.format(what=SETTLE)
    else:
        remains = ""
    text = told if answer.by == "not applicable" else both.format(run=answer.text, person=told)
    return Item(
        asked.number, asked.part, asked.asks, text, "from the study", answer.section, remains
    )


def _contradict(told: str, run: str) -> bool:
    """Whether a person answers a signalling question yes and a rule no, or the other way round.

    >>> _contradict("Yes: prospective", "No: the patients are simulated.")
    True
    >>> _contradict("Probably yes.", "Yes: the same code.")
    False
    """
    sides = {_side(told), _side(run)}
    return sides == {"yes", "no"}


def _side(text: str) -> str:
    head = SIDE.match(text)
    return head.group(1).lower() if head else ""


def _section(source: Source, name: str) -> Section:
    return checklist_section(source, name, items(source, name))


def checklist_section(source: Source, name: str, answered: Sequence[Item]) -> Section:
    """One checklist with what is open, and every item."""
    published = load_checklist(name)
    blocks: list[Block] = [
        Paragraph(published.note),
        FactsBlock(tuple(_counts(answered, _taken_over(source, name)))),
        Paragraph(HOW.format(name=name), "quiet"),
    ]
    blocks += _lists(answered)
    blocks.append(Checklist(_id(published), published.title, published.source, tuple(answered)))
    return Section(name, published.title, tuple(blocks))


def _id(published: Published) -> str:
    return f"{published.name}-items"


def _taken_over(source: Source, name: str) -> frozenset[str]:
    """Numbers of the items that show what was told of others."""
    told = _reporting(source, name)
    return frozenset(
        number for number in probast_rules.SAME_AS if _taken_from(source, told, number)
    )


def _counts(answered: Sequence[Item], taken: Set[str]) -> Iterator[Fact]:
    for by, label in LABELS.items():
        count = sum(_counted_as(item, taken) == by for item in answered)
        if by == "taken over" and not count:
            continue
        yield Fact(label, OF.format(count=count, items=len(answered)), MEANINGS[by])


def _counted_as(item: Item, taken: Set[str]) -> str:
    """An item of which a part is left open is no item that was answered."""
    if item.remains:
        return "in part"
    return "taken over" if item.number in taken else item.answered


def _lists(answered: Sequence[Item]) -> Iterator[Listing]:
    """What is still open, whole items before parts of items."""
    whole = [item for item in answered if item.answered == "for a person"]
    partly = [item for item in answered if item.remains]
    if whole:
        yield Listing(
            tuple(LINE.format(number=item.number, asks=item.asks) for item in whole),
            OPEN_TITLE.format(open=len(whole), items=len(answered)),
        )
    if partly:
        lines = tuple(
            LINE.format(number=item.number, asks=item.remains.removeprefix("For a person: "))
            for item in partly
        )
        title = PARTLY_TITLE.format(partly=len(partly), items=len(answered))
        yield Listing(lines, title)
