"""metadata.yaml of a rosbag2 folder (version 9, as ROS 2 Jazzy writes it) and the QoS it offers on replay.

Layout after rosbag2_storage's yaml.hpp of the Jazzy release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

_FOREVER = {"sec": 9223372036, "nsec": 854775807}
_SENSOR_TOPICS = ("image_raw", "camera_info", "joint_states", "embedding")


@dataclass(frozen=True)
class TopicSummary:
    """One topic of a bag: its type, type hash (RIHS01) and number of messages."""

    name: str
    type_name: str
    type_hash: str
    count: int


def offered_qos(topic: str) -> list[dict[str, Any]]:
    """Return the QoS profile with which a player should offer that topic."""
    sensor = topic.rsplit("/", 1)[-1] in _SENSOR_TOPICS
    return [
        {
            "history": "keep_last",
            "depth": 1 if sensor else 10,
            "reliability": "best_effort" if sensor else "reliable",
            "durability": "volatile",
            "deadline": dict(_FOREVER),
            "lifespan": dict(_FOREVER),
            "liveliness": "automatic",
            "liveliness_lease_duration": dict(_FOREVER),
            "avoid_ros_namespace_conventions": False,
        }
    ]


def qos_text(topic: str) -> str:
    """Return the QoS profile as the YAML text that an MCAP channel carries."""
    return yaml.safe_dump(offered_qos(topic), sort_keys=False).strip()


def bag_metadata(bag_file: str, topics: list[TopicSummary], start_ns: int, end_ns: int) -> dict[str, Any]:
    """Return the mapping that metadata.yaml holds."""
    total = sum(topic.count for topic in topics)
    span = {
        "starting_time": {"nanoseconds_since_epoch": start_ns},
        "duration": {"nanoseconds": end_ns - start_ns},
        "message_count": total,
    }
    return {
        "rosbag2_bagfile_information": {
            "version": 9,
            "storage_identifier": "mcap",
            **span,
            "topics_with_message_count": [_topic_entry(topic) for topic in topics],
            "compression_format": "",
            "compression_mode": "",
            "relative_file_paths": [bag_file],
            "files": [{"path": bag_file, **_copy(span)}],
            "custom_data": None,
            "ros_distro": "jazzy",
        }
    }


def _topic_entry(topic: TopicSummary) -> dict[str, Any]:
    return {
        "topic_metadata": {
            "name": topic.name,
            "type": topic.type_name,
            "serialization_format": "cdr",
            "offered_qos_profiles": offered_qos(topic.name),
            "type_description_hash": topic.type_hash,
        },
        "message_count": topic.count,
    }


def _copy(span: dict[str, Any]) -> dict[str, Any]:
    # Separate objects: a shared one would be written as a YAML anchor, which rosbag2 need not expect.
    return {key: dict(value) if isinstance(value, dict) else value for key, value in span.items()}
