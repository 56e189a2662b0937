"""From what a person wants to action chunks: engaging, driving, letting go. Pure; times come in as s."""

from __future__ import annotations

import numpy as np

from franka_node.limits import RobotLimits
from vip_teleop.chunks import HORIZON, STEP, DriveChunk
from vip_teleop.intent import Intent, View
from vip_teleop.motions import JointMotion, Motion
from vip_teleop.speeds import Settings
from vip_teleop.teleop_config import TeleopConfig

# A joint state older than this is no ground to drive from, s.
STALE = 0.5
_DRIVABLE = ("HOLD", "TRACKING")
_READY = "ready"
STOPPED = "stopped: "
"""How the message begins when driving ended against the person's will."""


class Driving:
    """Turns intents into chunks while the dead-man switch is held.

    Whatever ends the driving against the person's will (a fault, a lost joint state) stays ended until
    the switch was released: nothing moves by itself again.

    Args:
        config: speeds and shares.
        limits: the robot's, margins included.
        joints: True for a device that gives joint targets, False for twists of the fingertips.
        commanding: False for a device whose robot is moved by hand: its actions are told, never followed.

    Attributes:
        engaged: the person drives the arm.
        message: one line for the person.
        settings: speed, frame and gripper.
    """

    def __init__(
        self, config: TeleopConfig, limits: RobotLimits, joints: bool = False, commanding: bool = True
    ) -> None:
        self.limits, self.commanding = limits, commanding
        self.settings = Settings(config, limits.gripper_width)
        self.engaged = False
        self.message = _READY
        self._config = config
        self._motion = _motion(config, limits, joints)
        self._blocked = False
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
            self.released()
        if self.engaged:
            obstacle = self._obstacle(intent, view)
            if obstacle:
                return self._drop(obstacle)
            if not intent.engaged:
                return self._release(intent.message)
        elif not self._engage(intent, view):
            return None
        return self._follow(intent, view, dt)

    def released(self) -> None:
        """Note that the switch was let go, be it for less than a step: the next press is a new try."""
        self._blocked = False

    def await_release(self) -> None:
        """Drive only after the switch was seen released: whoever held it before did not ask for this."""
        self._blocked = True

    def let_go(self) -> DriveChunk | None:
        """Return the final chunk when the arm is being driven: the session ends."""
        return self._release("ended") if self.engaged else None

    def _engage(self, intent: Intent, view: View) -> bool:
        if not intent.engaged or self._blocked:
            if intent.engaged and self.message == _READY:
                self.message = "held from before: release and engage anew"
            if intent.message and not self._blocked:
                self.message = intent.message
            return False
        reason = self._obstacle(intent, view) or self._too_far(intent, view)
        if reason:
            self._blocked, self.message = True, f"not driving: {reason}; release and try again"
            return False
        assert view.q is not None  # else there is an obstacle
        # The guard's command is ahead of the measured posture: starting from it, nothing jerks back.
        moving = view.mode == "TRACKING" and view.command is not None
        self._motion.begin(view.command if moving and view.command is not None else view.q)
        self.engaged = True
        return True

    def _obstacle(self, intent: Intent, view: View) -> str:
        if view.q is None or view.q_age > STALE:
            return "no fresh joint state"
        if not np.isfinite(view.q).all():
            return "the joint state holds NaN or infinity"
        if intent.path is not None and not np.isfinite(intent.path).all():
            return "the joints to follow hold NaN or infinity"
        if not self.commanding:
            return "" if view.mode in ("", "INACTIVE") else "deactivate franka_node before guiding by hand"
        if view.fault:
            return f"the guard is in fault {view.fault}"
        return "" if view.mode in _DRIVABLE else f"the guard is {view.mode.lower() or 'not there'}"

    def _too_far(self, intent: Intent, view: View) -> str:
        if intent.path is None or view.q is None:
            return ""
        away = np.abs(intent.path[0] - view.q)
        joint = int(away.argmax())
        if away[joint] <= self._config.leader_reach:
            return ""
        return f"{view.joint_names[joint]} is {away[joint]:.2f} rad away from where it shall go"

    def _follow(self, intent: Intent, view: View, dt: float) -> DriveChunk:
        assert view.q is not None  # else there is an obstacle
        if not self.commanding:
            self.message = intent.message
            return DriveChunk(np.repeat(view.q[None], HORIZON, axis=0), view.width)
        rows = self._motion.follow(intent, self.settings, view.q, dt)
        self.message = self._motion.message or intent.message or "driving"
        return DriveChunk(rows, self.settings.width)

    def _release(self, message: str) -> DriveChunk | None:
        self.engaged, self.message = False, message or "released"
        if not self.commanding:
            return None
        return DriveChunk(self._motion.rest(), self.settings.width, final=True)

    def _drop(self, reason: str) -> DriveChunk | None:
        """End against the person's will; a final chunk where the guard may still follow one."""
        chunk = self._release("")
        self._blocked, self.message = True, f"{STOPPED}{reason}; release to drive again"
        return chunk


def _motion(config: TeleopConfig, limits: RobotLimits, joints: bool) -> Motion:
    if joints:
        return JointMotion(config, limits)
    from vip_teleop.twist_motion import TwistMotion

    return TwistMotion(config, limits)
