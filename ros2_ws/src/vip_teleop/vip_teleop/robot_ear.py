"""What teleoperation hears of the robot, as a View."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState
from vip_interfaces.msg import GuardState, SimState

from franka_node.limits import LIMITS, RobotLimits
from vip_ros.errors import UserError
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_teleop.intent import Array, SimScene, View

# A command older than this is not where the arm is led now, s.
_COMMAND_AGE = 0.2
# The strictest table where joint names fit several: whose firmware it is cannot be heard.
_BY_JOINTS = ("fer", "fr3-unknown-firmware")


class RobotEar:
    """Subscribes to joint states, commands, guard and simulator; keeps the newest message of each.

    Messages come far more often than a view is asked for: they are read only then.

    Args:
        node: whose subscriptions they are.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._states: JointState | None = None
        self._states_at = self._command_at = float("-inf")
        self._command: JointState | None = None
        self._guard: GuardState | None = None
        self._scene: SimState | None = None
        self._subscriptions = [
            node.create_subscription(kind, topic, callback, qos)
            for kind, topic, callback, qos in (
                (JointState, "joint_states", self._on_states, SENSOR),
                (JointState, "franka/joint_command", self._on_command, RELIABLE_10),
                (GuardState, "franka/guard_state", self._on_guard, LATCHED),
                (SimState, "sim/state", self._on_scene, SENSOR),
            )
        ]

    def close(self) -> None:
        """Stop listening."""
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def limits(self, robot: str) -> RobotLimits:
        """Return the table of that name, or the one that fits the joints heard.

        Raises:
            UserError: no such table, nothing heard yet, or joints of no known robot.
        """
        if robot:
            return LIMITS.get(robot)
        if self._states is None:
            raise UserError("no joint states yet", "is franka_node up? see its log")
        names = tuple(self._states.name)
        for name in _BY_JOINTS:
            limits: RobotLimits = LIMITS.get(name)
            if names[: limits.size] == limits.joint_names:
                return limits
        raise UserError(f"the joints {', '.join(names)} are of no known robot", "set teleop_node.robot")

    def view(self, limits: RobotLimits | None) -> View:
        """Return what is known now; without limits, without joints."""
        now = time.monotonic()
        guard, states = self._guard, self._states
        size = 0 if limits is None else limits.size
        known = states is not None and size > 0 and tuple(states.name[:size]) == limits.joint_names  # type: ignore[union-attr]
        fingers = list(states.position[size:]) if known and states is not None else []
        return View(
            now=now,
            joint_names=() if limits is None else limits.joint_names,
            q=np.array(states.position[:size]) if known and states is not None else None,
            q_age=now - self._states_at,
            command=_arm(self._command) if now - self._command_at < _COMMAND_AGE else None,
            width=float(sum(fingers)) if fingers else None,
            mode=guard.mode_name if guard is not None else "",
            fault=guard.fault if guard is not None else "",
            fault_detail=guard.fault_detail if guard is not None else "",
            driver=guard.source if guard is not None else "",
            scene=_scene(self._scene),
        )

    def _on_states(self, message: JointState) -> None:
        self._states, self._states_at = message, time.monotonic()

    def _on_command(self, message: JointState) -> None:
        self._command, self._command_at = message, time.monotonic()

    def _on_guard(self, message: GuardState) -> None:
        self._guard = message

    def _on_scene(self, message: SimState) -> None:
        self._scene = message


def _arm(command: JointState | None) -> Array | None:
    """Return the positions [N] of the arm's joints; the fingers come behind them."""
    if command is None:
        return None
    return np.array([p for n, p in zip(command.name, command.position, strict=False) if "finger" not in n])


def _scene(state: SimState | None) -> SimScene | None:
    if state is None:
        return None
    return SimScene(state.task, int(state.seed), np.array(state.qpos), bool(state.success))
