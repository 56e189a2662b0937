"""monitor_node: the rewards as a picture and as markers, for RViz or any image viewer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sensor_msgs.msg import Image, JointState
from vip_interfaces.msg import GuardState, Reward
from visualization_msgs.msg import Marker, MarkerArray

from franka_node.arm_geometry import TIP, part_places
from vip_reward_node.history import Point
from vip_reward_node.progress_markers import Trail, arm_of, guard_text, reward_text
from vip_reward_node.strip_chart import HEIGHT, WIDTH, StripChart
from vip_ros.config import option
from vip_ros.errors import UserError
from vip_ros.images import array_to_image, image_to_array, to_rgb
from vip_ros.node import StackNode, run_node
from vip_ros.polled import Polled
from vip_ros.qos import LATCHED, RELIABLE_1, RELIABLE_50, SENSOR

# Of so many looks one brings the markers, another the camera's picture: each costs as much as the chart.
_IN_TURN = 2


@dataclass(frozen=True)
class MonitorConfig:
    """Parameters of monitor_node."""

    rate: float = option(10.0, "pictures per second, Hz; markers and camera follow at half of it")
    window: float = option(20.0, "time shown by the charts, s")
    marker_frame: str = option("base", "frame of the markers")
    marker_height: float = option(1.1, "height of the text above that frame, m")

    def __post_init__(self) -> None:
        """Refuse rates and windows that cannot be drawn."""
        if not 0.0 < self.rate <= 100.0:
            raise UserError(f"rate is {self.rate:g}", "give more than 0 and at most 100 Hz", "monitor_node")
        if not 1.0 <= self.window <= 600.0:
            raise UserError(f"window is {self.window:g}", "give 1 to 600 s", "monitor_node")


class MonitorNode(StackNode):
    """Draws what reward_node says; nothing is drawn while nobody looks."""

    config_class = MonitorConfig
    config: MonitorConfig

    def __init__(self, name: str = "monitor_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._chart = StripChart()
        self._trail = Trail()
        self._guard: GuardState | None = None
        # One message for all pictures, drawn in its own memory: copies of this size cost as much as drawing.
        empty = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        self._picture = array_to_image(empty, self.get_clock().now().to_msg(), "monitor")
        self._canvas = image_to_array(self._picture)
        self._heard: dict[str, Polled[Any]] = {}
        self._timer: Any = None
        self._looks = 0

    def setup(self) -> None:
        """Offer the topics."""
        self._chart, self._trail = StripChart(self.config.window), Trail()
        self._pictures = self.create_publisher(Image, "vip/monitor/image", RELIABLE_1)
        self._markers = self.create_publisher(MarkerArray, "vip/monitor/markers", RELIABLE_1)

    def start(self) -> None:
        """Begin to listen and to draw."""
        for kind, topic, qos in (
            (Reward, "vip/reward", RELIABLE_50),
            (Image, "vip/goal_image", LATCHED),
            (Image, "camera/image_raw", SENSOR),
            (JointState, "joint_states", SENSOR),
            (GuardState, "franka/guard_state", LATCHED),
        ):
            self._heard[topic] = Polled(self, kind, topic, qos)
        self._timer = self.create_timer(1.0 / self.config.rate, self._look)

    def stop(self) -> None:
        """Stop listening and drawing."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for topic in list(self._heard):
            self._heard.pop(topic).close()

    def teardown(self) -> None:
        """Withdraw the topics."""
        for name in ("_pictures", "_markers"):
            publisher = self.__dict__.pop(name, None)
            if publisher is not None:
                self.destroy_publisher(publisher)

    def _look(self) -> None:
        """Take what came since the last look, and draw it for those who watch."""
        now = self.now_ns() / 1e9
        self._take_rewards(now)
        if (guard := self._heard["franka/guard_state"].newest()) is not None:
            self._guard = guard
            self._chart.show_fault(guard.fault, now)
        self._show("vip/goal_image", self._chart.show_goal)
        stamp = self.get_clock().now().to_msg()
        turn = self._looks = (self._looks + 1) % _IN_TURN
        if turn == 0 and self._markers.get_subscription_count():
            self._markers.publish(MarkerArray(markers=self._all_markers(stamp)))
        if self._pictures.get_subscription_count():
            if turn == 1:
                self._show("camera/image_raw", self._chart.show_camera)
            self._chart.render(now, out=self._canvas)
            self._picture.header.stamp = stamp
            self._pictures.publish(self._picture)

    def _take_rewards(self, now: float) -> None:
        joints = self._heard["joint_states"].newest()
        arm = None if joints is None else arm_of(joints)
        tip = None if arm is None else part_places(arm)[TIP]
        for message, age in self._heard["vip/reward"].all():
            # Time of arrival, so that a bag with old stamps is drawn too.
            point = _point(message, now - age)
            self._chart.add(point)
            if tip is not None:
                self._trail.add(tip, point)

    def _show(self, topic: str, show: Callable[[Any], None]) -> None:
        message = self._heard[topic].newest()
        if message is None:
            return
        try:
            show(to_rgb(message))
        except UserError as error:
            self.get_logger().warning(f"{topic} not shown: {error}", throttle_duration_sec=10.0)

    def _all_markers(self, stamp: Any) -> list[Marker]:
        frame, height = self.config.marker_frame, self.config.marker_height
        markers = self._trail.markers(frame, stamp)
        if self._chart.newest is not None:
            markers.append(reward_text(self._chart.newest, frame, height, stamp))
        if self._guard is not None:
            markers.append(guard_text(self._guard, frame, height + 0.2, stamp))
        return markers


def _point(message: Reward, time: float) -> Point:
    return Point(
        time,
        message.distance,
        message.initial_distance,
        message.progress,
        message.reward,
        message.goal,
        message.subgoal_index,
        message.subgoal_count,
    )


def main(args: list[str] | None = None) -> int:
    """Run monitor_node until it is interrupted."""
    return run_node(MonitorNode, args)


if __name__ == "__main__":
    sys.exit(main())
