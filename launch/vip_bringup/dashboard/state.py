"""What the dashboard knows: written by the ROS side, read by the pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vip_bringup.dashboard.curves import Curve
from vip_bringup.dashboard.pictures import LatestPicture

# Silence after which what a node said is shown as old, s: reports come at 1 or 2 Hz.
OLD = 3.0


@dataclass(frozen=True)
class Heard:
    """A message and when it came, s on the dashboard's clock."""

    message: Any
    at: float


@dataclass(frozen=True)
class Health:
    """One line of /diagnostics: level 0 ok, 1 warning, 2 error, 3 stale."""

    level: int
    message: str
    values: dict[str, str]
    at: float


@dataclass
class DashboardState:
    """The newest of everything, with curves of the rewards.

    Attributes:
        clock: returns the time in s.
        pictures: by name: camera, goal.
        curves: by name: distance, progress, reward.
        joint_limits: joint name → (lowest, highest), rad or m, where a description was heard.
    """

    clock: Callable[[], float]
    pictures: dict[str, LatestPicture] = field(
        default_factory=lambda: {name: LatestPicture() for name in ("camera", "goal")}
    )
    curves: dict[str, Curve] = field(
        default_factory=lambda: {name: Curve() for name in ("distance", "progress", "reward")}
    )
    joint_limits: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the lock and the empty stores."""
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self._health: dict[str, Health] = {}

    def hear(self, topic: str, message: Any, age: float = 0.0) -> None:
        """Keep the newest message of a topic, which came so many s ago."""
        with self._lock:
            self._heard[topic] = Heard(message, self.clock() - age)

    def newest(self, topic: str, within: float | None = None) -> Any | None:
        """Return the newest message of a topic; None where there is none, or none within that time (s)."""
        with self._lock:
            heard = self._heard.get(topic)
        if heard is None or (within is not None and self.clock() - heard.at > within):
            return None
        return heard.message

    def note_reward(self, message: Any, age: float = 0.0) -> None:
        """Add a Reward, which came so many s ago, to the curves; a new goal begins them anew."""
        before = self.newest("vip/reward")
        if before is not None and before.goal != message.goal:
            for curve in self.curves.values():
                curve.clear()
        at = self.clock() - age
        for name, curve in self.curves.items():
            curve.add(at, getattr(message, name))
        self.hear("vip/reward", message, age)

    def note_health(self, name: str, level: int, message: str, values: dict[str, str]) -> None:
        """Keep a line of /diagnostics."""
        with self._lock:
            self._health[name] = Health(level, message, values, self.clock())

    def health(self) -> dict[str, Health]:
        """Return the lines of /diagnostics by name; those that stopped coming are stale."""
        now = self.clock()
        with self._lock:
            lines = sorted(self._health.items())
        return {name: _or_silent(line, now) for name, line in lines}


def _or_silent(line: Health, now: float) -> Health:
    silence = now - line.at
    return line if silence <= OLD else Health(3, f"silent for {silence:.0f} s", {}, line.at)
