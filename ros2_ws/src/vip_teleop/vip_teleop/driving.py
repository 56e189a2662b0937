"""From what a person wants to action chunks: engaging, driving, letting go. Pure; times come in as s."""

from __future__ import annotations

import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.chunks import HORIZON, STEP, DriveChunk, ahead, along, carried
from vip_teleop.differential_ik import DifferentialIK
from vip_teleop.intent import Array, Intent, View
from vip_teleop.speeds import Ramp, Settings
from vip_teleop.teleop_config import TeleopConfig

# A joint state older than this is no ground to drive from, s.
STALE = 0.5
# The wish stays within this of the measured joints: an arm that is blocked must not wind it up, rad.
REACH = 0.25
# Distance at which a robot counts as having caught up with the joints it is led to, rad.
_CAUGHT = 0.05
# A twist is followed for no longer than this at a time: who is late has not seen where it leads, s.
_LONGEST_STEP = 0.1
# Share of the joints' velocity limits in use by a device that gives joints: it knows what it asks for.
_PATH_SHARE = 0.8
_DRIVABLE = ("HOLD", "TRACKING")


class Driving:
    """Turns intents into chunks while the dead-man switch is held.

    Whatever ends the driving against the person's will (a fault, a lost joint state) stays ended until
    the switch was released: nothing moves by itself again.

    Args:
        config: speeds and shares.
        limits: the robot's, margins included.
        commanding: False for a device whose robot is moved by hand: its actions are told, never followed.

    Attributes:
        engaged: the person drives the arm.
        message: one line for the person.
        settings: speed, frame and gripper.
    """

    def __init__(self, config: TeleopConfig, limits: RobotLimits, commanding: bool = True) -> None:
        self.limits, self.commanding = limits, commanding
        self.settings = Settings(config, limits.gripper_width)
        self.engaged = False
        self.message = "ready"
        self._config = config
        self._ik = DifferentialIK(limits, config.velocity_share)
        self._ramp = Ramp(config.ramp)
        self._blocked = False
        self._caught_up = False
        self._rows: Array | None = None
        self._last = float("nan")

    def step(self, intent: Intent, view: View) -> DriveChunk | None:
        """Take what the person wants now; return the chunk to send, or None.

        Args:
            intent: from the device.
            view: what is known of the robot.
        """
        self.settings.apply(intent, view.width)
        dt = float(np.clip(view.now - self._last, 0.0, STEP * HORIZON)) if self.engaged else 0.0
        self._last = view.now
        if not intent.engaged:
            self._blocked = False
        if self.engaged:
            obstacle = self._obstacle(view)
            if obstacle:
                return self._drop(obstacle)
            if not intent.engaged:
                return self._release(intent.message)
        elif not self._engage(intent, view):
            return None
        self.message = intent.message or "driving"
        return self._follow(intent, view, dt)

    def let_go(self) -> DriveChunk | None:
        """Return the final chunk when the arm is being driven: the session ends."""
        return self._release("ended") if self.engaged else None

    def _engage(self, intent: Intent, view: View) -> bool:
        if not intent.engaged or self._blocked:
            if intent.message and not self._blocked:
                self.message = intent.message
            return False
        reason = self._obstacle(view) or self._too_far(intent, view)
        if reason:
            self._blocked, self.message = True, f"not driving: {reason}; release and try again"
            return False
        assert view.q is not None  # else there is an obstacle
        # The guard's command is ahead of the measured posture: starting from it, nothing jerks back.
        moving = view.mode == "TRACKING" and view.command is not None
        self._ik.begin(view.command if moving and view.command is not None else view.q)
        self._ramp.reset()
        self.engaged, self._caught_up, self._rows = True, False, None
        return True

    def _obstacle(self, view: View) -> str:
        if view.q is None or view.q_age > STALE:
            return "no fresh joint state"
        if not np.isfinite(view.q).all():
            return "the joint state holds NaN or infinity"
        if not self.commanding:
            return "" if view.mode in ("", "INACTIVE") else "deactivate franka_node before guiding by hand"
        if view.fault:
            return f"the guard is in fault {view.fault}"
        return "" if view.mode in _DRIVABLE else f"the guard is {view.mode.lower() or 'not there'}"

    def _too_far(self, intent: Intent, view: View) -> str:
        if intent.path is None or view.q is None or not self.commanding:
            return ""
        away = np.abs(intent.path[0] - view.q)
        joint = int(away.argmax())
        if not np.isfinite(away).all():
            return "the joints to follow hold NaN or infinity"
        if away[joint] <= self._config.leader_reach:
            return ""
        return f"{view.joint_names[joint]} is {away[joint]:.2f} rad away from where it shall go"

    def _follow(self, intent: Intent, view: View, dt: float) -> DriveChunk | None:
        if not self.commanding:
            return DriveChunk(np.repeat(view.q[None], len(ahead()), axis=0), view.width)  # type: ignore[index]
        if intent.path is not None:
            if not np.isfinite(intent.path).all():
                return self._drop("the joints to follow hold NaN or infinity")
            return DriveChunk(self._along(intent.path, dt), self.settings.width)
        assert view.q is not None
        dt = float(np.clip(dt or 1.0 / self._config.rate, 1e-3, _LONGEST_STEP))
        self._ik.hold_near(view.q, REACH)
        twist = self.settings.scaled(self._ramp.towards(intent.twist, dt))
        q = self._ik.step(twist, self.settings.frame, dt)
        if self._ik.slowed > 0.5 and twist.any():
            self.message = "near a stretched or folded posture: slowed down"
        return DriveChunk(self._carried(q), self.settings.width)

    def _along(self, path: Array, dt: float) -> Array:
        """Return rows that follow a path [K, N]; gently until the robot has caught up with it."""
        limits = self.limits
        # Where the chunk before leads by now, however late this one is.
        q = self._ik.q if self._rows is None else along(self._rows, self._ik.q, dt)
        wanted = np.clip(path, limits.lower, limits.upper)
        self._caught_up = self._caught_up or bool(np.abs(wanted[0] - q).max() < _CAUGHT)
        fastest = _PATH_SHARE * limits.velocity
        if not self._caught_up:
            fastest = np.minimum(fastest, self._config.leader_catch_up)
        self._ik.begin(q)
        rows = []
        for k in range(len(ahead())):
            goal = wanted[min(k, len(wanted) - 1)]
            q = q + np.clip(goal - q, -fastest * STEP, fastest * STEP)
            rows.append(q)
        self._ik.velocity = (rows[0] - self._ik.q) / STEP
        self._rows = np.array(rows)
        return self._rows

    def _carried(self, q: Array, final: bool = False) -> Array:
        return carried(q, self._ik.velocity, self.limits.lower, self.limits.upper, final)

    def _release(self, message: str) -> DriveChunk | None:
        self.engaged, self.message = False, message or "released"
        if not self.commanding:
            return None
        return DriveChunk(self._carried(self._ik.q, final=True), self.settings.width, final=True)

    def _drop(self, reason: str) -> DriveChunk | None:
        """End against the person's will; a final chunk where the guard may still follow one."""
        chunk = self._release("")
        self._blocked, self.message = True, f"stopped: {reason}; release to drive again"
        return chunk
