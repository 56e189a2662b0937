"""What the guard changed or stopped while the episode was driven."""

from __future__ import annotations

from typing import Any

from vip_teleop.checks import CHECKS, CheckLimits, decoded
from vip_teleop.sample import Sample

_GUARD_TYPE = "vip_interfaces/msg/GuardState"
_REJECTED = "rejected"


@CHECKS.register("guard")
class GuardCheck:
    """Interventions and rejections since the episode began, and faults."""

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._before: dict[str, int] | None = None
        self._now: dict[str, int] = {}
        self._faults: dict[str, str] = {}

    def note(self, sample: Sample) -> None:
        """Compare the guard's counters with those of the beginning."""
        message = decoded(sample, _GUARD_TYPE)
        if message is None:
            return
        self._now = _counters(message)
        if self._before is None:
            self._before = self._now
        if message.fault:
            self._faults[message.fault] = message.fault_detail

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Say what the guard did."""
        before = self._before or {}
        # A reset of the guard sets its counters to zero.
        grown = {
            key: n - before.get(key, 0) if n >= before.get(key, 0) else n for key, n in self._now.items()
        }
        rejected = grown.pop(_REJECTED, 0)
        limited = {key: n for key, n in grown.items() if n > 0}
        found = {f"fault {name}": f"guard fault {name}: {why}" for name, why in self._faults.items()}
        if rejected > 0:
            found["rejected"] = f"the guard rejected {rejected} chunks"
        if limited:
            worst = max(limited, key=lambda key: limited[key])
            found["limited"] = f"the guard limited {sum(limited.values())} samples, most often the {worst}"
        return found


def _counters(message: Any) -> dict[str, int]:
    counters = {_REJECTED: int(message.chunks_rejected)}
    for item in message.interventions:
        what = f"{item.limit} of {item.joint}" if item.joint else str(item.limit)
        counters[what] = int(item.count)
    return counters
