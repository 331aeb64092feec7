"""Replacing a folder: killed anywhere, the old or the new one is there, never a mixture."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from predictor.errors import BundleError
from predictor.fitted.folder import check_writable, finish_swap, replace_folder, sole_writer


def write_new(target: Path) -> None:
    (target / "deep").mkdir()
    (target / "deep" / "new.txt").write_text("new")


def nothing_foreign(folder: Path) -> list[str]:
    return []


def everything_foreign(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("before", ["old", "nothing"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_bundle(before: str, tmp_path: Path) -> None:
    program = Path(__file__).with_name("killed_writer.py")
    path = os.pathsep.join([str(program.parent.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), before],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = done.stdout.split()
    assert set(found) == ({"old", "new"} if before == "old" else {"none", "new"})
    # Once the new one is there it stays.
    assert found == sorted(found, key=lambda word: word == "new")
    assert len(found) > 20


def test_an_error_while_writing_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    replace_folder(tmp_path / "b", write_new, foreign=nothing_foreign)

    def fail(target: Path) -> None:
        (target / "half").touch()
        raise KeyboardInterrupt

    for place in ("b", "first/time"):
        with pytest.raises(KeyboardInterrupt):
            replace_folder(tmp_path / place, fail, foreign=nothing_foreign)
    assert (tmp_path / "b" / "deep" / "new.txt").exists()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["b", "deep", "first", "new.txt"]


def test_a_reader_between_the_two_renames_does_not_break_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "b"
    replace_folder(folder, write_new, foreign=nothing_foreign)
    rename = Path.rename

    def rename_then_read(self: Path, target: Path) -> Path:
        done = rename(self, target)
        if str(target).endswith(".old"):
            monkeypatch.setattr(Path, "rename", rename)
            finish_swap(folder)
        return done

    monkeypatch.setattr(Path, "rename", rename_then_read)
    replace_folder(folder, write_new, foreign=nothing_foreign)
    assert (folder / "deep" / "new.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "b"
    replace_folder(folder, write_new, foreign=nothing_foreign)
    (folder / "old").touch()
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(BundleError, match=r"cannot be written \(Permission denied\)"):
        replace_folder(folder, write_new, foreign=nothing_foreign)
    assert (folder / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_removed_bundle_does_not_come_back_from_a_leftover(tmp_path: Path) -> None:
    (tmp_path / ".b.old").mkdir()
    (tmp_path / ".b.new").mkdir()  # without its mark it is half of one
    finish_swap(tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_link_keeps_pointing_to_the_new_folder(tmp_path: Path) -> None:
    replace_folder(tmp_path / "real", write_new, foreign=nothing_foreign)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "old").touch()
    replace_folder(tmp_path / "link", write_new, foreign=nothing_foreign)
    assert (tmp_path / "link").is_symlink()
    assert not (tmp_path / "real" / "old").exists()
    (tmp_path / "dangling").symlink_to(tmp_path / "later")
    replace_folder(tmp_path / "dangling", write_new, foreign=nothing_foreign)
    assert (tmp_path / "later" / "deep").is_dir()


@pytest.mark.parametrize("place", ["a/b/c", "a/b/c/", "./x", "a/../y"])
def test_relative_paths_and_missing_parents_are_made(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with sole_writer(Path(place)):
        replace_folder(Path(place), write_new, foreign=nothing_foreign)
    assert Path(place).resolve().joinpath("deep", "new.txt").exists()


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        (".", "is the working directory"),
        ("", "is the working directory"),
        ("..", "is the working directory or holds it"),
        ("/", "is the working directory or holds it"),
        ("a_file", "this is a file"),
        ("a_file/b", "nothing can be written in"),
        ("full", r"no part of a bundle and stays as it is \(notes.txt\)"),
        ("x" * 300, "cannot be the name of a folder"),
        ("a\0b", "cannot be the name of a folder"),
        ("loop/x", "cannot be the name of a folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    place: str, rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    Path("full").mkdir()
    Path("full/notes.txt").touch()
    Path("loop").symlink_to("loop")
    with pytest.raises(BundleError, match=rule):
        check_writable(Path(place), foreign=everything_foreign)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_parent_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(BundleError, match="nothing can be written in"):
        check_writable(tmp_path / "locked" / "b", foreign=everything_foreign)


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_writable(tmp_path / "empty", foreign=everything_foreign)


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "b"):
        refused = pytest.raises(BundleError, match="b: another run is writing this folder")
        with refused, sole_writer(tmp_path / "b"):
            pass
        with sole_writer(tmp_path / "c"):
            pass
    with sole_writer(tmp_path / "b"):
        pass
    assert not list(tmp_path.iterdir())


def test_the_right_to_write_leaves_no_folders_behind(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "deep" / "er" / "b"):
        assert (tmp_path / "deep" / "er").is_dir()
    assert not list(tmp_path.iterdir())
    with sole_writer(tmp_path / "deep" / "er" / "b"):
        (tmp_path / "deep" / "er" / "b").mkdir()
    assert (tmp_path / "deep" / "er" / "b").is_dir()


def test_two_writers_never_hold_the_same_folder(tmp_path: Path) -> None:
    # The lock file is removed by each holder, which must not let two in.
    inside, most, turns = 0, 0, 0
    counting = threading.Lock()

    @contextmanager
    def counted() -> Iterator[None]:
        nonlocal inside, most, turns
        with counting:
            inside, turns = inside + 1, turns + 1
            most = max(most, inside)
        yield
        with counting:
            inside -= 1

    def write() -> None:
        for _ in range(200):
            try:
                with sole_writer(tmp_path / "b"), counted():
                    pass
            except BundleError:
                continue

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert turns > 1
