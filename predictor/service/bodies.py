"""Bodies of requests, read strictly: nothing guessed, nothing of them repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from predictor.documents import parse_json
from predictor.errors import DocumentError
from predictor.service.problems import Problem, ProblemError, problem_of

if TYPE_CHECKING:
    from starlette.requests import Request

JSON = ("application/json",)
FHIR = ("application/fhir+json", "application/json")
FORM = "application/x-www-form-urlencoded"

_MOST_FIELDS = 1000


async def json_object(request: Request, media_types: tuple[str, ...] = JSON) -> Mapping[str, Any]:
    """The JSON object of a request.

    Raises
    ------
    ProblemError
        If the body is in another format, no strict JSON (repeated keys, NaN, Infinity, nesting
        without end), or something other than an object.
    """
    _check_type(request, *media_types)
    text = _text(await request.body())
    try:
        data = parse_json(text, "body").data
    except DocumentError as error:
        raise ProblemError(problem_of(error)) from None
    if not isinstance(data, dict):
        raise ProblemError(Problem(422, "not-an-object", "The body must be a JSON object."))
    return data


async def form_fields(request: Request) -> dict[str, str]:
    """Fields of a posted form.

    Raises
    ------
    ProblemError
        If the body is in another format, or a field is there twice.
    """
    _check_type(request, FORM)
    try:
        text = _text(await request.body())
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:  # bytes that are no UTF-8, or fields without end
        raise ProblemError(Problem(400, "unreadable-form", "Fill in the form again.")) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ProblemError(Problem(400, "unreadable-form", "A field of the form is there twice."))
    return fields


def _check_type(request: Request, *accepted: str) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in accepted:
        detail = f"Send Content-Type: {accepted[0]}."
        raise ProblemError(
            Problem(415, "media-type", detail, headers={"Accept": ", ".join(accepted)})
        )


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError(
            Problem(400, "unreadable-document", "The body is not UTF-8 text.")
        ) from None
