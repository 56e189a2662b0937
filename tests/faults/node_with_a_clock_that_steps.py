"""franka_node as a process whose system clock signals set: SIGUSR1 forward, SIGUSR2 back, by ten seconds."""

from __future__ import annotations

import signal
import sys
import time

from franka_node.franka_node import main

STEP_NS = 10_000_000_000
_real = time.time_ns
_offset_ns = 0


def _set(number: int, frame: object) -> None:
    global _offset_ns
    _offset_ns += STEP_NS if number == signal.SIGUSR1 else -STEP_NS


if __name__ == "__main__":
    time.time_ns = lambda: _real() + _offset_ns
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, _set)
    sys.exit(main())
