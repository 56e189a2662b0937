"""Parameters of policy_node."""

from __future__ import annotations

from dataclasses import dataclass

from vip_ros.config import option


@dataclass(frozen=True)
class PolicyNodeConfig:
    """Parameters of policy_node."""

    bundle: str = option("", "folder of the policy bundle")
    timeout: float = option(15.0, "s until a run ends by itself when its caller gives no time")
    max_age: float = option(0.5, "s after which the newest embedding or joint state is stale")
    stop_when_reached: bool = option(True, "end a run when the reward says that the goal is reached")
    reached_hold: float = option(0.3, "s for which the goal must stay reached")
