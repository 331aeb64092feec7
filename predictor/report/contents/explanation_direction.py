"""The model's directions beside those that the dictionary expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from predictor.clinical.expectation import Expectation, expectation_of
from predictor.clinical.variable import Variable
from predictor.explanation.direction import Found, direction_of, share_of_refits
from predictor.explanation.shown import Profiles
from predictor.report.contents import explanation_words as words
from predictor.report.contents.source import Source
from predictor.report.document import Block, Cell, Column, Listing, Paragraph, Section, Table

STABLE = 0.9
"""Share of the refits below which a direction is called unstable."""


_EXPECTED = (
    Column("expected", "Expected"),
    Column("agreement", "Agreement"),
    Column("source", "Source of the expectation"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The direction of one variable, found and expected.

    Parameters
    ----------
    variable
        Its entry of the dictionary.
    found
        In the model; None for states without order.
    refits
        Share of the refits with the same direction; None where that is not known.
    expected
        By the dictionary; None where it states none.
    """

    variable: Variable
    found: Found | None
    refits: float | None
    expected: Expectation | None

    @property
    def agreement(self) -> str:
        """Whether both are the same, in a word."""
        if self.expected is None:
            return words.NOT_STATED
        if self.found not in ("raises", "lowers"):
            return words.OPEN
        return words.AGREES if self.found == self.expected.direction else words.DISAGREES


def direction_part(source: Source, profiles: Profiles, names: Sequence[str]) -> Section:
    """Table of directions, and in words where the model disagrees.

    Parameters
    ----------
    source, profiles
        The bundle and its profiles.
    names
        Variables with an effect, the most important first; the others have no direction.
    """
    found = _compared(source, profiles, names)
    outcome = source.manifest["outcome"]["label"]
    stated = any(each.expected for each in found)
    table = Table(
        "explanation-direction-table",
        words.DIRECTION_TABLE.format(outcome=outcome),
        (
            Column("label", "Variable"),
            Column("found", "In this model they"),
            Column("refits", "Same direction in the refits", "percent", 0),
            *(_EXPECTED if stated else ()),
        ),
        tuple(_row(each) for each in found),
    )
    blocks: list[Block] = [_verdict(found, outcome)]
    if stated and source.manifest["evidence"]["level"] == "demonstration":
        blocks.append(Paragraph(words.INVENTED, "warning"))
    against = tuple(_disagreement(c, outcome) for c in found if c.agreement == words.DISAGREES)
    if against:
        blocks.append(Listing(against))
    blocks.append(table)
    unstable = [c.variable.label for c in found if c.refits is not None and c.refits < STABLE]
    if unstable:
        text = words.UNSTABLE.format(share=STABLE, names="; ".join(unstable))
        blocks.append(Paragraph(text))
    return Section("explanation-direction", words.DIRECTION, tuple(blocks))


def _compared(source: Source, profiles: Profiles, names: Sequence[str]) -> list[Compared]:
    bundle, outcome = source.bundle, source.manifest["outcome"]
    effects = {each.variable: each for each in profiles.effects()}
    order = {name: i for i, name in enumerate(names)}
    variables = sorted(
        enumerate(bundle.variables), key=lambda pair: order.get(pair[1].name, len(order))
    )
    compared = []
    for j, variable in variables:
        if variable.name not in effects:
            continue
        found = direction_of(effects[variable.name], variable)
        refits = share_of_refits(bundle.replicates, j, found) if found else None
        expected = expectation_of(
            variable.expected,
            name=str(outcome["name"]),
            label=str(outcome["label"]),
            event=outcome.get("event") or (),
        )
        compared.append(Compared(variable, found, refits, expected))
    return compared


def _row(each: Compared) -> Mapping[str, Cell]:
    expected = each.expected
    return {
        "variable": each.variable.name,
        "label": each.variable.label,
        "found": words.FOUND[each.found],
        "refits": each.refits,
        "expected": words.EXPECTED[expected.direction if expected else None],
        "agreement": each.agreement,
        "source": expected.source if expected else "",
    }


def _verdict(found: Sequence[Compared], outcome: str) -> Paragraph:
    stated = [c for c in found if c.agreement in (words.AGREES, words.DISAGREES)]
    against = sum(c.agreement == words.DISAGREES for c in stated)
    expected = sum(c.expected is not None for c in found)
    if not stated and expected:
        return Paragraph(words.NONE_TOLD.format(count=expected, outcome=outcome), "quiet")
    if not stated:
        return Paragraph(words.NONE_STATED.format(outcome=outcome), "quiet")
    if against:
        text = words.SOME_DISAGREE.format(stated=len(stated), count=against)
        return Paragraph(text, "warning")
    template = words.ALL_AGREE if len(stated) > 1 else words.ONE_AGREES
    return Paragraph(template.format(count=len(stated), outcome=outcome))


def _disagreement(each: Compared, outcome: str) -> str:
    expected = each.expected
    if expected is None:
        return ""
    binary = each.variable.kind == "binary"
    refits = "" if each.refits is None else words.IN_REFITS.format(share=each.refits)
    directions = str(expected.direction), str(each.found)
    if not binary:
        directions = words.RAISE_IT[directions[0]], words.RAISE_IT[directions[1]]
    template = words.BINARY_DISAGREEMENT if binary else words.DISAGREEMENT
    return template.format(
        label=each.variable.label,
        expected=directions[0],
        found=directions[1],
        outcome=outcome,
        source=expected.source,
        refits=refits,
    )
