"""One episode while it is recorded: a thread that checks, compresses and writes what comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError
from vip_teleop.checks import CheckBoard, CheckLimits
from vip_teleop.configuration import config_hash
from vip_teleop.context import Context
from vip_teleop.disk import DiskWatch
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.image_codec import compress
from vip_teleop.intake import Intake
from vip_teleop.sample import Sample
from vip_teleop.sequences import SequenceCounts
from vip_teleop.takeovers import Takeovers

_NS = 1_000_000_000
_POLL = 0.1  # longest wait for a message, s


@dataclass(frozen=True)
class TakeOptions:
    """How episodes are recorded.

    Attributes:
        image_format: one of image_codec.CODECS.
        compression: of the bag's chunks, see bag_writer.COMPRESSIONS.
        flush_every: longest time for which a kill may cost what was recorded, s.
        queue_mib: most that may wait to be written, MiB.
        limits: what the checks call wrong.
        configuration: tells the parameters of the stack's nodes, by node, when the episode is described.
    """

    image_format: str = "raw"
    compression: str = "lz4"
    flush_every: float = 1.0
    queue_mib: float = 256.0
    limits: CheckLimits = CheckLimits()
    configuration: Callable[[], Mapping[str, Any]] = dict


class Take:
    """Records from its making until `stop`; then it is kept, discarded or set aside.

    Args:
        directory: folder of the episodes.
        task: task name.
        options: how to record.
        disk: watches the space left.
        facts: fields of EpisodeInfo that are known at the start.
        clock: time now, ns since the epoch.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        task: str,
        options: TakeOptions,
        disk: DiskWatch,
        facts: dict[str, Any],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._options, self._disk, self._clock = options, disk, clock
        self._writer = EpisodeWriter(directory, task, compression=options.compression, **facts)
        self.start_ns = clock()
        self.end_ns: int | None = None
        self.error: UserError | None = None
        self.crash: BaseException | None = None
        self.messages = 0
        self.counts: dict[str, int] = {}
        self._intake = Intake(round(options.queue_mib * (1 << 20)))
        self._board = CheckBoard(options.limits, self.start_ns)
        self._takeovers = Takeovers(self.start_ns)
        self._sequences = SequenceCounts()
        self._context = Context()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="episode writer", daemon=True)
        self._thread.start()

    def offer(self, sample: Sample) -> None:
        """Take a received message; never waits."""
        self._intake.put(sample)

    @property
    def running(self) -> bool:
        """Whether messages are still taken; a full disk or an error ends that too."""
        return self.end_ns is None

    def stop(self, limit: float = 60.0) -> None:
        """Write what waits and complete the bag.

        Raises:
            UserError: nothing was recorded, the disk refused, or the disk is slower than limit s.
        """
        self._close_intake()
        self._thread.join(limit)
        if self._thread.is_alive():
            raise UserError(
                f"the disk did not take the episode in {limit:.0f} s", "record onto a faster disk"
            )
        if self.crash is not None:
            raise self.crash
        if self.error is not None:
            raise self.error
        self._writer.close_bag()

    def finish(self, outcome: str, mark: str = "") -> Path:
        """Keep the episode and return its folder; see EpisodeWriter.finish."""
        return self._writer.finish(outcome, mark, **self._found())

    def set_aside(self, outcome: str, mark: str) -> Path:
        """Put the episode among the interrupted ones; see EpisodeWriter.set_aside."""
        return self._writer.set_aside(outcome, mark, **self._found())

    def discard(self) -> None:
        """Stop, and drop all of it."""
        self._close_intake()
        self._thread.join(10.0)
        self._writer.discard()

    def abandon(self) -> None:
        """Let go of what the disk no longer takes; the next start recovers what is there."""
        self._close_intake()
        self._writer.abandon()

    def warnings(self) -> list[str]:
        """Return what is wrong with the episode so far, newest last."""
        with self._lock:
            lost = {topic: count for topic, count in self.lost().items() if count}
            for topic, count in lost.items():
                self._board.add(f"lost {topic}", f"{count} messages of {topic} were lost")
            return self._board.warnings(self.end_ns or self._clock())

    def lost(self) -> dict[str, int]:
        """Return per topic what was sent and did not arrive, or arrived and was not written."""
        lost = self._sequences.missed()
        for topic, count in list(self._intake.dropped.items()):
            # A followed topic shows what did not fit the queue as a gap in its numbers already.
            lost[topic] = max(lost.get(topic, 0), count)
        return lost

    @property
    def dropped(self) -> int:
        """Messages that arrived and were not written."""
        return sum(list(self._intake.dropped.values()))

    @property
    def duration(self) -> float:
        """Time since the start, or to the end, s."""
        return ((self.end_ns or self._clock()) - self.start_ns) / _NS

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._writer.bag.size

    def _found(self) -> dict[str, Any]:
        facts, configuration = self._context.facts(), dict(self._options.configuration())
        return {
            **facts,
            "configuration": configuration,
            "config_hash": config_hash(configuration, facts.get("encoder", ""), facts.get("goal", "")),
            "warnings": self.warnings(),
            "missed": {topic: count for topic, count in self.lost().items() if count},
            "takeovers": self._takeovers.lines,
        }

    def _close_intake(self) -> None:
        self.end_ns = self.end_ns or self._clock()
        self._intake.close()

    def _run(self) -> None:
        due = time.monotonic() + self._options.flush_every
        try:
            while not self._intake.finished:
                for sample in self._intake.take(_POLL):
                    self._write(sample)
                if time.monotonic() >= due:
                    self._writer.flush()
                    self._watch_disk()
                    due = time.monotonic() + self._options.flush_every
        except UserError as error:
            self.error = error
        except BaseException as error:  # handed to the one who stops: a thread's end is not noticed
            self.crash = error
        finally:
            self._close_intake()

    def _write(self, sample: Sample) -> None:
        for watch in (self._board, self._takeovers, self._sequences, self._context):
            with self._noted(sample), self._lock:
                watch.note(sample)
        with self._noted(sample):
            sample = compress(sample, self._options.image_format)
        self._writer.write_cdr(
            sample.topic, sample.type_name, sample.data, sample.received_ns, sample.sent_ns
        )
        self.messages += 1
        self.counts[sample.topic] = self.counts.get(sample.topic, 0) + 1

    @contextmanager
    def _noted(self, sample: Sample) -> Iterator[None]:
        """Put an unreadable message on the board: its bytes are recorded as they came."""
        try:
            yield
        except UserError as error:
            with self._lock:
                self._board.add(f"unreadable {sample.topic}", f"unreadable {sample.topic}: {error}")

    def _watch_disk(self) -> None:
        free = self._disk.free()
        if text := self._disk.warning(free, self.size / max(self.duration, 1.0)):
            with self._lock:
                self._board.add("disk", text)
        if self._disk.must_stop(free):
            with self._lock:
                self._board.add("disk", f"the disk is full ({free >> 20} MiB free): recording has stopped")
            self._close_intake()
