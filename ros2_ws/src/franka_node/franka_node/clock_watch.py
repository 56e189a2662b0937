"""Whether the system clock was set: compared with one that nobody can set."""

from __future__ import annotations

import time

# Two clocks that were read farther apart than this cannot be compared, s.
_HELD_UP = 0.005


class ClockWatch:
    """Follows the distance between the system clock and the monotonic one."""

    def __init__(self) -> None:
        self._distance: float | None = None

    def jump(self) -> float:
        """Return by how many s the system clock was set forward since the last call; below 0: back."""
        before = time.monotonic()
        wall = time.time_ns() * 1e-9
        after = time.monotonic()
        if after - before > _HELD_UP:  # another process had the core in between
            return 0.0
        last, self._distance = self._distance, wall - after
        return 0.0 if last is None else self._distance - last
