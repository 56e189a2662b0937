"""The stages of a demonstration, found in its embeddings alone.

Universal Visual Decomposer (Zhang et al., ICRA 2024, arXiv 2310.08581): looking back from a goal, the
distance to it falls steadily as far as the last stage reaches; where the smoothed distance has a maximum,
the stage before ended. That frame is the next goal to look back from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_models.distances import Floats, distances
from vip_ros.errors import UserError, unknown_name

SMOOTHINGS = ("kernel", "savgol", "none")


@dataclass(frozen=True)
class Decomposition:
    """How a demonstration is taken apart; the defaults are the authors'.

    The authors may also divide each curve by its first value; that moves no maximum and is left out.

    Attributes:
        smoothing: "kernel" (Gaussian kernel regression), "savgol" (Savitzky-Golay) or "none".
        min_interval: a stage takes more than this many frames.
        gamma: kernel weights are exp(-gamma * frames^2).
        window: frames of the Savitzky-Golay filter, odd.
        order: of its polynomials.
        reach: how many frames each look back goes at most; 0: to the beginning.
    """

    smoothing: str = "kernel"
    min_interval: int = 18
    gamma: float = 0.08
    window: int = 85
    order: int = 2
    reach: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be computed."""
        if self.smoothing not in SMOOTHINGS:
            raise unknown_name("smoothing", self.smoothing, SMOOTHINGS)
        if self.min_interval < 1 or self.reach < 0:
            raise UserError(
                f"a minimum interval of {self.min_interval} and a reach of {self.reach} frames",
                "give an interval of 1 or more and a reach of 0 or more",
            )
        if not self.gamma > 0.0 or self.window % 2 == 0 or not 0 <= self.order < self.window:
            raise UserError(
                f"cannot smooth with gamma {self.gamma:g}, window {self.window}, order {self.order}",
                "give a gamma above 0 and an odd window larger than the order",
            )


def find_subgoals(embeddings: ArrayLike, how: Decomposition | None = None, metric: str = "l2") -> list[int]:
    """Return the frames that end the stages of a demonstration, in order; the last frame is the last.

    Args:
        embeddings: of the demonstration's frames [T, D], T >= 1.
        how: smoothing and shortest stage.
        metric: how distances are measured, as in Goal.

    Raises:
        UserError: no frames, or embeddings that are not finite.
    """
    how = how or Decomposition()
    points = np.asarray(embeddings, dtype=np.float64)
    if points.ndim != 2 or not len(points):
        raise UserError(f"embeddings of shape {points.shape} are no demonstration", "give [T, D]")
    goal = len(points) - 1
    ends = [goal]
    while goal > (how.reach or how.min_interval):
        first = max(0, goal - how.reach) if how.reach else 0
        curve = smooth(distances(points[first : goal + 1], points[goal], metric), how)
        maxima = first + _strict_maxima(curve)
        stages = maxima[(goal - maxima > how.min_interval) & (maxima > how.min_interval)]
        if not stages.size:
            break
        goal = int(stages[-1])
        ends.append(goal)
    return ends[::-1]


def stage_budgets(ends: list[int]) -> list[int]:
    """Return how many frames each stage takes, given the frames that end them (find_subgoals)."""
    return [after - before for before, after in zip([-1, *ends[:-1]], ends, strict=True)]


def smooth(curve: ArrayLike, how: Decomposition) -> Floats:
    """Return the smoothed curve [T]."""
    values = np.asarray(curve, dtype=np.float64)
    if how.smoothing == "kernel":
        return _kernel_regression(values, how.gamma)
    if how.smoothing == "savgol":
        return _savitzky_golay(values, how.window, how.order)
    return values


def _kernel_regression(values: Floats, gamma: float) -> Floats:
    """Nadaraya-Watson regression on the frame number with weights exp(-gamma * frames^2)."""
    # Farther frames weigh less than a float's last digit.
    radius = math.ceil(math.sqrt(40.0 / gamma))
    weights = np.exp(-gamma * np.square(np.arange(-radius, radius + 1, dtype=np.float64)))
    inside = slice(radius, radius + len(values))
    total = np.convolve(values, weights)[inside]
    return total / np.convolve(np.ones_like(values), weights)[inside]


def _savitzky_golay(values: Floats, window: int, order: int) -> Floats:
    """Least-squares polynomials in a sliding window; beyond its ends the curve stays at its end values."""
    half = window // 2
    powers = np.vander(np.arange(-half, half + 1, dtype=np.float64), order + 1, increasing=True)
    # The polynomial's value in the middle of the window is its constant term.
    weights = np.linalg.pinv(powers)[0]
    return np.convolve(np.pad(values, half, mode="edge"), weights[::-1], mode="valid")


def _strict_maxima(curve: Floats) -> NDArray[np.int64]:
    rises = curve[1:-1] > curve[:-2]
    falls = curve[1:-1] > curve[2:]
    return np.flatnonzero(rises & falls) + 1
