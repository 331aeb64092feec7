"""Replacing a folder as a whole, so that a kill at any moment leaves the old or the new one.

The new content is written to a sibling; then the old folder is renamed aside and the sibling
renamed in. Only the instant between the two renames leaves no folder at that name, and
:func:`finish_swap`, which every reader calls first, completes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from predictor.errors import BundleError

COMPLETE = ".complete"
"""Written last into a new folder; without it a sibling is a leftover of a killed run."""

Foreign = Callable[[Path], Sequence[str]]
"""Names in an existing folder that are not ours, so that the folder must not be replaced."""


def _new(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.new")


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def real(folder: Path) -> Path:
    """Where a folder really is, with ``.``, ``..`` and links resolved, so that it can be renamed.

    Raises
    ------
    BundleError
        If there can be no folder of that name.
    """
    try:
        found = folder.resolve()
        found.exists()  # a name too long for the system shows itself here
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links before Python 3.13
        raise _no_place(folder, "this cannot be the name of a folder") from None
    return found


def finish_swap(folder: Path) -> None:
    """Complete a swap that was interrupted between its two renames; otherwise do nothing.

    Parameters
    ----------
    folder
        As :func:`real` gives it.
    """
    new = _new(folder) if folder.name else folder
    if folder.exists() or not (new / COMPLETE).exists():
        return
    with contextlib.suppress(FileNotFoundError):  # another process has finished it just now
        new.rename(folder)
        (folder / COMPLETE).unlink()


def being_replaced(folder: Path) -> bool:
    """Whether another process seems to be at work here: then an absence may be an instant's.

    Parameters
    ----------
    folder
        As :func:`real` gives it.
    """
    return bool(folder.name) and (_new(folder).exists() or _old(folder).exists())


def replace_folder(folder: Path, write: Callable[[Path], None], *, foreign: Foreign) -> None:
    """Write a folder atomically.

    Parameters
    ----------
    folder
        Final place; its parents are made.
    write
        Fills the empty sibling it is given.
    foreign
        Names in what already stands at ``folder`` that are not ours to replace.

    Raises
    ------
    BundleError
        If the place cannot be written or holds something else.
    """
    check_writable(folder, foreign=foreign)
    folder = real(folder)
    new, old = _new(folder), _old(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        finish_swap(folder)
        for leftover in (new, old):
            _remove(leftover)
        new.mkdir()
        try:
            write(new)
            for path in sorted(new.rglob("*"), reverse=True):
                _flush_to_disk(path)
            (new / COMPLETE).touch()
            _flush_to_disk(new)
            _swap(folder, new, old)
        except BaseException:  # Ctrl-C too: the sibling must not stay behind
            # Complete and with nothing at its place, it is taken by the next reader instead.
            if folder.exists() or not (new / COMPLETE).exists():
                _remove(new)
            raise
        _flush_to_disk(folder.parent)
    except OSError as error:
        raise _no_place(folder, f"the folder cannot be written ({error.strerror})") from None
    # The new folder is in place; an old one that resists is removed by the next run.
    with contextlib.suppress(OSError):
        _remove(old)


def _swap(folder: Path, new: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except FileNotFoundError:
        if not folder.exists():
            raise
        # A reader came between the two renames and has finished the swap.
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    (folder / COMPLETE).unlink(missing_ok=True)


def _remove(leftover: Path) -> None:
    """Remove a sibling; its mark goes first, so that half of it is never taken for a whole."""
    if leftover.exists():
        (leftover / COMPLETE).unlink(missing_ok=True)
        shutil.rmtree(leftover)


def check_writable(folder: Path, *, foreign: Foreign) -> None:
    """Say before any work whether ``folder`` could be written.

    Parameters
    ----------
    folder
        Final place.
    foreign
        As in :func:`replace_folder`.

    Raises
    ------
    BundleError
        If it is a file, holds something that is not ours, is the working directory, or its parent
        is not writable.
    """
    place = real(folder)
    try:
        if place.exists() and not place.is_dir():
            raise _no_place(folder, "this is a file, a folder was expected")
        if Path.cwd().is_relative_to(place):
            raise _no_place(folder, "this is the working directory or holds it")
        names = sorted(foreign(place)) if place.is_dir() else []
        if names:
            shown = ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")
            raise BundleError(
                str(folder),
                f"the folder holds what is no part of a bundle and stays as it is ({shown})",
                "Choose another folder, or empty this one yourself.",
            )
        parent = place.parent
        while not parent.exists():
            parent = parent.parent
        writable = parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)
    except OSError as error:
        raise _no_place(folder, f"the folder cannot be looked into ({error.strerror})") from None
    if not writable:
        raise _no_place(folder, f"nothing can be written in {parent}")


@contextlib.contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the right to write ``folder``; the system gives it back even if the process is killed.

    Folders made for the lock are removed again if nothing was written into them.

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
    place = real(folder)
    lock = place.with_name(f".{place.name}.lock")
    made = [parent for parent in lock.parents if not parent.exists()]
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        stream = _locked(lock, fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BundleError(
            str(folder), "another run is writing this folder", "Wait for it, or choose another."
        ) from None
    except OSError as error:
        raise _no_place(folder, f"the folder cannot be written ({error.strerror})") from None
    with stream:
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty: something was written
                for parent in made:
                    parent.rmdir()


def _locked(lock: Path, flock: Callable[[IO[str], int], None], operation: int) -> IO[str]:
    """The open lock file, held; taken anew when its last holder removed it meanwhile."""
    while True:
        stream = lock.open("w")
        try:
            flock(stream, operation)
            if lock.exists() and os.fstat(stream.fileno()).st_ino == lock.stat().st_ino:
                return stream
        except FileNotFoundError:
            pass  # removed between the two questions
        except BaseException:
            stream.close()
            raise
        stream.close()


def _flush_to_disk(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # pragma: no cover - Windows opens no folders
        return
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # some file systems flush no folders
            raise
    finally:
        os.close(handle)


def _no_place(folder: Path, rule: str) -> BundleError:
    return BundleError(str(folder)[:200], rule, "Choose another folder.")
