"""Rewards of a recorded episode computed anew, with another encoder or goal, by the core of reward_node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rclpy.serialization import serialize_message
from std_msgs.msg import Header
from vip_interfaces.msg import Embedding

from vip_models.goals import default_library
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.outputs import reward_message
from vip_reward_node.pipeline import RewardPipeline
from vip_ros.stamps import from_ns, to_seconds
from vip_teleop.configuration import config_hash
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.image_codec import picture
from vip_teleop.library.copying import raw_messages, write_copy
from vip_teleop.message_types import decode, type_name_of
from vip_teleop.recovery import RawMessage

EMBEDDING_TOPIC, REWARD_TOPIC = "/vip/embedding", "/vip/reward"
_REPLACED = (EMBEDDING_TOPIC, REWARD_TOPIC, "/vip/distance", "/vip/progress", "/vip/goal_image")
_PICTURES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
_CAMERA = ("/camera/image_raw", "/camera/image_raw/compressed")


def recompute(episode: Path, directory: Path, encoder: Any, goal: str = "") -> Path:
    """Copy an episode with new embeddings and rewards; returns the new episode's folder.

    Args:
        episode: the original, which stays as it is.
        directory: folder of the copy.
        encoder: as load_encoder returns it.
        goal: as reward_node's parameter goal; empty: the episode's own last picture.

    Raises:
        UserError: a goal that cannot be read or was made with another encoder, a damaged episode.
    """
    info = EpisodeReader(episode).info  # says what is wrong with it before an encoder is at work
    maker = GoalMaker(encoder)
    pipeline = RewardPipeline(maker)
    made = resolve_goal(goal or str(episode), maker, default_library())
    pipeline.set_goal(made)
    facts = {
        "encoder": encoder.id,
        "goal": made.name,
        "config_hash": config_hash(info.configuration, encoder.id, made.name),
    }
    remark = f"rewards computed anew by {encoder.id}"
    return write_copy(episode, directory, _judged(episode, pipeline, encoder.id), remark, **facts)


def _judged(episode: Path, pipeline: RewardPipeline, encoder: str) -> Iterator[RawMessage]:
    for message in raw_messages(episode):
        topic, type_name, data, stamp_ns, publish_ns = message
        if topic in _REPLACED:
            continue
        yield message
        if topic in _CAMERA and type_name in _PICTURES:
            for name, made in _answers(decode(data, type_name), pipeline, encoder):
                yield name, type_name_of(made), bytes(serialize_message(made)), stamp_ns, stamp_ns


def _answers(image: Any, pipeline: RewardPipeline, encoder: str) -> Iterator[tuple[str, Any]]:
    stamp = from_ns(int(image.header.stamp.sec) * 1_000_000_000 + int(image.header.stamp.nanosec))
    header = Header(stamp=stamp, frame_id=image.header.frame_id)
    judged = pipeline.process(picture(image), to_seconds(stamp))
    yield EMBEDDING_TOPIC, Embedding(header=header, encoder=encoder, data=judged.embedding.tolist())
    if judged.sample is not None:
        yield REWARD_TOPIC, reward_message(header, encoder, judged.goal, judged.sample)
