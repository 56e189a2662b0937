"""franka_node and what franka_ros2 offers beside its controllers: recovery and gripper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graph.helpers import NodeProcess, Probe
from graph.test_ros2_control import BARE, FAKE, FORWARD, MODULE, NAMESPACE, TRAJECTORY, Bench
from rclpy.qos import QoSProfile
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from vip_interfaces.msg import GuardState

pytestmark = [pytest.mark.graph, pytest.mark.slow, pytest.mark.timeout(600)]

CONTROLLERS = {TRAJECTORY: "fr3_arm_controller", FORWARD: "forward_position_controller"}


class FullBench(Bench):
    """The whole of franka_ros2 behind franka_node, and what it was asked."""

    def __init__(self, probe: Probe, kind: str, environment: dict[str, str]) -> None:
        self.environment = environment
        self.calls = probe.subscribe(String, "/fake/calls", QoSProfile(depth=1000))
        super().__init__(probe, kind)

    def start_robot(self) -> NodeProcess:
        tests = str(Path(FAKE).parents[1])
        path = f"{tests}:{self.environment.get('PYTHONPATH', '')}"
        command = [FAKE, self.kind, "services"]
        return NodeProcess("fake_franka_ros2", command=command, env={**self.environment, "PYTHONPATH": path})

    def start_node(self) -> NodeProcess:
        params = {name: value for name, value in self.params().items() if name not in BARE}
        return NodeProcess(MODULE, params, remaps={"__ns": NAMESPACE}, env=self.environment)

    def asked(self) -> list[str]:
        return [message.data for message in self.calls]

    def wait_asked(self, call: str) -> None:
        self.probe.wait_for(lambda: call in self.asked(), what=f"'{call}'")

    def break_down(self) -> None:
        assert self.probe.call(Trigger, "/fake/reflex").success
        self.wait_fault("driver_lost")
        assert self.sender is not None
        self.sender.live.discard("action")

    def reset(self) -> Any:
        return self.probe.call(Trigger, "franka_node/reset", timeout=60.0)


@pytest.fixture
def bench(ros_domain: int, foreign: dict[str, str], request: Any) -> Iterator[FullBench]:
    with Probe(namespace=NAMESPACE) as probe:
        bench = FullBench(probe, request.param, foreign)
        try:
            yield bench
        finally:
            bench.close()


@pytest.mark.parametrize("bench", [TRAJECTORY, FORWARD], indirect=True)
def test_a_reset_after_a_reflex_goes_through_the_three_steps_and_the_arm_moves_again(bench):
    bench.begin_moving()
    bench.break_down()
    answer = bench.reset()
    assert answer.success, answer.message
    controller = CONTROLLERS[bench.kind]
    assert bench.asked() == [
        "error_recovery",
        "hardware FrankaHardwareInterface active",
        f"activate {controller},joint_state_broadcaster",
    ]
    bench.probe.wait_for(lambda: bench.guard[-1].mode == GuardState.HOLD)
    bench.move_again()
    assert bench.refusals == []


@pytest.mark.parametrize("bench", [TRAJECTORY], indirect=True)
def test_a_robot_that_stays_in_its_error_is_given_up_after_three_attempts(bench):
    bench.begin_moving()
    assert bench.probe.call(SetBool, "/fake/stubborn", SetBool.Request(data=True)).success
    bench.break_down()
    answer = bench.reset()
    assert not answer.success
    assert "failed 3 times, at last in 'error recovery': /action_server/error_recovery" in answer.message
    assert bench.asked() == ["error_recovery"] * 3
    assert bench.guard[-1].mode == GuardState.FAULT
    bench.probe.call(SetBool, "/fake/stubborn", SetBool.Request(data=False))
    answer = bench.reset()
    assert answer.success, answer.message


@pytest.mark.parametrize("bench", [TRAJECTORY], indirect=True)
def test_the_gripper_gets_one_goal_per_wish_and_a_newer_one_cancels_it(bench):
    bench.begin_moving()
    sender = bench.sender
    sender.gripper = 0.08
    bench.wait_asked("gripper 0.079 20")
    sender.gripper = 0.0
    bench.wait_asked("gripper cancelled 0.079")
    bench.wait_asked("gripper 0.000 20")
    # It closes on an object of 30 mm: that is no failure.
    bench.wait_asked("gripper at 0.030")
    told = [call for call in bench.asked() if not call.startswith("gripper at")]
    assert told[-3:] == ["gripper 0.079 20", "gripper cancelled 0.079", "gripper 0.000 20"]
    bench.probe.wait_for(lambda: abs(2 * bench.states[-1].position[7] - 0.03) < 1e-6, what="the width")
    assert "gripper" not in bench.node.output
    assert bench.probe.call(SetBool, "/fake/stubborn", SetBool.Request(data=True)).success
    sender.gripper = 0.07
    bench.probe.wait_for(
        lambda: "ended at 30 mm on the way to 70 mm" in bench.node.output, what="the warning"
    )
