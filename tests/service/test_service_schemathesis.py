"""schemathesis reads the server's OpenAPI document and tries what it says, and what it forbids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from needed import absent

from predictor.service.app import create_app

TOKEN = "a-token-made-for-a-test"  # noqa: S105 - guards nothing

EXAMPLES = 150


@pytest.fixture(scope="module")
def library() -> Any:
    """The library, which is a developers' tool."""
    try:
        import schemathesis
    except ImportError:
        absent('schemathesis: python -m pip install ".[dev]"')
    return schemathesis


def operations(library: Any, app: Any, headers: dict[str, str]) -> list[Any]:
    schema = library.openapi.from_asgi("/openapi.json", app, headers=headers)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.slow
@pytest.mark.parametrize("models", [1, 2])
def test_the_server_does_what_its_document_says(
    library: Any, made_up: Path, another: Path, models: int
) -> None:
    # A token, because the library asks under a name of its own, and tries to do without one.
    app = create_app([made_up, another][:models], token=TOKEN, hosts=None)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    # What has the right shape may still be refused: too many missing, no such unit.
    library.checks.load_all_checks()
    too_strict = library.checks.CHECKS.get_by_names(["positive_data_acceptance"])
    seen = set()
    for operation in operations(library, app, headers):
        # Where nothing is asked for, nothing can be asked wrongly.
        modes = list(library.GenerationMode) if operation.method.lower() == "post" else []
        for mode in modes or [library.GenerationMode.POSITIVE]:

            @settings(
                max_examples=EXAMPLES,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
                database=None,
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def holds(case: Any) -> None:
                response = case.call(headers=headers)
                seen.add((case.path, response.status_code))
                case.validate_response(response, headers=headers, excluded_checks=too_strict)

            holds()
    assert {("/models", 200), ("/predict", 422), ("/predict/fhir", 422)} <= seen
