"""The ROS side of a benchmark: a node of its own, in a namespace where no running stack hears it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image
from vip_interfaces.msg import Reward

from vip_ros.errors import UserError
from vip_ros.qos import RELIABLE_10, SENSOR
from vip_ros.spinning_node import SpinningNode
from vip_ros.stamps import from_ns, to_ns


class BenchGraph(SpinningNode):
    """A node that publishes images and hears rewards; use as a context manager.

    Attributes:
        namespace: of all topics.
    """

    def __init__(self) -> None:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        self.namespace = f"/vip_bench_{os.getpid()}"
        self._arrived: dict[int, float] = {}
        self._statuses: dict[str, dict[str, str]] = {}
        super().__init__("bench", self.namespace)
        self._camera = self.node.create_publisher(Image, "camera/image_raw", SENSOR)
        self.node.create_subscription(Reward, "vip/reward", self._on_reward, RELIABLE_10)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE_10)

    def round_trip(self, message: Image, limit: float) -> float | None:
        """Publish an image; returns the time until its reward is here, s, or None after limit s."""
        stamp = time.time_ns()
        message.header.stamp = from_ns(stamp)
        start = time.perf_counter()
        self._camera.publish(message)
        with self.changed:
            self.changed.wait_for(lambda: stamp in self._arrived, limit)
            arrived = self._arrived.pop(stamp, None)
        return None if arrived is None else arrived - start

    def status(self, name: str, enough: Callable[[dict[str, str]], bool], limit: float) -> dict[str, str]:
        """Return the values of a diagnostic status as soon as they are enough.

        Raises:
            UserError: not within limit s.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: enough(self._statuses.get(name, {})), limit):
                raise UserError(f"no status '{name}' within {limit:.0f} s", "try again on a quieter machine")
            return self._statuses[name]

    def _on_reward(self, message: Reward) -> None:
        now = time.perf_counter()
        with self.changed:
            self._arrived[to_ns(message.header.stamp)] = now
            self.changed.notify_all()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        with self.changed:
            for status in message.status:
                values: Any = status.values
                self._statuses[status.name] = {pair.key: pair.value for pair in values}
            self.changed.notify_all()
