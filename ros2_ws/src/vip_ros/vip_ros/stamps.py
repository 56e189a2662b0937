"""Stamps as messages, as integer nanoseconds and as float seconds."""

from __future__ import annotations

from builtin_interfaces.msg import Time

_NS = 1_000_000_000


def to_ns(stamp: Time) -> int:
    """Return a stamp message in nanoseconds."""
    return int(stamp.sec) * _NS + int(stamp.nanosec)


def to_seconds(stamp: Time) -> float:
    """Return a stamp message in seconds (a float keeps about 0.2 µs at today's dates)."""
    return int(stamp.sec) + int(stamp.nanosec) / _NS


def from_ns(nanoseconds: int) -> Time:
    """Return the stamp message of a time in nanoseconds."""
    seconds, rest = divmod(int(nanoseconds), _NS)
    return Time(sec=seconds, nanosec=rest)
