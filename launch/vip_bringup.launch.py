"""The graph under ROS 2's launch system: ros2 launch vip_bringup vip_bringup.launch.py config:=default.

It reads the same description as `vip up` (vip_bringup/graph.py) and starts the same processes.
"""

from __future__ import annotations

import atexit
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, GroupAction, LogInfo, OpaqueFunction
from launch.events import Shutdown
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, SetRemap

from vip_bringup.child import tied_launcher
from vip_bringup.graph import Graph, NodeSpec, build_graph
from vip_bringup.graph_view import DESCRIPTION, view_remaps
from vip_bringup.rviz import rviz
from vip_bringup.stack import manager_arguments
from vip_ros.middleware import configure_middleware

RESTART_DELAY = 1.0
"""s between a node's death and its next start."""

ARGUMENTS = (
    ("config", "default", "YAML configuration, or the name of a shipped one: default, encode_live, real"),
    ("policy", "", "policy bundle; without one policy_node is left out"),
    ("source", "", "camera source: sim, a video, a folder of images, a device or a stream URL"),
    ("rviz", "false", "start RViz with the camera, the goal and the reward"),
)


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the graph is built when they are known."""
    declared = [DeclareLaunchArgument(name, default_value=v, description=text) for name, v, text in ARGUMENTS]
    return LaunchDescription([*declared, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    config, policy, source = (
        LaunchConfiguration(name).perform(context) for name in ("config", "policy", "source")
    )
    # Launch shows a UserError in one line and ends with a status that is not 0.
    graph = build_graph(config, policy=policy, source=source)
    configure_middleware()
    folder = Path(tempfile.mkdtemp(prefix="vip-launch-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    left_out = [LogInfo(msg=f"{name} is left out: {reason}") for name, reason in graph.left_out]
    nodes = [_node(spec, graph, folder) for spec in graph.nodes]
    return [*left_out, *nodes, _manager(graph), *_rviz(context, graph)]


def _node(spec: NodeSpec, graph: Graph, folder: Path) -> Node:
    stays = spec.on_exit == "restart"
    return Node(
        executable=sys.executable,
        arguments=["-m", spec.module],
        name=spec.name,
        exec_name=spec.name,
        prefix=_tied_to_launch(),
        namespace=graph.namespace or None,
        parameters=[str(spec.write_parameters(folder))],
        remappings=list(spec.remaps.items()),
        output="screen",
        respawn=stays,
        respawn_delay=RESTART_DELAY,
        on_exit=None if stays else EmitEvent(event=Shutdown(reason=f"{spec.name} ended")),
    )


def _manager(graph: Graph) -> Node:
    words = manager_arguments(graph, lock=True)
    return Node(
        executable=sys.executable,
        arguments=words,
        exec_name="manager",
        prefix=_tied_to_launch(),
        output="screen",
        on_exit=EmitEvent(event=Shutdown(reason="the lifecycle manager ended")),
    )


def _rviz(context: LaunchContext, graph: Graph) -> list[LaunchDescriptionEntity]:
    shown = rviz(context)
    others = any(spec.parameters.get("driver") == "ros2_control" for spec in graph.nodes)
    remaps = view_remaps(graph.namespace, f"/{DESCRIPTION}" if others else "")
    # A group of its own: the stack's nodes keep their names.
    return [GroupAction([*(SetRemap(*pair) for pair in remaps.items()), *shown])] if shown else []


def _tied_to_launch() -> str:
    """Return a command prefix by which a process ends when the launch process dies, however it dies."""
    return shlex.join(tied_launcher())
