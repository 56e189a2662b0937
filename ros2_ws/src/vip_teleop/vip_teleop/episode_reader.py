"""Reads an episode into arrays; it needs neither rclpy nor a ROS installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from franka_node.arbiter import PERSON
from vip_ros.errors import UserError
from vip_teleop.bag_reader import read_bag
from vip_teleop.episode import (
    ACTION_TOPIC,
    BAG_FILE,
    COMPRESSED_SUFFIX,
    IMAGE_TOPIC,
    JOINT_COMMAND_TOPIC,
    JOINT_STATE_TOPIC,
    EpisodeInfo,
    is_episode,
    load_info,
)
from vip_teleop.image_codec import picture
from vip_teleop.message_types import decode

_FINGERS = ("finger_joint1", "finger_joint2")
"""Names of the fingers where an episode's joint states name none."""


@dataclass(frozen=True)
class JointSeries:
    """The messages of one JointState topic as arrays.

    Attributes:
        names: joint names, in the order of the columns, [N].
        stamps: header stamps, ns, int64 [T].
        recorded: recording times, ns, int64 [T].
        position: rad (m for fingers), float64 [T, N].
    """

    names: list[str]
    stamps: NDArray[np.int64]
    recorded: NDArray[np.int64]
    position: NDArray[np.float64]

    def columns(self, names: list[str], where: str = "") -> NDArray[np.float64]:
        """Return the positions of the named joints, [T, len(names)]; raises UserError when one is missing."""
        missing = [name for name in names if name not in self.names]
        if missing:
            raise UserError(
                f"joint '{missing[0]}' is not recorded", f"recorded: {', '.join(self.names)}", where
            )
        return self.position[:, [self.names.index(name) for name in names]]


@dataclass(frozen=True)
class _Point:
    """Joint targets in the form of a JointState: names [N] and positions [N], rad (m for fingers)."""

    header: Any
    name: list[str]
    position: list[float]


class EpisodeReader:
    """One complete episode.

    Args:
        path: the episode's folder.

    Raises:
        UserError: not a complete episode, or (from every reading method) a damaged bag.
    """

    def __init__(self, path: Path) -> None:
        if not is_episode(path):
            raise UserError("not a complete episode", "record it again", str(path))
        self.path = path
        self.info: EpisodeInfo = load_info(path)

    def messages(self, *topics: str) -> Iterator[tuple[str, int, Any]]:
        """Yield (topic, recording time in ns, decoded message) in the order of recording; no topic: all."""
        for schema, channel, message in read_bag(self.path / BAG_FILE, topics):
            yield channel.topic, message.log_time, decode(message.data, schema.name)

    def images(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield (header stamp in ns, uint8 [H, W, 3] RGB) of every camera picture, compressed or not."""
        for _, _, message in self.messages(IMAGE_TOPIC, IMAGE_TOPIC + COMPRESSED_SUFFIX):
            yield _stamp_ns(message), picture(message)

    def stamps(self) -> Iterator[int]:
        """Yield the header stamp, ns, of every camera picture, without reading its pixels."""
        for topic in (IMAGE_TOPIC, IMAGE_TOPIC + COMPRESSED_SUFFIX):
            for _, _, message in self.messages(topic):
                yield _stamp_ns(message)

    def frames(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the header stamps, ns [T], and the pictures, uint8 [T, H, W, 3] RGB."""
        pairs = list(self.images())
        if not pairs:
            raise UserError("the episode has no pictures", "record it again", str(self.path))
        stamps, frames = zip(*pairs, strict=True)
        return np.array(stamps, np.int64), np.stack(frames)

    def joint_states(self) -> JointSeries:
        """Return the measured joint states."""
        return self._series(JOINT_STATE_TOPIC, self._rows(JOINT_STATE_TOPIC))

    def joint_commands(self) -> JointSeries:
        """Return the commands that were really sent to the robot.

        A robot that was guided by hand got none: the first point of every recorded action chunk takes their
        place, a person's chunks alone where there are any (nobody followed a program's meanwhile). The
        opening width of a chunk is shared by the fingers of the joint states, m each, as the guard commands
        them.

        Raises:
            UserError: there are neither commands nor chunks, or a chunk is damaged.
        """
        rows = self._rows(JOINT_COMMAND_TOPIC)
        if rows:
            return self._series(JOINT_COMMAND_TOPIC, rows)
        chunks = [(recorded, chunk) for recorded, chunk in self._rows(ACTION_TOPIC) if chunk.horizon]
        led = [(recorded, chunk) for recorded, chunk in chunks if chunk.source == PERSON]
        if not chunks:
            problem = f"the episode has neither {JOINT_COMMAND_TOPIC} nor {ACTION_TOPIC}"
            raise UserError(problem, "record it again", str(self.path))
        fingers = self._fingers() if any(len(chunk.gripper) for _, chunk in led or chunks) else ()
        points = [(recorded, self._point(chunk, fingers)) for recorded, chunk in led or chunks]
        return self._series(ACTION_TOPIC, points)

    def _fingers(self) -> tuple[str, ...]:
        for _, _, message in self.messages(JOINT_STATE_TOPIC):
            if fingers := tuple(name for name in message.name if "finger" in name):
                return fingers
        return _FINGERS

    def _point(self, chunk: Any, fingers: tuple[str, ...]) -> _Point:
        """Return the first point of a chunk; raises UserError when its lengths do not fit together."""
        names, horizon = list(chunk.joint_names), int(chunk.horizon)
        if len(chunk.positions) != horizon * len(names) or len(chunk.gripper) not in (0, horizon):
            problem = f"a chunk on {ACTION_TOPIC} has not {horizon} points of {len(names)} joints"
            raise UserError(problem, "leave the episode out", str(self.path))
        position = [float(value) for value in chunk.positions[: len(names)]]
        if len(chunk.gripper):
            names += fingers
            position += [float(chunk.gripper[0]) / len(fingers)] * len(fingers)
        return _Point(chunk.header, names, position)

    def _rows(self, topic: str) -> list[tuple[int, Any]]:
        return [(recorded, message) for _, recorded, message in self.messages(topic)]

    def _series(self, topic: str, rows: list[tuple[int, Any]]) -> JointSeries:
        if not rows:
            raise UserError(f"the episode has no {topic}", "record it again", str(self.path))
        names = max((list(message.name) for _, message in rows), key=len)
        if any(not set(message.name) <= set(names) for _, message in rows):
            raise UserError(f"{topic} changes its joints", "record one robot at a time", str(self.path))
        if any(len(message.name) != len(message.position) for _, message in rows):
            raise UserError(f"{topic} has joints without a position", "leave it out", str(self.path))
        return JointSeries(
            names,
            np.array([_stamp_ns(message) for _, message in rows], np.int64),
            np.array([recorded for recorded, _ in rows], np.int64),
            _positions([message for _, message in rows], names),
        )


def _positions(messages: list[Any], names: list[str]) -> NDArray[np.float64]:
    """Return the positions of the named joints, [T, N].

    A command without fingers leaves the gripper as it is: what a message lacks is as before, and as
    afterwards where there is no before. A position that is not a number stays one.
    """
    column = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(messages), len(names)))
    known = np.zeros(table.shape, bool)
    for row, message in enumerate(messages):
        if row:
            table[row], known[row] = table[row - 1], known[row - 1]
        given = [column[name] for name in message.name]
        table[row, given], known[row, given] = message.position, True
    for row in range(len(messages) - 2, -1, -1):
        unknown = ~known[row]
        table[row, unknown] = table[row + 1, unknown]
    return table


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
