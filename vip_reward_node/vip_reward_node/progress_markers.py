"""The episode as RViz markers: gripper and trail coloured by progress, reward and guard as text."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point as Position
from std_msgs.msg import ColorRGBA
from vip_interfaces.msg import GuardState
from visualization_msgs.msg import Marker

from vip_reward_node.charts import GREEN, INK, RED
from vip_reward_node.history import Point
from vip_reward_node.text import Colour

Place = tuple[float, float, float]
# Points of the trail; with one per reward that is over a minute of driving.
_LONGEST_TRAIL = 1500
# Distance below which the gripper has not moved, m: a resting arm adds no points.
_STILL = 0.005


class Trail:
    """Where the gripper was in this episode, and how far along the goal then was."""

    def __init__(self) -> None:
        # As they are published: making a thousand points anew takes longer than drawing the chart.
        self._places: deque[Position] = deque(maxlen=_LONGEST_TRAIL)
        self._shades: deque[ColorRGBA] = deque(maxlen=_LONGEST_TRAIL)
        self._episode: tuple[str, float] | None = None

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._places)

    def add(self, place: Place, reward: Point) -> None:
        """Append a place (m) with the reward's progress; another goal or initial distance begins anew."""
        episode = (reward.goal, reward.initial_distance)
        if episode != self._episode:
            self._episode = episode
            self._places.clear()
            self._shades.clear()
        shade = _shade(reward.progress)
        if self._places and _distance(self._places[-1], place) < _STILL:
            self._shades[-1] = shade
        else:
            x, y, z = place
            self._places.append(Position(x=x, y=y, z=z))
            self._shades.append(shade)

    def markers(self, frame: str, stamp: Time) -> list[Marker]:
        """Return the trail and the gripper's place; none before the first place."""
        if not self._places:
            return []
        line = _marker("trail", Marker.LINE_STRIP, frame, stamp)
        line.scale.x = 0.006
        line.points, line.colors = list(self._places), list(self._shades)
        ball = _marker("gripper", Marker.SPHERE, frame, stamp)
        ball.pose.position = self._places[-1]
        ball.scale.x = ball.scale.y = ball.scale.z = 0.04
        ball.color = self._shades[-1]
        # RViz draws a line from two points on.
        return [line, ball] if len(self._places) > 1 else [ball]


def reward_text(newest: Point, frame: str, height: float, stamp: Time) -> Marker:
    """Return the newest reward as a text above the arm (height in m)."""
    text = f"{newest.title}\n{100.0 * newest.progress:.0f} %   distance {newest.distance:.3g}"
    return _text("reward", text, GREEN if newest.progress >= 0.9 else INK, frame, height, stamp)


def guard_text(guard: GuardState, frame: str, height: float, stamp: Time) -> Marker:
    """Return the guard's mode, or its fault, as a text above the arm (height in m)."""
    driver = f" by {guard.source}" if guard.source else ""
    text = f"FAULT {guard.fault}" if guard.fault else f"guard: {guard.mode_name.lower()}{driver}"
    return _text("guard", text, RED if guard.fault else INK, frame, height, stamp)


def _text(name: str, text: str, colour: Colour, frame: str, height: float, stamp: Time) -> Marker:
    marker = _marker(name, Marker.TEXT_VIEW_FACING, frame, stamp)
    marker.pose.position.z = height
    marker.scale.z = 0.08
    marker.color = _colour(*colour)
    marker.text = text
    return marker


def _marker(name: str, kind: int, frame: str, stamp: Time) -> Marker:
    marker = Marker(ns=name, id=0, type=kind, action=Marker.ADD)
    marker.header.stamp = stamp
    marker.header.frame_id = frame
    marker.pose.orientation.w = 1.0
    # A monitor that dies leaves nothing behind that looks current.
    marker.lifetime = Duration(sec=1)
    return marker


def _shade(progress: float) -> ColorRGBA:
    """Return red at no progress or less, through yellow, green at the goal."""
    share = min(max(progress, 0.0), 1.0)
    return _colour(*(round(low + (high - low) * share) for low, high in zip(RED, GREEN, strict=True)))


def _colour(red: int, green: int, blue: int) -> ColorRGBA:
    return ColorRGBA(r=red / 255.0, g=green / 255.0, b=blue / 255.0, a=1.0)


def _distance(a: Position, b: Place) -> float:
    return math.dist((a.x, a.y, a.z), b)


def arm_of(message: Any) -> list[float] | None:
    """Return the seven arm joints' positions (rad) of a JointState, by name; None where one is missing."""
    named = dict(zip(message.name, message.position, strict=False))
    arm = {name.rpartition("_joint")[2]: position for name, position in named.items() if "finger" not in name}
    if any(str(number) not in arm for number in range(1, 8)):
        return None
    return [arm[str(number)] for number in range(1, 8)]
