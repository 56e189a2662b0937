"""When to start a dead node again: ever later, and not for ever."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RestartLimits:
    """How patient the supervisor is.

    Attributes:
        first_delay: s before the first restart; doubled each time.
        longest_delay: s.
        healthy_after: s of running after which earlier deaths are forgotten.
        attempts: deaths in a row after which the node is given up.
    """

    first_delay: float = 0.5
    longest_delay: float = 10.0
    healthy_after: float = 30.0
    attempts: int = 5


class RestartPolicy:
    """Counts the deaths in a row of one node."""

    def __init__(self, limits: RestartLimits) -> None:
        self._limits = limits
        self.deaths = 0

    def died(self, lived: float) -> float | None:
        """Note a death.

        Args:
            lived: s that the process ran.

        Returns:
            s to wait before the next start, or None when the node is to be given up.
        """
        if lived >= self._limits.healthy_after:
            self.deaths = 0
        self.deaths += 1
        if self.deaths > self._limits.attempts:
            return None
        return min(self._limits.first_delay * 2.0 ** (self.deaths - 1), self._limits.longest_delay)
