"""The addresses for people: one form, one answer, no script, nothing kept."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from predictor.errors import PatientRefused
from predictor.service.bodies import form_fields
from predictor.service.forms import (
    ACTION,
    MODEL,
    carried_over,
    foreign_fields,
    form_of,
    mended,
    patient_of,
)
from predictor.service.pages import answer_response, form_response, static
from predictor.service.problems import Problem, ProblemError
from predictor.service.served import Served

_STATIC = {"page.css": "text/css", "icon.svg": "image/svg+xml"}


def add_web(app: FastAPI, served: Served) -> None:
    """Add the addresses for people.

    Parameters
    ----------
    app
        The application.
    served
        The models.
    """

    @app.get("/", include_in_schema=False)
    async def get_form(request: Request) -> Response:
        # Only the name of a model is ever in an address: addresses end in histories and logs.
        bundle = served.named(request.query_params.get(MODEL, served.first.name))
        return form_response(served, bundle, form_of(bundle, {}))

    @app.post("/", include_in_schema=False)
    async def post_form(request: Request) -> Response:
        posted = await form_fields(request)
        bundle = served.named(posted.get(MODEL))
        if posted.get(ACTION) == "edit":
            kept = carried_over(posted, bundle)
            given = {name for name, text in posted.items() if text.strip() and "value." in name}
            return form_response(
                served, bundle, form_of(bundle, kept), left_behind=len(given - kept.keys())
            )
        if foreign_fields(posted, bundle):
            raise ProblemError(Problem(400, "unreadable-form", "Fill in the form again."))
        try:
            prediction = await served.answer(patient_of(posted, bundle), bundle)
        except PatientRefused as refusal:
            reasons = mended(refusal.reasons, posted, bundle)
            form = form_of(bundle, posted, reasons)
            return form_response(served, bundle, form, status=422)
        return answer_response(served, bundle, prediction, posted)

    @app.get("/static/{name}", include_in_schema=False)
    async def get_static(name: str) -> Response:
        if name not in _STATIC:
            raise ProblemError(Problem(404, "not-found"))
        return Response(static(name), media_type=_STATIC[name])
