"""A stand-in for franka_ros2 and one of ros2_controllers: python fake_franka_ros2.py KIND [services].

Same names, types and QoS as the real ones: a best-effort joint state broadcaster on /franka/joint_states, the
slow merged /joint_states, and a controller of KIND that takes what the real one takes, refuses what it
refuses, and goes on along the last command for ever. The arm is where the controller's reference is, told on
/fake/reference. With services there are also the nodes of fake_franka_services.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import rclpy
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

from franka_node.limits import FR3
from vip_ros.qos import SENSOR
from vip_ros.stamps import from_ns

PERIOD = 0.005
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=10)


class FakeFrankaRos2(Node):
    """Broadcaster, controller and arm.

    Attributes:
        powered: hardware, broadcaster and controller are active; otherwise nothing is told and nothing moves.
        in_reflex: the hardware is in error.
        stubborn: recoveries and openings of the hand fail.
        width: of the hand's opening, m.
    """

    def __init__(self, kind: str) -> None:
        super().__init__("fake_franka_ros2")
        self.powered, self.in_reflex, self.stubborn = True, False, False
        self.width = 0.04
        self.q, self.dq = FR3.home.copy(), np.zeros(7)
        self._knots: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._ticks = 0
        self._states = self.create_publisher(JointState, "/franka/joint_states", BEST_EFFORT)
        self._fingers = self.create_publisher(JointState, "/franka_gripper/joint_states", SENSOR)
        self._merged = self.create_publisher(JointState, "/joint_states", RELIABLE)
        self._calls = self.create_publisher(String, "/fake/calls", RELIABLE)
        self._reference = self.create_publisher(JointState, "/fake/reference", RELIABLE)
        self._refusals = self.create_publisher(String, "/fake/refusals", RELIABLE)
        if kind == "joint_trajectory_controller":
            topic = "/fr3_arm_controller/joint_trajectory"
            self.create_subscription(JointTrajectory, topic, self._on_trajectory, RELIABLE)
        else:
            topic = "/forward_position_controller/commands"
            self.create_subscription(Float64MultiArray, topic, self._on_positions, RELIABLE)
        self.create_timer(PERIOD, self._tick)

    def tell(self, call: str) -> None:
        """Say what was asked of this robot."""
        self._calls.publish(String(data=call))

    def _on_trajectory(self, message: JointTrajectory) -> None:
        reason = refusal(message)
        if not self.powered:
            return
        if reason:
            self._refusals.publish(String(data=reason))
            return
        ahead = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in message.points]
        now = time.monotonic()
        # Taken up from the desired state, as interpolate_from_desired_state has it.
        self._knots = (
            np.concatenate(([now], now + np.array(ahead))),
            np.vstack((self.q, [p.positions for p in message.points])),
            np.vstack((self.dq, [p.velocities for p in message.points])),
        )

    def _on_positions(self, message: Float64MultiArray) -> None:
        if len(message.data) != 7:
            self._refusals.publish(String(data=f"command size is {len(message.data)}"))
            return
        if self.powered:
            self.q = np.array(message.data)

    def _tick(self) -> None:
        self._ticks += 1
        if self._knots is not None and self.powered:
            self.q, self.dq = cubic(*self._knots, time.monotonic())
        order = np.array([6, 0, 1, 2, 3, 4, 5])
        stamp = from_ns(time.time_ns())
        message = JointState(name=[FR3.joint_names[i] for i in order], position=self.q[order].tolist())
        message.velocity = self.dq[order].tolist()
        message.header.stamp = stamp
        self._reference.publish(message)
        fingers = JointState(name=["fr3_finger_joint1", "fr3_finger_joint2"], position=[self.width / 2] * 2)
        fingers.header.stamp = stamp
        if self._ticks % 2 == 0:
            self._fingers.publish(fingers)
        if self.powered and self._ticks % 2 == 0:
            self._states.publish(message)
        if self.powered and self._ticks % 7 == 0:
            message.name, message.position = (
                [*message.name, *fingers.name],
                [*message.position, *fingers.position],
            )
            message.velocity = []
            self._merged.publish(message)


def refusal(message: JointTrajectory) -> str:
    """Why joint_trajectory_controller with its defaults would refuse a trajectory, or an empty string."""
    if list(message.joint_names) != list(FR3.joint_names):
        return f"joint names {message.joint_names}"
    if not message.points:
        return "no points"
    times = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in message.points]
    if times[0] <= 0 or (np.diff(times) <= 0).any():
        return f"times do not increase: {times}"
    if any(len(p.positions) != 7 or len(p.velocities) != 7 for p in message.points):
        return "a point of the wrong size"
    if np.abs(message.points[-1].velocities).max() > 1e-9:
        return "the last point does not rest"
    return ""


def cubic(
    times: np.ndarray, positions: np.ndarray, velocities: np.ndarray, now: float
) -> tuple[np.ndarray, np.ndarray]:
    """Position and velocity on the cubic spline through knots, at rest behind the last one."""
    if now >= times[-1]:
        return positions[-1], np.zeros(7)
    k = max(int(np.searchsorted(times, now, side="right")) - 1, 0)
    h = times[k + 1] - times[k]
    s = (now - times[k]) / h
    p0, p1, v0, v1 = positions[k], positions[k + 1], velocities[k] * h, velocities[k + 1] * h
    a, b = 2 * (p0 - p1) + v0 + v1, 3 * (p1 - p0) - 2 * v0 - v1
    return p0 + s * (v0 + s * (b + s * a)), (v0 + s * (2 * b + 3 * s * a)) / h


def main() -> None:
    """Run until killed."""
    rclpy.init()
    kind, services = sys.argv[1], sys.argv[2:3] == ["services"]
    robot = FakeFrankaRos2(kind)
    nodes: list[Node] = [robot]
    if services:
        from graph.fake_franka_services import FakeActionServer, FakeControllerManager, FakeGripper

        controller = "fr3_arm_controller" if kind.startswith("joint") else "forward_position_controller"
        nodes += [FakeControllerManager(robot, controller), FakeActionServer(robot), FakeGripper(robot)]
    executor = MultiThreadedExecutor(4)
    for node in nodes:
        executor.add_node(node)
    executor.spin()


if __name__ == "__main__":
    main()
