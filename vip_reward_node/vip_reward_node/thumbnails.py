"""A few small frames, evenly spaced, kept from a stream of unknown length in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vip_reward_node.video import Image, TimedFrame

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
            self._kept.append(_small(frame))
            if len(self._kept) >= self._capacity:
                self._kept = self._kept[::2]
                self._stride *= 2
        self._seen += 1

    def pick(self, count: int = 7) -> list[TimedFrame]:
        """Return up to count frames, evenly spaced in time, with the first and the last of the stream."""
        if self._last is None:
            return []
        frames = [frame for frame in self._kept if frame.stamp < self._last.stamp] + [_small(self._last)]
        return spread(frames, count)


def spread(frames: Sequence[TimedFrame], count: int) -> list[TimedFrame]:
    """Return up to count of the frames, evenly spaced in time, the first and the last among them."""
    if not frames:
        return []
    stamps = np.array([frame.stamp for frame in frames])
    wanted = np.linspace(stamps[0], stamps[-1], count)
    nearest = np.unique(np.abs(stamps[None] - wanted[:, None]).argmin(axis=1))
    return [frames[index] for index in nearest]


def shrunk(rgb: Image, height: int = HEIGHT) -> Image:
    """Return the picture uint8 [H, W, 3] at no more than that height, in its own proportions."""
    high, wide = rgb.shape[:2]
    if high <= height:
        return rgb
    size = (max(round(wide * height / high), 1), height)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def cropped(rgb: Image, shape: float) -> Image:
    """Return the largest middle part of a picture whose width is `shape` times its height."""
    high, wide = rgb.shape[:2]
    across, down = max(min(wide, round(high * shape)), 1), max(min(high, round(wide / shape)), 1)
    left, top = (wide - across) // 2, (high - down) // 2
    return rgb[top : top + down, left : left + across]


def _small(frame: TimedFrame) -> TimedFrame:
    return TimedFrame(shrunk(frame.rgb), frame.stamp)
