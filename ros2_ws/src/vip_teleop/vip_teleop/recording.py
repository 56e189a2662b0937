"""Demonstrations made in lockstep, written as the episodes that a live recorder would write."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sensor_msgs.msg import CameraInfo, JointState

from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop.demonstration import Array, Demonstration
from vip_teleop.devices import LockstepDevice
from vip_teleop.episode import (
    CAMERA_INFO_TOPIC,
    IMAGE_TOPIC,
    JOINT_COMMAND_TOPIC,
    JOINT_STATE_TOPIC,
)
from vip_teleop.episode_writer import EpisodeWriter

CAMERA_FRAME = "camera_optical_frame"
BASE_FRAME = "base"

OnEpisode = Callable[[Path, Demonstration], None]


def record(
    device: LockstepDevice,
    device_name: str,
    task: str,
    episodes: int,
    directory: Path,
    seed: int = 0,
    on_episode: OnEpisode | None = None,
) -> list[Path]:
    """Record episodes of consecutive scene seeds and return their folders.

    Args:
        device: who demonstrates.
        device_name: its registered name, kept in the episode's description.
        task: task name.
        episodes: how many.
        directory: folder that receives them; created.
        seed: scene seed of the first.
        on_episode: told of every finished episode.

    Raises:
        UserError: unknown task, or a folder that cannot be written.
    """
    paths = []
    for index in range(episodes):
        demonstration = device.demonstrate(task, seed + index)
        paths.append(write_demonstration(demonstration, directory, device_name, time.time_ns()))
        if on_episode is not None:
            on_episode(paths[-1], demonstration)
    return paths


def write_demonstration(
    demonstration: Demonstration, directory: Path, device_name: str, start_ns: int
) -> Path:
    """Write one demonstration as a complete episode and return its folder.

    Every message has the time at which a recorder would have received it: pictures and joint states their
    row's stamp, commands the end of their row, when the command has reached its target; the command's
    header carries the stamp of the picture that it follows from.

    Args:
        demonstration: what happened.
        directory: folder of episodes; created.
        device_name: registered name of the device.
        start_ns: time of the first row, ns since the epoch.
    """
    names = [*demonstration.joint_names, *demonstration.finger_names]
    period_ns = round(1e9 / demonstration.rate)
    measured = demonstration.gripper if demonstration.width is None else demonstration.width
    with EpisodeWriter(directory, demonstration.task, teleop=device_name, seed=demonstration.seed) as writer:
        for row, stamp in enumerate(demonstration.stamps):
            stamp_ns = start_ns + round(stamp * 1e9)
            state = _joint_state(demonstration.q[row], measured[row], stamp_ns, names)
            state.velocity = [*demonstration.dq[row].tolist(), *np.zeros(len(demonstration.finger_names))]
            command = _joint_state(demonstration.q_command[row], demonstration.gripper[row], stamp_ns, names)
            image = array_to_image(demonstration.frames[row], from_ns(stamp_ns), CAMERA_FRAME)
            info = CameraInfo(header=image.header, height=image.height, width=image.width)
            writer.write(JOINT_STATE_TOPIC, state, stamp_ns)
            writer.write(IMAGE_TOPIC, image, stamp_ns)
            writer.write(CAMERA_INFO_TOPIC, info, stamp_ns)
            writer.write(JOINT_COMMAND_TOPIC, command, stamp_ns + period_ns)
        return writer.finish("success" if demonstration.success else "failure")


def _joint_state(positions: Array, width: float, stamp_ns: int, names: Sequence[str]) -> JointState:
    """Return positions [N] of the arm and of fingers that are `width` (m) apart."""
    fingers = [width / 2] * (len(names) - len(positions))
    message = JointState(name=list(names), position=[*positions.tolist(), *fingers])
    message.header.stamp = from_ns(stamp_ns)
    message.header.frame_id = BASE_FRAME
    return message
