"""Writes TensorFlow's checkpoint format, for tests that have no TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_DTYPES = {"float32": 1, "int64": 9, "float16": 19}
_MAGIC = 0xDB4775248B80FB57


def write_bundle(prefix: Path, tensors: dict[str, np.ndarray], graph: dict[str, str] | None = None) -> Path:
    """Write PREFIX.index and PREFIX.data-00000-of-00001; returns the index.

    Args:
        prefix: path without ending.
        tensors: by key.
        graph: variable names by key, stored as TensorFlow 2's object graph does.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    data, entries = bytearray(), {}
    for key, value in tensors.items():
        dims = b"".join(_bytes(2, _number(1, size)) for size in value.shape)
        place = _number(4, len(data)) + _number(5, value.nbytes)
        entries[key.encode()] = _number(1, _DTYPES[value.dtype.name]) + _bytes(2, dims) + place
        data += value.tobytes()
    if graph is not None:
        text = b"".join(
            _bytes(
                1,
                _bytes(2, _bytes(1, b"VARIABLE_VALUE") + _bytes(2, name.encode()) + _bytes(3, key.encode())),
            )
            for key, name in graph.items()
        )
        stored = _varint(len(text)) + b"\0\0\0\0" + text
        place = _number(4, len(data)) + _number(5, len(stored))
        entries[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = _number(1, 7) + _bytes(2, b"") + place
        data += stored
    entries[b""] = _number(1, 1)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    index = Path(f"{prefix}.index")
    index.write_bytes(_table(dict(sorted(entries.items()))))
    return index


def _table(entries: dict[bytes, bytes]) -> bytes:
    """Return a table of blocks of at most 16 entries, keys sharing what they begin with."""
    table, handles = bytearray(), {}
    items = list(entries.items())
    for start in range(0, len(items), 16):
        block = dict(items[start : start + 16])
        handles[list(block)[-1]] = _append(table, block)
    meta = _append(table, {})
    footer = meta + _append(table, handles)
    return bytes(table + footer.ljust(40, b"\0") + _MAGIC.to_bytes(8, "little"))


def _append(table: bytearray, entries: dict[bytes, bytes]) -> bytes:
    start, last = len(table), b""
    for key, value in entries.items():
        shared = next(
            (i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), min(len(key), len(last))
        )
        table += _varint(shared) + _varint(len(key) - shared) + _varint(len(value)) + key[shared:] + value
        last = key
    table += bytes(4) + (1).to_bytes(4, "little")  # one restart point, at 0
    handle = _varint(start) + _varint(len(table) - start)
    table += bytes(5)  # no compression; the checksum is not read
    return handle


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
