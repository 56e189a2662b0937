"""Time bases for commands: one for the guard's seconds, one that does not jitter with the loop."""

from __future__ import annotations


class TimeAxis:
    """Seconds since the first time that was asked for: a double holds ns only near zero."""

    def __init__(self) -> None:
        self._origin_ns: int | None = None

    def origin_ns(self, now_ns: int) -> int:
        """Return the zero of the axis, ns since the epoch; the first call sets it to now_ns."""
        if self._origin_ns is None:
            self._origin_ns = now_ns
        return self._origin_ns

    def seconds(self, now_ns: int) -> float:
        """Return a time on the axis, s."""
        return (now_ns - self.origin_ns(now_ns)) * 1e-9


class SmoothClock:
    """A time that advances by exactly dt per tick and drifts gently towards the real one.

    The command advances by one period per tick; were the reference read at the jittering real time, every
    late tick would show as a jolt. After a real stall the time jumps.

    Args:
        dt: period, s.
        time_constant: of the drift, s.
        stall: largest lag that is not a stall, s.
    """

    def __init__(self, dt: float, time_constant: float = 0.2, stall: float = 0.05) -> None:
        self._dt, self._gain, self._stall = dt, min(dt / time_constant, 1.0), stall
        self.time = 0.0

    def restart(self, time: float) -> None:
        """Set the time."""
        self.time = time

    def tick(self, real: float) -> float:
        """Advance by one period and return the time, s."""
        ahead = self.time + self._dt
        error = real - ahead
        self.time = real if error > self._stall else max(self.time, ahead + self._gain * error)
        return self.time
