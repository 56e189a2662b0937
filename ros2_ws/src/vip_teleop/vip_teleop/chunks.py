"""The action chunks that a driven arm follows: where it goes if nothing else is heard, and how it rests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vip_teleop.intent import Array

STEP, HORIZON = 0.05, 6
"""s between two points of a chunk, and how many: 0.3 s bridge a late chunk or two."""

# A motion goes on for so long when nothing newer is heard, then it stops within the second time, s.
_CARRY, _STOP = 0.10, 0.15
# A final chunk stops within this time from now, s: at 0.5 rad/s that takes 2 rad/s^2.
_FINAL_STOP = 0.25


@dataclass(frozen=True)
class DriveChunk:
    """Joint targets from now on; row k is due (k + 1) * STEP after the stamp.

    Attributes:
        positions: rad, [H, N].
        width: opening of the gripper, m; None leaves it as it is.
        final: come to rest here, on purpose.
    """

    positions: Array
    width: float | None = None
    final: bool = False


def ahead() -> Array:
    """Return the times after the stamp at which points are due, [H] s."""
    return STEP * np.arange(1.0, HORIZON + 1)


def along(rows: Array, start: Array, elapsed: float) -> Array:
    """Return where rows [H, N] lead at some s after they were sent from a start [N]."""
    times = np.concatenate([[0.0], ahead()])
    points = np.vstack([start, rows])
    return np.array([np.interp(elapsed, times, column) for column in points.T])


def carried(
    q: Array, before: Array, velocity: Array, lower: Array, upper: Array, final: bool = False
) -> Array:
    """Return rows [H, N] that go on from q [N] (rad) with a velocity [N] (rad/s) and come to rest.

    Args:
        q: joints now.
        before: their velocity now, [N] rad/s; it becomes the new one within the first step.
        velocity: to go on with.
        lower: limits [N], rad.
        upper: limits [N], rad.
        final: begin to rest at once instead of after a while.
    """
    times = ahead()
    carry, stop = (0.0, _FINAL_STOP) if final else (_CARRY, _STOP)
    braking = np.clip(times - carry, 0.0, stop)
    travel = np.minimum(times, carry) + braking - braking**2 / (2 * stop)
    lost = np.minimum(times, STEP)
    change = lost - lost**2 / (2 * STEP)
    return np.clip(q + travel[:, None] * velocity + change[:, None] * (before - velocity), lower, upper)
