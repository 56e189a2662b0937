"""Checks every joint command on a test's graph against the limits of the robot it moves.

What is compared with what: consecutive commands are one period of the guard apart, however late their
messages come, so differences are taken over the period and not over stamps (which are those of images). The
middleware's sequence numbers tell which commands are consecutive; a lost message begins another piece of
motion, and so does a robot that was put elsewhere (a reset after it was moved by hand, another simulated
scene, a loop that stood still), which begins at rest: its velocity is exactly zero. For the FR3, which may be
behind a trajectory controller, another piece begins too where a late loop goes on from where that controller
had coasted to by then. Positions and velocities come as doubles, so the tolerance is the checker's, 1e-6 of a
limit's unit; the jerk is judged by the second difference of the velocities. The robot's own table applies,
without the margins that a configuration adds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from graph.helpers import Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState

from franka_node.limits import FER, FR3, RobotLimits
from franka_node.motion_check import TOLERANCE, violations
from franka_node.ros2_control.coasting import Coasting
from franka_node.ros2_control.commands import COASTING_SHARE

# franka_node stands in a namespace where the robot's own nodes take its names.
TOPICS = ("/franka/joint_command", "/vip/franka/joint_command")
# Of the pause before a late command, s.
RESOLUTION = 5e-5
ROBOTS = {"panda_joint1": FER, "fr3_joint1": FR3}


@dataclasses.dataclass(frozen=True)
class Command:
    """One command as heard: its number at the publisher, joints, positions and velocities [7]."""

    number: int
    first_joint: str
    q: np.ndarray
    v: np.ndarray


class CommandWatch:
    """Listens to every franka_node of a domain; use as a context manager, then check()."""

    def __init__(self, rate: float) -> None:
        self._dt = 1.0 / rate
        self._heard: dict[str, list[Command]] = {topic: [] for topic in TOPICS}
        self._probe = Probe("command_watch")
        for topic in TOPICS:
            self._listen(topic)

    def __enter__(self) -> CommandWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._probe.close()

    def check(self) -> None:
        """Fail with one line for each limit that a command broke."""
        broken = [line for commands in self._heard.values() for line in _broken(commands, self._dt)]
        assert broken == [], "\n".join(broken)

    def _listen(self, topic: str) -> None:
        def keep(message: JointState, info: dict[str, Any]) -> None:
            q, v = np.array(message.position[:7]), np.array(message.velocity[:7])
            command = Command(info["publication_sequence_number"], message.name[0], q, v)
            self._heard[topic].append(command)

        self._probe.node.create_subscription(JointState, topic, keep, QoSProfile(depth=5000))


def _broken(commands: list[Command], dt: float) -> list[str]:
    return [line for piece in pieces(commands, dt) for line in check_piece(piece, dt)]


def check_piece(piece: list[Command], dt: float) -> list[str]:
    """Return what is wrong with commands that follow each other."""
    limits = ROBOTS[piece[0].first_joint]
    q, v = np.array([c.q for c in piece]), np.array([c.v for c in piece])
    found = violations(limits, dt, q, v)
    if ((q > limits.upper + TOLERANCE) | (q < limits.lower - TOLERANCE)).any():
        found.append("position: outside the robot's own limits")
    return found


def pieces(commands: list[Command], dt: float) -> Iterator[list[Command]]:
    """Split commands where one was lost, or where the robot was put elsewhere and rests, or had coasted."""
    piece: list[Command] = []
    for command in commands:
        if piece and not _follows(piece, command, dt):
            yield piece
            piece = []
        piece.append(command)
    if piece:
        yield piece


def _follows(piece: list[Command], after: Command, dt: float) -> bool:
    before, limits = piece[-1], ROBOTS[after.first_joint]
    if after.number != before.number + 1:
        return False
    step = _is_a_step(before.q, before.v, after, limits, dt)
    suspect = limits is FR3 and (not step or check_piece([*piece[-2:], after], dt))
    if suspect and _carried_on(before, after, limits, dt):
        return False
    return step or bool((after.v != 0).any())


def _is_a_step(q: np.ndarray, v: np.ndarray, after: Command, limits: RobotLimits, dt: float) -> bool:
    # What the mean of the velocities says of the way, and how far a bounded jerk can be off it.
    gap = np.abs(after.q - q - dt * (v + after.v) / 2)
    return bool((gap <= limits.jerk * dt**3 / 12 + 1e-9).all())


def _carried_on(before: Command, after: Command, limits: RobotLimits, dt: float) -> bool:
    """Tell whether a command is one step from where the one before it had coasted to."""
    coasting = Coasting(0.0, COASTING_SHARE * limits.acceleration)
    longest = float((np.abs(before.v) / coasting.deceleration).max())
    for pause in np.arange(dt / 2, max(longest, dt) + RESOLUTION, RESOLUTION):
        q, v = coasting.after(pause, before.q, before.v)
        if (np.abs(after.v - v) > limits.acceleration * dt).any():
            continue
        if _is_a_step(q, v, after, limits, dt):
            return True
    return False
