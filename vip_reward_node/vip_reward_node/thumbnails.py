"""A few small frames, evenly spaced, kept from a stream of unknown length in bounded memory."""

from __future__ import annotations

import cv2
import numpy as np

from vip_reward_node.video import TimedFrame

HEIGHT = 240


class Thumbnails:
    """Keeps about every k-th frame; k doubles whenever the store is full.

    Args:
        capacity: most frames kept at any time, besides the last.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._stride = 1
        self._seen = 0
        self._kept: list[TimedFrame] = []
        self._last: TimedFrame | None = None

    def add(self, frame: TimedFrame) -> None:
        """Take the next frame of the stream."""
        self._last = frame
        if self._seen % self._stride == 0:
            self._kept.append(_shrunk(frame))
            if len(self._kept) >= self._capacity:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._seen += 1

    def pick(self, count: int = 7) -> list[TimedFrame]:
        """Return up to count frames, evenly spaced in time, with the first and the last of the stream."""
        if self._last is None:
            return []
        frames = [frame for frame in self._kept if frame.stamp < self._last.stamp] + [_shrunk(self._last)]
        stamps = np.array([frame.stamp for frame in frames])
        wanted = np.linspace(stamps[0], stamps[-1], count)
        nearest = np.unique(np.abs(stamps[None] - wanted[:, None]).argmin(axis=1))
        return [frames[index] for index in nearest]


def _shrunk(frame: TimedFrame) -> TimedFrame:
    high, wide = frame.rgb.shape[:2]
    scale = HEIGHT / high
    if scale >= 1.0:
        return frame
    size = (max(round(wide * scale), 1), HEIGHT)
    small = cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA)
    return TimedFrame(np.asarray(small, dtype=np.uint8), frame.stamp)
