"""A second node with a thread of its own, for a driver that must hear the robot at any time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from vip_ros.executor import make_executor

# Longest wait between two looks at whether to end, s.
_TICK = 0.1


class SideNode:
    """Spins beside a node: what it hears needs no turn in that node's executor, even within a callback.

    Args:
        owner: the node it belongs to; its namespace, context and remaps hold here too.
    """

    def __init__(self, owner: Node) -> None:
        self._owner = owner
        self.node = rclpy.create_node(
            f"{owner.get_name()}_driver",
            namespace=owner.get_namespace(),
            context=owner.context,
            use_global_arguments=False,  # "-r __node:=" would give it the owner's name
            start_parameter_services=False,
        )
        self._executor = make_executor(context=owner.context)
        self._executor.add_node(self.node)
        self._running = True
        self._thread = threading.Thread(target=self._spin, name="robot driver", daemon=True)
        self._thread.start()

    def name_of(self, topic: str) -> str:
        """Return the full name of a topic, the owner's remaps applied."""
        return self._owner.resolve_topic_name(topic)

    def call_soon(self, work: Callable[[], Any]) -> None:
        """Run work in the side node's thread; action clients of rclpy are safe there only."""
        self._executor.create_task(work)

    def close(self) -> None:
        """Leave the graph."""
        self._running = False
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()

    def _spin(self) -> None:
        while self._running:
            try:
                self._executor.spin_once(timeout_sec=_TICK)
            except ExternalShutdownException:
                return
