"""Look at a running stack: ros2 launch vip_bringup monitor.launch.py, on the robot's computer or another one.

RViz shows the arm, the camera, the goal and the reward; dashboard:=true serves `vip monitor` beside it.
"""

from __future__ import annotations

import sys

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration

from vip_bringup.rviz import rviz
from vip_ros.middleware import configure_middleware

ARGUMENTS = (
    ("rviz", "true", "start RViz"),
    ("dashboard", "false", "serve the dashboard for browsers of this machine"),
    ("port", "8080", "TCP port of the dashboard"),
)


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments and what they switch on."""
    configure_middleware()
    declared = [DeclareLaunchArgument(name, default_value=v, description=text) for name, v, text in ARGUMENTS]
    command = [sys.executable, "-m", "vip_bringup.cli", "monitor", "--port", LaunchConfiguration("port")]
    dashboard = ExecuteProcess(
        cmd=command, output="screen", condition=IfCondition(LaunchConfiguration("dashboard"))
    )
    return LaunchDescription([*declared, OpaqueFunction(function=rviz), dashboard])
