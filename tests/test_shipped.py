"""Shipped files are found by bare name, and a path always wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from predictor import shipped


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder of its own, as it lies in a checkout or after installation."""
    folder = tmp_path / "top" / "predictor"
    folder.mkdir(parents=True)
    monkeypatch.setattr(shipped, "_PACKAGE", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_installed_files_come_before_those_beside_the_package(package: Path) -> None:
    beside = package.parent / "configs"
    beside.mkdir()
    assert shipped.shipped_folder("configs") is None  # site-packages may hold anybody's configs
    (package.parent / "pyproject.toml").touch()
    assert shipped.shipped_folder("configs") == beside
    inside = package / "_shipped" / "configs"
    inside.mkdir(parents=True)
    assert shipped.shipped_folder("configs") == inside


def test_names_are_listed_without_their_suffix(package: Path) -> None:
    assert shipped.shipped_names("configs", ".yaml") == []
    folder = package / "_shipped" / "configs"
    folder.mkdir(parents=True)
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (folder / name).touch()
    assert shipped.shipped_names("configs", ".yaml") == ["a", "b"]


def test_a_bare_name_is_a_shipped_one_unless_such_a_path_exists(
    package: Path, tmp_path: Path
) -> None:
    folder = package / "_shipped" / "configs"
    folder.mkdir(parents=True)
    (folder / "study.yaml").touch()
    for name in ("study", "study.yaml"):
        assert shipped.find(name, "configs", ".yaml") == folder / "study.yaml"
    (tmp_path / "study").touch()
    assert shipped.find("study", "configs", ".yaml") == Path("study")


@pytest.mark.parametrize(
    "name", ["other", "../configs/study", "configs/study.yaml", "..", "x" * 5000, "a\0b"]
)
def test_nothing_else_is_found(package: Path, name: str) -> None:
    folder = package / "_shipped" / "configs"
    folder.mkdir(parents=True)
    (folder / "study.yaml").touch()
    assert shipped.find(name, "configs", ".yaml") in (None, Path(name))
    if name != "..":
        assert shipped.find(name, "configs", ".yaml") is None
