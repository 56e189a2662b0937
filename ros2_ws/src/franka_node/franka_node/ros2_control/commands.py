"""Joint commands in the words of ros2_controllers."""

from __future__ import annotations

import array
from typing import Any, Protocol

from builtin_interfaces.msg import Duration
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from franka_node.limits import Array, RobotLimits
from franka_node.ros2_control.coasting import Coasting, coast
from vip_ros.registry import Registry

# Share of the robot's acceleration with which it comes to rest when this process falls silent.
COASTING_SHARE = 0.7
# Times between two knots of a trajectory that are shorter than this make one knot, s.
SHORTEST = 1e-4


class Phrasing(Protocol):
    """How one kind of controller is told where to be.

    Attributes:
        kind: type of its messages.
        topic: its usual name.
        coasting: how it goes on when nothing more comes; None: it holds the last command.
    """

    kind: type[Any]
    topic: str
    coasting: Coasting | None

    def __init__(self, limits: RobotLimits, period: float) -> None:
        """Take the robot's joint names and limits, and the period of the commands (s)."""

    def moving(self, q: Array, dq: Array) -> Any:
        """Return the message of a command: position [N] rad, velocity [N] rad/s."""

    def resting(self, q: Array, dq: Array) -> Any:
        """Return the message after which nothing more comes, from the last command on."""


PHRASINGS: Registry[type[Phrasing]] = Registry("controller")


@PHRASINGS.register("joint_trajectory_controller")
class TrajectoryPhrasing:
    """Short trajectories with our own velocities, each of which ends at rest.

    The controller goes on along the newest one: while commands come it never gets beyond the first point;
    when they stop to come it brings the arm to rest. An end at rest is also what it asks of a trajectory
    unless told otherwise, and points without velocities would make it stop at each.
    """

    kind: type[Any] = JointTrajectory
    topic = "/fr3_arm_controller/joint_trajectory"

    def __init__(self, limits: RobotLimits, period: float) -> None:
        self._names = list(limits.joint_names)
        # Two periods ahead: a command that comes one period late is still in time.
        self._lead = 2 * period
        self._deceleration = COASTING_SHARE * limits.acceleration
        self.coasting: Coasting | None = Coasting(self._lead, self._deceleration)

    def moving(self, q: Array, dq: Array) -> JointTrajectory:
        """Return the trajectory to q and on to rest; it starts when it arrives (stamp zero)."""
        times, positions, velocities = coast(q, dq, self._deceleration)
        points = [_point(self._lead, q, dq)]
        last = 0.0
        for time, position, velocity in zip(times, positions, velocities, strict=True):
            if time - last < SHORTEST and time != times[-1]:
                continue
            last = max(time, last + SHORTEST)
            points.append(_point(self._lead + last, position, velocity))
        if len(times) == 0:
            points[0].velocities = array.array("d", [0.0] * len(q))
        return JointTrajectory(joint_names=self._names, points=points)

    def resting(self, q: Array, dq: Array) -> JointTrajectory:
        """Return the same: it ends at rest by itself."""
        return self.moving(q, dq)


@PHRASINGS.register("forward_command_controller")
class ForwardPhrasing:
    """Bare positions in the order of the joints; the controller holds the last one for ever."""

    kind: type[Any] = Float64MultiArray
    topic = "/forward_position_controller/commands"

    def __init__(self, limits: RobotLimits, period: float) -> None:
        self.coasting: Coasting | None = None

    def moving(self, q: Array, dq: Array) -> Float64MultiArray:
        """Return the position."""
        return Float64MultiArray(data=array.array("d", q))

    def resting(self, q: Array, dq: Array) -> Float64MultiArray:
        """Return the position once more: it may have been lost."""
        return self.moving(q, dq)


def _point(time: float, q: Array, dq: Array) -> JointTrajectoryPoint:
    seconds, nanoseconds = divmod(round(time * 1e9), 1_000_000_000)
    return JointTrajectoryPoint(
        positions=array.array("d", q),
        velocities=array.array("d", dq),
        time_from_start=Duration(sec=seconds, nanosec=nanoseconds),
    )
