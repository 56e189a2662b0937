"""Decoding of still pictures that a user hands in."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vip_ros.errors import UserError

MOST_PIXELS = 50_000_000
"""A larger picture is refused before it is decoded: 50 kB of PNG can unpack to gigabytes."""


def decode_picture(data: bytes | NDArray[np.uint8], where: str = "") -> NDArray[np.uint8] | None:
    """Return the pixels of an encoded picture, uint8 [H, W, 3] RGB; None when it is none or damaged.

    Args:
        data: the file's content.
        where: the file, for the message.

    Raises:
        UserError: the picture is larger than MOST_PIXELS.
    """
    content = np.frombuffer(data, np.uint8)
    try:
        # Reads the header only.
        with Image.open(io.BytesIO(content.data)) as picture:
            width, height = picture.size
    except Image.DecompressionBombError:
        raise _too_large(where) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, OverflowError):
        return None
    if width * height > MOST_PIXELS:
        raise _too_large(where)
    bgr: Any = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return None if bgr is None else np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _too_large(where: str) -> UserError:
    return UserError(f"a picture of more than {MOST_PIXELS / 1e6:g} megapixels", "scale it down", where)
