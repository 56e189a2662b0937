"""Who drove the arm, and when that changed, as the guard tells."""

from __future__ import annotations

from vip_teleop.message_types import decode
from vip_teleop.sample import Sample

_GUARD_TYPE = "vip_interfaces/msg/GuardState"


class Takeovers:
    """Collects the changes of the guard's source during one episode.

    Args:
        start_ns: when the episode began, ns since the epoch.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._source = ""
        self.lines: list[str] = []

    def note(self, sample: Sample) -> None:
        """Look at a message; moments in which nobody drives are passed over."""
        if sample.type_name != _GUARD_TYPE:
            return
        source = str(decode(sample.data, _GUARD_TYPE).source)
        if source and self._source and source != self._source:
            at = max(0, sample.received_ns - self._start_ns) * 1e-9
            self.lines.append(f"{at:.2f} s: {self._source} -> {source}")
        self._source = source or self._source
