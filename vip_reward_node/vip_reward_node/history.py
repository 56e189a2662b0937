"""The newest rewards as columns: appended one by one, read as arrays without a copy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Point:
    """One reward: time in s, the rest as in Reward.msg."""

    time: float
    distance: float
    initial_distance: float
    progress: float
    reward: float
    goal: str = ""
    subgoal_index: int = 0
    subgoal_count: int = 1

    @property
    def title(self) -> str:
        """The goal's name, with the subgoal in force where there are several."""
        stage = f"  {self.subgoal_index + 1}/{self.subgoal_count}" if self.subgoal_count > 1 else ""
        return f"{self.goal[:34]}{stage}"


@dataclass(frozen=True)
class Columns:
    """Rewards of a while, float64 [T] each: time in s, distance, progress, reward; starts [S] in s."""

    time: np.ndarray
    distance: np.ndarray
    progress: np.ndarray
    reward: np.ndarray
    starts: np.ndarray


class History:
    """Keeps the newest rewards.

    Args:
        capacity: how many.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._rows = np.empty((2 * capacity, 5))  # time, distance, progress, reward, whether one begins here
        self._end = 0
        self.newest: Point | None = None

    def add(self, point: Point) -> None:
        """Take a reward; one that is older than those kept (a clock set back) clears them."""
        if self.newest is not None and point.time < self.newest.time:
            self._end, self.newest = 0, None
        if self._end == len(self._rows):
            self._rows[: self._capacity] = self._rows[self._capacity :]
            self._end = self._capacity
        begins = self.newest is not None and _begins(self.newest, point)
        self._rows[self._end] = (point.time, point.distance, point.progress, point.reward, begins)
        self._end += 1
        self.newest = point

    def between(self, oldest: float, now: float) -> Columns:
        """Return what came from oldest to now, s; where an episode or goal began is in starts."""
        rows = self._rows[max(self._end - self._capacity, 0) : self._end]
        first, last = np.searchsorted(rows[:, 0], [oldest, np.nextafter(now, np.inf)])
        time, distance, progress, reward, begins = rows[first:last].T
        # The first one shown has nothing before it from which to differ.
        return Columns(time, distance, progress, reward, time[1:][begins[1:] > 0.0])


def _begins(before: Point, after: Point) -> bool:
    if (before.goal, before.subgoal_index, before.initial_distance) != (
        after.goal,
        after.subgoal_index,
        after.initial_distance,
    ):
        return True
    # Normalised distances all start at 1; only a first image has neither progress nor reward.
    return after.progress == after.reward == 0.0 and before.progress != 0.0
