"""The fastest stop of a joint, in closed form: where it leads, and its velocity on the way.

A stop from velocity v and acceleration a with bounded acceleration A and jerk j is the time-optimal
velocity profile to zero: jerk against the motion, constant deceleration, jerk back to rest
(Berscheid and Kroeger, "Jerk-limited Real-time Trajectory Generation with Arbitrary Target States", 2021).
Ruckig computes the same profile; here it serves to look at many instants of it at once.
"""

from __future__ import annotations

from math import copysign, sqrt

import numpy as np

from franka_node.limits import Array, RobotLimits

# Instants looked at in each phase, as shares of it. The long middle phase is looked at more closely towards
# its end, where a slow joint is nearest to a velocity limit that falls with the distance to the end stop.
_RAMP_SHARES = np.linspace(0.0, 1.0, 5)[:, np.newaxis]
_CRUISE_SHARES = 1.0 - np.linspace(1.0, 0.0, 25)[:, np.newaxis] ** 2


def peak_velocity(v: float, a: float, jerk: float) -> float:
    """Return the velocity once the acceleration has been taken back: v + a |a| / (2 j)."""
    return v + a * abs(a) / (2 * jerk)


def turning_point(q: float, v: float, a: float, jerk: float) -> float:
    """Return where a stop first comes to rest that swings through zero velocity.

    Its jerk opposes a until then: v + a t - sign(a) j t^2 / 2 = 0, the smaller root, put into q(t).
    """
    time = (abs(a) - sqrt(max(a * a - 2 * jerk * abs(v), 0.0))) / jerk
    return q + time * (v + time * (a / 2 - copysign(jerk, a) * time / 6))


def stop_samples(q: Array, v: Array, a: Array, limits: RobotLimits) -> tuple[Array, Array]:
    """Return positions [S, N] and velocities [S, N] on the way of the stop from a state, each [N]."""
    jerk = limits.jerk
    side = np.where(v + a * np.abs(a) / (2 * jerk) >= 0, 1.0, -1.0)
    speed, rate = side * v, side * a
    deceleration = np.minimum(np.sqrt(np.maximum(jerk * speed + rate * rate / 2, 0.0)), limits.acceleration)
    onset = np.maximum((rate + deceleration) / jerk, 0.0)
    cruise_loss = speed + rate * rate / (2 * jerk) - deceleration**2 / jerk
    cruise = np.maximum(cruise_loss, 0.0) / np.maximum(deceleration, 1e-12)
    release = deceleration / jerk
    x, w = np.zeros_like(q), speed
    positions, velocities = [], []
    for shares, duration, start_rate, slope in (
        (_RAMP_SHARES, onset, rate, -jerk),
        (_CRUISE_SHARES, cruise, -deceleration, np.zeros_like(jerk)),
        (_RAMP_SHARES, release, -deceleration, jerk),
    ):
        t = shares * duration
        path = x + t * (w + t * (start_rate / 2 + slope * t / 6))
        velocity = w + t * (start_rate + slope * t / 2)
        positions.append(path)
        velocities.append(velocity)
        x, w = path[-1], velocity[-1]
    return q + side * np.concatenate(positions), side * np.concatenate(velocities)
