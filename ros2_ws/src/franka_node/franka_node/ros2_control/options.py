"""The parameters of the ros2_control driver."""

from __future__ import annotations

import dataclasses

from vip_ros.config import option


@dataclasses.dataclass(frozen=True)
class Ros2ControlOptions:
    """Names of what franka_ros2 brings up; an empty name leaves that part out."""

    controller: str = option(
        "joint_trajectory_controller",
        "ros2_control: kind of the controller that follows, joint_trajectory_controller or "
        "forward_command_controller (position)",
    )
    command_topic: str = option("", "ros2_control: the controller's topic; empty: its usual name")
    measured_topic: str = option("/franka/joint_states", "ros2_control: measured joint states")
    gripper_topic: str = option("/franka_gripper/joint_states", "ros2_control: measured finger joints")
    gripper_action: str = option(
        "/franka_gripper/gripper_action", "ros2_control: control_msgs/GripperCommand; empty: no gripper"
    )
    error_recovery: str = option(
        "/action_server/error_recovery", "ros2_control: franka_msgs/ErrorRecovery; empty: no such step"
    )
    controller_manager: str = option(
        "/controller_manager", "ros2_control: who activates hardware and controller again; empty: nobody"
    )
    hardware_component: str = option("FrankaHardwareInterface", "ros2_control: what is activated again")
    broadcasters: list[str] = option(
        ["joint_state_broadcaster"], "ros2_control: controllers that are activated again with ours"
    )
