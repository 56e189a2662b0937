"""From camera frames to the network's square input, equal to the official transform.

The official transform is Resize(short side) with an antialiased filter, then CenterCrop. Here only
the pixels that survive the crop are computed: the crop window is mapped back into the frame and resampled
from there, which gives the same numbers for half the work. Normalisation lives in the network's graph.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from vip_models.card import EncoderCard
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
    # torchvision's Resize truncates the long side, CenterCrop rounds the offset.
    if height <= width:
        resized_height, resized_width = card.resize, int(card.resize * width / height)
    else:
        resized_height, resized_width = int(card.resize * height / width), card.resize
    top = round((resized_height - card.crop) / 2.0) * height / resized_height
    left = round((resized_width - card.crop) / 2.0) * width / resized_width
    bottom = min(height, top + card.crop * height / resized_height)
    right = min(width, left + card.crop * width / resized_width)
    image = Image.fromarray(np.ascontiguousarray(frame))
    box = (left, top, right, bottom)
    return np.asarray(image.resize((card.crop, card.crop), _FILTERS[card.interpolation], box=box))


def preprocess_batch(frames: np.ndarray, card: EncoderCard) -> np.ndarray:
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
