"""Joint states that are old when they arrive."""

from __future__ import annotations

from vip_teleop.checks import CHECKS, CheckLimits
from vip_teleop.sample import Sample


@CHECKS.register("joint_state_age")
class JointStateAgeCheck:
    """Time between the robot's stamp and the arrival."""

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._limit = limits.longest_age
        self._oldest: dict[str, float] = {}
        self._count: dict[str, int] = {}

    def note(self, sample: Sample) -> None:
        """Measure the age of a joint state."""
        if not sample.topic.endswith("joint_states") or sample.stamp_ns is None:
            return
        age = (sample.received_ns - sample.stamp_ns) * 1e-9
        if abs(age) > self._limit:
            self._oldest[sample.topic] = max(age, self._oldest.get(sample.topic, age), key=abs)
            self._count[sample.topic] = self._count.get(sample.topic, 0) + 1

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Say how old they were."""
        return {
            f"age {topic}": f"{self._count[topic]} messages of {topic} were up to {age * 1e3:.0f} ms old"
            for topic, age in self._oldest.items()
        }
