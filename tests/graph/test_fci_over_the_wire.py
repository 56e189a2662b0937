"""franka_node against a simulated FCI server: real libfranka, real network protocol, a simulated FR3.

Needs franky (the extra "franka") in this environment and the program franky-sim (pip install
franky-sim), on the PATH or named by FRANKY_SIM, also from another environment.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
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
from std_srvs.srv import Trigger
from vip_interfaces.msg import GuardState

from franka_node.limits import LIMITS
from vip_ros.qos import LATCHED, SENSOR

pytestmark = [pytest.mark.graph, pytest.mark.slow, pytest.mark.timeout(600)]

MODULE = "franka_node.franka_node"
SERVER = Path(__file__).parent / "reflexive_fci_server.py"
LIMITS_IN_USE = LIMITS.get("fr3-unknown-firmware")
STREAM_SECONDS = 60.0
# A busy machine slows the server's clock down, by ten and more: seen from there we move that much faster.
FREQUENCY, HOME_SCALE = 0.05, 0.02
STREAMS = ("image", "embedding", "action", "joint_state")
PATIENT = {
    **{f"{stream}_timeout": 3.0 for stream in STREAMS},
    "max_action_age": 3.0,
    "home_scale": HOME_SCALE,
    "tracking_threshold": 1.5,
}


class Server:
    """franky-sim in a session of its own: the scheduler counts it as a program beside the tests."""

    def __init__(self, program: str, log: Any) -> None:
        # Another environment's Python must find its own libraries.
        foreign = ("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "LD_LIBRARY_PATH", "PYTHONPATH")
        environment = {key: value for key, value in os.environ.items() if key not in foreign}
        self.process = subprocess.Popen(
            [Path(program).parent / "python", SERVER, "-s", "mujoco"],
            stdout=log,
            stderr=log,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self.address = self._address(log)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def _address(self, log: Any) -> str:
        end = time.monotonic() + 60.0
        while True:
            log.seek(0)
            text = log.read()
            found = re.search(r"using '([\d.]+)' as the robot IP", text)
            if found:
                return found[1]
            assert self.process.poll() is None and time.monotonic() < end, text
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start the server."""
    pytest.importorskip("franky", reason="franky (the extra 'franka') is not installed")
    program = os.environ.get("FRANKY_SIM") or shutil.which("franky-sim")
    if program is None:
        pytest.skip("franky-sim is not installed")
    with tempfile.TemporaryFile("w+") as log:
        server = Server(program, log)
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(30.0)


class Bench:
    """franka_node on the wire, and who watches it."""

    def __init__(self, probe: Probe, address: str, hand: bool = False) -> None:
        self.probe = probe
        self._params = {"driver": "franky", "robot_ip": address, "hand": hand, **PATIENT}
        self.states = probe.subscribe(JointState, "joint_states", SENSOR)
        self.commands = probe.subscribe(JointState, "franka/joint_command", QoSProfile(depth=20_000))
        self.guard = probe.subscribe(GuardState, "franka/guard_state", LATCHED)

    def start(self) -> NodeProcess:
        return NodeProcess(MODULE, self._params)

    def wait_mode(self, mode: int, timeout: float = 150.0) -> GuardState:
        def arrived() -> bool:
            last = self.guard[-1] if self.guard else None
            assert last is None or not last.fault, f"{last.fault}: {last.fault_detail}"
            return last is not None and last.mode == mode

        self.probe.wait_for(arrived, timeout, f"guard mode {mode}")
        return self.guard[-1]

    def wait_fault(self, fault: str) -> str:
        self.probe.wait_for(
            lambda: self.guard[-1].mode == GuardState.FAULT and self.guard[-1].fault == fault, 60.0, fault
        )
        return self.guard[-1].fault_detail

    def wait_there(self, q: np.ndarray, tolerance: float) -> None:
        self.probe.wait_for(
            lambda: self.states and np.abs(np.array(self.states[-1].position[:7]) - q).max() < tolerance,
            120.0,
            f"the arm to come to {q.round(3)}",
        )

    def reset(self) -> None:
        answer = self.probe.call(Trigger, "franka_node/reset", timeout=60.0)
        assert answer.success, answer.message
        self.probe.wait_for(lambda: not self.guard[-1].fault)

    def go_home(self) -> None:
        answer = self.probe.call(Trigger, "franka_node/home")
        assert answer.success, answer.message
        self.wait_mode(GuardState.HOMING)
        self.wait_mode(GuardState.HOLD)
        self.wait_there(LIMITS_IN_USE.home, 0.02)

    def begin_moving(self) -> ChunkSender:
        sender = ChunkSender(self.probe.node)
        sender.frequency = FREQUENCY
        self.wait_mode(GuardState.TRACKING)
        return sender


