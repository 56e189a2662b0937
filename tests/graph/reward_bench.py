"""One reward_node for the tests of a module, with a probe in place of the camera."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from graph.encoders import encoder_params
from graph.helpers import NodeProcess, Probe, set_parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from vip_interfaces.msg import Embedding, Reward
from vip_interfaces.srv import SetGoal

from vip_ros.images import array_to_image
from vip_ros.qos import SENSOR
from vip_ros.stamps import from_ns, to_ns


class Bench:
    """An active reward_node; its tests leave it active, with any goal in force.

    Attributes:
        rewards, embeddings: what came since fresh() or forget().
    """

    def __init__(self, probe: Probe, process: NodeProcess, params: dict[str, Any]) -> None:
        self.probe, self.process = probe, process
        self.params = params
        self.camera = probe.publisher(Image, "camera/image_raw", SENSOR)
        self.rewards = probe.subscribe(Reward, "vip/reward", QoSProfile(depth=500))
        self.embeddings = probe.subscribe(Embedding, "vip/embedding", SENSOR)
        self.status = probe.statuses()
        self.sent = 0
        process.wait_active(probe)
        self.wait_listening()

    def forget(self) -> None:
        """Begin another test: drop the messages of those before."""
        self.rewards.clear()
        self.embeddings.clear()

    def fresh(self, **changes: Any) -> None:
        """Clean the node up and bring it back, without goal and counts, with these parameters changed."""
        self.unconfigure(**changes)
        self.process.wait_active(self.probe)
        self.wait_listening()
        self.forget()

    def unconfigure(self, **changes: Any) -> None:
        """Clean the node up and change parameters; those not named go back to the module's own."""
        for state, transition in (("active", "deactivate"), ("inactive", "cleanup")):
            if self.process.state(self.probe) == state:
                assert self.process.change(self.probe, transition)
        for name, value in {**self.params, **changes}.items():
            result = set_parameter(self.probe, "reward_node", name, value)
            assert result.successful, result.reason

    def wait_listening(self) -> None:
        """Send images until one is embedded: the node may know the probe's camera later than it is known."""
        self.probe.wait_matched(self.camera)
        heard = len(self.embeddings)

        def try_again() -> bool:
            if len(self.embeddings) == heard and time.monotonic() >= self._next_try:
                self._next_try = time.monotonic() + 1.0
                self.send(np.zeros((48, 64, 3), np.uint8))
            return len(self.embeddings) > heard

        self._next_try = 0.0
        self.probe.wait_for(try_again, what="the first embedding")
        # Of those sent before some may still be on their way: after the last one there are none.
        self.embed(np.zeros((48, 64, 3), np.uint8))

    def send(self, pixels: np.ndarray, encoding: str = "rgb8") -> int:
        """Publish an image and return its stamp in ns."""
        return self.send_message(array_to_image(pixels, from_ns(0), "camera_optical_frame", encoding))

    def send_message(self, message: Image) -> int:
        """Publish an image message, 40 ms later than the one before, and return its stamp in ns."""
        self.sent += 1
        stamp = 1_000_000_000 + self.sent * 40_000_000
        message.header.stamp = from_ns(stamp)
        self.camera.publish(message)
        return stamp

    def judge(self, pixels: np.ndarray, encoding: str = "rgb8") -> Reward:
        """Publish an image and return its reward."""
        return self.reward_of(self.send(pixels, encoding))

    def reward_of(self, stamp: int) -> Reward:
        """Wait for the reward of an image that was sent."""
        return self.probe.wait_for(lambda: _stamped(self.rewards, stamp), what="the image's reward")

    def embed(self, pixels: np.ndarray) -> Embedding:
        """Publish an image and return its embedding."""
        stamp = self.send(pixels)
        return self.probe.wait_for(lambda: _stamped(self.embeddings, stamp), what="the image's embedding")

    def call(self, kind: Any, service: str, **request: Any) -> Any:
        """Call one of the node's services, which may all be called twice."""
        return self.probe.ask(kind, f"reward_node/{service}", kind.Request(**request))

    @contextmanager
    def filming(self, pixels: np.ndarray) -> Iterator[None]:
        """Publish an image again and again meanwhile."""
        timer = self.probe.node.create_timer(0.04, lambda: self.send(pixels))
        try:
            yield
        finally:
            self.probe.node.destroy_timer(timer)

    def set_goal(self, pixels: np.ndarray, name: str = "") -> Any:
        """Set a goal image."""
        return self.call(SetGoal, "set_goal", image=array_to_image(pixels, from_ns(0), "camera"), name=name)

    def wait_status(self, name: str, **values: Any) -> dict[str, Any]:
        """Wait for a status of reward_node with these values."""

        def found() -> dict[str, Any] | None:
            status = self.status(f"reward_node: {name}")
            return status if status and all(status.get(k) == v for k, v in values.items()) else None

        return self.probe.wait_for(found, what=f"status '{name}' with {values}")


@contextmanager
def open_bench(weights: Path, goals: Path) -> Iterator[Bench]:
    """Run a reward_node inside the module's domain; it must end cleanly."""
    params = {
        **encoder_params(weights),
        "goals_dir": str(goals),
        "capture_frames": 2,
        "capture_timeout": 2.0,
        "goal": "",
        "reward_mode": "dense",
        "normalise": False,
        "reached_progress": 0.0,
    }
    with Probe() as probe, NodeProcess("vip_reward_node.reward_node", params) as process:
        yield Bench(probe, process, params)
        assert process.interrupt() == 0
        assert "Traceback" not in process.output


def _stamped(messages: list[Any], stamp: int) -> Any:
    return next((message for message in messages if to_ns(message.header.stamp) == stamp), None)
