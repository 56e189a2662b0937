"""Raw subscriptions to every topic of the graph that is to be recorded, as its publishers offer it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from vip_ros.errors import UserError
from vip_teleop.message_types import definition
from vip_teleop.sample import Sample

# Deep enough for the writer's node to be held up for a second without losing a picture or a joint state.
_DEPTH = 200

Hear = Callable[[Sample, bool], None]
"""Called with a sample and whether its topic is latched."""


class TopicEars:
    """Listens to the topics that match, and to those that appear later.

    Args:
        node: whose graph and subscriptions these are.
        topics: patterns of names; relative ones are in the node's namespace.
        exclude: patterns to leave out.
        hear: receives the samples, in the node's executor.
    """

    def __init__(self, node: Node, topics: Sequence[str], exclude: Sequence[str], hear: Hear) -> None:
        self._node, self._hear = node, hear
        self._topics = [self._full(name) for name in topics]
        self._exclude = [self._full(name) for name in exclude]
        self._heard: dict[str, tuple[Any, QoSProfile]] = {}
        self._unknown: set[str] = set()
        self._single: set[str] = set()

    def look(self) -> None:
        """Subscribe to what appeared since the last look, and again to what is offered differently now."""
        for topic, types in self._node.get_topic_names_and_types():
            if not self._wanted(topic) or topic in self._unknown:
                continue
            offers = [info.qos_profile for info in self._node.get_publishers_info_by_topic(topic)]
            if not offers:
                continue
            # The numbers of several publishers run side by side and say nothing about losses.
            (self._single.add if len(offers) == 1 else self._single.discard)(topic)
            profile = _matching(offers)
            known = self._heard.get(topic)
            if known is None or not _alike(known[1], profile):
                self._subscribe(topic, types[0], profile)

    def close(self) -> None:
        """Stop listening."""
        for subscription, _ in self._heard.values():
            self._node.destroy_subscription(subscription)
        self._heard.clear()

    def names(self) -> list[str]:
        """Return the topics that are listened to."""
        return sorted(self._heard)

    def bag_name(self, topic: str) -> str:
        """Return a topic's name without the node's namespace: an episode does not depend on it."""
        prefix = self._node.get_namespace().rstrip("/")
        return topic.removeprefix(prefix) if prefix and topic.startswith(f"{prefix}/") else topic

    def _subscribe(self, topic: str, type_name: str, profile: QoSProfile) -> None:
        try:
            kind = _message_class(type_name)
            definition(type_name)
        except UserError as error:
            self._unknown.add(topic)
            self._node.get_logger().warning(f"{topic} is not recorded: {error}")
            return
        if topic in self._heard:
            self._node.destroy_subscription(self._heard.pop(topic)[0])
        latched = profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        name = self.bag_name(topic)

        def hear(data: bytes, info: dict[str, Any]) -> None:
            received, sent = int(info["received_timestamp"]), int(info["source_timestamp"])
            sequence = int(info.get("publication_sequence_number") or 0) if topic in self._single else 0
            self._hear(Sample(name, type_name, data, received or sent, sent or received, sequence), latched)

        # rclpy's stub knows of callbacks without the message's info only.
        subscription = self._node.create_subscription(kind, topic, hear, profile, raw=True)  # type: ignore[arg-type]
        self._heard[topic] = (subscription, profile)

    def _wanted(self, topic: str) -> bool:
        matches = any(fnmatchcase(topic, pattern) for pattern in self._topics)
        return matches and not any(fnmatchcase(topic, pattern) for pattern in self._exclude)

    def _full(self, name: str) -> str:
        return name if name.startswith("/") else f"{self._node.get_namespace().rstrip('/')}/{name}"


def _matching(offers: Sequence[QoSProfile]) -> QoSProfile:
    """Return the strictest profile that every publisher can serve."""
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
    latched = all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def _alike(one: QoSProfile, other: QoSProfile) -> bool:
    return one.reliability == other.reliability and one.durability == other.durability


def _message_class(type_name: str) -> Any:
    package, _, name = type_name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        cure = "install the package that defines it"
        raise UserError(f"unknown message type '{type_name}'", cure) from None
