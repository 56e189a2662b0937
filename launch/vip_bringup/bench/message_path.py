"""From an image message to its published reward, through reward_node's parts, in this process."""

from __future__ import annotations

import threading
import time

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image

from vip_models import Encoder
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.outputs import RewardOutputs
from vip_reward_node.pipeline import RewardPipeline
from vip_ros.images import to_rgb
from vip_ros.stamps import to_seconds
from vip_ros.worker import LatestWorker

# Longest wait for one image, s: an encoder that takes longer is not for live use.
_LIMIT = 120.0


class MessagePath:
    """Mailbox, worker thread, conversion, encoder, reward and publishers.

    Args:
        node: publishes.
        encoder: the encoder.
        goal: picture uint8 [H,W,3] that the reward is measured to.
    """

    def __init__(self, node: Node, encoder: Encoder, goal: np.ndarray) -> None:
        maker = GoalMaker(encoder)
        self._pipeline = RewardPipeline(maker)
        self._pipeline.set_goal(maker.of_image(goal, "goal"))
        self._outputs = RewardOutputs(node, encoder.id)
        self._published = threading.Event()
        self._end = 0.0
        self._error: Exception | None = None
        self._worker = LatestWorker(self._work, self._fail, "encoder")
        self._worker.start()

    def run(self, message: Image) -> float:
        """Hand an image over as a subscription does; returns the time until its reward is published, s."""
        self._published.clear()
        start = time.perf_counter()
        self._worker.offer(message)
        if not self._published.wait(_LIMIT):
            raise TimeoutError(f"no reward within {_LIMIT} s")
        if self._error is not None:
            raise self._error
        return self._end - start

    def close(self) -> None:
        """End the thread and withdraw the topics."""
        self._worker.stop()
        self._outputs.destroy()

    def _work(self, message: Image) -> None:
        judged = self._pipeline.process(to_rgb(message), to_seconds(message.header.stamp))
        self._outputs.publish(message.header, judged)
        self._end = time.perf_counter()
        self._published.set()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._published.set()
