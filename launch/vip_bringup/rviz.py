"""RViz as part of a launch description; only ROS 2's launch system imports this."""

from __future__ import annotations

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.conditions import IfCondition
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from vip_ros.errors import UserError
from vip_ros.resources import share_file


def rviz(context: LaunchContext) -> list[Node]:
    """Return RViz with the stack's view, where the launch argument `rviz` asks for it.

    Raises:
        UserError: it is asked for and not installed; launch itself would start the rest and then break off.
    """
    if not IfCondition(LaunchConfiguration("rviz")).evaluate(context):
        return []
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        mend = "sudo apt-get install ros-$ROS_DISTRO-rviz2, or rviz:=false; vip monitor needs no ROS"
        raise UserError("RViz is not installed", mend, "rviz2") from None
    view = str(share_file("vip_bringup", "rviz/vip.rviz"))
    return [Node(package="rviz2", executable="rviz2", arguments=["-d", view])]
