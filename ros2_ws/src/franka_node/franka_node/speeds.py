"""Velocity limits of single joints as plain numbers, for the control cycle.

RobotLimits.velocity_bounds gives the same figures for whole arrays; on one posture of seven joints numpy
would take longer to begin than to compute.
"""

from __future__ import annotations

from math import inf, sqrt

from franka_node.limits import RobotLimits


class SpeedLimits:
    """The highest speed of each joint, outwards at each end.

    Args:
        limits: constant velocity limits and the curves that fall towards the position limits.

    Attributes:
        free: per joint the lowest and highest place (rad) between which no curve is below the constant limit,
            which is nearly everywhere, and that limit (rad/s).
    """

    def __init__(self, limits: RobotLimits) -> None:
        joints = range(limits.size)
        self._up = [_Side(limits, j, mirrored=False) for j in joints]
        self._down = [_Side(limits, j, mirrored=True) for j in joints]
        self.free = [(-d.free, u.free, u.constant) for d, u in zip(self._down, self._up, strict=True)]

    def up(self, joint: int, q: float) -> float:
        """Return the highest speed (rad/s) in the positive direction at q (rad), never negative."""
        return self._up[joint].at(q)

    def down(self, joint: int, q: float) -> float:
        """Return the highest speed (rad/s) in the negative direction at q (rad), never negative."""
        return self._down[joint].at(-q)


class _Side:
    """One end of one joint; places are mirrored so that outwards is up.

    Attributes:
        constant: velocity limit, rad/s.
        free: up to this place (rad) no curve is below it.
    """

    def __init__(self, limits: RobotLimits, joint: int, mirrored: bool) -> None:
        self.constant = float(limits.velocity[joint])
        self._curves = [
            (
                float(-curve.lower[joint] if mirrored else curve.upper[joint]),
                float(curve.slope[joint]),
                float(curve.offset[joint]),
            )
            for curve in limits.curves
        ]
        ends = [edge - (self.constant + offset) ** 2 / slope for edge, slope, offset in self._curves]
        self.free = min(ends, default=inf)

    def at(self, place: float) -> float:
        """Return the highest outward speed at a place (rad), rad/s."""
        speed = self.constant
        for edge, slope, offset in self._curves:
            room = edge - place
            speed = min(speed, sqrt(slope * room) - offset if room > 0.0 else 0.0)
        return max(speed, 0.0)
