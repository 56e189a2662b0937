"""A recorded motion as chunks of joint targets, with a slow way to where it begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader, JointSeries

Array = NDArray[np.float64]

STEP = 0.05
"""s between two points of a chunk."""
HORIZON = 8
APPROACH_SPEED = 0.3
"""Fastest joint on the way to the beginning, rad/s."""


@dataclass(frozen=True)
class ReplayChunk:
    """What is to be sent now: positions [H, N] rad, gripper widths [H] m or none, whether it is the last."""

    positions: Array
    gripper: Array
    final: bool


class Replay:
    """The commands of an episode over time, after an approach from where the robot is.

    Args:
        reader: the episode.
        joints: the robot's arm joints, in the order of the chunks.
        q: where the robot is, rad, [N].
        speed: 1.0 as recorded, 0.5 half as fast.

    Raises:
        UserError: the episode's joints are not the robot's, or a speed outside (0, 2].
    """

    def __init__(self, reader: EpisodeReader, joints: list[str], q: Array, speed: float = 1.0) -> None:
        if not 0.0 < speed <= 2.0:
            raise UserError(f"the replay's speed is {speed:g}", "give more than 0 and at most 2")
        commands = reader.joint_commands()
        path = commands.columns(joints, str(reader.path))
        times = (commands.recorded - commands.recorded[0]) * 1e-9 / speed
        self._approach = max(1.0, 1.5 * float(np.abs(path[0] - q).max()) / APPROACH_SPEED)
        self._q, self._path = np.asarray(q, np.float64), path
        self._times = times
        self._widths = _widths(commands)
        self.duration = self._approach + float(times[-1])

    def chunk(self, elapsed: float) -> ReplayChunk:
        """Return what is to be sent at a time since the start, s."""
        due = elapsed + STEP * np.arange(1, HORIZON + 1)
        positions = np.stack([self._at(float(moment)) for moment in due])
        if self._widths is None or elapsed < self._approach:
            return ReplayChunk(positions, np.zeros(0), elapsed >= self.duration)
        widths = np.interp(due - self._approach, self._times, self._widths)
        return ReplayChunk(positions, widths, elapsed >= self.duration)

    def _at(self, moment: float) -> Array:
        if moment < self._approach:
            # Smoothstep: its largest speed is 1.5 times the mean.
            share = max(0.0, moment / self._approach)
            weight = share * share * (3.0 - 2.0 * share)
            return np.asarray(self._q + weight * (self._path[0] - self._q))
        at = moment - self._approach
        return np.array([np.interp(at, self._times, column) for column in self._path.T])


def _widths(commands: JointSeries) -> Array | None:
    fingers = [name for name in commands.names if "finger" in name]
    return commands.columns(fingers).sum(axis=1) if fingers else None
