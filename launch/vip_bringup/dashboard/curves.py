"""Newest values over time, ready for a chart: bounded, and safe to use from several threads."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import deque


class Curve:
    """Values of the last seconds.

    Args:
        window: time that is kept, s.
        capacity: most points kept, for streams faster than any chart needs.
    """

    def __init__(self, window: float = 30.0, capacity: int = 3000) -> None:
        self.window = window
        self._points: deque[tuple[float, float]] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def add(self, time: float, value: float) -> None:
        """Append a value at that time in s; what is not finite leaves a gap."""
        with self._lock:
            self._points.append((time, value))
            while self._points and self._points[0][0] < time - self.window:
                self._points.popleft()

    def clear(self) -> None:
        """Forget all points."""
        with self._lock:
            self._points.clear()

    def until(self, now: float, most: int = 100) -> list[list[float | None]]:
        """Return [s before now (negative), value] of the points, oldest first; None for a gap.

        Of more points than a chart can show, evenly many are left out; the newest stays.
        """
        with self._lock:
            points = list(self._points)
        first = bisect_left(points, (now - self.window, -math.inf))
        every = max(-(-(len(points) - first) // most), 1)
        return [
            [round(time - now, 2), round(value, 6) if math.isfinite(value) else None]
            for time, value in points[first + (len(points) - first - 1) % every :: every]
        ]
