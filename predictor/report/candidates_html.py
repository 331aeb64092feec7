"""An order of patients as one HTML page: no script, no request, every text escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.clinic.candidate_list import CandidateList
from predictor.report.candidates_layout import (
    OUTSIDE,
    REFUSED,
    figures,
    outside,
    patients,
    refused,
    sides,
)
from predictor.report.candidates_numbers import plain_names
from predictor.report.candidates_words import (
    AFTER,
    NO_CLEARANCE,
    UNCHECKED,
    about_the_cut,
    anyway,
    assumptions,
    banner,
    cut_text,
    order_caption,
    subtitle,
    title,
    unchecked,
)
from predictor.report.html_templates import html_templates

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def candidates_html(found: CandidateList) -> str:
    """The whole order with what belongs to it, readable on a phone, on paper and in the dark."""
    rows = patients(found)
    treatment = found.treatment.name
    currency = "" if found.prices is None else found.prices.currency
    apart = ((OUTSIDE, outside(found)), (REFUSED, refused(found)))
    page: str = _template().render(
        title=title(found),
        subtitle=subtitle(found),
        banner=list(banner(found)),
        anyway=anyway(found),
        cut=cut_text(found),
        threshold=None if found.chosen is None else found.chosen.threshold,
        about_the_cut=list(about_the_cut(found)),
        figures=figures(found) if found.groups else None,
        unchecked_heading=UNCHECKED.format(treatment=treatment),
        unchecked=list(unchecked(found)),
        no_clearance=NO_CLEARANCE,
        patients=rows,
        order_caption=order_caption(found),
        sides=sides(rows, is_cut=found.chosen is not None),
        columns=5 if currency else 4,
        currency=currency,
        apart=[(heading, members) for heading, members in apart if members],
        after=AFTER.format(names=plain_names(found.after_treatment))
        if found.after_treatment
        else "",
        assumptions=list(assumptions(found)),
    )
    return page


@lru_cache(maxsize=1)
def _template() -> Template:
    return html_templates(_TEMPLATES, place=_place).get_template("candidates.html.j2")


def _place(probability: float) -> str:
    """Where a probability stands on the scale, as CSS has it."""
    return f"{100 * min(max(probability, 0.0), 1.0):.2f}%"
