"""Comparing the speed of several ways of doing a thing on a machine that has other things to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def in_turns(
    works: Sequence[Callable[[], object]], seconds: float, most: int = 1000, least: int = 5
) -> list[NDArray[np.float64]]:
    """Time several works one after the other, over and over, so that a busy moment meets all of them.

    Args:
        works: what to time; each runs once beforehand, untimed.
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
        rounds.append([_time(work) for work in works])
    return list(np.array(rounds).T)


def ratio(times: NDArray[np.float64], base: NDArray[np.float64]) -> float:
    """Return the ratio of two medians."""
    return float(np.median(times) / np.median(base))


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
