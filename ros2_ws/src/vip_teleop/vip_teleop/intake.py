"""The way from the subscriptions to the writer's thread: bounded, and what does not fit is counted."""

from __future__ import annotations

import threading
from collections import deque

from vip_teleop.sample import Sample


class Intake:
    """A queue of samples that is bounded by their bytes.

    Args:
        capacity: most bytes that may wait.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Sample] = deque()
        self._changed = threading.Condition()
        self._bytes = 0
        self._closed = False
        self.dropped: dict[str, int] = {}

    def put(self, sample: Sample) -> bool:
        """Add a sample; returns False, and counts the drop, when it does not fit or nobody takes any more."""
        with self._changed:
            if self._closed:
                return False
            if self._bytes + len(sample.data) > self._capacity and self._waiting:
                self.dropped[sample.topic] = self.dropped.get(sample.topic, 0) + 1
                return False
            self._waiting.append(sample)
            self._bytes += len(sample.data)
            self._changed.notify()
        return True

    def take(self, timeout: float) -> list[Sample]:
        """Return all that waits, at the latest after timeout s."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            taken = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
        return taken

    def close(self) -> None:
        """Take no more; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def finished(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._waiting
