"""A SpaceMouse behind ROS's spacenav driver: push and turn the cap, the hand does the same."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist
from sensor_msgs.msg import Joy

from vip_ros.qos import SENSOR
from vip_teleop.device_base import HeldDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import FRAME, GRIPPER, Array, Intent, View, no_twist
from vip_teleop.pads import softened
from vip_teleop.teleop_config import TeleopConfig

_BUTTONS = (GRIPPER, FRAME)
# The cap springs back when it is let go; the switch counts as held for this long after, s.
_AFTER = 0.3


@DEVICES.register("spacemouse")
class SpaceMouse(HeldDevice):
    """The cap off its middle is the dead-man switch."""

    hold = "push or turn the cap"
    help = (
        "push or turn the cap to drive; it springs back when let go, and the arm rests",
        "left button: gripper   right button: tool/base",
    )

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        self._twist: Array = no_twist()
        self._heard_at = self._held_until = float("-inf")
        self._down: list[bool] | None = None
        self._pressed: list[str] = []

    def attach(self, node: Any) -> None:
        """Listen to the driver's topics."""
        self.listen(node, Twist, self.config.spacemouse_twist_topic, self._on_twist, SENSOR)
        self.listen(node, Joy, self.config.spacemouse_joy_topic, self._on_joy, SENSOR)

    def read(self, view: View) -> Intent:
        """Return where the cap is."""
        pressed, self._pressed = tuple(self._pressed), []
        if view.now - self._heard_at > self.config.input_timeout:
            self._held_until = float("-inf")
            return Intent(buttons=pressed, message="no word from spacenav: is its node up?")
        twist = softened(self._twist, self.config.deadzone)
        if twist.any() or GRIPPER in pressed:  # the hand moves only while somebody drives
            self._held_until = view.now + _AFTER
        return Intent(engaged=view.now < self._held_until, twist=twist, buttons=pressed)

    def forget(self) -> None:
        """Drop the presses; a cap that is pushed stays known as pushed."""
        self._pressed, self._held_until = [], float("-inf")

    def _on_twist(self, message: Twist) -> None:
        linear, angular = message.linear, message.angular
        twist = np.array([linear.x, linear.y, linear.z, angular.x, angular.y, angular.z])
        self._twist, self._heard_at = np.clip(np.nan_to_num(twist), -1.0, 1.0), time.monotonic()

    def _on_joy(self, message: Joy) -> None:
        down = [bool(button) for button in message.buttons[: len(_BUTTONS)]]
        before = down if self._down is None else self._down
        self._down = down
        for name, now, was in zip(_BUTTONS, down, before, strict=False):
            if now and not was:
                self._pressed.append(name)
