"""A relay between a publisher and its listeners, and ways to spoil what passes through it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from graph.helpers import Probe
from sensor_msgs.msg import Image, JointState

from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns, to_ns

Spoil = Callable[[Any], "list[Any]"]
"""Takes a message and returns what is sent on in its place."""


class Relay:
    """Sends on what it hears, as it is or spoilt.

    Args:
        probe: whose node it lives on.
        kind: message type.
        source: topic to hear.
        target: topic to send on.
        qos: of both.
    """

    def __init__(self, probe: Probe, kind: Any, source: str, target: str, qos: Any) -> None:
        self._node = probe.node
        self._arguments = (kind, target, qos)
        self._out = self._node.create_publisher(kind, target, qos)
        self._repeating: object = None
        self._spoil: Spoil | None = None
        self._newest: Any = None
        self._node.create_subscription(kind, source, self._on_message, qos)

    def spoil(self, how: Spoil) -> None:
        """Change what passes from now on."""
        self._spoil = how

    def repeat(self, rate: float) -> None:
        """Send the newest message at a rate (Hz), each time with a stamp of its own."""
        self._spoil = missing
        self._send_at(rate, self._out, unspoilt, lambda: None)

    def double(self, rate: float, how: Spoil) -> None:
        """Let a second publisher send the newest message, spoilt, at a rate (Hz) beside the first."""
        second = self._node.create_publisher(*self._arguments)
        self._send_at(rate, second, how, lambda: self._node.destroy_publisher(second))

    def mend(self) -> None:
        """Let everything pass as it is again."""
        self._spoil = self._repeating = None

    def _send_at(self, rate: float, publisher: Any, how: Spoil, end: Callable[[], object]) -> None:
        mark = self._repeating = object()

        def send() -> None:
            if self._repeating is not mark:
                # Here, in the thread that spins: what it waits for cannot be taken away by another.
                self._node.destroy_timer(timer)
                end()
                return
            now_ns = self._node.get_clock().now().nanoseconds
            for message in how(stamped(self._newest, now_ns)):
                publisher.publish(message)

        timer = self._node.create_timer(1.0 / rate, send)

    def _on_message(self, message: Any) -> None:
        self._newest = message
        spoil = self._spoil
        for sent in [message] if spoil is None else spoil(message):
            self._out.publish(sent)


def stamped(message: Any, stamp_ns: int) -> Any:
    """Return a copy of a message with another stamp, ns."""
    changed = copy.copy(message)
    changed.header = copy.deepcopy(message.header)
    changed.header.stamp = from_ns(stamp_ns)
    return changed


def unspoilt(message: Any) -> list[Any]:
    """Send the message as it is."""
    return [message]


def missing(message: Any) -> list[Any]:
    """Send nothing."""
    return []


def shifted(seconds: float) -> Spoil:
    """Send stamps that are off by so much, s."""
    return lambda message: [stamped(message, to_ns(message.header.stamp) + int(seconds * 1e9))]


def thinned(keep: int) -> Spoil:
    """Send one message of so many."""
    count = 0

    def spoil(message: Any) -> list[Any]:
        nonlocal count
        count += 1
        return [message] if count % keep == 0 else []

    return spoil


def hung() -> Spoil:
    """Send the first message for ever, stamp and all."""
    first: list[Any] = []

    def spoil(message: Any) -> list[Any]:
        first[:] = first or [message]
        return list(first)

    return spoil


def frozen() -> Spoil:
    """Send the picture of the first message with the stamps of the others."""
    first: list[Image] = []

    def spoil(message: Image) -> list[Image]:
        first[:] = first or [message]
        return [stamped(first[0], to_ns(message.header.stamp))]

    return spoil


def black(message: Image) -> list[Image]:
    """Send a picture of the same size without light."""
    return [_picture(message, np.zeros((message.height, message.width, 3), np.uint8))]


def squashed(message: Image) -> list[Image]:
    """Send a picture of another shape."""
    return [_picture(message, np.full((message.height // 2, message.width, 3), 90, np.uint8))]


def misnamed(message: Image) -> list[Image]:
    """Send an encoding that nobody knows."""
    changed = copy.copy(message)
    changed.encoding = "32FC7"
    return [changed]


def short(message: Image) -> list[Image]:
    """Send fewer bytes than the picture has."""
    changed = copy.copy(message)
    changed.data = message.data[: len(message.data) // 2]
    return [changed]


def reordered(message: JointState) -> list[JointState]:
    """Send the joints in the opposite order."""
    return [_joints(message, list(message.name)[::-1], np.array(message.position)[::-1])]


def not_numbers(message: JointState) -> list[JointState]:
    """Send NaN for every position."""
    return [_joints(message, list(message.name), np.full(len(message.name), np.nan))]


def one_missing(message: JointState) -> list[JointState]:
    """Leave the first joint out."""
    return [_joints(message, list(message.name)[1:], np.array(message.position)[1:])]


def elsewhere(message: JointState) -> list[JointState]:
    """Tell postures of another arm, half a radian away."""
    return [_joints(message, list(message.name), np.array(message.position) + 0.5)]


def _joints(message: JointState, names: list[str], positions: np.ndarray) -> JointState:
    return JointState(header=message.header, name=names, position=positions.tolist())


def _picture(message: Image, pixels: np.ndarray) -> Image:
    return array_to_image(pixels, message.header.stamp, message.header.frame_id)
