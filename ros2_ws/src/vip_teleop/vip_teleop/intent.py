"""What a device wants at one moment, and what it may look at to know."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FRAMES = ("base", "tool")
"""A twist's axes: of the robot's foot, or of the hand (z out of the fingers, y along their opening)."""

# Presses that every device may report.
FRAME, FASTER, SLOWER = "frame", "faster", "slower"
GRIPPER, OPEN, CLOSE = "gripper", "open", "close"
RESET, HOME, HAND_BACK, QUIT = "reset", "home", "hand_back", "quit"
START, SUCCESS, FAILURE, KEEP, DISCARD = "start", "success", "failure", "keep", "discard"


def no_twist() -> Array:
    """Return a twist [6] of rest."""
    return np.zeros(6)


@dataclass(frozen=True)
class Intent:
    """What the person wants now.

    Attributes:
        engaged: the dead-man switch is held.
        twist: linear x y z, angular x y z as shares of full deflection, [6] in [-1, 1].
        path: joint targets, rad, [K, N], due one chunk step apart from now on; instead of a twist.
        gripper: opening width, m; None leaves it to the buttons.
        buttons: what was pressed since the last time.
        message: one line for the person; empty: nothing to say.
    """

    engaged: bool = False
    twist: Array = field(default_factory=no_twist)
    path: Array | None = None
    gripper: float | None = None
    buttons: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class SimScene:
    """The simulated world as last heard: task name, scene seed, generalised positions, task done."""

    task: str
    seed: int
    qpos: Array
    success: bool


@dataclass(frozen=True)
class View:
    """What is known at one moment.

    Attributes:
        now: monotonic time, s.
        joint_names: [N]; empty before the first joint state.
        q: measured joint positions, rad, [N]; None before the first.
        q_age: s since they came.
        command: joint positions that the guard commands, rad, [N]; None where it commands none.
        width: measured opening of the gripper, m; None where there is none.
        mode: the guard's mode, as its name; empty before it is heard.
        fault: the guard's latched fault, or empty.
        fault_detail: what is wrong and how to mend it.
        driver: who drives the arm now: policy, teleop, replay, or nobody.
        scene: the simulated world, where there is one.
    """

    now: float
    joint_names: tuple[str, ...] = ()
    q: Array | None = None
    q_age: float = float("inf")
    command: Array | None = None
    width: float | None = None
    mode: str = ""
    fault: str = ""
    fault_detail: str = ""
    driver: str = ""
    scene: SimScene | None = None
