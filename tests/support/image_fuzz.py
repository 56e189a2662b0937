"""Image messages that no camera should send."""

from __future__ import annotations

import array
from collections.abc import Callable

import numpy as np
from sensor_msgs.msg import Image

from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns

Rng = np.random.Generator
ENCODINGS = (
    *("", "rgb8", "bgr8", "rgba8", "mono8", "8UC1", "8UC3", "rgb16", "mono16", "16UC1", "bayer_rggb8"),
    *("bayer_gbrg16", "yuv422", "yuv422_yuy2", "32FC1", "64FC3", "jpeg", "RGB8", "é漢", "x" * 5000),
)
SIZES = (0, 1, 2, 3, 31, 32, 47, 64, 65535, 2**31 - 1, 2**32 - 1)
STAMPS = (0, 1, 10**9, 2**31 * 10**9 - 1)


def malformed(rng: Rng) -> Image:
    """Return a small picture's message with some of its fields changed at random."""
    message = array_to_image(rng.integers(0, 255, (48, 64, 3), np.uint8), from_ns(0), "camera")
    changes = list(_CHANGES)
    for index in rng.choice(len(changes), rng.integers(1, 4), replace=False):
        changes[index](message, rng)
    return message


def truncated(serialized: bytes, rng: Rng) -> bytes:
    """Return a serialized message cut off or with bytes overwritten, as a broken publisher may send it."""
    data = bytearray(serialized[: rng.integers(0, len(serialized))])
    for position in rng.integers(0, max(1, min(len(data), 64)), 4):
        if position < len(data):
            data[position] = rng.integers(0, 256)
    # The header that says how it is encoded stays: without it the middleware drops the message unseen.
    return bytes(serialized[:4] + data[4:])


def _encoding(message: Image, rng: Rng) -> None:
    message.encoding = ENCODINGS[rng.integers(len(ENCODINGS))]


def _size(message: Image, rng: Rng) -> None:
    for field in ("height", "width", "step"):
        if rng.random() < 0.5:
            setattr(message, field, SIZES[rng.integers(len(SIZES))])


def _consistent_size(message: Image, rng: Rng) -> None:
    """Give a legal picture of an odd shape."""
    message.height, message.width = (int(side) for side in rng.choice([1, 2, 3, 7, 640], 2))
    message.step = message.width * 3 + int(rng.integers(0, 3))
    message.data = array.array("B", bytes(message.step * message.height))


def _data(message: Image, rng: Rng) -> None:
    length = int(rng.choice([0, 1, 3, 100, 9215, 9216, 9217, 40_000]))
    message.data = array.array("B", rng.bytes(length))


def _byte_order(message: Image, rng: Rng) -> None:
    message.is_bigendian = int(rng.choice([0, 1, 2, 255]))


def _header(message: Image, rng: Rng) -> None:
    message.header.frame_id = str(rng.choice(["", "camera", "/" * 3000, "ü\n\t{}%s"]))
    message.header.stamp = from_ns(int(rng.choice(STAMPS)))
    if rng.random() < 0.3:
        message.header.stamp.sec = -(2**31)
        message.header.stamp.nanosec = 2**32 - 1


_CHANGES: tuple[Callable[[Image, Rng], None], ...] = (
    _encoding,
    _size,
    _consistent_size,
    _data,
    _byte_order,
    _header,
)
