"""Pages from templates: every text is escaped, and every word stands in a template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from predictor.service.answer_page import answer_page
from predictor.service.forms import Form, carried_over

if TYPE_CHECKING:
    from jinja2 import Environment

    from predictor.clinic.results import Prediction
    from predictor.fitted.bundle import Bundle
    from predictor.service.problems import Problem
    from predictor.service.served import Served

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def form_response(
    served: Served, bundle: Bundle, form: Form, *, status: int = 200, left_behind: int = 0
) -> Response:
    """The form of a model.

    Parameters
    ----------
    served, bundle
        All models, and the one of this form.
    form
        Its contents.
    status
        Of HTTP.
    left_behind
        How many values that were typed for another model have no place here.
    """
    return _page(
        "form.html.j2",
        status,
        form=form,
        models=list(served.bundles.values()),
        bundle=bundle,
        outcome=bundle.manifest["outcome"],
        demonstration=bundle.manifest["evidence"]["level"] == "demonstration",
        left_behind=left_behind,
    )


def answer_response(
    served: Served, bundle: Bundle, prediction: Prediction, posted: Mapping[str, str]
) -> Response:
    """The page of an answer.

    Parameters
    ----------
    served, bundle
        All models, and the one that answered.
    prediction
        The answer.
    posted
        What was typed, which the page carries back to the form.
    """
    labels = {v.name: v.label for v in bundle.dictionary.variables.values()}
    others = [
        (other, carried_over(posted, other))
        for other in served.bundles.values()
        if other is not bundle
    ]
    return _page(
        "answer.html.j2",
        200,
        answer=answer_page(prediction, labels),
        bundle=bundle,
        posted={name: text for name, text in posted.items() if text},
        others=others,
        now=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
    )


def problem_page(problem: Problem) -> Response:
    """A problem, for people."""
    response = _page("problem.html.j2", problem.status, problem=problem)
    response.headers.update(problem.headers)
    return response


def _page(template: str, status: int, **contents: Any) -> Response:
    return HTMLResponse(_environment().get_template(template).render(contents), status)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=8)
def static(name: str) -> bytes:
    """A file that pages use, such as the style sheet."""
    return (_TEMPLATES / name).read_bytes()
