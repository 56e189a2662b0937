"""One episode as rows, one per camera picture, with the picture's true time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader

REWARD_TOPIC = "/vip/reward"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EpisodeRows:
    """The rows of one episode.

    Attributes:
        task: task name.
        success: whether it was solved.
        stamps: of the pictures, ns since the epoch, int64 [T].
        joints: names of the state's columns.
        state: measured at each picture, rad (m for fingers), [T, S].
        action: commanded for the next picture's time, rad, and the gripper's width, m, [T, A].
        has_gripper: whether the last column of action is the width.
        rewards: of the step that ends with each picture, [T]; None when none were recorded.
    """

    task: str
    success: bool
    stamps: NDArray[np.int64]
    joints: list[str]
    state: Floats
    action: Floats
    has_gripper: bool
    rewards: Floats | None

    @property
    def timestamps(self) -> NDArray[np.float64]:
        """Times since the first picture, s, [T]."""
        return np.asarray((self.stamps - self.stamps[0]).astype(np.float64) * 1e-9)


def read_rows(reader: EpisodeReader) -> EpisodeRows:
    """Read an episode without its pictures.

    Raises:
        UserError: no pictures or joints, stamps that do not rise, a damaged bag.
    """
    stamps = np.fromiter(reader.stamps(), np.int64)
    if len(stamps) < 2:
        raise UserError("the episode has fewer than two pictures", "record it again", str(reader.path))
    if (np.diff(stamps) <= 0).any():
        raise UserError("the pictures' stamps do not rise", "record it again", str(reader.path))
    states, commands = reader.joint_states(), reader.joint_commands()
    arm = [name for name in states.names if "finger" not in name]
    fingers = [name for name in commands.names if "finger" in name]
    following = np.append(stamps[1:], 2 * stamps[-1] - stamps[-2])
    # A command's header carries the picture it follows from: it was sent when it was recorded.
    action = _at(following, commands.recorded, commands.columns(arm, str(reader.path)))
    if fingers:
        width = commands.columns(fingers).sum(axis=1, keepdims=True)
        action = np.hstack([action, _at(following, commands.recorded, width)])
    return EpisodeRows(
        task=reader.info.task,
        success=reader.info.outcome == "success",
        stamps=stamps,
        joints=list(states.names),
        state=_at(stamps, states.stamps, states.position).astype(np.float32),
        action=action.astype(np.float32),
        has_gripper=bool(fingers),
        rewards=_rewards(reader, stamps),
    )


def _at(
    moments: NDArray[np.int64], times: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values [N, C] interpolated at moments [T], all times in ns; [T, C]."""
    origin = times[0]
    at, known = (moments - origin).astype(np.float64), (times - origin).astype(np.float64)
    return np.stack([np.interp(at, known, column) for column in values.T], axis=1)


def _rewards(reader: EpisodeReader, stamps: NDArray[np.int64]) -> Floats | None:
    by_stamp: dict[int, float] = {}
    for _, _, message in reader.messages(REWARD_TOPIC):
        stamp = message.header.stamp
        by_stamp[int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)] = float(message.reward)
    if not by_stamp:
        return None
    # A picture that the encoder dropped has no reward of its own: the next one's covers the step.
    return np.array([by_stamp.get(int(stamp), 0.0) for stamp in stamps], np.float32)
