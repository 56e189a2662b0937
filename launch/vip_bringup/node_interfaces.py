"""What the nodes publish, hear and serve: each is started in this process, alone, and asked."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rclpy
from rclpy.action import get_action_server_names_and_types_by_node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from vip_bringup.still_policy import write_still_policy
from vip_ros.config import load_yaml
from vip_ros.errors import InternalError
from vip_ros.middleware import configure_middleware
from vip_ros.node import StackNode
from vip_ros.resources import share_file

# What rclpy and the lifecycle give every node.
_COMMON_PACKAGES = ("rcl_interfaces", "lifecycle_msgs", "type_description_interfaces")
# Offered only where tf2_msgs is installed.
_OPTIONAL = ("/tf", "/tf_static")
# A domain that no stack runs in, and no discovery: the nodes are alone.
_DOMAIN = 101
# Devices that hear topics of their own.
_DEVICES = ("scripted", "joy", "spacemouse", "leader")


@dataclass(frozen=True)
class Topic:
    """A topic with the type of its messages, and who is at its ends."""

    type: str
    qos: str
    publishers: set[str] = field(default_factory=set)
    subscribers: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Interfaces:
    """What the nodes offer: names as in the graph, without the leading slash.

    Attributes:
        topics: by name.
        services: name → type.
        actions: name → type.
    """

    topics: dict[str, Topic] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)

    def note(self, node: str, kind: Any, name: str, qos: Any, publishes: bool) -> None:
        """Keep one end of a topic."""
        if kind.__module__.partition(".")[0] in _COMMON_PACKAGES or name in _OPTIONAL:
            return
        topic = self.topics.setdefault(_plain(name), Topic(_type(kind), _quality(qos)))
        (topic.publishers if publishes else topic.subscribers).add(node)

    def note_service(self, node: str, kind: Any, name: str) -> None:
        """Keep a service."""
        if kind.__module__.partition(".")[0] not in _COMMON_PACKAGES:
            self.services[_plain(name.replace("~", node))] = _type(kind)


def ask_nodes(folder: Path) -> Interfaces:
    """Start every node of the shipped graph, one after the other, and return what they offer.

    Args:
        folder: an empty one for what the nodes need on disk.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "OFF"
    configure_middleware()
    found = Interfaces()
    entries = load_yaml(share_file("vip_bringup", "config/default.yaml"))["graph"]["nodes"]
    for name, entry in entries.items():
        for parameters in _runs(name, folder):
            _ask(name, node_class(entry["module"]), parameters, found)
    return found


def node_class(module: str) -> type[StackNode]:
    """Import a node's module and return its class."""
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, type) and issubclass(value, StackNode) and value.__module__ == module:
            return value
    raise InternalError(f"{module} has no StackNode")


def _runs(name: str, folder: Path) -> list[dict[str, str]]:
    """Return the parameters to start a node with; several where different ones bring different topics."""
    if name in ("recorder_node", "overlay_node"):
        return [{"directory": str(folder / "episodes")}]
    if name == "policy_node":
        return [{"bundle": str(write_still_policy(folder / "policy", "any@000000000000", 4))}]
    if name == "teleop_node":
        return [{"device": device} for device in _DEVICES]
    return [{}]


def _ask(name: str, cls: type[StackNode], parameters: Mapping[str, str], found: Interfaces) -> None:
    words = [word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")]
    rclpy.init(args=["--ros-args", *words], domain_id=_DOMAIN)
    try:
        made: Any = _noting(name, cls, found)
        node: StackNode = made()
        node.trigger_configure()
        # Without others it may not become active, but it has tried to listen.
        node.trigger_activate()
        for action, types in get_action_server_names_and_types_by_node(node, name, "/"):
            found.actions[_plain(action)] = types[0].replace("/action/", "/")
        if node.state == "active":
            node.trigger_deactivate()
        node.trigger_cleanup()
        node.destroy_node()
    finally:
        rclpy.shutdown()


def _noting(name: str, cls: type[StackNode], found: Interfaces) -> type[StackNode]:
    """Return the node's class, made to note what it creates."""

    class Noting(cls):  # type: ignore[misc, valid-type]
        def create_publisher(self, msg_type: Any, topic: str, qos_profile: Any, **kwargs: Any) -> Any:
            found.note(name, msg_type, topic, qos_profile, publishes=True)
            return super().create_publisher(msg_type, topic, qos_profile, **kwargs)

        def create_subscription(
            self, msg_type: Any, topic: str, callback: Any, qos_profile: Any, **kwargs: Any
        ) -> Any:
            if not kwargs.get("raw"):  # the recorder takes what there is
                found.note(name, msg_type, topic, qos_profile, publishes=False)
            return super().create_subscription(msg_type, topic, callback, qos_profile, **kwargs)

        def create_service(self, srv_type: Any, srv_name: str, callback: Any, **kwargs: Any) -> Any:
            found.note_service(name, srv_type, srv_name)
            return super().create_service(srv_type, srv_name, callback, **kwargs)

    return Noting


def _plain(name: str) -> str:
    return name if name == "/diagnostics" else name.removeprefix("/")


def _type(kind: Any) -> str:
    return f"{kind.__module__.partition('.')[0]}/{kind.__name__}"


def _quality(qos: Any) -> str:
    if not isinstance(qos, QoSProfile):
        return f"reliable, {qos}"
    if qos.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        return f"latched, {qos.depth}"
    way = "best effort" if qos.reliability == ReliabilityPolicy.BEST_EFFORT else "reliable"
    return f"{way}, {qos.depth}"
