"""Messages that the middleware lost, found by the gaps in a publisher's sequence numbers."""

from __future__ import annotations


class SequenceGaps:
    """Follows the sequence numbers of one publisher."""

    def __init__(self) -> None:
        self._last: int | None = None

    def lost(self, number: int | None) -> int:
        """Return how many messages are missing before the one of this number.

        The first message, a publisher that starts anew and a middleware without numbers (None) give 0.
        """
        last, self._last = self._last, number
        if number is None or last is None or number <= last:
            return 0
        return number - last - 1
