"""A node that spins in a thread of its own, for programs that watch a graph or feed it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TypeVar

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException

from vip_ros.executor import make_executor
from vip_ros.middleware import configure_middleware

# Longest wait between two looks at whether to end, and for the thread's end, s.
_TICK, _LIMIT = 0.1, 30.0
S = TypeVar("S", bound="SpinningNode")


class SpinningNode:
    """A node with a ROS context and a thread; use as a context manager, or close it.

    Attributes:
        node: the node.
        changed: what the node's callbacks notify and others wait for.

    Args:
        name: of the node and of its thread.
        namespace: of the node; "": none.
        domain: ROS domain; None: that of the environment.
    """

    def __init__(self, name: str, namespace: str = "", domain: int | None = None) -> None:
        configure_middleware()
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = rclpy.create_node(name, namespace=namespace or None, context=self._context)
        self.changed = threading.Condition()
        self._executor = make_executor(context=self._context)
        self._executor.add_node(self.node)
        self._running = True
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)
        self._thread.start()

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop spinning and leave the graph."""
        self._running = False
        self._thread.join(_LIMIT)
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _spin(self) -> None:
        while self._running:
            try:
                self._turn()
            except ExternalShutdownException:
                return

    def _turn(self) -> None:
        """Do one round of what the thread does, within a tick."""
        self._executor.spin_once(timeout_sec=_TICK)
