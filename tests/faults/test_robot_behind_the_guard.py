"""What a robot behind ros2_control does when its joint states end, and when the guard itself is lost.

`VIP_STOP_TIMES=FILE pytest tests/faults` also writes the measured times to FILE.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from faults.live_stack import Ears
from faults.stop_times import cells, measure, write_table
from graph.helpers import NodeProcess, Probe
from graph.test_ros2_control import BARE, FORWARD, NAMESPACE, TRAJECTORY, Bench, by_joint
from vip_interfaces.msg import GuardState

from franka_node.limits import FR3
from vip_ros.stamps import to_ns

pytestmark = [pytest.mark.graph, pytest.mark.alone, pytest.mark.timeout(400)]

# The senders share the machine with the test; it is the joint states that are cut.
TIMEOUTS = {"image_timeout": 3.0, "embedding_timeout": 3.0, "action_timeout": 3.0, "max_action_age": 3.0}
JOINT_STATE_TIMEOUT = 0.5
PATIENCE = 5.0
STOP_HEADER = "| what was done | fault | timeout, ms | last input to deceleration, ms | to standstill, ms |"
LOST_HEADER = "| what was done | controller | arm at rest after, ms | way until then, mrad |"


class Robot(Bench):
    """A fake robot that can be frozen, in front of it a guard with the usual patience for joint states."""

    def __init__(self, probe: Probe, kind: str) -> None:
        self.ears = Ears(probe, "/franka/joint_states")
        super().__init__(probe, kind)

    def params(self) -> dict[str, Any]:
        patience = {**TIMEOUTS, "joint_state_timeout": JOINT_STATE_TIMEOUT}
        return {"driver": "ros2_control", "controller": self.kind, **BARE, **patience}

    def way_after(self, begin_ns: int) -> tuple[float, float]:
        """Return how long (s) after a time the arm still moved, and how far (rad)."""
        after = [m for m in self.reference if to_ns(m.header.stamp) >= begin_ns]
        q = np.array([by_joint(m, "position") for m in after])
        moved = np.flatnonzero(np.abs(np.diff(q, axis=0)).max(axis=1))
        last = int(moved[-1]) + 1 if moved.size else 0
        return (to_ns(after[last].header.stamp) - begin_ns) * 1e-9, float(np.abs(q[last] - q[0]).max())


@pytest.fixture
def robot(ros_domain: int, request: pytest.FixtureRequest) -> Iterator[Robot]:
    with Probe(namespace=NAMESPACE) as probe:
        robot = Robot(probe, request.param)
        try:
            yield robot
        finally:
            for process in (robot.robot, robot.node):
                _signal(process, signal.SIGCONT)
            robot.close()


@pytest.mark.parametrize("robot", [FORWARD], indirect=True)
def test_joint_states_that_end_stop_the_arm(robot: Robot) -> None:
    robot.begin_moving()
    _signal(robot.robot, signal.SIGSTOP)
    state = robot.ears.wait_mode(GuardState.FAULT)
    assert state.fault == "joint_state_stale", state.fault_detail
    stop = measure(robot.ears, "cut the joint states", "joint_state", JOINT_STATE_TIMEOUT)
    write_table(STOP_HEADER, [cells(stop.what, stop.fault, stop.timeout, stop.begin, stop.rest)])
    assert stop.begin <= JOINT_STATE_TIMEOUT + PATIENCE and stop.rest <= PATIENCE


@pytest.mark.parametrize("how", ["kill -9", pytest.param("SIGSTOP", marks=pytest.mark.slow)])
@pytest.mark.parametrize("robot", [FORWARD, pytest.param(TRAJECTORY, marks=pytest.mark.slow)], indirect=True)
def test_without_the_guard_the_controller_comes_to_rest_near_the_last_command(robot: Robot, how: str) -> None:
    robot.begin_moving()
    begin_ns = time.time_ns()
    _signal(robot.node, signal.SIGKILL if how == "kill -9" else signal.SIGSTOP)
    robot.wait_rest()
    seconds, way = robot.way_after(begin_ns)
    write_table(LOST_HEADER, [cells(f"{how} franka_node", robot.kind, seconds, way)])
    assert seconds <= PATIENCE and way <= FR3.velocity.max() * 0.1


def _signal(process: NodeProcess, number: int) -> None:
    if process.process.poll() is None:
        process.process.send_signal(number)
