"""Every colour encoding becomes RGB, equal to cv_bridge where that is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from test_images_views import PLAIN, message_of, picture

from vip_ros import image_conversion
from vip_ros.errors import UserError
from vip_ros.image_conversion import LAYOUTS
from vip_ros.images import image_to_array, to_rgb

RED, GREEN, BLUE = (200, 30, 40), (10, 220, 50), (20, 60, 240)


@pytest.fixture(autouse=True)
def pure_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convert in Python also where cv_bridge is installed."""
    monkeypatch.setattr(image_conversion, "has_cv_bridge", lambda: False)


def _order(encoding: str) -> list[int]:
    """Return where R, G and B lie in a pixel of that encoding."""
    if encoding.startswith("mono") or encoding.endswith("UC1"):
        return [0, 0, 0]
    return [2, 1, 0] if encoding.startswith(("bgr", "8UC")) else [0, 1, 2]


@pytest.mark.parametrize("encoding", PLAIN)
def test_8_bit_colours_are_put_in_rgb_order(encoding: str) -> None:
    pixels = picture(4, 6, PLAIN[encoding])
    channels = pixels if pixels.ndim == 3 else pixels[..., None]
    rgb = to_rgb(message_of(pixels, encoding, padding=3))
    assert rgb.dtype == np.uint8
    assert np.array_equal(rgb, channels[..., _order(encoding)])


@pytest.mark.parametrize(
    "encoding", [name for name in LAYOUTS if name.endswith("16") and "bayer" not in name]
)
@pytest.mark.parametrize("big_endian", [False, True])
def test_16_bit_values_are_scaled_and_rounded(encoding: str, big_endian: bool) -> None:
    channels = LAYOUTS[encoding].channels
    values = np.array([0, 128, 129, 257, 32767, 32768, 65406, 65407, 65535] * channels, np.uint16)
    pixels = values.reshape((3, 3) if channels == 1 else (3, 3, channels))
    message = message_of(pixels.astype(">u2" if big_endian else "<u2"), encoding)
    message.is_bigendian = int(big_endian)
    expected = np.rint(pixels * (255.0 / 65535.0)).astype(np.uint8)
    expected = expected if channels > 1 else expected[..., None]
    assert np.array_equal(to_rgb(message), expected[..., _order(encoding)])
    assert np.array_equal(image_to_array(message), to_rgb(message))


def test_16uc1_is_taken_as_mono16() -> None:
    pixels = np.arange(0, 60000, 5000, dtype=np.uint16).reshape(3, 4)
    assert np.array_equal(to_rgb(message_of(pixels, "16UC1")), to_rgb(message_of(pixels, "mono16")))


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
def test_a_bayer_image_of_one_colour_gives_that_colour(pattern: str, bits: int, colour: tuple) -> None:
    tile = np.array([colour["rgb".index(letter)] for letter in pattern]).reshape(2, 2)
    mosaic = np.tile(tile, (4, 4)).astype(np.uint8 if bits == 8 else np.uint16) * (1 if bits == 8 else 257)
    mosaic = mosaic.astype(np.uint8 if bits == 8 else np.uint16)
    rgb = to_rgb(message_of(mosaic, f"bayer_{pattern}{bits}"))
    assert rgb.shape == (8, 8, 3)
    assert np.abs(rgb[2:-2, 2:-2].astype(int) - colour).max() <= 1


@pytest.mark.parametrize("encoding", ["yuv422", "uyvy", "yuv422_yuy2", "yuyv"])
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
def test_yuv_422_follows_bt_601(encoding: str, colour: tuple) -> None:
    y, u, v = _bt601(colour)
    pair = (u, y, v, y) if encoding in ("yuv422", "uyvy") else (y, u, y, v)
    pixels = np.tile(np.array(pair, np.uint8), (3, 2)).reshape(3, 4, 2)
    assert np.abs(to_rgb(message_of(pixels, encoding)).astype(int) - colour).max() <= 3


