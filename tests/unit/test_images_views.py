"""8-bit image messages become arrays without a copy, and arrays become messages fast."""

from __future__ import annotations

import array
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from vip_ros.errors import UserError
from vip_ros.images import array_to_image, image_to_array, to_rgb
from vip_ros.stamps import from_ns

PLAIN = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "8UC1": 1, "8UC3": 3, "8UC4": 4}


def message_of(pixels: np.ndarray, encoding: str, padding: int = 0) -> Image:
    """Return a message of [H, W(, C)] pixels whose rows end with padding bytes."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
    message = Image(height=height, width=width, encoding=encoding, step=padded.shape[1])
    message.data = array.array("B", padded.tobytes())
    return message


def picture(height: int, width: int, channels: int) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("encoding", PLAIN)
@pytest.mark.parametrize("padding", [0, 5])
def test_a_plain_encoding_is_a_view_of_the_messages_memory(encoding: str, padding: int) -> None:
    pixels = picture(4, 6, PLAIN[encoding])
    message = message_of(pixels, encoding, padding)
    view = image_to_array(message)
    assert np.array_equal(view, pixels)
    assert np.shares_memory(view, np.frombuffer(message.data, np.uint8))


def test_a_received_rgb8_message_is_not_copied_by_to_rgb() -> None:
    sent = message_of(picture(8, 8, 3), "rgb8")
    received = deserialize_message(serialize_message(sent), Image)
    rgb = to_rgb(received)
    assert np.array_equal(rgb, picture(8, 8, 3))
    assert np.shares_memory(rgb, np.frombuffer(received.data, np.uint8))


@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    padding=st.integers(0, 7),
    encoding=st.sampled_from(sorted(PLAIN)),
)
def test_any_size_and_padding_round_trips(height: int, width: int, padding: int, encoding: str) -> None:
    pixels = picture(height, width, PLAIN[encoding])
    assert np.array_equal(image_to_array(message_of(pixels, encoding, padding)), pixels)


@pytest.mark.parametrize("encoding", PLAIN)
def test_array_to_image_is_the_inverse(encoding: str) -> None:
    pixels = picture(3, 5, PLAIN[encoding])
    message = array_to_image(pixels, from_ns(1_500_000_000), "camera_optical_frame", encoding)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1, 500_000_000)
    assert message.header.frame_id == "camera_optical_frame"
    assert np.array_equal(image_to_array(message), pixels)


def test_array_to_image_takes_an_array_that_is_not_contiguous() -> None:
    flipped = picture(3, 5, 3)[:, ::-1]
    assert np.array_equal(image_to_array(array_to_image(flipped, from_ns(0), "c")), flipped)


def test_a_vga_image_is_packed_in_milliseconds() -> None:
    pixels = picture(480, 640, 3)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        array_to_image(pixels, from_ns(0), "c")
        best = min(best, time.perf_counter() - start)
    assert best < 0.02  # bytes, lists and arrays take 30 to 100 ms


@pytest.mark.parametrize(
    "pixels, encoding",
    [
        (np.zeros((2, 2), np.uint8), "rgb8"),
        (np.zeros((2, 2, 3), np.float32), "rgb8"),
        (np.zeros((0, 2, 3), np.uint8), "rgb8"),
        (np.zeros((2, 2, 3), np.uint8), "mono8"),
        (np.zeros((2, 2, 3), np.uint8), "mono16"),
    ],
)
def test_array_to_image_refuses_what_the_encoding_cannot_hold(pixels: np.ndarray, encoding: str) -> None:
    with pytest.raises(UserError):
        array_to_image(pixels, from_ns(0), "c", encoding)
