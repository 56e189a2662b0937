"""reward_node: camera images in, embeddings and goal-distance rewards out."""

from __future__ import annotations

import sys
import time
from typing import Any

from sensor_msgs.msg import Image

from vip_models import load_encoder
from vip_reward_node.gaps import SequenceGaps
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_services import GoalServices
from vip_reward_node.outputs import RewardOutputs
from vip_reward_node.picture_watch import PictureWatch
from vip_reward_node.pipeline import RewardPipeline
from vip_reward_node.reward_config import RewardConfig
from vip_ros import stamps
from vip_ros.diagnostics import OK, WARN, Status
from vip_ros.errors import UserError
from vip_ros.images import to_rgb
from vip_ros.node import StackNode, run_node
from vip_ros.qos import SENSOR
from vip_ros.senders import MixedSenders
from vip_ros.streams import StreamStats

CAMERA = "camera/image_raw"
# A refused image is a warning for this long, s.
_FRESH = 10.0


class RewardNode(StackNode):
    """Encodes the newest image, never a queue of them, and publishes its embedding and reward."""

    config_class = RewardConfig

    def __init__(self, name: str = "reward_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._images = StreamStats("images")
        self._work_time = StreamStats("image to reward")
        self._gaps, self._senders, self._mixed = SequenceGaps(), MixedSenders(), False
        self._refused = 0
        self._refusal, self._refused_at = "", 0.0
        self._outputs: RewardOutputs | None = None
        self._goals: GoalServices | None = None
        self._subscription: Any = None
        self._worker = self.make_worker(self._work, "encoder")

    def setup(self) -> None:
        """Load the encoder and the goal, run the encoder once, offer the topics and services."""
        config: RewardConfig = self.config
        self._encoder = load_encoder(config.encoder, config.weights or None, config.runtime, config.threads)
        self._encoder.warm_up()
        maker = GoalMaker(self._encoder, config.metric)
        self._pipeline = RewardPipeline(maker, config.rule, config.form)
        self._outputs = RewardOutputs(self, self._encoder.id)
        self._goals = GoalServices(self, self._pipeline, maker, config)
        if config.goal:
            self._goals.load(config.goal)
        self._images.reset()
        self._work_time.reset()
        self._refused, self._refusal = 0, ""
        self.diagnostics.add_stream(self._images)
        self.diagnostics.add_stream(self._work_time)
        self.diagnostics.add("goal", self._goal_status)
        self.diagnostics.add("refused images", self._refused_status)
        self.get_logger().info(
            f"encoder: {self._encoder.id} on {self._encoder.device}, {self._encoder.runtime}"
        )

    def start(self) -> None:
        """Begin to listen to the camera."""
        assert self._goals is not None
        self._pipeline.begin_video()
        self._watch = PictureWatch(self.config)
        self._worker.start()
        self._gaps, self._senders = SequenceGaps(), MixedSenders()
        self._goals.listening = True
        self._subscription = self.create_subscription(
            Image,
            CAMERA,
            self._on_image,  # type: ignore[arg-type]  # rclpy's stub knows one argument only
            SENSOR,
        )

    def stop(self) -> None:
        """Stop listening; the image in work is finished first."""
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        self._worker.stop()
        if self._goals is not None:
            self._goals.pause()

    def teardown(self) -> None:
        """Withdraw the topics and services."""
        for name in (self._images.name, self._work_time.name, "goal", "refused images"):
            self.diagnostics.remove(name)
        if self._goals is not None:
            self._goals.destroy()
            self._goals = None
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None

    def _on_image(self, message: Image, info: dict[str, Any]) -> None:
        number = info.get("publication_sequence_number")
        lost = self._gaps.lost(number)
        self._mixed = self._senders.note(number, time.monotonic())
        # The numbers of several cameras on one topic run side by side and say nothing.
        if lost and self.count_publishers(CAMERA) == 1:
            self._images.drop(lost)
        if not self._worker.offer((message, self.now_ns())):
            self._images.drop()

    def _work(self, received: tuple[Image, int]) -> None:
        """Handle one image in the worker's thread; the next one is received meanwhile."""
        message, received_ns = received
        outputs, seconds = self._outputs, stamps.to_seconds(message.header.stamp)
        try:
            if self._mixed:
                raise UserError("several cameras send on one topic", f"leave one publisher on {CAMERA}")
            rgb = to_rgb(message)
            self._watch.check(rgb, seconds)
            judged = self._pipeline.process(rgb, seconds)
        except UserError as error:
            self._refuse(error)
            return
        if outputs is None or outputs is not self._outputs:
            return  # the node was cleaned up while a slow encoder worked
        outputs.publish(message.header, judged)
        if judged.sample is not None and self._goals is not None:
            self._goals.show_stage(judged.goal, judged.sample.subgoal_index)
        now_ns = self.now_ns()
        self._images.tick(stamps.to_ns(message.header.stamp), now_ns)
        self._work_time.tick(received_ns, now_ns)

    def _refuse(self, error: UserError) -> None:
        self._refused += 1
        self._refusal, self._refused_at = str(error), time.monotonic()
        self.get_logger().warning(f"image refused: {error}", throttle_duration_sec=_FRESH)

    def _goal_status(self) -> Status:
        goal = self._pipeline.goal
        encoder = self._encoder
        values = {"encoder": encoder.id, "device": encoder.device, "runtime": encoder.runtime}
        if goal is None:
            return Status(WARN, "no goal: embeddings only, no rewards; set, capture or load one", values)
        return Status(OK, goal.name, values)

    def _refused_status(self) -> Status:
        fresh = self._refused > 0 and time.monotonic() - self._refused_at < _FRESH
        return Status(WARN if fresh else OK, self._refusal or "none", {"count": self._refused})


def main(args: list[str] | None = None) -> int:
    """Run reward_node until it is interrupted."""
    return run_node(RewardNode, args)


if __name__ == "__main__":
    sys.exit(main())
