"""Answers to TRIPOD+AI that a model of several states and one of a time give by the same rules."""

from __future__ import annotations

from collections.abc import Mapping

from predictor.report.contents import tripod_rules
from predictor.report.contents import tripod_words as words
from predictor.report.contents.checklists import answered_items, checklist_section
from predictor.report.contents.run_facts import Answer, Facts
from predictor.report.contents.source import Source
from predictor.report.contents.tripod_rules import Rule
from predictor.report.document import Section, Verdict

KEPT: Mapping[str, Rule] = {
    number: tripod_rules.RULES[number]
    for number in (
        "1",
        "3b",
        "4",
        "5a",
        "5b",
        "6b",
        "6c",
        "7",
        "8b",
        "8c",
        "9b",
        "9c",
        "11",
        "12f",
        "12g",
        "16",
        "17",
        "18e",
        "18f",
        "20c",
        "24",
        "26",
        "27a",
        "27b",
        "27c",
    )
}
"""Items whose rules say nothing of an event."""

CHOICE = (
    "{predictors} candidate predictors were named in the configuration before any fit; none was "
    "chosen by its relation to the outcome before modelling."
)


def checklist_sections(
    source: Source, verdict: Verdict, tripod: Mapping[str, Rule], probast: Mapping[str, Rule]
) -> tuple[Section, Section]:
    """The two checklists of a bundle.

    Parameters
    ----------
    source
        The bundle, opened.
    verdict
        What must happen next is taken from it.
    tripod, probast
        Item -> rule; an item without one, or whose rule gives None, is for a person.
    """
    facts = Facts(source.manifest, source.findings, verdict.next_steps)
    answered = answered_items(source, "tripod", tripod, facts)
    judged = answered_items(source, "probast", probast, facts)
    return (
        checklist_section(source, "tripod", answered),
        checklist_section(source, "probast", judged),
    )


def said(text: str, section: str = "") -> Rule:
    """A rule that gives the same answer whatever was found."""

    def rule(facts: Facts) -> Answer:
        del facts
        return Answer(text, section)

    return rule


def choice(facts: Facts) -> Answer:
    """How the predictors were chosen."""
    text = CHOICE.format(predictors=len(facts.predictors))
    return Answer(text, "model", remains=words.CHOICE_REMAINS)


def building(template: str) -> Rule:
    """How the model was built, of ``candidates``, ``model`` and ``inner`` folds."""

    def rule(facts: Facts) -> Answer:
        text = template.format(
            candidates=", ".join(facts.candidates),
            model=facts.model,
            inner=facts.plan["inner_folds"],
        )
        return Answer(text, "performance-candidates", remains=words.BUILDING_REMAINS)

    return rule


def flow(template: str) -> Rule:
    """Who was analysed, of ``patients`` and ``events``."""

    def rule(facts: Facts) -> Answer:
        remains = words.FLOW_REMAINS if facts.left_out else words.FLOW_BEFORE
        cohort = facts.manifest["cohort"]
        text = template.format(patients=facts.patients, events=cohort["events"])
        return Answer(text, "patients-flow", remains="" if facts.simulated else remains)

    return rule


def table_of_patients(text: str) -> Rule:
    """That their predictors are shown; None where the bundle does not hold them."""

    def rule(facts: Facts) -> Answer | None:
        if "patients" not in facts.findings:
            return None
        return Answer(text, "patients-table-one", remains=words.TABLE_ONE_REMAINS)

    return rule


def specification(template: str) -> Rule:
    """Where the whole model stands, of the ``digest`` of the bundle."""

    def rule(facts: Facts) -> Answer:
        text = template.format(digest=facts.manifest["model"]["digest"])
        return Answer(text, "model-equation", remains=words.SPECIFICATION_REMAINS)

    return rule
