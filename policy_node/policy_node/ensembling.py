"""Temporal ensembling: what several chunks plan for the same moment is averaged (ACT, arXiv 2304.13705).

A policy that sees the scene anew ten times a second changes its mind a little each time; the average over
the last chunks moves smoothly and forgets a single bad picture. ACT weighs by the number of chunks; here the
weight is exp(−age / span), so that it means the same at every rate.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from policy_node.chunks import ActionChunk


class Ensemble:
    """Blends each chunk with those before it.

    Args:
        span: s after which a chunk's weight has fallen to 1/e; 0: chunks are left as they are.
    """

    def __init__(self, span: float) -> None:
        self._span = span
        self._past: deque[tuple[float, NDArray[np.float64]]] = deque()

    def reset(self) -> None:
        """Forget every chunk."""
        self._past.clear()

    def blend(self, time: float, chunk: ActionChunk) -> ActionChunk:
        """Return the chunk of a picture's time (s), averaged with what earlier chunks planned for its points.

        A chunk counts only for moments that it planned for; a clock that steps back begins anew.
        """
        if self._span <= 0:
            return chunk
        length = chunk.step_duration * len(chunk.positions)
        if self._past and time <= self._past[-1][0]:
            self._past.clear()
        while self._past and self._past[0][0] + length < time:
            self._past.popleft()
        planned = chunk.positions
        if chunk.gripper is not None:
            planned = np.column_stack([planned, chunk.gripper])
        self._past.append((time, planned))
        blended = self._mean(time, chunk.step_duration)
        if chunk.gripper is None:
            return ActionChunk(blended, None, chunk.step_duration)
        return ActionChunk(blended[:, :-1], blended[:, -1], chunk.step_duration)

    def _mean(self, time: float, step: float) -> NDArray[np.float64]:
        """Return the weighted mean of what all chunks planned for the newest one's points, [H, A]."""
        plans = np.stack([planned for _, planned in self._past])
        ages = np.array([time - begin for begin, _ in self._past])
        count, points, _ = plans.shape
        place = np.arange(points) + ages[:, None] / step
        weights = np.exp(-ages / self._span)[:, None] * (place <= points - 1 + 1e-5)
        place = np.minimum(place, points - 1)
        before = place.astype(np.intp)
        after = np.minimum(before + 1, points - 1)
        share, rows = (place - before)[:, :, None], np.arange(count)[:, None]
        values = (1.0 - share) * plans[rows, before] + share * plans[rows, after]
        mean: NDArray[np.float64] = np.einsum("ch,cha->ha", weights / weights.sum(axis=0), values)
        return mean
