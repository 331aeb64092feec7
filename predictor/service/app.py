"""The application: addresses for programs and for people behind one gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException

import predictor
from predictor.errors import PatientRefused, PredictorError
from predictor.service.api import add_api
from predictor.service.openapi import document
from predictor.service.pages import problem_page
from predictor.service.problems import Problem, ProblemError, problem_of, problem_response
from predictor.service.security import Gate, Limits
from predictor.service.served import load_served
from predictor.service.token import TokenCheck
from predictor.service.web import add_web

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def create_app(
    models: Sequence[str | Path],
    *,
    token: str | None = None,
    hosts: frozenset[str] | None = LOOPBACK_HOSTS,
    limits: Limits | None = None,
) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    models
        Folders of bundles, or names of shipped ones.
    token
        What every request must carry; None where only this machine reaches the server.
    hosts
        Names under which the server is reached; None for any, which needs a token.
    limits
        How much and how long; None for the defaults.

    Raises
    ------
    BundleError
        If a model cannot be loaded, or two have one name.
    """
    if hosts is None and token is None:
        raise ValueError("a server for any host needs a token")
    limits = limits or Limits()
    served = load_served(models, seconds=limits.answer_seconds)
    app = FastAPI(
        title="predictor",
        version=predictor.__version__,
        docs_url=None,  # its page would load scripts from outside
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.models = tuple(served.bundles)
    add_api(app, served)
    add_web(app, served)
    app.add_exception_handler(HTTPException, _unknown_address)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(PredictorError, _refused)
    app.add_exception_handler(PatientRefused, _refused)
    app.add_middleware(
        Gate,
        limits=limits,
        token=None if token is None else TokenCheck(token),
        hosts=hosts,
        respond=_respond,
    )
    description = document(served, token=token is not None)

    def openapi() -> dict[str, Any]:
        return description

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _respond(problem: Problem, headers: dict[bytes, bytes]) -> Response:
    """A problem as the one who asked can read it: browsers say that they take HTML."""
    if b"text/html" in headers.get(b"accept", b""):
        return problem_page(problem)
    return problem_response(problem)


def _of_request(request: Request, problem: Problem) -> Response:
    return _respond(problem, dict(request.scope["headers"]))


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - tells the type checker
    return _of_request(request, error.problem)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, PredictorError)  # noqa: S101 - tells the type checker
    return _of_request(request, problem_of(error))


async def _unknown_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - tells the type checker
    codes = {404: "not-found", 405: "method-not-allowed"}
    code = codes.get(error.status_code, "refused")
    return _of_request(request, Problem(error.status_code, code, headers=dict(error.headers or {})))
