"""From camera frames to the network's square input, equal to the official transform.

The official transform is Resize(short side) with an antialiased filter, then CenterCrop. Here only
the pixels that survive the crop are computed: the crop window is mapped back into the frame and resampled
from there, which gives the same numbers for half the work. Normalisation lives in the network's graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from vip_models.card import EncoderCard
from vip_models.tensorflow_crop import central_crop
from vip_ros.errors import UserError

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def preprocess(frame: np.ndarray, card: EncoderCard) -> np.ndarray:
    """Resize and centre-crop one frame, uint8 [H,W,3] RGB → uint8 [crop,crop,3].

    A frame that already has the network's size passes unchanged, as the official network does.

    Raises:
        UserError: not uint8 [H,W,3], or without pixels.
    """
    check_frame(frame)
    height, width = frame.shape[:2]
    if height == width == card.crop:
        return frame
    if card.interpolation == "tensorflow-bicubic":
        return central_crop(frame, card.crop / card.resize, card.crop)
    if card.interpolation == "bilinear-aliased":
        resized_height, resized_width = _resized(height, width, card.resize)
        whole = np.ascontiguousarray(frame)
        resized = cv2.resize(whole, (resized_width, resized_height), interpolation=cv2.INTER_LINEAR)
        top, left = _offset(resized_height, card.crop), _offset(resized_width, card.crop)
        return resized[top : top + card.crop, left : left + card.crop]
    image = Image.fromarray(np.ascontiguousarray(frame))
    box = crop_box(height, width, card)
    return np.asarray(image.resize((card.crop, card.crop), _FILTERS[card.interpolation], box=box))


def crop_box(height: int, width: int, card: EncoderCard) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom of what the crop shows of a frame, in the frame's pixels."""
    resized_height, resized_width = _resized(height, width, card.resize)
    down, across = height / resized_height, width / resized_width
    top, left = _offset(resized_height, card.crop), _offset(resized_width, card.crop)
    right, bottom = (left + card.crop) * across, (top + card.crop) * down
    return left * across, top * down, min(width, right), min(height, bottom)


def _offset(side: int, crop: int) -> int:
    """Return where torchvision's CenterCrop begins."""
    return round((side - crop) / 2.0)


def _resized(height: int, width: int, short: int) -> tuple[int, int]:
    """Return height and width after torchvision's Resize, which truncates the long side."""
    if height <= width:
        return short, int(short * width / height)
    return int(short * height / width), short


def preprocess_batch(frames: np.ndarray | Sequence[np.ndarray], card: EncoderCard) -> np.ndarray:
    """Preprocess frames uint8 [N,H,W,3] → uint8 [N,crop,crop,3]; raises UserError as `preprocess` does."""
    batch = np.empty((len(frames), card.crop, card.crop, 3), np.uint8)
    for row, frame in zip(batch, frames, strict=True):
        row[...] = preprocess(frame, card)
    return batch


def check_frame(frame: np.ndarray) -> None:
    """Raise UserError unless the frame is uint8 [H,W,3] with at least one pixel."""
    if frame.dtype != np.uint8:
        raise UserError(f"an image of type {frame.dtype}", "give uint8 RGB values from 0 to 255")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise UserError(f"an image of shape {frame.shape}", "give [height, width, 3] RGB")
    if 0 in frame.shape:
        raise UserError(
            f"an image without pixels ({frame.shape[1]}x{frame.shape[0]})", "check the camera or the file"
        )
