"""Files for people: written as a whole, so that a reader never finds half of one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
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
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
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
        raise PredictorError(
            str(path), f"cannot be written ({error.strerror})", "Choose another place."
        ) from None


def check_not_read(path: Path, *read: Path) -> None:
    """Refuse to write over a file that is being read.

    Raises
    ------
    PredictorError
        If ``path`` is one of them.
    """
    for source in read:
        with contextlib.suppress(OSError):
            if path.samefile(source):
                raise PredictorError(str(path), "this file is read", "Write to another one.")


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
