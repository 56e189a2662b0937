"""A goal that is missing, so that no reward is recorded."""

from __future__ import annotations

from vip_teleop.checks import CHECKS, CheckLimits
from vip_teleop.sample import Sample

_REWARD_TYPE = "vip_interfaces/msg/Reward"
_PATIENCE = 2.0  # s until the first reward must have come


@CHECKS.register("missing_goal")
class MissingGoalCheck:
    """Rewards exist as soon as there is a goal."""

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._start_ns = start_ns
        self._seen = False

    def note(self, sample: Sample) -> None:
        """Look for a reward."""
        self._seen = self._seen or sample.type_name == _REWARD_TYPE

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Say that there is none."""
        if self._seen or (now_ns - self._start_ns) * 1e-9 < _PATIENCE:
            return {}
        return {"goal": "no goal is set: the episode has no rewards (they can be computed later)"}
