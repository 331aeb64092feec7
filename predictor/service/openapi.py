"""The OpenAPI document: what is accepted and answered, from the bundles that are served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import predictor
from predictor.clinic.patient import COMPARATORS, IDENTIFIER
from predictor.clinical.cells import SIMULATED
from predictor.clinical.units import readable_unit
from predictor.service.answer_schema import (
    FHIR_PREDICTION,
    FHIR_PROBLEM,
    MODELS,
    PREDICTION,
    PROBLEM,
)
from predictor.service.api import LONGEST_LOOK_BACK
from predictor.service.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from predictor.clinical.variable import Variable
    from predictor.fitted.bundle import Bundle
    from predictor.service.served import Served

Schema = dict[str, Any]

_DESCRIPTION = """\
One patient in, one prediction out; nothing is kept. A prediction of the outcome is the prognosis \
of patients treated as those of the cohort were. It is not the effect of a treatment, and no \
answer to whether a patient needs one."""

_RESPONSES = {
    "400": "The body is no strict JSON: malformed, repeated keys, NaN, nested without end.",
    "401": "The token is missing or wrong.",
    "403": "A page of another site asks in a browser's name.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "415": "The body is in another format.",
    "421": "The request names another host.",
    "422": "No prediction is given; every reason is listed.",
    "431": "The headers are too large.",
    "500": "An error of the server; nothing of the request was kept.",
    "503": "Too many connections are open, or the answer took too long.",
}
_ALWAYS = ("408", "413", "421", "431", "500", "503")


def document(served: Served, *, token: bool) -> Schema:
    """The document of a server.

    Parameters
    ----------
    served
        Its models.
    token
        Whether requests must carry one.
    """
    bundles = list(served.bundles.values())
    schemas: dict[str, Schema] = {
        "Prediction": PREDICTION,
        "FhirPrediction": FHIR_PREDICTION,
        "Models": MODELS,
        "Problem": PROBLEM,
        "FhirProblem": FHIR_PROBLEM,
        **{f"Patient-{i}": _patient(bundle) for i, bundle in enumerate(bundles)},
    }
    components: Schema = {"schemas": schemas}
    described: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "predictor",
            "version": predictor.__version__,
            "description": _DESCRIPTION,
        },
        "paths": _paths(bundles, token=token),
        "components": components,
    }
    if token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return described


def _paths(bundles: list[Bundle], *, token: bool) -> Schema:
    refused = ("401", "403") if token else ("403",)
    asked = (*refused, "400", "415", "422")
    paths: Schema = {
        "/health": {
            "get": _operation("health", "Whether the server answers", _HEALTH, _ALWAYS),
        },
        "/models": {
            "get": _operation(
                "models",
                "The models and what they take",
                _reference("Models"),
                (*_ALWAYS, *refused[:-1]),
            ),
        },
        "/predict": {
            "post": {
                **_operation(
                    "predict",
                    "Predict for one patient",
                    _reference("Prediction"),
                    (*_ALWAYS, *asked),
                ),
                "requestBody": _body(_request(bundles), "application/json"),
            },
        },
        "/predict/fhir": {
            "post": {
                **_operation(
                    "predict_fhir",
                    "Predict for the patient of a FHIR R4 Bundle",
                    _reference("FhirPrediction"),
                    (*_ALWAYS, *asked),
                ),
                "parameters": _parameters(bundles),
                "requestBody": _body(_FHIR_BUNDLE, "application/fhir+json", "application/json"),
            },
        },
    }
    refusal = paths["/predict/fhir"]["post"]["responses"]["422"]
    refusal["content"][MEDIA_TYPE]["schema"] = _reference("FhirProblem")
    if token:
        for path, methods in paths.items():
            if path != "/health":
                for operation in methods.values():
                    operation["security"] = [{"token": []}]
    return paths


_HEALTH: Schema = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"const": "ok"}},
}

_FHIR_BUNDLE: Schema = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {
        "resourceType": {"const": "Bundle"},
        "entry": {"type": "array", "items": {"type": "object"}},
    },
    "description": "One Patient with Observations, Conditions and MedicationStatements.",
}


def _operation(name: str, summary: str, answer: Schema, problems: Iterable[str]) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            **{
                status: {
                    "description": _RESPONSES[status],
                    "content": {MEDIA_TYPE: {"schema": _reference("Problem")}},
                }
                for status in sorted(problems)
            },
        },
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _body(schema: Schema, *media_types: str) -> Schema:
    return {"required": True, "content": {name: {"schema": schema} for name in media_types}}


def _request(bundles: list[Bundle]) -> Schema:
    """Body of a request; with several models it names one."""
    required = ["patient"] if len(bundles) == 1 else ["model", "patient"]
    requests = [
        {
            "type": "object",
            "required": required,
            "additionalProperties": False,
            "properties": {
                "model": {"const": bundle.name},
                "patient": _reference(f"Patient-{i}"),
            },
        }
        for i, bundle in enumerate(bundles)
    ]
    return requests[0] if len(requests) == 1 else {"oneOf": requests}


def _parameters(bundles: list[Bundle]) -> list[Schema]:
    """Parameters of the address; none of them is a value of the patient."""
    return [
        {
            "name": "model",
            "in": "query",
            "required": len(bundles) > 1,
            "schema": {"enum": [bundle.name for bundle in bundles]},
        },
        {
            "name": "index_date",
            "in": "query",
            "required": False,
            "description": "The day of the prediction; by default that of the newest observation.",
            "schema": {"type": "string", "format": "date", "pattern": "^(19|20)"},
        },
        {
            "name": "look_back_days",
            "in": "query",
            "required": False,
            "description": "Observations older than this are not read; 90 by default.",
            "schema": {"type": "integer", "minimum": 0, "maximum": LONGEST_LOOK_BACK},
        },
    ]


_MARK: Schema = {
    "type": ["boolean", "number", "string", "null"],
    "description": "1 or true where the patient is simulated; the answer says so.",
}


def _patient(bundle: Bundle) -> Schema:
    """What a model takes: its predictors, the exclusion criteria, and what it leaves unused."""
    read = {v.name: _variable(v) for v in (*bundle.variables, *bundle.criteria)}
    unused = {
        name: {"description": f"{variable.label}; accepted and not used."}
        for name, variable in bundle.dictionary.variables.items()
        if name not in read
    }
    identifier = {
        "type": ["string", "number", "null"],
        "description": "Handed back with the answer, and used for nothing.",
    }
    share = f"{bundle.most_missing:.0%}"
    return {
        "type": "object",
        "description": f"What is left out or null is unknown; at most {share} of the predictors.",
        "minProperties": len(bundle.variables) - int(bundle.most_missing * len(bundle.variables)),
        "additionalProperties": False,
        "properties": {IDENTIFIER: identifier, SIMULATED: _MARK, **unused, **read},
    }


def _variable(variable: Variable) -> Schema:
    if variable.kind == "continuous":
        unit = readable_unit(variable.unit)
        number: Schema = {"type": "number", "description": f"In {unit}." if unit else "A number."}
        plausible = variable.plausible
        if plausible is not None and plausible.low is not None:
            number["minimum"] = plausible.low
        if plausible is not None and plausible.high is not None:
            number["maximum"] = plausible.high
        if variable.integer:
            number["multipleOf"] = 1
        text = f"A number with a unit, one of: {', '.join(variable.units)}."
        inner: Schema = {"type": ["number", "string", "null"]}
        unit_schema: Schema = {"type": ["string", "null"], "description": "By default, that above."}
        kinds = [number, {"type": "string", "description": text}]
    else:
        kinds = [{"type": "string", "description": f"One of: {', '.join(variable.states)}."}]
        if variable.kind == "binary":
            kinds += [{"type": "boolean"}, {"enum": [0, 1]}]
        inner = {"type": ["string", "boolean", "number", "null"]}
        unit_schema = {"type": ["string", "null"], "maxLength": 0}
    wrapped: Schema = {
        "type": "object",
        "required": ["value"],
        "additionalProperties": False,
        "properties": {"value": inner, "unit": unit_schema},
    }
    if variable.kind == "continuous":
        known = "The value is only known to lie beyond the number, which is a limit."
        wrapped["properties"]["comparator"] = {"enum": list(COMPARATORS), "description": known}
    return {"description": variable.label, "anyOf": [*kinds, wrapped, {"type": "null"}]}
