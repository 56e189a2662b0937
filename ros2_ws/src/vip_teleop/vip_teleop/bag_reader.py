"""The messages of a bag (MCAP), whoever wrote it: damage and bombs are errors of one line."""

from __future__ import annotations

import heapq
import os
import zlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from mcap import stream_reader
from mcap.data_stream import ReadDataStream
from mcap.exceptions import EndOfFile, McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, ChunkIndex, Footer, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk, read_magic

from vip_ros.errors import UserError

# mcap brings its decompressors with it, but sets them no limit.
_lz4: Any = vars(stream_reader)["lz4"]
_zstd: Any = vars(stream_reader)["zstandard"]

Read = tuple[Schema, Channel, Message]

LARGEST_CHUNK = 256 << 20
"""Bytes of an unpacked chunk from which it is no chunk of a recording, but a bomb or damage."""

MAGIC_SIZE = 8
HEAD = 9  # bytes in front of a record: opcode and length
_FOOTER_SIZE = HEAD + 20
_CRC_SIZE = 4


def read_bag(bag: Path, topics: Collection[str] = ()) -> Iterator[Read]:
    """Yield the messages of a complete bag with their schemas and channels, in the order of recording.

    Args:
        bag: the MCAP file.
        topics: whose messages to yield; empty: all.

    Raises:
        UserError: the bag is damaged, or one of its chunks is larger than LARGEST_CHUNK.
    """
    try:
        with bag.open("rb") as stream:
            yield from _messages(stream, os.fstat(stream.fileno()).st_size, topics)
    except MemoryError:
        raise
    except Exception as error:
        # Damage upsets the parser and the decompressors in any way: they say so by what they like.
        what = str(error) or type(error).__name__
        raise UserError("the episode's bag is damaged", f"{what}; delete it", str(bag.parent)) from error


def unpack(chunk: Chunk) -> list[McapRecord]:
    """Return the records of a chunk, whose checksum was compared.

    Raises:
        McapError: it is larger than LARGEST_CHUNK, or not of the size it states.
        Exception: of any kind, where the decompressor or the parser stumbles over damage.
    """
    size = chunk.uncompressed_size
    if size > LARGEST_CHUNK:
        raise McapError(f"a chunk states {size >> 20} MiB, at most {LARGEST_CHUNK >> 20} are read")
    # In one go where the frame states the size that the chunk does: then it makes room for that and no more.
    # Else it is not believed: one byte too many is enough to know.
    if chunk.compression == "zstd":
        unpacker = _zstd.ZstdDecompressor()
        whole = _zstd.frame_content_size(chunk.data) == size
        data = unpacker.decompress(chunk.data) if whole else unpacker.stream_reader(chunk.data).read(size + 1)
    elif chunk.compression == "lz4":
        whole = _lz4.get_frame_info(chunk.data)["content_size"] == size > 0
        unpack_some = _lz4.LZ4FrameDecompressor().decompress
        data = _lz4.decompress(chunk.data) if whole else unpack_some(chunk.data, max_length=size + 1)
    elif chunk.compression:
        raise McapError(f"unknown compression {chunk.compression!r}")
    else:
        data = chunk.data
    if len(data) != size:
        raise McapError("a chunk is not of the size it states")
    return breakup_chunk(replace(chunk, compression="", data=data), validate_crc=True)


def _messages(stream: BinaryIO, size: int, topics: Collection[str]) -> Iterator[Read]:
    if size < 2 * MAGIC_SIZE + _FOOTER_SIZE:
        raise EndOfFile("it is cut short")
    read_magic(ReadDataStream(stream))
    tail = _part(stream, size - MAGIC_SIZE - _FOOTER_SIZE, _FOOTER_SIZE + MAGIC_SIZE)
    footer = next(StreamReader(BytesIO(tail), skip_magic=True, record_size_limit=len(tail)).records)
    if not isinstance(footer, Footer):
        raise McapError("it has no end")
    read_magic(ReadDataStream(BytesIO(tail[_FOOTER_SIZE:])))
    chunks: list[ChunkIndex] = []
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    if footer.summary_start:
        if not MAGIC_SIZE <= footer.summary_start < size:
            raise McapError("its index lies outside of it")
        summary = _part(stream, footer.summary_start, size - footer.summary_start)
        if footer.summary_crc and zlib.crc32(summary[: -MAGIC_SIZE - _CRC_SIZE]) != footer.summary_crc:
            raise McapError("the checksum of its index is wrong")
        for record in StreamReader(BytesIO(summary), skip_magic=True, record_size_limit=len(summary)).records:
            if isinstance(record, ChunkIndex):
                chunks.append(record)
            elif isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
    if not chunks:
        found = _from_the_beginning(stream, size, schemas, channels)
        yield from sorted(
            (read for read in found if not topics or read[1].topic in topics),
            key=lambda read: read[2].log_time,
        )
        return
    # Chunks and messages in one queue: a chunk is opened when its first message may be the next one.
    queue: list[tuple[int, int, int, Any]] = [
        (chunk.message_start_time, chunk.chunk_start_offset, -1, None)
        for chunk in chunks
        if not topics
        or not chunk.message_index_offsets
        or any(channels[channel].topic in topics for channel in chunk.message_index_offsets)
    ]
    heapq.heapify(queue)
    while queue:
        _, offset, index, read = heapq.heappop(queue)
        if index >= 0:
            yield read
            continue
        for number, record in enumerate(unpack(_chunk_at(stream, offset, size))):
            if isinstance(record, Message):
                channel = channels[record.channel_id]
                if not topics or channel.topic in topics:
                    item = (schemas[channel.schema_id], channel, record)
                    heapq.heappush(queue, (record.log_time, offset, number, item))


def _from_the_beginning(
    stream: BinaryIO, size: int, schemas: dict[int, Schema], channels: dict[int, Channel]
) -> Iterator[Read]:
    """Yield the messages of a bag without an index as they lie in it."""
    offset = MAGIC_SIZE
    while True:
        opcode, body = record_at(stream, offset, size)
        offset += HEAD + len(body)
        if opcode == Opcode.FOOTER:
            return
        for record in parse(opcode, body):
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                channel = channels[record.channel_id]
                yield schemas[channel.schema_id], channel, record


def parse(opcode: int, body: bytes) -> list[McapRecord]:
    """Return the schema, channel or message that a record is, or those of a chunk; others have none."""
    content = ReadDataStream(BytesIO(body))
    if opcode == Opcode.SCHEMA:
        return [Schema.read(content)]
    if opcode == Opcode.CHANNEL:
        return [Channel.read(content)]
    if opcode == Opcode.MESSAGE:
        return [Message.read(content, len(body))]
    return unpack(Chunk.read(content)) if opcode == Opcode.CHUNK else []


def record_at(stream: BinaryIO, offset: int, size: int) -> tuple[int, bytes]:
    """Return opcode and content of the record at an offset of a file of that size.

    Raises:
        EndOfFile: it is cut short.
    """
    head = _part(stream, offset, HEAD)
    length = int.from_bytes(head[1:], "little")
    # Asked for first: a stream makes room for what it shall read before it looks how much there is.
    if len(head) < HEAD or length > size - offset - HEAD:
        raise EndOfFile("it is cut short")
    return head[0], stream.read(length)


def _chunk_at(stream: BinaryIO, offset: int, size: int) -> Chunk:
    opcode, body = record_at(stream, offset, size)
    if opcode != Opcode.CHUNK:
        raise McapError("its index leads to no chunk")
    return Chunk.read(ReadDataStream(BytesIO(body)))


def _part(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)
