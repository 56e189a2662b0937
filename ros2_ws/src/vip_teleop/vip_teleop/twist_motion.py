"""Moving the fingertips by a twist; apart from the rest because its libraries take a second to import."""

from __future__ import annotations

import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.chunks import carried
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
        self.message = ""

    def follow(self, intent: Intent, settings: Settings, measured: Array, dt: float) -> Array:
        """Return rows that carry the intent's twist on for a while."""
        dt = float(np.clip(dt or self._period, 1e-3, _LONGEST_STEP))
        self._ik.hold_near(measured, REACH)
        twist = settings.scaled(self._ramp.towards(intent.twist, dt))
        self._ik.step(twist, settings.frame, dt)
        slow = self._ik.slowed > 0.5 and bool(twist.any())
        self.message = "near a stretched or folded posture: slowed down" if slow else ""
        return self._carried(final=False)

    def rest(self) -> Array:
        """Return rows that fade out from the present velocity."""
        return self._carried(final=True)

    def _carried(self, final: bool) -> Array:
        return carried(self._ik.q, self._ik.velocity, self._limits.lower, self._limits.upper, final)
