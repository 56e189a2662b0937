"""The reference between the points of a chunk: a cubic Hermite spline that ends in rest."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from franka_node.limits import Array
from franka_node.targets import Vector


class Reference:
    """A C1 spline through knots, at rest from the last knot on.

    Interior tangents are second-order finite differences; the first is given, so that one reference
    continues another without a jump in velocity; the last is zero, so that a stream that is not
    continued comes to rest instead of overshooting.

    Args:
        times: [K] s, increasing.
        points: [K, N] rad.
        velocity: [N] rad/s at the first knot.
    """

    def __init__(self, times: Array, points: Array, velocity: Array) -> None:
        self.start, self.end = float(times[0]), float(times[-1])
        self._times: list[float] = times.tolist()
        self._last: Vector = points[-1].tolist()
        self._rest: Vector = [0.0] * len(self._last)
        # Plain numbers: evaluated in every control cycle.
        self._pieces: list[list[list[float]]] = _hermite(times, points, velocity).swapaxes(1, 2).tolist()

    @classmethod
    def hold(cls, time: float, q: Array) -> Reference:
        """Return the reference that stays at q [N] from time on."""
        return cls(np.array([time]), q[np.newaxis].copy(), np.zeros_like(q))

    def at(self, time: float) -> tuple[Vector, Vector, Vector]:
        """Return position [N] rad, velocity rad/s and acceleration rad/s^2 at a time (s)."""
        if time >= self.end:
            return self._last, self._rest, self._rest
        index = max(bisect_right(self._times, time) - 1, 0)
        piece, s = self._pieces[index], max(time - self._times[index], 0.0)
        return (
            [c0 + s * (c1 + s * (c2 + s * c3)) for c0, c1, c2, c3 in piece],
            [c1 + s * (2 * c2 + 3 * s * c3) for _, c1, c2, c3 in piece],
            [2 * c2 + 6 * s * c3 for _, _, c2, c3 in piece],
        )

    def continued(self, time: float, due: Array, positions: Array) -> Reference:
        """Return the reference that leaves this one at a time and goes through new points [K, N]."""
        q, velocity, _ = self.at(time)
        return Reference(np.concatenate(([time], due)), np.vstack((q, positions)), np.array(velocity))


def _hermite(times: Array, points: Array, velocity: Array) -> Array:
    """Return power-basis coefficients [K - 1, 4, N] of the cubic between each two knots."""
    count = len(times)
    tangents = np.zeros_like(points)
    if count < 2:
        return np.zeros((0, 4, points.shape[1]))
    tangents[0] = velocity
    h = np.diff(times)[:, None]
    slope = np.diff(points, axis=0) / h
    # Second-order differences for uneven spacing: the first interval is as long as it happens to be.
    tangents[1:-1] = (h[1:] * slope[:-1] + h[:-1] * slope[1:]) / (h[1:] + h[:-1])
    left, right = tangents[:-1], tangents[1:]
    return np.stack(
        (points[:-1], left, (3 * slope - 2 * left - right) / h, (left + right - 2 * slope) / h**2), axis=1
    )
