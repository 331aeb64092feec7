"""The addresses for programs: JSON in, JSON out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from predictor.errors import DocumentError, PatientRefused, Reason
from predictor.service.bodies import FHIR, json_object
from predictor.service.problems import Problem, ProblemError, problem_of, unusable_record
from predictor.service.served import Served, described

_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_QUERY = ("model", "index_date", "look_back_days")
_DATE_OPTION = "?index_date={day}"
"""How an index date is stated here, as people are told who need one."""

_MOST_UNKNOWN = 50
"""Names of a patient that no variable has; for each the nearest known one is looked for."""

LONGEST_LOOK_BACK = 3660
"""Days; ten years."""


def add_api(app: FastAPI, served: Served) -> None:
    """Add the addresses for programs.

    Parameters
    ----------
    app
        The application; routes of its own are found faster than those of a router within it.
    served
        The models.
    """
    models = _json({"models": [described(bundle) for bundle in served.bundles.values()]}).body
    health = b'{"status":"ok"}'

    async def post_predict(request: Request) -> Response:
        body = await json_object(request)
        _refuse_unknown(body, ("model", "patient"))
        bundle = served.named(body.get("model"))
        if not isinstance(body.get("patient"), dict):
            message = "a mapping from variable to value was expected"
            raise ProblemError(_invalid([Reason("not_a_patient", "patient", message)]))
        if len(body["patient"]) > len(bundle.dictionary.variables) + _MOST_UNKNOWN:
            message = "has far more names than there are variables"
            raise ProblemError(_invalid([Reason("too_many_names", "patient", message)]))
        prediction = await served.answer(body["patient"], bundle)
        return _json(prediction.to_dict())

    # The one address that programs ask thousands of times: first in line, and without the parts of
    # FastAPI that would look for parameters it does not have.
    app.add_route("/predict", post_predict, methods=["POST"])

    @app.get("/health")
    async def get_health() -> Response:
        return Response(health, media_type="application/json")

    @app.get("/models")
    async def get_models() -> Response:
        return Response(models, media_type="application/json")

    @app.post("/predict/fhir")
    async def post_predict_fhir(request: Request) -> Response:
        from predictor.clinic.fhir import read_fhir

        query = _query(request)
        document = await json_object(request, FHIR)
        bundle = served.named(query.get("model"))
        try:
            read = partial(read_fhir, document, bundle, date_option=_DATE_OPTION, **_window(query))
            found = await served.aside(read)  # a record may be long
        except DocumentError as error:  # JSON it is, but no record that can be used
            raise ProblemError(unusable_record(error)) from None
        try:
            prediction = await served.answer(found.patient, bundle)
        except PatientRefused as refusal:
            refused = replace(problem_of(refusal), members={"fhir": found.to_dict()})
            raise ProblemError(refused) from None
        prediction = replace(prediction, warnings=(*found.warnings, *prediction.warnings))
        return _json({**prediction.to_dict(), "fhir": found.to_dict()})


def _json(data: Mapping[str, Any]) -> Response:
    body = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode(), media_type="application/json")


def _refuse_unknown(given: Mapping[str, object], known: tuple[str, ...]) -> None:
    if not given.keys() <= set(known):
        message = f"only these are known: {', '.join(known)}"
        raise ProblemError(_invalid([Reason("unknown_key", "", message)]))


def _invalid(reasons: list[Reason]) -> Problem:
    return Problem(422, "invalid-request", "Every reason is listed.", tuple(reasons))


def _query(request: Request) -> dict[str, str]:
    pairs = request.query_params.multi_items()
    query = dict(pairs)
    if len(query) != len(pairs):
        raise ProblemError(_invalid([Reason("repeated_key", "", "a parameter is there twice")]))
    _refuse_unknown(query, _QUERY)
    return query


def _window(query: Mapping[str, str]) -> dict[str, Any]:
    """Index date and look-back of a request, checked; what was not given is left out."""
    window: dict[str, Any] = {}
    reasons = []
    if "index_date" in query:
        window["index_date"] = _date(query["index_date"])
        if window["index_date"] is None:
            reasons.append(Reason("unreadable_date", "index_date", "write it as 2026-01-31"))
    if "look_back_days" in query:
        text = query["look_back_days"]
        days = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else -1
        if not 0 <= days <= LONGEST_LOOK_BACK:
            message = f"must be a whole number of days, 0 to {LONGEST_LOOK_BACK}"
            reasons.append(Reason("unreadable_number", "look_back_days", message))
        window["look_back_days"] = days
    if reasons:
        raise ProblemError(_invalid(reasons))
    return window


def _date(text: str) -> date | None:
    if not _DATE.fullmatch(text):  # ISO 8601 also counts in weeks; and nobody is that old
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
