"""Arrays of numbers in an NPZ archive, written in one way and read in no other.

NumPy's own reader trusts more than a mailed file deserves: a header can promise more than fits any
memory, name object types, or be a text that a parser of Python has to make sense of.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([<>]f8|[<>]i8|\|b1)', 'fortran_order': (True|False), "
    rb"'shape': \(([0-9]{1,9}(?:, ?[0-9]{1,9})*)?,?\), \} *\n"
)
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Whatever zipfile raises for an archive that is none, is damaged, or needs what is not here.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
)


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An archive whose bytes depend on the names and numbers alone."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            content = io.BytesIO()
            ordered = np.ascontiguousarray(array)
            np.lib.format.write_array(content, ordered, version=(1, 0), allow_pickle=False)
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED)
    return target.getvalue()


def read_arrays(data: bytes, names: Iterable[str], most: int) -> dict[str, NDArray[Any]]:
    """Read :func:`write_arrays`.

    Parameters
    ----------
    data
        The archive.
    names
        What is read; anything else in it is left alone.
    most
        Bytes that the arrays may need together.

    Returns
    -------
    Arrays of double precision, 64-bit whole numbers or flags, in the machine's byte order.

    Raises
    ------
    ValueError
        For anything that is not such an archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {name: archive.getinfo(f"{name}.npy") for name in names}
            if sum(entry.file_size for entry in entries.values()) > most:
                raise ValueError("the arrays need too much memory")
            if any(entry.compress_type not in _COMPRESSIONS for entry in entries.values()):
                raise ValueError("an unknown compression")
            return {name: _array(archive.read(entry)) for name, entry in entries.items()}
    except _DAMAGED:
        raise ValueError("the archive is damaged") from None


def _array(data: bytes) -> NDArray[Any]:
    start = len(_MAGIC) + 2
    length = int.from_bytes(data[len(_MAGIC) : start], "little")
    header = _HEADER.fullmatch(data[start : start + length])
    if data[: len(_MAGIC)] != _MAGIC or header is None:
        raise ValueError("an entry is no array of numbers")
    kind, fortran, sizes = header.groups()
    shape = tuple(int(size) for size in (sizes or b"").split(b",") if size)
    dtype = np.dtype(kind.decode())
    content = memoryview(data)[start + length :]
    if prod(shape) * dtype.itemsize != len(content):
        raise ValueError("an array has another size than it says")
    if dtype.kind == "b" and len(content) and max(content) > 1:
        raise ValueError("a flag is neither yes nor no")
    found = np.frombuffer(content, dtype).reshape(shape, order="F" if fortran == b"True" else "C")
    # A copy of its own in the machine's byte order; the archive's bytes may go.
    return np.array(found, dtype=dtype.newbyteorder("="), order="C")
