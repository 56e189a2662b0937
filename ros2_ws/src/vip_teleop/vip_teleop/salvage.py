"""What can be read of a bag that was never completed or is damaged, and what cannot."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Message, Schema

from vip_teleop.bag_reader import HEAD, MAGIC_SIZE, parse, record_at

RawMessage = tuple[str, str, bytes, int, int]
"""Topic, type name, CDR, recording time and sending time in ns."""

_MAGIC = b"\x89MCAP0\r\n"
_FIXED = 40  # bytes of a chunk beside its data and the name of its compression
# A chunk begins with opcode, length (below 2^40), two times, size, checksum; its compression's name follows.
_CHUNK = re.compile(rb"(?s)(?=\x06.{5}\0\0\0.{28}(?:\0\0\0\0|\x03\0\0\0lz4|\x04\0\0\0zstd))")
_KNOWN = range(Opcode.HEADER, Opcode.DATA_END + 1)


@dataclass
class Salvage:
    """Reads a bag up to its end, past damage where the next chunk can be found.

    What a kill or a power cut leaves (a record that is cut off at the end, a tail of zeros) is no damage.

    Attributes:
        bag: the MCAP file.
        damage: one line for every part that could not be read; complete when the messages are through.
        torn: bytes of a record that is cut off at the end.
    """

    bag: Path
    damage: list[str] = field(default_factory=list)
    torn: int = 0

    def messages(self) -> Iterator[RawMessage]:
        """Yield the messages in the order of the file.

        Raises:
            OSError: the file cannot be read.
        """
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        with self.bag.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            for offset, opcode, body in self._records(stream, size):
                try:
                    records = parse(opcode, body)
                except (OSError, MemoryError):
                    raise
                except Exception as error:
                    # Damage upsets the parser and the decompressors in any way.
                    self._note(offset, str(error) or type(error).__name__)
                    continue
                for record in records:
                    if isinstance(record, Schema):
                        schemas[record.id] = record
                    elif isinstance(record, Channel):
                        channels[record.id] = record
                    elif isinstance(record, Message):
                        channel = channels.get(record.channel_id)
                        if channel is None or channel.schema_id not in schemas:
                            self._note(offset, "messages of a topic whose name is lost")
                            continue
                        name = schemas[channel.schema_id].name
                        yield channel.topic, name, record.data, record.log_time, record.publish_time

    def _records(self, stream: BinaryIO, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield offset, opcode and content of the records of the data section."""
        if stream.read(MAGIC_SIZE) != _MAGIC[:size]:
            self._note(0, "it does not begin as a bag does")
        offset = MAGIC_SIZE
        while offset < size:
            try:
                opcode, body = record_at(stream, offset, size)
            except McapError:
                opcode, body = -1, b""
            if _is_chunk(body):
                if opcode != Opcode.CHUNK:
                    self._note(offset, "a chunk under another name")
                    opcode = Opcode.CHUNK
            elif not _fits(opcode, body):
                following = _next_chunk(stream, offset + 1, size)
                if following is None and self._is_torn(stream, offset, size):
                    self.torn = size - offset if offset > MAGIC_SIZE else 0
                    return
                self._note(offset, "it makes no sense")
                if following is None:
                    return
                offset = following
                continue
            if opcode == Opcode.DATA_END:
                return
            yield offset, opcode, body
            offset += HEAD + len(body)

    def _is_torn(self, stream: BinaryIO, offset: int, size: int) -> bool:
        """Tell whether the rest of the file is a record that was not written to its end, or nothing."""
        stream.seek(offset)
        rest = stream.read(size - offset)
        if not rest.strip(b"\0"):
            return True
        if rest[0] not in _KNOWN or rest.endswith(_MAGIC):
            return False
        length = int.from_bytes(rest[1:HEAD], "little")
        if len(rest) >= HEAD and length <= len(rest) - HEAD:
            return False
        # A cut chunk states its length twice; where the two differ, one of them is damaged.
        return rest[0] != Opcode.CHUNK or _stated(rest[HEAD:]) in (None, length)

    def _note(self, offset: int, what: str) -> None:
        line = f"at byte {offset}: {what}"
        if line not in self.damage[-1:]:
            self.damage.append(line)


def _stated(body: bytes) -> int | None:
    """Return the length that the content of a chunk has by what it states; None where that is cut off."""
    name = int.from_bytes(body[28:32], "little")
    if len(body) < _FIXED + name:
        return None
    return _FIXED + name + int.from_bytes(body[32 + name : _FIXED + name], "little")


def _is_chunk(body: bytes) -> bool:
    name = int.from_bytes(body[28:32], "little")
    return name <= 4 and body[32 : 32 + name] in (b"", b"lz4", b"zstd") and _stated(body) == len(body)


def _fits(opcode: int, body: bytes) -> bool:
    """Tell whether the content of a record other than a chunk has a length that its kind can have."""
    if opcode == Opcode.MESSAGE_INDEX:
        return len(body) == 6 + int.from_bytes(body[2:6], "little")
    if opcode == Opcode.DATA_END:
        return len(body) == 4
    return opcode in _KNOWN and opcode != Opcode.CHUNK


def _next_chunk(stream: BinaryIO, start: int, size: int) -> int | None:
    """Return where the next whole chunk begins; None when none does."""
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for found in _CHUNK.finditer(content, start):
            offset = found.start()
            length = int.from_bytes(content[offset + 1 : offset + HEAD], "little")
            if offset + HEAD + length <= size and length == _stated(content[offset + HEAD : offset + 64]):
                return offset
    return None
