"""Writes one episode so that it is either complete or not there, whatever kills the process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from mcap.writer import CompressionType, Writer

from vip_ros.errors import InternalError, UserError
from vip_teleop.bag_metadata import TopicSummary, bag_metadata, qos_text
from vip_teleop.episode import (
    BAG_FILE,
    DESCRIPTION_FILE,
    METADATA_FILE,
    TEMPORARY_PREFIX,
    EpisodeInfo,
    next_name,
)
from vip_teleop.message_types import definition, trim, type_name_of


@dataclass
class _Channel:
    """What the writer knows about one topic; times in ns."""

    channel_id: int
    type_name: str
    type_hash: str
    count: int = 0
    first_ns: int = 0
    last_ns: int = 0
    gap_ns: int = 0

    def note(self, stamp_ns: int) -> None:
        if self.count == 0:
            self.first_ns = stamp_ns
        else:
            self.gap_ns = max(self.gap_ns, stamp_ns - self.last_ns)
        self.last_ns = stamp_ns
        self.count += 1

    def rate(self) -> float:
        span = (self.last_ns - self.first_ns) * 1e-9
        return round((self.count - 1) / span, 3) if span > 0 else 0.0


class EpisodeWriter:
    """An episode being written; use it as a context manager, `finish` makes it a complete one.

    The folder has a hidden temporary name until every byte is on the disk; leaving the context without
    `finish` removes it. The MCAP chunks are compressed without loss (Zstandard).

    Args:
        directory: folder that receives the episode; created.
        task: task name, the stem of the episode's name.
        teleop: name of the device that gives the commands.
        seed: scene seed; -1 on a real robot.
        encoder: id of the running encoder, if any.
        config_hash: hash of the configuration in force, if known.

    Raises:
        UserError: the folder cannot be written (also from every method that writes).
    """

    def __init__(
        self,
        directory: Path,
        task: str,
        *,
        teleop: str = "",
        seed: int = -1,
        encoder: str = "",
        config_hash: str = "",
    ) -> None:
        self._directory, self._task = directory, task
        self._facts = {"teleop": teleop, "seed": seed, "encoder": encoder, "config_hash": config_hash}
        self._channels: dict[str, _Channel] = {}
        self._open = True
        with self._mendable():
            directory.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{task}-", dir=directory))
            # mkdtemp makes it private; an episode is as readable as any other folder of the user.
            self._folder.chmod(0o755)
            self._stream = (self._folder / BAG_FILE).open("wb")
            self._writer = Writer(self._stream, compression=CompressionType.ZSTD)
            self._writer.start(profile="ros2", library="vip_teleop")

    def write(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Append an rclpy message, recorded at stamp_ns (ns since the epoch)."""
        from rclpy.serialization import serialize_message

        self.write_cdr(topic, type_name_of(message), serialize_message(message), stamp_ns)

    def write_cdr(self, topic: str, type_name: str, data: bytes, stamp_ns: int) -> None:
        """Append one serialized message (CDR), as a raw subscription delivers it."""
        if not self._open:
            raise InternalError("write after the episode was finished or discarded")
        with self._mendable():
            channel = self._channels.get(topic) or self._add_channel(topic, type_name)
            if channel.type_name != type_name:
                raise InternalError(f"{topic} carries {channel.type_name}, not {type_name}")
            self._writer.add_message(
                channel.channel_id, stamp_ns, trim(data, type_name), stamp_ns, channel.count
            )
        channel.note(stamp_ns)

    def finish(self, outcome: str, mark: str = "") -> Path:
        """Complete the episode and return its folder.

        Args:
            outcome: success, failure or unknown.
            mark: the operator's remark.

        Raises:
            UserError: nothing was recorded, or the disk refused.
        """
        if not self._channels:
            self.discard()
            raise UserError("nothing was recorded", "check that the camera and the robot publish")
        info = self._info(outcome, mark)
        with self._mendable():
            self._writer.finish()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            _write_durably(self._folder / METADATA_FILE, self._metadata())
            _write_durably(self._folder / DESCRIPTION_FILE, info.to_mapping())
            _sync_folder(self._folder)
            final = self._rename()
            _sync_folder(self._directory)
        self._open = False
        return final

    def discard(self) -> None:
        """Drop what was written; harmless after `finish`."""
        if not self._open:
            return
        self._open = False
        self._stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _add_channel(self, topic: str, type_name: str) -> _Channel:
        text, type_hash = definition(type_name)
        schema = self._writer.register_schema(type_name, "ros2msg", text.encode())
        metadata = {"offered_qos_profiles": qos_text(topic), "topic_type_hash": type_hash}
        channel_id = self._writer.register_channel(topic, "cdr", schema, metadata)
        self._channels[topic] = _Channel(channel_id, type_name, type_hash)
        return self._channels[topic]

    def _span(self) -> tuple[int, int]:
        channels = self._channels.values()
        return min(channel.first_ns for channel in channels), max(channel.last_ns for channel in channels)

    def _info(self, outcome: str, mark: str) -> EpisodeInfo:
        start_ns, end_ns = self._span()
        return EpisodeInfo(
            task=self._task,
            outcome=outcome,
            mark=mark,
            start_ns=start_ns,
            duration=round((end_ns - start_ns) * 1e-9, 6),
            counts={topic: channel.count for topic, channel in self._channels.items()},
            rates={topic: channel.rate() for topic, channel in self._channels.items()},
            gaps={topic: round(channel.gap_ns * 1e-9, 6) for topic, channel in self._channels.items()},
            **self._facts,  # type: ignore[arg-type]
        )

    def _metadata(self) -> dict[str, Any]:
        topics = [
            TopicSummary(topic, channel.type_name, channel.type_hash, channel.count)
            for topic, channel in self._channels.items()
        ]
        return bag_metadata(BAG_FILE, topics, *self._span())

    def _rename(self) -> Path:
        # Another recorder may take the same name in between: a rename onto a non-empty folder fails.
        for _ in range(1000):
            final = self._directory / next_name(self._directory, self._task)
            try:
                return self._folder.rename(final)
            except OSError:
                if not final.exists():
                    raise
        raise InternalError(f"no free episode name in {self._directory}")

    @contextmanager
    def _mendable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError("cannot write the episode", str(error), str(self._directory)) from error


def _write_durably(path: Path, content: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        yaml.safe_dump(content, stream, sort_keys=False, allow_unicode=True)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
