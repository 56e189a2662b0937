"""Image messages as numpy arrays and back.

8-bit colour and mono messages become arrays without a copy. Every other encoding goes through
cv_bridge where it is installed and through vip_ros.image_conversion elsewhere.
"""

from __future__ import annotations

import array

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from vip_ros import image_conversion
from vip_ros.errors import UserError

# Channels of the encodings that are viewed as they are.
_PLAIN = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "8UC1": 1, "8UC3": 3, "8UC4": 4}


def image_to_array(message: Image) -> np.ndarray:
    """Return an image's pixels, uint8 [H, W, C] or [H, W] for one channel.

    8-bit colour and mono messages give a view of the message's memory in the message's own channel
    order; other encodings are converted to RGB.

    Raises:
        UserError: an empty image, a step or size that does not fit, an unknown encoding.
    """
    channels = _PLAIN.get(message.encoding)
    return to_rgb(message) if channels is None else _view(message, np.dtype(np.uint8), channels)


def to_rgb(message: Image) -> np.ndarray:
    """Return an image as RGB, uint8 [H, W, 3]; a view of the message's memory when it is rgb8.

    8UC1 and 16UC1 are taken as mono, 8UC3 and 8UC4 as bgr8 and bgra8 (the order OpenCV and RViz
    assume); 16-bit values are scaled by 255/65535.

    Raises:
        UserError: an empty image, a step or size that does not fit, an unknown encoding.
    """
    channels = _PLAIN.get(message.encoding)
    if channels is not None:
        return image_conversion.plain_to_rgb(_view(message, np.dtype(np.uint8), channels), message.encoding)
    layout = image_conversion.layout_of(message.encoding)
    pixels = _view(message, layout.dtype(bool(message.is_bigendian)), layout.channels)
    if image_conversion.has_cv_bridge():
        return image_conversion.by_cv_bridge(pixels, message.encoding)
    return image_conversion.convert(pixels, message.encoding)


def array_to_image(pixels: np.ndarray, stamp: Time, frame_id: str, encoding: str = "rgb8") -> Image:
    """Build an image message from uint8 [H, W, 3] (or [H, W] for mono8).

    Raises:
        UserError: an empty image, or a shape that the encoding does not have.
    """
    channels = _PLAIN.get(encoding)
    if channels is None:
        raise UserError(f"cannot publish images as '{encoding}'", f"use one of {', '.join(_PLAIN)}")
    shape = pixels.shape if pixels.ndim == 3 else (*pixels.shape, 1)
    if pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != channels or pixels.size == 0:
        raise UserError(
            f"a {pixels.dtype} array of shape {pixels.shape} is no {encoding} image",
            f"give uint8 of shape [height, width, {channels}]",
        )
    message = Image(height=shape[0], width=shape[1], encoding=encoding, step=shape[1] * channels)
    message.header.stamp = stamp
    message.header.frame_id = frame_id
    # An array.array passes rclpy's field check at once; bytes or an ndarray take up to 100 ms.
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(pixels).data)
    message.data = data
    return message


def _view(message: Image, dtype: np.dtype, channels: int) -> np.ndarray:
    """Return [H, W, C] (or [H, W]) over the message's memory, rows message.step bytes apart."""
    height, width, step = message.height, message.width, message.step
    if height == 0 or width == 0:
        raise UserError(f"the image is empty ({width}x{height})", "check the camera that publishes it")
    row = width * channels * dtype.itemsize
    if step < row or len(message.data) < (height - 1) * step + row:
        raise UserError(
            f"a {width}x{height} {message.encoding} image needs {row} bytes per row and "
            f"{height} rows, but step is {step} and the data has {len(message.data)} bytes",
            "check the camera that publishes it",
        )
    shape = (height, width) if channels == 1 else (height, width, channels)
    strides = (step, channels * dtype.itemsize, dtype.itemsize)[: len(shape)]
    return np.ndarray(shape, dtype, buffer=memoryview(message.data), strides=strides)
