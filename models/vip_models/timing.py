"""Comparing the speed of several ways of doing a thing on a machine that has other things to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return a work that does the same and returns how long it took, s."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def in_turns(
    works: Sequence[Callable[[], float]], seconds: float, most: int = 1000, least: int = 5
) -> list[Seconds]:
    """Run several works one after the other, over and over, so that a busy moment meets all of them.

    Args:
        works: each returns how long it took, s, and runs once beforehand, uncounted.
        seconds: about how long to go on, s.
        most: most rounds.
        least: fewest rounds, however long they take.

    Returns:
        Times in s, one array [rounds] per work.
    """
    for work in works:
        work()
    rounds: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(rounds) < most and (len(rounds) < least or time.perf_counter() < end):
        rounds.append([work() for work in works])
    return list(np.array(rounds).T)


def ratio(times: Seconds, base: Seconds) -> float:
    """Return the ratio of two medians."""
    return float(np.median(times) / np.median(base))
