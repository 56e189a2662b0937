"""A Franka behind franka_ros2 (humble, jazzy) or any other ros2_control hardware, through its topics.

The controller is one of ros2_controllers on the position interface (or, a joint_trajectory_controller, on the
effort interface), loaded and active:

- joint_trajectory_controller is the safer one: when this process dies the arm comes to rest by itself. Let it
  take up a new trajectory from the desired state: interpolate_from_desired_state: true on jazzy,
  open_loop_control: true on humble; from the measured state it would lag behind and jerk.
- forward_command_controller holds the last position for ever, so it stops at once when this process dies.

franka_ros2 says joint_states too, at 30 Hz: this stack needs a namespace of its own beside it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from rclpy.duration import Duration
from sensor_msgs.msg import JointState

from franka_node.drivers.base import DRIVERS, DriverConfig, RobotState
from franka_node.limits import LIMITS, Array
from franka_node.recovery import recover
from franka_node.robot_chain import finger_names
from franka_node.ros2_control.calls import controller_of, recovery_steps
from franka_node.ros2_control.coasting import Coasting
from franka_node.ros2_control.commands import PHRASINGS
from franka_node.ros2_control.gripper_calls import GripperCalls
from franka_node.ros2_control.gripper_queue import GripperQueue
from franka_node.ros2_control.joint_ear import JointEar
from franka_node.ros2_control.side_node import SideNode
from vip_ros.errors import InternalError, UserError
from vip_ros.qos import RELIABLE_1, SENSOR

if TYPE_CHECKING:
    from rclpy.node import Node

# How long the robot may take to be heard when it is looked for, s.
FOUND = 5.0
# A robot that says nothing for longer is lost, whatever the guard does, s.
LOST_AFTER = 1.0
ATTEMPTS, BETWEEN = 3, 1.0
GRIPPER_PERIOD = 0.05  # s
GRIPPER_FORCE = 20.0  # N
# For so long after connecting it is looked for another commander who was there before, s.
NEWCOMER = 3.0
# How long the last hold may take to be received, s.
FAREWELL = 0.5
# An arm farther from its last command than this is where something else has brought it, rad.
STRAYED = 0.05


@DRIVERS.register("ros2_control")
class Ros2ControlDriver:
    """Hears the joint state broadcaster, talks to one controller, and to the gripper's action."""

    robot = "fr3-unknown-firmware"
    finger_names: tuple[str, ...] = ("fr3_finger_joint1", "fr3_finger_joint2")
    brings_description = True

    def __init__(self, config: DriverConfig) -> None:
        limits = LIMITS.get(config.robot or self.robot)
        phrasing = PHRASINGS.get(config.controller)
        self._config = config
        self._phrasing = phrasing(limits, 1.0 / config.rate)
        self.coasting: Coasting | None = self._phrasing.coasting
        self._topic = config.command_topic or phrasing.topic
        self.finger_names = finger_names(limits.joint_names)
        self._arm, self._fingers = JointEar(limits.joint_names), JointEar(self.finger_names)
        self._owner: Node | None = None
        self._side: SideNode | None = None
        self._publisher: Any = None
        self._gripper: GripperCalls | None = None
        self._last: tuple[Array, Array] | None = None
        self._written = 0.0
        self._newcomer_until = 0.0
        self._width: float | None = None

    def attach(self, node: Node) -> None:
        """Take the node whose context, namespace and remaps hold for the robot's topics."""
        self._owner = node

    def connect(self) -> None:
        """Wait for joint states and for the controller; raises UserError when they are not there."""
        if self._owner is None:
            raise InternalError("the ros2_control driver was given no node")
        side = self._side = SideNode(self._owner)
        config = self._config
        # Best effort hears every publisher; franka_ros2's broadcasters are best effort themselves.
        for ear, topic in ((self._arm, config.measured_topic), (self._fingers, config.gripper_topic)):
            if topic:
                side.node.create_subscription(JointState, side.name_of(topic), ear.hear, SENSOR)
        self._publisher = side.node.create_publisher(
            self._phrasing.kind, side.name_of(self._topic), RELIABLE_1
        )
        if config.gripper_action:
            action = side.name_of(config.gripper_action)
            gripper = self._gripper = GripperCalls(side, action, GRIPPER_FORCE, self._warn)
            queue = GripperQueue(gripper.begin)
            side.node.create_timer(GRIPPER_PERIOD, lambda: self._move_gripper(queue))
        self._find()
        self._refuse_to_mix()
        self._newcomer_until = time.monotonic() + NEWCOMER

    def read(self) -> RobotState:
        """Return the newest joint state; raises ConnectionError when there was none for a second."""
        newest = self._arm.newest
        if newest is None:
            raise ConnectionError(f"no joint state on {self._config.measured_topic}")
        stamp_ns, q, dq = newest
        silence = (time.time_ns() - stamp_ns) * 1e-9
        if silence > LOST_AFTER:
            raise ConnectionError(f"the last joint state is {silence:.1f} s old (or the clocks differ)")
        fingers = self._fingers.newest
        width = float(fingers[1].sum()) if fingers is not None else self._width or 0.0
        return RobotState(stamp_ns, q, dq, width)

    def write(self, q_command: Array, dq_command: Array, gripper: float | None) -> None:
        """Send a command; raises ConnectionError when no controller listens."""
        if self._publisher.get_subscription_count() == 0:
            raise ConnectionError(f"no controller listens on {self._topic}")
        if time.monotonic() < self._newcomer_until:
            self._refuse_to_mix()  # again: who was there before may have been discovered since
        self._last, self._written = (q_command, dq_command), time.monotonic()
        self._width = gripper
        self._publisher.publish(self._phrasing.moving(q_command, dq_command))

    def stop(self) -> None:
        """Leave the controller with a command that ends at rest; said once per motion."""
        last, self._last, self._width = self._last, None, None
        if last is None or self._publisher is None or self._strayed(last[0]):
            return
        if self.coasting is not None and time.monotonic() - self._written > self.coasting.lead:
            return  # it is beyond the last command by now, and on its way to rest
        self._publisher.publish(self._phrasing.resting(*last))
        self._publisher.wait_for_all_acked(Duration(seconds=FAREWELL))

    def recover(self) -> None:
        """Go through franka_ros2's three steps after an error; raises UserError when they fail."""
        if self._side is None:
            raise InternalError("the ros2_control driver is not connected")
        steps = recovery_steps(self._side, self._config, controller_of(self._topic))
        recover(
            steps,
            ATTEMPTS,
            lambda: time.sleep(BETWEEN),
            "see franka_ros2's messages; free the arm, release the stop button, unlock the joints",
        )
        self._last = None
        self._arm.forget()
        self._find()

    def close(self) -> None:
        """Hold, then leave the graph."""
        if self._side is None:
            return
        self.stop()
        if self._gripper is not None:
            self._side.call_soon(self._gripper.close)
            self._gripper = None
        self._side.close()
        self._side = self._publisher = self._last = None

    def _strayed(self, q: Array) -> bool:
        """Tell whether the arm is silent, or elsewhere: a command from before would throw it back."""
        try:
            return bool(np.abs(self.read().q - q).max() > STRAYED)
        except ConnectionError:
            return True

    def _find(self) -> None:
        end = time.monotonic() + FOUND
        topic = self._config.measured_topic
        if not self._arm.wait(FOUND):
            heard = f"it speaks of {', '.join(self._arm.heard)}" if self._arm.heard else "nothing is heard"
            raise UserError(
                f"no joint state of {self._arm.names[0]} ... {self._arm.names[-1]}",
                f"{heard}; start franka_ros2, or set measured_topic and robot",
                topic,
            )
        while self._publisher.get_subscription_count() == 0:
            if time.monotonic() > end:
                raise UserError(
                    "no controller listens",
                    f"activate a {self._config.controller}, or set controller and command_topic",
                    self._topic,
                )
            time.sleep(0.02)

    def _refuse_to_mix(self) -> None:
        """Look for others on the topics on which this driver commands, and its stack tells joint states."""
        owner, side = self._owner, self._side
        assert owner is not None and side is not None  # who looks is connected
        ours = {owner.get_fully_qualified_name(), side.node.get_fully_qualified_name()}
        for topic, mend in (
            (side.name_of(self._topic), "stop it: one commander per robot"),
            (side.name_of("joint_states"), "give this stack a namespace of its own (graph: namespace: /vip)"),
        ):
            heard = owner.get_publishers_info_by_topic(topic)
            others = {f"{i.node_namespace.rstrip('/')}/{i.node_name}" for i in heard} - ours
            if others:
                raise UserError(f"{min(others)} publishes {topic} too", mend, owner.get_name())

    def _warn(self, text: str) -> None:
        assert self._owner is not None  # who warns is connected
        self._owner.get_logger().warning(text, throttle_duration_sec=5.0)

    def _move_gripper(self, queue: GripperQueue) -> None:
        width = self._width
        if width is not None:
            queue.update(width, time.monotonic())
