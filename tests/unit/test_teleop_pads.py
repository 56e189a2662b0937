"""Gamepads and SpaceMouse: the dead-man switch, axes, presses, and pads that fall silent."""

from __future__ import annotations

import sys
import time
import types

import numpy as np
import pytest
from geometry_msgs.msg import Twist, Vector3
from sensor_msgs.msg import Joy

from vip_ros.errors import UserError
from vip_teleop.devices import DEVICES
from vip_teleop.intent import View
from vip_teleop.pads import JoyLayout, PadReader, PadState, softened
from vip_teleop.teleop_config import TeleopConfig

XBOX_REST = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]


def pad(*pressed: str, **changes: tuple[float, float]) -> PadState:
    return PadState(pressed=frozenset(pressed), **changes)


def test_nothing_drives_unless_the_shoulder_button_is_held():
    reader = PadReader(0.1)
    assert not reader.read(pad(left=(0.0, 1.0))).engaged
    driving = reader.read(pad("right_shoulder", left=(0.0, 1.0)))
    assert driving.engaged and driving.twist.tolist() == [1, 0, 0, 0, 0, 0]


def test_a_button_counts_once_when_it_goes_down_and_not_when_it_was_down_before():
    reader = PadReader(0.1)
    assert reader.read(pad("a")).buttons == ()
    assert reader.read(pad()).buttons == ()
    assert reader.read(pad("a")).buttons == ("gripper",)
    assert reader.read(pad("a")).buttons == ()


def test_the_left_shoulder_turns_face_buttons_into_marks():
    reader = PadReader(0.1)
    reader.read(pad())
    assert reader.read(pad("left_shoulder", "a")).buttons == ("success",)
    assert reader.read(pad("left_shoulder", "b")).buttons == ("failure",)


def test_the_middle_of_a_stick_is_rest_and_its_end_is_full_speed():

    assert softened(np.array([0.09, -0.1, 1.0, -1.0, 0.55]), 0.1).tolist() == pytest.approx(
        [0, 0, 1, -1, 0.5]
    )


@pytest.mark.parametrize("name", JoyLayout.NAMES)
def test_left_and_up_of_a_stick_mean_left_and_ahead_from_both_senders(name):
    layout = JoyLayout(name)
    state = layout.state([1.0, 0.5, 0.0, 0.0, 0.0, 0.0], [])
    twist = PadReader(0.0).read(state).twist
    assert twist[:3].tolist() == [0.5, 1.0, 0.0]


def test_triggers_of_joy_node_rest_before_and_after_they_are_first_touched():
    layout = JoyLayout("joy_node")
    assert layout.state([0.0] * 8, []).triggers == (0.0, 0.0)
    assert layout.state(XBOX_REST, []).triggers == (0.0, 0.0)
    assert layout.state([0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0], []).triggers == (0.0, 1.0)
    assert layout.state([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], []).triggers == (0.0, 0.5)


def test_buttons_lie_where_each_sender_puts_them():
    xbox = JoyLayout("joy_node").state([*XBOX_REST[:6], -1.0, 1.0], [0, 0, 0, 0, 1, 1])
    assert xbox.pressed == {"left_shoulder", "right_shoulder", "right", "up"}
    sdl = JoyLayout("game_controller_node").state([0.0] * 6, [0] * 9 + [1, 1, 0, 1])
    assert sdl.pressed == {"left_shoulder", "right_shoulder", "down"}


def test_a_short_or_broken_message_is_rest():
    state = JoyLayout("joy_node").state([float("nan")], [])
    assert state.left == (0.0, 0.0) and not state.pressed


class Node:
    """Keeps callbacks by topic instead of a graph."""

    def __init__(self) -> None:
        self.callbacks: dict[str, object] = {}

    def create_subscription(self, kind, topic, callback, qos):
        self.callbacks[topic] = callback
        return topic

    def destroy_subscription(self, topic):
        del self.callbacks[topic]


def attached(name: str, **changes):
    node, device = Node(), DEVICES.get(name)(TeleopConfig(device=name, **changes))
    device.attach(node)
    device.open()
    return node, device


def now(later: float = 0.0) -> View:
    return View(now=time.monotonic() + later)


def test_a_joy_topic_that_falls_silent_releases_the_switch():
    node, device = attached("joy")
    assert not device.read(now()).engaged
    node.callbacks["joy"](Joy(axes=XBOX_REST, buttons=[0, 0, 0, 0, 0, 1]))
    assert device.read(now()).engaged
    silent = device.read(now(1.0))
    assert not silent.engaged and "no word" in silent.message
    device.close()
    assert not node.callbacks


