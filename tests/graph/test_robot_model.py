"""franka_node tells RViz what the arm looks like and where its links are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from graph.helpers import NodeProcess, Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from franka_node.arm_geometry import part_positions
from vip_ros.qos import LATCHED, SENSOR

pytestmark = pytest.mark.graph

MODULE = "franka_node.franka_node"
RELAY = str(Path(__file__).parent / "tf_relay.py")


def test_who_comes_late_still_gets_the_description_of_the_arm(ros_domain):
    with Probe() as probe, NodeProcess(MODULE, {"rate": 50.0}) as node:
        assert node.configure(probe)
        states = probe.subscribe(JointState, "joint_states", SENSOR)
        probe.wait_for(lambda: states)
        descriptions = probe.subscribe(String, "robot_description", LATCHED)
        probe.wait_for(lambda: descriptions, what="robot_description")
        joints = {joint.get("name") for joint in ET.fromstring(descriptions[0].data).findall("joint")}
        assert set(states[0].name) <= joints


def test_a_node_that_is_told_so_leaves_the_description_to_others(ros_domain):
    with Probe() as probe, NodeProcess(MODULE, {"rate": 50.0, "description": False}) as node:
        states = probe.subscribe(JointState, "joint_states", SENSOR)
        assert node.configure(probe)
        probe.wait_for(lambda: states)
        assert probe.node.count_publishers("robot_description") == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_frames_of_the_links_follow_the_joints(ros_domain, foreign):
    with Probe() as probe, NodeProcess("tf_relay", command=[RELAY], env=foreign):
        frames = {}

        def keep(message: TransformStamped) -> None:
            frames[message.child_frame_id] = message

        probe.subscribe(TransformStamped, "/fake/frames", QoSProfile(depth=1000), keep)
        states = probe.subscribe(JointState, "joint_states", SENSOR)
        with NodeProcess(MODULE, {"rate": 50.0}, env=foreign) as node:
            assert node.configure(probe)
            probe.wait_for(lambda: len(frames) == 13 and states, what="all frames")
        place, frame = np.zeros(3), "panda_hand_tcp"
        while frame != "base":
            transform = frames[frame].transform
            turn, shift = transform.rotation, transform.translation
            place = rotated(turn, place) + [shift.x, shift.y, shift.z]
            frame = frames[frame].header.frame_id
        assert place == pytest.approx(part_positions(np.array(states[-1].position[:7]))[-1], abs=2e-3)
        assert frames["panda_link7"].header.stamp.sec > 0


def rotated(turn, place: np.ndarray) -> np.ndarray:
    axis = np.array([turn.x, turn.y, turn.z])
    across = np.cross(axis, place)
    return place + 2 * (turn.w * across + np.cross(axis, across))
