"""What pytest must be able to collect with nothing but `.[test]` installed."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

# Come with `.[dev]` only; a test that needs one imports it inside.
DEVELOPERS = {"playwright", "psycopg", "pyspark", "schemathesis", "mypy", "ruff"}


def imported_at_the_top(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_no_file_needs_a_developers_tool_to_be_collected() -> None:
    found = {
        str(path.relative_to(TESTS)): sorted(tools)
        for path in TESTS.rglob("*.py")
        if (tools := imported_at_the_top(path) & DEVELOPERS)
    }
    assert not found


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
