"""How an intent becomes joint targets: along joints that are given, or by a twist of the fingertips."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.chunks import STEP, ahead, along, carried
from vip_teleop.intent import Array, Intent
from vip_teleop.speeds import Settings
from vip_teleop.teleop_config import TeleopConfig

# Distance at which a robot counts as having caught up with the joints it is led to, rad.
_CAUGHT = 0.05
# Share of the joints' velocity limits in use by a device that gives joints: it knows what it asks for.
_SHARE = 0.8


class Motion(Protocol):
    """A way to move, from engaging to letting go.

    Attributes:
        message: what the person should know, or empty.
    """

    message: str

    def begin(self, q: Array) -> None:
        """Start from rest at joints [N], rad."""

    def follow(self, intent: Intent, settings: Settings, measured: Array, dt: float) -> Array:
        """Return the rows [H, N] (rad) to send now, dt (s) after the ones before; 0 for the first."""

    def rest(self) -> Array:
        """Return rows [H, N] that come to rest soon."""


class JointMotion:
    """Follows joint targets; gently until the robot has caught up with them.

    Args:
        config: speed while catching up.
        limits: the robot's, margins included.
    """

    message = ""

    def __init__(self, config: TeleopConfig, limits: RobotLimits) -> None:
        self._config, self._limits = config, limits
        self.begin(limits.home)

    def begin(self, q: Array) -> None:
        """Start from rest at joints [N], rad."""
        self._q, self._rows = q, np.repeat(q[None], len(ahead()), axis=0)
        self._caught_up = False

    def follow(self, intent: Intent, settings: Settings, measured: Array, dt: float) -> Array:
        """Return rows along the intent's path [K, N]."""
        assert intent.path is not None  # a device of this kind
        limits = self._limits
        # Where the chunk before leads by now, however late this one is.
        self._q = q = along(self._rows, self._q, dt)
        wanted = np.clip(intent.path, limits.lower, limits.upper)
        self._caught_up = self._caught_up or bool(np.abs(wanted[0] - q).max() < _CAUGHT)
        fastest = _SHARE * limits.velocity
        if not self._caught_up:
            fastest = np.minimum(fastest, self._config.leader_catch_up)
        rows = []
        for k in range(len(ahead())):
            goal = wanted[min(k, len(wanted) - 1)]
            q = q + np.clip(goal - q, -fastest * STEP, fastest * STEP)
            rows.append(q)
        self._rows = np.array(rows)
        return self._rows

    def rest(self) -> Array:
        """Return rows that brake from the way to the first row."""
        velocity = (self._rows[0] - self._q) / STEP
        return carried(self._q, velocity, velocity, self._limits.lower, self._limits.upper, final=True)
