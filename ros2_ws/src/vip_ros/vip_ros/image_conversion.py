"""Conversion of every colour image encoding of ROS to 8-bit RGB.

The rules are those of cv_bridge: 16-bit values are scaled by 255/65535 and rounded, ROS's Bayer names
give the pattern from the upper left corner (OpenCV's give it from the second row and column).
"""

from __future__ import annotations

import array
import functools
import sys
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import Image

from vip_ros.errors import UserError


@dataclass(frozen=True)
class Layout:
    """How an encoding lies in memory, and OpenCV's code that makes RGB of it (None: it is RGB)."""

    channels: int
    bits: int
    code: int | None

    def dtype(self, big_endian: bool = False) -> np.dtype:
        """Return the element type of the message's data."""
        return np.dtype(np.uint8 if self.bits == 8 else (">u2" if big_endian else "<u2"))


_PLAIN_CODES: dict[str, int | None] = {
    "rgb8": None,
    "bgr8": cv2.COLOR_BGR2RGB,
    "8UC3": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_RGBA2RGB,
    "bgra8": cv2.COLOR_BGRA2RGB,
    "8UC4": cv2.COLOR_BGRA2RGB,
    "mono8": cv2.COLOR_GRAY2RGB,
    "8UC1": cv2.COLOR_GRAY2RGB,
}
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
LAYOUTS: dict[str, Layout] = {
    "rgb16": Layout(3, 16, None),
    "bgr16": Layout(3, 16, cv2.COLOR_BGR2RGB),
    "rgba16": Layout(4, 16, cv2.COLOR_RGBA2RGB),
    "bgra16": Layout(4, 16, cv2.COLOR_BGRA2RGB),
    "mono16": Layout(1, 16, cv2.COLOR_GRAY2RGB),
    "16UC1": Layout(1, 16, cv2.COLOR_GRAY2RGB),
    "yuv422": Layout(2, 8, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": Layout(2, 8, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": Layout(2, 8, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": Layout(2, 8, cv2.COLOR_YUV2RGB_YUY2),
    **{f"bayer_{pattern}8": Layout(1, 8, code) for pattern, code in _BAYER.items()},
    **{f"bayer_{pattern}16": Layout(1, 16, code) for pattern, code in _BAYER.items()},
}
_CV_BRIDGE_NAMES = {"16UC1": "mono16", "uyvy": "yuv422", "yuyv": "yuv422_yuy2"}


def layout_of(encoding: str) -> Layout:
    """Return the layout of a non-plain encoding; raises UserError for one that is no colour image."""
    layout = LAYOUTS.get(encoding)
    if layout is None:
        known = ", ".join([*_PLAIN_CODES, *LAYOUTS])
        raise UserError(f"unknown image encoding '{encoding}'", f"publish one of {known}")
    return layout


def plain_to_rgb(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """Return uint8 [H, W, 3] RGB of an 8-bit colour or mono array; the array itself when it is RGB."""
    code = _PLAIN_CODES[encoding]
    return pixels if code is None else cv2.cvtColor(pixels, code)


def convert(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """Return uint8 [H, W, 3] RGB of an array [H, W(, C)] in one of the LAYOUTS.

    Raises:
        UserError: a size the encoding cannot have (an odd width in YUV 4:2:2, a Bayer image under 2x2).
    """
    layout = layout_of(encoding)
    native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    try:
        colour = native if layout.code is None else cv2.cvtColor(native, layout.code)
    except cv2.error as error:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise UserError(f"a {size} image cannot be {encoding}", str(error.err)) from None
    return colour if layout.bits == 8 else _to_8_bits(colour)


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    # 65535 / 255 = 257 exactly, so rounding needs no floats and has no ties.
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


@functools.cache
def _bridge() -> Any | None:
    try:
        from cv_bridge import CvBridge
    except ImportError:
        return None
    return CvBridge()


def has_cv_bridge() -> bool:
    """Return whether ROS's own converter is installed."""
    return _bridge() is not None


def by_cv_bridge(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """Do the same as convert() through cv_bridge; raises UserError when it refuses."""
    from cv_bridge import CvBridgeError

    bridge = _bridge()
    assert bridge is not None
    # In its own byte order, without padding, under a name it knows: it fails on some of the others.
    native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    message = Image(height=native.shape[0], width=native.shape[1], step=native.nbytes // native.shape[0])
    message.encoding = _CV_BRIDGE_NAMES.get(encoding, encoding)
    message.is_bigendian = int(sys.byteorder == "big")
    message.data = array.array("B", native.tobytes())
    try:
        return bridge.imgmsg_to_cv2(message, desired_encoding="rgb8")
    except CvBridgeError as error:
        raise UserError(f"cv_bridge cannot convert '{encoding}'", str(error)) from None
