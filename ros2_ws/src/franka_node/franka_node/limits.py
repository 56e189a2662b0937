"""Joint limits of Franka arms, with their sources.

Sources: Franka Robotics, "Robot specifications" (https://frankarobotics.github.io/docs/robot_specifications.html)
and the tables behind that page (github.com/frankarobotics/docs, 2026-05,
source/control-parameters-joint-{fer,fr3,fr3-rectangular}.csv); for system images before 5.9.0
github.com/frankaemika/docs of 2025-08 and franka_description 1.0.1.
All arrays are [7] in the order of the joints; rad, rad/s, rad/s^2, rad/s^3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vip_ros.errors import InternalError, UserError
from vip_ros.registry import Registry

Array = npt.NDArray[np.float64]

LIMITS: Registry[RobotLimits] = Registry("robot")


def _array(values: float | Sequence[float] | Array, size: int = 7) -> Array:
    array = np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), (size,)))
    array.setflags(write=False)
    return array


@dataclasses.dataclass(frozen=True)
class VelocityCurve:
    """Velocity limit that falls with the distance to the position limit (FR3).

    dq_max(q) = max(0, -offset + sqrt(max(0, slope * (upper - q)))), and mirrored at the lower end;
    slope [rad/s^2] is twice the deceleration that Franka's newer tables give.
    """

    offset: Array
    slope: Array
    lower: Array
    upper: Array

    def highest(self, q: Array) -> Array:
        """Return the highest allowed velocity at q [..., 7], rad/s, never negative."""
        return np.maximum(0.0, np.sqrt(np.maximum(0.0, self.slope * (self.upper - q))) - self.offset)

    def lowest(self, q: Array) -> Array:
        """Return the lowest allowed velocity at q [..., 7], rad/s, never positive."""
        return np.minimum(0.0, self.offset - np.sqrt(np.maximum(0.0, self.slope * (q - self.lower))))


@dataclasses.dataclass(frozen=True)
class RobotLimits:
    """What one robot's joints may do; `curves` all hold at once, beside the constant velocity limit."""

    name: str
    joint_names: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    jerk: Array
    home: Array
    curves: tuple[VelocityCurve, ...] = ()
    gripper_width: float = 0.08

    def __post_init__(self) -> None:
        if not np.all(self.lower < self.upper):
            raise InternalError(f"limits '{self.name}': lower is not below upper")
        if not (np.all(self.lower <= self.home) and np.all(self.home <= self.upper)):
            raise InternalError(f"limits '{self.name}': the home posture lies outside")
        if min(self.velocity.min(), self.acceleration.min(), self.jerk.min()) <= 0:
            raise InternalError(f"limits '{self.name}': a velocity, acceleration or jerk is not positive")

    @property
    def size(self) -> int:
        """Return the number of joints."""
        return len(self.joint_names)

    def check_posture(self, q: Array) -> None:
        """Check that the robot may be at q [7], rad.

        Raises:
            UserError: a joint is not finite or outside its limits.
        """
        outside = ~(np.isfinite(q) & (q >= self.lower) & (q <= self.upper))
        if outside.any():
            joint = int(outside.argmax())
            raise UserError(
                f"{self.joint_names[joint]} is at {q[joint]:.3f} rad, outside the limits of '{self.name}'",
                "move it inside by hand, or give the robot's own table of limits",
            )

    def velocity_bounds(self, q: Array) -> tuple[Array, Array]:
        """Return (lowest, highest) allowed velocities at q [..., 7], rad/s."""
        if not self.curves:
            return np.broadcast_to(-self.velocity, q.shape), np.broadcast_to(self.velocity, q.shape)
        low, high = self.outward_speeds(q, q)
        return -low, high

    def outward_speeds(self, lowest: Array, highest: Array) -> Array:
        """Return the speeds [2, ..., 7] (rad/s) allowed down at lowest and up at highest, [..., 7] rad.

        All curves are evaluated at once: this runs in every control cycle.
        """
        edges, slopes, offsets = self._packed_curves
        places = np.stack((-lowest, highest))[..., np.newaxis, :]
        shape = (2, *(1,) * (highest.ndim - 1), len(self.curves), self.size)
        room = np.maximum(edges.reshape(shape) - places, 0.0)
        speeds = np.sqrt(slopes * room) - offsets
        return np.minimum(np.maximum(speeds.min(axis=-2), 0.0), self.velocity)

    @cached_property
    def _packed_curves(self) -> tuple[Array, Array, Array]:
        """Edges [2, C, 7] (rad; the lower ones mirrored), slopes and offsets [C, 7]."""
        edges = np.array([[-c.lower for c in self.curves], [c.upper for c in self.curves]])
        return edges, np.array([c.slope for c in self.curves]), np.array([c.offset for c in self.curves])

    def stricter(
        self,
        margin: float = 0.0,
        velocity_scale: float = 1.0,
        acceleration_scale: float = 1.0,
        jerk_scale: float = 1.0,
    ) -> RobotLimits:
        """Return limits moved inwards by margin [rad] and scaled by factors in (0, 1].

        Raises:
            InternalError: a factor or the margin would loosen a limit or leave no room.
        """
        if margin < 0 or not all(
            0 < scale <= 1 for scale in (velocity_scale, acceleration_scale, jerk_scale)
        ):
            raise InternalError("limits are only ever tightened: margin >= 0 and scales in (0, 1]")
        lower, upper = _array(self.lower + margin), _array(self.upper - margin)
        curves = tuple(
            dataclasses.replace(curve, lower=_array(curve.lower + margin), upper=_array(curve.upper - margin))
            for curve in self.curves
        )
        return dataclasses.replace(
            self,
            lower=lower,
            upper=upper,
            velocity=_array(self.velocity * velocity_scale),
            acceleration=_array(self.acceleration * acceleration_scale),
            jerk=_array(self.jerk * jerk_scale),
            home=_array(np.clip(self.home, lower, upper)),
            curves=curves,
        )

    def strictest(self, other: RobotLimits, name: str) -> RobotLimits:
        """Return the limits that satisfy both tables (for a robot whose firmware is unknown)."""
        lower, upper = np.maximum(self.lower, other.lower), np.minimum(self.upper, other.upper)
        return dataclasses.replace(
            self,
            name=name,
            lower=_array(lower),
            upper=_array(upper),
            velocity=_array(np.minimum(self.velocity, other.velocity)),
            acceleration=_array(np.minimum(self.acceleration, other.acceleration)),
            jerk=_array(np.minimum(self.jerk, other.jerk)),
            home=_array(np.clip(self.home, lower, upper)),
            curves=self.curves + other.curves,
        )