def _bt601(rgb: tuple) -> tuple[int, int, int]:
    """ITU-R BT.601, studio range: Y in 16..235, Cb and Cr in 16..240."""
    r, g, b = (value / 255 for value in rgb)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return round(16 + 219 * y), round(128 + 224 * (b - y) / 1.772), round(128 + 224 * (r - y) / 1.402)


def test_a_size_that_an_encoding_cannot_have_is_refused() -> None:
    with pytest.raises(UserError, match="3x2 image cannot be yuyv"):
        to_rgb(message_of(np.zeros((2, 3, 2), np.uint8), "yuyv"))


@pytest.mark.parametrize("encoding", ["", "jpeg", "32FC1", "rgb"])
def test_an_unknown_encoding_is_named_with_those_that_exist(encoding: str) -> None:
    message = message_of(picture(2, 2, 3), "rgb8")
    message.encoding = encoding
    with pytest.raises(UserError, match=f"unknown image encoding '{encoding}'.*mono16"):
        to_rgb(message)


@pytest.mark.parametrize("encoding", ["rgb8", "mono8", "mono16", "bayer_rggb8"])
@pytest.mark.parametrize("height, width", [(0, 0), (0, 4), (4, 0)])
def test_an_empty_image_is_refused(encoding: str, height: int, width: int) -> None:
    message = message_of(picture(2, 2, 3), "rgb8")
    message.encoding, message.height, message.width = encoding, height, width
    with pytest.raises(UserError, match=f"the image is empty \\({width}x{height}\\)"):
        to_rgb(message)


@pytest.mark.parametrize("encoding", [*PLAIN, *LAYOUTS])
def test_a_step_or_size_that_does_not_fit_is_refused(encoding: str) -> None:
    channels = PLAIN.get(encoding) or LAYOUTS[encoding].channels
    bits = 8 if encoding in PLAIN else LAYOUTS[encoding].bits
    pixels = np.zeros((4, 4, channels), np.uint8 if bits == 8 else np.uint16)
    short_step = message_of(pixels, encoding)
    short_step.step -= 1
    short_data = message_of(pixels, encoding)
    short_data.data = short_data.data[:-1]
    for message in (short_step, short_data):
        with pytest.raises(UserError, match="check the camera"):
            to_rgb(message)


class TestAgainstCvBridge:
    """Where ROS's converter is installed, ours gives the same pixels."""

    @pytest.mark.parametrize("encoding", [*PLAIN, *LAYOUTS])
    def test_the_pixels_are_equal(self, encoding: str) -> None:
        pytest.importorskip("cv_bridge", reason="cv_bridge comes with a ROS installation only")
        layout = LAYOUTS.get(encoding)
        if encoding.startswith("8UC"):
            pytest.skip("cv_bridge gives these no colour")
        if layout is None:
            pixels = picture(16, 24, PLAIN[encoding])
        else:
            raw = picture(16, 24, layout.channels * layout.bits // 8).reshape(16, -1).view(layout.dtype())
            pixels = raw if layout.channels == 1 else raw.reshape(16, 24, layout.channels)
        ours = to_rgb(message_of(pixels, encoding))
        assert np.array_equal(ours, image_conversion.by_cv_bridge(pixels, encoding))


def test_cv_bridge_converts_what_is_not_plain_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for cv_bridge sees a 16UC1 image as mono16 and its answer is handed on."""
    asked: list[tuple[str, str]] = []

    class Bridge:
        def imgmsg_to_cv2(self, message: object, desired_encoding: str) -> np.ndarray:
            assert (message.step, len(message.data)) == (4, 8)  # type: ignore[attr-defined]
            asked.append((message.encoding, desired_encoding))  # type: ignore[attr-defined]
            return np.full((2, 2, 3), 7, np.uint8)

    module = type(sys)("cv_bridge")
    module.CvBridge, module.CvBridgeError = Bridge, RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    monkeypatch.setattr(image_conversion, "has_cv_bridge", lambda: True)
    monkeypatch.setattr(image_conversion, "_bridge", Bridge)
    assert (to_rgb(message_of(np.zeros((2, 2), np.uint16), "16UC1", padding=2)) == 7).all()
    to_rgb(message_of(picture(2, 2, 3), "rgb8"))
    assert asked == [("mono16", "rgb8")]
