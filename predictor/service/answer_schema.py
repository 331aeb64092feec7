"""JSON Schemas of what the server answers; tests hold real answers against them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_RANGE: Schema = {
    "type": ["array", "null"],
    "items": {"type": ["number", "null"]},
    "minItems": 2,
    "maxItems": 2,
}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_REASON = _object({"code": _TEXT, "variable": _TEXT_OR_NULL, "message": _TEXT})

_EVIDENCE = _object(
    {
        "level": {
            "enum": [
                "demonstration",
                "exploratory",
                "internally validated",
                "externally validated",
            ]
        },
        "patients": _COUNT,
        "events": _COUNT_OR_NULL,
        "simulated_patients": _COUNT,
        "statement": _TEXT,
    }
)

_STATE = _object(
    {
        "state": _TEXT,
        "label": _TEXT,
        "probability": _SHARE,
        "low": {"type": ["number", "null"]},
        "high": {"type": ["number", "null"]},
        "reference_probability": _SHARE,
    }
)
"""Of a multinomial model each state but the first has ``base_value`` and ``contributions``, too."""

PREDICTION = _object(
    {
        "patient": _TEXT_OR_NULL,
        "outcome": _TEXT,
        "horizon": _TEXT,
        "probability": _SHARE,
        "interval": _or_null(
            _object(
                {
                    "level": _or_null(_SHARE),
                    "low": _SHARE,
                    "high": _SHARE,
                    "method": _TEXT,
                    "widening": _NUMBER,
                }
            )
        ),
        "reference_probability": _SHARE,
        "scale": {"type": "string", "pattern": "^(log-odds( against .+)?|probability)$"},
        "base_value": _NUMBER,
        "contributions": _list(
            _object(
                {
                    "variable": _TEXT,
                    "label": _TEXT,
                    "value": {"type": ["number", "string", "null"]},
                    "unit": _TEXT_OR_NULL,
                    "contribution": _NUMBER,
                    "typical": {"type": ["number", "string", "null"]},
                    "standing": {"enum": ["low", "high", None]},
                }
            )
        ),
        "imputed": _list(_TEXT),
        "warnings": _list(_REASON),
        "applicability": _or_null(
            _object({"inside": {"type": "boolean"}, "distance_percentile": _SHARE})
        ),
        "evidence": _EVIDENCE,
        "validation": _TEXT_OR_NULL,
        "model": _object({"name": _TEXT, "version": _TEXT, "digest": _TEXT}),
    }
)
PREDICTION["properties"]["states"] = _list(_STATE)  # of a model of several states alone

_DATE_OR_NULL: Schema = {"type": ["string", "null"], "format": "date"}

_TAKEN = _object(
    {
        "variable": _TEXT,
        "label": _TEXT,
        "value": {"type": ["number", "string", "boolean", "null"]},
        "unit": _TEXT_OR_NULL,
        "date": _DATE_OR_NULL,
        "code": _TEXT_OR_NULL,
        "resource": _TEXT_OR_NULL,
        "note": _TEXT_OR_NULL,
    }
)

_IGNORED = _object(
    {
        "what": _TEXT,
        "code": _TEXT_OR_NULL,
        "reason": _TEXT,
        "variable": _TEXT_OR_NULL,
        "date": _DATE_OR_NULL,
        "resource": _TEXT_OR_NULL,
        "count": _COUNT,
    }
)

_READ = _object(
    {
        "index_date": {"type": "string", "format": "date"},
        "taken": _list(_TAKEN),
        "ignored": _list(_IGNORED),
    }
)

FHIR_PREDICTION: Schema = {
    "allOf": [{"$ref": "#/components/schemas/Prediction"}, _object({"fhir": _READ})]
}

_VARIABLE = _object(
    {
        "name": _TEXT,
        "label": _TEXT,
        "kind": {"enum": ["continuous", "binary", "nominal"]},
        "unit": _TEXT_OR_NULL,
        "units": _list(_TEXT),
        "states": _list(_TEXT),
        "reference": _RANGE,
        "plausible": _RANGE,
        "loinc": _list(_TEXT),
    }
)

_LIMITED = _object({**_VARIABLE["properties"], "limit": _RANGE})

MODELS = _object(
    {
        "models": _list(
            _object(
                {
                    "name": _TEXT,
                    "version": _TEXT,
                    "digest": _TEXT,
                    "outcome": _TEXT,
                    "label": _TEXT,
                    "horizon": _TEXT,
                    "population": _TEXT,
                    "evidence": _EVIDENCE,
                    "most_missing": _SHARE,
                    "predictors": _list(_VARIABLE),
                    "exclusions": _list(_VARIABLE),
                    "limits": _list(_LIMITED),
                    "states": _list(
                        _object({"state": _TEXT, "label": _TEXT, "patients": _COUNT_OR_NULL})
                    ),
                }
            )
        )
    }
)

PROBLEM = _object(
    {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": _TEXT,
        "errors": _list(_REASON),
    }
)

FHIR_PROBLEM: Schema = {
    "allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {
            "type": "object",
            "properties": {"fhir": _READ},
            "description": "With what was read of the record, where the patient in it is refused.",
        },
    ]
}
