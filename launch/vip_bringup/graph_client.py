"""A client of the running graph: spins in a thread, calls services, waits for what topics say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from vip_ros.errors import UserError
from vip_ros.executor import make_executor

SERVICE_LIMIT = 15.0
"""s until a service of the running stack must have answered."""


def join_graph(namespace: str = "") -> None:
    """Start the middleware for a command; SIGTERM is left to the command, which tidies up.

    Args:
        namespace: ROS namespace of the command's nodes: that of the stack, "" or "/name".
    """
    arguments = ["--ros-args", "-r", f"__ns:={namespace}"] if namespace else []
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.SIGINT)


class GraphClient(Node):
    """Base of the programs that use the graph as a person's script would.

    Args:
        name: node name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._spinner = make_executor()
        self._spinner.add_node(self)
        self._spin_thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def begin(self) -> None:
        """Start to spin, after all subscriptions are made."""
        self._spin_thread.start()

    def close(self) -> None:
        """Stop spinning and leave the graph."""
        self._spinner.shutdown()
        self._spin_thread.join(timeout=5)
        self.destroy_node()

    def ask(self, client: Any, request: Any, limit: float = SERVICE_LIMIT) -> Any:
        """Call a service and return its response; raises UserError when it is not there or silent."""
        name = client.srv_name.lstrip("/")
        if not client.wait_for_service(timeout_sec=limit):
            raise UserError(f"no service {name}", "is the stack up? see its log")
        return self.result_of(client.call_async(request), name, limit)

    def result_of(self, future: Any, name: str, limit: float = SERVICE_LIMIT) -> Any:
        """Wait for a future's result; raises UserError that names who was asked after the limit, s."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if not done.wait(limit):
            raise UserError(f"{name} did not answer within {limit:.0f} s", "see the stack's log")
        return future.result()

    def demand(self, client: Any, request: Any, limit: float = SERVICE_LIMIT) -> Any:
        """Call a service that must not refuse; raises UserError with the reason when it does."""
        response = self.ask(client, request, limit)
        if not response.success:
            name = client.srv_name.lstrip("/")
            raise UserError(f"{name} refused: {response.message}", "see the stack's log")
        return response

    def wait_until(self, condition: Callable[[], bool], complaint: str, limit: float = SERVICE_LIMIT) -> None:
        """Wait until a condition on what was heard holds; raises UserError after the limit, s."""
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise UserError(f"{complaint} within {limit:.0f} s", "see the stack's log")
            time.sleep(0.02)

    def _spin(self) -> None:
        try:
            self._spinner.spin()
        except ExternalShutdownException:
            return
