"""What a teleoperation device yields when it demonstrates in lockstep with a simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Demonstration:
    """One attempt at a task; row i is what was true at stamps[i] and what was commanded from there on.

    Attributes:
        task: registered task name.
        seed: scene seed.
        success: whether the task was solved at the end.
        rate: rows per second, Hz.
        stamps: s since the start, [T].
        frames: camera pictures, uint8 [T, H, W, 3] RGB.
        q: joint positions, rad, [T, N].
        dq: joint velocities, rad/s, [T, N].
        q_command: joint targets to be reached one row later, rad, [T, N].
        gripper: commanded opening width, m, [T].
        joint_names: [N].
        finger_names: the gripper's joints; each travels half of the width.
        width: measured opening width, m, [T]; None where it was not measured.
    """

    task: str
    seed: int
    success: bool
    rate: float
    stamps: Array
    frames: NDArray[np.uint8]
    q: Array
    dq: Array
    q_command: Array
    gripper: Array
    joint_names: tuple[str, ...]
    finger_names: tuple[str, ...]
    width: Array | None = None
