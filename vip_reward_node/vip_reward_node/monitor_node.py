"""monitor_node: the rewards as a picture and as markers, for RViz or any image viewer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from sensor_msgs.msg import Image, JointState
from vip_interfaces.msg import GuardState, Reward
from visualization_msgs.msg import Marker, MarkerArray

from franka_node.arm_geometry import TIP, part_places
from vip_reward_node.charts import Point
from vip_reward_node.progress_markers import Trail, arm_of, guard_text, reward_text
from vip_reward_node.strip_chart import StripChart
from vip_ros.config import option
from vip_ros.errors import UserError
from vip_ros.images import array_to_image, to_rgb
from vip_ros.node import StackNode, run_node
from vip_ros.qos import LATCHED, RELIABLE_1, RELIABLE_10, SENSOR


@dataclass(frozen=True)
class MonitorConfig:
    """Parameters of monitor_node."""

    rate: float = option(10.0, "pictures per second, Hz")
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
        self._camera_image: Image | None = None
        self._joints: JointState | None = None
        self._guard: GuardState | None = None
        self._subscribed: list[Any] = []
        self._timer: Any = None

    def setup(self) -> None:
        """Offer the topics."""
        self._chart, self._trail = StripChart(self.config.window), Trail()
        self._pictures = self.create_publisher(Image, "vip/monitor/image", RELIABLE_1)
        self._markers = self.create_publisher(MarkerArray, "vip/monitor/markers", RELIABLE_1)

    def start(self) -> None:
        """Begin to listen and to draw."""
        for kind, topic, callback, qos in (
            (Reward, "vip/reward", self._on_reward, RELIABLE_10),
            (Image, "vip/goal_image", self._on_goal, LATCHED),
            (Image, "camera/image_raw", self._on_camera, SENSOR),
            (JointState, "joint_states", self._on_joints, SENSOR),
            (GuardState, "franka/guard_state", self._on_guard, LATCHED),
        ):
            self._subscribed.append(self.create_subscription(kind, topic, callback, qos))
        self._timer = self.create_timer(1.0 / self.config.rate, self._draw)

    def stop(self) -> None:
        """Stop listening and drawing."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        for subscription in self._subscribed:
            self.destroy_subscription(subscription)
        self._subscribed.clear()

    def teardown(self) -> None:
        """Withdraw the topics."""
        for name in ("_pictures", "_markers"):
            publisher = self.__dict__.pop(name, None)
            if publisher is not None:
                self.destroy_publisher(publisher)

    def _on_reward(self, message: Reward) -> None:
        # Time of arrival, so that a bag with old stamps is drawn too.
        point = Point(
            self.now_ns() / 1e9,
            message.distance,
            message.initial_distance,
            message.progress,
            message.reward,
            message.goal,
            message.subgoal_index,
            message.subgoal_count,
        )
        self._chart.add(point)
        arm = None if self._joints is None else arm_of(self._joints)
        if arm is not None:
            self._trail.add(part_places(arm)[TIP], point)

    def _on_joints(self, message: JointState) -> None:
        self._joints = message

    def _on_guard(self, message: GuardState) -> None:
        self._guard = message
        self._chart.show_fault(message.fault, self.now_ns() / 1e9)

    def _on_goal(self, message: Image) -> None:
        self._chart.show_goal(to_rgb(message))

    def _on_camera(self, message: Image) -> None:
        self._camera_image = message

    def _draw(self) -> None:
        stamp = self.get_clock().now().to_msg()
        if self._markers.get_subscription_count():
            self._markers.publish(MarkerArray(markers=self._all_markers(stamp)))
        if not self._pictures.get_subscription_count():
            return
        self._take_camera_image()
        picture = self._chart.render(self.now_ns() / 1e9)
        self._pictures.publish(array_to_image(picture, stamp, "monitor"))

    def _take_camera_image(self) -> None:
        message, self._camera_image = self._camera_image, None
        if message is None:
            return
        try:
            self._chart.show_camera(to_rgb(message))
        except UserError as error:
            self.get_logger().warning(f"camera image not shown: {error}", throttle_duration_sec=10.0)

    def _all_markers(self, stamp: Any) -> list[Marker]:
        frame, height = self.config.marker_frame, self.config.marker_height
        markers = self._trail.markers(frame, stamp)
        if self._chart.newest is not None:
            markers.append(reward_text(self._chart.newest, frame, height, stamp))
        if self._guard is not None:
            markers.append(guard_text(self._guard, frame, height + 0.2, stamp))
        return markers


def main(args: list[str] | None = None) -> int:
    """Run monitor_node until it is interrupted."""
    return run_node(MonitorNode, args)


if __name__ == "__main__":
    sys.exit(main())
