"""Reading of NumPy's .npz files that a user hands in."""

from __future__ import annotations

import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

_READERS: dict[tuple[int, int], Any] = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# What zipfile and NumPy let through of a damaged, encrypted or oddly packed file, besides what they state.
_DAMAGE = (zlib.error, lzma.LZMAError, tokenize.TokenError, RuntimeError)


def load_arrays(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz file by name.

    What it unpacks to is added up, and compared with the shapes it states, before anything is allocated.

    Raises:
        ValueError: no such file of plain numbers, a damaged one, or one of more than most_bytes.
        OSError, KeyError, EOFError, zipfile.BadZipFile: as NumPy and zipfile raise them.
    """
    try:
        return _load(path, most_bytes)
    except _DAMAGE as error:
        raise ValueError(f"it is damaged: {error}") from None


def _load(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > most_bytes:
            raise ValueError(f"it unpacks to more than {most_bytes / 1e6:g} MB")
        for entry in entries:
            _check_entry(archive, entry)
    with np.load(path, allow_pickle=False) as data:
        return dict(data)


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    with archive.open(entry) as stream:
        read_header = _READERS.get(npy.read_magic(stream))
        if read_header is None:
            raise ValueError(f"{entry.filename} has an unknown format")
        shape, _, dtype = read_header(stream)
        if dtype.hasobject:
            raise ValueError(f"{entry.filename} holds objects")
        if math.prod(shape) * dtype.itemsize != entry.file_size - stream.tell():
            raise ValueError(f"{entry.filename} is not as large as it says")
