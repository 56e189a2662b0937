"""A subscription that is read when its reader has time, for programs that show more than they act."""

from __future__ import annotations

import time
from typing import Any, Generic, TypeVar

from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile

M = TypeVar("M")


class Polled(Generic[M]):
    """Messages of a topic, taken when they are asked for.

    A callback wakes its process and converts the message each time; of a stream that is looked at ten
    times a second, this costs ten conversions however fast it runs. What comes in between waits in the
    middleware, as much of it as the profile's depth allows.

    Args:
        node: who listens.
        kind: class of the messages.
        topic: name of the topic.
        qos: profile; its depth is how many messages wait.
        wanted: whether to listen at once.
    """

    def __init__(self, node: Node, kind: type[M], topic: str, qos: QoSProfile, wanted: bool = True) -> None:
        self._node, self._kind, self._topic, self._qos = node, kind, topic, qos
        self._subscription: Any = None
        self.receive(wanted)

    def receive(self, wanted: bool) -> None:
        """Listen from now on, or stop until it is wanted again: what nobody reads need not come."""
        if wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(
                self._kind,
                self._topic,
                lambda _: None,
                self._qos,
                callback_group=_NeverCalled(),
                # Each event costs its executor as much as a subscription; the publisher tells a misfit, too.
                event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            )
        elif not wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def newest(self) -> M | None:
        """Return the newest message that came since the last look, or None."""
        taken = self.all()
        return taken[-1][0] if taken else None

    def all(self) -> list[tuple[M, float]]:
        """Return (message, s since it came) of those that wait, oldest first."""
        taken: list[tuple[M, float]] = []
        if self._subscription is None:
            return taken
        now = time.time_ns()
        handle = self._subscription.handle
        with handle:
            while (found := handle.take_message(self._subscription.msg_type, False)) is not None:
                message, about = found
                taken.append((message, max(now - about["received_timestamp"], 0) / 1e9))
                if len(taken) >= self._subscription.qos_profile.depth:
                    break  # a stream that is faster than it is read does not keep its reader
        return taken

    def close(self) -> None:
        """Stop listening."""
        self.receive(False)


class _NeverCalled(CallbackGroup):
    """Keeps a subscription out of what its executor waits for."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing was begun."""
