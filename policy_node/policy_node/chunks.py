"""A short horizon of targets, and how it is read between its points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ActionChunk:
    """A short horizon of joint position targets; point k is due (k + 1) * step_duration after the image.

    Attributes:
        positions: rad, float64 [H, N].
        gripper: opening width, m, float64 [H]; None leaves the gripper as it is.
        step_duration: s.
    """

    positions: NDArray[np.float64]
    gripper: NDArray[np.float64] | None
    step_duration: float

    def at(self, elapsed: float) -> NDArray[np.float64]:
        """Return the target [N] at that many s after the image: linear between points, held outside."""
        return self.at_all(np.array([elapsed]))[0]

    def at_all(self, elapsed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the targets [K, N] at those times [K], s after the image."""
        place = np.clip(elapsed / self.step_duration - 1.0, 0.0, len(self.positions) - 1.0)
        before = place.astype(np.intp)
        after = np.minimum(before + 1, len(self.positions) - 1)
        share = (place - before)[:, None]
        return (1.0 - share) * self.positions[before] + share * self.positions[after]

    def gripper_at(self, elapsed: float) -> float | None:
        """Return the gripper's target width, m, at that many s after the image."""
        if self.gripper is None:
            return None
        times = self.step_duration * np.arange(1, len(self.gripper) + 1)
        return float(np.interp(elapsed, times, self.gripper))

    def resting(self, elapsed: float) -> ActionChunk:
        """Return the chunk of the same stamp that goes on as planned until `elapsed` s, then rests there."""
        times = self.step_duration * np.arange(1, len(self.positions) + 1)
        until = np.minimum(times, elapsed)
        positions = self.at_all(until)
        if self.gripper is None:
            return ActionChunk(positions, None, self.step_duration)
        return ActionChunk(positions, np.interp(until, times, self.gripper), self.step_duration)
