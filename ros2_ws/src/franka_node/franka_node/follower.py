"""Following a plan inside the limits: the commanded motion, and what had to be changed."""

from __future__ import annotations

import numpy as np

from franka_node.chunk import ActionChunk, Points, upcoming
from franka_node.guard_config import GuardConfig
from franka_node.interventions import InterventionCounter
from franka_node.limits import Array, RobotLimits
from franka_node.plan import Plan, continued
from franka_node.reference import Reference
from franka_node.smooth_clock import SmoothClock
from franka_node.trajectory import MotionGenerator


class Follower:
    """Tracks the reference of the newest chunks; knows nothing of modes and faults.

    Args:
        limits: what every output respects, margins included.
        config: blending time and share of the velocity for homing.
        dt: period, s.
        interventions: where changes are counted.
    """

    def __init__(
        self, limits: RobotLimits, config: GuardConfig, dt: float, interventions: InterventionCounter
    ) -> None:
        self.limits, self.config, self.dt = limits, config, dt
        self.motion = MotionGenerator(limits, dt)
        self.interventions = interventions
        self.plan: Plan | None = None
        self.gripper: float | None = None
        self._clock = SmoothClock(dt)
        self._still = np.zeros(limits.size)
        self._last_acceleration = self._still

    def place(self, q: Array) -> None:
        """Rest at a posture [N]; leave the gripper alone."""
        self.rest()
        self.motion.place(q)
        self.gripper = None

    def rest(self) -> None:
        """Drop the plan and stay where the command is."""
        self.motion.place(self.motion.q)
        self.plan, self._last_acceleration = None, self._still

    def ahead(self, points: Points, now: float) -> Points:
        """Return the points that the plan will go through; raises RejectedChunk when all are past."""
        if self.plan is None:
            return upcoming(points, now, self.config.start_blend)
        return upcoming(points, self._clock.time, self.config.blend)

    def take(self, chunk: ActionChunk, points: Points, now: float) -> None:
        """Follow checked points from now (s) on, instead of what is left of the plan."""
        if self.plan is None:
            self._clock.restart(now)
            reference = Reference.hold(now, self.motion.q)
        else:
            reference = self.plan.reference
        self.plan = continued(reference, self._clock.time, points, chunk)

    def track(self, plan: Plan, now: float) -> bool:
        """Advance by one period along the plan; return whether it ended at rest, on purpose."""
        time = self._clock.tick(now)
        position, velocity, acceleration = plan.reference.at(time)
        lower, upper = self.motion.reach()
        held = self.motion.advance(position, velocity, acceleration)
        width = plan.width(time)
        self.gripper = self.gripper if width is None else width
        self._count(np.maximum(np.maximum(lower - position, position - upper), held), velocity, acceleration)
        return plan.final and plan.done(time) and self.motion.resting

    def approach(self, target: Array) -> bool:
        """Advance by one period towards a posture, gently; return whether the arm rests there."""
        self.motion.advance(target, self._still, self._still, self.config.home_scale, synchronized=True)
        return self.motion.resting and bool(np.abs(self.motion.q - target).max() < 1e-4)

    def decelerate(self) -> bool:
        """Advance by one period towards rest; return whether it is reached."""
        self.motion.decelerate()
        return self.motion.resting

    def _count(self, beyond: Array, velocity: Array, acceleration: Array) -> None:
        low, high = self.motion.velocity_window
        jump = np.abs(acceleration - self._last_acceleration) / self.dt
        self._last_acceleration = acceleration
        self.interventions.note_excess("position", beyond)
        self.interventions.note_excess("velocity", np.maximum(velocity - high, low - velocity))
        self.interventions.note_excess("acceleration", np.abs(acceleration) - self.limits.acceleration)
        self.interventions.note_excess("jerk", jump - self.limits.jerk)
