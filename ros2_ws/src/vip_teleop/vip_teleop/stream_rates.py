"""How often each topic comes, over the last second."""

from __future__ import annotations

from collections import deque

_WINDOW_NS = 1_000_000_000


class StreamRates:
    """Counts messages per topic by the time of their arrival, ns since the epoch."""

    def __init__(self) -> None:
        self._times: dict[str, deque[int]] = {}

    def note(self, topic: str, received_ns: int) -> None:
        """Note a message."""
        times = self._times.setdefault(topic, deque())
        times.append(received_ns)
        while times[0] < received_ns - _WINDOW_NS:
            times.popleft()

    def per_second(self, now_ns: int) -> dict[str, float]:
        """Return the messages of the last second per topic, Hz."""
        begin = now_ns - _WINDOW_NS
        return {topic: float(sum(at > begin for at in tuple(times))) for topic, times in self._times.items()}

    def silence(self, topic: str, now_ns: int) -> float:
        """Return the time since the topic's newest message, s; infinite before the first."""
        times = self._times.get(topic)
        return (now_ns - times[-1]) * 1e-9 if times else float("inf")
