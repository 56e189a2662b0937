"""One run of the policy: when it ends, and why. Pure: times come in as ns."""

from __future__ import annotations

from dataclasses import dataclass

REACHED, TIMEOUT, CANCELED, FAULT = "reached", "timeout", "canceled", "fault"


# The guard tells its state twice a second, whatever happens; a run does not go on without it, s.
_GUARD_SILENCE = 2.5


@dataclass(frozen=True)
class Ending:
    """Why a run ended: one of REACHED, TIMEOUT, CANCELED, FAULT, and a line for a person."""

    outcome: str
    message: str


class Run:
    """Watches one run of the policy.

    Args:
        started_ns: when it began.
        timeout: s until it ends by itself.
        hold: s of image time for which the goal must stay reached.

    Attributes:
        chunks: chunks sent so far.
        distance: goal distance of the newest reward; NaN before.
        progress: progress of the newest reward; NaN before.
    """

    def __init__(self, started_ns: int, timeout: float, hold: float) -> None:
        self.started_ns, self.timeout, self._hold = started_ns, timeout, hold
        self.chunks = 0
        self.distance = self.progress = float("nan")
        self._reached_ns: int | None = None
        self._person_since_ns: int | None = None
        self._person_ns = 0
        self._guard_ns: int | None = None

    def elapsed(self, now_ns: int) -> float:
        """Return s since the start, without the time in which a person had the arm."""
        return (now_ns - self.started_ns) * 1e-9 - self.person_time(now_ns)

    def note_driver(self, person: bool, now_ns: int) -> None:
        """Note what the guard says: whether a person has the arm, and nothing of the policy is followed."""
        self._guard_ns = now_ns
        if person and self._person_since_ns is None:
            self._person_since_ns = now_ns
        elif not person and self._person_since_ns is not None:
            self._person_ns += now_ns - self._person_since_ns
            self._person_since_ns = None

    def person_time(self, now_ns: int) -> float:
        """Return for how long a person has had the arm during this run, s."""
        since = self._person_since_ns
        return (self._person_ns + (0 if since is None else now_ns - since)) * 1e-9

    def check_time(self, now_ns: int) -> Ending | None:
        """Return the ending when time is up, or the guard, once heard, has fallen silent.

        A guard that was started anew must find nobody who moves the arm without being asked to.
        """
        if self._guard_ns is not None and (now_ns - self._guard_ns) * 1e-9 > _GUARD_SILENCE:
            return Ending(FAULT, f"franka_node has been silent for {_GUARD_SILENCE:g} s")
        if self.elapsed(now_ns) < self.timeout:
            return None
        return Ending(TIMEOUT, f"the goal was not reached within {self.timeout:g} s")

    def note_reward(self, stamp_ns: int, distance: float, progress: float, reached: bool) -> Ending | None:
        """Note the reward of one image; return the ending when the goal has been held reached."""
        self.distance, self.progress = distance, progress
        if not reached or stamp_ns < self.started_ns:
            self._reached_ns = None
            return None
        if self._reached_ns is None:
            self._reached_ns = stamp_ns
        if (stamp_ns - self._reached_ns) * 1e-9 < self._hold:
            return None
        return Ending(REACHED, f"distance {distance:.3f}, progress {progress:.2f}")
