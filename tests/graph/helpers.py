"""Starting real node processes and watching them from a test (import as graph.helpers)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy

from vip_ros.qos import RELIABLE_10
from vip_ros.spinning_node import SpinningNode

# Hears sensor data and keeps it, so that a busy machine loses nothing on the listener's side.
DEEP = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)

# Limits, not delays: generous, because both cores may be busy.
LIMIT = 30.0

_TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
}
_REACHED = {
    "configure": "inactive",
    "activate": "active",
    "deactivate": "inactive",
    "cleanup": "unconfigured",
}
# A server that has not discovered the caller's reader within 0.1 s throws its answer away: ask again.
_PATIENCE = 5.0


class UnansweredError(AssertionError):
    """A service that is there gave no answer in time."""


class Probe(SpinningNode):
    """A node spinning in a thread: keeps what it hears, publishes, calls services.

    Use as a context manager, inside the ros_domain fixture. Message lists may be read at any time.
    """

    def __init__(self, name: str = "probe", namespace: str = "") -> None:
        self._clients: dict[str, Any] = {}
        super().__init__(name, namespace, int(os.environ.get("ROS_DOMAIN_ID", "0")))

    def subscribe(
        self, kind: Any, topic: str, qos: Any, callback: Callable[[Any], None] | None = None
    ) -> list[Any]:
        """Subscribe and return the list that grows with each message (callback runs first)."""
        messages: list[Any] = []

        def keep(message: Any) -> None:
            if callback is not None:
                callback(message)
            with self.changed:
                messages.append(message)
                self.changed.notify_all()

        self.node.create_subscription(kind, topic, keep, qos)
        return messages

    def publisher(self, kind: Any, topic: str, qos: Any) -> Any:
        """Return a publisher on the probe's node."""
        return self.node.create_publisher(kind, topic, qos)

    def wait_for(self, predicate: Callable[[], Any], timeout: float = LIMIT, what: str = "") -> Any:
        """Return predicate()'s first true value, asked at each message and every 50 ms; fail at the limit."""
        end = time.monotonic() + timeout
        with self.changed:
            while not (value := predicate()):
                if time.monotonic() > end:
                    raise AssertionError(f"waited {timeout} s for {what or 'a condition'}")
                self.changed.wait(0.05)
        return value

    def wait_matched(self, publisher: Any, count: int = 1, timeout: float = LIMIT) -> None:
        """Wait until count subscriptions are matched with a publisher of this probe."""
        self.wait_for(
            lambda: publisher.get_subscription_count() >= count, timeout, f"a match on {publisher.topic_name}"
        )

    def call(self, kind: Any, service: str, request: Any | None = None, timeout: float = LIMIT) -> Any:
        """Call a service and return its response."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self.node.create_client(kind, service)
        if not client.wait_for_service(LIMIT):
            raise AssertionError(f"no service {service} within {LIMIT} s")
        future = client.call_async(kind.Request() if request is None else request)
        try:
            self.wait_for(future.done, timeout, f"an answer of {service}")
        except AssertionError as error:
            raise UnansweredError(str(error)) from None
        return future.result()

    def ask(self, kind: Any, service: str, request: Any | None = None, timeout: float = LIMIT) -> Any:
        """Call a service that may be called twice, again and again until it answers."""
        end = time.monotonic() + timeout
        while True:
            try:
                return self.call(kind, service, request, min(_PATIENCE, timeout))
            except UnansweredError:
                if time.monotonic() > end:
                    raise

    def statuses(self) -> Callable[[str], dict[str, Any] | None]:
        """Listen to /diagnostics; the returned function gives the newest status of a name."""
        newest: dict[str, dict[str, Any]] = {}

        def note(message: DiagnosticArray) -> None:
            for status in message.status:
                values = {pair.key: pair.value for pair in status.values}
                newest[status.name] = {"level": status.level, "message": status.message, **values}

        self.subscribe(DiagnosticArray, "/diagnostics", RELIABLE_10, note)
        return newest.get


class NodeProcess:
    """One node as a process of its own: `python -m module` with parameters and remaps.

    Args:
        module: dotted name of the node's module.
        params: its parameters.
        remaps: topic remaps, from → to.
        name: name of the node in the graph.
        env: environment variables on top of this process's.
        command: run this instead of `-m module`, e.g. the path of a script.
    """

    def __init__(
        self,
        module: str,
        params: Mapping[str, Any] | None = None,
        remaps: Mapping[str, str] | None = None,
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.name = name or module.rsplit(".", 1)[-1]
        self._folder = tempfile.TemporaryDirectory()
        log = Path(self._folder.name) / "output.txt"
        arguments = ["--ros-args", "-r", f"__node:={self.name}", *self._params_file(params or {})]
        for source, target in (remaps or {}).items():
            arguments += ["-r", f"{source}:={target}"]
        self._log = log
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, *(command or ["-m", module]), *arguments],
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            )

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
        if exc[0] is not None:
            print(f"--- output of {self.name} ---\n{self.output}")
        self._folder.cleanup()

    @property
    def output(self) -> str:
        """What the process has written to stdout and stderr so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def kill(self) -> None:
        """End the process as kill -9 does."""
        self.process.kill()
        self.process.wait(LIMIT)

    def interrupt(self, timeout: float = LIMIT) -> int:
        """Send SIGINT (Ctrl-C) and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait_exit(timeout)

    def wait_exit(self, timeout: float = LIMIT) -> int:
        """Wait until the process ended by itself and return its exit status."""
        return self.process.wait(timeout)

    def change(self, probe: Probe, transition: str, timeout: float = LIMIT) -> bool:
        """Ask for configure, activate, deactivate or cleanup; returns whether it worked."""
        request = ChangeState.Request()
        request.transition.id = _TRANSITIONS[transition]
        try:
            return probe.call(
                ChangeState, f"{self.name}/change_state", request, min(_PATIENCE, timeout)
            ).success
        except UnansweredError:  # the answer may be lost, what it did is not
            return self.state(probe, timeout) == _REACHED[transition]

    def configure(self, probe: Probe, timeout: float = LIMIT) -> bool:
        """Configure the node."""
        return self.change(probe, "configure", timeout)

    def activate(self, probe: Probe, timeout: float = LIMIT) -> bool:
        """Activate the node."""
        return self.change(probe, "activate", timeout)

    def state(self, probe: Probe, timeout: float = LIMIT) -> str:
        """Return the label of the node's lifecycle state."""
        return probe.ask(GetState, f"{self.name}/get_state", timeout=timeout).current_state.label

    def wait_state(self, probe: Probe, state: str, timeout: float = LIMIT) -> None:
        """Wait until the node is in that state."""
        end = time.monotonic() + timeout
        while (now := self.state(probe, timeout)) != state:
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} is {now}, not {state}\n{self.output}")

    def wait_active(self, probe: Probe, timeout: float = LIMIT) -> None:
        """Configure the node where that is due, then activate it as soon as it can be."""
        end = time.monotonic() + timeout
        while (state := self.state(probe, timeout)) != "active":
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{self.name} stayed {state}\n{self.output}")
            if state == "unconfigured":
                assert self.configure(probe, timeout), f"{self.name} did not configure\n{self.output}"
            elif state == "inactive" and not self.activate(probe, timeout):
                probe.wait_for(_after(0.2), 1.0)

    def _params_file(self, params: Mapping[str, Any]) -> list[str]:
        if not params:
            return []
        path = Path(self._folder.name) / "params.yaml"
        path.write_text(yaml.safe_dump({"/**": {"ros__parameters": dict(params)}}), encoding="utf-8")
        return ["--params-file", str(path)]


def set_parameter(probe: Probe, node: str, name: str, value: Any) -> Any:
    """Set one parameter of a node and return the SetParametersResult."""
    from rcl_interfaces.srv import SetParameters

    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    return probe.ask(SetParameters, f"{node}/set_parameters", request).results[0]


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end
