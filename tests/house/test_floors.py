"""The plan of the house (CONTRIBUTING.md): what may import what, held against every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "predictor"

# Room -> floor. A module imports from its own floor or from lower ones.
FLOORS = {
    "errors": 0,
    "documents": 0,
    "shipped": 0,
    "checklists": 0,
    "clinical": 0,
    "config": 1,
    "config_errors": 1,
    "config_external": 1,
    "config_parts": 1,
    "config_records": 1,
    "config_sources": 1,
    "config_states": 1,
    "config_compute": 1,
    "config_time": 1,
    "new_cohort": 1,
    "config_visit_times": 1,
    "study": 1,
    "performance": 1,
    "fitted": 2,
    "cohort": 2,
    "explanation": 3,
    "learning": 4,
    "clinic": 4,
    "validation": 5,
    "tracking": 6,
    "report": 6,
    "workflow": 7,
    "service": 7,
    "terminal": 8,
    "terminal_cohorts": 8,
    "terminal_outcomes": 8,
    "terminal_states": 8,
    "terminal_time": 8,
    "terminal_training": 8,
    "command": 8,
    "candidate_commands": 8,
    "cohort_commands": 8,
    "compare_commands": 8,
    "external_commands": 8,
    "federated_commands": 8,
    "outcome_commands": 8,
    "performance_commands": 8,
    "plan_commands": 8,
    "records_commands": 8,
    "registry_commands": 8,
    "report_commands": 8,
    "service_commands": 8,
    "cli": 8,
    "__main__": 8,
}

# What the floors alone would allow, and the design does not: the bedside needs no fitting.
FORBIDDEN = {"clinic": {"learning", "validation", "cohort"}}

# A library that only some rooms may know, so that it can be exchanged and need not be loaded.
OWNERS = {
    "mlflow": {"tracking"},
    "click": {
        "candidate_commands",
        "command",
        "cohort_commands",
        "compare_commands",
        "external_commands",
        "federated_commands",
        "outcome_commands",
        "performance_commands",
        "plan_commands",
        "records_commands",
        "registry_commands",
        "report_commands",
        "service_commands",
        "cli",
    },
    "rich": {
        "terminal",
        "terminal_cohorts",
        "terminal_outcomes",
        "terminal_states",
        "terminal_time",
        "terminal_training",
    },
    "matplotlib": {"report"},
    "jinja2": {"report", "service"},
    "fastapi": {"service"},
    "starlette": {"service"},
    "uvicorn": {"service"},
    "anyio": {"service"},
    "shap": {"explanation"},
    "skops": {"fitted"},
    "sklearn": {"learning"},
    "sksurv": {"learning"},
    "joblib": {"learning"},
    "dask": {"learning"},
    "distributed": {"learning"},
    "threadpoolctl": {"learning", "workflow"},
    "interpret": {"learning"},
    "pydantic": {
        "config",
        "config_errors",
        "config_external",
        "config_parts",
        "config_records",
        "config_sources",
        "config_states",
        "config_compute",
        "config_time",
        "new_cohort",
        "study",
    },
    "yaml": {"documents"},
    "openpyxl": {"cohort"},
    "sqlalchemy": {"cohort"},
}

# What answering for one patient from a linear bundle goes through: standard library and numpy.
BEDSIDE = {"errors", "documents", "shipped", "clinical", "fitted", "explanation", "clinic"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def room(module: str) -> str | None:
    """The room of a module of ours; None for ``predictor`` itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of every import, those inside functions and ``TYPE_CHECKING`` included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides its floor"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, str(node.args[0].value)


def at_runtime(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported, so neither functions nor type checking."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def libraries_at_import(path: Path) -> set[str]:
    found: set[str] = set()
    for node in at_runtime(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_module_stands_on_a_floor_and_imports_only_from_it_or_below(path: Path) -> None:
    here = room(dotted(path))
    if here is None:  # predictor/__init__.py hands names on; see the next test
        return
    assert here in FLOORS, f"{here} has no floor: add it to the plan here and in CONTRIBUTING.md"
    for line, name in imported(path):
        if not name.startswith("predictor.") or name == "predictor.__version__":
            continue
        there = room(name)
        assert there in FLOORS, f"{path.name}:{line}: {name} is in no room of the plan"
        assert FLOORS[there] <= FLOORS[here], (
            f"{path.name}:{line}: {here} (floor {FLOORS[here]}) imports {there} "
            f"(floor {FLOORS[there]})"
        )
        assert there not in FORBIDDEN.get(here, set()), (
            f"{path.name}:{line}: {here} needs no {there}"
        )


def test_the_package_itself_imports_nothing_of_its_own_when_imported() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in at_runtime(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        assert not [name for name in names if name.split(".")[0] == "predictor"]


def test_the_public_names_are_there_and_come_from_where_type_checkers_see_them() -> None:
    import predictor

    for name in predictor.__all__:
        assert getattr(predictor, name) is not None
    checked = {
        (str(node.module), alias.name, alias.asname or alias.name)
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("predictor.")
        for alias in node.names
    }
    lazy = {(module, attribute, name) for name, (module, attribute) in predictor._HOMES.items()}
    assert checked == lazy
    for module, attribute, _ in lazy:
        assert hasattr(import_module(module), attribute)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_library_is_known_only_to_its_rooms(path: Path) -> None:
    here = room(dotted(path))
    for line, name in imported(path):
        allowed = OWNERS.get(name.split(".")[0])
        assert allowed is None or here in allowed, (
            f"{path.name}:{line}: {name.split('.')[0]} belongs to {', '.join(sorted(allowed))}"
        )


@pytest.mark.parametrize("path", [p for p in modules() if room(dotted(p)) in BEDSIDE], ids=dotted)
def test_a_room_at_the_bedside_needs_only_numpy_to_be_imported(path: Path) -> None:
    found = libraries_at_import(path) - sys.stdlib_module_names - {"predictor", "numpy"}
    assert not found, f"{path.name} imports {', '.join(sorted(found))} at its top"


def test_no_two_modules_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    names = {dotted(path) for path in modules()}
    for path in modules():
        graph[dotted(path)] = set()
        for node in at_runtime(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    graph[dotted(path)] |= {n for n in (whole, str(node.module)) if n in names}
    for name in names:
        graph[name].discard("predictor")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other: {' -> '.join(error.args[1])}")


def test_the_plan_names_no_room_that_is_gone() -> None:
    rooms = {room(dotted(path)) for path in modules()} - {None}
    assert set(FLOORS) == rooms


def test_rooms_hand_nothing_on() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, f"{path.parent.name}/__init__.py holds more than its docstring"
        assert ast.get_docstring(ast.Module(body, [])), f"{path.parent.name} says not what it is"
