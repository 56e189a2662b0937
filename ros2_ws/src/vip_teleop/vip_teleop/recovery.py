"""What a killed recorder left: finished where it was kept, recovered and set aside where it was not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import StreamReader, breakup_chunk

from vip_ros.errors import UserError
from vip_teleop.durable import folder_lock, is_locked
from vip_teleop.episode import (
    BAG_FILE,
    DESCRIPTION_FILE,
    INTERRUPTED_FOLDER,
    METADATA_FILE,
    TEMPORARY_PREFIX,
    list_unfinished,
    load_info,
)
from vip_teleop.episode_writer import EpisodeWriter, settle

RawMessage = tuple[str, str, bytes, int, int]
"""Topic, type name, CDR, recording time and sending time in ns."""


@dataclass(frozen=True)
class Recovered:
    """One leftover and what became of it.

    Attributes:
        path: where it lies now; None when nothing was in it.
        kept: it had been kept and is a complete episode now.
        line: what to tell the user.
    """

    path: Path | None
    kept: bool
    line: str


def recover(directory: Path) -> list[Recovered]:
    """Clear up the leftovers of a folder; those of a recorder that still runs are left alone.

    Raises:
        UserError: the folder cannot be written.
    """
    if not list_unfinished(directory):
        return []
    try:
        with folder_lock(directory):
            left = [path for path in list_unfinished(directory) if not _in_use(path)]
        return [_recover_or_quarantine(path, directory) for path in left]
    except OSError as error:
        raise UserError("cannot recover interrupted recordings", str(error), str(directory)) from error


def salvage(bag: Path) -> Iterator[RawMessage]:
    """Yield the messages of a bag up to where it breaks off."""
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    try:
        with bag.open("rb") as stream:
            for record in StreamReader(stream, emit_chunks=True).records:
                for part in (
                    breakup_chunk(record, validate_crc=True) if isinstance(record, Chunk) else [record]
                ):
                    if isinstance(part, Schema):
                        schemas[part.id] = part
                    elif isinstance(part, Channel):
                        channels[part.id] = part
                    elif isinstance(part, Message):
                        channel = channels[part.channel_id]
                        name = schemas[channel.schema_id].name
                        yield channel.topic, name, part.data, part.log_time, part.publish_time
    except Exception:
        # A torn record can upset its parser and its decompressor in any way: it ends here, whatever they say.
        return


def _recover_or_quarantine(folder: Path, directory: Path) -> Recovered:
    try:
        return _recover_one(folder, directory)
    except UserError as error:
        path = settle(folder, directory / INTERRUPTED_FOLDER, "unreadable")
        line = (
            f"an interrupted recording cannot be read and lies in {INTERRUPTED_FOLDER}/{path.name}: {error}"
        )
        return Recovered(path, False, line)


def _recover_one(folder: Path, directory: Path) -> Recovered:
    if (folder / DESCRIPTION_FILE).is_file() and (folder / METADATA_FILE).is_file():
        info = load_info(folder)
        target = directory if info.complete else directory / INTERRUPTED_FOLDER
        path = settle(folder, target, info.task)
        return Recovered(path, info.complete, f"{path.name} had been kept and is complete now")
    task = folder.name.removeprefix(TEMPORARY_PREFIX).rsplit("-", 1)[0] or "unknown"
    with EpisodeWriter(directory, task) as writer:
        for topic, type_name, data, stamp_ns, publish_ns in salvage(folder / BAG_FILE):
            writer.write_cdr(topic, type_name, data, stamp_ns, publish_ns)
        if not writer.bag.channels:
            shutil.rmtree(folder)
            return Recovered(None, False, f"an interrupted recording of {task} held nothing and was removed")
        path = writer.set_aside("unknown", mark="recovered: the recorder was killed while it ran")
    shutil.rmtree(folder)
    place = f"{INTERRUPTED_FOLDER}/{path.name}"
    return Recovered(path, False, f"an interrupted recording of {task} was recovered as {place}")


def _in_use(folder: Path) -> bool:
    bag = folder / BAG_FILE
    return bag.is_file() and is_locked(bag)
