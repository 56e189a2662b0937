"""RViz's configuration: its displays exist, and its topics are those of the graph, with their QoS."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from vip_bringup.graph_view import view_remaps
from vip_reward_node.monitor_node import MonitorConfig
from vip_ros.qos import LATCHED, RELIABLE_1, SENSOR
from vip_ros.resources import share_file

# Class names as RViz 2 (jazzy) registers them in its plugin descriptions.
CLASSES = {
    *(f"rviz_common/{name}" for name in ("Displays", "Time", "Views", "Selection", "Tool Properties")),
    *(
        f"rviz_default_plugins/{name}"
        for name in (
            "Grid",
            "RobotModel",
            "TF",
            "MarkerArray",
            "Image",
            "Camera",
            "MoveCamera",
            "Select",
            "Orbit",
        )
    ),
}
OFFERED = {
    "/robot_description": LATCHED,
    "/vip/monitor/markers": RELIABLE_1,
    "/vip/monitor/image": RELIABLE_1,
    "/camera/image_raw": SENSOR,
    "/vip/goal_image": LATCHED,
}


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return yaml.safe_load(share_file("vip_bringup", "rviz/vip.rviz").read_text())


def _classes(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _classes(item)]
    if isinstance(node, dict):
        own = [node["Class"]] if node.get("Class") else []
        return own + [name for value in node.values() for name in _classes(value)]
    return []


def test_every_class_is_one_that_rviz_has(config: dict[str, Any]) -> None:
    used = _classes(config)
    assert len(used) >= 8
    assert set(used) <= CLASSES


def test_topics_are_the_graphs_and_their_qos_can_be_served(config: dict[str, Any]) -> None:
    topics = [
        display.get("Topic") or display.get("Description Topic")
        for display in config["Visualization Manager"]["Displays"]
    ]
    asked = {topic["Value"]: topic for topic in topics if topic}
    assert set(asked) == set(OFFERED)
    for name, topic in asked.items():
        assert _serves(OFFERED[name], topic), name


def test_in_a_namespace_every_topic_is_the_stacks_there() -> None:
    assert view_remaps("") == {}
    assert view_remaps("/left") == {name: f"/left{name}" for name in OFFERED} == view_remaps("left/")
    beside = view_remaps("/left", "/robot_description")
    assert beside == {**view_remaps("/left"), "/robot_description": "/robot_description"}


def _serves(offered: QoSProfile, asked: dict[str, str]) -> bool:
    reliable = asked["Reliability Policy"] == "Reliable"
    latched = asked["Durability Policy"] == "Transient Local"
    return (not reliable or offered.reliability == ReliabilityPolicy.RELIABLE) and (
        not latched or offered.durability == DurabilityPolicy.TRANSIENT_LOCAL
    )


def test_markers_need_no_frame_but_the_fixed_one(config: dict[str, Any]) -> None:
    assert config["Visualization Manager"]["Global Options"]["Fixed Frame"] == MonitorConfig().marker_frame
