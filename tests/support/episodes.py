"""Small episodes for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vip_teleop.demonstration import Demonstration
from vip_teleop.recording import write_demonstration

JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
START_NS = 1_700_000_000_123_456_789


def toy_demonstration(rows: int = 12, seed: int = 0, success: bool = True) -> Demonstration:
    """Return a demonstration with random pictures; joint k moves at (k + 1) / 10 rad/s."""
    rng = np.random.default_rng(seed)
    stamps = np.arange(rows) / 20.0
    speed = np.arange(1, 8) / 10.0
    return Demonstration(
        task="close_drawer",
        seed=seed,
        success=success,
        rate=20.0,
        stamps=stamps,
        frames=rng.integers(0, 256, (rows, 12, 16, 3), np.uint8),
        q=stamps[:, None] * speed,
        dq=np.tile(speed, (rows, 1)),
        q_command=(stamps[:, None] + 0.05) * speed,
        gripper=np.linspace(0.0, 0.08, rows),
        joint_names=JOINTS,
        finger_names=FINGERS,
    )


def toy_episode(folder: Path, rows: int = 12, seed: int = 0, success: bool = True) -> Path:
    """Write one toy episode and return its folder."""
    return write_demonstration(toy_demonstration(rows, seed, success), folder, "scripted", START_NS)
