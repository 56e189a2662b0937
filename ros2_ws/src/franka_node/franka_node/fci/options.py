"""The parameters of the drivers that speak to Franka's control interface."""

from __future__ import annotations

import dataclasses

from vip_ros.config import option
from vip_ros.errors import UserError


@dataclasses.dataclass(frozen=True)
class FciOptions:
    """Where the robot is, how stiffly it follows and what counts as a collision."""

    robot_ip: str = option("172.16.0.2", "franky, panda_py: the robot's address")
    hand: bool = option(True, "franky, panda_py: whether a Franka hand is mounted")
    stiffness_scale: float = option(1.0, "franky, panda_py: share of the joint stiffness, (0, 1]")
    collision_torque: float = option(20.0, "franky, panda_py: joint torque that counts as a collision, Nm")
    collision_force: float = option(20.0, "franky, panda_py: force that counts as a collision, N")

    def __post_init__(self) -> None:
        if not 0 < self.stiffness_scale <= 1:
            raise UserError(f"stiffness_scale is {self.stiffness_scale:g}", "give a share in (0, 1]")
        if not (0 < self.collision_torque <= 100 and 0 < self.collision_force <= 100):
            raise UserError("a collision threshold is not within 0 to 100", "give Nm and N")
