"""Just enough of the protocol-buffer wire format to read a TensorFlow checkpoint's index.

Source: protobuf.dev/programming-guides/encoding. Field numbers are those of tensor_bundle.proto,
tensor_shape.proto and trackable_object_graph.proto.
"""

from __future__ import annotations

from collections import defaultdict

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Fields = dict[int, list["int | bytes"]]


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, seven bits per byte, and the position after it; raises ValueError."""
    value, shift = 0, 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number is cut off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def read_fields(data: bytes) -> Fields:
    """Return a message's fields by number, in the order written; raises ValueError when it is damaged."""
    fields: Fields = defaultdict(list)
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = read_varint(data, position)
            fields[number].append(value)
            continue
        if kind == _BYTES:
            size, position = read_varint(data, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")
        if position + size > len(data):
            raise ValueError("a field is cut off")
        fields[number].append(data[position : position + size])
        position += size
    return fields


def number(fields: Fields, index: int) -> int:
    """Return a number field, 0 when it is absent (as the format has it)."""
    value = fields[index][-1] if index in fields else 0
    return value if isinstance(value, int) else int.from_bytes(value, "little")


def texts(fields: Fields, index: int) -> list[bytes]:
    """Return the values of a repeated field of bytes, strings or messages."""
    return [value for value in fields.get(index, []) if isinstance(value, bytes)]
