"""Whether sampled motion keeps a robot's limits: for tests, for recordings, for whoever does not believe it.

Between two samples the commanded motion is a polynomial of bounded jerk, so what the samples may show follows
from the limits themselves, without any allowance for sampling:

- position, velocity and acceleration of each sample lie inside the limits;
- differences of neighbouring samples are means over a period of the next derivative, so they obey its limit;
  the second difference of positions is a weighted mean of the acceleration, that of velocities of the jerk;
- position and velocity of a sample follow from those of the sample before, up to what the largest jerk can do
  in a period (Taylor's remainder): this ties the three together, so none of them can be made up.

The third difference of positions is the jerk too, but at 1 kHz the rounding of a double (4e-16 rad) becomes
4e-7 rad/s^3 in it, and Ruckig's 1e-12 rad become 1e-3: the jerk is judged by the differences of the
velocities and of the accelerations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from franka_node.limits import Array, RobotLimits

TOLERANCE = 1e-6


class Excess(NamedTuple):
    """The worst sample of one check: how far (in the limit's unit) it is beyond; negative: it is inside."""

    check: str
    amount: float
    joint: int
    sample: int


def excesses(limits: RobotLimits, dt: float, q: Array, v: Array, a: Array | None = None) -> list[Excess]:
    """Return the worst sample of each check.

    Args:
        limits: to be kept.
        dt: period, s.
        q: commanded positions [T, N], rad; T >= 2. A joint may be as far outside as it began.
        v: velocities [T, N], rad/s.
        a: accelerations [T, N], rad/s^2, where they are known.
    """
    low, high = limits.velocity_bounds(q)
    mean_v, mean_a = np.diff(q, axis=0) / dt, np.diff(v, axis=0) / dt
    found = [
        _worst("position", q - np.maximum(limits.upper, q[0])),
        _worst("position", np.minimum(limits.lower, q[0]) - q),
        _worst("velocity", np.maximum(v - high, low - v)),
        # Between two samples the looser of the two bounds holds somewhere.
        _worst("mean velocity", mean_v - np.maximum(high[1:], high[:-1])),
        _worst("mean velocity", np.minimum(low[1:], low[:-1]) - mean_v),
        _worst("mean acceleration", np.abs(mean_a) - limits.acceleration),
        _worst("mean jerk", np.abs(np.diff(mean_a, axis=0)) / dt - limits.jerk),
        _worst("second difference", np.abs(np.diff(mean_v, axis=0)) / dt - limits.acceleration),
    ]
    if a is None:
        return found
    far_q = np.abs(q[1:] - q[:-1] - dt * (v[:-1] + dt * a[:-1] / 2)) - limits.jerk * dt**3 / 6
    far_v = np.abs(v[1:] - v[:-1] - dt * a[:-1]) - limits.jerk * dt**2 / 2
    return [
        *found,
        _worst("acceleration", np.abs(a) - limits.acceleration),
        _worst("jerk", np.abs(np.diff(a, axis=0)) / dt - limits.jerk),
        _worst("continuity of position", far_q),
        _worst("continuity of velocity", far_v),
    ]


def violations(
    limits: RobotLimits,
    dt: float,
    q: Array,
    v: Array,
    a: Array | None = None,
    tolerance: float = TOLERANCE,
) -> list[str]:
    """Return one line for each check that fails by more than the tolerance (rad, rad/s, rad/s^2, rad/s^3)."""
    if not all(np.isfinite(x).all() for x in (q, v, a) if x is not None):
        return ["a sample is not finite"]
    return [
        f"{check}: {limits.joint_names[joint]} is {amount:.3g} beyond its limit at sample {sample}"
        for check, amount, joint, sample in excesses(limits, dt, q, v, a)
        if amount > tolerance
    ]


def _worst(check: str, amounts: Array) -> Excess:
    if not amounts.size:
        return Excess(check, -np.inf, 0, 0)
    sample, joint = np.unravel_index(int(amounts.argmax()), amounts.shape)
    return Excess(check, float(amounts[sample, joint]), int(joint), int(sample))
