"""`vip urdf`: the arm's description, for robot_state_publisher and other programs that want a file."""

from __future__ import annotations

import argparse

NAME = "urdf"
HELP = "print the URDF of the arm and its hand"
EXAMPLE = "vip urdf --robot fr3 > arm.urdf && ros2 run robot_state_publisher robot_state_publisher arm.urdf"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--robot", default="fer", help="table of limits: fer (default), fr3, ...")
    parser.add_argument("--without-hand", action="store_true", help="only the arm")
    parser.add_argument("--without-meshes", action="store_true", help="boxes and cylinders only")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from franka_node.limits import LIMITS
    from franka_node.robot_chain import finger_names
    from franka_node.robot_description import urdf
    from vip_ros.resources import share_file

    limits = LIMITS.get(args.robot)
    fingers = () if args.without_hand else finger_names(limits.joint_names)
    print(urdf(limits, fingers, None if args.without_meshes else share_file("franka_node", "assets/panda")))
    return 0
