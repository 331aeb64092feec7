"""Habits that a reviewer should not have to look for (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from command_lines import complaint

from predictor import cli
from predictor.clinical.dictionary import load_dictionary

LONGEST_MODULE = 400

TEXT = {
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".json",
    ".md",
    ".py",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}
TABLES = {
    ".csv",
    ".tsv",
    ".xlsx",
    ".xls",
    ".parquet",
    ".pq",
    ".rds",
    ".rdata",
    ".db",
    ".zip",
    ".gz",
}

# Written in pieces, so that this file does not accuse itself.
PLACES = [
    "/" + "work/",
    "/" + "root/",
    "/" + "opt/",
    "/" + "tmp/w/",
    "/" + "farm/",
    ".libr" + "ary/",
]
REGISTRIES = ["py" + "pi.org", "python" + "hosted", "conda" + ".io", "anaconda" + ".org"]
SERVICES = ["index" + "-url", "find" + "-links", "trusted" + "-host"]

PATIENT_COLUMNS = (
    "days_since_" + "kidney_biopsy",
    "batch_" + "replicate",
    "lymph_percent,mono" + "_percent",
)

ONLY_MENTIONED = "tests/house/test_style.py"


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Files that git knows or would add."""
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("this is no git clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := root / name).is_file()]


@pytest.fixture(scope="module")
def texts(tracked: list[Path], root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in tracked
        if path.suffix in TEXT
    }


@pytest.mark.parametrize(
    "words", [PLACES, REGISTRIES, SERVICES], ids=["places", "hosts", "options"]
)
def test_no_file_knows_this_machine_or_a_registry(texts: dict[str, str], words: list[str]) -> None:
    pattern = re.compile("|".join(rf"(?<![\w.])(?:{re.escape(word)})" for word in words))
    found = [
        f"{name}:{number}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found


def test_git_knows_no_table_of_patients(tracked: list[Path], root: Path) -> None:
    # A shipped bundle holds three tables about models; the digests of its manifest cover them.
    of_bundles = {
        root / "models" / model / f"{table}.csv"
        for model in ("remission", "relapse")
        for table in ("comparison", "importance", "validation")
    }
    tables = [path for path in tracked if path.suffix.lower() in TABLES]
    assert not [path.name for path in tables if path not in of_bundles]


def test_no_tracked_text_holds_a_row_of_the_real_cohorts(
    texts: dict[str, str], shared: Path
) -> None:
    rows = {
        line.strip()
        for path in (shared / "data").glob("*.csv")
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(line) > 40
    }
    assert rows
    found = {
        name for name, text in texts.items() for line in text.splitlines() if line.strip() in rows
    }
    assert not found


def test_no_text_holds_the_header_of_a_real_cohort(texts: dict[str, str]) -> None:
    allowed = ("docs/data.md", ONLY_MENTIONED)
    found = [
        name
        for name, text in texts.items()
        if name not in allowed and any(column in text for column in PATIENT_COLUMNS)
    ]
    assert not found


def test_modules_stay_short(root: Path) -> None:
    lengths = {
        path.relative_to(root).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (root / "predictor").rglob("*.py")
    }
    assert not {name: n for name, n in lengths.items() if n > LONGEST_MODULE}


def test_no_module_is_a_drawer_for_everything(root: Path) -> None:
    names = {path.stem for path in (root / "predictor").rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


@pytest.mark.parametrize("name", sorted(cli.app.commands))
def test_every_command_has_help_with_an_example_that_works(name: str) -> None:
    command = cli.app.commands[name]
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    example = re.search(r"predictor .+", command.epilog or "")
    assert example is not None, f"{name} has no example"
    assert example[0].split()[1] == name
    assert complaint(example[0]) is None


def test_no_variable_of_the_disease_is_named_outside_its_data(root: Path) -> None:
    # Words that are also everyday keys of a program are no evidence.
    everyday = {"age", "sex", "weight", "indication", "fatigue", "fever"}
    names = set(load_dictionary().variables) - everyday
    # Nor are the modules that make the patients of the one cohort the package knows by heart.
    found = [
        f"{path.relative_to(root)}:{node.lineno} {node.value}"
        for path in (root / "predictor").rglob("*.py")
        if path.parent.name != "clinical" and not path.stem.startswith("published")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    ]
    assert not found


def test_nothing_is_pickled(root: Path) -> None:
    for path in (root / "predictor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            assert not {"pickle", "cloudpickle", "dill", "marshal", "shelve"} & set(names), (
                path.name
            )