# Franka's "ready" posture, from which their examples start.
_READY = _array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4])
_FR3_VELOCITY = _array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
_FR3_JOINTS = tuple(f"fr3_joint{i}" for i in range(1, 8))

FER = RobotLimits(
    name="fer",
    joint_names=tuple(f"panda_joint{i}" for i in range(1, 8)),
    lower=_array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973]),
    upper=_array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973]),
    velocity=_array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
    acceleration=_array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
    jerk=_array([7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0]),
    home=_READY,
)

_FR3_LOWER = _array([-2.9007, -1.8361, -2.9007, -3.0770, -2.8763, 0.4398, -3.0508])
_FR3_UPPER = _array([2.9007, 1.8361, 2.9007, -0.1169, 2.8763, 4.6216, 3.0508])
FR3 = RobotLimits(
    name="fr3",
    joint_names=_FR3_JOINTS,
    lower=_FR3_LOWER,
    upper=_FR3_UPPER,
    velocity=_FR3_VELOCITY,
    acceleration=_array(10.0),
    jerk=_array(5000.0),
    home=_READY,
    curves=(
        VelocityCurve(
            offset=_array([0.6599, 0.2517, 0.2000, 0.3533, 0.5757, 0.4878, 0.4628]),
            slope=_array([12.0, 5.17, 7.0, 8.0, 34.0, 11.0, 34.0]),
            lower=_FR3_LOWER,
            upper=_FR3_UPPER,
        ),
    ),
)

FR3_BEFORE_5_9 = RobotLimits(
    name="fr3-before-5.9",
    joint_names=_FR3_JOINTS,
    lower=_array([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159]),
    upper=_array([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159]),
    velocity=_FR3_VELOCITY,
    acceleration=_array(10.0),
    jerk=_array(5000.0),
    home=_READY,
    curves=(
        VelocityCurve(
            offset=_array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35]),
            slope=_array([12.0, 5.17, 7.0, 8.0, 34.0, 11.0, 34.0]),
            # The curves end a little outside the position limits.
            lower=_array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196]),
            upper=_array([2.75010, 1.79180, 2.90650, -0.1458, 2.81010, 4.52050, 3.01960]),
        ),
    ),
)

# Franka's rectangular limits, their advice to planners. At the edges of the rectangle the curves are up to
# 0.1 rad/s stricter (joint 1), so they stay in force.
_RECTANGULAR_VELOCITY = _array([2.0, 1.0, 1.5, 1.25, 3.0, 1.5, 3.0])
FR3_RECTANGULAR = dataclasses.replace(
    FR3,
    name="fr3-rectangular",
    lower=_array([-2.3476, -1.5454, -2.4937, -2.7714, -2.5100, 0.7773, -2.7045]),
    upper=_array([2.3476, 1.5454, 2.4937, -0.4226, 2.5100, 4.2841, 2.7045]),
    velocity=_RECTANGULAR_VELOCITY,
)
FR3_BEFORE_5_9_RECTANGULAR = dataclasses.replace(
    FR3_BEFORE_5_9,
    name="fr3-before-5.9-rectangular",
    lower=_array([-2.3093, -1.5133, -2.4937, -2.7478, -2.4800, 0.8521, -2.6895]),
    upper=_array([2.3093, 1.5133, 2.4937, -0.4461, 2.4800, 4.2094, 2.6895]),
    velocity=_RECTANGULAR_VELOCITY,
)
FR3_UNKNOWN_FIRMWARE = FR3_RECTANGULAR.strictest(FR3_BEFORE_5_9_RECTANGULAR, "fr3-unknown-firmware")

for _limits in (FER, FR3, FR3_BEFORE_5_9, FR3_RECTANGULAR, FR3_BEFORE_5_9_RECTANGULAR, FR3_UNKNOWN_FIRMWARE):
    LIMITS.register(_limits.name)(_limits)
