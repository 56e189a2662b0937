"""What every robot behind the guard offers."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol, runtime_checkable

from franka_node.fci.options import FciOptions
from franka_node.limits import Array
from franka_node.ros2_control.coasting import Coasting
from franka_node.ros2_control.options import Ros2ControlOptions
from vip_ros.config import option
from vip_ros.registry import Registry


@dataclasses.dataclass(frozen=True)
class DriverConfig(FciOptions, Ros2ControlOptions):
    """What the drivers may be told; each takes what concerns it."""

    robot: str = option("", "table of limits: fer, fr3, fr3-rectangular, ...; empty: the driver's own")
    rate: float = option(100.0, "control rate, Hz")
    task: str = option("close_drawer", "simulated: the task whose scene stands on the table")
    seed: int = option(0, "simulated: seed of the first scene")


@dataclasses.dataclass(frozen=True)
class RobotState:
    """What was measured at one time: stamp in ns since the epoch, q [N] rad, dq [N] rad/s, gripper m."""

    stamp_ns: int
    q: Array
    dq: Array
    gripper: float


class Driver(Protocol):
    """A robot that follows joint positions.

    Any exception of read or write counts as a lost robot: the guard stops and latches driver_lost.

    Attributes:
        robot: name of its table of limits.
        finger_names: joint names of the gripper's fingers, each open by half the width.
        brings_description: whether somebody publishes robot_description and TF for this robot already.
        coasting: how the robot goes on by itself when no more commands come; None: it holds the last one.
    """

    robot: str
    finger_names: tuple[str, ...]
    brings_description: bool
    coasting: Coasting | None

    def attach(self, node: Any) -> None:
        """Take the ROS node that the driver serves, before connect: for a robot behind ROS topics."""

    def connect(self) -> None:
        """Reach the robot; raises UserError when that fails."""

    def read(self) -> RobotState:
        """Return the newest measured state without waiting for the next one."""

    def write(self, q_command: Array, dq_command: Array, gripper: float | None) -> None:
        """Command joint positions [N] (rad), their velocities (rad/s), and a width (m; None: leave it)."""

    def stop(self) -> None:
        """Hold where the robot is, by its own means, until the next write takes control again.

        Called whenever the guard has become inactive, also twice, and without any write before.
        """

    def recover(self) -> None:
        """Make a robot that was lost ready again; raises UserError when that fails."""

    def close(self) -> None:
        """Let go of the robot; may be called twice, and without connect."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """The state of a simulated world at a time: see vip_interfaces/SimState."""

    stamp_ns: int
    task: str
    seed: int
    qpos: Array
    success: bool


@runtime_checkable
class SceneDriver(Protocol):
    """A driver with a world of its own around the robot: a simulator."""

    def scene(self) -> Scene:
        """Return the state of the world as last read."""

    def reset_scene(self, task: str, seed: int) -> None:
        """Set up another scene, the arm at its start; an empty task keeps the one in force.

        Raises:
            UserError: no such task.
        """


DRIVERS: Registry[type[Driver]] = Registry("driver", package="franka_node.drivers")
