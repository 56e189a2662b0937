"""What a button of a device asks of other nodes: their trigger services, called without waiting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from std_srvs.srv import Trigger
from vip_interfaces.msg import RecorderState

from vip_ros.qos import LATCHED
from vip_teleop.intent import DISCARD, FAILURE, HAND_BACK, HOME, KEEP, RESET, START, SUCCESS

SERVICES = {
    RESET: "franka_node/reset",
    HOME: "franka_node/home",
    HAND_BACK: "franka_node/hand_back",
    START: "recorder_node/start_now",
    "stop": "recorder_node/stop",
    SUCCESS: "recorder_node/mark_success",
    FAILURE: "recorder_node/mark_failure",
    KEEP: "recorder_node/keep",
    DISCARD: "recorder_node/discard",
}


class Errands:
    """Calls the services that buttons stand for and tells what they answered.

    Args:
        node: whose clients they are.
        tell: takes one line per answer.

    Attributes:
        recorder: the recorder's newest state, where there is one.
    """

    def __init__(self, node: Any, tell: Callable[[str], None]) -> None:
        self._node, self._tell = node, tell
        self._clients = {button: node.create_client(Trigger, name) for button, name in SERVICES.items()}
        self.recorder: RecorderState | None = None
        self._ear = node.create_subscription(RecorderState, "vip/recorder_state", self._on_recorder, LATCHED)

    def run(self, button: str) -> None:
        """Call the service of a button; one that stands for none is passed over."""
        recording = self.recorder is not None and self.recorder.state == RecorderState.RECORDING
        name = "stop" if button == START and recording else button
        client = self._clients.get(name)
        if client is None:
            return
        if not client.service_is_ready():
            self._tell(f"{SERVICES[name]} is not there")
            return
        client.call_async(Trigger.Request()).add_done_callback(partial(self._answered, SERVICES[name]))

    def close(self) -> None:
        """Give clients and subscription back."""
        while self._clients:
            self._node.destroy_client(self._clients.popitem()[1])
        self._node.destroy_subscription(self._ear)

    def _answered(self, service: str, future: Any) -> None:
        if future.cancelled() or future.exception() is not None:
            self._tell(f"{service} gave no answer")
            return
        answer = future.result()
        self._tell(f"{service}: {'' if answer.success else 'refused: '}{answer.message}")

    def _on_recorder(self, message: RecorderState) -> None:
        self.recorder = message
