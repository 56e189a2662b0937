"""The few quality-of-service profiles every topic of the stack uses."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(reliability: ReliabilityPolicy, durability: DurabilityPolicy, depth: int) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, durability=durability
    )


# The hot path: only the newest sample matters, a late one is dropped.
SENSOR = _profile(ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE, 1)
RELIABLE_10 = _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 10)
# For who reads some times a second what comes faster.
RELIABLE_50 = _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 50)
RELIABLE_1 = _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 1)
# State: whoever joins late gets the last value.
LATCHED = _profile(ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL, 1)
