"""A gamepad behind sensor_msgs/Joy, as joy_node or game_controller_node of ROS send it."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Joy

from vip_ros.errors import unknown_name
from vip_teleop.device_base import HeldDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, View
from vip_teleop.pads import HELP, JoyLayout, PadReader
from vip_teleop.teleop_config import TeleopConfig

# Best effort meets every sender; a few deep, so that no press between two looks is lost.
_EVERY = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


@DEVICES.register("joy")
class JoyDevice(HeldDevice):
    """Reads a gamepad's topic; silence releases the dead-man switch."""

    hold = "hold the right shoulder button of the pad"
    help = HELP

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        if self.config.joy_layout not in JoyLayout.NAMES:
            raise unknown_name("joy_layout", self.config.joy_layout, JoyLayout.NAMES, "teleop_node")
        self._layout = JoyLayout(self.config.joy_layout)
        self._reader = PadReader(self.config.deadzone)
        self._intent: Intent | None = None
        self._presses: list[str] = []
        self._heard_at = float("-inf")

    def attach(self, node: Any) -> None:
        """Listen to the pad's topic."""
        self.listen(node, Joy, self.config.joy_topic, self._on_joy, _EVERY)

    def read(self, view: View) -> Intent:
        """Return what the pad says now."""
        presses, self._presses = tuple(self._presses), []
        if self._intent is None or view.now - self._heard_at > self.config.input_timeout:
            self._intent = None
            return self._reader.forget()
        return dataclasses.replace(self._intent, buttons=presses)

    def forget(self) -> None:
        """Drop the presses; a dead-man switch that is held stays known as held."""
        self._presses = []

    def _on_joy(self, message: Joy) -> None:
        self._intent = self._reader.read(self._layout.state(message.axes, message.buttons))
        self._presses += self._intent.buttons  # of every message, however short the press
        self._heard_at = time.monotonic()
