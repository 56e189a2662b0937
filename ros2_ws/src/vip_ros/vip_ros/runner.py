"""Running one node as a process: start, spin, signals, clean end, exit status."""

from __future__ import annotations

import re
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from vip_ros.errors import UserError
from vip_ros.executor import make_executor
from vip_ros.middleware import configure_middleware

if TYPE_CHECKING:
    from vip_ros.node import StackNode

# Longest wait between two looks at signals and fatal errors, s; each look costs an idle node its CPU.
_TICK = 0.25
# A terminal's Ctrl-C reaches a process twice when its parent passes it on too: that is one wish, s.
_SAME_WISH = 1.0
# Time between two attempts of a node that starts by itself, s.
_RETRY = 0.5


class _Signals:
    """SIGINT and SIGTERM ask for an end while the ROS context still lives, so that stop hooks can speak."""

    def __init__(self) -> None:
        self.asked = False
        self._at = 0.0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        if not self.asked:
            self.asked, self._at = True, time.monotonic()
        elif time.monotonic() - self._at > _SAME_WISH:  # a second one does not wait for the hooks
            raise KeyboardInterrupt


def run_node(node_class: type[StackNode], args: list[str] | None = None) -> int:
    """Run a node until SIGINT, SIGTERM or a fatal error; returns the exit status.

    0 after a clean end, 1 after an error of the program (with its traceback), 2 after a user's mistake
    (one line on stderr). The node's stop and teardown hooks run in every case.
    """
    configure_middleware()
    signals = _Signals()
    try:
        _init_ros(args)
        return _run(_made(node_class), signals)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        rclpy.try_shutdown()


def _init_ros(args: list[str] | None) -> None:
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RCLError as error:
        reason = _first_sentence(error).removeprefix("failed to initialize ")
        raise UserError("ROS cannot start", f"{reason}; check the --ros-args, HOME and ROS_LOG_DIR") from None


def _made(node_class: type[StackNode]) -> StackNode:
    try:
        return node_class()  # type: ignore[call-arg]
    except RCLError as error:
        raise UserError("the node cannot be made", _first_sentence(error)) from None


def _first_sentence(error: RCLError) -> str:
    """Return what is for the user: ROS appends the places in its own sources."""
    return " ".join(re.split(r", at /|\. Error: ", str(error))[0].split())


def _run(node: StackNode, signals: _Signals) -> int:
    executor = make_executor()
    executor.add_node(node)
    autostart = _Autostart(node) if node.get_parameter("autostart").value else None
    try:
        while not signals.asked and node.fatal is None and node.state != "finalized":
            _spin_once(node, executor)
            if autostart is not None and autostart.step():
                autostart = None
        return 0 if node.fatal is None else 1
    except ExternalShutdownException:
        return 0
    finally:
        _shut_down(node)
        executor.shutdown(timeout_sec=2.0)
        node.destroy_node()


def _spin_once(node: StackNode, executor: Executor) -> None:
    try:
        executor.spin_once(timeout_sec=_TICK)
    except (UserError, RCLError) as error:
        # A bad message or an invalid request must not end a node that moves a robot.
        mended = error if isinstance(error, UserError) else UserError(str(error))
        node.report(mended)


def _shut_down(node: StackNode) -> None:
    if node.state in ("unconfigured", "inactive", "active"):
        try:
            node.trigger_shutdown()
        except RCLError:
            traceback.print_exc()


class _Autostart:
    """Configures once, then activates as soon as the node's inputs are there."""

    def __init__(self, node: StackNode) -> None:
        self._node = node
        self._due = 0.0

    def step(self) -> bool:
        """Take the next transition when it is due; returns True when the node is active."""
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _RETRY
        if self._node.state == "unconfigured":
            self._node.trigger_configure()
            if self._node.state == "unconfigured":
                raise UserError(self._node.last_error)
            self._due = 0.0
            return False
        if self._node.state == "inactive":
            self._node.trigger_activate()
        return self._node.state == "active"
