"""Count, rate, drops and ages of one stream."""

from __future__ import annotations

import math
import tracemalloc

import pytest

from vip_ros import diagnostics
from vip_ros.diagnostics import stream_status
from vip_ros.streams import StreamStats

MS = 1_000_000


def stream(periods_ms: float = 50.0, count: int = 101, age_ms: float = 4.0, **options: float) -> StreamStats:
    stats = StreamStats("images", **options)
    for index in range(count):
        now = int(index * periods_ms * MS)
        stats.tick(now - int(age_ms * MS), now)
    return stats


def test_nothing_yet_has_no_ages() -> None:
    summary = StreamStats("images").summary(0)
    assert (summary.count, summary.drops, summary.rate) == (0, 0, 0.0)
    assert math.isnan(summary.age_p50)


def test_rate_and_ages_of_a_steady_stream() -> None:
    summary = stream().summary(5000 * MS)
    assert summary.count == 101
    assert summary.rate == pytest.approx(20.0)
    assert summary.age_p50 == summary.age_p99 == pytest.approx(0.004)


def test_percentiles_see_the_tail() -> None:
    stats = StreamStats("images")
    for index in range(100):
        age = 100 if index == 50 else 1
        stats.tick((index * 10 - age) * MS, index * 10 * MS)
    summary = stats.summary(990 * MS)
    assert summary.age_p50 == pytest.approx(0.001)
    assert summary.age_p95 == pytest.approx(0.001)
    assert 0.001 < summary.age_p99 < 0.1


def test_the_rate_falls_when_the_stream_stops_and_is_zero_after_the_window() -> None:
    stats = stream(window=10.0)
    assert stats.summary(6000 * MS).rate < 20.0
    assert stats.summary(16_000 * MS).rate == 0.0
    assert stats.summary(16_000 * MS).count == 101


def test_only_the_window_is_kept() -> None:
    tracemalloc.start()
    try:
        stats = stream(periods_ms=1.0, count=1000, window=0.1)
        before = tracemalloc.get_traced_memory()[0]
        for index in range(1000, 4000):
            stats.tick(index * MS, index * MS)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000  # all 3000 would take 400 kB
    assert stats.summary(3999 * MS).rate == pytest.approx(1000.0)


def test_drops_add_up_and_reset_forgets() -> None:
    stats = stream(count=3)
    stats.drop()
    stats.drop(2)
    assert (stats.count, stats.drops, stats.last_stamp_ns) == (3, 3, 96 * MS)
    stats.reset()
    assert (stats.count, stats.drops, stats.last_stamp_ns) == (0, 0, None)


def test_the_status_warns_of_a_stream_that_never_came_or_went_silent() -> None:
    assert stream_status(StreamStats("images"), 0).level == diagnostics.WARN
    assert stream_status(stream(), 60_000 * MS).message == "silent"
    status = stream_status(stream(), 5000 * MS)
    assert status.level == diagnostics.OK
    assert status.message == "20.0 Hz, 0 dropped"
    assert status.values["age_p95_ms"] == pytest.approx(4.0)
