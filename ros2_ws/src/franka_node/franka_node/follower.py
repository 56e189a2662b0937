"""Following a plan inside the limits: the commanded motion, and what had to be changed."""

from __future__ import annotations

from franka_node.chunk import ActionChunk, Points, upcoming
from franka_node.guard_config import GuardConfig
from franka_node.interventions import InterventionCounter
from franka_node.limits import Array, RobotLimits
from franka_node.plan import Plan, continued
from franka_node.reference import Reference
from franka_node.smooth_clock import SmoothClock
from franka_node.targets import Vector
from franka_node.trajectory import MotionGenerator

# A change smaller than this, in its own unit, is rounding.
NEGLIGIBLE = 1e-9
# Within this a posture is reached, rad.
ARRIVED = 1e-4


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
        self._still = [0.0] * limits.size
        self._last_acceleration: Vector = self._still
        bounds = (limits.lower, limits.upper, limits.acceleration, limits.jerk)
        self._limits = list(zip(*(bound.tolist() for bound in bounds), strict=True))

    def place(self, q: Array) -> None:
        """Rest at a posture [N]; leave the gripper alone."""
        self.rest()
        self.motion.place(q)
        self.gripper = None

    def rest(self) -> None:
        """Drop the plan and stay where the command is."""
        self.motion.place(self.motion.state[0])
        self.plan, self._last_acceleration = None, self._still

    def carried_on(self, q: Array, v: Array, seconds: float) -> bool:
        """Go on from where the arm went by itself, decelerating, while no step was made for so long (s).

        Returns:
            Whether a stop inside the limits leads on from posture q [N] rad at velocity v [N] rad/s;
            otherwise nothing changes.
        """
        if not self.motion.resume(q, v):
            return False
        self._clock.restart(self._clock.time + seconds - self.dt)
        return True

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
        target = plan.reference.at(time)
        before = self.motion.state[0]
        held = self.motion.advance(*target)
        width = plan.width(time)
        self.gripper = self.gripper if width is None else width
        self._count(before, target, held)
        return plan.final and plan.done(time) and self.motion.resting

    def approach(self, target: Array) -> bool:
        """Advance by one period towards a posture, gently; return whether the arm rests there."""
        goal, still = target.tolist(), self._still
        self.motion.advance(goal, still, still, self.config.home_scale, synchronized=True)
        near = max(abs(x - y) for x, y in zip(self.motion.state[0], goal, strict=True)) < ARRIVED
        return near and self.motion.resting

    def decelerate(self) -> bool:
        """Advance by one period towards rest; return whether it is reached."""
        self.motion.decelerate()
        return self.motion.resting

    def _count(self, before: Vector, target: tuple[Vector, Vector, Vector], held: Vector) -> None:
        """Note what the limits changed in a target, joint by joint."""
        low, high = self.motion.velocity_window
        last, self._last_acceleration = self._last_acceleration, target[2]
        for i, (q, v, a, here, away, slowest, fastest, a_before, limits) in enumerate(
            zip(*target, before, held, low, high, last, self._limits, strict=True)
        ):
            lower, upper, strength, jerk = limits
            if q < lower or q > upper or away > 0:
                beyond = max(min(lower, here) - q, q - max(upper, here), away)
                if beyond > NEGLIGIBLE:
                    self._note("position", i, beyond)
            if v > fastest + NEGLIGIBLE or v < slowest - NEGLIGIBLE:
                self._note("velocity", i, max(v - fastest, slowest - v))
            if abs(a) > strength + NEGLIGIBLE:
                self._note("acceleration", i, abs(a) - strength)
            jump = abs(a - a_before) / self.dt
            if jump > jerk + NEGLIGIBLE:
                self._note("jerk", i, jump - jerk)

    def _note(self, limit: str, joint: int, excess: float) -> None:
        self.interventions.note(limit, self.limits.joint_names[joint], excess)
