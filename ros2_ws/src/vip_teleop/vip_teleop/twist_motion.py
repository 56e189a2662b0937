"""Moving the fingertips by a twist; apart from the rest because its libraries take a second to import."""

from __future__ import annotations

import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.chunks import HORIZON, along, carried
from vip_teleop.differential_ik import DifferentialIK
from vip_teleop.intent import Array, Intent
from vip_teleop.speeds import Ramp, Settings
from vip_teleop.teleop_config import TeleopConfig

# The wish stays within this of the measured joints: an arm that is blocked must not wind it up, rad.
REACH = 0.25
# A twist is followed for no longer than this at a time: who is late has not seen where it leads, s.
_LONGEST_STEP = 0.1


class TwistMotion:
    """Follows twists of the fingertips through differential kinematics.

    Args:
        config: rate, ramp and share of the joints' velocity limits.
        limits: the robot's, margins included.
    """

    def __init__(self, config: TeleopConfig, limits: RobotLimits) -> None:
        self._limits, self._period = limits, 1.0 / config.rate
        self._ik = DifferentialIK(limits, config.velocity_share)
        self._ramp = Ramp(config.ramp)
        self.message = ""

    def begin(self, q: Array) -> None:
        """Start from rest at joints [N], rad."""
        self._ik.begin(q)
        self._ramp.reset()
        self._q, self._rows = q, np.repeat(q[None], HORIZON, axis=0)
        self.message = ""

    def follow(self, intent: Intent, settings: Settings, measured: Array, dt: float) -> Array:
        """Return rows that carry the intent's twist on for a while."""
        # Where the chunk before leads by now: the new one goes on from there, in place and speed.
        q = np.clip(along(self._rows, self._q, dt), measured - REACH, measured + REACH)
        before = self._ik.velocity
        dt = float(np.clip(dt or self._period, 1e-3, _LONGEST_STEP))
        twist = settings.scaled(self._ramp.towards(intent.twist, dt))
        self._ik.place(q)
        self._ik.step(twist, settings.frame, dt)
        slow = self._ik.slowed > 0.5 and bool(twist.any())
        self.message = "near a stretched or folded posture: slowed down" if slow else ""
        limits = self._limits
        self._q, self._rows = q, carried(q, before, self._ik.velocity, limits.lower, limits.upper)
        return self._rows

    def rest(self) -> Array:
        """Return rows that brake from the present velocity."""
        limits, velocity = self._limits, self._ik.velocity
        return carried(self._q, velocity, velocity, limits.lower, limits.upper, final=True)
