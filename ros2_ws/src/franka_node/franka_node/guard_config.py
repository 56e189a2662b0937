"""What a user may set on the guard; every value can only make it stricter than the robot's own limits."""

from __future__ import annotations

import dataclasses

from franka_node.workspace import WorkspaceConfig
from vip_ros.config import option
from vip_ros.errors import UserError


@dataclasses.dataclass(frozen=True)
class GuardConfig(WorkspaceConfig):
    """Margins, thresholds and timeouts of the guard, and the space that it keeps the arm in."""

    position_margin: float = option(0.01, "distance kept to the position limits, rad")
    velocity_scale: float = option(0.9, "share of the robot's joint velocities in use, (0, 1]")
    acceleration_scale: float = option(0.5, "share of the robot's joint accelerations in use, (0, 1]")
    jerk_scale: float = option(0.1, "share of the robot's joint jerks in use, (0, 1]")
    home_scale: float = option(0.25, "share of the velocity in use while homing, (0, 1]")
    start_threshold: float = option(0.35, "largest distance from the posture to a first action, rad")
    tracking_threshold: float = option(0.5, "largest distance between commanded and measured posture, rad")
    blend: float = option(0.05, "time kept free of new points when one chunk replaces another, s")
    start_blend: float = option(0.2, "the same when a motion starts from rest, s")
    max_action_age: float = option(0.5, "age of the image from which an action may still follow, s")
    max_input_age: float = option(1.0, "age of an image or embedding that still counts as live, s")
    future_tolerance: float = option(0.05, "how far ahead of the clock a stamp may lie, s")
    image_timeout: float = option(0.5, "longest gap between images while tracking a policy, s")
    embedding_timeout: float = option(0.5, "longest gap between embeddings while tracking a policy, s")
    action_timeout: float = option(0.5, "longest gap between action chunks while tracking, s")
    joint_state_timeout: float = option(0.2, "longest gap between joint states while moving, s")
    loop_timeout: float = option(0.5, "longest standstill of the control loop itself while moving, s")

    def __post_init__(self) -> None:
        super().__post_init__()
        scales = ("velocity_scale", "acceleration_scale", "jerk_scale", "home_scale")
        for name in scales:
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"guard {name} is {getattr(self, name)}", "give a share in (0, 1]")
        for name in GuardConfig.__annotations__:
            value = getattr(self, name)
            at_least_zero = name in ("position_margin", "blend", "start_blend", "future_tolerance")
            if not (value >= 0 if at_least_zero else value > 0) or value == float("inf"):
                raise UserError(f"guard {name} is {value}", "give a positive, finite number")
        if self.position_margin > 0.3:
            raise UserError(f"guard position_margin is {self.position_margin}", "give at most 0.3 rad")
