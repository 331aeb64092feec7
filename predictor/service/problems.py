"""What goes wrong, as RFC 9457 tells it: ``application/problem+json`` with every reason at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from predictor.errors import DocumentError, PatientRefused, PredictorError, Reason

MEDIA_TYPE = "application/problem+json"

_TITLES = {
    400: "The request cannot be read",
    401: "A token is needed",
    403: "The request comes from another site",
    404: "There is nothing at this address",
    405: "This address does not take this method",
    408: "The request came too slowly",
    413: "The request is too large",
    415: "The request is in a format that is not read here",
    421: "The request is meant for another server",
    422: "No prediction is given",
    431: "The request has too many headers",
    500: "An error of ours",
    503: "No answer can be given now",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was refused.

    Parameters
    ----------
    status
        Of HTTP.
    code
        Stable machine-readable name.
    detail
        The rule and the next step, as sentences; never a patient's value.
    errors
        Where several rules were broken, all of them.
    headers
        Further headers of the response.
    members
        Further members of the document, such as what was read of the record of a refused patient.
    """

    status: int
    code: str
    detail: str = ""
    errors: tuple[Reason, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The kind of problem, in words."""
        return _TITLES.get(self.status, "The request was refused")

    def to_dict(self) -> dict[str, Any]:
        """Members of a problem document."""
        return {
            "type": f"urn:predictor:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": [
                {"code": r.code, "variable": r.where or None, "message": r.message}
                for r in self.errors
            ],
            **self.members,
        }


class ProblemError(Exception):
    """Carries a problem to the one place that answers with it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


def problem_response(problem: Problem) -> Response:
    """The problem as JSON."""
    body = json.dumps(problem.to_dict(), ensure_ascii=True, allow_nan=False).encode()
    return Response(body, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE)


def problem_of(error: PredictorError) -> Problem:
    """What an error of the lower floors means to the one who asked.

    Parameters
    ----------
    error
        Raised for something in the request.
    """
    if isinstance(error, PatientRefused):
        return Problem(422, "patient-refused", "Every reason is listed.", error.reasons)
    if isinstance(error, DocumentError):
        return Problem(400, "unreadable-document", _sentences(error), error.reasons)
    return Problem(422, "refused", _sentences(error), error.reasons)


def unusable_record(error: DocumentError) -> Problem:
    """A FHIR record that is JSON and can still not be used.

    Parameters
    ----------
    error
        What its reader found.
    """
    return Problem(422, "unusable-record", _sentences(error), error.reasons)


def _sentences(error: PredictorError) -> str:
    rule = error.rule if error.rule.endswith((".", ":", "?")) else f"{error.rule}."
    return " ".join(part for part in (f"{error.where}: {rule}", error.next_step) if part)
