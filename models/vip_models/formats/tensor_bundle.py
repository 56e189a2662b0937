"""TensorFlow checkpoints (tensor bundles: an .index table and .data shards) without TensorFlow.

The index is a sorted table in LevelDB's format: blocks of key/value entries with shared key prefixes, an
index of blocks, and a 48-byte footer. Values are protocol buffers that say type, shape and place of a
tensor in the data shards. Sources: tensorflow/core/util/tensor_bundle, leveldb/doc/table_format.md.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.formats.protobuf import number, read_fields, read_varint, texts
from vip_ros.errors import UserError

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_STRING = 7
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True)
class Entry:
    """Where one tensor lies: TensorFlow's type number, shape, data shard, offset and size in bytes."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int


def find_index(path: Path) -> Any:
    """Return a checkpoint's .index: a path, or a member of a zip archive.

    Args:
        path: the .index file, a checkpoint or SavedModel folder, or a zip archive that holds one.

    Raises:
        UserError: there is none.
    """
    if path.suffix == ".index":
        return path
    root: Any = zipfile.Path(path) if zipfile.is_zipfile(path) else path
    found = (
        sorted(_indices(root), key=lambda item: (str(item).count("/"), str(item))) if root.is_dir() else []
    )
    if not found:
        raise UserError(
            "no TensorFlow checkpoint there",
            "give a checkpoint's .index file, its folder or its zip",
            str(path),
        )
    return found[0]


def _indices(folder: Any) -> Iterator[Any]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _indices(item)
        elif item.name.endswith(".index"):
            yield item


def bundle_files(path: Path) -> list[Path]:
    """Return the files that a checkpoint's tensors are read from; raises UserError as `find_index` does."""
    if path.is_file() and path.suffix != ".index":
        return [path]
    index = Path(find_index(path))
    return [index, *sorted(index.parent.glob(f"{index.stem}.data-*"))]


class TensorBundle:
    """A TensorFlow checkpoint opened for reading.

    Attributes:
        entries: every tensor by its key.
    """

    def __init__(self, path: Path) -> None:
        """Read the index; raises UserError when it is not a checkpoint."""
        self._index = find_index(path)
        self._where = str(path)
        self._shards: dict[int, np.ndarray] = {}
        try:
            table = dict(_read_table(self._index.read_bytes()))
            header = read_fields(table.pop(b""))
            if number(header, 2):
                raise ValueError("big-endian")
            self._shard_count = number(header, 1)
            self.entries = {key.decode(): _entry(value) for key, value in table.items()}
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise UserError(f"not a TensorFlow checkpoint ({error})", "fetch it again", self._where) from None

    def read(self, key: str) -> np.ndarray:
        """Return a tensor; raises UserError when its data is missing or cut off."""
        entry = self.entries[key]
        if entry.dtype not in _DTYPES:
            raise UserError(f"tensor '{key}' has type {entry.dtype}, which is not read", "", self._where)
        dtype = np.dtype(_DTYPES[entry.dtype])
        if entry.size != int(np.prod(entry.shape, dtype=np.int64)) * dtype.itemsize:
            raise UserError(f"tensor '{key}' is sliced or damaged", "fetch it again", self._where)
        return np.frombuffer(self._bytes(entry), dtype).reshape(entry.shape)

    def variable_keys(self) -> dict[str, str]:
        """Return the key of each variable by the variable's name.

        A TensorFlow 1 checkpoint uses the names as keys; one of TensorFlow 2 (also a SavedModel's variables)
        uses paths through Python objects and stores the names in its object graph.
        """
        if _OBJECT_GRAPH not in self.entries:
            return {key: key for key in self.entries}
        raw = self._bytes(self.entries[_OBJECT_GRAPH])
        size, start = read_varint(raw, 0)
        graph = raw[start + 4 : start + 4 + size]  # a checksum of the length lies between
        named = {}
        for node in texts(read_fields(graph), 1):
            for attribute in texts(read_fields(node), 2):
                fields = read_fields(attribute)
                name, key = (b"".join(texts(fields, field)).decode() for field in (2, 3))
                if name and key in self.entries:
                    named[name] = key
        return named

    def _bytes(self, entry: Entry) -> bytes:
        if entry.shard not in self._shards:
            self._shards[entry.shard] = self._open_shard(entry.shard)
        data = self._shards[entry.shard][entry.offset : entry.offset + entry.size]
        if len(data) != entry.size:
            raise UserError("a TensorFlow checkpoint's data is cut off", "fetch it again", self._where)
        return data.tobytes()

    def _open_shard(self, shard: int) -> np.ndarray:
        stem = self._index.name.removesuffix(".index")
        path = self._index.parent / f"{stem}.data-{shard:05d}-of-{self._shard_count:05d}"
        if not path.is_file():
            raise UserError(
                f"a TensorFlow checkpoint lacks {path.name}", "put it beside the .index", self._where
            )
        if isinstance(path, Path):
            return np.memmap(path, np.uint8, "r")
        return np.frombuffer(path.read_bytes(), np.uint8)


def _entry(value: bytes) -> Entry:
    fields = read_fields(value)
    dims = [texts(read_fields(shape), 2) for shape in texts(fields, 2)]
    shape = tuple(number(read_fields(dim), 1) for dim in (dims[0] if dims else []))
    return Entry(number(fields, 1), shape, number(fields, 3), number(fields, 4), number(fields, 5))


def _read_table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise ValueError("no table")
    position = len(data) - _FOOTER
    for _ in range(2):  # place of the meta index, not used
        _, position = read_varint(data, position)
    offset, position = read_varint(data, position)
    size, _ = read_varint(data, position)
    for _, handle in _read_block(data, offset, size):
        block, after = read_varint(handle, 0)
        length, _ = read_varint(handle, after)
        yield from _read_block(data, block, length)


def _read_block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if data[offset + size]:
        raise ValueError("compressed, which TensorFlow does not write")
    block = data[offset : offset + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    position, key = 0, b""
    while position < end:
        shared, position = read_varint(block, position)
        fresh, position = read_varint(block, position)
        length, position = read_varint(block, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length
