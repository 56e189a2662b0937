"""Parameters of policy_node."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vip_ros.config import option
from vip_ros.errors import UserError


@dataclass(frozen=True)
class PolicyNodeConfig:
    """Parameters of policy_node."""

    bundle: str = option("", "folder of the policy bundle")
    timeout: float = option(15.0, "s until a run ends by itself when its caller gives no time")
    max_age: float = option(0.5, "s after which the newest embedding or joint state is stale")
    stop_when_reached: bool = option(True, "end a run when the reward says that the goal is reached")
    reached_hold: float = option(0.3, "s for which the goal must stay reached")

    def __post_init__(self) -> None:
        """Refuse times that are none."""
        for name in ("timeout", "max_age"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise UserError(f"{name} is {value} s", "give a finite time above 0 s", "policy_node")
        if not (self.reached_hold >= 0 and math.isfinite(self.reached_hold)):
            raise UserError(
                f"reached_hold is {self.reached_hold} s", "give a finite time of at least 0 s", "policy_node"
            )
