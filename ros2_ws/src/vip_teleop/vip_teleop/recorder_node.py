"""recorder_node: every topic of the graph into episodes that survive whatever happens."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from std_srvs.srv import Trigger
from vip_interfaces.msg import RecorderState
from vip_interfaces.srv import StartEpisode

from vip_ros import diagnostics
from vip_ros.diagnostics import Status
from vip_ros.errors import UserError
from vip_ros.node import StackNode, run_node
from vip_ros.qos import LATCHED
from vip_teleop.recorder import Recorder
from vip_teleop.recorder_config import RecorderConfig
from vip_teleop.stack_parameters import StackParameters
from vip_teleop.topic_ears import TopicEars

STATE_RATE = 2.0  # Hz
LOOK_RATE = 2.0  # Hz, for topics that appear


class RecorderNode(StackNode):
    """Configured it recovers what was interrupted; active it listens, and records when told to."""

    config_class = RecorderConfig
    config: RecorderConfig

    def __init__(self, name: str = "recorder_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._recorder: Recorder | None = None
        self._ears: TopicEars | None = None
        self._stack: StackParameters | None = None
        self._beats: list[Any] = []
        self._offered: list[Any] = []
        self._state_out: Any = None

    def setup(self) -> None:
        """Open the folder, clear up what a killed recorder left there, offer the services."""
        config = self.config
        if not config.directory:
            raise UserError("no folder for the episodes", "set the parameter directory", self.get_name())
        self._stack = StackParameters(self)
        options = config.take_options(lambda topic: topic if topic.startswith("/") else f"/{topic}")
        recorder = self._recorder = Recorder(
            Path(config.directory).expanduser(),
            config.task,
            dataclasses.replace(options, configuration=self._stack.known),
            config.disk_limits(),
            config.episodes,
            self._tell,
        )
        for recovered in recorder.recover():
            self.get_logger().warning(recovered.line)
        self._state_out = self.create_publisher(RecorderState, "vip/recorder_state", LATCHED)
        self._offered = [
            self.create_service(StartEpisode, "~/start", self._on_start),
            self._trigger("start_now", self._begin),
            self._trigger("stop", recorder.stop),
            self._trigger("keep", recorder.keep),
            self._trigger("discard", recorder.discard),
            self._trigger("mark_success", lambda: recorder.mark("success")),
            self._trigger("mark_failure", lambda: recorder.mark("failure")),
        ]
        self.diagnostics.add("recorder", self._status)

    def start(self) -> None:
        """Begin to listen."""
        assert self._recorder is not None  # made by setup
        self._ears = TopicEars(self, self.config.topics, self.config.exclude, self._recorder.offer)
        self._ears.look()
        self._beats = [
            self.create_timer(1.0 / LOOK_RATE, self._ears.look),
            self.create_timer(1.0 / STATE_RATE, self._tick),
        ]

    def stop(self) -> None:
        """Stop listening; an episode that nobody kept is set aside."""
        for timer in self._beats:
            self.destroy_timer(timer)
        self._beats.clear()
        if self._ears is not None:
            self._ears.close()
            self._ears = None
        if self._recorder is not None and (path := self._recorder.close()) is not None:
            self.get_logger().warning(f"the episode that was not kept lies in {path}")

    def teardown(self) -> None:
        """Withdraw the services."""
        self.diagnostics.remove("recorder")
        for service in self._offered:
            self.destroy_service(service)
        self._offered.clear()
        if self._stack is not None:
            self._stack.close()
            self._stack = None
        if self._state_out is not None:
            self.destroy_publisher(self._state_out)
            self._state_out = None
        self._recorder = None

    def _trigger(self, name: str, act: Callable[[], object]) -> Any:
        def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            response.success, response.message = self._try(act)
            return response

        return self.create_service(Trigger, f"~/{name}", answer)

    def _on_start(
        self, request: StartEpisode.Request, response: StartEpisode.Response
    ) -> StartEpisode.Response:
        response.success, response.message = self._try(lambda: self._begin(request.task))
        response.episode = response.message if response.success else ""
        return response

    def _begin(self, task: str = "") -> str:
        """Start an episode, and ask the other nodes what it is recorded with."""
        assert self._recorder is not None and self._stack is not None  # made by setup
        name = self._recorder.start(task)
        self._stack.ask()
        return name

    def _try(self, act: Callable[[], object]) -> tuple[bool, str]:
        if self._ears is None:
            return False, f"{self.get_name()} is {self.state}: activate it first"
        try:
            result = act()
            return True, result.name if isinstance(result, Path) else str(result or "done")
        except UserError as error:
            return False, str(error)

    def _tick(self) -> None:
        assert self._recorder is not None  # the timer lives as long as the recorder
        try:
            self._recorder.tick()
        except UserError as error:
            self.report(error)
        self._tell()

    def _tell(self) -> None:
        if self._recorder is None or self._state_out is None:
            return
        status = self._recorder.status()
        message = RecorderState(
            state=int(status.state),
            state_name=status.state.name,
            task=status.task,
            episode=status.episode,
            outcome=status.outcome,
            index=status.index,
            wanted=status.wanted,
            kept=status.kept,
            discarded=status.discarded,
            duration=status.duration,
            messages=status.messages,
            dropped=status.dropped,
            bytes=status.bytes,
            bytes_per_second=status.bytes_per_second,
            bytes_free=status.bytes_free,
            topics=list(status.rates),
            rates=list(status.rates.values()),
            warnings=status.warnings,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._state_out.publish(message)

    def _status(self) -> Status:
        assert self._recorder is not None  # removed with it
        status = self._recorder.status()
        values = {
            "state": status.state.name,
            "kept": status.kept,
            "messages": status.messages,
            "dropped": status.dropped,
            "megabytes_per_second": status.bytes_per_second / 1e6,
            "megabytes_free": status.bytes_free / 1e6,
        }
        if status.warnings:
            return Status(diagnostics.WARN, status.warnings[-1], values)
        return Status(diagnostics.OK, status.state.name.lower(), values)


def main(args: list[str] | None = None) -> int:
    """Run recorder_node until it is interrupted."""
    return run_node(RecorderNode, args)


if __name__ == "__main__":
    sys.exit(main())
