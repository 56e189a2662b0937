"""Required topics that come too rarely, pause, or never come."""

from __future__ import annotations

from vip_teleop.checks import CHECKS, CheckLimits
from vip_teleop.sample import Sample

_SETTLED = 2.0  # s after which a rate is judged


@CHECKS.register("silence")
class SilenceCheck:
    """Rate and longest gap of every required topic."""

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._limits, self._start_ns = limits, start_ns
        self._last = dict.fromkeys(limits.required, start_ns)
        self._count = dict.fromkeys(limits.required, 0)
        self._gap = dict.fromkeys(limits.required, 0)

    def note(self, sample: Sample) -> None:
        """Measure the time since the topic's last message."""
        topic = sample.topic
        if topic in self._last:
            self._gap[sample.topic] = max(
                self._gap[sample.topic], sample.received_ns - self._last[sample.topic]
            )
            self._last[sample.topic] = max(sample.received_ns, self._last[sample.topic])
            self._count[sample.topic] += 1

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Name the topics that paused or are too slow."""
        found = {}
        elapsed = (now_ns - self._start_ns) * 1e-9
        for topic, lowest in self._limits.required.items():
            gap = max(self._gap[topic], now_ns - self._last[topic]) * 1e-9
            rate = self._count[topic] / elapsed if elapsed > 0 else 0.0
            if gap > self._limits.longest_gap:
                found[f"gap {topic}"] = f"{topic} was silent for {gap:.1f} s"
            if elapsed >= _SETTLED and rate < lowest:
                found[f"rate {topic}"] = f"{topic} comes at {rate:.1f} Hz, {lowest:g} are needed"
        return found
