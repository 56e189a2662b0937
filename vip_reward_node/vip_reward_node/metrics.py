"""How smooth and how ordered a distance-to-goal curve is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_ros.errors import UserError


def bumps(distances: ArrayLike) -> float:
    """Return the share of steps that lead away from the goal, in [0, 1].

    A bump is a step whose distance to the goal grows, that is, whose reward is negative
    (VIP, arXiv 2210.00030, table 5).

    Args:
        distances: distance to the goal of each frame [T], T >= 2.

    Raises:
        UserError: fewer than two frames.
    """
    return float(np.mean(np.diff(_curve(distances)) > 0.0))


def voc(distances: ArrayLike) -> float:
    """Return the value-order correlation in [-1, 1]: Spearman's rho between value and time.

    The value of a frame is its negative distance to the goal; 1 means that every later frame has the
    higher value (GVL, arXiv 2411.04549). A curve without any change has no order: 0.

    Args:
        distances: distance to the goal of each frame [T], T >= 2.

    Raises:
        UserError: fewer than two frames.
    """
    values = _ranks(-_curve(distances))
    times = np.arange(len(values), dtype=np.float64)
    values -= values.mean()
    times -= times.mean()
    scale = np.sqrt(np.dot(values, values) * np.dot(times, times))
    return float(np.dot(values, times) / scale) if scale > 0.0 else 0.0


def _curve(distances: ArrayLike) -> NDArray[np.float64]:
    curve = np.asarray(distances, dtype=np.float64)
    if curve.ndim != 1 or len(curve) < 2:
        raise UserError(f"{curve.size} frame(s) make no curve", "give at least two frames")
    return curve


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 0 [T]; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2.0)[place]
