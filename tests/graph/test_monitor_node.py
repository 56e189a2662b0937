"""monitor_node as a process: pictures and markers of the rewards it hears."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from graph.helpers import NodeProcess, Probe
from sensor_msgs.msg import Image
from vip_interfaces.msg import Reward
from visualization_msgs.msg import MarkerArray

from vip_reward_node.charts import BLUE
from vip_reward_node.monitor_node import MonitorConfig
from vip_reward_node.strip_chart import CAMERA_BOX, CHART_BOXES, GOAL_BOX
from vip_ros.errors import UserError
from vip_ros.images import array_to_image, to_rgb
from vip_ros.qos import LATCHED, RELIABLE_1, RELIABLE_10, SENSOR
from vip_ros.stamps import from_ns, to_ns

pytestmark = pytest.mark.graph


@pytest.fixture
def probe(ros_domain: int) -> Iterator[Probe]:
    with Probe() as probe:
        yield probe


def solid(level: int) -> Image:
    return array_to_image(np.full((90, 120, 3), level, np.uint8), from_ns(0), "camera")


def test_rewards_and_images_are_shown(probe: Probe) -> None:
    rewards = probe.publisher(Reward, "vip/reward", RELIABLE_10)
    camera = probe.publisher(Image, "camera/image_raw", SENSOR)
    probe.publisher(Image, "vip/goal_image", LATCHED).publish(solid(200))
    pictures = probe.subscribe(Image, "vip/monitor/image", RELIABLE_1)
    markers = probe.subscribe(MarkerArray, "vip/monitor/markers", RELIABLE_1)
    with NodeProcess("vip_reward_node.monitor_node", {"marker_frame": "base"}) as monitor:
        monitor.wait_active(probe)
        probe.wait_matched(rewards)
        probe.wait_matched(camera)
        camera.publish(Image(encoding="rgb8"))
        rewards.publish(Reward(goal="shut", distance=1.0, initial_distance=4.0, progress=0.75, reward=0.5))

        def complete() -> bool:
            camera.publish(solid(100))
            picture = to_rgb(pictures[-1]) if pictures else np.zeros((450, 800, 3), np.uint8)
            shown = [np.median(box.view(picture)) for box in (CAMERA_BOX, GOAL_BOX)]
            curve = (CHART_BOXES[0].view(picture) == np.array(BLUE)).all(axis=-1).sum()
            return shown == [100.0, 200.0] and curve > 0 and bool(markers)

        probe.wait_for(complete, what="a picture with camera, goal and curve")
        marker = markers[-1].markers[0]
        assert marker.header.frame_id == "base"
        assert "shut" in marker.text
        assert "75 %" in marker.text
        first = len(pictures)
        probe.wait_for(lambda: len(pictures) >= first + 20)
        stamps = [to_ns(picture.header.stamp) for picture in pictures[first : first + 20]]
        assert np.median(np.diff(stamps)) == pytest.approx(0.1e9, rel=0.2)
        assert monitor.interrupt() == 0
        assert "Traceback" not in monitor.output


@pytest.mark.parametrize("change", [{"rate": 0.0}, {"window": -1.0}])
def test_impossible_parameters_are_refused_in_one_line(change: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(change))} is .*monitor_node.*give"):
        MonitorConfig(**change)


def test_impossible_parameters_end_the_node(ros_domain: int) -> None:
    with NodeProcess("vip_reward_node.monitor_node", {"rate": 0.0, "autostart": True}) as monitor:
        assert monitor.wait_exit() == 2
        assert "rate is 0" in monitor.output
        assert "Traceback" not in monitor.output
