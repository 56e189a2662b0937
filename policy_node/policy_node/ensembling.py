"""Temporal ensembling: what several chunks plan for the same moment is averaged (ACT, arXiv 2304.13705).

A policy that sees the scene anew ten times a second changes its mind a little each time; the average over
the last chunks moves smoothly and forgets a single bad picture. ACT weighs by the number of chunks; here the
weight is exp(−age / span), so that it means the same at every rate.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from policy_node.chunks import ActionChunk


class Ensemble:
    """Blends each chunk with those before it.

    Args:
        span: s after which a chunk's weight has fallen to 1/e; 0: chunks are left as they are.
    """

    def __init__(self, span: float) -> None:
        self._span = span
        self._past: deque[tuple[float, ActionChunk]] = deque()

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
        self._past.append((time, chunk))
        due = (chunk.step_duration * np.arange(1, len(chunk.positions) + 1)).astype(np.float64)
        total = np.zeros(len(due))
        positions = np.zeros_like(chunk.positions)
        widths = None if chunk.gripper is None else np.zeros(len(due))
        for begin, earlier in self._past:
            elapsed = due + (time - begin)
            weight = np.exp(-(time - begin) / self._span) * (elapsed <= length + 1e-6)
            total += weight
            positions += weight[:, None] * earlier.at_all(elapsed)
            if widths is not None and earlier.gripper is not None:
                widths += weight * np.interp(elapsed, due, earlier.gripper)
        return ActionChunk(
            positions / total[:, None], None if widths is None else widths / total, chunk.step_duration
        )
