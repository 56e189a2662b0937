"""franka_node as a process: chunks move the arm, and everything else brings it to rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Any

import numpy as np
import pytest
from graph.chunk_sender import ChunkSender
from graph.helpers import NodeProcess, Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from support.commanded import assert_commands_inside
from vip_interfaces.msg import GuardState, SimState
from vip_interfaces.srv import ResetScene

from franka_node.limits import FER
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR

pytestmark = pytest.mark.graph

MODULE = "franka_node.franka_node"


class Bench:
    """An active franka_node, what it says, and someone who sends chunks."""

    def __init__(self, probe: Probe, process: NodeProcess, send: bool = True) -> None:
        self.probe, self.process = probe, process
        self.states = probe.subscribe(JointState, "joint_states", SENSOR)
        self.commands = probe.subscribe(JointState, "franka/joint_command", QoSProfile(depth=5000))
        self.latencies = probe.subscribe(Float32, "franka/command_latency", RELIABLE_10)
        self.guard = probe.subscribe(GuardState, "franka/guard_state", LATCHED)
        self.scenes = probe.subscribe(SimState, "sim/state", SENSOR)
        self.sender: ChunkSender | None = None
        process.wait_active(probe)
        if send:
            self.sender = ChunkSender(probe.node)
            self.sender.live.discard("action")
            probe.wait_matched(self.sender.chunks)
            probe.wait_for(lambda: self.sender.home is not None)

    @property
    def q(self) -> np.ndarray:
        return np.array(self.states[-1].position[:7])

    def call(self, service: str) -> Any:
        return self.probe.call(Trigger, f"franka_node/{service}")

    def wait_mode(self, mode: int, fault: str = "") -> GuardState:
        def arrived() -> GuardState | None:
            last = self.guard[-1] if self.guard else None
            return last if last is not None and (last.mode, last.fault) == (mode, fault) else None

        return self.probe.wait_for(arrived, what=f"guard mode {mode} with fault '{fault}'")

    def begin_moving(self) -> None:
        """Let the sender move the arm, and wait until it is well on its way."""
        self.sender.live.add("action")
        begin = self.q
        self.wait_mode(GuardState.TRACKING)
        self.probe.wait_for(lambda: abs(self.q[0] - begin[0]) > 0.02, what="the arm to move")

    def wait_rest(self) -> None:
        """Wait until the arm itself stands still."""
        seen = len(self.states)

        def at_rest() -> bool:
            newest = self.states[-10:]
            slow = all(np.abs(m.velocity[:7]).max() < 0.01 for m in newest)
            return len(self.states) > seen + 10 and slow

        self.probe.wait_for(at_rest, what="the arm to rest")

    def assert_commands_inside(self) -> None:
        assert_commands_inside(self.commands, FER)


@pytest.fixture
def bench(ros_domain: int) -> Iterator[Bench]:
    with Probe() as probe, NodeProcess(MODULE) as process:
        bench = Bench(probe, process)
        yield bench
        bench.assert_commands_inside()


def test_chunks_move_the_arm_and_a_final_one_ends_in_hold(bench):
    bench.begin_moving()
    command = bench.commands[-1]
    age = time.time() - (command.header.stamp.sec + command.header.stamp.nanosec * 1e-9)
    assert -0.1 < age < 5.0 and list(command.name) == list(FER.joint_names)
    bench.sender.live.discard("action")
    final = bench.sender.chunk(np.tile(bench.q, (5, 1)), time.time_ns(), final=True)
    bench.sender.chunks.publish(final)
    state = bench.wait_mode(GuardState.HOLD)
    assert state.chunks_accepted > 1 and 0 < state.command_latency < 5.0
    # Once per chunk that was followed: another may take its place before its first command.
    assert 1 < len(bench.latencies) <= state.chunks_accepted
    assert all(0 < message.data < 5.0 for message in bench.latencies)
    bench.wait_rest()
    names = [f"panda_joint{i}" for i in range(1, 8)] + ["panda_finger_joint1", "panda_finger_joint2"]
    assert list(bench.states[-1].name) == names


@pytest.mark.parametrize("stream", ["action", "embedding", "image"])
def test_a_stream_that_stops_is_latched_and_a_reset_goes_on(bench, stream):
    bench.begin_moving()
    bench.sender.live.discard(stream)
    state = bench.wait_mode(GuardState.FAULT, f"{stream}_stale")
    assert "timeout 0.5 s" in state.fault_detail
    bench.wait_rest()
    held = bench.q
    bench.sender.live.update({"image", "embedding"})
    bench.sender.live.discard("action")
    assert bench.q == pytest.approx(held, abs=5e-3)
    answer = bench.call("reset")
    assert answer.success and answer.message == "holding"
    bench.wait_mode(GuardState.HOLD)
    bench.sender.rest_from_now()
    bench.sender.live.add("action")
    bench.wait_mode(GuardState.TRACKING)


def test_a_chunk_that_is_not_a_number_is_rejected_with_the_reason(bench):
    before = bench.q
    rows = np.tile(before, (8, 1))
    rows[3, 2] = np.nan
    bench.sender.chunks.publish(bench.sender.chunk(rows, time.time_ns()))
    bench.probe.wait_for(lambda: bench.guard[-1].chunks_rejected == 1)
    assert bench.guard[-1].last_rejection == "positions hold NaN or infinity"
    assert bench.guard[-1].mode == GuardState.HOLD and bench.q == pytest.approx(before, abs=5e-3)


def test_stop_from_anyone_then_reset_then_home(bench):
    bench.begin_moving()
    assert bench.call("stop").success
    bench.wait_mode(GuardState.FAULT, "stopped")
    bench.sender.live.discard("action")
    bench.wait_rest()
    refused = bench.call("home")
    assert not refused.success and "homing starts from hold" in refused.message
    assert bench.call("reset").success
    assert bench.call("home").success
    bench.wait_mode(GuardState.HOMING)
    bench.wait_mode(GuardState.HOLD)
    bench.wait_rest()
    assert bench.q == pytest.approx(FER.home, abs=0.01)


def test_a_new_scene_puts_the_arm_at_its_start_and_clears_a_fault(bench):
    bench.call("stop")
    bench.wait_mode(GuardState.FAULT, "stopped")
    answer = bench.probe.call(ResetScene, "franka_node/reset_scene", ResetScene.Request(seed=41))
    assert answer.success
    bench.probe.wait_for(lambda: bench.scenes[-1].seed == 41)
    bench.wait_mode(GuardState.HOLD)
    bench.commands.clear()
    wrong = ResetScene.Request(task="close_drawr")
    answer = bench.probe.call(ResetScene, "franka_node/reset_scene", wrong)
    assert not answer.success and "close_drawer" in answer.message
    bench.probe.wait_for(lambda: len(bench.commands) > 20)


def test_a_sender_killed_by_force_leaves_an_arm_at_rest(ros_domain):
    script = str(Path(__file__).parent / "chunk_sender.py")
    with Probe() as probe, NodeProcess(MODULE) as process:
        bench = Bench(probe, process, send=False)
        with NodeProcess("chunk_sender", command=[script]) as sender:
            bench.wait_mode(GuardState.TRACKING)
            begin = bench.q
            probe.wait_for(lambda: abs(bench.q[0] - begin[0]) > 0.02, what="the arm to move")
            sender.kill()
        # One process fed all three streams: the camera takes the blame.
        bench.wait_mode(GuardState.FAULT, "image_stale")
        bench.wait_rest()
        bench.assert_commands_inside()
        assert bench.call("reset").success


@pytest.mark.parametrize("signal", [SIGINT, SIGTERM])
def test_a_node_that_is_asked_to_end_comes_to_rest_first(bench, signal):
    bench.begin_moving()
    bench.process.process.send_signal(signal)
    status = bench.process.wait_exit()
    assert status == 0, bench.process.output
    assert np.abs(bench.commands[-1].velocity[:7]).max() < 0.05
    assert "Traceback" not in bench.process.output
    assert bench.guard[-1].mode == GuardState.INACTIVE and bench.guard[-1].fault == ""


def test_an_inactive_node_goes_on_telling_joint_states_and_can_be_stopped(bench):
    bench.begin_moving()
    assert bench.process.change(bench.probe, "deactivate")
    assert bench.guard[-1].fault == "" and bench.wait_mode(GuardState.INACTIVE)
    bench.sender.live.discard("action")
    told, commands = len(bench.states), len(bench.commands)
    bench.probe.wait_for(lambda: len(bench.states) > told + 20, what="joint states")
    assert len(bench.commands) <= commands + 1
    assert bench.call("stop").success
    assert bench.process.activate(bench.probe)
    bench.wait_mode(GuardState.FAULT, "stopped")
    assert bench.call("reset").success
    bench.wait_mode(GuardState.HOLD)


def test_a_second_instance_is_refused_and_the_first_goes_on(bench):
    with NodeProcess(MODULE, name="rival_node") as rival:
        assert not rival.configure(bench.probe)
        assert f"process {bench.process.process.pid} already commands a robot here" in rival.output
        assert "Traceback" not in rival.output
    bench.begin_moving()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"driver": "simulatd"}, "unknown driver 'simulatd'"),
        ({"robot": "fr33"}, "unknown robot 'fr33'"),
        ({"task": "close_drawr"}, "close_drawer"),
        ({"velocity_scale": 2.0}, "guard velocity_scale is 2.0"),
        ({"velocity_scal": 0.5}, "did you mean 'velocity_scale'"),
    ],
)
def test_a_wrong_parameter_is_answered_in_one_line(ros_domain, params, message):
    with NodeProcess(MODULE, {**params, "autostart": True}) as process:
        assert process.wait_exit() == 2
        assert message in process.output and "Traceback" not in process.output
