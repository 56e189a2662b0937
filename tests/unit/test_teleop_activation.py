"""Nothing that was pressed before an activation moves the arm after it."""

from __future__ import annotations

import os
import pty
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from franka_node.limits import FER
from vip_teleop import foreground
from vip_teleop.device_base import HeldDevice
from vip_teleop.devices.keyboard import Keyboard
from vip_teleop.devices.leader import LeaderArm
from vip_teleop.foreground import ForegroundTeleop
from vip_teleop.intent import Intent, View
from vip_teleop.teleop_config import TeleopConfig
from vip_teleop.terminal import KeyTerminal

START = np.array([0.45, -0.28, 0.02, -2.40, -0.13, 2.12, -0.73])


class Node(ForegroundTeleop):
    """The node without a graph: its hooks and its step are called by hand."""

    state = property(lambda self: "inactive" if self.driving is None else "active")  # type: ignore[assignment]

    def __init__(self, device: Any) -> None:
        self.config, self.device, self.driving, self.presses = TeleopConfig(device="x"), device, None, []
        self.ear: Any = SimpleNamespace(limits=lambda robot: FER, view=self._view)
        self.errands: Any = SimpleNamespace(run=self._run)
        self._keys: Any = None
        self._timer = self._limits = None
        self.chunks: list[Any] = []
        self.errands_run: list[str] = []
        self.said: list[str] = []

    def _view(self, limits: Any) -> View:
        return View(time.monotonic(), FER.joint_names, START.copy(), 0.0, None, 0.04, "HOLD")

    def _run(self, button: str) -> None:
        self.errands_run.append(button)

    def _send(self, chunk: Any) -> None:
        self.chunks += [] if chunk is None else [chunk]

    def steps(self, count: int = 3) -> None:
        for _ in range(count):
            self._step()

    def say(self, text: str) -> None:
        self.said.append(text)

    def get_name(self) -> str:
        return "teleop_node"

    def count_publishers(self, topic: str) -> int:
        return 1

    def create_timer(self, *args: Any, **kwargs: Any) -> Any:
        return object()

    def destroy_timer(self, timer: Any) -> bool:
        return True

    def tell(self, force: bool = False) -> None:
        """Nobody listens."""


class Pad(HeldDevice):
    """A pad whose dead-man switch is where the test puts it."""

    held = False

    def read(self, view: View) -> Intent:
        return Intent(engaged=self.held)


def leader() -> tuple[LeaderArm, Any]:
    """Return a leader, and what moves its fourth joint away from the robot's by some rad."""
    device = LeaderArm(TeleopConfig(device="leader"))

    def move(away: float) -> None:
        posture = START + np.eye(7)[3] * away
        device._on_state(JointState(name=list(FER.joint_names), position=posture.tolist()))

    move(0.0)
    return device, move


def test_a_leader_engaged_before_a_deactivation_is_released_after_it():
    device, move = leader()
    node = Node(device)
    node.start()
    assert node.switch(True) == ""
    node.steps()
    assert node.driving is not None and node.driving.engaged
    node.stop()
    assert not device.pressed and node.chunks[-1].final
    sent = len(node.chunks)
    move(0.5)
    node.start()
    node.steps()
    assert not node.driving.engaged and len(node.chunks) == sent
    assert node.switch(True) == ""
    node.steps()
    assert node.driving.engaged and len(node.chunks) > sent


def test_a_device_switched_on_while_inactive_is_released_by_the_activation():
    device, _ = leader()
    node = Node(device)
    device.switch(True)
    node.start()
    node.steps()
    assert not node.chunks


@pytest.fixture
def tty():
    master, slave = pty.openpty()
    terminal = KeyTerminal(slave)
    terminal.open()
    yield master, terminal
    terminal.close()
    os.close(master)
    os.close(slave)


def test_keys_typed_beside_a_device_while_inactive_are_refused_and_dropped(tty):
    device, _ = leader()
    node = Node(device)
    master, node._keys = tty
    os.write(master, b"eb")
    node._look()
    assert not device.pressed and not node.presses
    assert node.said == ["teleop_node is inactive: activate it first"] * 2
    os.write(master, b"eb")  # nobody looked at these yet
    node.start()
    node._look()
    node.steps()
    assert not node.chunks and not node.errands_run
    os.write(master, b"eb")
    node._look()
    node.steps()
    assert node.chunks and node.errands_run == ["hand_back"]


def test_q_ends_the_program_while_inactive_too(tty, monkeypatch):
    node = Node(leader()[0])
    master, node._keys = tty
    raised: list[int] = []
    monkeypatch.setattr(foreground.signal, "raise_signal", raised.append)
    os.write(master, b"Q")
    node._look()
    assert raised == [foreground.signal.SIGINT]


def test_keys_typed_on_the_keyboard_while_inactive_neither_drive_nor_run_errands(tty):
    device = Keyboard(TeleopConfig(device="keyboard"))
    master, device._terminal = tty
    node = Node(device)
    os.write(master, b"hw" + b"w" * 2000)
    node.start()
    node.steps()
    assert not node.chunks and not node.errands_run
    os.write(master, b"w")  # still held
    node.steps()
    assert not node.chunks and "let go of all keys" in node.driving.message
    device._held.forget("", time.monotonic())
    os.write(master, b"hw")
    node.steps()
    assert node.chunks and node.errands_run == ["home"]


def test_a_switch_held_by_hand_across_the_activation_must_be_let_go_first():
    pad = Pad()
    node = Node(pad)
    pad.held = True
    node.presses.append("home")
    node.start()
    node.steps()
    assert not node.chunks and not node.errands_run
    pad.held = False
    node.steps(1)
    pad.held = True
    node.steps(1)
    assert node.chunks
