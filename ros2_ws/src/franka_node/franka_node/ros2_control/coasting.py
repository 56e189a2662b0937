"""The way to rest that goes along with each command, for a controller that hears nothing more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from franka_node.limits import Array

# Slower than this a joint counts as resting, rad/s.
RESTING = 1e-6


@dataclass(frozen=True)
class Coasting:
    """How a controller goes on by itself: to the last command, and from there to rest.

    Attributes:
        lead: s that it takes to the last command, at the velocity of that command.
        deceleration: with which every joint then comes to rest, by itself, [N] rad/s^2.
    """

    lead: float
    deceleration: Array

    def after(self, seconds: float, q: Array, dq: Array) -> tuple[Array, Array]:
        """Return position [N] rad and velocity [N] rad/s so long (lead or more) after a command q, dq."""
        elapsed = np.clip(seconds - self.lead, 0.0, np.abs(dq) / self.deceleration)
        velocity = dq - np.sign(dq) * self.deceleration * elapsed
        return q + elapsed * (dq + velocity) / 2, velocity


def coast(q: Array, dq: Array, deceleration: Array) -> tuple[Array, Array, Array]:
    """Return the knots of a stop in which every joint decelerates constantly, by itself.

    Between two knots each joint moves with constant acceleration, so cubic interpolation through
    positions and velocities gives exactly that stop.

    Args:
        q: position at the beginning, [N] rad.
        dq: velocity at the beginning, [N] rad/s.
        deceleration: [N] rad/s^2, positive.

    Returns:
        Times after the beginning [K] s (increasing, none when all joints rest), positions [K, N] rad and
        velocities [K, N] rad/s; the last ones are zero.
    """
    durations = np.abs(dq) / deceleration
    times = np.unique(durations[np.abs(dq) > RESTING])
    elapsed = np.minimum(times[:, np.newaxis], durations)
    slowing = np.sign(dq) * deceleration
    velocities = dq - slowing * elapsed
    velocities[times[:, np.newaxis] >= durations] = 0.0
    return times, q + elapsed * (dq - slowing * elapsed / 2), velocities
