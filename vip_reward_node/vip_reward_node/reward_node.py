"""reward_node: camera images in, embeddings and goal-distance rewards out."""

from __future__ import annotations

import array
import sys
import time
from typing import Any

from sensor_msgs.msg import Image
from std_msgs.msg import Float32, Header
from vip_interfaces.msg import Embedding, Reward

from vip_models import load_encoder
from vip_reward_node.gaps import SequenceGaps
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_services import GoalServices
from vip_reward_node.pipeline import Judged, RewardPipeline
from vip_reward_node.reward import RewardSample
from vip_reward_node.reward_config import RewardConfig
from vip_ros import stamps
from vip_ros.diagnostics import OK, WARN, Status
from vip_ros.errors import UserError
from vip_ros.images import to_rgb
from vip_ros.node import StackNode, run_node
from vip_ros.qos import RELIABLE_10, SENSOR
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
        self._gaps = SequenceGaps()
        self._refused = 0
        self._refusal, self._refused_at = "", 0.0
        self._publishers_made: list[Any] = []
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
        self._embeddings = self._publisher(Embedding, "vip/embedding", SENSOR)
        self._rewards = self._publisher(Reward, "vip/reward", RELIABLE_10)
        self._distances = self._publisher(Float32, "vip/distance", RELIABLE_10)
        self._progress = self._publisher(Float32, "vip/progress", RELIABLE_10)
        self._goals = GoalServices(self, self._pipeline, maker, config)
        if config.goal:
            self._goals.load(config.goal)
        self.diagnostics.add_stream(self._images)
        self.diagnostics.add("goal", self._goal_status)
        self.diagnostics.add("refused images", self._refused_status)
        self.get_logger().info(f"encoder: {self._encoder.id} on {self._encoder.device}")

    def start(self) -> None:
        """Begin to listen to the camera."""
        assert self._goals is not None
        self._pipeline.begin_video()
        self._worker.start()
        self._gaps = SequenceGaps()
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
        for name in (self._images.name, "goal", "refused images"):
            self.diagnostics.remove(name)
        if self._goals is not None:
            self._goals.destroy()
            self._goals = None
        for publisher in self._publishers_made:
            self.destroy_publisher(publisher)
        self._publishers_made.clear()

    def _on_image(self, message: Image, info: dict[str, Any]) -> None:
        lost = self._gaps.lost(info.get("publication_sequence_number"))
        # The numbers of several cameras on one topic run side by side and say nothing.
        if lost and self.count_publishers(CAMERA) == 1:
            self._images.drop(lost)
        if not self._worker.offer(message):
            self._images.drop()

    def _work(self, message: Image) -> None:
        """Handle one image in the worker's thread."""
        try:
            judged = self._pipeline.process(to_rgb(message), stamps.to_seconds(message.header.stamp))
        except UserError as error:
            self._refuse(error)
            return
        self._publish(message.header, judged)
        self._images.tick(stamps.to_ns(message.header.stamp), self.now_ns())

    def _refuse(self, error: UserError) -> None:
        self._refused += 1
        self._refusal, self._refused_at = str(error), time.monotonic()
        self.get_logger().warning(f"image refused: {error}", throttle_duration_sec=_FRESH)

    def _publish(self, header: Header, judged: Judged) -> None:
        data = array.array("f", judged.embedding)
        self._embeddings.publish(Embedding(header=header, encoder=self._encoder.id, data=data))
        if judged.sample is not None:
            self._rewards.publish(self._reward(header, judged.goal, judged.sample))
            if self._goals is not None:
                self._goals.show_stage(judged.goal, judged.sample.subgoal_index)
            self._distances.publish(Float32(data=judged.sample.distance))
            self._progress.publish(Float32(data=judged.sample.progress))

    def _reward(self, header: Header, goal: str, sample: RewardSample) -> Reward:
        return Reward(
            header=header,
            encoder=self._encoder.id,
            goal=goal,
            subgoal_index=sample.subgoal_index,
            subgoal_count=sample.subgoal_count,
            distance=sample.distance,
            initial_distance=sample.initial_distance,
            progress=sample.progress,
            reward=sample.reward,
            reached=sample.reached,
        )

    def _goal_status(self) -> Status:
        goal = self._pipeline.goal
        values = {"encoder": self._encoder.id, "device": self._encoder.device}
        if goal is None:
            return Status(WARN, "no goal: embeddings only, no rewards; set, capture or load one", values)
        return Status(OK, goal.name, values)

    def _refused_status(self) -> Status:
        fresh = self._refused > 0 and time.monotonic() - self._refused_at < _FRESH
        return Status(WARN if fresh else OK, self._refusal or "none", {"count": self._refused})

    def _publisher(self, kind: Any, topic: str, qos: Any) -> Any:
        publisher = self.create_publisher(kind, topic, qos)
        self._publishers_made.append(publisher)
        return publisher


def main(args: list[str] | None = None) -> int:
    """Run reward_node until it is interrupted."""
    return run_node(RewardNode, args)


if __name__ == "__main__":
    sys.exit(main())