def test_connect_home_follow_a_stream_then_be_killed_and_connect_again(server, ros_domain):
    with Probe() as probe:
        bench = Bench(probe, server.address)
        with bench.start() as node:
            node.wait_active(probe, 60.0)
            bench.wait_mode(GuardState.HOLD)
            bench.go_home()
            sender = bench.begin_moving()
            end = time.monotonic() + STREAM_SECONDS
            probe.wait_for(
                lambda: bench.wait_mode(GuardState.TRACKING) and time.monotonic() > end, 2 * STREAM_SECONDS
            )
            state = bench.guard[-1]
            assert state.chunks_accepted > 5 * STREAM_SECONDS
            told = np.array([m.position[:7] for m in bench.commands])
            assert (told >= LIMITS_IN_USE.lower).all() and (told <= LIMITS_IN_USE.upper).all()
            swayed = np.ptp([m.position[0] for m in bench.states])
            assert swayed > 0.1, "the arm follows"
            print(f"{state.chunks_accepted} chunks, {state.chunks_rejected} rejected, {swayed:.3f} rad")
            node.kill()
        sender.live.discard("action")
        bench.guard.clear()
        bench.states.clear()
        with bench.start() as node:
            node.wait_active(probe, 60.0)
            bench.wait_mode(GuardState.HOLD)
            bench.wait_there(np.array(bench.commands[-1].position[:7]), 0.05)
            bench.go_home()
            assert node.interrupt() == 0, node.output
            assert "Traceback" not in node.output


@pytest.fixture
def moving(server: Server, ros_domain: int) -> Iterator[tuple[Bench, NodeProcess, ChunkSender]]:
    """An arm with its hand, franka_node, and the sender of the chunks that it follows."""
    with Probe() as probe:
        bench = Bench(probe, server.address, hand=True)
        with bench.start() as node:
            node.wait_active(probe, 60.0)
            yield bench, node, bench.begin_moving()


def test_a_reflex_is_told_by_name_and_a_reset_recovers_from_it(server, moving):
    bench, _, sender = moving
    server.signal(signal.SIGUSR1)
    detail = bench.wait_fault("driver_lost")
    assert "cartesian_reflex" in detail and "\n" not in detail
    sender.live.discard("action")
    bench.reset()
    bench.wait_mode(GuardState.HOLD)
    bench.go_home()


def test_a_robot_that_stops_talking_is_a_fault_and_a_reset_finds_it_again(server, moving):
    bench, _, sender = moving
    server.signal(signal.SIGSTOP)
    try:
        detail = bench.wait_fault("driver_lost")
    finally:
        server.signal(signal.SIGCONT)
    assert "UDP receive: Timeout" in detail
    sender.live.discard("action")
    bench.reset()
    bench.wait_mode(GuardState.HOLD)


def test_the_hand_opens_and_closes_while_the_arm_moves(moving):
    bench, node, sender = moving
    for width in (0.07, 0.02, 0.06):
        sender.gripper = width
        bench.probe.wait_for(
            lambda wished=width: abs(sum(bench.states[-1].position[7:]) - wished) < 0.005, 60.0, "the hand"
        )
    bench.wait_mode(GuardState.TRACKING)
    assert "the hand did not" not in node.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_in_the_middle_of_a_motion_leaves_a_robot_at_rest_without_error(server, moving, number):
    from franky import RealtimeConfig, Robot

    bench, node, _ = moving
    begin = bench.commands[-1].position[0]
    bench.probe.wait_for(lambda: abs(bench.commands[-1].position[0] - begin) > 0.02, 60.0, "a motion")
    node.process.send_signal(number)
    assert node.wait_exit() == 0, node.output
    last = bench.commands[-1]
    assert np.abs(last.velocity[:7]).max() < 0.01, "the guard came to rest first"
    robot = Robot(server.address, realtime_config=RealtimeConfig.Ignore)
    assert not robot.has_errors and not robot.is_in_control
    assert np.array(robot.state.q) == pytest.approx(np.array(last.position[:7]), abs=0.05)


def test_an_address_where_no_robot_is_is_said_in_one_line(ros_domain):
    pytest.importorskip("franky", reason="franky (the extra 'franka') is not installed")
    params = {"driver": "franky", "robot_ip": "127.0.0.99", "hand": False, "autostart": True}
    with NodeProcess(MODULE, params) as process:
        assert process.wait_exit(60.0) == 2, process.output
        assert "recovery failed 3 times, at last in 'connecting'" in process.output
        assert "Traceback" not in process.output
