"""The action chunks that a driven arm follows: where it goes if nothing else is heard, and how it rests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vip_teleop.intent import Array

STEP, HORIZON = 0.05, 6
"""s between two points of a chunk, and how many: 0.3 s bridge a late chunk or two."""

# A motion goes on for so long when nothing newer is heard, then it fades with this time constant, s.
_CARRY, _FADE = 0.12, 0.06


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


def carried(q: Array, velocity: Array, lower: Array, upper: Array, final: bool = False) -> Array:
    """Return rows [H, N] that go on from q [N] (rad) with a velocity [N] (rad/s) and come to rest.

    Args:
        q: joints now.
        velocity: of the joints now.
        lower: limits [N], rad.
        upper: limits [N], rad.
        final: begin to rest at once instead of after a while.
    """
    times = ahead()
    steady = np.zeros_like(times) if final else np.minimum(times, _CARRY)
    fading = _FADE * (1.0 - np.exp(-(times - steady) / _FADE))
    return np.clip(q + (steady + fading)[:, None] * velocity, lower, upper)
