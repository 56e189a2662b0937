"""The ROS side of the dashboard: a node that listens, and calls the services behind the buttons."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
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
from vip_ros.polled import Polled
from vip_ros.qos import LATCHED, RELIABLE_10, RELIABLE_50, SENSOR
from vip_ros.spinning_node import SpinningNode

# Longest wait for a service's answer, s; homing and captures answer when they are done.
_ANSWER = 30.0
# Shortest time between two looks at all but the camera, s: a page shows them no more often.
_READINGS = 0.45
# Time after which nobody looks at the camera's pictures any more, s; over a slow line one takes a while.
_LOOKED_AWAY = 5.0


class Ears(SpinningNode):
    """A node in its own thread, which listens until it is closed; use it as a context manager.

    Args:
        state: what is heard is put there.
        namespace: ROS namespace of the stack, "" or "/name".
        orders: the buttons whose services may be called.
        period: time between two looks at what came, s.
        joints: whether the joints' positions are listened to: they come a hundred times a second.
    """

    def __init__(
        self,
        state: DashboardState,
        namespace: str = "",
        orders: tuple[Order, ...] = ORDERS,
        period: float = 0.2,
        joints: bool = True,
    ) -> None:
        self._state = state
        self._camera: Polled[Image] | None = None
        self._heard: list[tuple[Polled[Any], Callable[[Any, float], None]]] = []
        self._looked_at = 0.0
        self._read_at = 0.0
        self._period = period
        self._waiting: set[threading.Event] = set()
        super().__init__("vip_dashboard", namespace)
        self._clients = {order: self.node.create_client(Trigger, order.service) for order in orders}
        self._listen(joints)

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
        self._waiting.add(done)
        try:
            future = self._clients[order].call_async(Trigger.Request())
            future.add_done_callback(lambda _: done.set())
            answered = done.wait(_ANSWER)
        finally:
            self._waiting.discard(done)
        if not answered or future.result() is None:
            raise UserError(f"{order.service} does not answer", "look at its node's log")
        answer = future.result()
        if not answer.success:
            raise UserError(f"{order.service}: {answer.message or 'refused'}")
        return answer.message or "done"

    def _listen(self, joints: bool) -> None:
        state = self._state
        for kind, topic, qos in (
            *([(JointState, "joint_states", SENSOR)] if joints else []),
            (GuardState, "franka/guard_state", LATCHED),
            (Float32, "franka/command_latency", RELIABLE_10),
            (RecorderState, "vip/recorder_state", LATCHED),
            (TeleopState, "vip/teleop_state", LATCHED),
        ):
            self._hear(kind, topic, qos, partial(state.hear, topic))
        self._hear(Reward, "vip/reward", RELIABLE_50, state.note_reward)
        self._hear(Image, "vip/goal_image", LATCHED, lambda m, _: state.pictures["goal"].put(m))
        self._hear(String, "robot_description", LATCHED, lambda m, _: self._on_description(m))
        self._hear(DiagnosticArray, "/diagnostics", RELIABLE_50, lambda m, _: self._on_diagnostics(m))

    def _hear(self, kind: Any, topic: str, qos: Any, take: Callable[[Any, float], None]) -> None:
        self._heard.append((Polled(self.node, kind, topic, qos), take))

    def _turn(self) -> None:
        """Look around; waiting for the graph costs as much as drawing, so it is done for answers alone."""
        self._look_around()
        if self._waiting:
            self._executor.spin_once(timeout_sec=self._period)
        else:
            time.sleep(self._period)

    def _look_around(self) -> None:
        """Take what came since the last look."""
        self._watch_camera()
        now = time.monotonic()
        if now - self._read_at < _READINGS:
            return
        self._read_at = now
        for source, take in self._heard:
            for message, age in source.all():
                take(message, age)

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
        if self._camera is None:
            self._camera = Polled(self.node, Image, "camera/image_raw", SENSOR, wanted=False)
        self._camera.receive(wanted)
        picture = self._camera.newest()
        if picture is not None:
            self._state.pictures["camera"].put(picture)
