"""Several publishers on a topic that has room for one, told from the middleware's sequence numbers."""

from __future__ import annotations

from collections import deque

# A publisher that starts anew begins again once; two that run side by side do so with nearly every message.
_LEAST_RETURNS = 3


class MixedSenders:
    """Follows the sequence numbers of one topic.

    Each publisher counts its own messages, so that the numbers of one only rise. The list of publishers would
    not do: one that was killed stays on it until the middleware has missed it for long enough.

    Args:
        window: time within which the numbers must return so often, s.
    """

    def __init__(self, window: float = 5.0) -> None:
        self._window = window
        self._last: int | None = None
        self._returns: deque[float] = deque(maxlen=_LEAST_RETURNS)

    def note(self, number: int | None, now: float) -> bool:
        """Note a message; return whether several publishers send.

        Args:
            number: of the message at its publisher; None where the middleware has none.
            now: monotonic time, s.
        """
        last, self._last = self._last, number
        if number is not None and last is not None and number <= last:
            self._returns.append(now)
        return len(self._returns) == _LEAST_RETURNS and now - self._returns[0] <= self._window
