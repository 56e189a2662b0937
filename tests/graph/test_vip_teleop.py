"""`vip teleop` in a terminal: a person's keys move the arm, and the screen says what happens."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from graph.helpers import NodeProcess, Probe
from sensor_msgs.msg import JointState
from support.terminal import Terminal
from vip_interfaces.msg import GuardState

from franka_node.sim.kinematics import forward
from vip_ros.qos import LATCHED, SENSOR

pytestmark = [pytest.mark.graph, pytest.mark.alone]


class Arm:
    """The simulated arm as seen on the graph."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.states = probe.subscribe(JointState, "joint_states", SENSOR)
        self.guard = probe.subscribe(GuardState, "franka/guard_state", LATCHED)

    @property
    def tip(self) -> np.ndarray:
        return forward(np.array(self.states[-1].position[:7]))[:3, 3]

    def is_held(self) -> bool:
        return self.guard[-1].mode == GuardState.HOLD and not self.guard[-1].source


@pytest.fixture
def arm(ros_domain: int) -> Iterator[Arm]:
    with Probe() as probe, NodeProcess("franka_node.franka_node") as robot:
        arm = Arm(probe)
        robot.wait_active(probe, 90.0)
        probe.wait_for(lambda: arm.states and arm.guard)
        yield arm


def vip_teleop(*arguments: str) -> Terminal:
    return Terminal([sys.executable, "-m", "vip_bringup.cli", "teleop", *arguments])


def test_held_keys_drive_the_arm_and_the_screen_follows(arm: Arm) -> None:
    with vip_teleop() as terminal:
        terminal.wait_for("ready")
        begin = arm.tip

        def ahead() -> bool:
            terminal.hold("w", 0.2)
            return arm.tip[0] > begin[0] + 0.04

        arm.probe.wait_for(ahead, what="the hand to move ahead")
        assert "DRIVING" in terminal.screen() and "the arm is with teleop" in terminal.screen()
        terminal.type(" ")
        arm.probe.wait_for(lambda: terminal.read(0.05) and arm.is_held(), what="rest after letting go")
        terminal.wait_for("released")
        terminal.type("t+g")
        terminal.wait_for("tool frame, 0.125 m/s")
        terminal.wait_for("(wanted 0.080)")
        terminal.type("4")
        terminal.wait_for("recorder_node/keep is not there")
        terminal.type("Q")
        terminal.read(1.0)
        assert terminal.process.wait(30) == 0
        assert terminal.restored
    assert np.abs(arm.tip - begin)[1:].max() < 0.01


def test_ctrl_c_while_driving_brings_the_arm_to_rest_and_the_terminal_back(arm: Arm) -> None:
    with vip_teleop() as terminal:
        terminal.wait_for("ready")
        terminal.wait_for("DRIVING", meanwhile=lambda: terminal.type("a"))
        terminal.type("\x03")
        terminal.read(1.0)
        assert terminal.process.wait(30) == 0
        assert terminal.restored
        arm.probe.wait_for(arm.is_held, what="rest after Ctrl-C")
        assert "Traceback" not in terminal.text


def test_a_terminal_that_goes_away_leaves_an_arm_at_rest(arm: Arm) -> None:
    with vip_teleop() as terminal:
        terminal.wait_for("ready")
        terminal.wait_for("DRIVING", meanwhile=lambda: terminal.type("a"))
        terminal.process.send_signal(signal.SIGHUP)  # as sshd does when the connection is lost
        terminal.process.wait(30)
        # It ends as by Ctrl-C: the hand is let go of in good order, with no stream that breaks off.
        arm.probe.wait_for(arm.is_held, what="rest")
        assert arm.guard[-1].mode == GuardState.HOLD and not arm.guard[-1].fault


def test_keys_engage_a_device_that_has_no_switch_of_its_own(arm: Arm) -> None:
    with vip_teleop("--device", "scripted", "--set", "teleop_node.style=wander") as terminal:
        terminal.wait_for("released: engage to begin")
        terminal.type("e")
        terminal.wait_for("DRIVING")
        terminal.type(" ")
        arm.probe.wait_for(lambda: terminal.read(0.05) and arm.is_held(), what="rest after release")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "keybord"], "did you mean 'keyboard'"),
        (["--set", "teleop_node.linear_sped=1"], "linear_speed"),
        (["--task", "CloseDrawer"], "add --up"),
        (["--device", "gamepad"], "gamepad"),
    ],
)
def test_a_mistake_is_answered_in_one_line(ros_domain: int, arguments: list[str], message: str) -> None:
    with vip_teleop(*arguments) as terminal:
        status = terminal.process.wait(60)
        assert status == 2, terminal.read(0.2)
        assert message in terminal.read(0.2) and "Traceback" not in terminal.text
