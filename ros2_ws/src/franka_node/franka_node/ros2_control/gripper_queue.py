"""What a slow gripper is told of a fast stream of widths."""

from __future__ import annotations

from collections.abc import Callable

Cancel = Callable[[], None]

# Differences below this are none, m.
RESOLUTION = 0.0005
# The widest goal, m. A Franka hand measures by homing how far it opens, which may be a little less than the
# 80 mm of its data sheet, and refuses what is wider.
WIDEST = 0.079


class GripperQueue:
    """Turns wished widths into few goals; knows no ROS and no clock.

    A goal goes out when the wish has been away from the last goal by more than the hysteresis for the
    settling time; a smaller difference, when the wish has stood still for the patience. A new goal cancels
    the one before.

    Args:
        send: begins to move to a width (m) and returns what cancels that goal.
        hysteresis: m.
        settling: s.
        patience: s.
        pause: shortest time between two goals, s; a Franka hand takes about a second for each.
    """

    def __init__(
        self,
        send: Callable[[float], Cancel],
        hysteresis: float = 0.005,
        settling: float = 0.1,
        patience: float = 0.6,
        pause: float = 0.3,
    ) -> None:
        self._send = send
        self._hysteresis, self._settling = hysteresis, settling
        self._patience, self._pause = patience, pause
        self._goal: float | None = None
        self._cancel: Cancel | None = None
        self._sent_at = self._away_since = self._still_since = float("-inf")
        self._still = self._away = 0.0
        self._is_away = False

    def update(self, width: float, now: float) -> bool:
        """Take the newest wish (m) at a time (s); return whether a goal went out."""
        width = min(width, WIDEST)
        if abs(width - self._still) > RESOLUTION or self._still_since == float("-inf"):
            self._still, self._still_since = width, now
        difference = float("inf") if self._goal is None else abs(width - self._goal)
        if difference <= self._hysteresis:
            self._is_away = False
        elif not self._is_away:
            self._is_away, self._away_since = True, now
        wanted = self._is_away and now - self._away_since >= self._settling
        wanted |= difference > RESOLUTION and now - self._still_since >= self._patience
        if not wanted or now - self._sent_at < self._pause:
            return False
        self.cancel()
        self._goal, self._sent_at, self._is_away = width, now, False
        self._cancel = self._send(width)
        return True

    def cancel(self) -> None:
        """Cancel the goal under way, if any; the next wish makes a new one."""
        if self._cancel is not None:
            self._cancel()
        self._cancel = self._goal = None
