"""Look at a running stack: ros2 launch vip_bringup monitor.launch.py, on the robot's computer or another one.

RViz shows the arm, the camera, the goal and the reward; dashboard:=true serves `vip monitor` beside it.
For a stack in a namespace: namespace:=/vip, and beside franka_ros2 description:=/robot_description.
"""

from __future__ import annotations

import sys

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import SetRemap

from vip_bringup.graph_view import view_remaps
from vip_bringup.rviz import rviz
from vip_ros.middleware import configure_middleware

ARGUMENTS = (
    ("rviz", "true", "start RViz"),
    ("dashboard", "false", "serve the dashboard for browsers of this machine"),
    ("port", "8080", "TCP port of the dashboard"),
    ("namespace", "", "ROS namespace of the stack, such as /vip"),
    ("description", "", "RViz: topic of the robot's description; empty: the stack's own"),
)


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and what they switch on."""
    configure_middleware()
    declared = [DeclareLaunchArgument(name, default_value=v, description=text) for name, v, text in ARGUMENTS]
    command = [sys.executable, "-m", "vip_bringup.cli", "monitor", "--port", LaunchConfiguration("port")]
    command += ["--namespace", LaunchConfiguration("namespace")]
    dashboard = ExecuteProcess(
        cmd=command, output="screen", condition=IfCondition(LaunchConfiguration("dashboard"))
    )
    return LaunchDescription([*declared, OpaqueFunction(function=_rviz), dashboard])


def _rviz(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    namespace, description = (
        LaunchConfiguration(name).perform(context) for name in ("namespace", "description")
    )
    remaps = view_remaps(namespace, description)
    return [*(SetRemap(source, target) for source, target in remaps.items()), *rviz(context)]
