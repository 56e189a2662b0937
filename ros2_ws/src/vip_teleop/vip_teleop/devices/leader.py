"""A leader arm: another arm's joint states are where the robot shall go."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState

from vip_ros.qos import SENSOR
from vip_teleop.device_base import SwitchedDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, View
from vip_teleop.teleop_config import TeleopConfig


def _arm_and_fingers(state: JointState, names: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return a leader's arm joints, rad, and its fingers' travels, m, as its names tell them.

    Joints of the robot's names [N] may stand anywhere; an arm of other names has its N joints in their order,
    and where it names no fingers, what follows them is the gripper. The arm's list is shorter than N when
    joints are missing.
    """
    named = list(zip(state.name, map(float, state.position), strict=False))
    position = dict(named)
    fingers = [travel for name, travel in named if "finger" in name]
    if all(name in position for name in names):
        return [position[name] for name in names], fingers
    if fingers:
        return [travel for name, travel in named if "finger" not in name][: len(names)], fingers
    values = [float(value) for value in state.position]
    return values[: len(names)], values[len(names) :]


@DEVICES.register("leader")
class LeaderArm(SwitchedDevice):
    """Follows a leader that is engaged near the robot's posture; the robot catches up gently at first."""

    joints = True
    help = (
        "bring the leader near the robot's posture, then engage (key e, or the service teleop_node/engage)",
        "release (space, or teleop_node/release) lets go; a leader that falls silent lets go too",
    )

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        self._state: JointState | None = None
        self._heard_at = float("-inf")

    def attach(self, node: Any) -> None:
        """Listen to the leader."""
        self.listen(node, JointState, self.config.leader_topic, self._on_state, SENSOR)

    def switch(self, engage: bool) -> str:
        """Press or release; a leader that is not heard cannot be engaged."""
        if engage and not self._heard(time.monotonic()):
            return self._silence
        return super().switch(engage)

    def read(self, view: View) -> Intent:
        """Return the leader's joints as targets."""
        state, size = self._state, len(view.joint_names)
        if state is None or not self._heard(view.now):
            self.pressed = False  # it must be engaged anew: nothing moves by itself when it comes back
            return Intent(message=self._silence)
        joints, fingers = _arm_and_fingers(state, view.joint_names)
        if len(joints) < size:
            self.pressed = False
            return Intent(message=f"the leader has {len(joints)} joints, the robot {size}")
        width = float(sum(fingers))
        return Intent(
            engaged=self.pressed,
            path=np.array([joints], dtype=float),
            # A width that is no number is no wish: the gripper stays as it is.
            gripper=width if fingers and math.isfinite(width) else None,
            message="following the leader" if self.pressed else "released: engage to follow the leader",
        )

    @property
    def _silence(self) -> str:
        return f"no joint states on {self.config.leader_topic}"

    def _heard(self, now: float) -> bool:
        return now - self._heard_at <= self.config.input_timeout

    def _on_state(self, message: JointState) -> None:
        self._state, self._heard_at = message, time.monotonic()
