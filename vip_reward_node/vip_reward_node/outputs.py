"""What reward_node publishes of an image: its embedding and, where there is a goal, its reward."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float32, Header
from vip_interfaces.msg import Embedding, Reward

from vip_reward_node.pipeline import Judged
from vip_reward_node.reward import RewardSample
from vip_ros.qos import RELIABLE_10, SENSOR


class RewardOutputs:
    """The topics of the embedding and the reward.

    Args:
        node: the node that publishes.
        encoder: id of the encoder.
    """

    def __init__(self, node: Node, encoder: str) -> None:
        self._node = node
        self._encoder = encoder
        self._embeddings = node.create_publisher(Embedding, "vip/embedding", SENSOR)
        self._rewards = node.create_publisher(Reward, "vip/reward", RELIABLE_10)
        self._distances = node.create_publisher(Float32, "vip/distance", RELIABLE_10)
        self._progress = node.create_publisher(Float32, "vip/progress", RELIABLE_10)

    def publish(self, header: Header, judged: Judged) -> None:
        """Publish one image's embedding and reward under the image's own header."""
        data = array.array("f")
        data.frombytes(judged.embedding.astype(np.float32, copy=False).tobytes())
        self._embeddings.publish(Embedding(header=header, encoder=self._encoder, data=data))
        if judged.sample is None:
            return
        self._rewards.publish(reward_message(header, self._encoder, judged.goal, judged.sample))
        self._distances.publish(Float32(data=judged.sample.distance))
        self._progress.publish(Float32(data=judged.sample.progress))

    def destroy(self) -> None:
        """Withdraw the topics."""
        publishers: tuple[Any, ...] = (self._embeddings, self._rewards, self._distances, self._progress)
        for publisher in publishers:
            self._node.destroy_publisher(publisher)


def reward_message(header: Header, encoder: str, goal: str, sample: RewardSample) -> Reward:
    """Return the message of one image's reward, under the image's own header."""
    return Reward(
        header=header,
        encoder=encoder,
        goal=goal,
        subgoal_index=sample.subgoal_index,
        subgoal_count=sample.subgoal_count,
        distance=sample.distance,
        initial_distance=sample.initial_distance,
        progress=sample.progress,
        reward=sample.reward,
        reached=sample.reached,
    )
