"""Statistics of one stream of stamped messages: count, rate, drops and age."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StreamSummary:
    """A stream over its window; rate in Hz, ages in s (NaN while nothing came)."""

    count: int
    drops: int
    rate: float
    age_p50: float
    age_p95: float
    age_p99: float


class StreamStats:
    """Counts messages and keeps the ages of the newest; safe to use from several threads.

    Args:
        name: name of the stream, for reports.
        window: length of the window over which rate and ages are taken, s.
        capacity: most messages kept in the window.
    """

    def __init__(self, name: str, window: float = 10.0, capacity: int = 4096) -> None:
        self.name = name
        self._window_ns = int(window * 1e9)
        self._samples: deque[tuple[int, int]] = deque(maxlen=capacity)
        self._count = 0
        self._drops = 0
        self._last_stamp_ns: int | None = None
        self._lock = threading.Lock()

    def tick(self, stamp_ns: int, now_ns: int) -> None:
        """Note a message stamped stamp_ns that was handled at now_ns."""
        with self._lock:
            self._count += 1
            self._last_stamp_ns = stamp_ns
            self._samples.append((now_ns, now_ns - stamp_ns))
            while now_ns - self._samples[0][0] > self._window_ns:
                self._samples.popleft()

    def drop(self, count: int = 1) -> None:
        """Note messages that were lost or left out."""
        with self._lock:
            self._drops += count

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._samples.clear()
            self._count = self._drops = 0
            self._last_stamp_ns = None

    @property
    def count(self) -> int:
        """Messages since the start or the last reset."""
        return self._count

    @property
    def drops(self) -> int:
        """Messages dropped since the start or the last reset."""
        return self._drops

    @property
    def last_stamp_ns(self) -> int | None:
        """Stamp of the newest message, or None."""
        return self._last_stamp_ns

    def summary(self, now_ns: int) -> StreamSummary:
        """Return the figures of the window that ends at now_ns."""
        with self._lock:
            kept = [sample for sample in self._samples if now_ns - sample[0] <= self._window_ns]
            count, drops = self._count, self._drops
        if not kept:
            return StreamSummary(count, drops, 0.0, float("nan"), float("nan"), float("nan"))
        ages = np.array([age for _, age in kept]) / 1e9
        p50, p95, p99 = (float(value) for value in np.percentile(ages, (50, 95, 99)))
        return StreamSummary(count, drops, _rate(kept, now_ns), p50, p95, p99)


def _rate(samples: list[tuple[int, int]], now_ns: int) -> float:
    """Messages per second; falls when the stream stops, because time since the newest counts too."""
    if len(samples) < 2:
        return 0.0
    first, last = samples[0][0], samples[-1][0]
    period = (last - first) / (len(samples) - 1)
    silence = now_ns - last
    span = last - first if silence <= 2 * period else now_ns - first
    return (len(samples) - 1) * 1e9 / span if span > 0 else 0.0
