"""What the wheel holds, what its dependencies are pinned to, and that it runs once installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import predictor

DISTRIBUTION = "sle-ivig-predictor"
MINORS = (11, 12, 13, 14)
SHIPPED_MODELS = ("remission", "relapse")
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
CODE = {".js", ".py", ".yaml", ".j2", ".typed", ".css", ".svg"}

# A whole study in a few seconds, with numbers from a generator.
STUDY = """
name: made-up
question: {outcome: remitted, event: [1], horizon: 6 months, population: nobody}
cohort: {file: cohort.csv, patient: patient, units: {c3: mg/dL}}
predictors: [age, sex, c3]
baseline: age
models: {ridge: {penalty: [1, 10]}, random_forest: {trees: 20, min_samples_leaf: 5}}
validation: {folds: 3, repeats: 1, bootstrap: 20, permutations: 19}
"""


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    if find_spec("hatchling") is not None:  # otherwise pip fetches it
        command.append("--no-build-isolation")
    finished = run([*command, "--wheel-dir", str(folder), str(root)], folder)
    assert finished.returncode == 0, finished.stderr
    return next(folder.glob("*.whl"))


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that sees nothing of the checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MLFLOW"))}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=900,
        check=False,
    )


def files_below(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def test_the_wheel_holds_the_package_what_it_ships_and_nothing_else(
    root: Path, wheel: Path
) -> None:
    expected = {f"predictor/{name}" for name in files_below(root / "predictor")}
    expected |= {f"predictor/_shipped/configs/{name}" for name in files_below(root / "configs")}
    for model in SHIPPED_MODELS:
        if (folder := root / "models" / model).is_dir():
            expected |= {f"predictor/_shipped/models/{model}/{n}" for n in files_below(folder)}
    info = f"sle_ivig_predictor-{predictor.__version__}.dist-info"
    expected |= {f"{info}/{name}" for name in METADATA}

    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    assert found - expected == set(), "in the wheel and not meant to be"
    assert expected - found == set(), "missing in the wheel"


def test_the_package_and_the_shipped_studies_are_code_and_text_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("predictor/") and "/_shipped/models/" not in name:
                assert Path(name).suffix in CODE, f"{name}: patients' tables do not belong here"


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = f"sle_ivig_predictor-{predictor.__version__}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
    assert f"Name: {DISTRIBUTION}\n" in metadata
    assert "Requires-Python: >=3.11\n" in metadata
    assert "predictor = predictor.cli:main" in entry_points
    for line in metadata.splitlines():
        if line.startswith("Requires-Dist:"):
            specifiers = Requirement(line.removeprefix("Requires-Dist:")).specifier
            assert {s.operator for s in specifiers} <= {">="}, f"{line}: pins are constraints.txt's"


@pytest.fixture(scope="module")
def pinned(root: Path) -> dict[str, str]:
    """Name -> version of constraints.txt, as far as it is meant for this Python."""
    found: dict[str, str] = {}
    for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{line}: constraints are exact"
        if requirement.marker is None or requirement.marker.evaluate():
            assert canonicalize_name(requirement.name) not in found, f"{line}: named twice"
            found[canonicalize_name(requirement.name)] = specifier.version
    return found


def test_every_installed_dependency_is_the_one_that_constraints_name(
    root: Path, pinned: dict[str, str]
) -> None:
    wrong = {
        name: f"installed {version}, constraints.txt: {pinned.get(name, 'not there')}"
        for name, version in dependencies(root).items()
        if version is not None and pinned.get(name) != version
    }
    assert not wrong, "install with -c constraints.txt, or renew it (CONTRIBUTING.md)"


def test_constraints_name_nothing_that_is_not_needed(root: Path, pinned: dict[str, str]) -> None:
    needed = dependencies(root)
    if None in needed.values():
        pytest.skip("needs everything of .[dev] to be installed")
    assert set(pinned) <= set(needed), "renew constraints.txt (CONTRIBUTING.md)"


def dependencies(root: Path) -> dict[str, str | None]:
    """Everything ``.[dev]`` needs, directly or not, with the version installed here, if any."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    lines += [line for extra in project["optional-dependencies"].values() for line in extra]
    waiting = [(Requirement(line), frozenset({""})) for line in lines]
    found: dict[str, str | None] = {}
    seen = set()
    while waiting:
        requirement, extras = waiting.pop()
        marker, name = requirement.marker, canonicalize_name(requirement.name)
        if marker is not None and not any(marker.evaluate({"extra": e}) for e in extras):
            continue
        wanted = frozenset(requirement.extras) | {""}
        if name == DISTRIBUTION or (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            here = distribution(name)
        except PackageNotFoundError:  # the developers' tools may be absent
            found[name] = None
            continue
        found[name] = here.version
        waiting += [(Requirement(line), wanted) for line in here.requires or []]
    return found


def interpreter(minor: int) -> str | None:
    """A Python 3.``minor`` of this machine that can make virtual environments."""
    found = [shutil.which(f"python3.{minor}")]
    roots = [os.environ.get("PYENV_ROOT"), str(Path.home() / ".pyenv")]
    if shutil.which("pyenv"):
        roots.append(run(["pyenv", "root"], Path.home()).stdout.strip())
    for root in dict.fromkeys(filter(None, roots)):
        found += sorted(map(str, Path(root).glob(f"versions/3.{minor}.*/bin/python")), reverse=True)
    check = f"import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, {minor}))"
    for path in filter(None, found):
        if run([path, "-c", check], Path.home()).returncode == 0:
            return path
    return None


@pytest.mark.slow
@pytest.mark.parametrize("minor", MINORS)
def test_the_installed_wheel_runs(
    minor: int,
    root: Path,
    wheel: Path,
    tmp_path: Path,
    made_up_cohort: Callable[[Path, str], None],
) -> None:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"Python 3.{minor} is not on this machine")
    shutil.copy(root / "constraints.txt", tmp_path)
    commands = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")

    def succeed(*command: str) -> str:
        finished = run([str(commands / command[0]), *command[1:]], tmp_path)
        assert finished.returncode == 0, f"{' '.join(command)}: {finished.stderr[-2000:]}"
        return finished.stdout

    assert run([python, "-m", "venv", "venv"], tmp_path).returncode == 0
    succeed("python", "-m", "pip", "install", "--quiet", "-c", "constraints.txt", str(wheel))
    succeed("python", "-m", "pip", "check")

    assert succeed("predictor", "--version").strip() == f"predictor {predictor.__version__}"
    names = {
        v["name"]
        for v in json.loads(succeed("predictor", "variables", "--format", "json"))["variables"]
    }
    assert {"c3", "sledai_2k", "ivig_courses"} <= names
    succeed("predictor", "init", "starter.yaml", "--schema")
    assert (tmp_path / "predictor.schema.json").is_file()
    succeed("python", "-c", "from predictor import load_model, predict, train")
    succeed(
        "python",
        "-c",
        "from predictor.study import load_study as load\n"
        "load('sle_low_disease_activity'), load('thiopurine_remission')",
    )

    made_up_cohort(tmp_path / "cohort.csv", "patient,age,sex,c3,remitted")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    succeed("predictor", "check", "cohort.csv", "--config", "study.yaml")
    trained = json.loads(succeed("predictor", "train", "study.yaml", "--format", "json"))
    assert trained["run_id"] is not None
    (tmp_path / "patient.json").write_text('{"age": 30, "c3": "0.5 g/L"}', encoding="utf-8")
    answer = succeed(
        "predictor", "predict", "patient.json", "--model", trained["bundle"], "--format", "json"
    )
    assert 0 < json.loads(answer)["probability"] < 1
