"""Replacing a folder as a whole, so that a kill at any moment leaves the old or the new one.

The new content is written to a sibling; then the old folder is renamed aside and the sibling
renamed in. Only the instant between the two renames leaves no folder at that name, and
:func:`finish_swap`, which every reader calls first, completes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from predictor.errors import BundleError

COMPLETE = ".complete"
"""Written last into a new folder; without it a sibling is a leftover of a killed run."""


def _new(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.new")


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def finish_swap(folder: Path) -> None:
    """Complete a swap that was interrupted between its two renames; otherwise do nothing."""
    if folder.exists():
        return
    new, old = _new(folder), _old(folder)
    with contextlib.suppress(FileNotFoundError):  # another reader may have finished it just now
        if (new / COMPLETE).exists():
            new.rename(folder)
        elif old.is_dir():
            old.rename(folder)
    with contextlib.suppress(FileNotFoundError):
        (folder / COMPLETE).unlink()


def replace_folder(
    folder: Path, write: Callable[[Path], None], *, may_replace: Callable[[Path], bool]
) -> None:
    """Write a folder atomically.

    Parameters
    ----------
    folder
        Final place; its parents are made.
    write
        Fills the empty sibling it is given.
    may_replace
        Asked whether what already stands at ``folder`` is ours to replace.

    Raises
    ------
    BundleError
        If the place cannot be written or holds something else.
    """
    check_writable(folder, may_replace=may_replace)
    new, old = _new(folder), _old(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        finish_swap(folder)
        for leftover in (new, old):
            if leftover.exists():
                shutil.rmtree(leftover)
        new.mkdir()
        try:
            write(new)
        except BaseException:  # Ctrl-C too: the sibling must not stay behind
            shutil.rmtree(new, ignore_errors=True)
            raise
        for path in sorted(new.rglob("*")):
            if path.is_file():
                _flush_to_disk(path)
        (new / COMPLETE).touch()
        _flush_to_disk(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        (folder / COMPLETE).unlink(missing_ok=True)
        _flush_to_disk(folder.parent)
        if old.exists():
            shutil.rmtree(old)
    except OSError as error:
        raise BundleError(
            str(folder), f"the folder cannot be written ({error.strerror})", "Choose another --out."
        ) from None


def check_writable(folder: Path, *, may_replace: Callable[[Path], bool]) -> None:
    """Say before any work whether ``folder`` could be written.

    Raises
    ------
    BundleError
        If it is a file, holds something that is not ours, or its parent is not writable.
    """
    if folder.is_file():
        raise BundleError(str(folder), "this is a file, a folder was expected", "Choose another.")
    if folder.is_dir() and any(folder.iterdir()) and not may_replace(folder):
        raise BundleError(
            str(folder),
            "the folder holds something that is not a bundle and will not be replaced",
            "Choose another --out, or empty it yourself.",
        )
    parent = folder.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise BundleError(str(folder), f"nothing can be written in {parent}", "Choose another.")


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the right to write ``folder``; the system gives it back even if the process is killed.

    Raises
    ------
    BundleError
        If another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on Windows, where writers are not kept apart
        yield
        return
    lock = folder.with_name(f".{folder.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        stream = lock.open("w")
    except OSError as error:
        raise BundleError(str(folder), f"cannot be written ({error.strerror})") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BundleError(
                str(folder), "another run is writing this folder", "Wait for it or use another."
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
