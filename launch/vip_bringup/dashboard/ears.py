"""The ROS side of the dashboard: a node that listens, and calls the services behind the buttons."""

from __future__ import annotations

import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float32, String
from std_srvs.srv import Trigger
from vip_interfaces.msg import GuardState, RecorderState, Reward, TeleopState

from vip_bringup.dashboard.joint_limits import joint_limits
from vip_bringup.dashboard.orders import ORDERS, Order
from vip_bringup.dashboard.state import DashboardState
from vip_ros.errors import UserError
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_ros.spinning_node import SpinningNode

# Longest wait for a service's answer, s; homing and captures answer when they are done.
_ANSWER = 30.0
# Time after which nobody looks at the camera's pictures any more, s, and how often that is checked, s.
_LOOKED_AWAY, _CHECK_PERIOD = 2.0, 0.1


class Ears(SpinningNode):
    """A node in its own thread, which listens until it is closed; use it as a context manager.

    Args:
        state: what is heard is put there.
        namespace: ROS namespace of the stack, "" or "/name".
        orders: the buttons whose services may be called.
        every_joint_state: also hear the arm's 100 joint states per second.
    """

    def __init__(
        self,
        state: DashboardState,
        namespace: str = "",
        orders: tuple[Order, ...] = ORDERS,
        every_joint_state: bool = True,
    ) -> None:
        self._state = state
        self._camera: Any = None
        self._looked_at = 0.0
        super().__init__("vip_dashboard", namespace)
        self._clients = {order: self.node.create_client(Trigger, order.service) for order in orders}
        self._listen()
        if every_joint_state:
            self.node.create_subscription(
                JointState, "joint_states", lambda m: state.hear("joint_states", m), SENSOR
            )

    def look(self) -> None:
        """Say that somebody looks at the camera's pictures now; without lookers none are received."""
        self._looked_at = time.monotonic()

    def can(self, order: Order) -> bool:
        """Tell whether the service behind a button is there."""
        return self._running and self._clients[order].service_is_ready()

    def call(self, order: Order) -> str:
        """Call the service behind a button and return its message.

        Raises:
            UserError: the service is not there, does not answer, or refuses.
        """
        if not self.can(order):
            raise UserError(f"{order.service} is not there", "start the node that offers it")
        done = threading.Event()
        future = self._clients[order].call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        if not done.wait(_ANSWER) or future.result() is None:
            raise UserError(f"{order.service} does not answer", "look at its node's log")
        answer = future.result()
        if not answer.success:
            raise UserError(f"{order.service}: {answer.message or 'refused'}")
        return answer.message or "done"

    def _listen(self) -> None:
        state, hear = self._state, self._state.hear
        for kind, topic, take, qos in (
            (Reward, "vip/reward", state.note_reward, RELIABLE_10),
            (Image, "vip/goal_image", state.pictures["goal"].put, LATCHED),
            (GuardState, "franka/guard_state", lambda m: hear("franka/guard_state", m), LATCHED),
            (Float32, "franka/command_latency", lambda m: hear("franka/command_latency", m), RELIABLE_10),
            (RecorderState, "vip/recorder_state", lambda m: hear("vip/recorder_state", m), LATCHED),
            (TeleopState, "vip/teleop_state", lambda m: hear("vip/teleop_state", m), LATCHED),
            (String, "robot_description", self._on_description, LATCHED),
            (DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE_10),
        ):
            self.node.create_subscription(kind, topic, take, qos)
        self.node.create_timer(_CHECK_PERIOD, self._watch_camera)

    def _on_description(self, message: String) -> None:
        try:
            self._state.joint_limits.update(joint_limits(message.data))
        except UserError as error:
            self.node.get_logger().warning(str(error))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            self._state.note_health(status.name, status.level[0], status.message, values)

    def _watch_camera(self) -> None:
        """Receive the camera's pictures only while somebody looks."""
        wanted = time.monotonic() - self._looked_at < _LOOKED_AWAY
        if wanted and self._camera is None:
            self._camera = self.node.create_subscription(Image, "camera/image_raw", self._on_camera, SENSOR)
        elif not wanted and self._camera is not None:
            self.node.destroy_subscription(self._camera)
            self._camera = None

    def _on_camera(self, message: Image) -> None:
        self._state.pictures["camera"].put(message)
