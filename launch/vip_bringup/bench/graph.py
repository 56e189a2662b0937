"""The ROS side of a benchmark: a node of its own, in a namespace where no running stack hears it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from sensor_msgs.msg import Image
from vip_interfaces.msg import Reward

from vip_ros.errors import UserError
from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_10, SENSOR
from vip_ros.stamps import from_ns, to_ns


class BenchGraph:
    """A node that publishes images and hears rewards; use as a context manager.

    Attributes:
        namespace: of all topics.
        node: the node.
    """

    def __init__(self) -> None:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        configure_middleware()
        self.namespace = f"/vip_bench_{os.getpid()}"
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node("bench", namespace=self.namespace, context=self._context)
        self._camera = self.node.create_publisher(Image, "camera/image_raw", SENSOR)
        self.node.create_subscription(Reward, "vip/reward", self._on_reward, RELIABLE_10)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE_10)
        self._changed = threading.Condition()
        self._arrived: dict[int, float] = {}
        self._statuses: dict[str, dict[str, str]] = {}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._running = True
        self._thread = threading.Thread(target=self._spin, name="bench", daemon=True)
        self._thread.start()

    def __enter__(self) -> BenchGraph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = False
        self._thread.join(5.0)
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def round_trip(self, message: Image, limit: float) -> float | None:
        """Publish an image; returns the time until its reward is here, s, or None after limit s."""
        stamp = time.time_ns()
        message.header.stamp = from_ns(stamp)
        start = time.perf_counter()
        self._camera.publish(message)
        with self._changed:
            self._changed.wait_for(lambda: stamp in self._arrived, limit)
            arrived = self._arrived.pop(stamp, None)
        return None if arrived is None else arrived - start

    def status(self, name: str, enough: Callable[[dict[str, str]], bool], limit: float) -> dict[str, str]:
        """Return the values of a diagnostic status as soon as they are enough.

        Raises:
            UserError: not within limit s.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self._statuses.get(name, {})), limit):
                raise UserError(f"no status '{name}' within {limit:.0f} s", "try again on a quieter machine")
            return self._statuses[name]

    def _on_reward(self, message: Reward) -> None:
        now = time.perf_counter()
        with self._changed:
            self._arrived[to_ns(message.header.stamp)] = now
            self._changed.notify_all()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        with self._changed:
            for status in message.status:
                values: Any = status.values
                self._statuses[status.name] = {pair.key: pair.value for pair in values}
            self._changed.notify_all()

    def _spin(self) -> None:
        while self._running:
            try:
                self._executor.spin_once(timeout_sec=0.1)
            except ExternalShutdownException:
                return
