"""The parameters of franka_node."""

from __future__ import annotations

import dataclasses

from franka_node.drivers.base import DriverConfig
from franka_node.guard_config import GuardConfig
from vip_ros.config import option
from vip_ros.errors import UserError


@dataclasses.dataclass(frozen=True)
class FrankaConfig(GuardConfig, DriverConfig):
    """Driver, robot and rates; the guard's and the driver's own parameters stand beside them."""

    driver: str = option("simulated", "how the robot is reached")
    description: bool = option(
        True, "publish robot_description and TF (never with ros2_control, which has its own)"
    )
    image_topic: str = option("camera/camera_info", "whose stamps show that the camera lives")

    def __post_init__(self) -> None:
        GuardConfig.__post_init__(self)
        DriverConfig.__post_init__(self)
        if not 20 <= self.rate <= 1000:
            raise UserError(f"rate is {self.rate:g} Hz", "give 20 to 1000 Hz", "franka_node")
