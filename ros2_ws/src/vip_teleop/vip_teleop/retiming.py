"""A planned motion slowed down where an arm could not follow it, as a person slows down in a bend."""

from __future__ import annotations

import numpy as np

from vip_teleop.intent import Array

# Neighbours that slow down together, in rows: the change of pace must not ask for more than the bend did.
_REACH = 4
_TRIES = 30
# Within this share above the limit the search ends.
_NEAR = 0.02


def due_times(path: Array, step: float, velocity: Array, acceleration: Array) -> Array:
    """Return when each row of a path is due so that no joint is asked for more than its limits.

    Rows that are within the limits at the planned pace keep it. The path begins and ends at rest.

    Args:
        path: joints [M, N], rad; row 0 is where the arm stands.
        step: planned time between two rows, s.
        velocity: most that is asked for, [N] rad/s.
        acceleration: most that is asked for, [N] rad/s^2.

    Returns:
        [M] s, the first is 0.
    """
    intervals = np.full(len(path) - 1, step)
    for _ in range(_TRIES):
        speeds = np.diff(path, axis=0) / intervals[:, None]
        too_fast = (np.abs(speeds) / velocity).max(axis=1)
        ends = np.vstack((np.zeros(path.shape[1]), speeds, np.zeros(path.shape[1])))
        # A change of speed takes place between the middles of two intervals.
        between = np.convolve(np.pad(intervals, 1, mode="edge"), (0.5, 0.5), mode="valid")
        bends = (np.abs(np.diff(ends, axis=0)) / between[:, None] / acceleration).max(axis=1)
        stretch = np.maximum(too_fast, np.sqrt(np.maximum(bends[:-1], bends[1:])))
        if stretch.max() <= 1.0 + _NEAR:
            break
        intervals = intervals * _spread(np.maximum(stretch, 1.0))
    return np.concatenate(([0.0], np.cumsum(intervals)))


def _spread(stretch: Array) -> Array:
    """Return factors [K] that are nowhere below those given, and change gradually."""
    padded = np.pad(stretch, 2 * _REACH, mode="edge")
    widest = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1).max(axis=1)
    bell = np.hanning(2 * _REACH + 3)[1:-1]
    return np.convolve(widest, bell / bell.sum(), mode="valid")
