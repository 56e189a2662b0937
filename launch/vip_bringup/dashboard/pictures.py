"""The newest picture of a topic as JPEG, encoded when somebody looks and not before."""

from __future__ import annotations

import threading

import cv2
from sensor_msgs.msg import Image

from vip_ros.errors import UserError
from vip_ros.images import to_rgb

# A browser's picture needs no more, px; larger ones are shrunk before they are encoded.
_LONGEST_SIDE = 960


class LatestPicture:
    """Keeps the last image message; jpeg() is its picture, encoded once however many look."""

    def __init__(self, quality: int = 80) -> None:
        self._quality = quality
        self._message: Image | None = None
        self._jpeg: bytes | None = None
        self._lock = threading.Lock()
        self.number = 0
        """Counts the images; a viewer that knows the number has seen the picture."""

    def put(self, message: Image) -> None:
        """Replace the picture."""
        with self._lock:
            self._message, self._jpeg = message, None
            self.number += 1

    def jpeg(self) -> bytes | None:
        """Return the picture as JPEG; None before the first image and for one that cannot be read."""
        with self._lock:
            message, jpeg, number = self._message, self._jpeg, self.number
        if jpeg is not None or message is None:
            return jpeg
        try:
            encoded = _encode(message, self._quality)
        except UserError:
            return None
        with self._lock:
            if number == self.number:
                self._jpeg = encoded
        return encoded


def _encode(message: Image, quality: int) -> bytes:
    pixels = to_rgb(message)
    scale = _LONGEST_SIDE / max(pixels.shape[:2])
    if scale < 1.0:
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise UserError("the image cannot be encoded as JPEG", "check the camera that publishes it")
    return data.tobytes()