def test_a_press_between_two_looks_is_not_lost():
    node, device = attached("joy")
    for buttons in ([0, 0], [0, 1], [0, 0]):
        node.callbacks["joy"](Joy(axes=XBOX_REST, buttons=buttons))
    assert device.read(now()).buttons == ("frame",)
    assert device.read(now()).buttons == ()


def test_presses_from_before_are_forgotten_and_a_held_switch_is_not():
    node, device = attached("joy")
    for buttons in ([0] * 6, [0, 1, 0, 0, 0, 1]):
        node.callbacks["joy"](Joy(axes=XBOX_REST, buttons=buttons))
    device.forget()
    first = device.read(now())
    assert first.buttons == () and first.engaged


def test_a_spacemouses_presses_from_before_are_forgotten_and_a_pushed_cap_is_not():
    node, device = attached("spacemouse")
    node.callbacks["spacenav/twist"](Twist(linear=Vector3(x=1.0)))
    for buttons in ([0, 0], [1, 1]):
        node.callbacks["spacenav/joy"](Joy(buttons=buttons))
    device.forget()
    first = device.read(now())
    assert first.buttons == () and first.engaged


def test_a_gamepads_button_that_went_down_before_is_no_press(sdl, monkeypatch):
    device = DEVICES.get("gamepad")()
    device.open()
    device.read(now())
    monkeypatch.setattr(FakeController, "get_button", lambda self, index: index in (4, 10))
    device.forget()
    first = device.read(now())
    assert first.buttons == () and first.engaged
    device.close()


def test_an_unknown_layout_names_the_known_ones():
    with pytest.raises(UserError, match="game_controller_node, joy_node"):
        attached("joy", joy_layout="joy_nod")


def test_the_cap_of_a_spacemouse_is_its_own_dead_man_switch():
    node, device = attached("spacemouse")
    node.callbacks["spacenav/twist"](Twist(linear=Vector3(x=1.0, y=0.05)))
    pushed = device.read(now())
    assert pushed.engaged and pushed.twist.tolist() == [1, 0, 0, 0, 0, 0]
    node.callbacks["spacenav/twist"](Twist())
    assert device.read(now(0.2)).engaged and not device.read(now(0.25)).twist.any()
    node.callbacks["spacenav/twist"](Twist())
    assert not device.read(now(0.31)).engaged


def test_a_spacemouse_that_freezes_while_pushed_lets_go():
    node, device = attached("spacemouse")
    node.callbacks["spacenav/twist"](Twist(linear=Vector3(x=1.0)))
    assert device.read(now()).engaged
    frozen = device.read(now(1.0))
    assert not frozen.engaged and not frozen.twist.any()


def test_buttons_of_a_spacemouse():
    node, device = attached("spacemouse")
    for buttons in ([0, 0], [1, 0], [1, 1]):
        node.callbacks["spacenav/joy"](Joy(buttons=buttons))
    assert device.read(now()).buttons == ("gripper", "frame")


class FakeController:
    """SDL's controller with a stick pushed ahead and the right shoulder held."""

    present = True

    def __init__(self, index: int) -> None:
        self.plugged = True

    def attached(self) -> bool:
        return self.plugged and FakeController.present

    def get_axis(self, index: int) -> int:
        return -32767 if index == 1 else 0

    def get_button(self, index: int) -> bool:
        return index == 10


@pytest.fixture
def sdl(monkeypatch):
    FakeController.present = True
    pads = types.SimpleNamespace(
        init=lambda: None,
        quit=lambda: None,
        get_count=lambda: int(FakeController.present),
        is_controller=lambda index: True,
        Controller=FakeController,
    )
    pygame = types.ModuleType("pygame")
    pygame.display = types.SimpleNamespace(init=lambda: None)
    pygame.event = types.SimpleNamespace(pump=lambda: None)
    pygame.quit = lambda: None
    sdl2 = types.ModuleType("pygame._sdl2")
    sdl2.controller = pads
    monkeypatch.setitem(sys.modules, "pygame", pygame)
    monkeypatch.setitem(sys.modules, "pygame._sdl2", sdl2)


def test_a_gamepad_drives_and_one_that_is_unplugged_lets_go_until_it_is_back(sdl):
    device = DEVICES.get("gamepad")()
    device.open()
    driving = device.read(now())
    assert driving.engaged and driving.twist.tolist() == [1, 0, 0, 0, 0, 0]
    FakeController.present = False
    assert not device.read(now()).engaged
    FakeController.present = True
    assert device.read(now()).engaged
    device.close()


def test_without_a_gamepad_or_without_pygame_the_user_is_told(sdl, monkeypatch):
    FakeController.present = False
    with pytest.raises(UserError, match="no gamepad found"):
        DEVICES.get("gamepad")().open()
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(UserError, match="pip install pygame-ce"):
        DEVICES.get("gamepad")().open()
