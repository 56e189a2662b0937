"""Watchdogs: a stream that stops is a fault with a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from franka_node.guard_config import GuardConfig

# In causal order: a stream can only go on when those before it do.
STREAMS = ("joint_state", "image", "embedding", "action")
# A person or a log at the other end of these sources needs no camera.
BLIND_SOURCES = frozenset({"teleop", "replay"})


def streams_of(source: str) -> tuple[str, ...]:
    """Return the streams that must go on while chunks of that source are followed."""
    return ("joint_state", "action") if source in BLIND_SOURCES else STREAMS


@dataclasses.dataclass(frozen=True)
class Stale:
    """A stream that stopped: its fault name and one line for a person."""

    fault: str
    detail: str


@dataclasses.dataclass
class _Stream:
    timeout: float
    max_age: float
    stamp_ns: int | None = None
    seen_ns: int | None = None


class Watchdogs:
    """Knows when each stream was last fed.

    A message feeds its stream only when its stamp moved forward and is neither older than max_age nor
    ahead of the clock: a camera that repeats one image for ever is a camera that stopped.

    Args:
        timeouts: s per stream.
        max_ages: s per stream, the age at which a message no longer counts.
        future_tolerance: s.
    """

    def __init__(
        self, timeouts: dict[str, float], max_ages: dict[str, float], future_tolerance: float = 0.05
    ) -> None:
        self._streams = {name: _Stream(timeouts[name], max_ages[name]) for name in STREAMS}
        self._future_tolerance = future_tolerance

    @classmethod
    def from_config(cls, config: GuardConfig) -> Watchdogs:
        """Return the watchdogs with the guard's timeouts."""
        timeouts = {name: getattr(config, f"{name}_timeout") for name in STREAMS}
        ages = dict.fromkeys(STREAMS, config.max_input_age)
        return cls(timeouts, ages, config.future_tolerance)

    def feed(self, stream: str, stamp_ns: int, now_ns: int) -> bool:
        """Note a message; return whether it counted."""
        entry = self._streams[stream]
        age = (now_ns - stamp_ns) * 1e-9
        if entry.stamp_ns is not None and stamp_ns <= entry.stamp_ns:
            return False
        if not -self._future_tolerance <= age <= entry.max_age:
            return False
        entry.stamp_ns, entry.seen_ns = stamp_ns, now_ns
        return True

    def clear(self) -> None:
        """Forget everything: each stream must be fed anew."""
        for entry in self._streams.values():
            entry.stamp_ns = entry.seen_ns = None

    def arm(self, stream: str, now_ns: int) -> None:
        """Give a stream its full timeout from now."""
        self._streams[stream].seen_ns = now_ns

    def age(self, stream: str, now_ns: int) -> float:
        """Return the seconds since the stream was last fed; infinite before the first time."""
        seen = self._streams[stream].seen_ns
        return float("inf") if seen is None else (now_ns - seen) * 1e-9

    def fresh(self, stream: str, now_ns: int) -> bool:
        """Return whether the stream was fed within its timeout."""
        return self.age(stream, now_ns) <= self._streams[stream].timeout

    def check(self, armed: Sequence[str], now_ns: int) -> Stale | None:
        """Return the stream to blame when one of the armed streams stopped, else None.

        When a camera stops, everything behind it stops within a frame; the blame goes to the first
        stream in causal order that has been silent for more than half its timeout.
        """
        for name in armed:
            entry = self._streams[name]
            if entry.seen_ns is None or now_ns - entry.seen_ns > entry.timeout * 1e9:
                return self._blame(armed, now_ns)
        return None

    def _blame(self, armed: Sequence[str], now_ns: int) -> Stale:
        watched = [name for name in STREAMS if name in armed]
        late = next(n for n in watched if self.age(n, now_ns) > 0.5 * self._streams[n].timeout)
        timeout = self._streams[late].timeout
        silence = self.age(late, now_ns)
        ago = "never came" if silence == float("inf") else f"stopped {silence:.2f} s ago"
        label = late.replace("_", " ")
        return Stale(f"{late}_stale", f"{label} stream {ago} (timeout {timeout:g} s); mend it, then reset")
