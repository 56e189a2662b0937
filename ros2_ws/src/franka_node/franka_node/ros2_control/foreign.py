"""Message types of franka_ros2 and ros2_control, which are there only beside them."""

from __future__ import annotations

import importlib
from typing import Any

from vip_ros.errors import UserError

# ROS package → Debian package behind "ros-$ROS_DISTRO-", or where it comes from.
_SOURCES = {
    "control_msgs": "apt install ros-$ROS_DISTRO-control-msgs",
    "controller_manager_msgs": "apt install ros-$ROS_DISTRO-controller-manager-msgs",
    "franka_msgs": "build franka_ros2 and source its install/setup.bash",
}


def interface(package: str, kind: str, name: str, parameter: str) -> Any:
    """Return a type of a ROS package: its kind is msg, srv or action.

    Raises:
        UserError: its package is not installed; names the parameter that does without it.
    """
    try:
        return getattr(importlib.import_module(f"{package}.{kind}"), name)
    except (ImportError, AttributeError):
        cure = f"{_SOURCES[package]}, or set {parameter} to '' to do without"
        raise UserError(f"{package}/{kind}/{name} is not installed", cure, parameter) from None
