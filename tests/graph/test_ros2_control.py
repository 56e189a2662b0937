"""franka_node in front of fake ros2_controllers: commands arrive, and every end is an arm at rest."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph.chunk_sender import ChunkSender
from graph.helpers import NodeProcess, Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vip_interfaces.msg import GuardState

from franka_node.limits import FR3, LIMITS
from vip_ros.qos import LATCHED, SENSOR

pytestmark = pytest.mark.graph

MODULE = "franka_node.franka_node"
# franka_ros2 publishes /joint_states itself.
NAMESPACE = "/vip"
FAKE = str(Path(__file__).parent / "fake_franka_ros2.py")
TRAJECTORY, FORWARD = "joint_trajectory_controller", "forward_command_controller"
# What needs packages that only a ROS installation has.
BARE = {"gripper_action": "", "error_recovery": "", "controller_manager": ""}
# Sender and robot are processes that may be held up; that is not what is tested here.
STREAMS = ("image", "embedding", "action", "joint_state")
PATIENT = {**{f"{stream}_timeout": 3.0 for stream in STREAMS}, "max_action_age": 3.0}


class Bench:
    """A fake robot, franka_node in a namespace beside it, and someone who sends chunks."""

    def __init__(self, probe: Probe, kind: str) -> None:
        self.probe, self.kind = probe, kind
        deep = QoSProfile(depth=5000)
        self.reference = probe.subscribe(JointState, "/fake/reference", deep)
        self.refusals = probe.subscribe(String, "/fake/refusals", deep)
        self.commands = probe.subscribe(JointState, "franka/joint_command", deep)
        self.states = probe.subscribe(JointState, "joint_states", SENSOR)
        self.guard = probe.subscribe(GuardState, "franka/guard_state", LATCHED)
        self.robot = self.start_robot()
        self.node = self.start_node()
        self.sender: ChunkSender | None = None

    def start_robot(self) -> NodeProcess:
        return NodeProcess("fake_franka_ros2", command=[FAKE, self.kind])

    def start_node(self) -> NodeProcess:
        return NodeProcess(MODULE, self.params(), remaps={"__ns": NAMESPACE})

    def params(self) -> dict[str, Any]:
        return {"driver": "ros2_control", "controller": self.kind, **BARE, **PATIENT}

    def begin_moving(self) -> None:
        self.node.wait_active(self.probe)
        self.sender = ChunkSender(self.probe.node)
        self.probe.wait_for(lambda: self.sender.home is not None and self.reference)
        begin = self.q()
        self.probe.wait_for(lambda: abs(self.q()[0] - begin[0]) > 0.05, what="the arm to move")

    def move_again(self) -> None:
        """Send chunks again, from where the arm was first seen, and see it move."""
        self.sender.rest_from_now()
        self.sender.live.add("action")
        begin = self.q()
        self.probe.wait_for(lambda: abs(self.q()[0] - begin[0]) > 0.05, what="the arm to move again")

    def q(self) -> np.ndarray:
        """Where the fake arm is, [7]."""
        return by_joint(self.reference[-1], "position")

    def wait_rest(self) -> None:
        seen = len(self.reference)

        def resting() -> bool:
            newest = np.array([by_joint(m, "position") for m in self.reference[-20:]])
            return len(self.reference) > seen + 20 and np.ptp(newest, axis=0).max() == 0

        self.probe.wait_for(resting, what="the fake arm to rest")

    def wait_fault(self, *faults: str) -> GuardState:
        def latched() -> GuardState | None:
            last = self.guard[-1] if self.guard else None
            return (
                last if last is not None and last.mode == GuardState.FAULT and last.fault in faults else None
            )

        return self.probe.wait_for(latched, what=f"fault {faults}")

    def close(self) -> None:
        for process in (self.node, self.robot):
            process.__exit__(None, None, None)
            print(f"--- output of {process.name} ---\n{process.output}", self.guard[-1:], self.refusals[:3])


def by_joint(message: JointState, field: str) -> np.ndarray:
    values = dict(zip(message.name, getattr(message, field), strict=True))
    return np.array([values[name] for name in FR3.joint_names])


@pytest.fixture
def bench(ros_domain: int, request: Any) -> Iterator[Bench]:
    with Probe(namespace=NAMESPACE) as probe:
        bench = Bench(probe, request.param)
        try:
            yield bench
        finally:
            bench.close()


both = pytest.mark.parametrize("bench", [TRAJECTORY, FORWARD], indirect=True)


@both
def test_chunks_move_the_arm_and_an_orderly_end_leaves_it_where_it_was_told(bench):
    bench.begin_moving()
    assert list(bench.states[-1].name)[:7] == list(FR3.joint_names)
    assert list(bench.states[-1].name)[7:] == ["fr3_finger_joint1", "fr3_finger_joint2"]
    limits = LIMITS.get("fr3-unknown-firmware")
    told = np.array([m.position[:7] for m in bench.commands])
    assert (told >= limits.lower).all() and (told <= limits.upper).all()
    assert bench.node.interrupt() == 0, bench.node.output
    bench.wait_rest()
    assert np.abs(bench.commands[-1].velocity[:7]).max() < 0.05, "the guard came to rest first"
    assert bench.q() == pytest.approx(np.array(bench.commands[-1].position[:7]), abs=2e-3)
    assert bench.refusals == []


@pytest.mark.parametrize("bench", [TRAJECTORY], indirect=True)
def test_a_killed_node_leaves_a_trajectory_controller_that_comes_to_rest_by_itself(bench):
    bench.begin_moving()
    bench.node.kill()
    killed = len(bench.reference)
    bench.wait_rest()
    assert bench.refusals == []
    after = bench.reference[max(killed - 5, 0) :]
    q = np.array([by_joint(m, "position") for m in after])
    assert np.abs(np.diff(q, axis=0)).max() <= FR3.velocity.max() * 0.1, "no jump"
    assert np.abs(q[-1] - q[0]).max() < 0.5


@pytest.mark.parametrize("bench", [FORWARD], indirect=True)
def test_a_killed_node_leaves_a_forward_controller_with_the_last_position_for_ever(bench):
    bench.begin_moving()
    bench.node.kill()
    bench.wait_rest()
    held = bench.q()
    seen = len(bench.reference)
    bench.probe.wait_for(lambda: len(bench.reference) > seen + 100)
    assert (bench.q() == held).all()


class NamespacedBench(Bench):
    """franka_ros2 in /left."""

    TOPICS = ("/franka/joint_states", "/franka_gripper/joint_states", "/fr3_arm_controller/joint_trajectory")

    def start_robot(self) -> NodeProcess:
        remaps = {topic: f"/left{topic}" for topic in self.TOPICS}
        return NodeProcess("fake_franka_ros2", command=[FAKE, self.kind], remaps=remaps)

    def start_node(self) -> NodeProcess:
        names = ("measured_topic", "gripper_topic", "command_topic")
        moved = {name: f"/left{topic}" for name, topic in zip(names, self.TOPICS, strict=True)}
        return NodeProcess(MODULE, {**self.params(), **moved}, remaps={"__ns": NAMESPACE})


def test_in_a_namespace_of_its_own_the_stack_and_franka_ros2_do_not_mix(ros_domain):
    with Probe(namespace=NAMESPACE) as probe:
        bench = NamespacedBench(probe, TRAJECTORY)
        try:
            merged = probe.subscribe(JointState, "/joint_states", QoSProfile(depth=10))
            bench.begin_moving()
            probe.wait_for(lambda: merged)
            assert list(bench.states[-1].name)[:7] == list(FR3.joint_names)
            assert probe.node.count_publishers("/joint_states") == 1
            assert probe.node.count_publishers(f"{NAMESPACE}/joint_states") == 1
            nodes = probe.node.get_node_names_and_namespaces()
            ours = {name for name, namespace in nodes if namespace == NAMESPACE}
            assert {"franka_node", "franka_node_driver"} <= ours
            assert bench.refusals == []
        finally:
            bench.close()


@pytest.mark.parametrize("bench", [TRAJECTORY, pytest.param(FORWARD, marks=pytest.mark.slow)], indirect=True)
def test_a_robot_that_falls_silent_is_a_fault_and_a_reset_finds_it_again(bench):
    bench.begin_moving()
    bench.robot.kill()
    assert bench.wait_fault("joint_state_stale", "driver_lost")
    bench.sender.live.discard("action")
    refused = bench.probe.call(Trigger, "franka_node/reset")
    if not refused.success:  # within the first second the silence is no loss yet
        assert "no joint state of fr3_joint1 ... fr3_joint7" in refused.message
    bench.robot = bench.start_robot()
    end = time.monotonic() + 30.0
    while not bench.probe.call(Trigger, "franka_node/reset").success:
        assert time.monotonic() < end, bench.node.output
    bench.probe.wait_for(lambda: bench.guard[-1].mode == GuardState.HOLD)
    bench.move_again()
    assert bench.refusals == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (BARE, "no joint state of fr3_joint1 ... fr3_joint7 [/franka/joint_states]: nothing is heard"),
        ({**BARE, "controller": "velocity"}, "unknown controller 'velocity'"),
        ({}, "control_msgs/action/GripperCommand is not installed"),
    ],
)
def test_a_robot_that_cannot_be_had_is_said_in_one_line(ros_domain, params, message):
    if not params and importlib.util.find_spec("control_msgs") is not None:
        pytest.skip("control_msgs is installed")
    with NodeProcess(MODULE, {"driver": "ros2_control", "autostart": True, **params}) as process:
        assert process.wait_exit() == 2, process.output
        assert message in process.output and "Traceback" not in process.output


def test_a_stack_that_would_mix_its_joint_states_with_the_robots_is_refused(ros_domain):
    with Probe() as probe, NodeProcess("fake_franka_ros2", command=[FAKE, TRAJECTORY]):
        probe.wait_for(lambda: probe.node.count_publishers("/joint_states") == 1)
        with NodeProcess(MODULE, {"driver": "ros2_control", "autostart": True, **BARE}) as process:
            assert process.wait_exit() == 2, process.output
            assert "publishes /joint_states too" in process.output
            assert "namespace" in process.output and "Traceback" not in process.output


@pytest.mark.slow
@pytest.mark.parametrize("bench", [TRAJECTORY], indirect=True)
def test_a_second_commander_of_the_same_controller_is_refused(bench):
    bench.node.wait_active(bench.probe)
    bench.probe.wait_for(
        lambda: bench.probe.node.count_publishers("/fr3_arm_controller/joint_trajectory") == 1
    )
    params = {**bench.params(), "autostart": True}
    with NodeProcess(MODULE, params, remaps={"__ns": "/second"}) as second:
        refusal = "publishes /fr3_arm_controller/joint_trajectory too"
        bench.probe.wait_for(lambda: refusal in second.output, 60.0, "the second to be refused")
    assert bench.node.state(bench.probe) == "active"
