"""Writes one episode so that it is either complete or not there, whatever kills the process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from vip_ros.errors import InternalError, UserError
from vip_teleop.bag_metadata import bag_metadata
from vip_teleop.bag_writer import BagWriter
from vip_teleop.durable import folder_lock, sync_folder, write_yaml
from vip_teleop.episode import (
    BAG_FILE,
    DESCRIPTION_FILE,
    INTERRUPTED_FOLDER,
    METADATA_FILE,
    TEMPORARY_PREFIX,
    EpisodeInfo,
    check_task,
    next_name,
)
from vip_teleop.message_types import type_name_of


class EpisodeWriter:
    """An episode being written; use it as a context manager, `finish` makes it a complete one.

    The folder has a hidden temporary name until every byte is on the disk; leaving the context without
    `finish` removes it. The MCAP chunks are compressed without loss.

    Args:
        directory: folder that receives the episode; created.
        task: task name, the stem of the episode's name.
        compression: of the chunks, see bag_writer.COMPRESSIONS.
        facts: fields of EpisodeInfo that are known already, such as teleop, seed, encoder.

    Raises:
        UserError: the task cannot begin a folder's name; the folder cannot be written (also from every
            method that writes).
    """

    def __init__(self, directory: Path, task: str, *, compression: str = "zstd", **facts: Any) -> None:
        self._directory, self._task, self._facts = directory, task, facts
        self._open = True
        check_task(task)
        with self._mendable():
            directory.mkdir(parents=True, exist_ok=True)
            # The lock keeps one who cleans up from taking a folder whose bag is not open yet.
            with folder_lock(directory):
                self._folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{task}-", dir=directory))
                # mkdtemp makes it private; an episode is as readable as any other folder of the user.
                self._folder.chmod(0o755)
                self.bag = BagWriter(self._folder / BAG_FILE, compression)

    def write(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Append an rclpy message, recorded at stamp_ns (ns since the epoch)."""
        from rclpy.serialization import serialize_message

        self.write_cdr(topic, type_name_of(message), serialize_message(message), stamp_ns)

    def write_cdr(
        self, topic: str, type_name: str, data: bytes, stamp_ns: int, publish_ns: int | None = None
    ) -> None:
        """Append one serialized message (CDR), as a raw subscription delivers it; see BagWriter.write."""
        if not self._open:
            raise InternalError("write after the episode was finished or discarded")
        with self._mendable():
            self.bag.write(topic, type_name, data, stamp_ns, publish_ns)

    def flush(self) -> None:
        """Bring everything so far to the disk, so that it can be recovered after a kill."""
        with self._mendable():
            self.bag.flush()

    def close_bag(self) -> None:
        """Complete the bag, whose episode may still be kept or discarded; UserError when it is empty."""
        if not self.bag.channels:
            self.discard()
            raise UserError("nothing was recorded", "check that the camera and the robot publish")
        with self._mendable():
            self.bag.finish()

    def finish(self, outcome: str, mark: str = "", **facts: Any) -> Path:
        """Complete the episode and return its folder: it is kept as soon as its description is written.

        Args:
            outcome: success, failure or unknown.
            mark: the operator's remark.
            facts: further fields of EpisodeInfo.

        Raises:
            UserError: nothing was recorded, or the disk refused.
        """
        self._describe(outcome, mark, facts)
        return self._settle(self._directory)

    def set_aside(self, outcome: str, mark: str = "", **facts: Any) -> Path:
        """Put what there is where no complete episode is looked for, and return its folder; see finish."""
        self._describe(outcome, mark, {**facts, "complete": False})
        return self._settle(self._directory / INTERRUPTED_FOLDER)

    def abandon(self) -> None:
        """Let go of a folder that the disk no longer takes; it stays, under its temporary name."""
        self._open = False
        # What the disk refused once it refuses again when the file is closed.
        with suppress(OSError):
            self.bag.close()

    def discard(self) -> None:
        """Drop what was written; harmless after `finish`."""
        if not self._open:
            return
        self._open = False
        with suppress(OSError):
            self.bag.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _describe(self, outcome: str, mark: str, facts: dict[str, Any]) -> None:
        self.close_bag()
        start_ns, end_ns = self.bag.span
        info = EpisodeInfo(
            task=self._task,
            outcome=outcome,
            mark=mark,
            start_ns=start_ns,
            duration=round((end_ns - start_ns) * 1e-9, 6),
            counts={topic: channel.count for topic, channel in self.bag.channels.items()},
            rates={topic: channel.rate() for topic, channel in self.bag.channels.items()},
            gaps={topic: round(channel.gap_ns * 1e-9, 6) for topic, channel in self.bag.channels.items()},
            sha256=self.bag.sha256,
            **{**self._facts, **facts},
        )
        with self._mendable():
            metadata = bag_metadata(BAG_FILE, self.bag.summaries(), start_ns, end_ns)
            write_yaml(self._folder / METADATA_FILE, metadata)
            write_yaml(self._folder / DESCRIPTION_FILE, info.to_mapping())

    def _settle(self, directory: Path) -> Path:
        with self._mendable():
            final = settle(self._folder, directory, self._task)
        self._open = False
        self.bag.close()
        return final

    @contextmanager
    def _mendable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError("cannot write the episode", str(error), str(self._directory)) from error


def settle(folder: Path, directory: Path, task: str) -> Path:
    """Give a written episode its lasting name in the directory (created) and return it."""
    directory.mkdir(exist_ok=True)
    # Another recorder may take the same name in between: a rename onto a non-empty folder fails.
    for _ in range(1000):
        final = directory / next_name(directory, task)
        try:
            folder.rename(final)
        except OSError:
            if not final.exists():
                raise
            continue
        sync_folder(directory)
        return final
    raise InternalError(f"no free episode name in {directory}")
