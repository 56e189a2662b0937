"""One MCAP file of a rosbag2, written so that a kill at any moment costs at most the newest instant of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mcap.writer import CompressionType, Writer

from vip_ros.errors import InternalError, UserError
from vip_teleop.bag_metadata import TopicSummary, qos_text
from vip_teleop.message_types import definition, trim

COMPRESSIONS = {"none": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}
"""How the chunks of a bag may be compressed, all without loss."""


@dataclass
class Channel:
    """What the writer knows about one topic; times in ns."""

    channel_id: int
    type_name: str
    type_hash: str
    count: int = 0
    first_ns: int = 0
    last_ns: int = 0
    gap_ns: int = 0

    def note(self, stamp_ns: int) -> None:
        """Count a message recorded at stamp_ns."""
        if self.count == 0:
            self.first_ns = stamp_ns
        else:
            self.gap_ns = max(self.gap_ns, stamp_ns - self.last_ns)
        self.last_ns = max(self.last_ns, stamp_ns)
        self.count += 1

    def rate(self) -> float:
        """Return the mean rate, Hz."""
        span = (self.last_ns - self.first_ns) * 1e-9
        return round((self.count - 1) / span, 3) if span > 0 else 0.0


class _HashedFile:
    """A file that is only appended to, with the SHA-256 of what it holds; locked while it is open."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("xb")
        self._digest = hashlib.sha256()
        self._length = 0
        # Tells a recorder that starts beside this one that the folder's owner lives.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._length += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        self._file.flush()

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class BagWriter:
    """Appends serialized messages to a new MCAP file.

    Args:
        path: the file, which must not exist.
        compression: one of COMPRESSIONS.

    Raises:
        OSError: the file cannot be written (also from every method that writes).
        UserError: unknown compression.
    """

    def __init__(self, path: Path, compression: str = "zstd") -> None:
        if compression not in COMPRESSIONS:
            raise UserError(f"unknown compression '{compression}'", f"use one of {', '.join(COMPRESSIONS)}")
        self.channels: dict[str, Channel] = {}
        self._file = _HashedFile(path)
        self._writer = Writer(self._file, compression=COMPRESSIONS[compression])  # type: ignore[arg-type]
        self._writer.start(profile="ros2", library="vip_teleop")
        self._finished = False

    def write(
        self, topic: str, type_name: str, data: bytes, stamp_ns: int, publish_ns: int | None = None
    ) -> None:
        """Append one serialized message (CDR).

        Args:
            topic: full topic name.
            type_name: such as sensor_msgs/msg/Image; a topic keeps its type.
            data: encapsulated CDR.
            stamp_ns: when it was received, ns since the epoch.
            publish_ns: when it was sent; None: the same.
        """
        channel = self.channels.get(topic) or self._add_channel(topic, type_name)
        if channel.type_name != type_name:
            raise InternalError(f"{topic} carries {channel.type_name}, not {type_name}")
        sent_ns = stamp_ns if publish_ns is None else publish_ns
        self._writer.add_message(
            channel.channel_id, stamp_ns, trim(data, type_name), sent_ns, channel.count & 0xFFFFFFFF
        )
        channel.note(stamp_ns)

    def flush(self) -> None:
        """Bring everything so far to the disk: a kill or a power cut costs nothing of it."""
        self._writer.flush()
        self._file.sync()

    def finish(self) -> None:
        """Write the index and close; nothing happens a second time."""
        if not self._finished:
            self._writer.finish()
            self._file.sync()
            self._finished = True

    def close(self) -> None:
        """Let go of the file and its lock, finished or not."""
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes written so far."""
        return self._file.sha256

    @property
    def span(self) -> tuple[int, int]:
        """Recording times of the first and the last message, ns."""
        channels = self.channels.values()
        return min(channel.first_ns for channel in channels), max(channel.last_ns for channel in channels)

    def summaries(self) -> list[TopicSummary]:
        """Return the topics as metadata.yaml lists them."""
        return [
            TopicSummary(topic, channel.type_name, channel.type_hash, channel.count)
            for topic, channel in self.channels.items()
        ]

    def _add_channel(self, topic: str, type_name: str) -> Channel:
        text, type_hash = definition(type_name)
        schema = self._writer.register_schema(type_name, "ros2msg", text.encode())
        metadata = {"offered_qos_profiles": qos_text(topic), "topic_type_hash": type_hash}
        channel_id = self._writer.register_channel(topic, "cdr", schema, metadata)
        self.channels[topic] = Channel(channel_id, type_name, type_hash)
        return self.channels[topic]
