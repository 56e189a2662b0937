"""What a killed recorder left: finished where it was kept, recovered and set aside where it was not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

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
from vip_teleop.salvage import RawMessage, Salvage

__all__ = ["RawMessage", "Recovered", "recover"]


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


def _recover_or_quarantine(folder: Path, directory: Path) -> Recovered:
    try:
        return _recover_one(folder, directory)
    except (OSError, MemoryError) as error:
        return _left_alone(folder, error)
    except UserError as error:
        if isinstance(error.__cause__, OSError):
            return _left_alone(folder, error)
        path = settle(folder, directory / INTERRUPTED_FOLDER, "unreadable")
        line = (
            f"an interrupted recording cannot be read and lies in {INTERRUPTED_FOLDER}/{path.name}: {error}"
        )
        return Recovered(path, False, line)


def _left_alone(folder: Path, error: BaseException) -> Recovered:
    """Leave a recording that a disk or a lack of memory keeps from being recovered for the next start."""
    what = str(error) or type(error).__name__
    return Recovered(folder, False, f"an interrupted recording stays in {folder.name} for now: {what}")


def _recover_one(folder: Path, directory: Path) -> Recovered:
    if (folder / DESCRIPTION_FILE).is_file() and (folder / METADATA_FILE).is_file():
        info = load_info(folder)
        target = directory if info.complete else directory / INTERRUPTED_FOLDER
        path = settle(folder, target, info.task)
        return Recovered(path, info.complete, f"{path.name} had been kept and is complete now")
    task = folder.name.removeprefix(TEMPORARY_PREFIX).rsplit("-", 1)[0] or "unknown"
    found = Salvage(folder / BAG_FILE)
    with EpisodeWriter(directory, task) as writer:
        if found.bag.is_file():
            for topic, type_name, data, stamp_ns, publish_ns in found.messages():
                writer.write_cdr(topic, type_name, data, stamp_ns, publish_ns)
        empty = not writer.bag.channels
        if empty and not found.damage and not found.torn:
            shutil.rmtree(folder)
            return Recovered(None, False, f"an interrupted recording of {task} held nothing and was removed")
        if not empty:
            path = writer.set_aside("unknown", mark=_mark(found))
    if empty:
        path = settle(folder, directory / INTERRUPTED_FOLDER, "unreadable")
        place = f"{INTERRUPTED_FOLDER}/{path.name}"
        return Recovered(path, False, f"nothing of an interrupted recording can be read: it lies in {place}")
    line = f"an interrupted recording of {task} was recovered as {INTERRUPTED_FOLDER}/{path.name}"
    if not found.damage:
        shutil.rmtree(folder)
        return Recovered(path, False, line)
    original = settle(folder, directory / INTERRUPTED_FOLDER, f"damaged_{task}")
    return Recovered(
        path,
        False,
        f"{line}, but not all of it can be read ({found.damage[0]}): its original lies in "
        f"{INTERRUPTED_FOLDER}/{original.name}",
    )


def _mark(found: Salvage) -> str:
    mark = "recovered: the recorder was killed while it ran"
    return f"{mark}; not all of it could be read ({found.damage[0]})" if found.damage else mark


def _in_use(folder: Path) -> bool:
    bag = folder / BAG_FILE
    return bag.is_file() and is_locked(bag)
