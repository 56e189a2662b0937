"""Managers of one ROS domain see each other: of two with a node in common the one that came later gives way.

Parts of one stack on several machines manage different nodes, and do not mind each other.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from vip_ros.errors import UserError

TOPIC = "vip_manager/presence"


@dataclass(frozen=True, order=True)
class Identity:
    """Who a manager is; the smaller one was there first.

    Attributes:
        since: ns since the epoch at which it started.
        key: unique text.
        nodes: names of the nodes that it manages, sorted.
        place: process and host, for people.
    """

    since: int
    key: str
    nodes: tuple[str, ...]
    place: str

    @classmethod
    def own(cls, nodes: Iterable[str]) -> Identity:
        """Return a new identity of this process."""
        place = f"process {os.getpid()} on {socket.gethostname()}"
        return cls(time.time_ns(), uuid.uuid4().hex, tuple(sorted(nodes)), place)

    def gives_way_to(self, other: Identity) -> bool:
        """Tell whether another manager was there before with a node that is also this one's."""
        return other < self and not set(self.nodes).isdisjoint(other.nodes)

    def to_text(self) -> str:
        """Return the text that travels."""
        return f"{self.since} {self.key} {','.join(self.nodes)} {self.place}"

    @classmethod
    def from_text(cls, text: str) -> Identity:
        """Read a text that travelled; raises ValueError when it is none."""
        since, key, nodes, place = text.split(" ", 3)
        return cls(int(since), key, tuple(nodes.split(",")), place)


class Presence:
    """Announces a manager to all that come later, and listens to those that were there before.

    A dead manager's announcement is not delivered: latched messages live with their writer.
    """

    def __init__(self, node: Node, managed: Iterable[str]) -> None:
        self.identity = Identity.own(managed)
        self.predecessor: Identity | None = None
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._publisher = node.create_publisher(String, TOPIC, latched)
        self._subscription = node.create_subscription(String, TOPIC, self._on_presence, latched)
        self._publisher.publish(String(data=self.identity.to_text()))

    def check(self) -> None:
        """Raise UserError once a manager that was there before has been heard of."""
        if self.predecessor is not None:
            raise UserError(
                f"another stack is already running on this ROS domain ({self.predecessor.place})",
                "stop it first, or choose another domain with ROS_DOMAIN_ID",
            )

    def _on_presence(self, message: String) -> None:
        try:
            other = Identity.from_text(message.data)
        except ValueError:
            return
        if self.identity.gives_way_to(other):
            self.predecessor = other
