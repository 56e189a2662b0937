"""The lifecycle manager: a node that brings the other nodes to active, in order, and back after a restart."""

from __future__ import annotations

import signal
import sys
import time
from functools import partial
from threading import Event
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Log
from rclpy.client import Client
from rclpy.exceptions import ParameterUninitializedException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions

from vip_bringup.lock import DomainLock
from vip_bringup.presence import Presence
from vip_bringup.transitions import ACTIVE, BringUp, Patience
from vip_ros.errors import UserError
from vip_ros.executor import make_executor
from vip_ros.middleware import configure_middleware

NODE_NAME = "vip_manager"
READY = "stack is active"
"""The line that the manager prints when every node is active."""

TICK = 0.1  # s
POLL_BRINGING_UP, POLL_WATCHING = 0.2, 1.0  # s between two questions for a node's state
ANSWER_LIMIT = 3.0  # s after which a question for a node's state counts as lost
OTHER_STACK_TIME = 0.7  # s in which another manager may be heard of before any node is touched

_TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
}


class _Link:
    """The two lifecycle clients of one managed node, and the question under way."""

    def __init__(self, node: Node, name: str) -> None:
        self.get_state: Client = node.create_client(GetState, f"{name}/get_state")
        self.change_state: Client = node.create_client(ChangeState, f"{name}/change_state")
        self.question: Any = None
        self.asked_at = 0.0

    def forget_question(self) -> None:
        """Drop the question under way: it was lost, or its answer would tell of a state that has passed."""
        if self.question is not None:
            self.get_state.remove_pending_request(self.question)
        self.question = None


class Manager(Node):
    """Brings nodes up; parameters: nodes (names in the order of activation), lock (take the domain's lock).

    Raises:
        UserError: no nodes are named, or another stack runs on this domain.
    """

    def __init__(self) -> None:
        super().__init__(NODE_NAME)
        self.declare_parameter("nodes", rclpy.Parameter.Type.STRING_ARRAY)
        self.declare_parameter("lock", True)
        try:
            names = list(self.get_parameter("nodes").value)
        except ParameterUninitializedException:
            raise UserError(f"{NODE_NAME} has no nodes to manage", "set its parameter nodes") from None
        self._lock = DomainLock() if self.get_parameter("lock").value else None
        self._presence = Presence(self, names)
        self._begin = time.monotonic()
        self._links = {name: _Link(self, name) for name in names}
        self._ready = False
        self.bring_up = BringUp(names, Patience(), self._begin)
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Log, "/rosout", self._on_log, latched)
        self.create_timer(TICK, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        self._presence.check()
        if now - self._begin < OTHER_STACK_TIME:
            return
        for name, link in self._links.items():
            self._ask_state(name, link, now)
        for name, transition in self.bring_up.due(now):
            self._request(name, transition, now)
        for severity, text in self.bring_up.lines():
            # One call site per severity: rclpy ties a logger's call site to its severity.
            if severity == "warn":
                self.get_logger().warning(text)
            else:
                self.get_logger().info(text)
        if self.bring_up.complete and not self._ready:
            self._ready = True
            count, seconds = len(self._links), now - self._begin
            self.get_logger().info(f"{READY} ({count} nodes, {seconds:.1f} s)")
        if self.bring_up.failure:
            raise UserError(self.bring_up.failure)

    def _ask_state(self, name: str, link: _Link, now: float) -> None:
        if link.question is not None and now - link.asked_at > ANSWER_LIMIT:
            link.forget_question()
        settled = self.bring_up.tracks[name].state == ACTIVE
        interval = POLL_WATCHING if settled else POLL_BRINGING_UP
        if link.question is None and now - link.asked_at >= interval and link.get_state.service_is_ready():
            link.asked_at = now
            link.question = link.get_state.call_async(GetState.Request())
            link.question.add_done_callback(partial(self._on_state, name))

    def _on_state(self, name: str, future: Any) -> None:
        link = self._links[name]
        if link.question is not future:
            return
        link.question = None
        if future.exception() is None:
            self.bring_up.observe(name, future.result().current_state.label, time.monotonic())

    def _request(self, name: str, transition: str, now: float) -> None:
        link = self._links[name]
        if not link.change_state.service_is_ready():
            return
        link.forget_question()
        self.bring_up.requested(name, transition, now)
        request = ChangeState.Request(transition=Transition(id=_TRANSITIONS[transition]))
        link.change_state.call_async(request).add_done_callback(partial(self._on_changed, name, now))

    def _on_changed(self, name: str, requested_at: float, future: Any) -> None:
        track = self.bring_up.tracks[name]
        if future.exception() is not None or track.pending_since != requested_at:
            return
        success = bool(future.result().success)
        if success or track.reason:
            self._answered(name, success)
            return
        # The reason travels on another topic than the answer: let it arrive.
        timer = self.create_timer(0.3, lambda: self._answer_late(name, requested_at, timer))

    def _answer_late(self, name: str, requested_at: float, timer: Any) -> None:
        self.destroy_timer(timer)
        if self.bring_up.tracks[name].pending_since == requested_at:
            self._answered(name, False)

    def _answered(self, name: str, success: bool) -> None:
        self._links[name].forget_question()
        self.bring_up.answered(name, success, time.monotonic())

    def _on_log(self, message: Log) -> None:
        severity = message.level if isinstance(message.level, int) else message.level[0]
        error = Log.ERROR if isinstance(Log.ERROR, int) else Log.ERROR[0]
        if severity >= error:
            self.bring_up.complained(message.name.rsplit(".", 1)[-1], message.msg)


def main() -> int:
    """Run the manager; returns 0 after an orderly end, 2 after what the user can mend."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    configure_middleware()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        executor = make_executor()
        manager = Manager()
        executor.add_node(manager)
        while not stop.is_set():
            executor.spin_once(timeout_sec=TICK)
    except UserError as error:
        print(f"[ERROR] {error}", file=sys.stderr, flush=True)
        return 2
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
