"""The recorder's states: idle, recording, review, saving; one episode at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError
from vip_teleop.disk import DiskLimits, DiskWatch
from vip_teleop.episode import check_task, next_name
from vip_teleop.message_types import decode
from vip_teleop.recovery import Recovered, recover
from vip_teleop.sample import Sample
from vip_teleop.static_transforms import TRANSFORMS, join_transforms
from vip_teleop.stream_rates import StreamRates
from vip_teleop.take import Take, TakeOptions

_SIM_STATE = "vip_interfaces/msg/SimState"


class State(IntEnum):
    """As in vip_interfaces/RecorderState."""

    IDLE = 0
    RECORDING = 1
    REVIEW = 2
    SAVING = 3


@dataclass(frozen=True)
class Status:
    """What RecorderState publishes; see its comments."""

    state: State
    task: str = ""
    episode: str = ""
    outcome: str = ""
    index: int = 0
    wanted: int = 0
    kept: int = 0
    discarded: int = 0
    duration: float = 0.0
    messages: int = 0
    dropped: int = 0
    bytes: int = 0
    bytes_per_second: float = 0.0
    bytes_free: int = 0
    rates: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Recorder:
    """Turns samples and wishes into episodes.

    Args:
        directory: folder of the episodes; created.
        task: task in force; empty: the simulated world's, or the one named at the start.
        options: how to record.
        disk: when to warn and stop.
        wanted: episodes wanted in this session; 0: no end.
        on_change: called when the state changed.
        clock: time now, ns since the epoch.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        task: str = "",
        options: TakeOptions | None = None,
        disk: DiskLimits | None = None,
        wanted: int = 0,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.directory = directory
        self._task, self._wanted, self._clock = task, wanted, clock
        self._options = options or TakeOptions()
        self._on_change = on_change
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError("cannot make the folder of episodes", str(error), str(directory)) from None
        self._disk = DiskWatch(directory, disk or DiskLimits())
        self._rates = StreamRates()
        self._latched: dict[str, Sample] = {}
        self._scene: Sample | None = None
        self._take: Take | None = None
        self._take_task = ""
        self._outcome = ""
        self._kept = self._discarded = 0
        self.state = State.IDLE

    def recover(self) -> list[Recovered]:
        """Clear up what a killed recorder left in the folder."""
        return recover(self.directory)

    def offer(self, sample: Sample, latched: bool = False) -> None:
        """Take a message; a latched one also opens every later episode."""
        self._rates.note(sample.topic, sample.received_ns)
        if latched:
            known = self._latched.get(sample.topic)
            if known is not None and sample.type_name == known.type_name == TRANSFORMS:
                kept = replace(sample, data=join_transforms(known.data, sample.data))
            else:
                kept = sample
            self._latched[sample.topic] = kept
        if sample.type_name == _SIM_STATE:
            self._scene = sample
        take = self._take
        # A node that lags hands on what came before the start: that is another scene.
        if take is not None and self.state == State.RECORDING and sample.received_ns >= take.start_ns:
            take.offer(sample)

    def start(self, task: str = "", facts: dict[str, Any] | None = None) -> str:
        """Begin an episode and return the name it gets.

        Raises:
            UserError: one is under way, no task is known, a required topic is silent, the disk is full.
        """
        if self.state != State.IDLE:
            raise UserError(f"an episode is in {self.state.name}", "keep or discard it first")
        name = task or self._task or self._scene_task()
        if not name:
            raise UserError("no task is named", "give one with the start or as the parameter task")
        check_task(name)
        self._require_streams()
        free = self._disk.free()
        if self._disk.must_stop(free):
            raise UserError(f"the disk is full ({free >> 20} MiB free)", "make room", str(self.directory))
        episode = self._next_name(name)
        self._take = Take(self.directory, name, self._options, self._disk, facts or {}, self._clock)
        self._take_task, self._outcome = name, ""
        for sample in self._latched.values():
            self._take.offer(replace(sample, received_ns=self._take.start_ns, sequence=0))
        self._become(State.RECORDING)
        return episode

    def stop(self) -> None:
        """End the episode, for review.

        Raises:
            UserError: none is recorded, or nothing came; what the disk did not take is left to recovery.
        """
        if self.state != State.RECORDING or self._take is None:
            raise UserError("no episode is being recorded", "start one first")
        self._become(State.SAVING)
        try:
            self._take.stop()
        except UserError:
            self._take.abandon()
            self._forget()
            raise
        self._become(State.REVIEW)

    def mark(self, outcome: str) -> None:
        """Mark the episode as success or failure, while it runs or in review."""
        if self.state not in (State.RECORDING, State.REVIEW):
            raise UserError("there is no episode to mark", "start one first")
        self._outcome = outcome
        self._on_change()

    def keep(self, remark: str = "") -> Path:
        """Keep the episode (and stop it before, where it still runs); returns its folder, safe on the disk.

        Raises:
            UserError: there is none, or the disk refused; it then stays in review.
        """
        if self.state == State.RECORDING:
            self.stop()
        if self.state != State.REVIEW or self._take is None:
            raise UserError("there is no episode to keep", "start one first")
        self._become(State.SAVING)
        try:
            path = self._take.finish(self._outcome or "unknown", remark)
        except UserError:
            self._become(State.REVIEW)
            raise
        self._kept += 1
        self._forget()
        return path

    def discard(self) -> None:
        """Drop the episode."""
        if self._take is None:
            raise UserError("there is no episode to discard", "start one first")
        self._take.discard()
        self._discarded += 1
        self._forget()

    def close(self) -> Path | None:
        """Set an unfinished episode aside, so that nothing is lost; returns its folder."""
        take, self._take = self._take, None
        if take is None:
            return None
        try:
            if self.state == State.RECORDING:
                take.stop()
            path = take.set_aside(self._outcome or "unknown", "the recorder was stopped before it was kept")
        except UserError:
            take.abandon()
            raise
        finally:
            self.state = State.IDLE
        return path

    def tick(self) -> None:
        """Look after a take that ended by itself: a full disk, or an error of the disk."""
        if self.state == State.RECORDING and self._take is not None and not self._take.running:
            self.stop()

    def status(self) -> Status:
        """Return what there is to tell; a folder that cannot be reached is a warning."""
        gone: list[str] = []
        try:
            free, episode = self._disk.free(), self._next_name(self._take_task) if self._take else ""
        except UserError as error:
            free, episode, gone = 0, "", [str(error)]
        status = Status(
            state=self.state,
            task=self._task,
            index=self._kept,
            wanted=self._wanted,
            kept=self._kept,
            discarded=self._discarded,
            bytes_free=free,
            rates=self._rates.per_second(self._clock()),
        )
        take = self._take
        if take is None:
            warning = "" if gone else self._disk.warning(free, 0.0)
            return replace(status, warnings=[warning] if warning else gone)
        return replace(
            status,
            task=self._take_task,
            episode=episode,
            outcome=self._outcome,
            index=self._kept + 1,
            duration=take.duration,
            messages=take.messages,
            dropped=take.dropped,
            bytes=take.size,
            bytes_per_second=take.size / max(take.duration, 1e-3),
            warnings=[*take.warnings(), *gone],
        )

    def _next_name(self, task: str) -> str:
        try:
            return next_name(self.directory, task)
        except OSError as error:
            raise UserError("cannot read the folder of episodes", str(error), str(self.directory)) from error

    def _require_streams(self) -> None:
        now = self._clock()
        for topic in self._options.limits.required:
            if self._rates.silence(topic, now) > 2 * self._options.limits.longest_gap:
                raise UserError(f"{topic} does not come", "is its node running? See the parameter required")

    def _scene_task(self) -> str:
        return str(decode(self._scene.data, _SIM_STATE).task) if self._scene is not None else ""

    def _become(self, state: State) -> None:
        self.state = state
        self._on_change()

    def _forget(self) -> None:
        self._take = None
        self._become(State.IDLE)
