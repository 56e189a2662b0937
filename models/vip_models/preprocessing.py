"""From camera frames to the network's square input, equal to the official transform.

The official transform is Resize(short side) with an antialiased filter, then CenterCrop. Here only
the pixels that survive the crop are computed: the crop window is mapped back into the frame and resampled
from there, which gives the same numbers for half the work. Normalisation lives in the network's graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import cv2
import numpy as np
from PIL import Image

from vip_models.card import EncoderCard
from vip_models.resampling import reach
from vip_models.tensorflow_crop import central_crop
from vip_models.torch_tools import available_cores
from vip_ros.errors import UserError

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_CORES = available_cores()
# Side of a crop, pixels, below which handing half of it to another thread takes longer than doing it.
_WORTH_HELP = 96


def preprocess(frame: np.ndarray, card: EncoderCard, beside: bool = True) -> np.ndarray:
    """Resize and centre-crop one frame, uint8 [H,W,3] RGB → uint8 [crop,crop,3].

    A frame of the network's size passes unchanged where the card says so, as VIP's own module lets it; other
    authors enlarge it and cut its edges off like those of any frame.

    Args:
        frame: the frame.
        card: whose geometry.
        beside: whether a second thread may help; the numbers are the same.

    Raises:
        UserError: not uint8 [H,W,3], or without pixels.
    """
    check_frame(frame)
    height, width = frame.shape[:2]
    if passes(height, width, card):
        return frame
    if card.interpolation == "tensorflow-bicubic":
        return central_crop(frame, card.crop / card.resize, card.crop)
    if card.interpolation == "bilinear-aliased":
        resized_height, resized_width = _resized(height, width, card.resize)
        whole = np.ascontiguousarray(frame)
        resized = cv2.resize(whole, (resized_width, resized_height), interpolation=cv2.INTER_LINEAR)
        top, left = _offset(resized_height, card.crop), _offset(resized_width, card.crop)
        return resized[top : top + card.crop, left : left + card.crop]
    return _resample(frame, card, beside)


def _resample(frame: np.ndarray, card: EncoderCard, beside: bool) -> np.ndarray:
    """Resample the crop in two halves, of which a second core may take one."""
    out = np.empty((card.crop, card.crop, 3), np.uint8)
    half = card.crop // 2
    left, top, right, bottom = crop_box(frame.shape[0], frame.shape[1], card)
    middle = top + (bottom - top) * half / card.crop
    lower = partial(_resample_rows, frame, (left, middle, right, bottom), out[half:], card.interpolation)
    helped = _helper().submit(lower) if beside and card.crop >= _WORTH_HELP and _CORES > 1 else None
    if half:
        _resample_rows(frame, (left, top, right, middle), out[:half], card.interpolation)
    # A helper that a busy machine has not let begin yet is not waited for.
    if helped is None or helped.cancel():
        lower()
    else:
        helped.result()
    return out


def _resample_rows(
    frame: np.ndarray, box: tuple[float, float, float, float], out: np.ndarray, interpolation: str
) -> None:
    left, top, right, bottom = box
    height, width = out.shape[:2]
    first, last = reach(len(frame), height, top, bottom, interpolation)
    image = Image.fromarray(np.ascontiguousarray(frame[first:last]))
    box = (left, top - first, right, bottom - first)
    out[...] = np.asarray(image.resize((width, height), _FILTERS[interpolation], box=box))


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "resize")


def passes(height: int, width: int, card: EncoderCard) -> bool:
    """Tell whether a frame of that size goes into the network as it is."""
    # Resizing to the size that it has changes no pixel.
    return height == width == card.crop and (card.passes_exact or card.resize == card.crop)


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
        row[...] = preprocess(frame, card, beside=len(frames) == 1)
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
