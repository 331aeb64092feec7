"""Files for people: written as a whole, so that a reader never finds half of one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from predictor.errors import PredictorError


def write_file(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Parameters
    ----------
    path
        Where to; an earlier file there is replaced.
    content
        What to write.

    Raises
    ------
    PredictorError
        If the place cannot be written.
    """
    with replacing(path) as stream:
        stream.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to be written piece by piece; it takes its place when it is whole.

    Parameters
    ----------
    path
        Where to; an earlier file there stays as it is until then, or if writing fails.

    Raises
    ------
    PredictorError
        If the place cannot be written.
    """
    part = _part(path)
    try:
        try:
            with part.open("wb") as stream:
                yield stream
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise _unwritable(path, error) from None


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _unwritable(path: Path, error: Exception) -> PredictorError:
    why = getattr(error, "strerror", None) or "it is no name of a file"
    return PredictorError(str(path)[:200], f"cannot be written ({why})", "Choose another place.")


def check_targets(
    targets: Iterable[Path | None],
    *,
    read: Iterable[str | Path | None] = (),
    bundle: Path | None = None,
) -> None:
    """Say before any work, and before any of them is written, whether files can be written.

    Parameters
    ----------
    targets
        Files to be written; None among them are left out.
    read
        Files that are read in the same run; names that are no files are left out.
    bundle
        Folder of the model that answers; nothing may be put into it, because its digests would no
        longer hold.

    Raises
    ------
    PredictorError
        If a target is read, lies in the bundle, is there twice or cannot be written.
    """
    sources = [Path(source) for source in read if source is not None]
    seen: set[Path] = set()
    for path in targets:
        if path is None:
            continue
        try:
            real = path.resolve()
            if any(_same(path, source) for source in sources):
                raise PredictorError(str(path), "this file is read", "Write to another one.")
            if bundle is not None and real.is_relative_to(bundle.resolve()):
                raise PredictorError(
                    str(path), "this is inside the model's folder", "Write to another folder."
                )
            if real in seen:
                raise PredictorError(
                    str(path), "two results would be written to it", "Give each its own file."
                )
            seen.add(real)
            if path.exists() and not path.is_file():
                raise PredictorError(
                    str(path), "cannot be written (a folder stands there)", "Choose another place."
                )
            part = _part(path)
            part.open("wb").close()
            part.unlink()
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links
            raise _unwritable(path, error) from None


def _same(path: Path, source: Path) -> bool:
    try:
        return path.samefile(source)
    except (OSError, ValueError):
        return False


def check_suffix(path: Path, *suffixes: str) -> str:
    """Return the suffix of a file to be written, in small letters.

    Raises
    ------
    PredictorError
        If it is none of those that are known.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        known = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise PredictorError(str(path), f"it is written as {known}", "Change the suffix.")
    return suffix
