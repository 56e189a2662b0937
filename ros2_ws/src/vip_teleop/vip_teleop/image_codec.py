"""Pictures in an episode: raw, or compressed as ROS's image transports do it.

The compressed form is a sensor_msgs/CompressedImage on `<topic>/compressed`, whose format line has the layout
of compressed_image_transport, so that its republisher and RViz show it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.image_conversion import LAYOUTS
from vip_ros.images import to_rgb
from vip_ros.pictures import decode_picture
from vip_teleop.episode import COMPRESSED_SUFFIX
from vip_teleop.message_types import decode, typestore_for
from vip_teleop.sample import Sample

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"


# Encodings of which 8-bit RGB holds every value: no alpha, no mosaic, no halved colours, no more bits.
_WHOLE = frozenset(("rgb8", "bgr8", "8UC3", "mono8", "8UC1"))
# Further ones of 8 bits that show colours. What has more bits may be a distance: it stays what it is.
_SHOWN = _WHOLE | {"rgba8", "bgra8", "8UC4", *(name for name, layout in LAYOUTS.items() if layout.bits == 8)}


@dataclass(frozen=True)
class _Codec:
    """A file format of OpenCV's encoder, and the encodings that may be given to it."""

    extension: str
    options: tuple[int, ...]
    encodings: frozenset[str]


CODECS = {
    "raw": None,
    # Level 1 is the fastest; more saves few bytes of a camera's noise.
    "png": _Codec(".png", (cv2.IMWRITE_PNG_COMPRESSION, 1), _WHOLE),
    "jpeg": _Codec(".jpg", (cv2.IMWRITE_JPEG_QUALITY, 95), _SHOWN),
}


def check_format(name: str) -> None:
    """Raise UserError for a format that does not exist."""
    if name not in CODECS:
        raise UserError(f"unknown image format '{name}'", f"use one of {', '.join(CODECS)}")


def compress(sample: Sample, name: str) -> Sample:
    """Return a picture in that format under its topic's compressed name.

    Other messages come back as they are, and so do pictures that the format does not hold: png takes those
    that it gives back without loss, jpeg those of 8 bits. A depth image stays an Image.

    Raises:
        UserError: a picture that cannot be read or is too large for the format.
    """
    codec = CODECS[name]
    if codec is None or sample.type_name != IMAGE_TYPE:
        return sample
    message = decode(sample.data, IMAGE_TYPE)
    if message.encoding not in codec.encodings:
        return sample
    bgr = cv2.cvtColor(to_rgb(message), cv2.COLOR_RGB2BGR)
    try:
        done, data = cv2.imencode(codec.extension, bgr, codec.options)
    except cv2.error:
        done = False
    if not done:
        raise UserError("a picture cannot be compressed", f"record it raw instead of as {name}", sample.topic)
    store = typestore_for(COMPRESSED_TYPE)
    made = store.types[COMPRESSED_TYPE](message.header, f"rgb8; {name} compressed bgr8", data.ravel())
    cdr = bytes(store.serialize_cdr(made, COMPRESSED_TYPE))
    return replace(sample, topic=sample.topic + COMPRESSED_SUFFIX, type_name=COMPRESSED_TYPE, data=cdr)


def picture(message: Any) -> NDArray[np.uint8]:
    """Return the pixels of a decoded Image or CompressedImage, uint8 [H, W, 3] RGB.

    Raises:
        UserError: the picture is damaged or of an unknown encoding.
    """
    if not hasattr(message, "format"):
        return to_rgb(message)
    pixels = decode_picture(np.asarray(message.data, np.uint8))
    if pixels is None:
        raise UserError("a recorded picture is damaged", "record it again")
    return pixels
